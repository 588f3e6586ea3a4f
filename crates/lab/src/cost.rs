//! What the nodes cost: the sum of their prices now, and over time. A machine is paid for from its order to its end, whether
//! its node is there or not.

use opscape_cluster::cluster_autoscaler::GROUP_LABEL;
use opscape_manifest::api::Node;
use opscape_manifest::lab::MAX_PRICE;
use opscape_sim::Time;

/// The annotation of a node that says what it costs per hour, in dollars.
pub const PRICE: &str = "opscape.dev/price-per-hour";

/// Money over time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Per hour now, in millionths of a dollar.
    pub per_hour: i64,
    /// Since when.
    since: Time,
    /// Up to then, in millionths of a dollar.
    before: f64,
}

impl Cost {
    /// The price changes.
    pub fn set(&mut self, per_hour: i64, now: Time) {
        if per_hour != self.per_hour {
            *self = Cost { per_hour, since: now, before: self.up_to(now) };
        }
    }

    /// All in all up to an instant that is not before the last change, in millionths of a dollar.
    pub fn up_to(&self, now: Time) -> f64 {
        self.before + self.per_hour as f64 * (now.since(self.since).as_micros() as f64 / 3.6e9)
    }

    /// Whether nothing has cost anything.
    pub fn is_nothing(&self) -> bool {
        self.per_hour == 0 && self.before == 0.0
    }
}

/// What a node says it costs per hour, in millionths of a dollar.
pub fn price_of(node: &Node) -> i64 {
    let dollars = node.metadata.annotation(PRICE).and_then(|text| text.trim().parse::<f64>().ok());
    dollars.map_or(0, |dollars| (dollars * 1e6).round() as i64).clamp(0, MAX_PRICE)
}

/// The same of a node that is in no group; the machines of groups are paid for by the cloud's count.
pub(crate) fn price_outside_groups(node: &Node) -> i64 {
    if node.metadata.label(GROUP_LABEL).is_some() { 0 } else { price_of(node) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_add_up_over_time() {
        let mut cost = Cost::default();
        assert!(cost.is_nothing());
        cost.set(3_600_000, Time::secs(10));
        assert!((cost.up_to(Time::secs(20)) - 10_000.0).abs() < 1e-6);
        cost.set(0, Time::secs(30));
        assert!((cost.up_to(Time::secs(4000)) - 20_000.0).abs() < 1e-6);
        assert!(!cost.is_nothing());
    }
}
