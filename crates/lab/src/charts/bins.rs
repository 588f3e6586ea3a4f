//! Points of a series in bins of equal width.

use opscape_network::telemetry::{Point, Series};
use opscape_sim::Time;

use crate::Lang;

/// The part of the timeline that is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub from: Time,
    pub until: Time,
    pub width: u32,
    pub known_until: Time,
    pub lang: Lang,
}

/// Pixels of a bin, at least.
const PIXELS: u32 = 2;

/// Equal spans of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins {
    /// Where the first begins, in seconds: a multiple of `step`.
    first: u32,
    /// How long each is, in seconds.
    pub step: u32,
    /// How many begin before `end`.
    count: usize,
    /// What is later was not measured yet, in seconds.
    end: u32,
}

impl Bins {
    /// Bins of a frame for points that span so many seconds at least. `second`: what has been measured.
    pub fn new(frame: Frame, span: u32, second: u32) -> Bins {
        let seconds = |time: Time| u32::try_from(time.0 / 1_000_000).unwrap_or(u32::MAX);
        let (from, until) = (seconds(frame.from), seconds(frame.until).saturating_add(1));
        let most = (frame.width / PIXELS).clamp(16, 1_000);
        let step = (until - from.min(until)).div_ceil(most).max(1).next_multiple_of(span.max(1));
        let first = from - from % step;
        let end = until.min(second);
        Bins { first, step, count: end.saturating_sub(first).div_ceil(step) as usize, end }
    }

    /// The middles of the bins, in seconds.
    pub fn times(self) -> Vec<f64> {
        let half = f64::from(self.step) / 2.0;
        (0..self.count as u32).map(|bin| f64::from(self.first + bin * self.step) + half).collect()
    }

    /// What was measured in each bin. A point that is longer than a bin stands for all the bins it covers.
    pub fn points(self, series: Option<&Series>) -> Vec<Point> {
        let span = |bin: usize| {
            let begin = self.first + bin as u32 * self.step;
            (begin + self.step).min(self.end).saturating_sub(begin).max(1)
        };
        let empty = |bin: usize| Point { span: span(bin), ..Point::default() };
        let mut bins: Vec<Point> = (0..self.count).map(empty).collect();
        let points = series.into_iter().flat_map(Series::points);
        for point in points.filter(|point| point.at + point.span > self.first) {
            let bin = |second: u32| (second.saturating_sub(self.first) / self.step) as usize;
            let (first, last) = (bin(point.at), bin(point.at + point.span - 1));
            for at in first..=last {
                let Some(sum) = bins.get_mut(at) else { break };
                if point.span > self.step {
                    sum.clone_from(point);
                } else if sum.span <= self.step {
                    sum.merge(point);
                }
            }
        }
        bins
    }
}
