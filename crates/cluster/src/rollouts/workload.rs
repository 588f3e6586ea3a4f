//! Rollouts that take the template of another workload, `spec.workloadRef` (rollout/templateref.go), and the Deployment that
//! goes as they come, `scaleDown` (rollout/replicaset.go, rollout/sync.go, `scaleDeployment`).

use std::sync::Arc;

use opscape_manifest::api::meta::LabelSelector;
use opscape_manifest::api::pod::PodTemplateSpec;
use opscape_manifest::api::{Deployment, Object, ReplicaSet, Rollout};
use opscape_manifest::codec;

use super::reconcile::{Reconcile, Retry};
use super::{replicas, sets};
use crate::Store;
use crate::record::RolloutWhat;

/// The annotation with the generation of the workload that was seen last.
pub(super) const GENERATION: &str = "rollout.argoproj.io/workload-generation";

/// What a Rollout takes from a workload.
pub(super) struct Taken {
    template: Arc<PodTemplateSpec>,
    selector: Option<LabelSelector>,
    generation: i64,
}

/// What its workload gives a Rollout; none: it names no workload.
///
/// # Errors
/// The controller's words, if it cannot be had.
pub(super) fn resolve(rollout: &Rollout, store: &Store) -> Result<Option<Taken>, String> {
    let Some(reference) = &rollout.spec.workload_ref else { return Ok(None) };
    if *rollout.spec.template != PodTemplateSpec::default() {
        return Err("template must be empty for workload reference rollout".to_owned());
    }
    let (group, version) = reference.api_version.split_once('/').unwrap_or(("", &reference.api_version));
    let (namespace, name) = (&*rollout.metadata.namespace, &*reference.name);
    let missing = |resource: &str| format!("{resource} \"{namespace}/{name}\" not found");
    match (group, version, &*reference.kind) {
        ("apps", "v1", "Deployment") => {
            let found = store.get::<Deployment>(namespace, name);
            let found = found.ok_or_else(|| missing("deployments.apps"))?;
            let spec = &found.spec;
            Ok(Some(Taken {
                template: spec.template.clone(),
                selector: spec.selector.clone(),
                generation: found.metadata.generation,
            }))
        }
        ("apps", "v1", "ReplicaSet") => {
            let found = store.get::<ReplicaSet>(namespace, name);
            let found = found.ok_or_else(|| missing("replicasets.apps"))?;
            let spec = &found.spec;
            Ok(Some(Taken {
                template: spec.template.clone(),
                selector: spec.selector.clone(),
                generation: found.metadata.generation,
            }))
        }
        ("", "v1", "PodTemplate") => {
            let found = store.object("PodTemplate", namespace, name);
            let Some(Object::Other(found)) = found else { return Err(missing("podtemplates")) };
            let template = found.body.get("template").cloned().unwrap_or_default();
            let template = codec::from_value(&template).map_err(|error| error.0)?;
            let generation = found.metadata.generation;
            Ok(Some(Taken { template: Arc::new(template), selector: None, generation }))
        }
        _ => Err(format!("workload of type {group}/{} is not supported", reference.kind)),
    }
}

/// The Rollout as the controller works with it: with the template of its workload.
pub(super) fn filled(rollout: &Rollout, store: &Store) -> Rollout {
    let mut rollout = rollout.clone();
    if let Ok(Some(taken)) = resolve(&rollout, store) {
        rollout.spec.template = taken.template;
        if rollout.spec.selector.is_none() {
            rollout.spec.selector = taken.selector;
        }
    }
    rollout
}

/// Whether a Rollout takes its template from this object.
pub(super) fn takes_from(rollout: &Rollout, object: &Object) -> bool {
    rollout
        .spec
        .workload_ref
        .as_ref()
        .is_some_and(|one| *one.kind == *object.kind_name() && one.name == object.meta().name)
}

impl Reconcile<'_, '_> {
    /// Notes which generation of the workload is being followed (`updateRolloutsReferenceAnnotation`).
    pub(super) fn follow_workload(&mut self) -> Result<(), Retry> {
        let current = self.api.store().typed_by_uid(self.rollout.metadata.uid).cloned();
        let Some(current): Option<Arc<Rollout>> = current else { return Ok(()) };
        let Ok(Some(taken)) = resolve(&current, self.api.store()) else { return Ok(()) };
        let generation = taken.generation.to_string();
        if self.rollout.metadata.annotation(GENERATION) != Some(&generation) {
            self.modify(|rollout| {
                rollout.metadata.set_annotation(GENERATION, &generation);
            })?;
        }
        Ok(())
    }

    /// What is wrong with the workload it refers to.
    pub(super) fn workload_error(&self) -> Option<String> {
        let current = self.api.store().typed_by_uid::<Rollout>(self.rollout.metadata.uid)?;
        resolve(current, self.api.store()).err()
    }

    fn scales_down(&self, how: &str) -> bool {
        let reference = self.rollout.spec.workload_ref.as_ref();
        reference.is_some_and(|one| *one.scale_down == *how && &*one.kind == "Deployment")
            && sets::revision(&self.rollout.metadata) == 1
    }

    /// `scaleDown: progressively`: the Deployment has as many pods as the first version still lacks.
    pub(super) fn scale_workload_progressively(&mut self) {
        if !self.scales_down("progressively") {
            return;
        }
        let Some(new) = self.new.as_ref().map(sets::size) else { return };
        let to = replicas::wanted(&self.rollout) - new.available;
        self.scale_workload(to);
    }

    /// `scaleDown: onsuccess`: the Deployment goes once the first version is healthy.
    pub(super) fn scale_workload_on_success(&mut self) {
        if self.scales_down("onsuccess") && &*self.rollout.status.phase == "Healthy" {
            self.scale_workload(0);
        }
    }

    /// `scaleDeployment`
    fn scale_workload(&mut self, to: i32) {
        let Some(reference) = self.rollout.spec.workload_ref.clone() else { return };
        let namespace = self.rollout.metadata.namespace.clone();
        let found = self.api.store().get::<Deployment>(&namespace, &reference.name);
        let Some(from) = found.map(|deployment| deployment.spec.replicas.unwrap_or(1)) else { return };
        let to = to.max(0);
        if from == to {
            return;
        }
        let before = self.context.cause();
        self.record(RolloutWhat::ScaledWorkload { deployment: reference.name.clone(), from, to });
        // If it is gone meanwhile, there is nothing to scale.
        let _ = self.api.modify::<Deployment>(&namespace, &reference.name, self.context, |deployment| {
            deployment.spec.replicas = Some(to);
        });
        self.context.because(before);
    }
}
