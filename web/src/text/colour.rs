//! Colours for YAML, line by line: enough for text that is only shown. The editor has a real parser.

/// A part of a line and its class; none: plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its text.
    pub text: &'a str,
    /// `c-key`, `c-str`, `c-num`, `c-com`.
    pub class: Option<&'static str>,
}

/// A longer line, or one with more parts, is left plain.
const LONGEST: usize = 1_000;
const PARTS_MOST: usize = 60;

/// The parts of one line.
pub fn line_pieces(line: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    if line.len() > LONGEST {
        push(&mut out, line, None);
        return out;
    }
    let (body, comment) = split_comment(line);
    let indent = body.len() - body.trim_start_matches([' ', '-']).len();
    push(&mut out, body.get(..indent).unwrap_or(""), None);
    value(&mut out, body.get(indent..).unwrap_or(""), true);
    push(&mut out, comment, Some("c-com"));
    out
}

fn push<'a>(out: &mut Vec<Piece<'a>>, text: &'a str, class: Option<&'static str>) {
    if !text.is_empty() {
        out.push(Piece { text, class });
    }
}

/// A comment begins with `#` at the start or after a blank, outside of quotes.
fn split_comment(line: &str) -> (&str, &str) {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') if before == ' ' || "{[,:".contains(before) => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '#') if before == ' ' => return line.split_at(at),
            _ => {}
        }
        before = c;
    }
    (line, "")
}

/// `key: value`, flow collections, or a scalar, one after the other.
fn value<'a>(out: &mut Vec<Piece<'a>>, text: &'a str, may_be_key: bool) {
    let (mut rest, mut may_be_key) = (text, may_be_key);
    while !rest.is_empty() {
        if out.len() > PARTS_MOST {
            return push(out, rest, None);
        }
        let trimmed = rest.trim_start();
        let (blank, _) = rest.split_at(rest.len() - trimmed.len());
        push(out, blank, None);
        if trimmed.starts_with(['{', '[', '}', ']', ',']) {
            let (mark, after) = trimmed.split_at(1);
            push(out, mark, None);
            (rest, may_be_key) = (after, true);
        } else if let Some(colon) = key_end(trimmed).filter(|_| may_be_key) {
            let (key, after) = trimmed.split_at(colon);
            let (mark, after) = after.split_at(1);
            push(out, key, Some("c-key"));
            push(out, mark, None);
            (rest, may_be_key) = (after, false);
        } else {
            // In a flow collection a scalar ends at its next mark.
            let (scalar, after) = trimmed.split_at(scalar_end(trimmed));
            push(out, scalar, scalar_class(scalar.trim()));
            (rest, may_be_key) = (after, true);
        }
    }
}

fn key_end(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    let after = text.get(colon + 1..)?;
    let key = text.get(..colon)?;
    let fits =
        !key.is_empty() && !key.contains(['{', '[', ',', '"', '\'', ' ']) || key.starts_with(['"', '\'']);
    (fits && (after.is_empty() || after.starts_with(' '))).then_some(colon)
}

fn scalar_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') if at == 0 => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ',' | '}' | ']') => return at,
            _ => {}
        }
    }
    text.len()
}

fn scalar_class(scalar: &str) -> Option<&'static str> {
    let number = scalar.parse::<f64>().is_ok() || matches!(scalar, "true" | "false" | "null" | "~");
    match scalar {
        "" | "|" | ">" | "|-" | ">-" | "---" => None,
        _ if number => Some("c-num"),
        _ => Some("c-str"),
    }
}
