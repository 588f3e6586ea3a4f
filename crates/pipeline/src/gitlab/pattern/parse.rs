//! From the text of an expression to what it is made of.

use super::{Assertion, Class, Node, Property};

/// Groups within groups.
const MAX_DEPTH: usize = 60;

/// Reads an expression; nothing for what RE2 refuses.
pub(super) fn parse(expression: &str, flags: &str) -> Option<Node> {
    let mut reader = Reader { text: expression.chars().collect(), at: 0, flags: Flags::default(), depth: 0 };
    for flag in flags.chars() {
        reader.flags.set(flag, true)?;
    }
    let node = reader.either()?;
    (reader.at == reader.text.len()).then_some(node)
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
}

impl Flags {
    fn set(&mut self, flag: char, on: bool) -> Option<()> {
        match flag {
            'i' => self.fold = on,
            'm' => self.lines = on,
            's' => self.dot_all = on,
            // Which of several matches is found does not matter here.
            'U' => {}
            _ => return None,
        }
        Some(())
    }
}

struct Reader {
    text: Vec<char>,
    at: usize,
    flags: Flags,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn either(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let before = self.flags;
        let mut ways = vec![self.sequence()?];
        while self.eat('|') {
            ways.push(self.sequence()?);
        }
        self.flags = before;
        self.depth -= 1;
        Some(if ways.len() == 1 { ways.pop()? } else { Node::Either(ways) })
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let node = self.atom()?;
            nodes.push(self.repeated(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts() {
                Some(counts) => {
                    let lazy = self.eat('?');
                    let again = matches!(self.peek(), Some('*' | '+' | '?'));
                    return (!again || lazy)
                        .then(|| Node::Repeat(Box::new(node), counts.0, counts.1))
                        .filter(|_| {
                            counts.0 <= 1000 && counts.1.is_none_or(|most| most <= 1000 && most >= counts.0)
                        });
                }
                // A brace that counts nothing is a brace.
                None => return Some(node),
            },
            _ => return Some(node),
        };
        self.at += 1;
        self.eat('?');
        // RE2 has no possessive repeats and refuses `**`.
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            return None;
        }
        Some(Node::Repeat(Box::new(node), least, most))
    }

