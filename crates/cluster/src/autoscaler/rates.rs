//! How fast the size may change (pkg/controller/podautoscaler/horizontal.go: `normalizeDesiredReplicas`,
//! `normalizeDesiredReplicasWithBehaviors` and what they call).

use std::time::Duration;

use opscape_manifest::api::autoscaling::{Behavior, ScalingRules};
use opscape_sim::Time;

/// What an autoscaler remembers of its past.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct History {
    /// What the metrics asked for, and when.
    recommendations: Vec<(i32, Time)>,
    /// By how much it grew, and when.
    ups: Vec<(i32, Time)>,
    /// By how much it shrank, and when.
    downs: Vec<(i32, Time)>,
}

/// A size that may be taken, and what held it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paced {
    /// After looking at the recommendations of the window.
    pub stabilized: i32,
    /// As `ScaleDownStabilized`, and the sentence.
    pub stability: (&'static str, &'static str),
    /// After the limits.
    pub desired: i32,
    /// As `ScaleUpLimit`, and the sentence.
    pub limit: (&'static str, &'static str),
}

/// `--horizontal-pod-autoscaler-downscale-stabilization`
const DOWNSCALE_WINDOW: i32 = 300;

const READY: (&str, &str) = ("ReadyForNewScale", "recommended size matches current size");
const LOWERED: (&str, &str) = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const RAISED: (&str, &str) = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const WITHIN: (&str, &str) = ("DesiredWithinRange", "the desired count is within the acceptable range");
const UP_LIMIT: (&str, &str) =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: (&str, &str) =
    ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");
const TOO_MANY: (&str, &str) =
    ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const TOO_FEW: (&str, &str) =
    ("TooFewReplicas", "the desired replica count is less than the minimum replica count");

/// What is asked for, within which bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub current: i32,
    pub desired: i32,
    pub min: i32,
    pub max: i32,
    pub now: Time,
}

impl History {
    /// `recordInitialRecommendation`
    pub fn begin(&mut self, current: i32, now: Time) {
        if self.recommendations.is_empty() {
            self.recommendations.push((current, now));
        }
    }

    /// Holds back what goes too fast, and remembers what was asked for.
    pub fn pace(&mut self, asked: Asked, behavior: Option<&Behavior>) -> Paced {
        match behavior {
            None => self.pace_plainly(asked),
            Some(behavior) => {
                let (none, up, down) =
                    (ScalingRules::default(), behavior.scale_up.as_ref(), behavior.scale_down.as_ref());
                self.pace_by_rules(asked, up.unwrap_or(&none), down.unwrap_or(&none))
            }
        }
    }

    fn pace_plainly(&mut self, asked: Asked) -> Paced {
        let cutoff = before(asked.now, DOWNSCALE_WINDOW);
        let recent = self.recommendations.iter().filter(|(_, at)| cutoff.is_none_or(|cutoff| *at >= cutoff));
        let stabilized = recent.map(|(size, _)| *size).fold(asked.desired, i32::max);
        self.remember(asked, |at| cutoff.is_some_and(|cutoff| at < cutoff));
        let limit = asked.current.saturating_mul(2).max(4);
        let (most, why) = if asked.max > limit { (limit, UP_LIMIT) } else { (asked.max, TOO_MANY) };
        let (desired, limit) = if stabilized < asked.min {
            (asked.min, TOO_FEW)
        } else if stabilized > most {
            (most, why)
        } else {
            (stabilized, WITHIN)
        };
        let stability = if stabilized == asked.desired { READY } else { RAISED };
        Paced { stabilized, stability, desired, limit }
    }

    fn pace_by_rules(&mut self, asked: Asked, up: &ScalingRules, down: &ScalingRules) -> Paced {
        let up_cutoff = before(asked.now, up.stabilization_window_seconds.unwrap_or(0));
        let down_cutoff = before(asked.now, down.stabilization_window_seconds.unwrap_or(DOWNSCALE_WINDOW));
        let after = |at: Time, cutoff: Option<Time>| cutoff.is_none_or(|cutoff| at > cutoff);
        let (mut lowest, mut highest) = (asked.desired, asked.desired);
        for (size, at) in &self.recommendations {
            if after(*at, up_cutoff) {
                lowest = lowest.min(*size);
            }
            if after(*at, down_cutoff) {
                highest = highest.max(*size);
            }
        }
        let stabilized = asked.current.max(lowest).min(highest);
        self.remember(asked, |at| {
            up_cutoff.is_some_and(|cutoff| at < cutoff) && down_cutoff.is_some_and(|cutoff| at < cutoff)
        });
        let stability = match asked.desired >= asked.current {
            _ if stabilized == asked.desired => READY,
            true => LOWERED,
            false => RAISED,
        };
        let (desired, limit) = self.within_rates(Asked { desired: stabilized, ..asked }, up, down);
        Paced { stabilized, stability, desired, limit }
    }

