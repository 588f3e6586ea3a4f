//! Labels and annotations that pods have only as long as their version is the canary, the preview, the stable or the active
//! one (rollout/ephemeralmetadata.go, utils/replicaset), and the rule that keeps new pods from the nodes of the old ones.

use std::sync::Arc;

use opscape_manifest::api::meta::{LabelSelector, LabelSelectorRequirement, ObjectMeta};
use opscape_manifest::api::pod::{Affinity, PodAffinityTerm, PodTemplateSpec, WeightedPodAffinityTerm};
use opscape_manifest::api::rollout::{AntiAffinity, PodTemplateMetadata};
use opscape_manifest::api::{Object, Pod, ReplicaSet, Rollout};
use opscape_manifest::value::Value;
use opscape_manifest::{codec, print};

use super::reconcile::{Reconcile, Retry};
use super::sets::{self, Set};

/// The annotation with what was injected (`EphemeralMetadataAnnotation`).
const INJECTED: &str = "rollout.argoproj.io/ephemeral-metadata";

/// For the new version and for the stable one; none at all: nothing is done.
fn of(rollout: &Rollout) -> Option<(Option<&PodTemplateMetadata>, Option<&PodTemplateMetadata>)> {
    let strategy = &rollout.spec.strategy;
    let both = match (&strategy.canary, &strategy.blue_green) {
        (Some(canary), _) => (canary.canary_metadata.as_ref(), canary.stable_metadata.as_ref()),
        (_, Some(blue_green)) => (blue_green.preview_metadata.as_ref(), blue_green.active_metadata.as_ref()),
        _ => return None,
    };
    (both.0.is_some() || both.1.is_some()).then_some(both)
}

/// Puts in what is desired and takes out what was injected before and is no longer (`SyncEphemeralPodMetadata`). Says whether
/// anything changed.
fn sync(meta: &mut ObjectMeta, known: &PodTemplateMetadata, desired: &PodTemplateMetadata) -> bool {
    let before = (meta.labels.clone(), meta.annotations.clone());
    for (key, value) in &desired.labels {
        meta.set_label(key, value);
    }
    for (key, value) in &desired.annotations {
        meta.set_annotation(key, value);
    }
    for key in known.labels.keys().filter(|key| !desired.labels.contains_key(*key)) {
        Arc::make_mut(&mut meta.labels).remove(key);
    }
    for key in known.annotations.keys().filter(|key| !desired.annotations.contains_key(*key)) {
        Arc::make_mut(&mut meta.annotations).remove(key);
    }
    (&meta.labels, &meta.annotations) != (&before.0, &before.1)
}

/// What was injected into a ReplicaSet (`ParseExistingPodMetadata`).
fn injected(set: &ReplicaSet) -> Option<PodTemplateMetadata> {
    let text = set.metadata.annotation(INJECTED)?;
    let checked = opscape_manifest::check(text);
    codec::from_value(&checked.documents.first()?.value).ok()
}

/// `SyncReplicaSetEphemeralPodMetadata`
fn sync_set(set: &mut ReplicaSet, desired: Option<&PodTemplateMetadata>) {
    let known = injected(set).unwrap_or_default();
    let wanted = desired.cloned().unwrap_or_default();
    let mut template = PodTemplateSpec::clone(&set.spec.template);
    if !sync(&mut template.metadata, &known, &wanted) {
        return;
    }
    set.spec.template = Arc::new(template);
    match desired {
        Some(desired) => {
            set.metadata.set_annotation(INJECTED, &print::to_json(&codec::to_value(desired)));
        }
        None => {
            Arc::make_mut(&mut set.metadata.annotations).remove(INJECTED);
        }
    }
}

impl Reconcile<'_, '_> {
    /// What the pods of a ReplicaSet that is made now get: that of the canary if there is a stable one (`createDesiredReplicaSet`).
    pub(super) fn inject(&self, set: &mut ReplicaSet) {
        let Some((new, stable)) = of(&self.rollout) else { return };
        sync_set(set, if self.stable.is_some() { new } else { stable });
    }

    /// `reconcileEphemeralMetadata`
    pub(super) fn sync_metadata(&mut self) -> Result<(), Retry> {
        let rollout = self.rollout.clone();
        let Some((new, stable)) = of(&rollout) else { return Ok(()) };
        let hash = self.new_hash();
        let known = &rollout.status.stable_rs;
        if known.is_empty() || **known == *hash {
            let set = self.new.clone();
            self.sync_metadata_of(set, stable)?;
        } else {
            let (set, old) = (self.new.clone(), self.stable.clone());
            self.sync_metadata_of(set, new)?;
            self.sync_metadata_of(old, stable)?;
        }
        for set in self.others.clone() {
            self.sync_metadata_of(Some(set), None)?;
        }
        Ok(())
    }

