//! Numbers with their units.

use std::time::Duration;

use opscape_sim::Time;

use super::Lang;

/// An instant: `12.4 s`, `12.4초`.
pub fn seconds(lang: Lang, at: Time) -> String {
    with_unit(lang, &tenths(at.0))
}

/// A length of time: `10 s`, `5.7 s`, `0.08 s`; `5분 20초` and `5 min 20 s` from two minutes on.
pub fn span(lang: Lang, span: Duration) -> String {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    if micros >= 120_000_000 {
        let whole = (micros + 500_000) / 1_000_000;
        let (minutes, rest) = (whole / 60, whole % 60);
        let minutes = match lang {
            Lang::En => format!("{minutes} min"),
            Lang::Ko => format!("{minutes}분"),
        };
        return if rest == 0 { minutes } else { format!("{minutes} {}", with_unit(lang, &rest.to_string())) };
    }
    let text = if micros > 0 && micros < 100_000 {
        let hundredths = ((micros + 5_000) / 10_000).max(1);
        format!("0.{hundredths:02}")
    } else {
        tenths(micros)
    };
    with_unit(lang, text.strip_suffix(".0").unwrap_or(&text))
}

/// How often in a second: `84/s`, `4.6/s`, `84/초`.
pub fn rate(lang: Lang, per_second: f32) -> String {
    let tenths = (f64::from(per_second.max(0.0)) * 10.0).round() as u64;
    let number = match tenths {
        0..100 if !tenths.is_multiple_of(10) => format!("{}.{}", tenths / 10, tenths % 10),
        _ => count((tenths + 5) / 10),
    };
    match lang {
        Lang::En => [&number, "/s"].concat(),
        Lang::Ko => [&number, "/초"].concat(),
    }
}

/// A whole number with separators: `2,768`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Money, in millionths of a dollar: `$0.096`, `$12.50`, `$1,204`.
pub fn dollars(micros: f64) -> String {
    let micros = micros.max(0.0).round() as u64;
    match micros {
        0..999_950 => {
            let digits = format!("{:04}", (micros + 50) / 100);
            ["$0.", digits.trim_end_matches('0')].concat().trim_end_matches('.').to_owned()
        }
        999_950..1_000_000 => "$1".to_owned(),
        1_000_000..100_000_000 => {
            let cents = (micros + 5_000) / 10_000;
            format!("${}.{:02}", cents / 100, cents % 100)
        }
        _ => ["$", &count((micros + 500_000) / 1_000_000)].concat(),
    }
}

/// Bytes: `96 Mi`, `1.5 Gi`.
pub fn memory(bytes: i64) -> String {
    const KI: i64 = 1 << 10;
    const MI: i64 = 1 << 20;
    const GI: i64 = 1 << 30;
    let (unit, name) = match bytes.abs() {
        GI.. => (GI, "Gi"),
        MI.. => (MI, "Mi"),
        KI.. => (KI, "Ki"),
        _ => return format!("{bytes} B"),
    };
    let tenths = (i128::from(bytes) * 10 + i128::from(unit) / 2) / i128::from(unit);
    if tenths % 10 == 0 || unit != GI {
        format!("{} {name}", (bytes + unit / 2).div_euclid(unit))
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// Thousandths of a core as cores: `250m`, `1.25`, `2`.
pub fn millicores(milli: i64) -> String {
    if milli.abs() < 1_000 && milli % 1_000 != 0 {
        return format!("{milli}m");
    }
    let text = format!("{}.{:03}", milli / 1_000, (milli % 1_000).abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn tenths(micros: u64) -> String {
    let tenths = micros.saturating_add(50_000) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn with_unit(lang: Lang, number: &str) -> String {
    match lang {
        Lang::En => format!("{number} s"),
        Lang::Ko => format!("{number}초"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_as_many_digits_as_matter() {
        for (micros, text) in [
            (0.0, "$0"),
            (40.0, "$0"),
            (96_000.0, "$0.096"),
            (500_000.0, "$0.5"),
            (999_960.0, "$1"),
            (1_250_000.0, "$1.25"),
            (12_500_000.0, "$12.50"),
            (1_204_499_000.0, "$1,204"),
        ] {
            assert_eq!(dollars(micros), text);
        }
    }

    #[test]
    fn units_follow_the_language() {
        assert_eq!(seconds(Lang::En, Time::millis(12_400)), "12.4 s");
        assert_eq!(seconds(Lang::Ko, Time::millis(12_351)), "12.4초");
        assert_eq!(span(Lang::En, Duration::from_secs(10)), "10 s");
        assert_eq!(span(Lang::Ko, Duration::from_millis(5_720)), "5.7초");
        assert_eq!(span(Lang::En, Duration::from_millis(80)), "0.08 s");
        assert_eq!(span(Lang::Ko, Duration::from_mins(5)), "5분");
        assert_eq!(span(Lang::En, Duration::from_secs(320)), "5 min 20 s");
        assert_eq!(rate(Lang::En, 4.56), "4.6/s");
        assert_eq!(rate(Lang::Ko, 84.4), "84/초");
        assert_eq!(rate(Lang::En, 9.97), "10/s");
        assert_eq!(rate(Lang::En, 11_950.4), "11,950/s");
        assert_eq!(rate(Lang::En, 0.0), "0/s");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(42), "42");
        assert_eq!(memory(96 << 20), "96 Mi");
        assert_eq!(memory(3 << 29), "1.5 Gi");
        assert_eq!(memory(-(96 << 20)), "-96 Mi");
        assert_eq!(millicores(250), "250m");
        assert_eq!(millicores(1_250), "1.25");
        assert_eq!(millicores(2_000), "2");
        assert_eq!(millicores(0), "0");
    }
}
