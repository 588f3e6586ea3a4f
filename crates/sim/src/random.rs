//! Seeded randomness. Each subsystem draws from a stream of its own, so that one more draw in one of them does not
//! disturb the others.

/// A stream of random numbers (xoshiro256++, Blackman and Vigna 2019).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rng([u64; 4]);

impl Rng {
    /// The stream `name` of a run with this seed.
    pub fn stream(seed: u64, name: &str) -> Rng {
        // FNV-1a spreads the names, SplitMix64 fills the state.
        let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let mut next = || {
            hash = hash.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mix = hash;
            mix = (mix ^ (mix >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mix = (mix ^ (mix >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mix ^ (mix >> 31)
        };
        Rng([next(), next(), next(), next()])
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A whole number from 0 to `bound - 1`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Lemire's multiplication; its bias is at most bound / 2^64.
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from 0 (included) to 1 (not included).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An exponentially distributed number with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// A random suffix as Kubernetes appends to generated names: no vowels and no digits that look like letters
    /// (k8s.io/apimachinery/pkg/util/rand).
    pub fn suffix(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length).map(|_| self.pick(ALPHABET).map_or('x', |byte| char::from(*byte))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_does_not_depend_on_draws_from_another() {
        let mut scheduler = Rng::stream(7, "scheduler");
        let first: Vec<u64> = (0..10).map(|_| scheduler.bits()).collect();
        let mut kubelet = Rng::stream(7, "kubelet");
        kubelet.bits();
        let mut again = Rng::stream(7, "scheduler");
        assert_eq!(first, (0..10).map(|_| again.bits()).collect::<Vec<_>>());
        assert_ne!(first[0], Rng::stream(7, "kubelet").bits());
        assert_ne!(first[0], Rng::stream(8, "scheduler").bits());
    }

    #[test]
    fn draws_are_spread_evenly() {
        let mut rng = Rng::stream(1, "test");
        let mut counts = [0; 10];
        for _ in 0..100_000 {
            counts[rng.below(10) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        let mean = (0..100_000).map(|_| rng.exponential(2.0)).sum::<f64>() / 100_000.0;
        assert!((mean - 2.0).abs() < 0.05, "{mean}");
        assert_eq!(rng.below(0), 0);
    }
}
