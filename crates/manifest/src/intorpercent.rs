//! Numbers or percentages (`maxSurge: 25%`), as apimachinery `pkg/util/intstr`.

use crate::golang::quote;

/// `GetScaledValueFromIntOrPercent` for a percentage text: the share of `total` it names, rounded up or down.
///
/// # Errors
/// The message of upstream for a text that is no percentage.
pub fn scaled_percent(text: &str, total: i64, round_up: bool) -> Result<i64, String> {
    let Some(number) = text.strip_suffix('%') else {
        return Err("invalid value for IntOrString: invalid type: string is not a percentage".to_owned());
    };
    let Some(percent) = go_atoi(number) else {
        return Err(format!(
            "invalid value for IntOrString: invalid value {}: strconv.Atoi: parsing {}: invalid syntax",
            quote(text),
            quote(number)
        ));
    };
    let product = i128::from(percent) * i128::from(total);
    let share = if round_up { -(-product).div_euclid(100) } else { product.div_euclid(100) };
    Ok(i64::try_from(share).unwrap_or(if share < 0 { i64::MIN } else { i64::MAX }))
}

/// True for a text of digits and a `%`, the only texts `maxSurge` and its like accept (`IsValidPercent`).
pub fn is_valid_percent(text: &str) -> bool {
    text.strip_suffix('%').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// `strconv.Atoi`: an optional sign and decimal digits.
fn go_atoi(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
