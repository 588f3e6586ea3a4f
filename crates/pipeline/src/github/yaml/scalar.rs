//! Scalars, as far as their errors go (`compose/resolve-flow-scalar.js`, `resolve-block-scalar.js`).

use super::compose::{Composer, Range};
use super::cst::{Kind, Node};

/// A scalar on its own or in quotes.
pub(super) fn flow(composer: &mut Composer<'_>, node: &Node) -> Range {
    let source = composer.text.get(node.from..node.to).unwrap_or("");
    match node.kind {
        Kind::Single => {
            if !source.ends_with('\'') || source.len() == 1 {
                composer.at(node.to, "Missing closing 'quote");
            }
        }
        Kind::Double => double(composer, node.from, source),
        _ => {
            let bad = match source.as_bytes().first() {
                Some(b'\t') => "a tab character".to_owned(),
                Some(b',') => "flow indicator character ,".to_owned(),
                Some(b'%') => "directive indicator character %".to_owned(),
                Some(c @ (b'|' | b'>')) => format!("block scalar indicator {}", char::from(*c)),
                Some(c @ (b'@' | b'`')) => format!("reserved character {}", char::from(*c)),
                _ => String::new(),
            };
            if !bad.is_empty() {
                composer.at(node.from, format!("Plain value cannot start with {bad}"));
            }
        }
    }
    let end = composer.end(node.end.as_deref(), node.to, true);
    Range { from: node.from, value: node.to, end }
}

fn double(composer: &mut Composer<'_>, from: usize, source: &str) {
    let bytes = source.as_bytes();
    let get = |at: usize| bytes.get(at).copied();
    let mut at = 1;
    while at + 1 < bytes.len() {
        if get(at) != Some(b'\\') {
            at += 1;
            continue;
        }
        at += 1;
        let length = match get(at) {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            Some(
                b'0' | b'a' | b'b' | b'e' | b'f' | b'n' | b'r' | b't' | b'v' | b'N' | b'_' | b'L' | b'P'
                | b' ' | b'"' | b'/' | b'\\' | b'\t' | b'\n',
            ) => {
                at += 1;
                continue;
            }
            Some(b'\r') if get(at + 1) == Some(b'\n') => {
                at += 2;
                continue;
            }
            _ => {
                let shown: String = source.get(at - 1..).unwrap_or("").chars().take(2).collect();
                composer.at(from + at - 1, format!("Invalid escape sequence {shown}"));
                at += 1;
                continue;
            }
        };
        let digits = source.get(at + 1..at + 1 + length);
        let code = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code =
            code.and_then(|digits| u32::from_str_radix(digits, 16).ok()).filter(|code| *code <= 0x0010_FFFF);
        if code.is_none() {
            let shown: String = source.get(at - 1..).unwrap_or("").chars().take(length + 2).collect();
            composer.at(from + at - 1, format!("Invalid escape sequence {shown}"));
        }
        at += 1 + length;
    }
    if !source.ends_with('"') || source.len() == 1 {
        composer.at(from + source.len(), "Missing closing \"quote");
    }
}

/// A block scalar.
pub(super) fn block(composer: &mut Composer<'_>, node: &Node) -> Range {
    let (indent, length) = header(composer, node);
    let start = node.from;
    let (body_from, body_to) = node.body.unwrap_or((start + length, start + length));
    let end = start + length + (body_to - body_from);
    let range = Range { from: start, value: end, end };
    let source = composer.text.get(body_from..body_to).unwrap_or("");
    let lines: Vec<(usize, &str)> = if source.is_empty() {
        Vec::new()
    } else {
        let split = |line: &'_ str| line.len() - line.trim_start_matches(' ').len();
        source.split('\n').map(|line| (split(line), line.get(split(line)..).unwrap_or(""))).collect()
    };
    let empty = |content: &str| content.is_empty() || content == "\r";
    let content_end = lines.iter().rposition(|(_, content)| !empty(content)).map_or(0, |last| last + 1);
    if content_end == 0 {
        return range;
    }
    let mut trim = node.indent + indent;
    let mut offset = start + length;
    let mut first = 0;
    for (index, (spaces, content)) in lines.iter().enumerate().take(content_end) {
        if empty(content) {
            if indent == 0 && *spaces > trim {
                trim = *spaces;
            }
        } else {
            if *spaces < trim {
                composer.at(
                    offset + spaces,
                    "Block scalars with more-indented leading empty lines must use an explicit indentation indicator",
                );
            }
            if indent == 0 {
                trim = *spaces;
            }
            first = index;
            if trim == 0 && !composer.at_root {
                composer.at(offset, "Block scalar values in collections must be indented");
            }
            break;
        }
        offset += spaces + content.len() + 1;
    }
    let trailing = lines.iter().rposition(|(spaces, _)| *spaces > trim).map_or(0, |last| last + 1);
    let content_end = content_end.max(trailing);
    for (spaces, content) in lines.iter().take(content_end).skip(first) {
        offset += spaces + content.len() + 1;
        let crlf = content.ends_with('\r');
        let content = content.strip_suffix('\r').unwrap_or(content);
        if !content.is_empty() && *spaces < trim {
            let than = if indent > 0 { "explicit indentation indicator" } else { "first line" };
            let back = content.len() + if crlf { 2 } else { 1 };
            composer
                .at(offset - back, format!("Block scalar lines must not be less indented than their {than}"));
        }
    }
    range
}

/// The indentation that the header asks for (0: none), and how long the header is with its line.
fn header(composer: &mut Composer<'_>, node: &Node) -> (usize, usize) {
    let Some(symbol) = node.start.first().copied() else { return (0, 0) };
    let source = composer.source(symbol).to_owned();
    let (mut indent, mut chomped, mut wrong) = (0, false, None);
    for (at, c) in source.char_indices().skip(1) {
        match c {
            '-' | '+' if !chomped => chomped = true,
            '1'..='9' if indent == 0 => indent = c.to_digit(10).unwrap_or(0) as usize,
            _ => wrong = wrong.or(Some(at)),
        }
    }
    if let Some(at) = wrong {
        composer.at(node.from + at, format!("Block scalar header includes extra characters: {source}"));
    }
    let mut has_space = false;
    let mut length = source.len();
    for symbol in node.start.iter().skip(1).copied() {
        match symbol.kind {
            Kind::Space => has_space = true,
            Kind::Newline => {}
            Kind::Comment => {
                if !has_space {
                    composer
                        .on(symbol, "Comments must be separated from other tokens by white space characters");
                }
            }
            kind => {
                let source = composer.source(symbol).to_owned();
                let message = match kind {
                    Kind::Error => format!("Not a YAML token: {source}"),
                    _ => format!("Unexpected token in block scalar header: {}", kind.name()),
                };
                composer.on(symbol, message);
            }
        }
        length += symbol.to - symbol.from;
    }
    (indent, length)
}
