//! What a `Lab` document may not say of nodes.

use super::nodes::{ClusterAutoscaler, EXPANDERS, MAX_PRICE, NodeGroup};
use super::validate::not_negative;
use super::validate_load::one_of;
use super::{Duration, LabSpec, MAX_NODES};
use crate::golang::quote;
use crate::names;
use crate::quantity::Quantity;
use crate::validation::{FieldError, Kind};
use crate::value::{Seen, Value};

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

pub(super) fn validate(spec: &LabSpec, errors: &mut Vec<FieldError>) {
    let mut total = 0;
    let mut seen = Seen::default();
    for (i, group) in spec.nodes.iter().enumerate() {
        let path = format!("spec.nodes[{i}]");
        for (field, number) in [("count", group.count), ("min", group.min), ("max", group.max)] {
            let number = i64::from(number.unwrap_or_default());
            if number < 0 {
                errors.push(FieldError::invalid(
                    format!("{path}.{field}"),
                    &Value::Int(number),
                    NOT_NEGATIVE,
                ));
            }
        }
        let most = group.max.unwrap_or_default().max(group.initial());
        total += i64::from(most);
        if total > MAX_NODES {
            let field = if group.max == Some(most) { "max" } else { "count" };
            errors.push(FieldError::invalid(
                format!("{path}.{field}"),
                &Value::Int(i64::from(most)),
                format!("a lab may have at most {MAX_NODES} nodes"),
            ));
            return;
        }
        sizes(group, &path, errors);
        if let Some(name) = &group.name {
            for message in names::dns1123_subdomain(name) {
                errors.push(FieldError::invalid(format!("{path}.name"), &Value::from(&**name), message));
            }
        }
        let duplicate = FieldError {
            path: format!("{path}.name"),
            kind: Kind::Duplicate,
            value: quote(group.base_name()),
            detail: String::new(),
        };
        // A node group has its name alone, too.
        if group.max.is_some() && !seen.insert(group.base_name()) {
            errors.push(duplicate);
        } else if let Some(name) = group.names().iter().find(|name| !seen.insert(name)) {
            errors.push(FieldError { value: quote(name), ..duplicate });
        }
        amounts(group, &path, errors);
        not_negative(group.boot_time, &format!("{path}.bootTime"), errors);
        if group.zone.is_some() && !group.zones.is_empty() {
            errors
                .push(FieldError::forbidden(format!("{path}.zones"), "may not be set together with `zone`"));
        }
    }
    if let Some(autoscaler) = &spec.cluster_autoscaler {
        flags(autoscaler, errors);
    }
}

/// `min <= count <= max`, and nothing of a node group without `max`.
fn sizes(group: &NodeGroup, path: &str, errors: &mut Vec<FieldError>) {
    let Some(max) = group.max else {
        let only = [
            ("min", group.min.is_some()),
            ("bootTime", group.boot_time.is_some()),
            ("priority", group.priority.is_some()),
        ];
        for (field, _) in only.into_iter().filter(|(_, set)| *set) {
            errors.push(FieldError::forbidden(
                format!("{path}.{field}"),
                "may only be set together with `max`: of a node group that the cluster autoscaler sizes",
            ));
        }
        return;
    };
    let min = group.min.unwrap_or_default();
    if min > max {
        let message = "must be less than or equal to `max`";
        errors.push(FieldError::invalid(format!("{path}.min"), &Value::Int(i64::from(min)), message));
    } else if let Some(count) = group.count
        && !(min..=max).contains(&count)
    {
        let message = format!("must be between `min` and `max`, {min} and {max}");
        errors.push(FieldError::invalid(format!("{path}.count"), &Value::Int(i64::from(count)), message));
    }
}

