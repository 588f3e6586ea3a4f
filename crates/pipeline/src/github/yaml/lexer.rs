//! A text cut into pieces (`parse/lexer.js`).

/// A piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub mark: Mark,
    pub from: usize,
    pub to: usize,
}

/// What a piece is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Text; what it is follows from its first characters.
    Text,
    /// A document begins with the next piece.
    Document,
    /// A flow collection ends too early.
    FlowEnd,
    /// The next piece is a scalar.
    Scalar,
}

#[derive(Clone, Copy)]
enum State {
    Stream,
    BlockStart,
    Document,
    Flow,
}

/// The pieces of a text.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut lexer = Lexer {
        text: text.as_bytes(),
        at: 0,
        out: Vec::new(),
        block_indent: None,
        keep: false,
        flow_key: false,
        flow_level: 0,
        indent_next: 0,
        indent: 0,
        newline: None,
    };
    let mut state = State::Stream;
    while lexer.at < lexer.text.len() {
        state = match state {
            State::Stream => lexer.stream(),
            State::BlockStart => lexer.block_start(),
            State::Document => lexer.document(),
            State::Flow => lexer.flow(),
        };
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    out: Vec<Piece>,
    block_indent: Option<usize>,
    keep: bool,
    flow_key: bool,
    flow_level: usize,
    indent_next: usize,
    indent: usize,
    /// The next break, as far as it is known.
    newline: Option<usize>,
}

const BOM: &[u8] = "\u{feff}".as_bytes();

pub(super) fn is_empty(c: Option<u8>) -> bool {
    matches!(c, None | Some(b' ' | b'\n' | b'\r' | b'\t'))
}

fn is_flow_indicator(c: Option<u8>) -> bool {
    matches!(c, Some(b',' | b'[' | b']' | b'{' | b'}'))
}

fn is_no_anchor(c: Option<u8>) -> bool {
    is_empty(c) || is_flow_indicator(c)
}

