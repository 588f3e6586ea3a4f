//! Expressions within texts: `${{ ... }}` (`templates/template-reader.ts`, `parseScalar` and what it calls).

use opscape_manifest::diagnostic::{Position, Span};

use super::expression;
use super::problem::Context;
use super::token::{Expression, Token, Value};

const OPEN: &str = "${{";
const CLOSE: &str = "}}";
const INSERT: &str = "insert";

/// A part of a text.
enum Segment {
    Text(String),
    Expression(String),
    Insert,
}

/// What a text becomes: itself, an expression, or a call of `format`. What is wrong with its expressions is told, and it
/// stays a text.
pub(super) fn parse(context: &mut Context, token: Token, source: &str) -> Token {
    let Value::String(text) = &token.value else { return token };
    // A text of several lines is taken as it is written, with quotes and indentation.
    let single = token.place.is_none_or(|place| place.start.line == place.end.line);
    let raw = if single { text.as_str() } else { source };
    if text.is_empty() || !raw.contains(OPEN) {
        return token;
    }
    let Some(segments) = segments(context, &token, raw, source, single) else { return token };
    match segments.as_slice() {
        [Segment::Expression(expression)] => match literal(expression) {
            Some(text) => token.implied(Value::String(text)),
            None => token.implied(Value::Expression(Expression { text: expression.clone(), source: None })),
        },
        [Segment::Insert] => token.implied(Value::Insert),
        [Segment::Text(text)] => token.implied(Value::String(text.clone())),
        several => {
            let expression = Expression { text: format(several), source: Some(raw.to_owned()) };
            token.implied(Value::Expression(expression))
        }
    }
}

/// The parts of a text; none if one is wrong.
fn segments(
    context: &mut Context,
    token: &Token,
    raw: &str,
    source: &str,
    single: bool,
) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut wrong = false;
    let mut at = 0;
    while let Some(start) = raw.get(at..).and_then(|rest| rest.find(OPEN)).map(|found| at + found) {
        if start > at {
            segments.push(Segment::Text(raw.get(at..start)?.to_owned()));
        }
        let Some(end) = close(raw, start + OPEN.len()) else {
            context.error(
                token,
                "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.",
            );
            return None;
        };
        let inner = raw.get(start + OPEN.len()..end - CLOSE.len()).unwrap_or("");
        match expression_of(inner, token) {
            Ok(Segment::Insert) if start > 0 || end < raw.len() => {
                context.error(
                    token,
                    "The directive 'insert' is not allowed in this context. Directives are not supported for expressions that are embedded within a string. Directives are only supported when the entire value is an expression.",
                );
                return None;
            }
            Ok(segment) => segments.push(segment),
            Err(message) => {
                let place = if single {
                    within_line(token, raw, source, start, end)
                } else {
                    within_lines(token, raw, start, end)
                };
                context.at(token.file, place, message);
                wrong = true;
            }
        }
        at = end;
    }
    let rest = raw.get(at..).unwrap_or("");
    if !rest.is_empty() {
        segments.push(Segment::Text(rest.to_owned()));
    }
    (!wrong).then_some(segments)
}

/// Behind the `}}` that ends an expression; braces within texts do not count.
fn close(raw: &str, from: usize) -> Option<usize> {
    let mut in_text = false;
    let mut before = '{';
    for (at, c) in raw.get(from..)?.char_indices() {
        if c == '\'' {
            in_text = !in_text;
        } else if !in_text && c == '}' && before == '}' {
            return Some(from + at + 1);
        }
        before = c;
    }
    None
}

fn expression_of(inner: &str, token: &Token) -> Result<Segment, String> {
    let trimmed = inner.trim();
    if trimmed.is_empty() {
        return Err("An expression was expected".to_owned());
    }
    if let Some(rest) = trimmed.strip_prefix(INSERT) {
        if rest.is_empty() {
            return Ok(Segment::Insert);
        }
        if rest.starts_with(char::is_whitespace) {
            // As in the original, which counts the last parameter only.
            return Err("Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: 1".to_owned());
        }
    }
    expression::parse(trimmed, &token.allowed.contexts, &token.allowed.functions)
        .map_err(|failure| failure.message)?;
    Ok(Segment::Expression(trimmed.to_owned()))
}

/// The text of an expression that is nothing but a text.
fn literal(expression: &str) -> Option<String> {
    let mut text = String::new();
    let mut inside = false;
    for (at, c) in expression.char_indices() {
        if c == '\'' {
            inside = !inside;
            if inside && at != 0 {
                text.push(c);
            }
        } else if inside {
            text.push(c);
        } else {
            return None;
        }
    }
    Some(text)
}

fn format(segments: &[Segment]) -> String {
    let mut pattern = String::new();
    let mut arguments = String::new();
    let mut count = 0;
    for segment in segments {
        match segment {
            Segment::Text(text) => {
                pattern.push_str(&text.replace('\'', "''").replace('{', "{{").replace('}', "}}"));
            }
            Segment::Expression(expression) => {
                pattern = format!("{pattern}{{{count}}}");
                arguments = format!("{arguments}, {expression}");
                count += 1;
            }
            Segment::Insert => {}
        }
    }
    format!("format('{pattern}'{arguments})")
}

fn moved(at: Position, text: &str) -> Position {
    Position {
        line: at.line,
        column: at.column + text.chars().count() as u32,
        offset: at.offset + text.len() as u32,
    }
}

/// The place of an expression in a text of one line. What is in front of the first one is as written, quotes included.
fn within_line(token: &Token, raw: &str, source: &str, start: usize, end: usize) -> Option<Span> {
    let at = token.place?.start;
    let written = source.find(OPEN).and_then(|first| source.get(..first)).unwrap_or("");
    let read = raw.find(OPEN).and_then(|first| raw.get(..first)).unwrap_or("");
    let first = moved(at, written);
    let from = |to: usize| moved(first, raw.get(read.len()..to).unwrap_or(""));
    Some(Span { start: from(start), end: from(end) })
}

/// The place of an expression in a text of several lines; lines are counted from the one behind the text's first.
fn within_lines(token: &Token, raw: &str, start: usize, end: usize) -> Option<Span> {
    let at = token.place?.start;
    let before = raw.get(..start)?;
    let lines = before.matches('\n').count() as u32 + 1;
    let line = before.rsplit('\n').next().unwrap_or("");
    let column = line.chars().count() as u32 + 1;
    let length = raw.get(start..end).unwrap_or("").chars().count() as u32;
    let line = at.line + lines;
    // Exact to the byte only as far as the text is written like that; nobody reads it.
    let offset = at.offset + start as u32;
    Some(Span {
        start: Position { line, column, offset },
        end: Position { line, column: column + length, offset: offset + (end - start) as u32 },
    })
}
