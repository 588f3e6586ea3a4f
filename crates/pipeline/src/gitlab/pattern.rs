//! Regular expressions as RE2 reads them, for `rules:if`, `only` and `except`: whether a text has a match.
//!
//! Source: the RE2 wiki's `Syntax` and GitLab's `UntrustedRegexp::RubySyntax`, which takes `/.../` with the flags `i`, `m`,
//! `s` and `U`. There are no back references and no look-around: RE2 refuses them. All ways to match are followed at once,
//! so that the time grows with the text times the expression and with nothing else.

mod parse;

/// A compiled expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    program: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    One(Class),
    /// Tries both.
    Split(usize, usize),
    Jump(usize),
    Assert(Assertion),
    Match,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Assertion {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    Boundary(bool),
}

/// A set of characters.
#[derive(Clone, Debug, Default, PartialEq)]
struct Class {
    ranges: Vec<(char, char)>,
    /// Classes that no list of ranges is kept for.
    tests: Vec<(Property, bool)>,
    negated: bool,
    fold: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Property {
    Letter,
    Upper,
    Lower,
    Number,
    Space,
    Punctuation,
    Hangul,
    Han,
    Latin,
    Other,
}

impl Class {
    fn has(&self, c: char) -> bool {
        let plain = |c: char| {
            self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c))
                || self.tests.iter().any(|(test, wanted)| test.has(c) == *wanted)
        };
        let found = plain(c) || (self.fold && (c.to_lowercase().any(plain) || c.to_uppercase().any(plain)));
        found != self.negated
    }

    fn of(ranges: &[(char, char)]) -> Class {
        Class { ranges: ranges.to_vec(), ..Class::default() }
    }
}

impl Property {
    fn named(name: &str) -> Option<Property> {
        Some(match name {
            "L" | "Letter" => Property::Letter,
            "Lu" => Property::Upper,
            "Ll" => Property::Lower,
            "N" | "Nd" => Property::Number,
            "Z" | "Zs" => Property::Space,
            "P" | "Po" | "Pd" | "Pc" | "Ps" | "Pe" => Property::Punctuation,
            "Hangul" => Property::Hangul,
            "Han" => Property::Han,
            "Latin" => Property::Latin,
            "M" | "Mn" | "Mc" | "S" | "Sm" | "Sc" | "So" | "Sk" | "C" | "Cc" | "Cf" | "Lo" | "Lm" | "Lt"
            | "Nl" | "No" | "Greek" | "Cyrillic" | "Arabic" | "Hebrew" | "Thai" | "Hiragana" | "Katakana"
            | "Common" | "Any" => Property::Other,
            _ => return None,
        })
    }

    fn has(self, c: char) -> bool {
        match self {
            Property::Letter => c.is_alphabetic(),
            Property::Upper => c.is_uppercase(),
            Property::Lower => c.is_lowercase(),
            Property::Number => c.is_numeric(),
            Property::Space => c.is_whitespace(),
            Property::Punctuation => c.is_ascii_punctuation(),
            Property::Hangul => {
                matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}')
            }
            Property::Han => matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'),
            Property::Latin => c.is_alphabetic() && c <= '\u{24f}',
            Property::Other => !c.is_ascii(),
        }
    }
}

/// The longest program.
const MAX_STEPS: usize = 20_000;

enum Node {
    Empty,
    One(Class),
    Assert(Assertion),
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

impl Pattern {
    /// Compiles `/expression/flags`; nothing for what is no such text or no expression of RE2.
    pub fn delimited(text: &str) -> Option<Pattern> {
        let (expression, flags) = split(text)?;
        Pattern::new(expression, flags)
    }

    /// Compiles an expression.
    pub fn new(expression: &str, flags: &str) -> Option<Pattern> {
        let node = parse::parse(expression, flags)?;
        let mut program = Vec::new();
        emit(&node, &mut program)?;
        program.push(Step::Match);
        Some(Pattern { program })
    }

    /// Whether it matches anywhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let mut now: Vec<usize> = Vec::new();
        let mut seen = vec![usize::MAX; self.program.len()];
        for at in 0..=chars.len() {
            // It may begin anywhere.
            let mut threads = std::mem::take(&mut now);
            threads.push(0);
            let mut ready = Vec::new();
            for thread in threads {
                if self.follow(thread, at, &chars, &mut seen, &mut ready) {
                    return true;
                }
            }
            let Some(c) = chars.get(at) else { break };
            for step in ready {
                if let Some(Step::One(class)) = self.program.get(step)
                    && class.has(*c)
                {
                    now.push(step + 1);
                }
            }
        }
        false
    }

    /// The first match at or after a place, as long as it can be: where it begins and ends.
    pub fn find(&self, text: &[char], from: usize) -> Option<(usize, usize)> {
        (from..=text.len()).find_map(|begin| {
            let mut seen = vec![usize::MAX; self.program.len()];
            let mut threads = vec![0];
            let mut end = None;
            for at in begin..=text.len() {
                let mut ready = Vec::new();
                for thread in threads {
                    if self.follow(thread, at, text, &mut seen, &mut ready) {
                        end = Some(at);
                    }
                }
                let Some(c) = text.get(at).filter(|_| !ready.is_empty()) else { break };
                let takes =
                    |step: &usize| matches!(self.program.get(*step), Some(Step::One(class)) if class.has(*c));
                threads = ready.into_iter().filter(takes).map(|step| step + 1).collect();
            }
            end.map(|end| (begin, end))
        })
    }

