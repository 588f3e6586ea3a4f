//! What was measured of one thing over time: fine for the last minutes, coarser before. Clones share what is closed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Histogram, Outcome};

/// What was measured in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Point {
    /// When it begins, in seconds.
    pub at: u32,
    /// How long it is, in seconds.
    pub span: u32,
    /// Requests that ended in it.
    pub count: u64,
    /// Those that failed, by kind: see [`Point::of`] and [`Point::errors`].
    pub failed: [u32; Outcome::KINDS],
    /// CPU time used, in microseconds.
    pub cpu: u64,
    /// Time that work waited for CPU, in microseconds.
    pub throttled: u64,
    /// How long all requests took together, in microseconds.
    pub total: u64,
    /// How long requests took.
    pub durations: Histogram,
}

impl Point {
    /// Counts a request.
    pub fn add(&mut self, outcome: Outcome, micros: u64, weight: u32) {
        self.count += u64::from(weight);
        if let Some(failed) = outcome.kind().and_then(|kind| self.failed.get_mut(kind)) {
            *failed = failed.saturating_add(weight);
        }
        self.total += micros * u64::from(weight);
        self.durations.add(micros, weight);
    }

    /// Takes in another one.
    pub fn merge(&mut self, other: &Point) {
        self.count += other.count;
        for (sum, more) in self.failed.iter_mut().zip(other.failed) {
            *sum = sum.saturating_add(more);
        }
        self.cpu += other.cpu;
        self.throttled += other.throttled;
        self.total += other.total;
        self.durations.merge(&other.durations);
    }

    /// Requests that ended in this way.
    pub fn of(&self, outcome: Outcome) -> u64 {
        outcome.kind().and_then(|kind| self.failed.get(kind)).map_or(0, |count| u64::from(*count))
    }

    /// Requests that failed: a status of 500 or more, or none at all. What the client did wrong (4xx) is not counted.
    pub fn errors(&self) -> u64 {
        self.failed.iter().skip(1).map(|count| u64::from(*count)).sum()
    }

    /// Requests per second.
    pub fn rate(&self) -> f64 {
        if self.span == 0 { 0.0 } else { self.count as f64 / f64::from(self.span) }
    }

    /// How long a request took on average, in microseconds.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.total as f64 / self.count as f64 }
    }

    /// Failed requests per second.
    pub fn error_rate(&self) -> f64 {
        if self.span == 0 { 0.0 } else { self.errors() as f64 / f64::from(self.span) }
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.cpu == 0 && self.throttled == 0
    }
}

/// Points of equal spans. Ten of them, aligned, become one of the next level once they are old.
#[derive(Debug, Clone)]
struct Level {
    span: u32,
    /// Tens that are kept before they become coarser.
    keep: usize,
    full: Arc<VecDeque<Arc<Vec<Point>>>>,
    /// The tens that are being filled.
    last: Arc<Vec<Point>>,
}

/// Points over time.
#[derive(Debug, Clone)]
pub struct Series {
    levels: Vec<Level>,
}

const TEN: u32 = 10;

impl Series {
    /// A series whose finest points span so many seconds.
    pub fn new(span: u32) -> Self {
        // Of 1 s: five minutes; then 10 s for an hour; then 100 s for a day.
        let level = |span, keep| Level { span, keep, full: Arc::default(), last: Arc::default() };
        Series { levels: vec![level(span, 30), level(span * TEN, 36), level(span * TEN * TEN, 90)] }
    }

    /// The finest span in seconds.
    pub fn span(&self) -> u32 {
        self.levels.first().map_or(1, |level| level.span)
    }

    /// Adds what was measured in a second that is not over before the last one that was added.
    pub fn push(&mut self, second: u32, measured: Point) {
        self.push_at(0, second, measured);
    }

    fn push_at(&mut self, number: usize, second: u32, mut point: Point) {
        let Some(level) = self.levels.get_mut(number) else { return };
        let span = level.span;
        let at = second - second % span;
        let tens = at / (span * TEN);
        if let Some(last) = level.last.last() {
            if last.at == at {
                if let Some(last) = Arc::make_mut(&mut level.last).last_mut() {
                    last.merge(&point);
                }
                return;
            }
            if last.at / (span * TEN) != tens {
                let closed = std::mem::take(&mut level.last);
                Arc::make_mut(&mut level.full).push_back(closed);
            }
        }
        (point.at, point.span) = (at, span);
        Arc::make_mut(&mut level.last).push(point);
        if level.full.len() <= level.keep {
            return;
        }
        let Some(old) = Arc::make_mut(&mut level.full).pop_front() else { return };
        let mut merged = Point::default();
        for point in old.iter() {
            merged.merge(point);
        }
        let at = old.first().map_or(0, |point| point.at);
        self.push_at(number + 1, at, merged);
    }

    /// All points, in order of time: the older, the coarser. Where nothing was measured there is none.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point> {
        self.levels
            .iter()
            .rev()
            .flat_map(|level| level.full.iter().flat_map(|tens| tens.iter()).chain(level.last.iter()))
    }

    /// All that was measured from a second to another, not included. At its ends it is as exact as the points are fine.
    pub fn between(&self, from: u32, to: u32) -> Point {
        let mut sum = Point { at: from, span: to.saturating_sub(from), ..Point::default() };
        let recent = self.points().rev().skip_while(|point| point.at >= to);
        for point in recent.take_while(|point| point.at + point.span > from) {
            sum.merge(point);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_points_become_coarser_and_nothing_is_lost() {
        let mut series = Series::new(1);
        for second in 0..20_000_u32 {
            let mut point = Point::default();
            point.add(Outcome::Status(200), u64::from(second % 100) * 1_000, 2);
            if second % 10 == 0 {
                point.add(Outcome::Status(503), 1_000, 1);
            }
            series.push(second, point);
        }
        let all = series.between(0, 20_000);
        assert_eq!((all.count, all.of(Outcome::Status(503)), all.errors()), (42_000, 2_000, 2_000));
        assert!(series.points().count() < 900);
        assert!(series.points().zip(series.points().skip(1)).all(|(a, b)| a.at + a.span <= b.at));
        let minute = series.between(19_940, 20_000);
        assert_eq!((minute.count, minute.span), (126, 60));
        assert!((minute.rate() - 2.1).abs() < 1e-9);
    }

    #[test]
    fn clones_go_on_by_themselves() {
        let mut series = Series::new(1);
        let point = || Point { count: 1, ..Point::default() };
        (0..500).for_each(|second| series.push(second, point()));
        let before = series.clone();
        (500..1_000).for_each(|second| series.push(second, point()));
        assert_eq!(before.between(0, 2_000).count, 500);
        assert_eq!(series.between(0, 2_000).count, 1_000);
    }
}
