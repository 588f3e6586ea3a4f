//! From pieces to a tree (`parse/parser.js`).

use super::cst::{Item, Kind, Node, Symbol, is_blank};
use super::flow::fix_sequence;
use super::lexer::{Mark, Piece};

/// The deepest nesting; what is deeper is no workflow.
const MAX_DEPTH: usize = 300;

/// What the stream is made of: documents, their ends, directives, errors.
pub(super) enum Part {
    Node(Node),
    Directive(Symbol),
}

/// A text, read.
pub(super) struct Parsed {
    pub parts: Vec<Part>,
    /// Where lines begin, as the package counts them: breaks within scalars that nobody expects are not counted.
    pub lines: Vec<usize>,
    /// From here on it is nested too deeply.
    pub too_deep: Option<usize>,
}

/// Reads pieces.
pub(super) fn parse(text: &str, pieces: &[Piece]) -> Parsed {
    let symbol = Symbol { kind: Kind::Newline, from: 0, to: 0, indent: 0 };
    let mut parser = Parser {
        text,
        at_newline: true,
        at_scalar: false,
        indent: 0,
        on_key_line: false,
        stack: Vec::new(),
        symbol,
        out: Vec::new(),
        lines: vec![0],
    };
    let mut too_deep = None;
    for piece in pieces {
        if parser.stack.len() > MAX_DEPTH {
            too_deep = Some(piece.from);
            break;
        }
        parser.next(*piece);
    }
    while !parser.stack.is_empty() {
        parser.pop(None);
    }
    Parsed { parts: parser.out, lines: parser.lines, too_deep }
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at_newline: bool,
    pub(super) at_scalar: bool,
    pub(super) indent: usize,
    pub(super) on_key_line: bool,
    pub(super) stack: Vec<Node>,
    pub(super) symbol: Symbol,
    pub(super) out: Vec<Part>,
    pub(super) lines: Vec<usize>,
}

/// The symbols before the first key of a mapping that begins in the middle of others.
pub(super) fn first_key_start(before: &mut Vec<Symbol>) -> Vec<Symbol> {
    let breaks = |symbol: &Symbol| {
        matches!(
            symbol.kind,
            Kind::DocumentStart | Kind::ExplicitKey | Kind::MapValue | Kind::SequenceItem | Kind::Newline
        )
    };
    let mut at = before.iter().rposition(breaks).map_or(0, |at| at + 1);
    while before.get(at).is_some_and(|symbol| symbol.kind == Kind::Space) {
        at += 1;
    }
    before.split_off(at.min(before.len()))
}

