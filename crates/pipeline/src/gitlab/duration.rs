//! Durations as the gem `chronic_duration` reads them (`2 hours 5 minutes`, `1h30m`, `3600`, `1:30:00`), which GitLab uses.

/// Seconds in a duration; nothing for what is none.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    if text.is_empty() {
        return None;
    }
    if text.contains(':') {
        let mut total: u64 = 0;
        let parts: Vec<&str> = text.split(':').map(str::trim).collect();
        if parts.len() > 4 {
            return None;
        }
        for (at, part) in parts.iter().enumerate() {
            let number: u64 = part.parse().ok()?;
            let unit = if at + 3 < parts.len() { 24 } else { 60 };
            total = if at == 0 {
                number
            } else {
                total
                    .checked_mul(if at == 1 && parts.len() == 4 { 24 } else { unit.max(60) })?
                    .checked_add(number)?
            };
        }
        return Some(total);
    }
    let mut total = 0.0;
    let mut any = false;
    let mut rest = text.as_str();
    let mut number: Option<f64> = None;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() || c == ',' {
            rest = rest.get(c.len_utf8()..)?;
        } else if c.is_ascii_digit() || c == '.' {
            if number.is_some() {
                return None;
            }
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            number = Some(rest.get(..end)?.parse().ok()?);
            rest = rest.get(end..)?;
        } else if c.is_alphabetic() {
            let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
            let word = rest.get(..end)?;
            rest = rest.get(end..)?;
            if matches!(word, "and" | "with" | "plus") {
                continue;
            }
            if let Some(spelt) = spelt(word) {
                if number.is_some() {
                    return None;
                }
                number = Some(spelt);
                continue;
            }
            total += number.take().unwrap_or(1.0) * unit(word)?;
            any = true;
        } else {
            return None;
        }
    }
    if let Some(number) = number {
        // A number alone is seconds.
        total += number;
        any = true;
    }
    (any && (0.0..1e15).contains(&total)).then_some(total as u64).filter(|seconds| *seconds > 0)
}

fn unit(word: &str) -> Option<f64> {
    Some(match word {
        "seconds" | "second" | "secs" | "sec" | "s" => 1.0,
        "minutes" | "minute" | "mins" | "min" | "m" => 60.0,
        "hours" | "hour" | "hrs" | "hr" | "h" => 3_600.0,
        "days" | "day" | "dy" | "d" => 86_400.0,
        "weeks" | "week" | "wks" | "wk" | "w" => 604_800.0,
        "months" | "mos" | "mo" | "month" => 2_592_000.0,
        "years" | "year" | "yrs" | "yr" | "y" => 31_557_600.0,
        _ => return None,
    })
}

fn spelt(word: &str) -> Option<f64> {
    const WORDS: [&str; 21] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    let at = WORDS.iter().position(|spelt| *spelt == word);
    at.map(|at| at as f64).or(match word {
        "thirty" => Some(30.0),
        "forty" => Some(40.0),
        "fifty" => Some(50.0),
        "sixty" => Some(60.0),
        "ninety" => Some(90.0),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, want) in [
            ("2 hours 5 minutes", Some(7_500)),
            ("1h30m", Some(5_400)),
            ("30 min", Some(1_800)),
            ("3600", Some(3_600)),
            ("1 week", Some(604_800)),
            ("1 day", Some(86_400)),
            ("3 mins 4 sec", Some(184)),
            ("1:30:00", Some(5_400)),
            ("five minutes", Some(300)),
            ("a while", None),
            ("", None),
            ("2 2", None),
            ("0", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }
}
