//! How much comes, and when: a level (requests per second, or clients) that changes with time, and the instants of an open
//! workload's requests by exact inversion of its integral.

use crate::elementary::sin_turn;

/// How a level changes with time. Times are seconds since the workload began.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Shape {
    /// It stays.
    #[default]
    Constant,
    /// It goes evenly to another level and stays there.
    Ramp {
        /// The level at its end.
        to: f64,
        /// When it begins.
        after: f64,
        /// How long it takes.
        over: f64,
    },
    /// It is another one for a while.
    Spike {
        /// The level meanwhile.
        to: f64,
        /// When it begins.
        after: f64,
        /// How long it lasts.
        lasts: f64,
    },
    /// It goes up and down as the day does: a sine from the base, its trough, up to the peak after half a period.
    Wave {
        /// The level at the peak.
        to: f64,
        /// The period.
        every: f64,
    },
}

/// A level over time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Profile {
    /// Where it begins.
    pub base: f64,
    /// How it goes on.
    pub shape: Shape,
}

/// From now until an instant the level changes evenly.
struct Piece {
    until: f64,
    level: f64,
    slope: f64,
}

/// A wave is drawn by so many straight lines: it is nowhere off by more than 0.06 % of its height.
const LINES: f64 = 96.0;
/// Less than a nanosecond: an instant so close to the end of a piece belongs to the next one.
const CLOSE: f64 = 1e-10;

impl Profile {
    /// A level that stays.
    pub fn constant(level: f64) -> Profile {
        Profile { base: level, shape: Shape::Constant }
    }

    /// The level at an instant.
    pub fn at(&self, time: f64) -> f64 {
        self.piece(time).level
    }

    /// When so much has come since `from` (the integral of the level); `None`: it never will.
    pub fn after(&self, from: f64, amount: f64) -> Option<f64> {
        let (mut time, mut left) = (from, amount);
        // A wave that is nearly flat at zero is given up at some time.
        for _ in 0..100_000 {
            let piece = self.piece(time);
            let root = (piece.level * piece.level + 2.0 * piece.slope * left).max(0.0).sqrt();
            let span = 2.0 * left / (piece.level + root);
            if span.is_finite() && time + span <= piece.until {
                return Some(time + span);
            }
            if piece.until.is_infinite() {
                return None;
            }
            let whole = piece.until - time;
            left = (left - whole * (piece.level + 0.5 * piece.slope * whole)).max(0.0);
            time = piece.until;
        }
        None
    }

    fn piece(&self, time: f64) -> Piece {
        let base = self.base.max(0.0);
        let flat = |level: f64, until: f64| Piece { until, level: level.max(0.0), slope: 0.0 };
        match self.shape {
            Shape::Ramp { after, .. } | Shape::Spike { after, .. } if time < after - CLOSE => {
                flat(base, after)
            }
            Shape::Ramp { to, after, over } if time < after + over - CLOSE => {
                let to = to.max(0.0);
                let slope = (to - base) / over;
                let level = base + slope * (time - after).max(0.0);
                Piece { until: after + over, level: level.max(0.0), slope }
            }
            Shape::Ramp { to, .. } => flat(to, f64::INFINITY),
            Shape::Spike { to, after, lasts } if time < after + lasts - CLOSE => flat(to, after + lasts),
            Shape::Wave { to, every } if every > 0.0 => {
                let width = every / LINES;
                let line = ((time + CLOSE) / width).floor();
                let height = |line: f64| {
                    let share = 0.5 - 0.5 * sin_turn(line / LINES + 0.25);
                    (base + (to.max(0.0) - base) * share).max(0.0)
                };
                let (from, to) = (height(line), height(line + 1.0));
                let slope = (to - from) / width;
                let level = from + slope * (time - line * width).max(0.0);
                Piece { until: (line + 1.0) * width, level: level.max(0.0), slope }
            }
            Shape::Constant | Shape::Spike { .. } | Shape::Wave { .. } => flat(base, f64::INFINITY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(profile: Profile, until: f64) -> usize {
        let (mut time, mut count) = (0.0, 0);
        while let Some(next) = profile.after(time, 1.0).filter(|next| *next <= until) {
            assert!(next > time, "{profile:?} stands still at {time}");
            (time, count) = (next, count + 1);
        }
        count
    }

    #[test]
    fn as_much_comes_as_the_area_under_the_level() {
        let profile = |shape| Profile { base: 10.0, shape };
        assert_eq!(count(Profile::constant(0.0), 1e9), 0);
        for (shape, area) in [
            (Shape::Constant, 1_000.0),
            (Shape::Ramp { to: 30.0, after: 20.0, over: 40.0 }, 200.0 + 800.0 + 1_200.0),
            (Shape::Ramp { to: 0.0, after: 0.0, over: 50.0 }, 250.0),
            (Shape::Spike { to: 100.0, after: 10.0, lasts: 5.0 }, 950.0 + 500.0),
            (Shape::Spike { to: 0.0, after: 10.0, lasts: 5.0 }, 950.0),
            (Shape::Wave { to: 30.0, every: 20.0 }, 2_000.0),
        ] {
            let counted = count(profile(shape), 100.0) as f64;
            assert!((counted - area).abs() <= 2.0, "{shape:?}: {counted}, not {area}");
        }
    }

    #[test]
    fn a_wave_begins_at_its_trough() {
        let wave = Profile { base: 10.0, shape: Shape::Wave { to: 90.0, every: 24.0 } };
        for (time, level) in
            [(0.0, 10.0), (6.0, 50.0), (12.0, 90.0), (18.0, 50.0), (24.0, 10.0), (30.0, 50.0)]
        {
            assert!((wave.at(time) - level).abs() < 0.05, "{time}: {}", wave.at(time));
        }
    }
}
