//! Documents out of the tree (`compose/composer.js`, `compose-doc.js`, `compose-node.js`,
//! `resolve-props.js`, `resolve-end.js`, `doc/directives.js`).

use std::collections::BTreeMap;

use opscape_manifest::diagnostic::{Position, Span};

use super::Error;
use super::cst::{Kind, Node, Symbol, is_blank};
use super::lexer::pieces;
use super::parser::{Parsed, Part, parse};
use super::{collection, scalar};
use crate::yaml::{self, Content, Style};

/// Where a node begins, where its value ends, and where all that belongs to it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub from: usize,
    pub value: usize,
    pub end: usize,
}

/// A node and its place.
pub(super) struct Value {
    pub range: Range,
    pub node: yaml::Node,
}

/// The most values a document may have, those that aliases repeat included.
const MAX_NODES: usize = 200_000;

/// What is known while nodes are composed.
pub(super) struct Composer<'a> {
    pub text: &'a str,
    pub at_root: bool,
    pub errors: Vec<Error>,
    starts: &'a [usize],
    ascii: bool,
    anchors: BTreeMap<String, yaml::Node>,
    nodes: usize,
    tags: BTreeMap<String, String>,
}

/// The place of a byte, by the places where lines begin.
pub(super) fn position(text: &str, starts: &[usize], ascii: bool, offset: usize) -> Position {
    let line = starts.partition_point(|start| *start <= offset).max(1);
    let start = starts.get(line - 1).copied().unwrap_or(0);
    let column = if ascii {
        offset - start
    } else {
        // Behind the end there is nothing to count.
        let beyond = offset.saturating_sub(text.len());
        text.get(start..offset.min(text.len())).unwrap_or("").chars().count() + beyond
    };
    Position { line: line as u32, column: column as u32 + 1, offset: offset as u32 }
}

/// A text, composed.
pub(super) struct Composed {
    /// The first document, if there is one.
    pub document: Option<yaml::Node>,
    /// Its errors, and that there is no second one.
    pub errors: Vec<Error>,
    /// Where lines begin.
    pub starts: Vec<usize>,
}

/// Composes a text that should be one document.
pub(super) fn compose(text: &str) -> Composed {
    let Parsed { parts, lines, too_deep } = parse(text, &pieces(text));
    let mut composer = Composer {
        text,
        at_root: true,
        errors: Vec::new(),
        starts: &lines,
        ascii: text.is_ascii(),
        anchors: BTreeMap::new(),
        nodes: 0,
        tags: BTreeMap::from([("!!".to_owned(), CORE.to_owned())]),
    };
    let mut document: Option<Vec<Error>> = None;
    let mut first = None;
    let mut at_directives = false;
    for part in parts {
        match part {
            Part::Directive(symbol) => {
                composer.directive(symbol);
                at_directives = true;
            }
            Part::Node(node) if node.kind == Kind::Document => {
                composer.at_root = true;
                let explicit = node.start.iter().any(|symbol| symbol.kind == Kind::DocumentStart);
                // What was found before belongs to this document, unless there is one already.
                let before =
                    if document.is_none() { std::mem::take(&mut composer.errors) } else { Vec::new() };
                let found = std::mem::replace(&mut composer.errors, before);
                composer.anchors.clear();
                let value = composer.document(&node);
                if at_directives && !explicit {
                    composer
                        .error((node.from, node.from + 1), "Missing directives-end/doc-start indicator line");
                }
                if let Some(mut errors) = document {
                    errors.extend(found);
                    let message = "Source contains multiple documents; please use YAML.parseAllDocuments()";
                    errors.push(Error {
                        from: node.from,
                        to: value.range.value,
                        message: message.to_owned(),
                    });
                    return Composed { document: None, errors, starts: lines };
                }
                document = Some(std::mem::take(&mut composer.errors));
                first = Some(value.node);
                composer.tags = BTreeMap::from([("!!".to_owned(), CORE.to_owned())]);
                at_directives = false;
            }
            Part::Node(node) if node.kind == Kind::DocumentEnd => {
                if let Some(errors) = &mut document {
                    composer.end(node.end.as_deref(), node.to, true);
                    errors.append(&mut composer.errors);
                } else {
                    composer.error((node.from, node.to), "Unexpected doc-end without preceding document");
                }
            }
            Part::Node(node) => {
                let source = text.get(node.from..node.to).unwrap_or("");
                let message = match node.mark {
                    Some(mark) => format!("{}: \"{mark}\"", node.message),
                    None if source.is_empty() => node.message,
                    None => format!("{}: {}", node.message, serde_json::Value::from(source)),
                };
                let error = Error { from: node.from, to: node.to.max(node.from + 1), message };
                match &mut document {
                    Some(errors) if !at_directives => errors.push(error),
                    _ => composer.errors.push(error),
                }
            }
        }
    }
    if document.is_none() && at_directives {
        composer.error((text.len(), text.len() + 1), "Missing directives-end indicator line");
    }
    let mut errors = document.unwrap_or_default();
    errors.append(&mut composer.errors);
    if let Some(at) = too_deep {
        let message = "Maximum call stack size exceeded".to_owned();
        errors.push(Error { from: at, to: at + 1, message });
    }
    Composed { document: first, errors, starts: lines }
}

