//! What a plain scalar means to Go's yaml.v2, which kubectl reads with (go.yaml.in/yaml/v2 resolve.go).

use crate::value::Value;

/// The value of a plain (unquoted) scalar: YAML 1.1 words, Go's integers (`0x1f`, `0o17`, `017`, `1_000`), floats.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) || looks_like_time(text) {
        return text.into();
    }
    let plain = text.replace('_', "");
    number(&plain).unwrap_or_else(|| text.into())
}

fn number(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if digits.starts_with(|c: char| c.is_ascii_digit()) {
        let lower = digits.to_ascii_lowercase();
        let (radix, body) = if let Some(body) = lower.strip_prefix("0x") {
            (16, body)
        } else if let Some(body) = lower.strip_prefix("0b") {
            (2, body)
        } else if let Some(body) = lower.strip_prefix("0o") {
            (8, body)
        } else if lower.len() > 1 && lower.starts_with('0') {
            (8, lower.get(1..)?)
        } else {
            (10, lower.as_str())
        };
        if body.bytes().all(|b| b.is_ascii_alphanumeric())
            && let Ok(value) = i128::from_str_radix(body, radix)
        {
            let value = if negative { -value } else { value };
            return Some(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int));
        }
    }
    if !is_float(digits) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    // JSON writes 1e3 and 1.0 as whole numbers, and that is what the API server sees.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Some(Value::Int(value as i64))
    } else {
        Some(Value::Float(value))
    }
}

/// `^(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let skip = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let digits = |text: &str| text.len() - skip(text);
    let tail_of = |text: &str, from: usize| text.get(from..).map(str::to_owned).unwrap_or_default();
    let whole = digits(text);
    let mut rest = tail_of(text, whole);
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits(after);
        rest = tail_of(after, fraction);
    }
    if whole == 0 && fraction == 0 {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return false };
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    !exponent.is_empty() && skip(exponent) == 0
}

/// Four digits and a dash: a timestamp or a date, which stays a text.
fn looks_like_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8 && bytes.iter().take(4).all(u8::is_ascii_digit) && bytes.get(4) == Some(&b'-')
}

/// Whether a text, written plain, would be read back as that text (used for printing; dates are not).
pub fn is_plain_text(text: &str) -> bool {
    !looks_like_time(text) && text != "<<" && matches!(resolve(text), Value::String(_)) && !is_base_60(text)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: sexagesimal numbers of YAML 1.1, quoted by Go when printed.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    if !first.starts_with(|c: char| c.is_ascii_digit())
        || !first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    {
        return false;
    }
    let mut any = false;
    for part in parts {
        any = true;
        let part = part.split('.').next().unwrap_or_default();
        let small = match part.len() {
            1 => true,
            2 => part.starts_with(|c: char| ('0'..='5').contains(&c)),
            _ => false,
        };
        if !small || !part.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_read_as_go_reads_them() {
        for word in ["y", "Y", "yes", "on", "True"] {
            assert_eq!(resolve(word), Value::Bool(true), "{word}");
        }
        for word in ["n", "N", "no", "off", "FALSE"] {
            assert_eq!(resolve(word), Value::Bool(false), "{word}");
        }
        for (text, number) in
            [("0644", 420), ("0x1F", 31), ("0o17", 15), ("1_000", 1000), ("1e3", 1000), ("1.0", 1)]
        {
            assert_eq!(resolve(text), Value::Int(number), "{text}");
        }
        assert_eq!(resolve("0.5"), Value::Float(0.5));
        assert_eq!(resolve("08"), Value::Int(8));
        for text in ["nginx", "yess", "1.2.3", "2026-11-21", "12:30", "-", "1Gi", "0xZ", "25%"] {
            assert_eq!(resolve(text), Value::from(text), "{text}");
        }
        assert_eq!(resolve("~"), Value::Null);
    }

    #[test]
    fn what_has_to_be_quoted() {
        for text in ["", "1", "true", "on", "2026-11-21T01:33:15Z", "12:30", "1e3", "~"] {
            assert!(!is_plain_text(text), "{text}");
        }
        for text in ["nginx:1.27", "25%", "a b", "500m", "10.96.0.1"] {
            assert!(is_plain_text(text), "{text}");
        }
    }
}
