//! From YAML to the events that the reader reads (`workflows/yaml-object-reader.ts`).
//!
//! What the YAML library gives no node for, there is no event for: a key without its colon (`{key}`) has no value, and an
//! alias that names nothing is nothing.

use std::collections::VecDeque;

use opscape_manifest::diagnostic::Span;

use super::expression::number_text;
use super::problem::Context;
use super::token::FileId;
use super::yaml;
use crate::yaml::{Content, Node, Style};

/// One thing after the other.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Scalar(Scalar, Span),
    SequenceStart(Span),
    SequenceEnd,
    MappingStart(Span),
    MappingEnd,
}

/// A scalar, as YAML 1.2's core schema understands it.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    /// A text and how it is written.
    String(String, String),
    /// What stands in place of a key and is no text: as a truth value, and as messages show it.
    OddKey(bool, String),
}

/// The events of the one document of a file. None: it is no YAML, and the problems are told.
pub(super) fn events(context: &mut Context, file: FileId, text: &str) -> Option<VecDeque<Event>> {
    match yaml::document(text) {
        Ok(document) => {
            let mut writer = Writer { text, events: VecDeque::new() };
            if let Some(document) = document {
                writer.node(&document);
            }
            Some(writer.events)
        }
        Err(errors) => {
            for (place, message) in errors {
                context.at(file, Some(place), message);
            }
            None
        }
    }
}

struct Writer<'a> {
    text: &'a str,
    events: VecDeque<Event>,
}

impl Writer<'_> {
    fn node(&mut self, node: &Node) {
        let span = node.span;
        match &node.content {
            Content::Scalar(_, Style::Absent) => {}
            Content::Scalar(text, style) => {
                let scalar = self.scalar(node, text, *style);
                self.events.push_back(Event::Scalar(scalar, span));
            }
            Content::List(items) => {
                self.events.push_back(Event::SequenceStart(span));
                for item in items {
                    self.node(item);
                }
                self.events.push_back(Event::SequenceEnd);
            }
            Content::Map(entries) => {
                self.events.push_back(Event::MappingStart(span));
                for (key, value) in entries {
                    let scalar = self.key(key);
                    self.events.push_back(Event::Scalar(scalar, key.span));
                    self.node(value);
                }
                self.events.push_back(Event::MappingEnd);
            }
        }
    }

    fn scalar(&self, node: &Node, text: &str, style: Style) -> Scalar {
        if style == Style::Plain
            && node.tag.is_none()
            && let Some(scalar) = resolve(text)
        {
            return scalar;
        }
        Scalar::String(text.to_owned(), self.source(node, style))
    }

    fn key(&self, key: &Node) -> Scalar {
        let Content::Scalar(text, style) = &key.content else {
            return Scalar::OddKey(false, "undefined".to_owned());
        };
        match self.scalar(key, text, *style) {
            Scalar::Null => Scalar::OddKey(false, "null".to_owned()),
            Scalar::Bool(bool) => Scalar::OddKey(bool, bool.to_string()),
            Scalar::Number(number) => Scalar::OddKey(number != 0.0 && !number.is_nan(), number_text(number)),
            // A key has no source.
            Scalar::String(text, _) => Scalar::String(text.clone(), text),
            odd @ Scalar::OddKey(..) => odd,
        }
    }

    /// How a text is written, without the header of a block.
    fn source(&self, node: &Node, style: Style) -> String {
        let (start, end) = (node.span.start.offset as usize, node.span.end.offset as usize);
        let written = self.text.get(start..end).unwrap_or("");
        let source = match style {
            Style::Block => written.split_once('\n').map_or("", |(_, body)| body),
            _ => written,
        };
        source.to_owned()
    }
}

/// What a plain scalar is if it is no text.
fn resolve(text: &str) -> Option<Scalar> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Scalar::Null),
        "true" | "True" | "TRUE" => return Some(Scalar::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Scalar::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Some(Scalar::Number(f64::NAN)),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix).filter(|digits| !digits.is_empty()) {
            let number = digits
                .chars()
                .try_fold(0.0, |sum: f64, c| Some(sum * f64::from(radix) + f64::from(c.to_digit(radix)?)));
            return number.map(Scalar::Number);
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        let infinite = if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
        return Some(Scalar::Number(infinite));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let fits = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    if !fits || !exponent_fits || mantissa.is_empty() {
        return None;
    }
    text.parse().ok().map(Scalar::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<f64> {
        if let Some(Scalar::Number(number)) = resolve(text) { Some(number) } else { None }
    }

    #[test]
    fn plain_scalars_are_read_by_the_core_schema() {
        for (text, value) in [
            ("12", 12.0),
            ("+3", 3.0),
            ("-0", 0.0),
            ("007", 7.0),
            ("0x1F", 31.0),
            ("0o17", 15.0),
            ("3.10", 3.1),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1.5E-2", 0.015),
            (".5e1", 5.0),
            ("-.INF", f64::NEG_INFINITY),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in [
            ".", "e3", ".e3", "1e", "1e+", "0x", "0xG", "0o8", "+0x1", "1_000", "12:30", "1.2.3", "yes",
            "on", "nan", "--1", "１",
        ] {
            assert!(resolve(text).is_none(), "{text}");
        }
        assert!(matches!(resolve("~"), Some(Scalar::Null)));
        assert!(matches!(resolve("TRUE"), Some(Scalar::Bool(true))));
        assert!(resolve("tRUE").is_none());
    }
}