    /// First the ReplicaSet, so that pods that are made meanwhile have it, then the pods that are there.
    fn sync_metadata_of(
        &mut self,
        set: Option<Set>,
        desired: Option<&PodTemplateMetadata>,
    ) -> Result<(), Retry> {
        let Some(set) = set else { return Ok(()) };
        // What upstream reads from its cache is what it wrote last.
        let Some(set) = self.api.store().typed_by_uid::<ReplicaSet>(set.metadata.uid).cloned() else {
            return Ok(());
        };
        let known = injected(&set);
        let written = self.update_set(&set, |set| sync_set(set, desired))?;
        if set.spec.replicas == Some(0) || (Arc::ptr_eq(&set, &written) && known.is_none()) {
            return Ok(());
        }
        let (known, wanted) = (known.unwrap_or_default(), desired.cloned().unwrap_or_default());
        let pods: Vec<Arc<Pod>> = self
            .api
            .store()
            .owned_by(set.metadata.uid)
            .filter_map(|object| if let Object::Pod(pod) = object { Some(pod.clone()) } else { None })
            .collect();
        for pod in pods {
            let meta = &pod.metadata;
            // A pod that has gone meanwhile needs none.
            let _ = self.api.modify::<Pod>(&meta.namespace, &meta.name, self.context, |pod| {
                sync(&mut pod.metadata, &known, &wanted);
            });
        }
        Ok(())
    }
}

/// `GenerateReplicaSetAffinity`: the template's, and away from the nodes with pods of the stable version.
pub(super) fn affinity(rollout: &Rollout) -> Option<Affinity> {
    let own = rollout.spec.template.spec.affinity.clone();
    let stable = &rollout.status.stable_rs;
    let Some(rule) = anti_affinity(rollout) else { return own };
    if stable.is_empty() || **stable == *sets::present_hash(rollout) {
        return own;
    }
    let mut affinity = own.unwrap_or_default();
    let pods = affinity.pod_anti_affinity.get_or_insert_default();
    let in_stable = LabelSelectorRequirement {
        key: sets::HASH.into(),
        operator: "In".into(),
        values: vec![stable.clone()],
    };
    let term = PodAffinityTerm {
        label_selector: Some(LabelSelector {
            match_expressions: vec![in_stable],
            ..LabelSelector::default()
        }),
        topology_key: "kubernetes.io/hostname".into(),
        ..PodAffinityTerm::default()
    };
    match &rule.preferred {
        Some(preferred) => pods
            .preferred_during_scheduling_ignored_during_execution
            .push(WeightedPodAffinityTerm { weight: preferred.weight, pod_affinity_term: term }),
        None => pods.required_during_scheduling_ignored_during_execution.push(term),
    }
    Some(affinity)
}

fn anti_affinity(rollout: &Rollout) -> Option<&AntiAffinity> {
    let strategy = &rollout.spec.strategy;
    let canary = strategy.canary.as_ref().and_then(|one| one.anti_affinity.as_ref());
    let blue_green = strategy.blue_green.as_ref().and_then(|one| one.anti_affinity.as_ref());
    blue_green.or(canary).filter(|rule| rule.preferred.is_some() || rule.required != Value::Null)
}

/// Whether a ReplicaSet's rule names another stable version than there is now (`IfInjectedAntiAffinityRuleNeedsUpdate`).
pub(super) fn is_outdated(set: &ReplicaSet, rollout: &Rollout) -> bool {
    let stable = &rollout.status.stable_rs;
    if anti_affinity(rollout).is_none() || **stable == *sets::present_hash(rollout) {
        return false;
    }
    let pods =
        set.spec.template.spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let Some(pods) = pods else { return false };
    let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter();
    let required = pods.required_during_scheduling_ignored_during_execution.iter();
    let mut terms = required.chain(preferred.map(|weighted| &weighted.pod_affinity_term));
    terms.any(|term| {
        let selector = term.label_selector.iter();
        selector.flat_map(|selector| &selector.match_expressions).any(|requirement| {
            *requirement.key == *sets::HASH && requirement.values.first().is_some_and(|hash| hash != stable)
        })
    })
}