fn amounts(group: &NodeGroup, path: &str, errors: &mut Vec<FieldError>) {
    for (field, amount) in [("cpu", &group.cpu), ("memory", &group.memory), ("price", &group.price)] {
        if let Some(amount) = amount.as_ref().filter(|amount| amount.is_negative()) {
            let value = Value::from(amount.to_string());
            errors.push(FieldError::invalid(format!("{path}.{field}"), &value, NOT_NEGATIVE));
        }
    }
    if let Some(price) = group.price.filter(|price| price.nano_value() / 1000 > i128::from(MAX_PRICE)) {
        let value = Value::from(price.to_string());
        let message = "must be less than or equal to 1000000";
        errors.push(FieldError::invalid(format!("{path}.price"), &value, message));
    }
}

fn flags(autoscaler: &ClusterAutoscaler, errors: &mut Vec<FieldError>) {
    let path = "spec.clusterAutoscaler";
    one_of(autoscaler.expander.as_deref(), EXPANDERS, format!("{path}.expander"), errors);
    if let Some(interval) = autoscaler.scan_interval.filter(|interval| *interval < Duration::seconds(1)) {
        let value = Value::from(interval.to_string());
        errors.push(FieldError::invalid(format!("{path}.scanInterval"), &value, "must be at least 1s"));
    }
    for (field, span) in [
        ("maxNodeProvisionTime", autoscaler.max_node_provision_time),
        ("scaleDownDelayAfterAdd", autoscaler.scale_down_delay_after_add),
        ("scaleDownUnneededTime", autoscaler.scale_down_unneeded_time),
        ("scaleDownUnreadyTime", autoscaler.scale_down_unready_time),
    ] {
        not_negative(span, &format!("{path}.{field}"), errors);
    }
    if let Some(threshold) = &autoscaler.scale_down_utilization_threshold
        && (threshold.is_negative() || threshold.nano_value() > Quantity::whole(1).nano_value())
    {
        let value = Value::from(threshold.to_string());
        let message = "must be between 0 and 1";
        errors.push(FieldError::invalid(format!("{path}.scaleDownUtilizationThreshold"), &value, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(spec: &LabSpec) -> Vec<String> {
        let mut errors = Vec::new();
        validate(spec, &mut errors);
        errors.iter().map(|error| error.path.clone()).collect()
    }

    fn with(groups: &[NodeGroup]) -> LabSpec {
        LabSpec { nodes: groups.to_vec(), ..LabSpec::default() }
    }

    #[test]
    fn sizes_of_node_groups_are_in_order() {
        let group = |min, count, max| NodeGroup { count, min, max, ..NodeGroup::default() };
        assert!(errors(&with(&[group(Some(1), None, Some(5))])).is_empty());
        assert!(errors(&with(&[group(None, Some(5), Some(5))])).is_empty());
        assert_eq!(errors(&with(&[group(Some(6), None, Some(5))])), ["spec.nodes[0].min"]);
        assert_eq!(errors(&with(&[group(Some(1), Some(6), Some(5))])), ["spec.nodes[0].count"]);
        assert_eq!(errors(&with(&[group(Some(1), None, None)])), ["spec.nodes[0].min"]);
        assert_eq!(errors(&with(&[group(None, None, Some(20_000))])), ["spec.nodes[0].max"]);
        let dear = NodeGroup { price: Some(Quantity::whole(1_000_001)), ..NodeGroup::default() };
        assert_eq!(errors(&with(&[dear])), ["spec.nodes[0].price"]);
        let twice = [group(None, None, Some(1)), group(None, None, Some(1))];
        assert_eq!(errors(&with(&twice)), ["spec.nodes[1].name"]);
    }

    #[test]
    fn flags_of_the_autoscaler_are_looked_at() {
        let flags = ClusterAutoscaler {
            expander: Some("cheapest".into()),
            scan_interval: Some(Duration::millis(5)),
            scale_down_unneeded_time: Some(Duration(-1)),
            scale_down_utilization_threshold: Some(Quantity::whole(2)),
            ..ClusterAutoscaler::default()
        };
        let spec = LabSpec { cluster_autoscaler: Some(flags), ..LabSpec::default() };
        let names = ["expander", "scanInterval", "scaleDownUnneededTime", "scaleDownUtilizationThreshold"];
        assert_eq!(errors(&spec), names.map(|name| format!("spec.clusterAutoscaler.{name}")));
    }
}
