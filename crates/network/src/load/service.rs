//! How a container serves: how many requests at the same time, how long, with how much CPU, and how often it fails.

use opscape_sim::Rng;

use crate::elementary::{exp, ln, normal_quantile};

/// How long requests take, without waiting and without contention for CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ServiceTime {
    /// Each as long as the other, in seconds.
    Constant(f64),
    /// Exponentially distributed with this mean, in seconds.
    Exponential(f64),
    /// Lognormally distributed: most near the median, a long tail.
    Lognormal {
        /// Half of the requests take less, in seconds.
        median: f64,
        /// 99 of 100 take less, in seconds.
        p99: f64,
    },
}

/// The normal distribution's 99th percentile.
const Z99: f64 = 2.326_347_874_040_841;

impl ServiceTime {
    /// The mean, in seconds.
    pub fn mean(&self) -> f64 {
        match *self {
            ServiceTime::Constant(time) | ServiceTime::Exponential(time) => time,
            ServiceTime::Lognormal { median, p99 } => {
                let sigma = sigma(median, p99);
                median * exp(sigma * sigma / 2.0)
            }
        }
    }

    fn draw(&self, rng: &mut Rng) -> f64 {
        match *self {
            ServiceTime::Constant(time) => time,
            ServiceTime::Exponential(mean) => -mean * ln(1.0 - rng.unit()),
            ServiceTime::Lognormal { median, p99 } => {
                median * exp(sigma(median, p99) * normal_quantile(rng.unit()))
            }
        }
    }
}

fn sigma(median: f64, p99: f64) -> f64 {
    if median > 0.0 && p99 > median { ln(p99 / median) / Z99 } else { 0.0 }
}

/// How a container serves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Serve {
    /// Requests it works on at the same time; 0: any number.
    pub concurrency: u32,
    /// Requests that may wait for their turn; further ones are answered with 503 at once.
    pub queue: u32,
    /// How long a request takes.
    pub time: ServiceTime,
    /// CPU time a request takes on average, in seconds: the part of `time` that waits where CPU is short. A request that
    /// takes longer takes more CPU, too.
    pub cpu: f64,
    /// Share of the requests that are answered with 500, from 0 to 1.
    pub error_rate: f64,
}

impl Default for Serve {
    fn default() -> Self {
        Serve { concurrency: 0, queue: 1_024, time: ServiceTime::Constant(0.0), cpu: 0.0, error_rate: 0.0 }
    }
}

/// What one request needs, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// Time in which it uses no CPU.
    pub waits: u64,
    /// CPU time.
    pub cpu: u64,
}

impl Serve {
    pub(super) fn need(&self, rng: &mut Rng) -> Need {
        let time = self.time.draw(rng);
        let mean = self.time.mean();
        let cpu = if mean > 0.0 { time * (self.cpu / mean) } else { self.cpu };
        Need { waits: nanos((time - cpu).max(0.0)), cpu: nanos(cpu) }
    }
}

/// No request takes longer than some months, whatever is asked for.
const LONGEST: f64 = 1e7;

pub(super) fn nanos(seconds: f64) -> u64 {
    (seconds.min(LONGEST) * 1e9 + 0.5) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_their_distribution() {
        let mut rng = Rng::stream(3, "service");
        for time in [
            ServiceTime::Constant(0.02),
            ServiceTime::Exponential(0.02),
            ServiceTime::Lognormal { median: 0.02, p99: 0.1 },
        ] {
            let mut draws: Vec<f64> = (0..200_000).map(|_| time.draw(&mut rng)).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            assert!((mean / time.mean() - 1.0).abs() < 0.01, "{time:?}: {mean}");
            draws.sort_by(f64::total_cmp);
            if let ServiceTime::Lognormal { median, p99 } = time {
                assert!((draws[100_000] / median - 1.0).abs() < 0.01);
                assert!((draws[198_000] / p99 - 1.0).abs() < 0.03);
            }
        }
    }

    #[test]
    fn cpu_is_a_part_of_the_time() {
        let serve = Serve { time: ServiceTime::Exponential(0.02), cpu: 0.005, ..Serve::default() };
        let mut rng = Rng::stream(3, "service");
        let needs: Vec<Need> = (0..100_000).map(|_| serve.need(&mut rng)).collect();
        let cpu = needs.iter().map(|need| need.cpu).sum::<u64>() as f64 / 1e14;
        let all = needs.iter().map(|need| need.cpu + need.waits).sum::<u64>() as f64 / 1e14;
        assert!((cpu / 0.005 - 1.0).abs() < 0.02 && (all / 0.02 - 1.0).abs() < 0.02, "{cpu} {all}");
    }
}
