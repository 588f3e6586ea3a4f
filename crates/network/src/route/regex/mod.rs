//! Regular expressions as PCRE reads them, small: what people write into nginx locations and Gateway matches.
//!
//! Literals, `.`, classes (`[...]`, `[[:alpha:]]`, `\d \w \s \h` and their negations), anchors, `\b`, groups (capturing,
//! named, `(?:...)`, `(?i)`), alternatives, greedy, lazy and possessive repeats, back references, look-ahead and
//! look-behind. Bytes are matched, as nginx does. A pattern outside of that is no pattern ([`Regex::new`] gives `None`);
//! one that takes too long does not match.

mod parse;
mod run;

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regex {
    program: Vec<Step>,
    /// Two for each group, the whole match first; then one for each loop that could match nothing.
    slots: usize,
    groups: usize,
    /// Whether it can only match at the beginning.
    anchored: bool,
}

/// One step of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Byte(u8),
    Set(Box<Set>),
    Start,
    End,
    /// Whether a word begins or ends here.
    Boundary(bool),
    /// Tries `.0`, then `.1`.
    Split(usize, usize),
    Jump(usize),
    Save(usize),
    /// Fails if nothing was matched since `Save`.
    Moved(usize),
    Back {
        group: usize,
        fold: bool,
    },
    /// What follows up to `end` has to match (or not) around here.
    Look {
        behind: bool,
        negated: bool,
        end: usize,
    },
    /// Once what follows up to `end` matched, it is not tried another way.
    Atomic {
        end: usize,
    },
    Match,
}

/// A set of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Set([u64; 4]);

impl Set {
    fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word & (1 << (byte & 63)) != 0)
    }

    fn negate(&mut self) {
        for word in &mut self.0 {
            *word = !*word;
        }
    }

    fn join(&mut self, other: &Set) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }
}

/// Where a match and its groups are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captures(Vec<Option<usize>>);

impl Captures {
    /// The bytes `[from, to)` of a group; 0 is the whole match.
    pub fn get(&self, group: usize) -> Option<(usize, usize)> {
        Some(((*self.0.get(group * 2)?)?, (*self.0.get(group * 2 + 1)?)?))
    }

    /// The text of a group; nothing for one that took no part.
    pub fn text<'t>(&self, text: &'t [u8], group: usize) -> &'t [u8] {
        self.get(group).and_then(|(from, to)| text.get(from..to)).unwrap_or_default()
    }
}

impl Regex {
    /// Compiles an expression; `fold` ignores the case of ASCII letters.
    pub fn new(pattern: &str, fold: bool) -> Option<Regex> {
        parse::compile(pattern, fold)
    }

    /// The leftmost match.
    pub fn find(&self, text: &[u8]) -> Option<Captures> {
        run::find(self, text)
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.find(text).is_some()
    }

    /// Whether it is one in the strict sense: without back references, look-around and possessive repeats.
    pub fn is_regular(&self) -> bool {
        !self
            .program
            .iter()
            .any(|step| matches!(step, Step::Back { .. } | Step::Look { .. } | Step::Atomic { .. }))
    }

    /// Whether it matches the whole of a text.
    pub fn is_full_match(&self, text: &[u8]) -> bool {
        run::full(self, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> Option<(usize, usize)> {
        let regex = Regex::new(pattern, false).unwrap_or_else(|| panic!("{pattern}"));
        regex.find(text.as_bytes()).and_then(|captures| captures.get(0))
    }

    #[test]
    fn finds_what_pcre_finds() {
        for (pattern, text, want) in [
            ("^/api/v[0-9]+/users", "/api/v22/users/7", Some((0, 14))),
            ("^/(en|de)/.+", "/en/x", Some((0, 5))),
            ("^/(en|de)/.+", "/en/", None),
            ("v2\\.[0-9]", "av2.7b", Some((1, 5))),
            ("^[0-9]+$", "12a4", None),
            ("a|ab", "ab", Some((0, 1))),
            ("(?:a|ab)c", "abc", Some((0, 3))),
            ("a.*?b", "aabab", Some((0, 3))),
            ("a{2,3}", "aaaa", Some((0, 3))),
            ("a{2}$", "aaaa", Some((2, 4))),
            ("a{,3}", "a{,3}", Some((0, 5))),
            ("x{2", "x{2", Some((0, 3))),
            ("[^/]+", "//ab/", Some((2, 4))),
            ("[]a]+", "x]a]", Some((1, 4))),
            ("[[:digit:]_-]+", "a1_-2", Some((1, 5))),
            ("[\\w.]+$", "/a.b", Some((1, 4))),
            ("^/(?!api)", "/api/x", None),
            ("^/(?!api)", "/web", Some((0, 1))),
            ("(?<=v)[0-9]", "1v2", Some((2, 3))),
            ("(?<!v)[0-9]", "v12", Some((2, 3))),
            ("(?i)ABC", "xabc", Some((1, 4))),
            ("\\bweb\\b", "a web-1", Some((2, 5))),
            ("(a)\\1", "xaa", Some((1, 3))),
            ("(?<word>a+)b", "caab", Some((1, 4))),
            ("(a*)*b", "aab", Some((0, 3))),
            ("(|a)+c", "aac", Some((0, 3))),
            ("a*+a", "aaa", None),
            ("", "abc", Some((0, 0))),
            ("\\/x", "/x", Some((0, 2))),
            ("\\x41", "A", Some((0, 1))),
        ] {
            assert_eq!(found(pattern, text), want, "{pattern} in {text}");
        }
        for bad in ["(", "a)", "[a", "*a", "a**b", "(?<n", "\\", "a{3,1}", "(?=a"] {
            assert!(Regex::new(bad, false).is_none(), "{bad}");
        }
    }

    #[test]
    fn groups_are_captured() {
        let regex = Regex::new("/t/([^/]+)(/|$)(.*)", true).unwrap();
        let text = b"/T/acme/home";
        let captures = regex.find(text).unwrap();
        assert_eq!(captures.text(text, 1), b"acme");
        assert_eq!(captures.text(text, 3), b"home");
        assert_eq!(captures.text(text, 7), b"");
        let last = Regex::new("(?:(a)|b)*", false).unwrap().find(b"ab").unwrap();
        assert_eq!(last.get(1), Some((0, 1)));
    }

    #[test]
    fn the_whole_of_a_text() {
        let regex = Regex::new("/a|/ab", false).unwrap();
        assert!(regex.is_full_match(b"/ab"));
        assert!(!regex.is_full_match(b"/abc"));
    }

    #[test]
    fn a_costly_pattern_gives_up() {
        let regex = Regex::new("(a*)*b", false).unwrap();
        assert!(!regex.is_match("a".repeat(300).as_bytes()));
        assert!(Regex::new("((a{500}){500}){500}", false).is_none());
    }
}
