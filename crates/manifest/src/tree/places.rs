//! From the counts of saphyr-parser to places in a text.

use saphyr_parser::{Marker, ScalarStyle};

use crate::diagnostic::{Position, Span};

/// From the parser's character counts to places in the whole text. Questions come nearly in order, so a moving
/// cursor answers them without walking the text again and again.
pub struct Places<'a> {
    text: &'a str,
    base: Position,
    skipped: usize,
    ascii: bool,
    index: usize,
    byte: usize,
}

impl<'a> Places<'a> {
    /// Places in `text`, which stands in a larger text at `base`, behind `skipped` bytes that the parser does not see.
    pub fn new(text: &'a str, base: Position, skipped: usize) -> Self {
        Self { text, base, skipped, ascii: text.is_ascii(), index: 0, byte: 0 }
    }

    /// The text that the parser reads.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Where the text stands in the larger one.
    pub fn base(&self) -> Position {
        self.base
    }

    /// The byte of the text at a character.
    pub fn byte_of(&mut self, index: usize) -> usize {
        if self.ascii {
            return index.min(self.text.len());
        }
        while self.index < index {
            let Some(c) = self.text.get(self.byte..).and_then(|rest| rest.chars().next()) else { break };
            self.byte += c.len_utf8();
            self.index += 1;
        }
        while self.index > index {
            let Some(c) = self.text.get(..self.byte).and_then(|before| before.chars().next_back()) else {
                break;
            };
            self.byte -= c.len_utf8();
            self.index -= 1;
        }
        self.byte
    }

    /// The place of a mark of the parser.
    pub fn position(&mut self, marker: Marker) -> Position {
        let line = marker.line().saturating_sub(1) as u32;
        let column = marker.col() as u32;
        Position {
            line: self.base.line + line,
            column: if line == 0 { self.base.column + column } else { column + 1 },
            offset: self.base.offset + (self.skipped + self.byte_of(marker.index())) as u32,
        }
    }

    /// Where a scalar really ends: the parser counts blanks and a comment behind it to it.
    pub fn scalar_end(&self, place: Span, style: ScalarStyle) -> Position {
        let from = (place.start.offset - self.base.offset) as usize - self.skipped;
        let to = (place.end.offset - self.base.offset) as usize - self.skipped;
        let Some(part) = self.text.get(from..to) else { return place.end };
        let length = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => quoted_length(part),
            ScalarStyle::Plain | ScalarStyle::Folded | ScalarStyle::Literal => None,
        };
        let length = length.unwrap_or_else(|| part.trim_end().len());
        let mut end = place.start;
        for c in part.get(..length).unwrap_or(part).chars() {
            end.offset += c.len_utf8() as u32;
            if c == '\n' {
                end.line += 1;
                end.column = 1;
            } else {
                end.column += 1;
            }
        }
        end
    }

    /// The place of what the parser saw from one mark to another.
    pub fn span(&mut self, span: saphyr_parser::Span) -> Span {
        Span { start: self.position(span.start), end: self.position(span.end) }
    }
}

/// The length of a quoted scalar at the start of a text, its quotes included.
fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
                chars.next();
                continue;
            }
            return Some(at + 1);
        }
    }
    None
}
