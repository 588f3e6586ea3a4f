//! The regular expressions of `grep -E`, small: `.`, `*`, `+`, `?`, `[...]`, `^`, `$`, `|`, `( )`, `\`.

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    root: Node,
    fold: bool,
}

#[derive(Debug, Clone)]
enum Node {
    Char(char),
    Any,
    Class { negated: bool, ranges: Vec<(char, char)> },
    Start,
    End,
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat { node: Box<Node>, least: usize, most: usize },
}

/// Steps after which a match is given up; ordinary patterns on ordinary lines need a few hundred.
const MAX_STEPS: usize = 200_000;

impl Pattern {
    /// Compiles an expression; `extended` is `grep -E`, otherwise `+ ? | ( )` need a backslash. `fold` ignores case.
    pub fn new(text: &str, extended: bool, fold: bool) -> Option<Pattern> {
        let chars: Vec<char> = text.chars().collect();
        let mut reader = Reader { chars: &chars, at: 0, extended, depth: 0 };
        let root = reader.either()?;
        (reader.at == chars.len()).then_some(Pattern { root, fold })
    }

    /// The characters `[from, to)` of the first match in a line.
    pub fn find(&self, line: &[char]) -> Option<(usize, usize)> {
        let mut steps = 0;
        (0..=line.len()).find_map(|from| {
            let mut end = None;
            self.step(&self.root, line, from, &mut steps, &mut |to| {
                end = Some(to);
                true
            });
            end.map(|to| (from, to))
        })
    }

