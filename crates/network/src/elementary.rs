//! Elementary functions out of additions and multiplications alone. Those of the standard library come from the platform
//! and differ in the last digit, natively and in Wasm; a run must not.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI};

/// The natural logarithm of a positive number.
pub fn ln(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < f64::MIN_POSITIVE {
        return ln(x * (1u64 << 54) as f64) - 54.0 * LN_2;
    }
    // x = m * 2^e with m from sqrt(1/2) to sqrt(2).
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) as i32) - 1022;
    let mut mantissa = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FE0_0000_0000_0000);
    if mantissa < FRAC_1_SQRT_2 {
        mantissa *= 2.0;
        exponent -= 1;
    }
    // ln m = 2 artanh s
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let series = [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0].iter();
    let sum = series.fold(0.0, |sum, odd| (sum + 1.0 / odd) * z) + 1.0;
    f64::from(exponent) * LN_2 + 2.0 * s * sum
}

/// e to the power of x.
pub fn exp(x: f64) -> f64 {
    if x.is_nan() || x > 700.0 {
        return f64::MAX;
    }
    if x < -700.0 {
        return 0.0;
    }
    let whole = (x / LN_2).round();
    let rest = x - whole * LN_2;
    let sum = (1..=14).rev().fold(1.0, |sum, n| 1.0 + sum * rest / f64::from(n));
    // whole is between -1010 and 1010.
    sum * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

/// The sine of a whole turn's share: `sin(2 pi x)`.
pub fn sin_turn(x: f64) -> f64 {
    let mut x = x - x.floor();
    let mut sign = 1.0;
    if x >= 0.5 {
        (x, sign) = (x - 0.5, -1.0);
    }
    if x > 0.25 {
        x = 0.5 - x;
    }
    let angle = 2.0 * PI * x;
    let z = angle * angle;
    let sum = (1..=9).rev().fold(1.0, |sum, n| {
        let n = f64::from(n);
        1.0 - sum * z / (2.0 * n * (2.0 * n + 1.0))
    });
    sign * angle * sum
}

/// What a normally distributed number stays below with probability `p`: Wichura's algorithm AS 241 (PPND16, 1988).
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ];
    const B: [f64; 8] = [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ];
    const C: [f64; 8] = [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ];
    const E: [f64; 8] = [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ];
    let ratio = |r: f64, above: &[f64; 8], below: &[f64; 8]| {
        let value = |series: &[f64; 8]| series.iter().rev().fold(0.0, |sum, term| sum * r + term);
        value(above) / value(below)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(0.180_625 - q * q, &A, &B);
    }
    let tail = (if q < 0.0 { p } else { 1.0 - p }).max(1e-300);
    let r = (-ln(tail)).sqrt();
    let value = if r <= 5.0 { ratio(r - 1.6, &C, &D) } else { ratio(r - 5.0, &E, &F) };
    if q < 0.0 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_the_platform_computes() {
        let close = |ours: f64, theirs: f64| {
            let scale = theirs.abs().max(1e-3);
            assert!((ours - theirs).abs() <= 1e-13 * scale, "{ours} {theirs}");
        };
        let mut x = 1e-9;
        while x < 1e9 {
            close(ln(x), x.ln());
            let power = ln(x);
            close(exp(power), power.exp());
            x *= 1.37;
        }
        for step in -400..400 {
            let turn = f64::from(step) / 173.0;
            assert!((sin_turn(turn) - (2.0 * PI * turn).sin()).abs() < 1e-12);
        }
    }

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (p, z) in [
            (0.5, 0.0),
            (0.9, 1.281_551_565_544_600_4),
            (0.99, 2.326_347_874_040_841),
            (0.001, -3.090_232_306_167_813_5),
            (1e-12, -7.034_483_825_301_131),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-9, "{p}: {}", normal_quantile(p));
        }
    }
}
