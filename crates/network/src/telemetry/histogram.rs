//! Durations counted in buckets whose width grows with them (as HdrHistogram): small, mergeable, exact enough for
//! percentiles.

/// Buckets per doubling: each is 1/64 as wide as where it begins.
const STEPS: u64 = 64;
const STEP_BITS: u32 = 6;

/// How many durations fell into which bucket. Only buckets that hold some are kept, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    buckets: Vec<(u16, u32)>,
    count: u64,
}

/// The bucket of a duration in microseconds. Up to 63 each has a bucket of its own.
pub(crate) fn bucket(micros: u64) -> u16 {
    if micros < STEPS {
        return micros as u16;
    }
    let doubling = micros.ilog2() - STEP_BITS;
    (u64::from(doubling) * STEPS + (micros >> doubling)) as u16
}

/// Where a bucket begins, in microseconds.
fn begin(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < 2 * STEPS {
        return bucket;
    }
    let doubling = bucket / STEPS - 1;
    (bucket % STEPS + STEPS) << doubling
}

impl Histogram {
    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts a duration, `weight` times.
    pub fn add(&mut self, micros: u64, weight: u32) {
        self.put(bucket(micros), weight);
    }

    fn put(&mut self, bucket: u16, weight: u32) {
        self.count += u64::from(weight);
        let at = self.buckets.partition_point(|(other, _)| *other < bucket);
        match self.buckets.get_mut(at) {
            Some((same, count)) if *same == bucket => *count = count.saturating_add(weight),
            _ => self.buckets.insert(at, (bucket, weight)),
        }
    }

    /// Counts all durations of another one, too.
    pub fn merge(&mut self, other: &Histogram) {
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len().max(other.buckets.len()));
        let (mut ours, mut theirs) = (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        loop {
            let next = match (ours.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a.0 == b.0 => {
                    let both = (a.0, a.1.saturating_add(b.1));
                    ours.next();
                    theirs.next();
                    both
                }
                (Some(a), Some(b)) if a.0 > b.0 => {
                    let next = **b;
                    theirs.next();
                    next
                }
                (Some(a), _) => {
                    let next = **a;
                    ours.next();
                    next
                }
                (None, Some(b)) => {
                    let next = **b;
                    theirs.next();
                    next
                }
                (None, None) => break,
            };
            merged.push(next);
        }
        self.buckets = merged;
        self.count += other.count;
    }

    /// The duration in microseconds that this share (0.5, 0.99) of all durations does not exceed; 0 if there is none.
    /// Within a bucket they are taken to lie evenly.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = share.clamp(0.0, 1.0) * self.count as f64;
        let mut before = 0.0;
        for (bucket, count) in &self.buckets {
            let count = f64::from(*count);
            if before + count >= wanted && count > 0.0 {
                let (from, to) = (begin(*bucket) as f64, begin(bucket + 1) as f64);
                // Up to 63 a bucket is one value.
                let width = if *bucket < STEPS as u16 { 0.0 } else { to - from };
                return from + width * ((wanted - before) / count).clamp(0.0, 1.0);
            }
            before += count;
        }
        0.0
    }

    /// The largest duration's bucket, its end, in microseconds.
    pub fn highest(&self) -> u64 {
        self.buckets.last().map_or(0, |(bucket, _)| begin(bucket + 1))
    }

    /// The smallest duration's bucket, its begin, in microseconds.
    pub fn lowest(&self) -> u64 {
        self.buckets.first().map_or(0, |(bucket, _)| begin(*bucket))
    }

    /// How many durations are at most so long, in microseconds.
    pub fn count_up_to(&self, micros: u64) -> u64 {
        let last = bucket(micros);
        self.buckets
            .iter()
            .take_while(|(bucket, _)| *bucket <= last)
            .map(|(_, count)| u64::from(*count))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use opscape_sim::Rng;

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        let mut last = 0;
        for micros in (0..100_000).chain([1 << 30, 1 << 40, u64::MAX / 2, u64::MAX]) {
            let at = bucket(micros);
            assert!(
                begin(at) <= micros && (micros < begin(at + 1) || begin(at + 1) == 0 || micros > 1 << 62),
                "{micros}"
            );
            assert!(at == last || at == last + 1 || micros > 100_000, "{micros}");
            last = at;
        }
    }

    #[test]
    fn quantiles_are_within_a_percent() {
        let mut rng = Rng::stream(1, "histogram");
        let mut values: Vec<u64> = (0..50_000).map(|_| (rng.exponential(40_000.0)) as u64).collect();
        let (mut one, mut two) = (Histogram::default(), Histogram::default());
        for (at, value) in values.iter().enumerate() {
            if at % 3 == 0 { one.add(*value, 1) } else { two.add(*value, 1) }
        }
        one.merge(&two);
        values.sort_unstable();
        assert_eq!(one.count(), 50_000);
        for share in [0.1, 0.5, 0.9, 0.99, 0.999] {
            let exact = values[(share * 50_000.0) as usize] as f64;
            assert!(
                (one.quantile(share) / exact - 1.0).abs() < 0.01,
                "{share}: {} {exact}",
                one.quantile(share)
            );
        }
        assert!(one.highest() >= values[49_999]);
        let below = values.iter().filter(|value| **value <= 40_000).count() as f64;
        assert!((one.count_up_to(40_000) as f64 / below - 1.0).abs() < 0.02);
    }

    #[test]
    fn weights_count_as_repeats() {
        let (mut heavy, mut light) = (Histogram::default(), Histogram::default());
        heavy.add(700, 3);
        (0..3).for_each(|_| light.add(700, 1));
        assert_eq!(heavy, light);
        assert_eq!(Histogram::default().quantile(0.5) as u64, 0);
    }
}
