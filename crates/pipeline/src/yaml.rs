//! YAML with places, before anything is decided about what a plain scalar means: the two systems read it by different
//! rules (YAML 1.2 for GitHub's parser, 1.1 for GitLab's), and only one of them knows merge keys.

use opscape_manifest::diagnostic::{Position, Span};
use opscape_manifest::tree::Places;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands; what an alias repeats stands where its anchor is.
    pub span: Span,
    /// A tag as written, like `!reference`; none for the tags of YAML itself.
    pub tag: Option<String>,
    /// What it is.
    pub content: Content,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes, so that it may be a number, a truth value or nothing.
    Plain,
    /// In quotes.
    Quoted,
    /// `|` or `>`.
    Block,
    /// Not at all: a key without its colon, as in `{key}` or `? key`. Its text is empty; it is read like a plain one.
    Absent,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A scalar by its text.
    Scalar(String, Style),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the text, repeated keys included.
    Map(Vec<(Node, Node)>),
}

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// The parser's words.
    pub message: String,
    /// Where.
    pub position: Position,
    /// The name of an alias, if it names nothing, or what it stands in.
    pub alias: Option<String>,
}

/// The place of a text that is all there is.
pub const START: Position = Position { line: 1, column: 1, offset: 0 };
/// The most values a text may have, those that aliases repeat included.
const MAX_NODES: usize = 200_000;
/// The deepest nesting.
const MAX_DEPTH: usize = 100;

impl Node {
    /// The value of the last entry with a key, if this is a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().rev().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        if let Content::Scalar(text, _) = &self.content { Some(text) } else { None }
    }
}

/// Reads the documents of a text; the text stands in a larger one at `base`.
///
/// # Errors
/// The first thing that is no YAML, and an alias that names nothing.
pub fn parse(text: &str, base: Position) -> Result<Vec<Node>, Broken> {
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let text = text.get(skipped..).unwrap_or("");
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        places: Places::new(text, base, skipped),
        skipped,
        anchors: Vec::new(),
        nodes: 0,
    };
    reader.documents()
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    places: Places<'a>,
    skipped: usize,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
}

type Token<'a> = (Event<'a>, saphyr_parser::Span);

impl<'a> Reader<'a> {
    /// The byte of the parser's text at a place.
    fn local(&self, at: Position) -> usize {
        (at.offset.saturating_sub(self.places.base().offset) as usize).saturating_sub(self.skipped)
    }