impl Parser<'_> {
    pub(super) fn next(&mut self, piece: Piece) {
        if self.at_scalar {
            self.at_scalar = false;
            self.symbol = Symbol { kind: Kind::Scalar, from: piece.from, to: piece.to, indent: self.indent };
            self.step();
            return;
        }
        let Some(kind) = Kind::of(self.text, piece) else {
            let source = self.text.get(piece.from..piece.to).unwrap_or("");
            self.symbol = Symbol { kind: Kind::Error, from: piece.from, to: piece.to, indent: self.indent };
            self.error(format!("Not a YAML token: {source}"));
            return;
        };
        if piece.mark == Mark::Scalar {
            self.at_newline = false;
            self.at_scalar = true;
            return;
        }
        self.symbol = Symbol { kind, from: piece.from, to: piece.to, indent: self.indent };
        self.step();
        match kind {
            Kind::Newline => {
                self.at_newline = true;
                self.indent = 0;
                self.lines.push(piece.to);
            }
            Kind::Space => {
                if self.at_newline && self.text.as_bytes().get(piece.from) == Some(&b' ') {
                    self.indent += piece.to - piece.from;
                }
            }
            Kind::ExplicitKey | Kind::MapValue | Kind::SequenceItem => {
                if self.at_newline {
                    self.indent += piece.to - piece.from;
                }
            }
            Kind::DocumentMode | Kind::FlowErrorEnd => {}
            _ => self.at_newline = false,
        }
    }

    /// Counts the lines of a scalar.
    pub(super) fn count_lines(&mut self) {
        let (from, to) = (self.symbol.from, self.symbol.to);
        let source = self.text.get(from..to).unwrap_or("");
        self.lines.extend(source.match_indices('\n').map(|(at, _)| from + at + 1));
    }

    pub(super) fn node(&self, kind: Kind) -> Node {
        Node::new(kind, Symbol { indent: self.indent, ..self.symbol })
    }

    pub(super) fn kind(&self) -> Kind {
        self.symbol.kind
    }

    /// An error in place of a node.
    pub(super) fn error(&mut self, message: String) {
        let node = Node { message, ..self.node(Kind::Error) };
        self.pop(Some(node));
    }

    /// An error of the stream.
    pub(super) fn stream_error(&mut self, place: &str) {
        let message = format!("Unexpected {} token in YAML {place}", self.kind().name());
        let mark = (self.kind() == Kind::FlowErrorEnd).then_some("\\u0018");
        let node = Node { message, mark, ..self.node(Kind::Error) };
        self.out.push(Part::Node(node));
    }

    pub(super) fn step(&mut self) {
        let Some(top) = self.stack.last() else { return self.stream() };
        if self.kind() == Kind::DocumentEnd && top.kind != Kind::DocumentEnd {
            while !self.stack.is_empty() {
                self.pop(None);
            }
            let end = self.node(Kind::DocumentEnd);
            self.stack.push(end);
            return;
        }
        match top.kind {
            Kind::Document => self.document(),
            Kind::Block => self.block_scalar(),
            Kind::BlockMap => self.block_map(),
            Kind::BlockSequence => self.block_sequence(),
            Kind::FlowCollection => self.flow_collection(),
            Kind::DocumentEnd => self.document_end(),
            kind if kind.is_flow_scalar() => self.scalar(),
            _ => self.pop(None),
        }
    }

    pub(super) fn again(&mut self) {
        self.pop(None);
        self.step();
    }

    /// Puts the node on top, or another one, into the one below.
    pub(super) fn pop(&mut self, other: Option<Node>) {
        let Some(mut node) = other.or_else(|| self.stack.pop()) else { return };
        let Some(top) = self.stack.last_mut() else {
            self.out.push(Part::Node(node));
            return;
        };
        if node.kind == Kind::Block {
            let has = matches!(top.kind, Kind::BlockMap | Kind::BlockSequence | Kind::FlowCollection);
            node.indent = if has { top.indent } else { 0 };
        } else if node.kind == Kind::FlowCollection && top.kind == Kind::Document {
            node.indent = 0;
        }
        if node.kind == Kind::FlowCollection {
            fix_sequence(&mut node);
        }
        let node = Box::new(node);
        match top.kind {
            Kind::Document => top.value = Some(node),
            Kind::Block => {
                let symbol = Symbol { kind: node.kind, from: node.from, to: node.to, indent: node.indent };
                top.start.push(symbol);
                return;
            }
            Kind::BlockMap | Kind::FlowCollection => {
                let block = top.kind == Kind::BlockMap;
                match top.items.last_mut() {
                    Some(item) if item.value.is_none() && item.sep.is_some() => item.value = Some(node),
                    Some(item) if item.value.is_none() => {
                        item.key = Some(node);
                        item.sep = Some(Vec::new());
                        if block {
                            self.on_key_line = !item.explicit;
                        }
                        return;
                    }
                    _ => {
                        top.items.push(Item { key: Some(node), sep: Some(Vec::new()), ..Item::default() });
                        if block {
                            self.on_key_line = true;
                        }
                        return;
                    }
                }
                if !block {
                    return;
                }
            }
            Kind::BlockSequence => match top.items.last_mut() {
                Some(item) if item.value.is_none() => item.value = Some(node),
                _ => top.items.push(Item { value: Some(node), ..Item::default() }),
            },
            _ => {
                self.pop(None);
                self.pop(Some(*node));
                return;
            }
        }
        self.hand_up_blanks();
    }

    /// Blanks at the end of a block collection belong to what it stands in.
    pub(super) fn hand_up_blanks(&mut self) {
        let Some(top) = self.stack.last_mut() else { return };
        let inner = match top.kind {
            Kind::Document => top.value.as_deref_mut(),
            Kind::BlockMap | Kind::BlockSequence => {
                top.items.last_mut().and_then(|item| item.value.as_deref_mut())
            }
            _ => None,
        };
        let Some(inner) = inner.filter(|inner| matches!(inner.kind, Kind::BlockMap | Kind::BlockSequence))
        else {
            return;
        };
        let indent = inner.indent;
        let handed = inner.items.last().is_some_and(|last| {
            last.sep.is_none()
                && last.value.is_none()
                && !last.start.is_empty()
                && last.start.iter().all(is_blank)
                && (indent == 0
                    || last.start.iter().all(|symbol| symbol.kind != Kind::Comment || symbol.indent < indent))
        });
        let Some(last) = inner.items.pop_if(|_| handed) else { return };
        if top.kind == Kind::Document {
            top.end = Some(last.start);
        } else {
            top.items.push(Item { start: last.start, ..Item::default() });
        }
    }

    pub(super) fn stream(&mut self) {
        match self.kind() {
            Kind::Directive => self.out.push(Part::Directive(self.symbol)),
            Kind::ByteOrderMark | Kind::Space | Kind::Comment | Kind::Newline => {}
            Kind::DocumentEnd => {
                let end = self.node(Kind::DocumentEnd);
                self.stack.push(end);
            }
            Kind::DocumentMode | Kind::DocumentStart => {
                let mut document = self.node(Kind::Document);
                if self.kind() == Kind::DocumentStart {
                    document.start.push(self.symbol);
                }
                self.stack.push(document);
            }
            _ => self.stream_error("stream"),
        }
    }

    pub(super) fn document(&mut self) {
        let kind = self.kind();
        let symbol = self.symbol;
        let Some(document) = self.stack.last_mut() else { return };
        if document.value.is_some() {
            return self.line_end();
        }
        match kind {
            Kind::DocumentStart if document.start.iter().any(|symbol| !is_blank(symbol)) => self.again(),
            Kind::DocumentStart | Kind::Anchor | Kind::Tag | Kind::Space | Kind::Comment | Kind::Newline => {
                document.start.push(symbol);
            }
            _ => match self.block_value() {
                Some(node) => self.stack.push(node),
                None => self.stream_error("document"),
            },
        }
    }

    /// The symbols before a value of the node below the top.
    pub(super) fn before_value(&mut self, below: usize) -> Vec<Symbol> {
        let at = self.stack.len().checked_sub(below);
        let Some(parent) = at.and_then(|at| self.stack.get_mut(at)) else { return Vec::new() };
        let symbols = match parent.kind {
            Kind::Document => Some(&mut parent.start),
            Kind::BlockMap => {
                parent.items.last_mut().map(|item| item.sep.as_mut().unwrap_or(&mut item.start))
            }
            Kind::BlockSequence => parent.items.last_mut().map(|item| &mut item.start),
            _ => None,
        };
        symbols.map(first_key_start).unwrap_or_default()
    }

    pub(super) fn scalar(&mut self) {
        if self.kind() != Kind::MapValue {
            return self.line_end();
        }
        let start = self.before_value(2);
        let Some(mut scalar) = self.stack.pop() else { return };
        let mut sep = scalar.end.take().unwrap_or_default();
        sep.push(self.symbol);
        let mut map = Node::new(Kind::BlockMap, self.symbol);
        map.from = scalar.from;
        map.indent = scalar.indent;
        map.items.push(Item { start, key: Some(Box::new(scalar)), sep: Some(sep), ..Item::default() });
        self.on_key_line = true;
        self.stack.push(map);
    }

    pub(super) fn block_scalar(&mut self) {
        let symbol = self.symbol;
        let Some(scalar) = self.stack.last_mut() else { return };
        match symbol.kind {
            Kind::Space | Kind::Comment | Kind::Newline => scalar.start.push(symbol),
            Kind::Scalar => {
                scalar.body = Some((symbol.from, symbol.to));
                self.count_lines();
                // It ends with its last break.
                self.at_newline = true;
                self.indent = 0;
                self.pop(None);
            }
            _ => self.again(),
        }
    }

    /// The node that a symbol begins in a block.
    pub(super) fn block_value(&mut self) -> Option<Node> {
        let symbol = self.symbol;
        let kind = symbol.kind;
        Some(match kind {
            kind if kind.is_flow_scalar() => {
                self.count_lines();
                self.node(kind)
            }
            Kind::BlockHeader => Node { start: vec![symbol], ..self.node(Kind::Block) },
            Kind::FlowMapStart | Kind::FlowSequenceStart => Node {
                braces: kind == Kind::FlowMapStart,
                end: Some(Vec::new()),
                ..self.node(Kind::FlowCollection)
            },
            Kind::SequenceItem => {
                let items = vec![Item { start: vec![symbol], ..Item::default() }];
                Node { items, ..self.node(Kind::BlockSequence) }
            }
            Kind::ExplicitKey | Kind::MapValue => {
                self.on_key_line = true;
                let mut start = self.before_value(1);
                let explicit = kind == Kind::ExplicitKey;
                let mut item = Item { explicit, ..Item::default() };
                if explicit {
                    start.push(symbol);
                } else {
                    item.sep = Some(vec![symbol]);
                }
                item.start = start;
                Node { items: vec![item], ..self.node(Kind::BlockMap) }
            }
            _ => return None,
        })
    }

    pub(super) fn document_end(&mut self) {
        let symbol = self.symbol;
        if symbol.kind == Kind::DocumentMode {
            return;
        }
        if let Some(end) = self.stack.last_mut() {
            end.end.get_or_insert_default().push(symbol);
        }
        if symbol.kind == Kind::Newline {
            self.pop(None);
        }
    }

    pub(super) fn line_end(&mut self) {
        let symbol = self.symbol;
        match symbol.kind {
            Kind::Comma
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::FlowSequenceEnd
            | Kind::FlowMapEnd
            | Kind::MapValue => self.again(),
            _ => {
                if symbol.kind == Kind::Newline {
                    self.on_key_line = false;
                }
                if let Some(top) = self.stack.last_mut() {
                    top.end.get_or_insert_default().push(symbol);
                }
                if symbol.kind == Kind::Newline {
                    self.pop(None);
                }
            }
        }
    }
}