    /// Adds the steps that take a character next to `ready`; says whether the end was reached.
    fn follow(
        &self,
        from: usize,
        at: usize,
        text: &[char],
        seen: &mut [usize],
        ready: &mut Vec<usize>,
    ) -> bool {
        let mut open = vec![from];
        let mut matched = false;
        while let Some(step) = open.pop() {
            match seen.get_mut(step) {
                Some(last) if *last != at => *last = at,
                _ => continue,
            }
            match self.program.get(step) {
                Some(Step::Match) => matched = true,
                Some(Step::One(_)) => ready.push(step),
                Some(Step::Jump(to)) => open.push(*to),
                Some(Step::Split(one, two)) => open.extend([*one, *two]),
                Some(Step::Assert(assertion)) if assertion.holds(at, text) => open.push(step + 1),
                _ => {}
            }
        }
        matched
    }
}

/// `/expression/flags` in its parts; the last slash ends it.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let (expression, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
    (flags.chars().all(|c| "ismU".contains(c)) && !expression.contains('\n')).then_some((expression, flags))
}

impl Assertion {
    fn holds(self, at: usize, text: &[char]) -> bool {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        let here = text.get(at);
        let word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
        match self {
            Assertion::TextStart => before.is_none(),
            Assertion::TextEnd => here.is_none(),
            Assertion::LineStart => before.is_none_or(|c| *c == '\n'),
            Assertion::LineEnd => here.is_none_or(|c| *c == '\n'),
            Assertion::Boundary(wanted) => (word(before) != word(here)) == wanted,
        }
    }
}

fn emit(node: &Node, program: &mut Vec<Step>) -> Option<()> {
    if program.len() > MAX_STEPS {
        return None;
    }
    match node {
        Node::Empty => {}
        Node::One(class) => program.push(Step::One(class.clone())),
        Node::Assert(assertion) => program.push(Step::Assert(*assertion)),
        Node::Sequence(nodes) => {
            for node in nodes {
                emit(node, program)?;
            }
        }
        Node::Either(nodes) => {
            let mut ends = Vec::new();
            for (at, node) in nodes.iter().enumerate() {
                let split = program.len();
                let last = at + 1 == nodes.len();
                if !last {
                    program.push(Step::Split(split + 1, 0));
                }
                emit(node, program)?;
                if !last {
                    ends.push(program.len());
                    program.push(Step::Jump(0));
                    let next = program.len();
                    if let Some(step) = program.get_mut(split) {
                        *step = Step::Split(split + 1, next);
                    }
                }
            }
            let end = program.len();
            for at in ends {
                if let Some(step) = program.get_mut(at) {
                    *step = Step::Jump(end);
                }
            }
        }
        Node::Repeat(inner, least, most) => {
            for _ in 0..*least {
                emit(inner, program)?;
            }
            match most {
                None => {
                    let split = program.len();
                    program.push(Step::Split(split + 1, 0));
                    emit(inner, program)?;
                    program.push(Step::Jump(split));
                    let end = program.len();
                    if let Some(step) = program.get_mut(split) {
                        *step = Step::Split(split + 1, end);
                    }
                }
                Some(most) => {
                    let mut splits = Vec::new();
                    for _ in *least..*most {
                        splits.push(program.len());
                        program.push(Step::Split(program.len() + 1, 0));
                        emit(inner, program)?;
                    }
                    let end = program.len();
                    for at in splits {
                        if let Some(step) = program.get_mut(at) {
                            *step = Step::Split(at + 1, end);
                        }
                    }
                }
            }
        }
    }
    (program.len() <= MAX_STEPS).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_re2_finds() {
        for (pattern, text, want) in [
            ("/^feature-.*/", "feature-x", true),
            ("/^feature-.*/", "my-feature-x", false),
            ("/^v\\d+\\.\\d+(\\.\\d+)?$/", "v1.2.3", true),
            ("/^v\\d+\\.\\d+(\\.\\d+)?$/", "v1.2.3-rc1", false),
            ("/ab|cd/", "xcdx", true),
            ("/^(?:main|release\\/.+)$/", "release/1", true),
            ("/MAIN/i", "main", true),
            ("/[^a-c]+/", "abc", false),
            ("/^.$/", "가", true),
            ("/a{2,3}b/", "aab", true),
            ("/a{2,3}b/", "ab", false),
            ("/(?i)x(?-i)y/", "XY", false),
            ("/\\bfoo\\b/", "a foo b", true),
            ("/^b/m", "a\nb", true),
            ("/^b/", "a\nb", false),
            ("/[[:alpha:]]\\s/", "a ", true),
            ("/\\p{Hangul}/", "한", true),
            ("/x*/", "", true),
            ("/(a*)*b/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false),
        ] {
            let compiled = Pattern::delimited(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert_eq!(compiled.is_match(text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn refuses_what_re2_refuses() {
        for pattern in [
            "/(?=a)/", "/(?!a)/", "/(?<=a)/", "/(a)\\1/", "/a**/", "/(/", "/a)/", "/[b-a]/", "/*/", "/a/x",
            "main", "/\\y/",
        ] {
            assert!(Pattern::delimited(pattern).is_none(), "{pattern}");
        }
    }
}