    /// `{3}`, `{3,}` or `{3,5}`.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let rest = self.text.get(self.at + 1..)?;
        let length = rest.iter().position(|c| *c == '}')?;
        let inside: String = rest.get(..length)?.iter().collect();
        let (least, most) = match inside.split_once(',') {
            None => (inside.as_str(), Some(inside.as_str())),
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
        };
        let number = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten()
        };
        let least = number(least)?;
        let most = match most {
            Some(most) => Some(number(most)?),
            None => None,
        };
        self.at += length + 2;
        Some((least, most))
    }

    fn atom(&mut self) -> Option<Node> {
        Some(match self.next()? {
            '(' => return self.group(),
            '[' => Node::One(self.class()?),
            '.' => Node::One(Class {
                ranges: if self.flags.dot_all { Vec::new() } else { vec![('\n', '\n')] },
                negated: true,
                ..Class::default()
            }),
            '^' if self.flags.lines => Node::Assert(Assertion::LineStart),
            '^' => Node::Assert(Assertion::TextStart),
            '$' if self.flags.lines => Node::Assert(Assertion::LineEnd),
            '$' => Node::Assert(Assertion::TextEnd),
            '*' | '+' | '?' => return None,
            '\\' => return self.escape(),
            c => self.literal(c),
        })
    }

    fn literal(&self, c: char) -> Node {
        Node::One(Class { ranges: vec![(c, c)], fold: self.flags.fold, ..Class::default() })
    }

    fn group(&mut self) -> Option<Node> {
        if self.eat('?') {
            if self.eat('P') || self.peek() == Some('<') {
                // A name; `(?<=` and `(?<!` are not RE2.
                if !self.eat('<') {
                    return None;
                }
                let mut name = String::new();
                loop {
                    match self.next()? {
                        '>' => break,
                        c if c.is_alphanumeric() || c == '_' => name.push(c),
                        _ => return None,
                    }
                }
                if name.is_empty() {
                    return None;
                }
            } else {
                let mut on = true;
                let mut flags = self.flags;
                loop {
                    match self.next()? {
                        '-' if on => on = false,
                        ':' => break,
                        ')' => {
                            self.flags = flags;
                            return Some(Node::Empty);
                        }
                        flag => flags.set(flag, on)?,
                    }
                }
                let before = std::mem::replace(&mut self.flags, flags);
                let inner = self.either()?;
                self.flags = before;
                return self.eat(')').then_some(inner);
            }
        }
        let inner = self.either()?;
        self.eat(')').then_some(inner)
    }

    fn escape(&mut self) -> Option<Node> {
        let c = self.next()?;
        Some(match c {
            'A' => Node::Assert(Assertion::TextStart),
            'z' => Node::Assert(Assertion::TextEnd),
            'b' => Node::Assert(Assertion::Boundary(true)),
            'B' => Node::Assert(Assertion::Boundary(false)),
            'C' => Node::One(Class { negated: true, ..Class::default() }),
            'Q' => {
                let mut nodes = Vec::new();
                while let Some(c) = self.next() {
                    if c == '\\' && self.eat('E') {
                        break;
                    }
                    nodes.push(self.literal(c));
                }
                Node::Sequence(nodes)
            }
            'p' | 'P' => {
                let test = self.property(c == 'P')?;
                Node::One(Class { tests: vec![test], ..Class::default() })
            }
            _ => {
                if let Some(class) = shorthand(c) {
                    return Some(Node::One(class));
                }
                let c = self.escaped(c)?;
                self.literal(c)
            }
        })
    }

    fn property(&mut self, negated: bool) -> Option<(Property, bool)> {
        let mut name = String::new();
        if self.eat('{') {
            loop {
                match self.next()? {
                    '}' => break,
                    c => name.push(c),
                }
            }
        } else {
            name.push(self.next()?);
        }
        let (name, inverse) = match name.strip_prefix('^') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        Some((Property::named(name)?, negated == inverse))
    }

    /// The character behind a backslash.
    fn escaped(&mut self, c: char) -> Option<char> {
        Some(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'a' => '\u{7}',
            'x' => {
                let mut digits = String::new();
                if self.eat('{') {
                    loop {
                        match self.next()? {
                            '}' => break,
                            c => digits.push(c),
                        }
                    }
                } else {
                    digits.push(self.next()?);
                    digits.push(self.next()?);
                }
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            '0' => '\0',
            c if c.is_ascii_alphanumeric() => return None,
            c => c,
        })
    }

    fn class(&mut self) -> Option<Class> {
        let negated = self.eat('^');
        let mut class = Class { negated, fold: self.flags.fold, ..Class::default() };
        let mut first = true;
        loop {
            let c = self.next()?;
            if c == ']' && !first {
                return Some(class);
            }
            first = false;
            if c == '[' && self.peek() == Some(':') {
                let name: String = self.text.get(self.at + 1..)?.iter().take_while(|c| **c != ':').collect();
                let (wanted, bare) = match name.strip_prefix('^') {
                    Some(bare) => (false, bare),
                    None => (true, name.as_str()),
                };
                let end = self.at + 1 + name.chars().count();
                if self.text.get(end..end + 2) == Some(&[':', ']']) {
                    let ranges = posix(bare)?;
                    self.at = end + 2;
                    if wanted {
                        class.ranges.extend_from_slice(ranges);
                    } else {
                        class.ranges.extend(inverse(ranges));
                    }
                    continue;
                }
            }
            let from = if c == '\\' {
                let c = self.next()?;
                if c == 'p' || c == 'P' {
                    let test = self.property(c == 'P')?;
                    class.tests.push(test);
                    continue;
                }
                if let Some(inner) = shorthand(c) {
                    if inner.negated {
                        class.ranges.extend(inverse(&inner.ranges));
                    } else {
                        class.ranges.extend(inner.ranges);
                    }
                    continue;
                }
                self.escaped(c)?
            } else {
                c
            };
            let ranged = self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|c| *c != ']');
            let to = if ranged {
                self.at += 1;
                match self.next()? {
                    '\\' => {
                        let c = self.next()?;
                        self.escaped(c)?
                    }
                    c => c,
                }
            } else {
                from
            };
            if to < from {
                return None;
            }
            class.ranges.push((from, to));
        }
    }
}

fn inverse(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut result = Vec::new();
    let mut from = 0;
    for (start, end) in sorted {
        if u32::from(start) > from
            && let (Some(from), Some(to)) = (char::from_u32(from), char::from_u32(u32::from(start) - 1))
        {
            result.push((from, to));
        }
        from = from.max(u32::from(end) + 1);
    }
    if let Some(from) = char::from_u32(from) {
        result.push((from, char::MAX));
    }
    result
}

fn shorthand(c: char) -> Option<Class> {
    let ranges: &[(char, char)] = match c.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        _ => return None,
    };
    Some(Class { negated: c.is_ascii_uppercase(), ..Class::of(ranges) })
}

fn posix(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}
