//! How Kubernetes prints and reads spans of time: `kubectl`'s AGE column and Go durations.

/// `HumanDuration` of apimachinery: the AGE column of `kubectl get`, e.g. `119s`, `2m`, `3h1m`, `2d1h`.
/// `seconds` may be negative: `0s` down to -1, `<invalid>` below.
pub fn age(seconds: f64) -> String {
    let seconds = seconds.trunc() as i64;
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    if seconds < 0 {
        return "0s".to_owned();
    }
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let years = days / 365;
    let two = |a: i64, unit: &str, b: i64, small: &str| {
        if b == 0 { format!("{a}{unit}") } else { format!("{a}{unit}{b}{small}") }
    };
    if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        two(minutes, "m", seconds % 60, "s")
    } else if minutes < 180 {
        format!("{minutes}m")
    } else if hours < 8 {
        two(hours, "h", minutes % 60, "m")
    } else if hours < 48 {
        format!("{hours}h")
    } else if hours < 192 {
        two(days, "d", hours % 24, "h")
    } else if days < 730 {
        format!("{days}d")
    } else if days < 2920 {
        two(years, "y", days % 365, "d")
    } else {
        format!("{years}y")
    }
}

/// `ShortHumanDuration` of apimachinery: one unit only.
pub fn short_age(seconds: f64) -> String {
    let seconds = seconds.trunc() as i64;
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    match seconds.max(0) {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m", s / 60),
        s @ 3600..86_400 => format!("{}h", s / 3600),
        s @ 86_400..31_536_000 => format!("{}d", s / 86_400),
        s => format!("{}y", s / 31_536_000),
    }
}

/// Reads a Go duration (`1h30m`, `1.5s`, `300ms`) as microseconds.
///
/// # Errors
/// The messages of `time.ParseDuration`.
pub fn parse_go(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", crate::golang::quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or("")),
        Some(b'+') => (false, text.get(1..).unwrap_or("")),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_f64;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(number_end).ok_or_else(invalid)?;
        let amount: f64 = match number.strip_suffix('.').unwrap_or(number) {
            "" => return Err(invalid()),
            n => n.parse().map_err(|_| invalid())?,
        };
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at_checked(unit_end).ok_or_else(invalid)?;
        let micros = match unit {
            "ns" => 0.001,
            "us" | "µs" | "μs" => 1.0,
            "ms" => 1e3,
            "s" => 1e6,
            "m" => 6e7,
            "h" => 3.6e9,
            "" => {
                return Err(format!("time: missing unit in duration {}", crate::golang::quote(text)));
            }
            _ => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    crate::golang::quote(unit),
                    crate::golang::quote(text)
                ));
            }
        };
        total += amount * micros;
        // Go counts nanoseconds in 64 bits.
        if total > 9.2e15 {
            return Err(invalid());
        }
        rest = next;
    }
    Ok(if negative { -(total as i64) } else { total as i64 })
}

/// Prints microseconds as Go does: `1h0m0s`, `1m30s`, `1.5s`, `300ms`.
pub fn format_go(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let total = micros.unsigned_abs();
    let fraction = |value: u64, unit: u64, name: &str| {
        let digits = format!("{:06}", value % unit * (1_000_000 / unit));
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() {
            format!("{}{name}", value / unit)
        } else {
            format!("{}.{digits}{name}", value / unit)
        }
    };
    if total == 0 {
        return "0s".to_owned();
    }
    if total < 1000 {
        return format!("{sign}{total}µs");
    }
    if total < 1_000_000 {
        return format!("{sign}{}", fraction(total, 1000, "ms"));
    }
    let seconds = fraction(total % 60_000_000, 1_000_000, "s");
    let minutes = total / 60_000_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}"),
        (0, m) => format!("{sign}{m}m{seconds}"),
        (h, m) => format!("{sign}{h}h{m}m{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        assert_eq!(parse_go("1h30m"), Ok(5_400_000_000));
        assert_eq!(parse_go("1.5s"), Ok(1_500_000));
        assert_eq!(parse_go("-2ms"), Ok(-2000));
        assert_eq!(parse_go("3"), Err("time: missing unit in duration \"3\"".to_owned()));
        assert_eq!(parse_go("3x"), Err("time: unknown unit \"x\" in duration \"3x\"".to_owned()));
        for (micros, text) in [(0, "0s"), (1_500_000, "1.5s"), (3_600_000_000, "1h0m0s"), (300_000, "300ms")]
        {
            assert_eq!(format_go(micros), text);
            assert_eq!(parse_go(text), Ok(micros));
        }
    }
}