const CORE: &str = "tag:yaml.org,2002:";

/// What stands before a node.
pub(super) struct Props {
    pub comma: Option<Symbol>,
    pub found: Option<Symbol>,
    pub has_newline: bool,
    pub anchor: Option<Symbol>,
    pub tag: Option<Symbol>,
    pub newline_after: Option<Symbol>,
    pub end: usize,
    pub start: usize,
}

/// What is expected before a node.
pub(super) struct Expected<'a> {
    /// The name of the flow collection that it stands in.
    pub flow: Option<&'static str>,
    pub indicator: Kind,
    pub next: Option<Next<'a>>,
    pub offset: usize,
    pub parent_indent: usize,
    pub on_newline: bool,
}

/// What comes behind: a node or a symbol.
#[derive(Clone, Copy)]
pub(super) enum Next<'a> {
    Node(&'a Node),
    Symbol(&'a Symbol),
}

impl Next<'_> {
    fn kind(self) -> Kind {
        match self {
            Next::Node(node) => node.kind,
            Next::Symbol(symbol) => symbol.kind,
        }
    }

    fn span(self) -> (usize, usize) {
        match self {
            Next::Node(node) => (node.from, node.to),
            Next::Symbol(symbol) => (symbol.from, symbol.to),
        }
    }
}

const COMMENT: &str = "Comments must be separated from other tokens by white space characters";
const SEPARATED: &str = "Tags and anchors must be separated from the next token by white space";
const TAB: &str = "Tabs are not allowed as indentation";

