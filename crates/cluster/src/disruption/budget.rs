//! A PodDisruptionBudget as it is read and written: its fields have no type of their own in the store.

use std::sync::Arc;

use opscape_manifest::api::meta::{IntOrString, LabelSelector, Str, Timestamp, parse_rfc3339};
use opscape_manifest::api::{Object, Pod};
use opscape_manifest::codec;
use opscape_manifest::value::{Map, Value};

use super::KIND;
use crate::Store;
use crate::replica_set::matches;

/// A PodDisruptionBudget.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub namespace: Str,
    pub name: Str,
    selector: LabelSelector,
    pub min_available: Option<IntOrString>,
    pub max_unavailable: Option<IntOrString>,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`
    pub always_allows_unhealthy: bool,
    pub generation: i64,
    pub status: BudgetStatus,
}

/// What the controller says of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct BudgetStatus {
    pub healthy: i64,
    pub desired: i64,
    pub expected: i64,
    pub allowed: i64,
    pub observed_generation: i64,
    /// Pods whose eviction was let through and that nobody has seen deleted.
    pub disrupted: Vec<(Str, Timestamp)>,
    conditions: Vec<Value>,
}

impl Budget {
    /// None: it is none, or has no selector.
    pub fn of(object: &Object) -> Option<Budget> {
        let Object::Other(other) = object else { return None };
        let spec = other.body.get("spec").filter(|_| &*other.kind == KIND)?;
        let number = |field: &str| codec::from_value::<IntOrString>(spec.get(field)?).ok();
        Some(Budget {
            namespace: other.metadata.namespace.clone(),
            name: other.metadata.name.clone(),
            selector: codec::from_value(spec.get("selector")?).ok()?,
            min_available: number("minAvailable"),
            max_unavailable: number("maxUnavailable"),
            always_allows_unhealthy: spec.str_at(&["unhealthyPodEvictionPolicy"]) == Some("AlwaysAllow"),
            generation: other.metadata.generation,
            status: other.body.get("status").map(BudgetStatus::of).unwrap_or_default(),
        })
    }

    /// All budgets of a namespace.
    pub fn all(store: &Store, namespace: &str) -> Vec<(Object, Budget)> {
        let objects = store.objects(KIND, Some(namespace));
        objects.into_iter().filter_map(|object| Budget::of(&object).map(|budget| (object, budget))).collect()
    }

    /// Whether its selector is empty: then evictions do not see it.
    pub fn selects_all(&self) -> bool {
        self.selector.match_labels.is_empty() && self.selector.match_expressions.is_empty()
    }

    /// Whether a pod is one of its pods.
    pub fn covers(&self, pod: &Pod) -> bool {
        self.namespace == pod.metadata.namespace && matches(&self.selector, &pod.metadata.labels)
    }

    /// Its pods.
    pub fn pods<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = &'a Arc<Pod>> {
        store.list::<Pod>(Some(&self.namespace)).filter(|pod| self.covers(pod))
    }

    /// The selector as Go prints it (`%v` of a `*metav1.LabelSelector`).
    pub fn selector_in_go(&self) -> String {
        let labels: Vec<String> = self
            .selector
            .match_labels
            .iter()
            .map(|(key, value)| [&**key, ": ", value, ","].concat())
            .collect();
        format!(
            "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}",
            labels.concat()
        )
    }

    /// `UpdateDisruptionAllowedCondition` (component-helpers/apps/poddisruptionbudget)
    pub fn set_allowed_condition(&mut self, now: Timestamp) {
        let allowed = self.status.allowed > 0;
        self.set_condition(allowed, if allowed { "SufficientPods" } else { "InsufficientPods" }, "", now);
    }

    /// `meta.SetStatusCondition`: the time changes with the status only.
    pub fn set_condition(&mut self, status: bool, reason: &str, message: &str, now: Timestamp) {
        let word = if status { "True" } else { "False" };
        let known =
            self.status.conditions.iter().find(|one| one.str_at(&["type"]) == Some("DisruptionAllowed"));
        let same = known.filter(|one| one.str_at(&["status"]) == Some(word));
        let since = same.and_then(|one| one.str_at(&["lastTransitionTime"]));
        let since = since.map_or_else(|| now.to_string(), str::to_owned);
        let fields = [
            ("lastTransitionTime", Value::from(since)),
            ("message", message.into()),
            ("observedGeneration", self.status.observed_generation.into()),
            ("reason", reason.into()),
            ("status", word.into()),
            ("type", "DisruptionAllowed".into()),
        ];
        let condition = Value::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
        self.status.conditions.retain(|one| one.str_at(&["type"]) != Some("DisruptionAllowed"));
        self.status.conditions.push(condition);
    }

    /// The object with this status.
    pub fn written(&self, object: &Object) -> Object {
        let mut object = object.clone();
        if let Object::Other(other) = &mut object {
            Arc::make_mut(other).body.insert("status".to_owned(), self.status.to_value());
        }
        object
    }
}

impl BudgetStatus {
    fn of(value: &Value) -> BudgetStatus {
        let number = |field: &str| value.get(field).and_then(Value::as_int).unwrap_or_default();
        let disrupted = value.get("disruptedPods").and_then(Value::as_map);
        let stamp = |stamp: &Value| stamp.as_str().and_then(parse_rfc3339).map(Timestamp);
        BudgetStatus {
            healthy: number("currentHealthy"),
            desired: number("desiredHealthy"),
            expected: number("expectedPods"),
            allowed: number("disruptionsAllowed"),
            observed_generation: number("observedGeneration"),
            disrupted: disrupted
                .into_iter()
                .flatten()
                .filter_map(|(name, at)| Some((Str::from(&**name), stamp(at)?)))
                .collect(),
            conditions: value.get("conditions").and_then(Value::as_list).unwrap_or_default().to_vec(),
        }
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        let numbers = [
            ("currentHealthy", self.healthy),
            ("desiredHealthy", self.desired),
            ("disruptionsAllowed", self.allowed),
            ("expectedPods", self.expected),
        ];
        map.extend(numbers.map(|(key, number)| (key.to_owned(), Value::Int(number))));
        if self.observed_generation != 0 {
            map.insert("observedGeneration".to_owned(), Value::Int(self.observed_generation));
        }
        if !self.disrupted.is_empty() {
            let pods = self.disrupted.iter().map(|(name, at)| (name.to_string(), at.to_string().into()));
            map.insert("disruptedPods".to_owned(), Value::Map(pods.collect()));
        }
        if !self.conditions.is_empty() {
            map.insert("conditions".to_owned(), Value::List(self.conditions.clone()));
        }
        Value::Map(map)
    }
}
