//! From the text of an expression to its program.

use super::{Regex, Set, Step};

/// Nested groups and steps of a program; more is no expression that a person wrote.
const MAX_DEPTH: usize = 50;
const MAX_STEPS: usize = 20_000;

/// What an expression is made of.
enum Node {
    Empty,
    Byte(u8),
    Set(Set),
    Start,
    End,
    Boundary(bool),
    Group { inner: Box<Node>, number: usize },
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat { inner: Box<Node>, least: u32, most: Option<u32>, how: How },
    Look { inner: Box<Node>, behind: bool, negated: bool },
    Back { group: usize, fold: bool },
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Greedy,
    Lazy,
    Possessive,
}

pub(super) fn compile(pattern: &str, fold: bool) -> Option<Regex> {
    let mut reader = Reader { text: pattern.as_bytes(), at: 0, fold, groups: 1, depth: 0 };
    let node = reader.either()?;
    if reader.at != reader.text.len() {
        return None;
    }
    let mut writer = Writer { program: Vec::new(), slots: reader.groups * 2 };
    writer.push(Step::Save(0))?;
    writer.node(&node)?;
    writer.push(Step::Save(1))?;
    writer.push(Step::Match)?;
    let anchored = begins_at_start(&node);
    Some(Regex { program: writer.program, slots: writer.slots, groups: reader.groups, anchored })
}

