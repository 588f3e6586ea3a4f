//! Deleting (k8s.io/apiserver/pkg/registry/rest/delete.go, registry/generic/registry/store.go).

use std::sync::Arc;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{Object, ObjectKey};

use super::{Api, Outcome, resource_of_kind};
use crate::{Context, Status};

/// What becomes of an object's dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They are deleted after it.
    #[default]
    Background,
    /// It goes after them.
    Foreground,
    /// They stay, without owner.
    Orphan,
}

/// How to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeleteOptions {
    /// Seconds until a pod is killed; none: as its spec says. 0: at once (`--force --grace-period=0`).
    pub grace: Option<i64>,
    /// What becomes of its dependents.
    pub propagation: Propagation,
    /// Only if it is this object.
    pub uid: Option<Uid>,
    /// Only if nobody wrote it since.
    pub resource_version: Option<u64>,
    /// Do everything but store it.
    pub dry_run: bool,
}

/// Finalizers that the garbage collector takes off.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
pub(crate) const ORPHAN: &str = "orphan";

impl Api {
    /// Deletes an object for a component. Gives its state as the API server answers it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if a precondition does not hold.
    pub fn delete(
        &mut self,
        key: &ObjectKey,
        options: &DeleteOptions,
        context: &mut Context<'_>,
    ) -> Result<Object, Status> {
        let outcome = self.plan_delete(key, options, context)?;
        Ok(self.commit(outcome, context))
    }

    pub(super) fn plan_delete(
        &mut self,
        key: &ObjectKey,
        options: &DeleteOptions,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Status> {
        let old = self.find(key)?;
        let resource = resource_of_kind(&key.kind);
        let meta = old.meta();
        if let Some(uid) = options.uid.filter(|uid| *uid != meta.uid) {
            let why =
                format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", meta.uid);
            return Err(resource.conflict(&key.name, &why));
        }
        if let Some(version) = options.resource_version.filter(|version| *version != meta.resource_version) {
            let why = format!(
                "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {}",
                meta.resource_version
            );
            return Err(resource.conflict(&key.name, &why));
        }
        let mut new = old.clone();
        let finalizer = match options.propagation {
            Propagation::Background => None,
            Propagation::Foreground => Some(FOREGROUND),
            Propagation::Orphan => Some(ORPHAN),
        };
        let mut finalizers = meta.finalizers.clone();
        finalizers.retain(|name| !matches!(&**name, FOREGROUND | ORPHAN) || finalizer == Some(name));
        if let Some(finalizer) = finalizer
            && !finalizers.iter().any(|name| &**name == finalizer)
        {
            finalizers.push(finalizer.into());
        }
        let grace = grace_of(&old, options.grace);
        let waits = !finalizers.is_empty() || namespace_waits(&old);
        if grace == 0 && !waits {
            return Ok(Outcome::Remove(old));
        }
        let now = self.timestamp(context.now());
        let meta = new.meta_mut();
        meta.finalizers = finalizers;
        let first = meta.deletion_timestamp.is_none();
        let shorter = meta.deletion_grace_period_seconds.is_none_or(|before| grace < before);
        if first || shorter {
            let asked_at = match (meta.deletion_timestamp, meta.deletion_grace_period_seconds) {
                (Some(at), Some(before)) => at.0 - before,
                _ => now.0,
            };
            meta.deletion_timestamp = Some(opscape_manifest::api::Timestamp(asked_at + grace));
            meta.deletion_grace_period_seconds = Some(grace);
        }
        if first && meta.generation > 0 {
            meta.generation += 1;
        }
        if let Object::Namespace(namespace) = &mut new {
            let namespace = Arc::make_mut(namespace);
            namespace.metadata.deletion_grace_period_seconds = None;
            namespace.status.phase = "Terminating".into();
        }
        Ok(if new == old { Outcome::Same(old) } else { Outcome::Put(new) })
    }
}

/// Seconds until the object may go: only pods wait (pkg/registry/core/pod/strategy.go `CheckGracefulDelete`).
fn grace_of(object: &Object, asked: Option<i64>) -> i64 {
    let Object::Pod(pod) = object else { return 0 };
    let unbound = pod.spec.node_name.is_empty();
    if unbound || matches!(pod.status.phase, Phase::Succeeded | Phase::Failed) {
        return 0;
    }
    let grace = asked.or(pod.spec.termination_grace_period_seconds).unwrap_or(30);
    // A negative period in the spec means one second.
    if grace < 0 { 1 } else { grace }
}

/// A namespace stays until its content is gone.
fn namespace_waits(object: &Object) -> bool {
    matches!(object, Object::Namespace(namespace) if !namespace.spec.finalizers.is_empty())
}
