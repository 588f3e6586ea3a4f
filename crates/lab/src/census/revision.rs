//! To which workload and revision a pod belongs, and the revision's colour.

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Pod, ReplicaSet};

/// Annotations with the revision, set by the Deployment controller (pkg/controller/deployment/util) and by Argo Rollouts.
const REVISIONS: [&str; 2] = ["deployment.kubernetes.io/revision", opscape_cluster::rollouts::REVISION];

/// Labels with the hash of the pod template that a ReplicaSet was made from.
const HASHES: [&str; 2] = ["pod-template-hash", "rollouts-pod-template-hash"];

/// A revision of a workload.
#[derive(Debug, Clone)]
pub struct Version {
    /// Namespace of the workload.
    pub namespace: Str,
    /// Name of the workload; empty: the pod belongs to none.
    pub workload: Str,
    /// Whether that is a Rollout. One may stand beside a Deployment of the same name, whose template it takes.
    pub rollout: bool,
    /// 0: the workload has no revisions.
    pub revision: u32,
    /// 1 to 6; by the revision alone until the census has looked at who is there beside it (`census/colours.rs`).
    pub colour: u8,
    /// Image of the first container.
    pub image: Str,
    /// Hash of the pod template; empty: nobody made one. A revision that comes back has it again, under another number.
    pub template: Str,
    /// What its first container runs, as a number; 0 until the census has looked at a pod.
    pub program: u64,
}

impl Version {
    /// Whether this is the same revision, whatever its colour is.
    pub fn is_same(&self, other: &Version) -> bool {
        self.revision == other.revision
            && self.workload == other.workload
            && self.rollout == other.rollout
            && self.namespace == other.namespace
            && self.image == other.image
            && self.template == other.template
    }
}

/// Colours wrap: revision 1 and 7 have colour 1. What has no revision has colour 1, too.
pub fn colour(revision: u32) -> u8 {
    (revision.max(1) - 1) as u8 % 6 + 1
}

/// A short name of an image: its last part, without a digest.
pub fn image_label(image: &str) -> String {
    let named = image.split('@').next().unwrap_or(image);
    named.rsplit('/').next().unwrap_or(named).to_owned()
}

/// The version of the pods of a ReplicaSet.
pub fn of_replica_set(set: &ReplicaSet) -> Version {
    let meta = &set.metadata;
    let owner = meta.controller();
    let annotation = REVISIONS.iter().find_map(|key| meta.annotation(key));
    let revision = annotation.and_then(|text| text.parse().ok()).unwrap_or_default();
    let image = set.spec.template.spec.containers.first().map(|container| container.image.clone());
    Version {
        namespace: meta.namespace.clone(),
        workload: owner.map_or_else(|| meta.name.clone(), |owner| owner.name.clone()),
        rollout: owner.is_some_and(|owner| &*owner.kind == "Rollout"),
        revision,
        colour: colour(revision),
        image: image.unwrap_or_default(),
        template: HASHES.iter().find_map(|key| meta.label(key)).unwrap_or_default().into(),
        program: 0,
    }
}

/// The version of a pod that no ReplicaSet has.
pub(super) fn of_orphan(pod: &Pod) -> Version {
    let meta = &pod.metadata;
    let owner = meta.controller();
    let image = pod.spec.containers.first().map(|container| container.image.clone());
    Version {
        namespace: meta.namespace.clone(),
        workload: owner.map(|owner| owner.name.clone()).unwrap_or_default(),
        rollout: false,
        revision: 0,
        colour: 1,
        image: image.unwrap_or_default(),
        template: Str::default(),
        program: 0,
    }
}
