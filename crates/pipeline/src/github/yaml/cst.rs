//! The concrete syntax tree (`parse/cst.js`).

use super::lexer::{Mark, Piece};

/// What a symbol or a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ByteOrderMark,
    DocumentMode,
    FlowErrorEnd,
    DocumentStart,
    DocumentEnd,
    Newline,
    SequenceItem,
    ExplicitKey,
    MapValue,
    FlowMapStart,
    FlowMapEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    Comma,
    Space,
    Comment,
    Directive,
    Alias,
    Anchor,
    Tag,
    Single,
    Double,
    BlockHeader,
    Scalar,
    // Nodes alone:
    Document,
    Block,
    BlockMap,
    BlockSequence,
    FlowCollection,
    Error,
}

impl Kind {
    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::ByteOrderMark => "byte-order-mark",
            Kind::DocumentMode => "doc-mode",
            Kind::FlowErrorEnd => "flow-error-end",
            Kind::DocumentStart => "doc-start",
            Kind::DocumentEnd => "doc-end",
            Kind::Newline => "newline",
            Kind::SequenceItem => "seq-item-ind",
            Kind::ExplicitKey => "explicit-key-ind",
            Kind::MapValue => "map-value-ind",
            Kind::FlowMapStart => "flow-map-start",
            Kind::FlowMapEnd => "flow-map-end",
            Kind::FlowSequenceStart => "flow-seq-start",
            Kind::FlowSequenceEnd => "flow-seq-end",
            Kind::Comma => "comma",
            Kind::Space => "space",
            Kind::Comment => "comment",
            Kind::Directive => "directive-line",
            Kind::Alias => "alias",
            Kind::Anchor => "anchor",
            Kind::Tag => "tag",
            Kind::Single => "single-quoted-scalar",
            Kind::Double => "double-quoted-scalar",
            Kind::BlockHeader => "block-scalar-header",
            Kind::Scalar => "scalar",
            Kind::Document => "document",
            Kind::Block => "block-scalar",
            Kind::BlockMap => "block-map",
            Kind::BlockSequence => "block-seq",
            Kind::FlowCollection => "flow-collection",
            Kind::Error => "error",
        }
    }

    /// Whether it is a scalar on its own or in quotes, or an alias.
    pub(super) fn is_flow_scalar(self) -> bool {
        matches!(self, Kind::Alias | Kind::Scalar | Kind::Single | Kind::Double)
    }

    /// The kind of a piece; none: it is no symbol of YAML.
    pub(super) fn of(text: &str, piece: Piece) -> Option<Kind> {
        match piece.mark {
            Mark::Document => return Some(Kind::DocumentMode),
            Mark::FlowEnd => return Some(Kind::FlowErrorEnd),
            Mark::Scalar => return Some(Kind::Scalar),
            Mark::Text => {}
        }
        let source = text.get(piece.from..piece.to).unwrap_or("");
        Some(match source {
            "\u{feff}" => Kind::ByteOrderMark,
            "---" => Kind::DocumentStart,
            "..." => Kind::DocumentEnd,
            "" | "\n" | "\r\n" => Kind::Newline,
            "-" => Kind::SequenceItem,
            "?" => Kind::ExplicitKey,
            ":" => Kind::MapValue,
            "{" => Kind::FlowMapStart,
            "}" => Kind::FlowMapEnd,
            "[" => Kind::FlowSequenceStart,
            "]" => Kind::FlowSequenceEnd,
            "," => Kind::Comma,
            _ => match source.as_bytes().first() {
                Some(b' ' | b'\t') => Kind::Space,
                Some(b'#') => Kind::Comment,
                Some(b'%') => Kind::Directive,
                Some(b'*') => Kind::Alias,
                Some(b'&') => Kind::Anchor,
                Some(b'!') => Kind::Tag,
                Some(b'\'') => Kind::Single,
                Some(b'"') => Kind::Double,
                Some(b'|' | b'>') => Kind::BlockHeader,
                _ => return None,
            },
        })
    }
}

/// A symbol: what it is, its bytes, and the indentation of its line so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    pub kind: Kind,
    pub from: usize,
    pub to: usize,
    pub indent: usize,
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub from: usize,
    /// Of scalars, where their text ends.
    pub to: usize,
    pub indent: usize,
    /// Symbols before the content: of a document, of a block scalar.
    pub start: Vec<Symbol>,
    /// Of collections.
    pub items: Vec<Item>,
    /// Of a document.
    pub value: Option<Box<Node>>,
    /// Symbols behind it, where there can be some.
    pub end: Option<Vec<Symbol>>,
    /// Of a block scalar, its text; it begins behind the header.
    pub body: Option<(usize, usize)>,
    /// Of a flow collection, whether it is a mapping.
    pub braces: bool,
    /// Of an error.
    pub message: String,
    /// Of an error at a mark of the lexer, how the package shows it.
    pub mark: Option<&'static str>,
}

/// An item of a collection.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub start: Vec<Symbol>,
    pub key: Option<Box<Node>>,
    pub sep: Option<Vec<Symbol>>,
    pub value: Option<Box<Node>>,
    pub explicit: bool,
}

impl Node {
    pub(super) fn new(kind: Kind, symbol: Symbol) -> Node {
        Node {
            kind,
            from: symbol.from,
            to: symbol.to,
            indent: symbol.indent,
            start: Vec::new(),
            items: Vec::new(),
            value: None,
            end: None,
            body: None,
            braces: false,
            message: String::new(),
            mark: None,
        }
    }

    pub(super) fn is_flow(&self) -> bool {
        self.kind.is_flow_scalar() || self.kind == Kind::FlowCollection
    }
}

pub(super) fn includes(symbols: &[Symbol], kind: Kind) -> bool {
    symbols.iter().any(|symbol| symbol.kind == kind)
}

pub(super) fn is_blank(symbol: &Symbol) -> bool {
    matches!(symbol.kind, Kind::Space | Kind::Comment | Kind::Newline)
}