impl Lexer<'_> {
    fn get(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn char(&self, n: usize) -> Option<u8> {
        self.get(self.at + n)
    }

    fn find(&self, c: u8, from: usize) -> Option<usize> {
        let rest = self.text.get(from..)?;
        rest.iter().position(|other| *other == c).map(|at| from + at)
    }

    fn starts(&self, at: usize, with: &[u8]) -> bool {
        self.text.get(at..).is_some_and(|rest| rest.starts_with(with))
    }

    fn at_line_end(&self) -> bool {
        let mut at = self.at;
        while matches!(self.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        match self.get(at) {
            None | Some(b'#' | b'\n') => true,
            Some(b'\r') => self.get(at + 1) == Some(b'\n'),
            _ => false,
        }
    }

    /// Where a scalar goes on in the line at `offset`, if it does.
    fn go_on(&self, offset: usize) -> Option<usize> {
        if self.indent_next > 0 {
            let mut indent = 0;
            while self.get(offset + indent) == Some(b' ') {
                indent += 1;
            }
            let c = self.get(offset + indent);
            if c == Some(b'\r') && self.get(offset + indent + 1) == Some(b'\n') {
                return Some(offset + indent + 1);
            }
            return (c == Some(b'\n') || indent >= self.indent_next).then_some(offset + indent);
        }
        let marker = self.starts(offset, b"---") || self.starts(offset, b"...");
        (!(marker && is_empty(self.get(offset + 3)))).then_some(offset)
    }

    /// Where the line ends, without its break.
    fn line_end(&mut self) -> usize {
        if self.newline.is_none_or(|newline| newline < self.at) {
            self.newline = Some(self.find(b'\n', self.at).unwrap_or(self.text.len()));
        }
        match self.newline.filter(|newline| *newline < self.text.len()) {
            None => self.text.len(),
            Some(end) if end > self.at && self.get(end - 1) == Some(b'\r') => end - 1,
            Some(end) => end,
        }
    }

    fn mark(&mut self, mark: Mark) {
        self.out.push(Piece { mark, from: self.at, to: self.at });
    }

    fn push_to(&mut self, to: usize, even_empty: bool) -> usize {
        let to = to.min(self.text.len());
        if to > self.at {
            self.out.push(Piece { mark: Mark::Text, from: self.at, to });
            let count = to - self.at;
            self.at = to;
            return count;
        }
        if even_empty {
            self.mark(Mark::Text);
        }
        0
    }

    fn push(&mut self, count: usize) -> usize {
        self.push_to(self.at + count, false)
    }

    fn push_newline(&mut self) -> usize {
        match (self.char(0), self.char(1)) {
            (Some(b'\n'), _) => self.push(1),
            (Some(b'\r'), Some(b'\n')) => self.push(2),
            _ => 0,
        }
    }

    fn push_spaces(&mut self, tabs: bool) -> usize {
        let mut to = self.at;
        while self.get(to) == Some(b' ') || (tabs && self.get(to) == Some(b'\t')) {
            to += 1;
        }
        self.push_to(to, false)
    }

    fn push_until(&mut self, test: fn(Option<u8>) -> bool) -> usize {
        let mut to = self.at;
        while !test(self.get(to)) {
            to += 1;
        }
        self.push_to(to, false)
    }

    fn stream(&mut self) -> State {
        if self.starts(self.at, BOM) {
            self.push(BOM.len());
        }
        let end = self.line_end();
        if self.char(0) == Some(b'%') {
            let line = self.text.get(self.at..end).unwrap_or_default();
            let comment = (1..line.len())
                .find(|at| line.get(*at) == Some(&b'#') && matches!(line.get(*at - 1), Some(b' ' | b'\t')));
            let directive = line.get(..comment.unwrap_or(line.len())).unwrap_or_default();
            let length = directive.trim_ascii_end().len();
            self.push(length);
            self.push_spaces(true);
            self.push_to(end, false);
            return State::Stream;
        }
        if self.at_line_end() {
            self.push_spaces(true);
            self.push_to(end, false);
            self.push_newline();
            return State::Stream;
        }
        self.mark(Mark::Document);
        self.line_start()
    }

    fn line_start(&mut self) -> State {
        let directives_end = self.starts(self.at, b"---");
        if (directives_end || self.starts(self.at, b"...")) && is_empty(self.char(3)) {
            self.push(3);
            self.indent = 0;
            self.indent_next = 0;
            return if directives_end { State::Document } else { State::Stream };
        }
        self.indent = self.push_spaces(false);
        if self.indent_next > self.indent && !is_empty(self.char(1)) {
            self.indent_next = self.indent;
        }
        self.block_start()
    }

    fn block_start(&mut self) -> State {
        if matches!(self.char(0), Some(b'-' | b'?' | b':')) && is_empty(self.char(1)) {
            let count = self.push(1) + self.push_spaces(true);
            self.indent_next = self.indent + 1;
            self.indent += count;
            return State::BlockStart;
        }
        State::Document
    }

    fn document(&mut self) -> State {
        self.push_spaces(true);
        let end = self.line_end();
        self.push_indicators();
        let next = if self.at < end { self.char(0) } else { None };
        match next {
            Some(b'#') => {
                self.push_to(end, false);
                self.push_newline();
                self.line_start()
            }
            None => {
                self.push_newline();
                self.line_start()
            }
            Some(b'{' | b'[') => {
                self.push(1);
                self.flow_key = false;
                self.flow_level = 1;
                State::Flow
            }
            Some(b'}' | b']') => {
                self.push(1);
                State::Document
            }
            Some(b'*') => {
                self.push_until(is_no_anchor);
                State::Document
            }
            Some(b'"' | b'\'') => self.quoted(),
            Some(b'|' | b'>') => {
                self.block_header();
                self.push_spaces(true);
                self.push_to(end, false);
                self.push_newline();
                self.block_scalar()
            }
            _ => self.plain(),
        }
    }

    fn flow(&mut self) -> State {
        let mut indent = None;
        loop {
            let newline = self.push_newline();
            let mut spaces = 0;
            if newline > 0 {
                spaces = self.push_spaces(false);
                self.indent = spaces;
                indent = Some(spaces);
            }
            spaces += self.push_spaces(true);
            if newline + spaces == 0 {
                break;
            }
        }
        let end = self.line_end();
        let first = if self.at < end { self.char(0) } else { None };
        let marker = (self.starts(self.at, b"---") || self.starts(self.at, b"...")) && is_empty(self.char(3));
        let too_early = indent.is_some_and(|indent| {
            (indent < self.indent_next && first != Some(b'#')) || (indent == 0 && marker)
        });
        if too_early {
            let closes = matches!(first, Some(b']' | b'}'));
            let at_end =
                indent.is_some_and(|indent| indent + 1 == self.indent_next) && self.flow_level == 1 && closes;
            if !at_end {
                self.flow_level = 0;
                self.mark(Mark::FlowEnd);
                return self.line_start();
            }
        }
        while self.at < end && self.char(0) == Some(b',') {
            self.push(1);
            self.push_spaces(true);
            self.flow_key = false;
        }
        self.push_indicators();
        let next = if self.at < end { self.char(0) } else { None };
        match next {
            None => State::Flow,
            Some(b'#') => {
                self.push_to(end, false);
                State::Flow
            }
            Some(b'{' | b'[') => {
                self.push(1);
                self.flow_key = false;
                self.flow_level += 1;
                State::Flow
            }
            Some(b'}' | b']') => {
                self.push(1);
                self.flow_key = true;
                self.flow_level = self.flow_level.saturating_sub(1);
                if self.flow_level > 0 { State::Flow } else { State::Document }
            }
            Some(b'*') => {
                self.push_until(is_no_anchor);
                State::Flow
            }
            Some(b'"' | b'\'') => {
                self.flow_key = true;
                self.quoted()
            }
            Some(b':') if self.flow_key || is_empty(self.char(1)) || self.char(1) == Some(b',') => {
                self.flow_key = false;
                self.push(1);
                self.push_spaces(true);
                State::Flow
            }
            _ => {
                self.flow_key = false;
                self.plain()
            }
        }
    }

    fn after_scalar(&self) -> State {
        if self.flow_level > 0 { State::Flow } else { State::Document }
    }

    fn quoted(&mut self) -> State {
        let quote = self.char(0).unwrap_or(b'"');
        let mut end = self.find(quote, self.at + 1);
        while let Some(at) = end {
            if quote == b'\'' {
                if self.get(at + 1) != Some(b'\'') {
                    break;
                }
                end = self.find(quote, at + 2);
            } else {
                let slashes =
                    self.text.get(..at).unwrap_or_default().iter().rev().take_while(|c| **c == b'\\').count();
                if slashes % 2 == 0 {
                    break;
                }
                end = self.find(quote, at + 1);
            }
        }
        // Breaks within the quotes; without a closing one, the package looks at nothing but the last character.
        let limit = end.unwrap_or(0);
        let within = |lexer: &Self, from: usize| {
            let inside = lexer.text.get(from..limit)?;
            inside.iter().position(|c| *c == b'\n').map(|at| from + at)
        };
        let mut newline = within(self, self.at);
        while let Some(at) = newline {
            let Some(next) = self.go_on(at + 1) else {
                // Less indented than it must be.
                let back = if at > 0 && self.get(at - 1) == Some(b'\r') { 2 } else { 1 };
                end = Some(at.saturating_sub(back));
                break;
            };
            newline = within(self, next);
        }
        let end = end.unwrap_or(self.text.len());
        self.push_to(end + 1, false);
        self.after_scalar()
    }

    fn block_header(&mut self) {
        self.block_indent = None;
        self.keep = false;
        let mut at = self.at + 1;
        while let Some(c) = self.get(at) {
            match c {
                b'+' => self.keep = true,
                b'1'..=b'9' => self.block_indent = Some(usize::from(c - b'1')),
                b'-' => {}
                _ => break,
            }
            at += 1;
        }
        self.push_until(|c| is_empty(c) || c == Some(b'#'));
    }

    fn block_scalar(&mut self) -> State {
        // The break before the content; it may be before the text.
        let mut newline = self.at.wrapping_sub(1);
        let mut indent = 0;
        let mut at = self.at;
        loop {
            match self.get(at) {
                Some(b' ') => indent += 1,
                Some(b'\n') => {
                    newline = at;
                    indent = 0;
                }
                Some(b'\r') if self.get(at + 1) == Some(b'\n') => {}
                _ => break,
            }
            at += 1;
        }
        if indent >= self.indent_next {
            self.indent_next = match self.block_indent {
                None => indent,
                Some(explicit) => explicit + if self.indent_next == 0 { 1 } else { self.indent_next },
            };
            while let Some(next) = self.go_on(newline.wrapping_add(1)) {
                let Some(found) = self.find(b'\n', next) else {
                    newline = self.text.len();
                    break;
                };
                newline = found;
            }
        }
        // Tabs that are indented too little belong to it, so that they are found.
        let mut at = newline.wrapping_add(1);
        while self.get(at) == Some(b' ') {
            at += 1;
        }
        if self.get(at) == Some(b'\t') {
            while matches!(self.get(at), Some(b'\t' | b' ' | b'\r' | b'\n')) {
                at += 1;
            }
            newline = at - 1;
        } else if !self.keep {
            while let Some(earlier) = self.without_last_line(newline, indent) {
                newline = earlier;
            }
        }
        self.mark(Mark::Scalar);
        self.push_to(newline.wrapping_add(1), true);
        self.line_start()
    }

    /// The break before an empty last line, which is dropped.
    fn without_last_line(&self, newline: usize, indent: usize) -> Option<usize> {
        let mut at = newline.checked_sub(1)?;
        if self.get(at) == Some(b'\r') {
            at = at.checked_sub(1)?;
        }
        let last = at;
        while self.get(at) == Some(b' ') {
            at = at.checked_sub(1)?;
        }
        (self.get(at) == Some(b'\n') && at >= self.at && at + 1 + indent > last).then_some(at)
    }

    fn plain(&mut self) -> State {
        let in_flow = self.flow_level > 0;
        let mut end = self.at;
        let mut at = self.at;
        while let Some(mut c) = self.get(at) {
            if c == b':' {
                let next = self.get(at + 1);
                if is_empty(next) || (in_flow && is_flow_indicator(next)) {
                    break;
                }
                end = at + 1;
            } else if is_empty(Some(c)) {
                let mut next = self.get(at + 1);
                if c == b'\r' {
                    if next == Some(b'\n') {
                        at += 1;
                        c = b'\n';
                        next = self.get(at + 1);
                    } else {
                        end = at + 1;
                    }
                }
                if next == Some(b'#') || (in_flow && is_flow_indicator(next)) {
                    break;
                }
                if c == b'\n' {
                    let Some(next) = self.go_on(at + 1) else { break };
                    // On, but so that ` #` is still seen.
                    at = at.max(next.saturating_sub(2));
                }
            } else {
                if in_flow && is_flow_indicator(Some(c)) {
                    break;
                }
                end = at + 1;
            }
            at += 1;
        }
        self.mark(Mark::Scalar);
        self.push_to(end, true);
        self.after_scalar()
    }

    fn push_indicators(&mut self) {
        loop {
            match self.char(0) {
                Some(b'!') => {
                    self.push_tag();
                    self.push_spaces(true);
                }
                Some(b'&') => {
                    self.push_until(is_no_anchor);
                    self.push_spaces(true);
                }
                Some(b'-' | b'?' | b':') => {
                    let in_flow = self.flow_level > 0;
                    let next = self.char(1);
                    if !(is_empty(next) || (in_flow && is_flow_indicator(next))) {
                        return;
                    }
                    if in_flow {
                        self.flow_key = false;
                    } else {
                        self.indent_next = self.indent + 1;
                    }
                    self.push(1);
                    self.push_spaces(true);
                }
                _ => return,
            }
        }
    }

    fn push_tag(&mut self) {
        if self.char(1) == Some(b'<') {
            let mut to = self.at + 2;
            while !is_empty(self.get(to)) && self.get(to) != Some(b'>') {
                to += 1;
            }
            self.push_to(if self.get(to) == Some(b'>') { to + 1 } else { to }, false);
            return;
        }
        let hex = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_hexdigit());
        let mut to = self.at + 1;
        while let Some(c) = self.get(to) {
            if c.is_ascii_alphanumeric() || b"-#;/?:@&=+$_.!~*'()".contains(&c) {
                to += 1;
            } else if c == b'%' && hex(self.get(to + 1)) && hex(self.get(to + 2)) {
                to += 3;
            } else {
                break;
            }
        }
        self.push_to(to, false);
    }
}
