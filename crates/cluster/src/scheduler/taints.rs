//! Taints and tolerations (component-helpers scheduling/corev1/helpers.go), also for the taint eviction controller.

use opscape_manifest::api::Node;
use opscape_manifest::api::core::Taint;
use opscape_manifest::api::pod::Toleration;

/// The taint of cordoned nodes.
pub const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Whether a toleration accepts a taint (`ToleratesTaint`).
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    if !toleration.effect.is_empty() && toleration.effect != taint.effect {
        return false;
    }
    if !toleration.key.is_empty() && toleration.key != taint.key {
        return false;
    }
    match &*toleration.operator {
        "" | "Equal" => toleration.value == taint.value,
        "Exists" => true,
        _ => false,
    }
}

/// Whether one of the tolerations accepts the taint.
pub fn tolerated(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| tolerates(toleration, taint))
}

/// Whether a taint keeps pods from being scheduled.
pub fn prevents_scheduling(taint: &Taint) -> bool {
    matches!(&*taint.effect, "NoSchedule" | "NoExecute")
}

/// Whether the node has a `NoSchedule` or `NoExecute` taint that is not tolerated.
pub fn untolerated(tolerations: &[Toleration], node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| prevents_scheduling(taint) && !tolerated(tolerations, taint))
}

/// How many `PreferNoSchedule` taints are not tolerated; tolerations of that effect, or of all effects, count.
pub(super) fn disliked(tolerations: &[Toleration], node: &Node) -> i64 {
    let accepted = |taint: &Taint| {
        tolerations
            .iter()
            .filter(|toleration| matches!(&*toleration.effect, "" | "PreferNoSchedule"))
            .any(|toleration| tolerates(toleration, taint))
    };
    let taints = node.spec.taints.iter();
    taints.filter(|taint| &*taint.effect == "PreferNoSchedule" && !accepted(taint)).count() as i64
}

/// Whether the pod may be put on a cordoned node.
pub(super) fn tolerates_unschedulable(tolerations: &[Toleration]) -> bool {
    let taint = Taint { key: UNSCHEDULABLE.into(), effect: "NoSchedule".into(), ..Taint::default() };
    tolerated(tolerations, &taint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str, effect: &str) -> Taint {
        Taint { key: key.into(), value: value.into(), effect: effect.into(), time_added: None }
    }

    fn toleration(key: &str, operator: &str, value: &str, effect: &str) -> Toleration {
        Toleration {
            key: key.into(),
            operator: operator.into(),
            value: value.into(),
            effect: effect.into(),
            toleration_seconds: None,
        }
    }

    #[test]
    fn key_value_and_effect_must_agree_unless_left_out() {
        let a = taint("a", "b", "NoSchedule");
        assert!(tolerates(&toleration("a", "Equal", "b", "NoSchedule"), &a));
        assert!(tolerates(&toleration("a", "", "b", ""), &a));
        assert!(!tolerates(&toleration("a", "Equal", "c", "NoSchedule"), &a));
        assert!(!tolerates(&toleration("a", "Exists", "", "NoExecute"), &a));
        assert!(tolerates(&toleration("", "Exists", "", ""), &a));
        assert!(!tolerates(&toleration("b", "Exists", "", ""), &a));
    }
}
