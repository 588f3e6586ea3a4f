//! Scalars (`compose/resolve-flow-scalar.js`, `resolve-block-scalar.js`).

use super::compose::{Composer, Range};
use super::cst::{Kind, Node};

/// A scalar on its own or in quotes, and its text.
pub(super) fn flow(composer: &mut Composer<'_>, node: &Node) -> (Range, String) {
    let source = composer.text.get(node.from..node.to).unwrap_or("");
    let inside = source.get(1..source.len().saturating_sub(1)).unwrap_or("");
    let value = match node.kind {
        Kind::Single => {
            if !source.ends_with('\'') || source.len() == 1 {
                composer.at(node.to, "Missing closing 'quote");
            }
            unfolded(inside).replace("''", "'")
        }
        Kind::Double => {
            double(composer, node.from, source);
            double_value(inside)
        }
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
            unfolded(source)
        }
    };
    let end = composer.end(node.end.as_deref(), node.to, true);
    (Range { from: node.from, value: node.to, end }, value)
}

/// A text of several lines as one: a break is a blank, an empty line a break.
fn unfolded(source: &str) -> String {
    const BLANKS: [char; 2] = [' ', '\t'];
    let mut lines: Vec<&str> = source.split('\n').collect();
    let Some(last) = lines.pop().filter(|_| !lines.is_empty()) else { return source.to_owned() };
    let mut lines = lines.into_iter().map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut value = lines.next().unwrap_or("").trim_end_matches(BLANKS).to_owned();
    let mut separator = " ";
    for line in lines {
        let line = line.trim_matches(BLANKS);
        if line.is_empty() {
            if separator == "\n" {
                value.push('\n');
            } else {
                separator = "\n";
            }
        } else {
            value.push_str(separator);
            value.push_str(line);
            separator = " ";
        }
    }
    value.push_str(separator);
    value.push_str(last.trim_start_matches(BLANKS));
    value
}

/// What stands between double quotes.
fn double_value(source: &str) -> String {
    let mut value = String::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or("");
        rest = match c {
            '\r' if behind.starts_with('\n') => behind,
            '\n' => {
                let text = behind.trim_start_matches([' ', '\t', '\n', '\r']);
                let breaks = behind.get(..behind.len() - text.len()).unwrap_or("").matches('\n').count();
                value.push_str(&if breaks == 0 { " ".to_owned() } else { "\n".repeat(breaks) });
                text
            }
            ' ' | '\t' => {
                let text = behind.trim_start_matches([' ', '\t']);
                if !text.starts_with('\n') && !text.starts_with("\r\n") {
                    value.push_str(rest.get(..rest.len() - text.len()).unwrap_or(""));
                }
                text
            }
            '\\' => escape(behind, &mut value),
            _ => {
                value.push(c);
                behind
            }
        };
    }
    value
}

/// What a backslash means; what is behind it.
fn escape<'a>(source: &'a str, value: &mut String) -> &'a str {
    let Some(c) = source.chars().next() else { return "" };
    let behind = source.get(c.len_utf8()..).unwrap_or("");
    let code = |length: usize| {
        let digits = behind.get(..length)?;
        let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        Some((c, behind.get(length..)?))
    };
    let single = match c {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' | 'u' | 'U' => {
            let length = if c == 'x' {
                2
            } else if c == 'u' {
                4
            } else {
                8
            };
            let Some((c, behind)) = code(length) else { return behind };
            value.push(c);
            return behind;
        }
        '\n' => return behind.trim_start_matches([' ', '\t']),
        '\r' => return behind.strip_prefix('\n').unwrap_or(behind).trim_start_matches([' ', '\t']),
        other => other,
    };
    value.push(single);
    behind
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

/// A block scalar, and its text.
pub(super) fn block(composer: &mut Composer<'_>, node: &Node) -> (Range, String) {
    let Header { indent, length, folded, chomp } = header(composer, node);
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
        let breaks = if chomp == '+' && !lines.is_empty() { (lines.len() - 1).max(1) } else { 0 };
        return (range, "\n".repeat(breaks));
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
    let cut = |spaces: usize| " ".repeat(spaces.saturating_sub(trim));
    let mut value: String = lines.iter().take(first).map(|(spaces, _)| cut(*spaces) + "\n").collect();
    let mut separator = "";
    let mut more_indented = false;
    for (spaces, content) in lines.iter().take(content_end).skip(first) {
        let mut spaces = *spaces;
        offset += spaces + content.len() + 1;
        let crlf = content.ends_with('\r');
        let content = content.strip_suffix('\r').unwrap_or(content);
        if !content.is_empty() && spaces < trim {
            let than = if indent > 0 { "explicit indentation indicator" } else { "first line" };
            let back = content.len() + if crlf { 2 } else { 1 };
            composer
                .at(offset - back, format!("Block scalar lines must not be less indented than their {than}"));
            spaces = 0;
        }
        if !folded {
            value = value + separator + &cut(spaces) + content;
            separator = "\n";
        } else if spaces > trim || content.starts_with('\t') {
            if separator == " " {
                separator = "\n";
            } else if !more_indented && separator == "\n" {
                separator = "\n\n";
            }
            value = value + separator + &cut(spaces) + content;
            separator = "\n";
            more_indented = true;
        } else if content.is_empty() {
            if separator == "\n" {
                value.push('\n');
            } else {
                separator = "\n";
            }
        } else {
            value = value + separator + content;
            separator = " ";
            more_indented = false;
        }
    }
    match chomp {
        '-' => {}
        '+' => {
            for (spaces, _) in lines.iter().skip(content_end) {
                value = value + "\n" + &cut(*spaces);
            }
            if !value.ends_with('\n') {
                value.push('\n');
            }
        }
        _ => value.push('\n'),
    }
    (range, value)
}

/// What the header of a block scalar says.
struct Header {
    /// 0: nothing.
    indent: usize,
    /// With its line.
    length: usize,
    folded: bool,
    chomp: char,
}

fn header(composer: &mut Composer<'_>, node: &Node) -> Header {
    let Some(symbol) = node.start.first().copied() else {
        return Header { indent: 0, length: 0, folded: false, chomp: ' ' };
    };
    let source = composer.source(symbol).to_owned();
    let (mut indent, mut chomp, mut wrong) = (0, ' ', None);
    for (at, c) in source.char_indices().skip(1) {
        match c {
            '-' | '+' if chomp == ' ' => chomp = c,
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
    Header { indent, length, folded: source.starts_with('>'), chomp }
}
