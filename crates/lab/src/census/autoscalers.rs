//! What autoscalers saw and wanted over time, by the status they wrote.

use std::sync::Arc;

use opscape_manifest::api::HorizontalPodAutoscaler;
use opscape_manifest::api::autoscaling::{Metric, MetricValue};
use opscape_manifest::api::meta::Str;
use opscape_sim::{Log, Time};

use super::push;
use crate::tracks::Step;

/// An autoscaler over time.
#[derive(Debug, Clone, Default)]
pub struct Autoscaler {
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Replicas: those there are (`ready`) and those it wants (`not_ready`).
    pub replicas: Log<Step>,
    /// Its first metric: what is used (`ready`) and what it shall be (`not_ready`), in per cent of the request, or in
    /// thousandths.
    pub metric: Log<Step>,
    /// What the metric is called.
    pub of: Str,
    /// Whether it is in per cent.
    pub percent: bool,
}

impl Autoscaler {
    fn take(&mut self, autoscaler: &HorizontalPodAutoscaler, now: Time) {
        let count = |number: i32| u32::try_from(number).unwrap_or_default();
        let status = &autoscaler.status;
        if status.conditions.is_empty() {
            return;
        }
        let replicas = Step {
            at: now,
            ready: count(status.current_replicas),
            not_ready: count(status.desired_replicas),
        };
        push(&mut self.replicas, replicas);
        let (Some(wanted), Some(seen)) = (autoscaler.spec.metrics.first(), status.current_metrics.first())
        else {
            return;
        };
        let (Some((name, wanted)), Some((_, seen))) = (parts(wanted, true), parts(seen, false)) else {
            return;
        };
        self.percent = wanted.average_utilization.is_some();
        let (Some(target), Some(current)) = (amount(wanted, self.percent), amount(seen, self.percent)) else {
            return;
        };
        self.of = name;
        push(&mut self.metric, Step { at: now, ready: current, not_ready: target });
    }
}

/// The name of a metric, and what it shall be or is.
fn parts(metric: &Metric, target: bool) -> Option<(Str, &MetricValue)> {
    let source = metric.source()?;
    let named = source.metric.as_ref().map(|metric| metric.name.clone());
    let value = if target { source.target.as_ref() } else { source.current.as_ref() };
    Some((named.unwrap_or_else(|| source.name.clone()), value?))
}

fn amount(value: &MetricValue, percent: bool) -> Option<u32> {
    if percent {
        return u32::try_from(value.average_utilization?).ok();
    }
    let quantity = value.average_value.as_ref().or(value.value.as_ref())?;
    Some(u32::try_from(quantity.milli_value()).unwrap_or(u32::MAX))
}

/// Takes in what an autoscaler wrote. They are in order of namespace and name.
pub(super) fn take(list: &mut Arc<Vec<Autoscaler>>, autoscaler: &HorizontalPodAutoscaler, now: Time) {
    let meta = &autoscaler.metadata;
    let list = Arc::make_mut(list);
    let key = |one: &Autoscaler| (&*one.namespace, &*one.name).cmp(&(&*meta.namespace, &*meta.name));
    let at = list.binary_search_by(key).unwrap_or_else(|at| {
        let new = Autoscaler {
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            ..Autoscaler::default()
        };
        list.insert(at, new);
        at
    });
    if let Some(one) = list.get_mut(at) {
        one.take(autoscaler, now);
    }
}
