//! Amounts such as `250m`, `1.5Gi`, `2e3`. Source: k8s.io/apimachinery/pkg/api/resource/quantity.go, Kubernetes v1.36.

use std::cmp::Ordering;
use std::fmt;

/// The family of suffixes a quantity was written with; kept when it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `n u m "" k M G T P E`
    #[default]
    DecimalSi,
    /// `Ki Mi Gi Ti Pi Ei`
    BinarySi,
    /// `e3`, `E-3`
    DecimalExponent,
}

/// An exact amount, in units of 10^-9. Smaller parts are rounded up, as the real one does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

const NANO: i128 = 1_000_000_000;

/// Why a text is no quantity; `Display` gives the API server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityError {
    /// It does not have the form of a number with a suffix.
    Format,
    /// The suffix is not known.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            QuantityError::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            QuantityError::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for QuantityError {}

impl Quantity {
    /// A whole number of units, such as pods or bytes.
    pub const fn whole(units: i64) -> Quantity {
        Quantity { nano: units as i128 * NANO, format: Format::DecimalSi }
    }

    /// A number of bytes, printed with `Ki`, `Mi`, `Gi`.
    pub const fn bytes(bytes: i64) -> Quantity {
        Quantity { nano: bytes as i128 * NANO, format: Format::BinarySi }
    }

    /// Thousandths, such as milli-cpus.
    pub const fn milli(milli: i64) -> Quantity {
        Quantity { nano: milli as i128 * (NANO / 1000), format: Format::DecimalSi }
    }

    /// The amount in whole units, rounded up (`Value()`).
    pub fn value(&self) -> i64 {
        away_from_zero(self.nano, NANO)
    }

    /// The amount in thousandths, rounded up (`MilliValue()`).
    pub fn milli_value(&self) -> i64 {
        away_from_zero(self.nano, NANO / 1000)
    }

    /// The amount in units of 10^-9.
    pub fn nano_value(&self) -> i128 {
        self.nano
    }

    /// Whether it is exactly nothing.
    pub fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// Whether it is less than nothing.
    pub fn is_negative(&self) -> bool {
        self.nano < 0
    }

    /// Whether it has no fractional part.
    pub fn is_whole(&self) -> bool {
        self.nano % NANO == 0
    }

    /// The family of suffixes it is printed with.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The sum, in this one's format; an empty amount takes the other's.
    #[must_use]
    pub fn plus(&self, other: &Quantity) -> Quantity {
        let format = if self.nano == 0 { other.format } else { self.format };
        Quantity { nano: self.nano.saturating_add(other.nano), format }
    }

    /// The difference, in this one's format.
    #[must_use]
    pub fn minus(&self, other: &Quantity) -> Quantity {
        let format = if self.nano == 0 { other.format } else { self.format };
        Quantity { nano: self.nano.saturating_sub(other.nano), format }
    }

    /// Reads `250m`, `1.5Gi`, `2e3`.
    pub fn parse(text: &str) -> Result<Quantity, QuantityError> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let whole_len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = rest.split_at(whole_len);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
            None => ("", rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(QuantityError::Format);
        }
        // Letters, a sign, digits: whatever is wrong beyond that is the suffix's own fault.
        let tail = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let tail = tail.strip_prefix(['+', '-']).unwrap_or(tail);
        if !tail.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(QuantityError::Format);
        }
        let (scale_ten, scale_two, format) = scale(suffix)?;
        let mut nano: i128 = 0;
        // How many digits of the fraction still fit above 10^-9; what is below rounds up.
        let mut shift = 9 + scale_ten;
        let mut below = false;
        for digit in whole.bytes().map(|byte| i128::from(byte - b'0')) {
            nano = nano.saturating_mul(10).saturating_add(digit);
        }
        for digit in fraction.bytes().map(|byte| i128::from(byte - b'0')) {
            // Binary suffixes multiply by at least 1024, so that more digits of the fraction count.
            if shift > -18 && nano < i128::MAX / 100 {
                nano = nano.saturating_mul(10).saturating_add(digit);
                shift -= 1;
            } else {
                below |= digit != 0;
            }
        }
        nano = saturating_shift(nano, scale_two);
        if shift >= 0 {
            nano = nano.saturating_mul(10i128.saturating_pow(shift as u32));
        } else {
            let divisor = 10i128.saturating_pow(shift.unsigned_abs());
            below |= nano % divisor != 0;
            nano /= divisor;
        }
        nano = nano.saturating_add(i128::from(below));
        // Binary amounts are capped at 2^63-1 units, the others are not (ParseQuantity).
        let most = if format == Format::BinarySi { i128::from(i64::MAX) * NANO } else { i128::MAX / 4 };
        nano = nano.min(most);
        // Less than one unit of a binary family is a decimal amount.
        let format =
            if format == Format::BinarySi && nano > 0 && nano < NANO { Format::DecimalSi } else { format };
        Ok(Quantity { nano: if negative { -nano } else { nano }, format })
    }
}

/// Rounds away from zero; what does not fit 64 bits wraps, as in Go.
fn away_from_zero(nano: i128, unit: i128) -> i64 {
    let value = nano / unit;
    let rest = nano % unit;
    (value + rest.signum()) as i64
}

fn saturating_shift(value: i128, bits: u32) -> i128 {
    if value.leading_zeros() > bits + 1 { value << bits } else { i128::MAX }
}

/// (power of ten, power of two, family) of a suffix.
fn scale(suffix: &str) -> Result<(i32, u32, Format), QuantityError> {
    let decimal = |ten| Ok((ten, 0, Format::DecimalSi));
    let binary = |two| Ok((0, two, Format::BinarySi));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
            let exponent: i32 = exponent.parse().map_err(|_| QuantityError::Suffix)?;
            Ok((exponent.clamp(-100, 30), 0, Format::DecimalExponent))
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: the largest suffix that needs no fraction.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return out.write_str("0");
        }
        // Below 1024 a binary quantity is printed in decimal, which avoids rounding (CanonicalizeBytes).
        // So is one with a fraction, which loses nothing then.
        if self.format == Format::BinarySi && self.nano.abs() >= 1024 * NANO && self.is_whole() {
            let mut value = self.value();
            let mut suffix = "";
            for next in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = next;
            }
            return write!(out, "{value}{suffix}");
        }
        let (mut value, mut exponent) = (self.nano, -9);
        while value % 1000 == 0 && exponent < 18 {
            value /= 1000;
            exponent += 3;
        }
        if self.format == Format::DecimalExponent {
            return if exponent == 0 { write!(out, "{value}") } else { write!(out, "{value}e{exponent}") };
        }
        let suffix = match exponent {
            -9 => "n",
            -6 => "u",
            -3 => "m",
            3 => "k",
            6 => "M",
            9 => "G",
            12 => "T",
            15 => "P",
            18 => "E",
            _ => "",
        };
        write!(out, "{value}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_canonical_form() {
        for (text, want) in [
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("512", "512"),
            ("0.1Ki", "102400m"),
            ("2e3", "2e3"),
            ("1500k", "1500k"),
            ("-1", "-1"),
            ("1n", "1n"),
            ("0.1n", "1n"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), want, "{text}");
        }
        assert_eq!(Quantity::parse("1.5Mi").unwrap().value(), 1_572_864);
        assert_eq!(Quantity::parse("100m").unwrap().value(), 1);
        assert_eq!(Quantity::parse("1x"), Err(QuantityError::Format));
        assert_eq!(Quantity::parse("1mm"), Err(QuantityError::Suffix));
        assert_eq!(Quantity::parse("한"), Err(QuantityError::Format));
    }
}
