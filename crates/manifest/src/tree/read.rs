//! From saphyr-parser's events to nodes.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::places::Places;
use super::wording::{go_message, message};
use super::{Content, Entry, Node, resolve};
use crate::diagnostic::{Diagnostic, Position, Severity, Span};
use crate::order::sort_by;
use crate::value::Value;

/// What a text may take; beyond, it is refused with a message instead of taking the page down.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nested lists and maps.
    pub depth: usize,
    /// Values, those that aliases repeat included.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 100, nodes: 300_000 }
    }
}

/// The outcome of reading one document.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The document; `None` if it is empty or broken.
    pub root: Option<Node>,
    /// What is wrong with it: at most one error, and warnings for repeated keys.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the first document of `text`, which stands in a larger text at `base`.
pub fn parse(text: &str, base: Position, limits: Limits) -> Parsed {
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let text = text.get(bom..).unwrap_or("");
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        places: Places::new(text, base, bom),
        anchors: Vec::new(),
        limits,
        nodes: 0,
        diagnostics: Vec::new(),
    };
    let root = match reader.document() {
        Ok(root) => root,
        Err(broken) => {
            let diagnostic = reader.explain(broken);
            reader.diagnostics.push(diagnostic);
            None
        }
    };
    Parsed { root, diagnostics: reader.diagnostics }
}

enum Broken {
    Scan(ScanError),
    /// Words, hint, place.
    Here(String, &'static str, Marker),
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    places: Places<'a>,
    anchors: Vec<(usize, Node)>,
    limits: Limits,
    nodes: usize,
    diagnostics: Vec<Diagnostic>,
}

type Token<'a> = (Event<'a>, saphyr_parser::Span);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Token<'a>, Broken> {
        match self.parser.next_event() {
            Some(Ok(token)) => Ok(token),
            Some(Err(error)) => Err(Broken::Scan(error)),
            None => Ok((Event::StreamEnd, saphyr_parser::Span::default())),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Broken> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(None),
                (Event::DocumentStart(_), _) => break,
                _ => {}
            }
        }
        let first = self.next()?;
        let root = self.node(first, 0)?;
        // The end has to be seen too: trailing garbage is an error of the document.
        self.next()?;
        self.next()?;
        let empty = matches!(&root.content, Content::Scalar(Value::Null));
        Ok(if empty { None } else { Some(root) })
    }

    fn count(&mut self, nodes: usize, at: Marker) -> Result<(), Broken> {
        self.nodes += nodes;
        if self.nodes <= self.limits.nodes {
            return Ok(());
        }
        if nodes > 1 {
            let words = "document contains excessive aliasing".to_owned();
            return Err(Broken::Here(words, "hint.too-many-aliases", at));
        }
        let words = format!("document has more than {} values", self.limits.nodes);
        Err(Broken::Here(words, "hint.too-large", at))
    }

    fn node(&mut self, (event, span): Token<'a>, depth: usize) -> Result<Node, Broken> {
        if depth > self.limits.depth {
            let words = format!("exceeded max depth of {}", self.limits.depth);
            return Err(Broken::Here(words, "hint.too-deep", span.start));
        }
        self.count(1, span.start)?;
        let place = self.places.span(span);
        let (content, end, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let end = self.places.scalar_end(place, style);
                (Content::Scalar(scalar(&text, style, tag.as_deref())), end, anchor)
            }
            Event::Alias(id) => {
                let found = self.anchors.iter().rev().find(|(anchor, _)| *anchor == id);
                let Some((_, node)) = found else {
                    return Err(self.unknown_anchor(span.start));
                };
                let mut node = node.clone();
                let nodes = size(&node);
                self.count(nodes, span.start)?;
                node.span = place;
                return Ok(node);
            }
            Event::SequenceStart(anchor, _) => {
                let (items, end) = self.sequence(place, depth)?;
                (Content::List(items), end, anchor)
            }
            Event::MappingStart(anchor, _) => {
                let (entries, end) = self.mapping(place, depth)?;
                (Content::Map(entries), end, anchor)
            }
            _ => (Content::Scalar(Value::Null), place.end, 0),
        };
        let node = Node { span: Span { start: place.start, end }, content };
        if anchor > 0 {
            // Nested anchors repeat what they hold, so they count like aliases.
            let nodes = size(&node);
            self.count(nodes, span.start)?;
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }

    /// A closing bracket ends a collection; without one its last part does.
    fn end(&mut self, close: saphyr_parser::Span, last: Option<Position>, start: Span) -> Position {
        if close.start.index() == close.end.index() {
            return last.unwrap_or(start.end);
        }
        self.places.position(close.end)
    }

    fn sequence(&mut self, start: Span, depth: usize) -> Result<(Vec<Node>, Position), Broken> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let token = self.next()?;
            if matches!(token.0, Event::SequenceEnd | Event::StreamEnd) {
                let last = items.last().map(|item| item.span.end);
                return Ok((items, self.end(token.1, last, start)));
            }
            items.push(self.node(token, depth + 1)?);
        }
    }

    fn mapping(&mut self, start: Span, depth: usize) -> Result<(Vec<Entry>, Position), Broken> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        let mut last = None;
        loop {
            let token = self.next()?;
            if matches!(token.0, Event::MappingEnd | Event::StreamEnd) {
                let end = self.end(token.1, last, start);
                self.warn_of_repeats(&entries);
                for source in merged {
                    merge_into(&mut entries, source, token.1.start)?;
                }
                return Ok((entries, end));
            }
            let at = token.1.start;
            let merge = matches!(&token.0, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.node(token, depth + 1)?;
            let value_token = self.next()?;
            let value = self.node(value_token, depth + 1)?;
            last = Some(value.span.end.max(key.span.end));
            if merge {
                merged.push(value);
                continue;
            }
            let Some(name) = key_text(&key) else {
                return Err(Broken::Here("invalid map key".to_owned(), "hint.yaml-key", at));
            };
            entries.push(Entry { key: name, key_span: key.span, value });
        }
    }

    fn warn_of_repeats(&mut self, entries: &[Entry]) {
        let mut order: Vec<(&str, usize)> =
            entries.iter().enumerate().map(|(i, entry)| (entry.key.as_str(), i)).collect();
        sort_by(&mut order, Ord::cmp);
        for pair in order.windows(2) {
            if let [(first, _), (second, at)] = pair
                && first == second
                && let Some(entry) = entries.get(*at)
            {
                let line = entry.key_span.start.line - self.places.base().line + 1;
                let words = format!("line {line}: key {} already set in map", crate::golang::quote(second));
                // At the start of a line a second `apiVersion` begins a second object.
                let begins = *second == "apiVersion" && entry.key_span.start.column == 1;
                let hint = if begins { "hint.separator" } else { "hint.repeated-key" };
                self.diagnostics.push(
                    Diagnostic::error(words, entry.key_span)
                        .with_severity(Severity::Warning)
                        .with_hint(hint, &[("key", second)]),
                );
            }
        }
    }

    fn unknown_anchor(&mut self, at: Marker) -> Broken {
        let byte = self.places.byte_of(at.index());
        let rest = self.places.text().get(byte..).unwrap_or("").trim_start_matches('*');
        let end = rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(rest.len());
        let name = rest.get(..end.min(64)).unwrap_or("");
        Broken::Here(format!("unknown anchor '{name}' referenced"), "hint.yaml-anchor", at)
    }

    fn explain(&mut self, broken: Broken) -> Diagnostic {
        match broken {
            Broken::Scan(error) => {
                let marker = *error.marker();
                if error.info().contains("unknown anchor") {
                    let broken = self.unknown_anchor(marker);
                    return self.explain(broken);
                }
                if error.info() == "invalid indentation in quoted scalar" {
                    // libyaml reads on to the end of the text for the closing quote.
                    let line = self.places.text().matches('\n').count() + 1;
                    let words = "found unexpected end of stream";
                    let start = self.places.position(marker);
                    return Diagnostic::error(go_message(words, line), self.rest_of_line(start, marker))
                        .with_hint("hint.yaml-quote", &[]);
                }
                let (words, hint) = message(error.info(), marker.line().saturating_sub(1));
                let marker = if hint == "hint.yaml-tab" { self.first_blank(marker) } else { marker };
                let start = self.places.position(marker);
                Diagnostic::error(words, self.rest_of_line(start, marker)).with_hint(hint, &[])
            }
            Broken::Here(words, hint, marker) => {
                let start = self.places.position(marker);
                Diagnostic::error(go_message(&words, 0), self.rest_of_line(start, marker))
                    .with_hint(hint, &[])
            }
        }
    }

    /// The start of the blanks in front of a place: the parser stops behind a wrong tab, the tab is the problem.
    fn first_blank(&mut self, marker: Marker) -> Marker {
        let byte = self.places.byte_of(marker.index());
        let before = self.places.text().get(..byte).unwrap_or("");
        let blanks = before.len() - before.trim_end_matches(['\t', ' ']).len();
        Marker::new(marker.index().saturating_sub(blanks), marker.line(), marker.col().saturating_sub(blanks))
    }

    /// From a place to the end of its line (at least one character), so that there is something to underline.
    fn rest_of_line(&mut self, start: Position, marker: Marker) -> Span {
        let byte = self.places.byte_of(marker.index());
        let rest = self.places.text().get(byte..).unwrap_or("");
        let line = rest.split(['\n', '\r']).next().unwrap_or("");
        let (mut chars, mut bytes) = (0, 0);
        for c in line.chars().take(200) {
            chars += 1;
            bytes += c.len_utf8() as u32;
        }
        let end = Position { line: start.line, column: start.column + chars, offset: start.offset + bytes };
        Span { start, end }
    }
}