    /// Matches `node` at `at` and goes on with `next`, which says whether the rest matched.
    fn step(
        &self,
        node: &Node,
        line: &[char],
        at: usize,
        steps: &mut usize,
        next: &mut dyn FnMut(usize) -> bool,
    ) -> bool {
        *steps += 1;
        if *steps > MAX_STEPS {
            return false;
        }
        match node {
            Node::Start => at == 0 && next(at),
            Node::End => at == line.len() && next(at),
            Node::Char(_) | Node::Any | Node::Class { .. } => {
                line.get(at).is_some_and(|found| self.one(node, *found)) && next(at + 1)
            }
            Node::Sequence(nodes) => self.sequence(nodes, line, at, steps, next),
            Node::Either(nodes) => nodes.iter().any(|node| self.step(node, line, at, steps, next)),
            Node::Repeat { node, least, most } => {
                // Greedy over single characters; groups are matched one by one.
                self.repeat(node, *least, *most, line, at, steps, next)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the state of a match, kept off the heap")]
    fn repeat(
        &self,
        node: &Node,
        least: usize,
        most: usize,
        line: &[char],
        at: usize,
        steps: &mut usize,
        next: &mut dyn FnMut(usize) -> bool,
    ) -> bool {
        if matches!(node, Node::Char(_) | Node::Any | Node::Class { .. }) {
            let mut count = 0;
            while count < most && line.get(at + count).is_some_and(|found| self.one(node, *found)) {
                count += 1;
            }
            loop {
                if count < least {
                    return false;
                }
                if next(at + count) {
                    return true;
                }
                let Some(fewer) = count.checked_sub(1) else { return false };
                count = fewer;
            }
        }
        let mut inner_steps = *steps;
        if most > 0 {
            let mut ends = Vec::new();
            self.step(node, line, at, &mut inner_steps, &mut |to| {
                ends.push(to);
                false
            });
            *steps = inner_steps;
            for to in ends {
                // A repeat that matched nothing would go on for ever.
                if to > at && self.repeat(node, least.saturating_sub(1), most - 1, line, to, steps, next) {
                    return true;
                }
            }
        }
        least == 0 && next(at)
    }

    fn sequence(
        &self,
        nodes: &[Node],
        line: &[char],
        at: usize,
        steps: &mut usize,
        next: &mut dyn FnMut(usize) -> bool,
    ) -> bool {
        let Some((first, rest)) = nodes.split_first() else { return next(at) };
        let mut ends = Vec::new();
        if rest.is_empty() {
            return self.step(first, line, at, steps, next);
        }
        self.step(first, line, at, steps, &mut |to| {
            ends.push(to);
            false
        });
        ends.into_iter().any(|to| self.sequence(rest, line, to, steps, next))
    }

    fn one(&self, node: &Node, found: char) -> bool {
        let fold = |c: char| if self.fold { c.to_ascii_lowercase() } else { c };
        match node {
            Node::Any => true,
            Node::Char(wanted) => fold(*wanted) == fold(found),
            Node::Class { negated, ranges } => {
                let within = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                let hit = within(found)
                    || self.fold
                        && (within(found.to_ascii_lowercase()) || within(found.to_ascii_uppercase()));
                hit != *negated
            }
            _ => false,
        }
    }
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    extended: bool,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Eats an operator, which basic expressions write with a backslash.
    fn operator(&mut self, wanted: char) -> bool {
        let plain = self.extended && self.peek() == Some(wanted);
        let escaped =
            !self.extended && self.peek() == Some('\\') && self.chars.get(self.at + 1) == Some(&wanted);
        self.at += if plain { 1 } else { 2 * usize::from(escaped) };
        plain || escaped
    }

    fn either(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > 32 {
            return None;
        }
        let mut nodes = vec![self.sequence()?];
        while self.operator('|') {
            nodes.push(self.sequence()?);
        }
        self.depth -= 1;
        Some(Node::Either(nodes))
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        loop {
            let before = self.at;
            if self.peek().is_none() || self.operator('|') || self.depth > 1 && self.operator(')') {
                self.at = before;
                return Some(Node::Sequence(nodes));
            }
            let node = self.atom()?;
            nodes.push(self.repeats(node));
        }
    }

    fn repeats(&mut self, node: Node) -> Node {
        let (least, most) = if self.peek() == Some('*') {
            self.at += 1;
            (0, usize::MAX)
        } else if self.operator('+') {
            (1, usize::MAX)
        } else if self.operator('?') {
            (0, 1)
        } else {
            return node;
        };
        Node::Repeat { node: Box::new(node), least, most }
    }

    fn atom(&mut self) -> Option<Node> {
        if self.operator('(') {
            let node = self.either()?;
            return self.operator(')').then_some(node);
        }
        let next = self.peek()?;
        self.at += 1;
        Some(match next {
            '.' => Node::Any,
            '^' => Node::Start,
            '$' => Node::End,
            '[' => self.class()?,
            '\\' => {
                let escaped = self.peek()?;
                self.at += 1;
                match escaped {
                    's' => Node::Class { negated: false, ranges: vec![(' ', ' '), ('\t', '\t')] },
                    'S' => Node::Class { negated: true, ranges: vec![(' ', ' '), ('\t', '\t')] },
                    'd' => Node::Class { negated: false, ranges: vec![('0', '9')] },
                    'w' => {
                        let ranges = vec![('0', '9'), ('a', 'z'), ('A', 'Z'), ('_', '_')];
                        Node::Class { negated: false, ranges }
                    }
                    other => Node::Char(other),
                }
            }
            other => Node::Char(other),
        })
    }

    fn class(&mut self) -> Option<Node> {
        let negated = self.peek() == Some('^');
        self.at += usize::from(negated);
        let mut ranges = Vec::new();
        loop {
            let from = self.peek()?;
            self.at += 1;
            if from == ']' && !ranges.is_empty() {
                return Some(Node::Class { negated, ranges });
            }
            let to = match (self.peek(), self.chars.get(self.at + 1)) {
                (Some('-'), Some(to)) if *to != ']' => {
                    self.at += 2;
                    *to
                }
                _ => from,
            };
            ranges.push((from, to));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, line: &str) -> Option<(usize, usize)> {
        Pattern::new(pattern, true, false).unwrap().find(&line.chars().collect::<Vec<_>>())
    }

    #[test]
    fn finds_what_grep_finds() {
        assert_eq!(found("web", "pod/web-1"), Some((4, 7)));
        assert_eq!(found("^pod.*1$", "pod/web-1"), Some((0, 9)));
        assert_eq!(found("^web", "pod/web-1"), None);
        assert_eq!(found("Running|Pending", "x Pending"), Some((2, 9)));
        assert_eq!(found("(ab)+c", "xababc"), Some((1, 6)));
        assert_eq!(found("[0-9]+/[^0]", "0/1 1/1"), Some((0, 3)));
        assert_eq!(found("a?b", "b"), Some((0, 1)));
        assert_eq!(found("1\\.2", "1x2 1.2"), Some((4, 7)));
        assert!(Pattern::new("a(b", true, false).is_none());
        assert!(Pattern::new("a(b", false, false).is_some());
        let fold = Pattern::new("ERROR", true, true).unwrap();
        assert!(fold.find(&"an error".chars().collect::<Vec<_>>()).is_some());
    }

    #[test]
    fn a_costly_pattern_gives_up() {
        let line = "a".repeat(200);
        assert_eq!(found("(a*)*b", &line), None);
    }
}