fn begins_at_start(node: &Node) -> bool {
    match node {
        Node::Start => true,
        Node::Sequence(nodes) => nodes.first().is_some_and(begins_at_start),
        Node::Either(nodes) => !nodes.is_empty() && nodes.iter().all(begins_at_start),
        Node::Group { inner, .. } => begins_at_start(inner),
        _ => false,
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    fold: bool,
    groups: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let there = rest.starts_with(wanted.as_bytes());
        self.at += if there { wanted.len() } else { 0 };
        there
    }

    fn either(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let fold = self.fold;
        let mut nodes = vec![self.sequence()?];
        while self.eat("|") {
            nodes.push(self.sequence()?);
        }
        // `(?i)` holds to the end of its group.
        self.fold = fold;
        self.depth -= 1;
        if nodes.len() > 1 { Some(Node::Either(nodes)) } else { nodes.pop() }
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(next) = self.peek() {
            if next == b'|' || next == b')' && self.depth > 1 {
                break;
            }
            let node = self.atom()?;
            nodes.push(self.repeats(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    fn repeats(&mut self, node: Node) -> Option<Node> {
        let before = self.at;
        let (least, most) = match self.peek() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => {
                let Some(counts) = self.counts() else {
                    self.at = before;
                    return Some(node);
                };
                counts
            }
            _ => return Some(node),
        };
        if matches!(self.peek(), Some(b'*' | b'+' | b'?')) && self.at == before {
            self.at += 1;
        }
        if most.is_some_and(|most| most < least) || matches!(node, Node::Start) {
            return None;
        }
        let how = if self.eat("?") {
            How::Lazy
        } else if self.eat("+") {
            How::Possessive
        } else {
            How::Greedy
        };
        Some(Node::Repeat { inner: Box::new(node), least, most, how })
    }

    /// `{2}`, `{2,}`, `{2,3}`; anything else is a plain brace.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        self.at += 1;
        let least = self.number()?;
        let most = if self.eat(",") {
            if self.peek() == Some(b'}') { None } else { Some(self.number()?) }
        } else {
            Some(least)
        };
        self.eat("}").then_some((least, most))
    }

    fn number(&mut self) -> Option<u32> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = self.text.get(from..self.at)?;
        std::str::from_utf8(digits).ok()?.parse().ok().filter(|number| *number <= 1000)
    }

    fn atom(&mut self) -> Option<Node> {
        Some(match self.next()? {
            b'(' => return self.group(),
            b'.' => {
                let mut set = Set::default();
                set.add(b'\n');
                set.negate();
                Node::Set(set)
            }
            b'^' => Node::Start,
            b'$' => Node::End,
            b'[' => Node::Set(self.class()?),
            b'\\' => return self.escape(),
            b'*' | b'+' | b'?' | b')' => return None,
            byte => self.literal(byte),
        })
    }

    fn literal(&self, byte: u8) -> Node {
        if !self.fold || !byte.is_ascii_alphabetic() {
            return Node::Byte(byte);
        }
        let mut set = Set::default();
        set.add(byte.to_ascii_lowercase());
        set.add(byte.to_ascii_uppercase());
        Node::Set(set)
    }

    fn group(&mut self) -> Option<Node> {
        let look = |behind, negated| Some((behind, negated));
        let mut number = None;
        let mut around = None;
        if self.eat("?:") {
        } else if self.eat("?=") {
            around = look(false, false);
        } else if self.eat("?!") {
            around = look(false, true);
        } else if self.eat("?<=") {
            around = look(true, false);
        } else if self.eat("?<!") {
            around = look(true, true);
        } else if self.eat("?i)") {
            self.fold = true;
            return Some(Node::Empty);
        } else if self.eat("?-i)") {
            self.fold = false;
            return Some(Node::Empty);
        } else {
            if self.eat("?<") || self.eat("?P<") {
                while self.next()? != b'>' {}
            } else if self.peek() == Some(b'?') {
                return None;
            }
            number = Some(self.groups);
            self.groups += 1;
        }
        let inner = Box::new(self.either()?);
        if !self.eat(")") {
            return None;
        }
        Some(match (number, around) {
            (Some(number), _) => Node::Group { inner, number },
            (_, Some((behind, negated))) => Node::Look { inner, behind, negated },
            _ => *inner,
        })
    }

    fn escape(&mut self) -> Option<Node> {
        let byte = self.next()?;
        Some(match byte {
            b'b' => Node::Boundary(true),
            b'B' => Node::Boundary(false),
            b'A' => Node::Start,
            b'z' | b'Z' => Node::End,
            b'1'..=b'9' => Node::Back { group: usize::from(byte - b'0'), fold: self.fold },
            _ => {
                if let Some(set) = shorthand(byte) {
                    return Some(Node::Set(set));
                }
                let byte = self.escaped(byte)?;
                self.literal(byte)
            }
        })
    }

    fn escaped(&mut self, byte: u8) -> Option<u8> {
        Some(match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'f' => 12,
            b'x' => {
                let digits = self.text.get(self.at..self.at + 2)?;
                self.at += 2;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            // Other letters are reserved.
            byte if byte.is_ascii_alphanumeric() => return None,
            byte => byte,
        })
    }

    fn class(&mut self) -> Option<Set> {
        let mut set = Set::default();
        let negated = self.eat("^");
        let mut first = true;
        loop {
            let byte = self.next()?;
            if byte == b']' && !first {
                break;
            }
            first = false;
            if byte == b'[' && self.peek() == Some(b':') {
                set.join(&self.named_class()?);
                continue;
            }
            let from = if byte == b'\\' {
                let escaped = self.next()?;
                if let Some(inner) = shorthand(escaped) {
                    set.join(&inner);
                    continue;
                }
                if escaped == b'b' { 8 } else { self.escaped(escaped)? }
            } else {
                byte
            };
            let range =
                self.peek() == Some(b'-') && self.text.get(self.at + 1).is_some_and(|end| *end != b']');
            let to = if range {
                self.at += 1;
                match self.next()? {
                    b'\\' => {
                        let escaped = self.next()?;
                        self.escaped(escaped)?
                    }
                    byte => byte,
                }
            } else {
                from
            };
            if to < from {
                return None;
            }
            for byte in from..=to {
                set.add(byte);
                if self.fold {
                    set.add(byte.to_ascii_lowercase());
                    set.add(byte.to_ascii_uppercase());
                }
            }
        }
        if negated {
            set.negate();
        }
        Some(set)
    }

    fn named_class(&mut self) -> Option<Set> {
        self.at += 1;
        let from = self.at;
        while self.next()? != b':' {}
        let name = self.text.get(from..self.at - 1)?;
        if !self.eat("]") {
            return None;
        }
        let test: fn(&u8) -> bool = match name {
            b"alpha" => u8::is_ascii_alphabetic,
            b"digit" => u8::is_ascii_digit,
            b"alnum" => u8::is_ascii_alphanumeric,
            b"upper" => u8::is_ascii_uppercase,
            b"lower" => u8::is_ascii_lowercase,
            b"space" => u8::is_ascii_whitespace,
            b"xdigit" => u8::is_ascii_hexdigit,
            b"punct" => u8::is_ascii_punctuation,
            _ => return None,
        };
        Some(set_of(test))
    }
}

fn set_of(test: fn(&u8) -> bool) -> Set {
    let mut set = Set::default();
    for byte in 0..=255_u8 {
        if test(&byte) {
            set.add(byte);
        }
    }
    set
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `\d`, `\w`, `\s`, `\h`, and their negations.
fn shorthand(byte: u8) -> Option<Set> {
    let test: fn(&u8) -> bool = match byte.to_ascii_lowercase() {
        b'd' => u8::is_ascii_digit,
        b'w' => |byte| is_word(*byte),
        b's' => |byte| byte.is_ascii_whitespace() || *byte == 11,
        b'h' => |byte| matches!(byte, b' ' | b'\t'),
        _ => return None,
    };
    let mut set = set_of(test);
    if byte.is_ascii_uppercase() {
        set.negate();
    }
    Some(set)
}

struct Writer {
    program: Vec<Step>,
    slots: usize,
}

impl Writer {
    fn push(&mut self, step: Step) -> Option<usize> {
        if self.program.len() >= MAX_STEPS {
            return None;
        }
        self.program.push(step);
        Some(self.program.len() - 1)
    }

    fn set(&mut self, place: usize, step: Step) {
        if let Some(slot) = self.program.get_mut(place) {
            *slot = step;
        }
    }

    fn node(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Empty => {}
            Node::Byte(byte) => drop(self.push(Step::Byte(*byte))?),
            Node::Set(set) => drop(self.push(Step::Set(Box::new(set.clone())))?),
            Node::Start => drop(self.push(Step::Start)?),
            Node::End => drop(self.push(Step::End)?),
            Node::Boundary(there) => drop(self.push(Step::Boundary(*there))?),
            Node::Back { group, fold } => drop(self.push(Step::Back { group: *group, fold: *fold })?),
            Node::Group { inner, number } => {
                self.push(Step::Save(number * 2))?;
                self.node(inner)?;
                self.push(Step::Save(number * 2 + 1))?;
            }
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.node(node))?,
            Node::Either(nodes) => self.alternatives(nodes)?,
            Node::Repeat { inner, least, most, how } => self.repeat(inner, *least, *most, *how)?,
            Node::Look { inner, behind, negated } => {
                let place = self.push(Step::Match)?;
                self.node(inner)?;
                let end = self.push(Step::Match)? + 1;
                self.set(place, Step::Look { behind: *behind, negated: *negated, end });
            }
        }
        Some(())
    }

    fn alternatives(&mut self, nodes: &[Node]) -> Option<()> {
        let mut ends = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            if i + 1 == nodes.len() {
                self.node(node)?;
                break;
            }
            let split = self.push(Step::Match)?;
            self.node(node)?;
            ends.push(self.push(Step::Match)?);
            self.set(split, Step::Split(split + 1, self.program.len()));
        }
        let end = self.program.len();
        for place in ends {
            self.set(place, Step::Jump(end));
        }
        Some(())
    }

    fn repeat(&mut self, inner: &Node, least: u32, most: Option<u32>, how: How) -> Option<()> {
        if how == How::Possessive {
            let place = self.push(Step::Match)?;
            self.repeat(inner, least, most, How::Greedy)?;
            let end = self.push(Step::Match)? + 1;
            self.set(place, Step::Atomic { end });
            return Some(());
        }
        let split = |into: usize, out: usize| {
            if how == How::Lazy { Step::Split(out, into) } else { Step::Split(into, out) }
        };
        for _ in 0..least {
            self.node(inner)?;
        }
        let Some(most) = most else {
            let slot = self.slots;
            self.slots += 1;
            let head = self.push(Step::Match)?;
            self.push(Step::Save(slot))?;
            self.node(inner)?;
            self.push(Step::Moved(slot))?;
            self.push(Step::Jump(head))?;
            self.set(head, split(head + 1, self.program.len()));
            return Some(());
        };
        let mut heads = Vec::new();
        for _ in least..most {
            heads.push(self.push(Step::Match)?);
            self.node(inner)?;
        }
        let end = self.program.len();
        for head in heads {
            self.set(head, split(head + 1, end));
        }
        Some(())
    }
}