fn merge_into(entries: &mut Vec<Entry>, source: Node, at: Marker) -> Result<(), Broken> {
    let wrong = || {
        let words = "map merge requires map or sequence of maps as the value".to_owned();
        Broken::Here(words, "hint.yaml-merge", at)
    };
    match source.content {
        Content::Map(more) => {
            let own: std::collections::BTreeSet<String> =
                entries.iter().map(|entry| entry.key.clone()).collect();
            entries.extend(more.into_iter().filter(|entry| !own.contains(&entry.key)));
            Ok(())
        }
        Content::List(items) => {
            for item in items {
                if !matches!(item.content, Content::Map(_)) {
                    return Err(wrong());
                }
                merge_into(entries, item, at)?;
            }
            Ok(())
        }
        Content::Scalar(_) => Err(wrong()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let plain = match tag {
        Some(tag) => tag.is_yaml_core_schema() && tag.suffix != "str",
        None => style == ScalarStyle::Plain,
    };
    if plain { resolve(text) } else { text.into() }
}

/// The key of a JSON object for a key of YAML (`convertToJSONableObject`).
fn key_text(key: &Node) -> Option<String> {
    match &key.content {
        Content::Scalar(Value::String(text)) => Some(text.clone()),
        Content::Scalar(Value::Bool(value)) => Some(value.to_string()),
        Content::Scalar(Value::Int(value)) => Some(value.to_string()),
        Content::Scalar(Value::Float(value)) => Some(crate::golang::float(*value)),
        _ => None,
    }
}

fn size(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(_) => 1,
        Content::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Content::Map(entries) => 1 + entries.iter().map(|entry| size(&entry.value)).sum::<usize>(),
    }
}
