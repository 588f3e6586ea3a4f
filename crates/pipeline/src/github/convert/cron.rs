//! Whether a text is a cron expression to GitHub (`converter/cron.ts`).

use super::super::expression::Data;

/// The least and the greatest number of a field, and names in its place.
struct Range {
    least: f64,
    greatest: f64,
    names: &'static [&'static str],
    first: f64,
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fn range(least: f64, greatest: f64, names: &'static [&'static str]) -> Range {
    Range { least, greatest, names, first: least }
}

const FIELDS: [Range; 5] = [
    range(0.0, 59.0, &[]),
    range(0.0, 23.0, &[]),
    range(1.0, 31.0, &[]),
    range(1.0, 12.0, MONTHS),
    range(0.0, 6.0, DAYS),
];

/// Whether a text is minute, hour, day, month and weekday, each `*`, a number, a name, a range, with a step or several of
/// them.
pub fn is_valid(text: &str) -> bool {
    let parts: Vec<&str> = separated(text);
    parts.len() == FIELDS.len() && parts.iter().zip(&FIELDS).all(|(part, range)| fits(part, range, true))
}

/// As JavaScript's `split(/ +/)`: what stands before the first blank counts, even if it is nothing.
fn separated(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((part, behind)) = rest.split_once(' ') {
        parts.push(part);
        rest = behind.trim_start_matches(' ');
    }
    parts.push(rest);
    parts
}

/// A number as JavaScript reads it: nothing is zero, and `0x1` is one.
fn number(text: &str) -> f64 {
    Data::from(text).to_number()
}

fn named(value: &str, range: &Range) -> Option<f64> {
    let at = range.names.iter().position(|name| value.to_lowercase() == *name)?;
    Some(range.first + at as f64)
}

fn fits(value: &str, range: &Range, separators: bool) -> bool {
    if named(value, range).is_some() || value == "*" {
        return true;
    }
    if value.contains(',') {
        return separators && value.split(',').all(|part| !part.is_empty() && fits(part, range, true));
    }
    if value.contains('/') {
        let parts: Vec<&str> = value.split('/').collect();
        let [start, step] = parts.as_slice() else { return false };
        let positive = number(step) > 0.0 && !step.is_empty();
        return separators
            && positive
            && !start.is_empty()
            && fits(start, range, true)
            && fits(step, range, false);
    }
    if value.contains('-') {
        let parts: Vec<&str> = value.split('-').collect();
        let [start, end] = parts.as_slice() else { return false };
        let at = |text: &str| named(text, range).unwrap_or_else(|| number(text));
        return separators
            && !start.is_empty()
            && !end.is_empty()
            && fits(start, range, false)
            && fits(end, range, false)
            && at(end) >= at(start);
    }
    let number = number(value);
    number >= range.least && number <= range.greatest
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn five_fields_of_numbers_names_ranges_and_steps() {
        for cron in [
            "* * * * *",
            "0 0 1 1 0",
            "*/15 8-17 * * MON-fri",
            "0,30 4 1-15/2 jan,JUL 0-6",
            "5  4 * * *",
            "0x10 0 * * *",
            "59 23 31 12 6",
            "1,*/2 0 * * *",
            "0 0 * * 1e0",
        ] {
            assert!(is_valid(cron), "{cron}");
        }
        for cron in [
            "",
            "* * * *",
            "* * * * * *",
            " * * * * *",
            "* * * * * ",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "@daily",
            "5-1 * * * *",
            "*/0 * * * *",
            "1/2/3 * * * *",
            "1-2-3 * * * *",
            "a * * * *",
            "1,,2 * * * *",
            "* * L * *",
            "* * * * 5#2",
            "*/-5 * * * *",
            "*/5-10 * * * *",
            "-1 * * * *",
            "* * * * MON-SUN",
        ] {
            assert!(!is_valid(cron), "{cron}");
        }
    }
}