    /// `convertDesiredReplicasWithBehaviorRate`
    fn within_rates(
        &self,
        asked: Asked,
        up: &ScalingRules,
        down: &ScalingRules,
    ) -> (i32, (&'static str, &'static str)) {
        if asked.desired > asked.current {
            let rate = self.most(asked, up).max(asked.current);
            let (most, why) = if asked.max > rate { (rate, UP_LIMIT) } else { (asked.max, TOO_MANY) };
            if asked.desired > most {
                return (most, why);
            }
        } else if asked.desired < asked.current {
            let rate = self.least(asked, down).min(asked.current);
            let (least, why) = if asked.min < rate { (rate, DOWN_LIMIT) } else { (asked.min, TOO_FEW) };
            if asked.desired < least {
                return (least, why);
            }
        }
        (asked.desired, WITHIN)
    }

    /// The size before what happened in a policy's period.
    fn at_start(&self, asked: Asked, seconds: i32) -> i32 {
        let cutoff = before(asked.now, seconds);
        let sum = |events: &[(i32, Time)]| {
            let recent = events.iter().filter(|(_, at)| cutoff.is_none_or(|cutoff| *at > cutoff));
            recent.fold(0i32, |sum, (change, _)| sum.saturating_add(*change))
        };
        asked.current.saturating_sub(sum(&self.ups)).saturating_add(sum(&self.downs))
    }

    /// `calculateScaleUpLimitWithScalingRules`
    fn most(&self, asked: Asked, rules: &ScalingRules) -> i32 {
        let limits = rules.policies.iter().map(|policy| {
            let start = self.at_start(asked, policy.period_seconds);
            if &*policy.kind == "Pods" {
                start.saturating_add(policy.value)
            } else {
                // Rounded up: else a small workload would never grow.
                (f64::from(start) * (1.0 + f64::from(policy.value) / 100.0)).ceil() as i32
            }
        });
        match rules.select_policy.as_deref() {
            Some("Disabled") => asked.current,
            Some("Min") => limits.min().unwrap_or(i32::MAX),
            _ => limits.max().unwrap_or(i32::MIN),
        }
    }

    /// `calculateScaleDownLimitWithBehaviors`
    fn least(&self, asked: Asked, rules: &ScalingRules) -> i32 {
        let limits = rules.policies.iter().map(|policy| {
            let start = self.at_start(asked, policy.period_seconds);
            if &*policy.kind == "Pods" {
                start.saturating_sub(policy.value)
            } else {
                (f64::from(start) * (1.0 - f64::from(policy.value) / 100.0)) as i32
            }
        });
        match rules.select_policy.as_deref() {
            Some("Disabled") => asked.current,
            Some("Min") => limits.max().unwrap_or(i32::MIN),
            _ => limits.min().unwrap_or(i32::MAX),
        }
    }

    /// Keeps a recommendation, in the place of one that is of no use any more if there is one.
    fn remember(&mut self, asked: Asked, is_old: impl Fn(Time) -> bool) {
        put(&mut self.recommendations, (asked.desired, asked.now), is_old);
    }

    /// `storeScaleEvent`: the size was changed. Without a behavior nobody looks at it.
    pub fn changed(&mut self, from: i32, to: i32, behavior: Option<&Behavior>, now: Time) {
        let Some(behavior) = behavior else { return };
        let grows = to > from;
        let (events, rules) = if grows {
            (&mut self.ups, behavior.scale_up.as_ref())
        } else {
            (&mut self.downs, behavior.scale_down.as_ref())
        };
        let periods = rules.into_iter().flat_map(|rules| rules.policies.iter());
        let longest = periods.map(|policy| policy.period_seconds).max().unwrap_or(0);
        let cutoff = before(now, longest);
        put(events, ((to - from).saturating_abs(), now), |at| cutoff.is_some_and(|cutoff| at < cutoff));
    }
}

/// Adds an entry, in the place of the last old one if there is one.
fn put(entries: &mut Vec<(i32, Time)>, entry: (i32, Time), is_old: impl Fn(Time) -> bool) {
    match entries.iter_mut().rev().find(|(_, at)| is_old(*at)) {
        Some(old) => *old = entry,
        None => entries.push(entry),
    }
}

/// Some seconds before an instant; none: before the beginning.
fn before(now: Time, seconds: i32) -> Option<Time> {
    let micros = Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).as_micros() as u64;
    now.0.checked_sub(micros).map(Time)
}