impl Composer<'_> {
    pub(super) fn error(&mut self, (from, to): (usize, usize), message: impl Into<String>) {
        self.errors.push(Error { from, to, message: message.into() });
    }

    pub(super) fn at(&mut self, offset: usize, message: impl Into<String>) {
        self.error((offset, offset + 1), message);
    }

    pub(super) fn on(&mut self, symbol: Symbol, message: impl Into<String>) {
        self.error((symbol.from, symbol.to), message);
    }

    pub(super) fn source(&self, symbol: Symbol) -> &str {
        self.text.get(symbol.from..symbol.to).unwrap_or("")
    }

    fn directive(&mut self, symbol: Symbol) {
        let source = self.source(symbol).to_owned();
        let mut parts = source.split([' ', '\t']).filter(|part| !part.is_empty());
        let name = parts.next();
        let parts: Vec<&str> = parts.collect();
        match (name, parts.as_slice()) {
            (Some("%TAG"), [handle, prefix, rest @ ..]) => {
                if !rest.is_empty() {
                    self.on(symbol, "%TAG directive should contain exactly two parts");
                }
                self.tags.insert((*handle).to_owned(), (*prefix).to_owned());
            }
            (Some("%TAG"), _) => self.on(symbol, "%TAG directive should contain exactly two parts"),
            (Some("%YAML"), [version]) => {
                let (major, minor) = version.split_once('.').unwrap_or(("", ""));
                let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                if !(digits(major) && digits(minor)) {
                    let message = format!("Unsupported YAML version {version}");
                    self.error((symbol.from + 6, symbol.to), message);
                }
            }
            (Some("%YAML"), _) => self.on(symbol, "%YAML directive should contain exactly one part"),
            _ => {}
        }
    }

    fn document(&mut self, document: &Node) -> Value {
        let value = document.value.as_deref();
        let end = document.end.as_deref();
        let next = value.map(Next::Node).or_else(|| end.and_then(<[Symbol]>::first).map(Next::Symbol));
        let props = self.props(
            &document.start,
            &Expected {
                flow: None,
                indicator: Kind::DocumentStart,
                next,
                offset: document.from,
                parent_indent: 0,
                on_newline: true,
            },
        );
        let block = value.is_some_and(|value| matches!(value.kind, Kind::BlockMap | Kind::BlockSequence));
        if props.found.is_some() && block && !props.has_newline {
            self.at(props.end, "Block collection cannot start on same line with directives-end marker");
        }
        let content = match value {
            Some(value) => self.node(value, &props),
            None => self.empty(props.end, Some(&document.start), &props),
        };
        let value = content.range.end;
        let end = self.end(end, value, false);
        Value { range: Range { from: document.from, value, end }, node: content.node }
    }

    /// What stands before a node.
    pub(super) fn props(&mut self, symbols: &[Symbol], expected: &Expected<'_>) -> Props {
        let mut at_newline = expected.on_newline;
        let mut has_space = expected.on_newline;
        let mut required = false;
        let mut tab: Option<Symbol> = None;
        let mut start = None;
        let mut props = Props {
            comma: None,
            found: None,
            has_newline: false,
            anchor: None,
            tag: None,
            newline_after: None,
            end: symbols.last().map_or(expected.offset, |last| last.to),
            start: 0,
        };
        let next_kind = expected.next.map(Next::kind);
        for symbol in symbols.iter().copied() {
            if required {
                if !matches!(symbol.kind, Kind::Space | Kind::Newline | Kind::Comma) {
                    self.at(symbol.from, SEPARATED);
                }
                required = false;
            }
            if let Some(tab) = tab.take()
                && at_newline
                && !matches!(symbol.kind, Kind::Comment | Kind::Newline)
            {
                self.on(tab, TAB);
            }
            let kind = symbol.kind;
            match kind {
                Kind::Space => {
                    let counts = expected.flow.is_none()
                        && (expected.indicator != Kind::DocumentStart
                            || next_kind != Some(Kind::FlowCollection));
                    if counts && self.source(symbol).contains('\t') {
                        tab = Some(symbol);
                    }
                    has_space = true;
                }
                Kind::Comment => {
                    if !has_space {
                        self.on(symbol, COMMENT);
                    }
                    at_newline = false;
                }
                Kind::Newline => {
                    at_newline = true;
                    props.has_newline = true;
                    if props.anchor.is_some() || props.tag.is_some() {
                        props.newline_after = Some(symbol);
                    }
                    has_space = true;
                }
                Kind::Anchor => {
                    if props.anchor.is_some() {
                        self.on(symbol, "A node can have at most one anchor");
                    }
                    props.anchor = Some(symbol);
                    start = start.or(Some(symbol.from));
                    at_newline = false;
                    has_space = false;
                    required = true;
                }
                Kind::Tag => {
                    if props.tag.is_some() {
                        self.on(symbol, "A node can have at most one tag");
                    }
                    props.tag = Some(symbol);
                    start = start.or(Some(symbol.from));
                    at_newline = false;
                    has_space = false;
                    required = true;
                }
                _ if kind == expected.indicator => {
                    let source = self.source(symbol).to_owned();
                    if props.anchor.is_some() || props.tag.is_some() {
                        self.on(symbol, format!("Anchors and tags must be after the {source} indicator"));
                    }
                    if props.found.is_some() {
                        let place = expected.flow.unwrap_or("collection");
                        self.on(symbol, format!("Unexpected {source} in {place}"));
                    }
                    props.found = Some(symbol);
                    at_newline = matches!(kind, Kind::SequenceItem | Kind::ExplicitKey);
                    has_space = false;
                }
                Kind::Comma if expected.flow.is_some() => {
                    if props.comma.is_some() {
                        self.on(symbol, format!("Unexpected , in {}", expected.flow.unwrap_or_default()));
                    }
                    props.comma = Some(symbol);
                    at_newline = false;
                    has_space = false;
                }
                _ => {
                    self.on(symbol, format!("Unexpected {} token", kind.name()));
                    at_newline = false;
                    has_space = false;
                }
            }
        }
        if required && let Some(next) = expected.next {
            let (from, to) = next.span();
            let empty = next.kind() == Kind::Scalar && from == to;
            if !matches!(next.kind(), Kind::Space | Kind::Newline | Kind::Comma) && !empty {
                self.at(from, SEPARATED);
            }
        }
        if let Some(tab) = tab {
            let block = matches!(next_kind, Some(Kind::BlockMap | Kind::BlockSequence));
            if (at_newline && tab.indent <= expected.parent_indent) || block {
                self.on(tab, TAB);
            }
        }
        props.start = start.unwrap_or(props.end);
        props
    }

    /// What stands behind a node; where it ends.
    pub(super) fn end(&mut self, symbols: Option<&[Symbol]>, offset: usize, spaced: bool) -> usize {
        let mut has_space = false;
        let mut end = offset;
        for symbol in symbols.unwrap_or_default().iter().copied() {
            match symbol.kind {
                Kind::Space | Kind::Newline => has_space = true,
                Kind::Comment => {
                    if spaced && !has_space {
                        self.on(symbol, COMMENT);
                    }
                }
                kind => self.on(symbol, format!("Unexpected {} at node end", kind.name())),
            }
            end += symbol.to - symbol.from;
        }
        end
    }

    /// A node of a document.
    pub(super) fn made(&mut self, range: Range, content: Content) -> Value {
        self.nodes += 1;
        if self.nodes == MAX_NODES {
            self.at(range.from, "document contains excessive aliasing");
        }
        let place = |offset| position(self.text, self.starts, self.ascii, offset);
        let span = Span { start: place(range.from), end: place(range.value) };
        Value { range, node: yaml::Node { span, tag: None, content } }
    }

    fn scalar(&mut self, (range, text): (Range, String), style: Style, props: &Props) -> Value {
        let mut value = self.made(range, Content::Scalar(text, style));
        self.tagged(&mut value.node, props.tag);
        value
    }

    /// Gives a node its tag. The tags of YAML's own scalars say how a text is read.
    fn tagged(&mut self, node: &mut yaml::Node, tag: Option<Symbol>) {
        let Some(tag) = self.tag(tag) else { return };
        let reads = ["null", "bool", "int", "float"];
        let own = tag.strip_prefix(CORE);
        if let Content::Scalar(_, style) = &mut node.content {
            match own {
                Some(own) if reads.contains(&own) => *style = Style::Plain,
                _ if *style == Style::Plain => *style = Style::Quoted,
                _ => {}
            }
        }
        let foreign = own.is_none() && tag != "!";
        node.tag = foreign.then_some(tag);
    }

    /// A node with what stands before it.
    pub(super) fn node(&mut self, node: &Node, props: &Props) -> Value {
        let value = match node.kind {
            Kind::Alias => {
                let value = self.alias(node);
                if props.anchor.is_some() || props.tag.is_some() {
                    self.error((node.from, node.to), "An alias node must not specify any properties");
                }
                value
            }
            Kind::Scalar | Kind::Single | Kind::Double => {
                let style = if node.kind == Kind::Scalar { Style::Plain } else { Style::Quoted };
                let scalar = scalar::flow(self, node);
                self.scalar(scalar, style, props)
            }
            Kind::Block => {
                let scalar = scalar::block(self, node);
                self.scalar(scalar, Style::Block, props)
            }
            Kind::BlockMap | Kind::BlockSequence | Kind::FlowCollection => {
                collection::compose(self, node, props)
            }
            _ => {
                self.error((node.from, node.to.max(node.from + 1)), node.message.as_str());
                return self.empty(node.from, None, props);
            }
        };
        if node.kind != Kind::Alias {
            self.anchor(props.anchor, &value.node);
        }
        value
    }

    /// A key with what stands before it. An alias as a key is no text.
    pub(super) fn key(&mut self, node: &Node, props: &Props) -> Value {
        let mut value = self.node(node, props);
        if node.kind == Kind::Alias {
            value = self.made(value.range, Content::List(Vec::new()));
        }
        value
    }

    fn anchor(&mut self, anchor: Option<Symbol>, node: &yaml::Node) {
        let Some(anchor) = anchor else { return };
        let name = self.source(anchor).trim_start_matches('&').to_owned();
        if name.is_empty() {
            self.on(anchor, "Anchor cannot be an empty string");
        }
        self.anchors.insert(name, node.clone());
    }

    /// A node that is not there, behind blanks that are.
    pub(super) fn empty(&mut self, offset: usize, before: Option<&[Symbol]>, props: &Props) -> Value {
        let mut at = offset;
        if let Some(before) = before {
            let last = before.iter().rposition(|symbol| !is_blank(symbol));
            let blanks = before.get(last.map_or(0, |last| last + 1)..).unwrap_or_default();
            at -= blanks.iter().map(|symbol| symbol.to - symbol.from).sum::<usize>().min(at);
            if last.is_some() {
                let spaces = blanks.iter().take_while(|symbol| symbol.kind == Kind::Space);
                at += spaces.map(|symbol| symbol.to - symbol.from).sum::<usize>();
            }
        }
        let has_comment =
            before.is_some_and(|before| before.iter().any(|symbol| symbol.kind == Kind::Comment));
        let range = Range { from: at, value: at, end: if has_comment { props.end } else { at } };
        let value = self.scalar((range, String::new()), Style::Plain, props);
        self.anchor(props.anchor, &value.node);
        value
    }

    /// What an anchor before it names; it stands where that stands. One that names nothing, or what it stands in, is nothing.
    fn alias(&mut self, node: &Node) -> Value {
        if node.to - node.from == 1 {
            self.at(node.from, "Alias cannot be an empty string");
        }
        let end = self.end(node.end.as_deref(), node.to, true);
        let range = Range { from: node.from, value: node.to, end };
        let name = self.text.get(node.from + 1..node.to).unwrap_or("");
        let named = self.anchors.get(name).filter(|_| self.nodes < MAX_NODES).cloned();
        let mut value = self.made(range, Content::Scalar(String::new(), Style::Absent));
        if let Some(named) = named {
            self.nodes += yaml::size(&named);
            if self.nodes >= MAX_NODES {
                self.at(node.from, "document contains excessive aliasing");
            }
            value.node = named;
        }
        value
    }

    /// Checks a tag; what it is called in full, if it is a tag.
    pub(super) fn tag(&mut self, tag: Option<Symbol>) -> Option<String> {
        let symbol = tag?;
        let source = self.source(symbol).to_owned();
        if source == "!" {
            return Some(source);
        }
        if let Some(verbatim) = source.strip_prefix("!<") {
            let inner = verbatim.get(..verbatim.len().saturating_sub(1)).unwrap_or("");
            if inner == "!" || inner == "!!" {
                self.on(symbol, format!("Verbatim tags aren't resolved, so {source} is invalid."));
                return None;
            }
            if !source.ends_with('>') {
                self.on(symbol, "Verbatim tags must end with a >");
            }
            return Some(inner.to_owned());
        }
        let at = source.rfind('!').map_or(0, |at| at + 1);
        let (handle, suffix) = source.split_at(at);
        if suffix.is_empty() {
            self.on(symbol, format!("The {source} tag has no suffix"));
        }
        if let Some(prefix) = self.tags.get(handle) {
            return Some(format!("{prefix}{suffix}"));
        }
        if handle == "!" {
            return Some(source);
        }
        self.on(symbol, format!("Could not resolve tag: {source}"));
        None
    }
}
