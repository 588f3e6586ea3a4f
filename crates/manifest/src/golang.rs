//! How Go prints values: many of the API server's messages carry a value in Go's or JSON's spelling.

use crate::value::Value;

/// `strconv.Quote`: the text in double quotes with Go's escapes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || c == '\u{7f}' => {
                out.push_str("\\x");
                push_hex(&mut out, c as u32, 2);
            }
            // Go escapes what unicode.IsPrint refuses; of those only these appear in practice.
            '\u{80}'..='\u{a0}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{feff}' => {
                out.push_str("\\u");
                push_hex(&mut out, c as u32, 4);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `encoding/json`'s string: `<`, `>` and `&` are escaped too when `html` is set, as Go does by default.
pub fn push_json_string(out: &mut String, text: &str, html: bool) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if html => {
                out.push_str("\\u");
                push_hex(out, c as u32, 4);
            }
            c if c < ' ' || c == '\u{2028}' || c == '\u{2029}' => {
                out.push_str("\\u");
                push_hex(out, c as u32, 4);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push_hex(out: &mut String, value: u32, width: usize) {
    for i in (0..width).rev() {
        out.push(char::from_digit((value >> (4 * i)) & 15, 16).unwrap_or('0'));
    }
}

/// A float as `encoding/json` prints it: shortest digits, exponent form below 1e-6 and from 1e21 on.
pub fn float(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{number:e}");
        // Go writes e+21 and e-7.
        return match text.split_once('e') {
            Some((mantissa, exponent)) if exponent.starts_with('-') => format!("{mantissa}e{exponent}"),
            Some((mantissa, exponent)) => format!("{mantissa}e+{exponent}"),
            None => text,
        };
    }
    number.to_string()
}

/// A value as Go's `%v` prints it: `map[a:1 b:[x y] c:<nil>]`.
pub fn sprint(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float(*value),
        Value::String(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(sprint).collect::<Vec<_>>().join(" ")),
        Value::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", sprint(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().enumerate().fold(0_u32, |bits, (i, b)| bits | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            let letter = BASE64.get((bits >> (18 - 6 * i)) as usize & 63).copied().unwrap_or(b'=');
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// The bytes of standard base64, line breaks ignored.
///
/// # Errors
/// The offset of the byte Go's decoder complains about (`illegal base64 data at input byte N`).
pub fn base64_decode(text: &str) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    let mut bytes = text.bytes().enumerate().filter(|(_, b)| !matches!(b, b'\r' | b'\n'));
    while let Some((at, byte)) = bytes.next() {
        if let Some(value) = BASE64.iter().position(|letter| *letter == byte) {
            bits = bits << 6 | value as u32;
            count += 1;
            if count == 4 {
                out.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
                (bits, count) = (0, 0);
            }
            continue;
        }
        // Only padding may follow, and it has to complete a group of four.
        if byte != b'=' || count < 2 {
            return Err(at);
        }
        if count == 2 {
            match bytes.next() {
                Some((_, b'=')) => out.push((bits >> 4) as u8),
                Some((at, _)) => return Err(at),
                None => return Err(text.len()),
            }
        } else {
            out.extend([(bits >> 10) as u8, (bits >> 2) as u8]);
        }
        return bytes.next().map_or(Ok(out), |(at, _)| Err(at));
    }
    if count == 0 { Ok(out) } else { Err(text.len() - count as usize) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_both_ways() {
        for text in ["", "a", "ab", "abc", "hello?", "한글"] {
            assert_eq!(super::base64_decode(&super::base64(text.as_bytes())), Ok(text.as_bytes().to_vec()));
        }
        assert_eq!(super::base64_decode("not base64!"), Err(3));
    }

    #[test]
    fn go_spelling() {
        assert_eq!(super::quote("a\"b\\\n\u{1}한"), "\"a\\\"b\\\\\\n\\x01한\"");
        let mut out = String::new();
        super::push_json_string(&mut out, "a<b>&\u{1}", true);
        assert_eq!(out, "\"a\\u003cb\\u003e\\u0026\\u0001\"");
        assert_eq!(super::float(1e21), "1e+21");
        assert_eq!(super::float(0.5), "0.5");
        assert_eq!(super::float(3.0), "3");
    }
}
