//! When the kubelet's probes find out what the process is like (pkg/kubelet/prober).

use std::time::Duration;

use opscape_manifest::api::pod::{Container, Probe};

/// How long after the start of the process a container counts as ready, if the process serves after `warm_up`. `None` is
/// the process that never serves.
pub(super) fn ready_after(container: &Container, warm_up: Option<Duration>) -> Option<Duration> {
    let started = match &container.startup_probe {
        Some(probe) => succeeds_at(probe, Duration::ZERO, warm_up?),
        None => Duration::ZERO,
    };
    match &container.readiness_probe {
        // A startup probe that succeeds triggers the readiness probe at once.
        Some(probe) => Some(succeeds_at(probe, started, warm_up?)),
        None => Some(started),
    }
}

/// The first probe comes after the initial delay, the next ones a period apart; `successThreshold` of them in a row count.
fn succeeds_at(probe: &Probe, from: Duration, warm_up: Duration) -> Duration {
    let seconds = |value: i32, default: i32| {
        let value = if value <= 0 { default } else { value };
        Duration::from_secs(u64::try_from(value).unwrap_or_default())
    };
    let first = from.max(seconds(probe.initial_delay_seconds, 0));
    let period = seconds(probe.period_seconds, 10);
    let missed = warm_up.saturating_sub(first).as_micros().div_ceil(period.as_micros().max(1));
    let repeats = u32::try_from(probe.success_threshold.max(1) - 1).unwrap_or_default();
    first + period.saturating_mul(u32::try_from(missed).unwrap_or(u32::MAX)) + period.saturating_mul(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(initial: i32, period: i32, successes: i32) -> Probe {
        Probe {
            initial_delay_seconds: initial,
            period_seconds: period,
            success_threshold: successes,
            ..Probe::default()
        }
    }

    fn ready(readiness: Option<Probe>, startup: Option<Probe>, warm_up: f64) -> Option<f64> {
        let container =
            Container { readiness_probe: readiness, startup_probe: startup, ..Container::default() };
        ready_after(&container, Some(Duration::from_secs_f64(warm_up))).map(|span| span.as_secs_f64())
    }

    #[test]
    fn readiness_is_seen_by_the_next_probe() {
        assert_eq!(ready(None, None, 3.0), Some(0.0));
        assert_eq!(ready(Some(probe(0, 2, 1)), None, 0.0), Some(0.0));
        assert_eq!(ready(Some(probe(0, 2, 1)), None, 2.1), Some(4.0));
        assert_eq!(ready(Some(probe(5, 2, 1)), None, 2.1), Some(5.0));
        assert_eq!(ready(Some(probe(0, 0, 3)), None, 1.0), Some(30.0));
        assert_eq!(ready(Some(probe(1, 10, 1)), Some(probe(0, 1, 1)), 3.5), Some(4.0));
        assert_eq!(ready(None, Some(probe(0, 1, 1)), 3.5), Some(4.0));
        let container = Container { readiness_probe: Some(probe(0, 1, 1)), ..Container::default() };
        assert_eq!(ready_after(&container, None), None);
    }
}
