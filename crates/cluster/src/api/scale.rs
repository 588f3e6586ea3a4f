//! The scale subresource (pkg/registry/apps/*/storage: `ScaleREST`).

use std::sync::Arc;

use opscape_manifest::api::meta::LabelSelector;
use opscape_manifest::api::{Object, ObjectKey};
use opscape_manifest::codec;
use opscape_manifest::value::Value;

use super::{Api, Outcome, resource_of_kind};
use crate::{Context, Status};

/// `autoscaling/v1` Scale of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scale {
    /// Wanted.
    pub replicas: i32,
    /// There are.
    pub current: i32,
    /// Its pods; none: it has no selector.
    pub selector: Option<LabelSelector>,
}

impl Scale {
    /// The scale of an object; none: its kind has none.
    pub fn of(object: &Object) -> Option<Scale> {
        match object {
            Object::Deployment(deployment) => Some(Scale {
                replicas: deployment.spec.replicas.unwrap_or(1),
                current: deployment.status.replicas,
                selector: deployment.spec.selector.clone(),
            }),
            Object::ReplicaSet(set) => Some(Scale {
                replicas: set.spec.replicas.unwrap_or(1),
                current: set.status.replicas,
                selector: set.spec.selector.clone(),
            }),
            Object::Rollout(rollout) => Some(Scale {
                replicas: rollout.spec.replicas.unwrap_or(1),
                current: rollout.status.hpa_replicas,
                selector: rollout.spec.selector.clone(),
            }),
            Object::Other(_) if matches!(object.kind_name(), "StatefulSet" | "ReplicationController") => {
                let value = object.to_value();
                let number = |path: [&str; 2]| {
                    value.at(&path).and_then(Value::as_int).and_then(|number| i32::try_from(number).ok())
                };
                let selector = value.at(&["spec", "selector"]).map(|selector| {
                    // That of a ReplicationController is a plain map.
                    if object.kind_name() == "StatefulSet" {
                        codec::from_value(selector).unwrap_or_default()
                    } else {
                        let match_labels = codec::from_value(selector).unwrap_or_default();
                        LabelSelector { match_labels, ..LabelSelector::default() }
                    }
                });
                Some(Scale {
                    replicas: number(["spec", "replicas"]).unwrap_or(1),
                    current: number(["status", "replicas"]).unwrap_or(0),
                    selector,
                })
            }
            _ => None,
        }
    }
}

impl Api {
    /// An object with its scale (`GET .../scale`).
    ///
    /// # Errors
    /// `NotFound`, also for kinds that cannot be scaled.
    pub(crate) fn get_scale(&self, key: &ObjectKey) -> Result<(Object, Scale), Status> {
        let object = self.find(key)?;
        match Scale::of(&object) {
            Some(scale) => Ok((object, scale)),
            None => Err(Status {
                code: 404,
                reason: "NotFound",
                message: "the server could not find the requested resource".to_owned(),
                details: None,
            }),
        }
    }

    /// Changes the size of an object for a component (`PUT .../scale`).
    ///
    /// # Errors
    /// `NotFound`, also for kinds that cannot be scaled; `Forbidden` if a lab cannot hold as many pods.
    pub(crate) fn set_scale(
        &mut self,
        key: &ObjectKey,
        replicas: i32,
        context: &mut Context<'_>,
    ) -> Result<Object, Status> {
        let outcome = self.plan_scale(key, replicas)?;
        super::requests::within_limits(&outcome)?;
        Ok(self.commit(outcome, context))
    }

    pub(super) fn plan_scale(&self, key: &ObjectKey, replicas: i32) -> Result<Outcome, Status> {
        let old = self.find(key)?;
        let mut new = old.clone();
        match &mut new {
            Object::Deployment(deployment) => Arc::make_mut(deployment).spec.replicas = Some(replicas),
            Object::Rollout(rollout) => Arc::make_mut(rollout).spec.replicas = Some(replicas),
            Object::ReplicaSet(replica_set) => Arc::make_mut(replica_set).spec.replicas = Some(replicas),
            Object::Other(other) if Scale::of(&old).is_some() => {
                if let Some(Value::Map(spec)) = Arc::make_mut(other).body.get_mut("spec") {
                    spec.insert("replicas".to_owned(), Value::Int(i64::from(replicas)));
                }
            }
            _ => return Err(resource_of_kind(&key.kind).not_found(&key.name)),
        }
        Ok(super::write::finish_update(&old, new))
    }
}
