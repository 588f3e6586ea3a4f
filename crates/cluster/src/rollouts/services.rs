//! Services: the hash in their selectors leads to one ReplicaSet (rollout/service.go).

use std::sync::Arc;

use opscape_manifest::api::{Service, Str};

use super::reconcile::{Reconcile, Retry};
use super::sets::{self, Set};
use super::{pause, replicas};
use crate::Message;
use crate::record::RolloutWhat;

/// The annotation with the name of the Rollout (`ManagedByRolloutsKey`).
pub(super) const MANAGED_BY: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";

impl Reconcile<'_, '_> {
    pub(super) fn service(&self, name: &str) -> Option<Arc<Service>> {
        self.api.store().get::<Service>(&self.rollout.metadata.namespace, name).cloned()
    }

    /// The hash that a Service selects.
    pub(super) fn selected_by(&self, service: &str) -> Option<Str> {
        if service.is_empty() {
            return None;
        }
        self.service(service)?.spec.selector.get(sets::HASH).cloned()
    }

    /// `switchServiceSelector`
    fn switch(&mut self, service: &Service, hash: &str) -> Result<(), Retry> {
        let before = service.spec.selector.get(sets::HASH).cloned();
        let managed = service.metadata.annotation(MANAGED_BY).is_some();
        if before.as_deref() == Some(hash) && managed {
            return Ok(());
        }
        let meta = &service.metadata;
        let from = before.unwrap_or_default();
        self.record(RolloutWhat::Switched {
            service: meta.name.clone(),
            from: from.clone(),
            to: hash.into(),
        });
        let owner = self.rollout.metadata.name.clone();
        self.api
            .modify::<Service>(&meta.namespace, &meta.name, self.context, |service| {
                if !managed {
                    service.metadata.set_annotation(MANAGED_BY, &owner);
                }
                service.spec.selector.insert(sets::HASH.into(), hash.into());
            })
            .map_err(|_| Retry)?;
        let text = format!("Switched selector for service '{}' from '{from}' to '{hash}'", meta.name);
        self.tell(&Message::normal("SwitchService", &text));
        Ok(())
    }

    /// `reconcilePreviewService`
    pub(super) fn switch_preview(&mut self) -> Result<(), Retry> {
        let strategy = self.rollout.spec.strategy.blue_green.as_ref();
        let name = strategy.map(|strategy| strategy.preview_service.clone()).unwrap_or_default();
        let Some(service) = self.service(&name).filter(|_| !name.is_empty()) else { return Ok(()) };
        if pause::halts(&self.rollout) {
            return Ok(());
        }
        let hash = self.new_hash();
        self.switch(&service, &hash)
    }

    /// `reconcileActiveService`: the switch.
    pub(super) fn switch_active(&mut self, active: &Service) -> Result<(), Retry> {
        let Some(new) = self.new.clone() else { return Ok(()) };
        if pause::halts(&self.rollout) {
            return Ok(());
        }
        if !self.is_ready_for_pause(&new) || !sets::is_saturated(&self.rollout, &new) {
            return Ok(());
        }
        let mut hash = active.spec.selector.get(sets::HASH).cloned().unwrap_or_default();
        let is_over = self.pauses.blue_green_is_over(&self.rollout, self.micro_now());
        if self.is_fast_tracked(&new, active) || (is_over && self.is_pre_promotion_analysis_done()) {
            hash = sets::hash_of(&new).into();
        }
        if self.rollout.status.abort {
            hash = self.rollout.status.stable_rs.clone();
        }
        self.switch(active, &hash)
    }

    /// `reconcileStableAndCanaryService`
    pub(super) fn switch_canary_services(&mut self) -> Result<(), Retry> {
        let Some(canary) = self.rollout.spec.strategy.canary.clone() else { return Ok(()) };
        let (stable, new) = (self.stable.clone(), self.new.clone());
        self.point_at(&canary.stable_service, stable.as_ref(), true)?;
        if self.is_aborted() {
            // With a router, the canary Service goes back together with the weight.
            return match canary.traffic_routing {
                None => self.point_at(&canary.canary_service, stable.as_ref(), true),
                Some(_) => Ok(()),
            };
        }
        if self.rolls_back_dynamically().is_some() {
            return Ok(());
        }
        self.point_at(&canary.canary_service, new.as_ref(), true)
    }

    /// Back to the stable ReplicaSet in the middle of an update, with `dynamicStableScale`: the hash that the weights speak
    /// of (`isDynamicallyRollingBackToStable`).
    pub(super) fn rolls_back_dynamically(&self) -> Option<Str> {
        let canary = self.rollout.spec.strategy.canary.as_ref()?;
        let applies = replicas::is_fully_promoted(&self.rollout)
            && canary.traffic_routing.is_some()
            && canary.dynamic_stable_scale;
        let weights = self.rollout.status.canary.weights.as_ref().filter(|_| applies)?;
        let new = self.new.as_ref()?;
        let differs = *weights.canary.pod_template_hash != *sets::hash_of(new);
        let short = sets::size(new).available < replicas::wanted(&self.rollout);
        (differs && short).then(|| weights.canary.pod_template_hash.clone())
    }

    /// `ensureSVCTargets`
    pub(super) fn point_at(
        &mut self,
        service: &str,
        set: Option<&Set>,
        if_available: bool,
    ) -> Result<(), Retry> {
        let Some(set) = set.filter(|_| !service.is_empty()) else { return Ok(()) };
        let Some(service) = self.service(service) else { return Err(Retry) };
        let hash = sets::hash_of(set);
        if service.spec.selector.get(sets::HASH).is_some_and(|selected| **selected == *hash) {
            return Ok(());
        }
        let size = sets::size(set);
        let adopts = service.metadata.annotation(MANAGED_BY).is_none();
        let complete = size.spec != 0 && size.available != 0 && size.spec <= size.available;
        if if_available && ((adopts && !complete) || size.available <= 0) {
            return Ok(());
        }
        let hash = hash.to_owned();
        self.switch(&service, &hash)
    }
}