    fn next(&mut self) -> Result<Token<'a>, Broken> {
        match self.parser.next_event() {
            Some(Ok(token)) => Ok(token),
            Some(Err(error)) => Err(self.broken(&error)),
            None => Ok((Event::StreamEnd, saphyr_parser::Span::default())),
        }
    }

    fn broken(&mut self, error: &ScanError) -> Broken {
        let mut position = self.places.position(*error.marker());
        let mut alias = None;
        if error.info().contains("unknown anchor") {
            let at = self.local(position);
            if let Some((start, name)) = alias_at(self.places.text(), at) {
                // A name has no line break in it.
                position.column -= (at - start) as u32;
                position.offset -= (at - start) as u32;
                alias = Some(name);
            }
        }
        Broken { message: error.info().to_owned(), position, alias }
    }

    fn documents(&mut self) -> Result<Vec<Node>, Broken> {
        let mut documents = Vec::new();
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(documents),
                (Event::DocumentStart(_), _) => {
                    let token = self.next()?;
                    documents.push(self.node(token, 0)?);
                }
                _ => {}
            }
        }
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), Broken> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(Broken {
                message: "document contains excessive aliasing".to_owned(),
                position: at,
                alias: None,
            });
        }
        Ok(())
    }

    fn node(&mut self, (event, span): Token<'a>, depth: usize) -> Result<Node, Broken> {
        let place = self.places.span(span);
        if depth > MAX_DEPTH {
            let message = format!("exceeded max depth of {MAX_DEPTH}");
            return Err(Broken { message, position: place.start, alias: None });
        }
        self.count(1, place.start)?;
        let (content, span, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let end = self.places.scalar_end(place, style);
                let start = self.start(place, anchor, tag.is_some());
                let mut span = Span { start, end: end.max(start) };
                let written = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                };
                if written == Style::Block && start == place.start {
                    span.start = self.header(place.start);
                }
                let forced = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let written = if forced { Style::Quoted } else { written };
                (Content::Scalar(text.into_owned(), written), span, anchor, tag)
            }
            Event::Alias(id) => {
                let found = self.anchors.iter().rev().find(|(anchor, _)| *anchor == id);
                // An alias within what its own anchor names.
                let Some((_, node)) = found else {
                    let message = "alias within its own anchor".to_owned();
                    let alias = alias_at(self.places.text(), self.local(place.start)).map(|(_, name)| name);
                    return Err(Broken { message, position: place.start, alias });
                };
                let node = node.clone();
                let nodes = size(&node);
                self.count(nodes, place.start)?;
                return Ok(node);
            }
            Event::SequenceStart(anchor, tag) => {
                let start = self.start(place, anchor, tag.is_some());
                let (items, start, end) = self.sequence(Span { start, end: place.end }, depth)?;
                (Content::List(items), Span { start, end }, anchor, tag)
            }
            Event::MappingStart(anchor, tag) => {
                let start = self.start(place, anchor, tag.is_some());
                let (entries, end) = self.mapping(place, depth)?;
                let start = self.first_key(start, &entries);
                (Content::Map(entries), Span { start, end }, anchor, tag)
            }
            _ => (Content::Scalar(String::new(), Style::Plain), place, 0, None),
        };
        let tag =
            tag.filter(|tag| !tag.is_yaml_core_schema()).map(|tag| format!("{}{}", tag.handle, tag.suffix));
        let node = Node { span, tag, content };
        if anchor > 0 {
            let nodes = size(&node);
            self.count(nodes, node.span.start)?;
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }

    /// Where a value stands of which the parser tells the place: it counts tag and anchor to it.
    fn start(&self, place: Span, anchor: usize, tagged: bool) -> Position {
        if !tagged && anchor == 0 {
            return place.start;
        }
        let start = place.start;
        let text = self.places.text().get(self.local(start)..).unwrap_or("");
        let mut rest = text;
        while rest.starts_with(['!', '&', '#', ' ', '\t', '\n', '\r']) {
            let end = if rest.starts_with('#') { rest.find('\n') } else { rest.find(char::is_whitespace) };
            rest = end.and_then(|end| rest.get(end.max(1)..)).unwrap_or("");
        }
        let mut at = start;
        for c in text.get(..text.len() - rest.len()).unwrap_or("").chars() {
            at.offset += c.len_utf8() as u32;
            if c == '\n' {
                at.line += 1;
                at.column = 1;
            } else {
                at.column += 1;
            }
        }
        at
    }

    /// Where `|` or `>` stands, of which the parser says only where the text below it begins.
    fn header(&self, text: Position) -> Position {
        let before = self.places.text().get(..self.local(text)).unwrap_or("");
        let above = before.trim_end();
        let line = above.rsplit('\n').next().unwrap_or("");
        let Some(at) = line.char_indices().map(|(at, _)| at).find(|at| is_header(line, *at)) else {
            return text;
        };
        let lines = before.get(above.len()..).unwrap_or("").matches('\n').count() as u32;
        let start = above.len() - line.len() + at;
        let columns = line.get(..at).unwrap_or("").chars().count() as u32 + 1;
        let base = self.places.base();
        let line = text.line - lines;
        Position {
            line,
            column: if line == base.line { base.column + columns - 1 } else { columns },
            offset: base.offset + (self.skipped + start) as u32,
        }
    }

    /// A closing bracket ends a collection; without one its last part does.
    fn end(&mut self, close: saphyr_parser::Span, last: Option<Position>, start: Span) -> Position {
        if close.start.index() == close.end.index() {
            return last.unwrap_or(start.end);
        }
        self.places.position(close.end)
    }

    fn sequence(&mut self, place: Span, depth: usize) -> Result<(Vec<Node>, Position, Position), Broken> {
        let mut items: Vec<Node> = Vec::new();
        let mut start = place.start;
        loop {
            let token = self.next()?;
            if matches!(token.0, Event::SequenceEnd | Event::StreamEnd) {
                let last = items.last().map(|item| item.span.end);
                return Ok((items, start, self.end(token.1, last, place)));
            }
            // Of a sequence that is not indented, the parser tells the place behind its first dash.
            if items.is_empty() && self.places.position(token.1.start) == place.start {
                start = self.dash(start);
            }
            items.push(self.node(token, depth + 1)?);
        }
    }

    /// The dash in front of a place.
    fn dash(&self, item: Position) -> Position {
        let before = self.places.text().get(..self.local(item)).unwrap_or("");
        let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
        if !before.trim_end_matches([' ', '\t']).ends_with('-') {
            return item;
        }
        let back = blanks as u32 + 1;
        Position { line: item.line, column: item.column - back, offset: item.offset - back }
    }

    /// A mapping without braces begins with its first key, not with what is said of that key.
    fn first_key(&self, start: Position, entries: &[(Node, Node)]) -> Position {
        let text = self.places.text().get(self.local(start)..).unwrap_or("");
        match entries.first() {
            Some((key, _)) if text.starts_with(['&', '!']) => key.span.start,
            _ => start,
        }
    }

    fn mapping(&mut self, start: Span, depth: usize) -> Result<(Vec<(Node, Node)>, Position), Broken> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut last = None;
        loop {
            let token = self.next()?;
            if matches!(token.0, Event::MappingEnd | Event::StreamEnd) {
                let end = self.end(token.1, last, start);
                return Ok((entries, end));
            }
            let key = self.node(token, depth + 1)?;
            let value_token = self.next()?;
            let mut value = self.node(value_token, depth + 1)?;
            if matches!(&value.content, Content::Scalar(text, Style::Plain) if text.is_empty()) {
                match self.behind_colon(&key) {
                    Some(place) => value.span = place,
                    None => value.content = Content::Scalar(String::new(), Style::Absent),
                }
            }
            last = Some(value.span.end.max(key.span.end));
            entries.push((key, value));
        }
    }

    /// Where a value would stand that is not there: behind the key's colon and the blanks after it. None without a colon.
    fn behind_colon(&self, key: &Node) -> Option<Span> {
        let mut at = key.span.end;
        let local = self.local(at);
        let rest = self.places.text().get(local..).unwrap_or("");
        let colon = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let behind = rest.get(colon..)?.strip_prefix(':')?;
        let mut value = behind.trim_start_matches([' ', '\t']);
        while value.starts_with(['&', '!']) {
            value = value.trim_start_matches(|c: char| !c.is_whitespace()).trim_start_matches([' ', '\t']);
        }
        let read = rest.len() - value.len();
        at.column += rest.get(..read).map_or(0, |read| read.chars().count()) as u32;
        at.offset += read as u32;
        Some(Span::at(at))
    }
}

/// Whether what a line holds from a byte on is the header of a block scalar.
fn is_header(line: &str, at: usize) -> bool {
    let free = line.get(..at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t']));
    let Some(rest) = line.get(at..).and_then(|rest| rest.strip_prefix(['|', '>'])) else { return false };
    let behind = rest.trim_start_matches(|c: char| matches!(c, '+' | '-') || c.is_ascii_digit());
    let comment = behind.trim_start_matches([' ', '\t']);
    free && (comment.trim().is_empty() || (comment.len() < behind.len() && comment.starts_with('#')))
}

/// The alias at or before a byte of a text: where it begins, and its name.
fn alias_at(text: &str, at: usize) -> Option<(usize, String)> {
    let start = if text.get(at..)?.starts_with('*') { at } else { text.get(..at)?.rfind('*')? };
    let name = text.get(start + 1..)?.chars().take_while(|c| !c.is_whitespace() && !",[]{}".contains(*c));
    Some((start, name.collect()))
}

pub(crate) fn size(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(..) => 1,
        Content::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Content::Map(entries) => {
            1 + entries.iter().map(|(key, value)| size(key) + size(value)).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests;
