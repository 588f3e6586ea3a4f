//! Weights (rollout/trafficrouting.go).

use opscape_manifest::api::rollout::{TrafficRouting, TrafficWeights, WeightDestination};

use super::reconcile::{Reconcile, Retry};
use super::replicas;
use super::sets;
use crate::Message;
use crate::record::{RolloutWhat, WeightRule};

impl Reconcile<'_, '_> {
    /// `reconcileTrafficRouting`
    pub(super) fn route_traffic(&mut self) -> Result<(), Retry> {
        let canary = self.rollout.spec.strategy.canary.as_ref();
        let Some(routing) = canary.and_then(|canary| canary.traffic_routing.clone()) else {
            self.next.canary.weights = None;
            return Ok(());
        };
        let stable_hash = self.stable.as_ref().map_or("", |stable| sets::hash_of(stable)).to_owned();
        let (weight, why, canary_hash) = self.desired_weight()?;
        self.set_managed_routes(&routing, why)?;
        if let Some(nginx) = &routing.nginx {
            self.set_nginx_weight(nginx, weight)?;
        }
        for (name, plugin) in &routing.plugins {
            if **name == *opscape_manifest::api::rollout::GATEWAY_PLUGIN {
                self.set_gateway_weight(plugin, weight)?;
            }
        }
        let Some(canary) = self.rollout.spec.strategy.canary.as_ref() else { return Ok(()) };
        let side = |weight: i32, service: &opscape_manifest::api::Str, hash: &str| WeightDestination {
            weight,
            service_name: service.clone(),
            pod_template_hash: hash.into(),
        };
        let weights = TrafficWeights {
            canary: side(weight, &canary.canary_service, &canary_hash),
            stable: side(100 - weight, &canary.stable_service, &stable_hash),
        };
        let before = self.rollout.status.canary.weights.clone();
        if before.as_ref() != Some(&weights) {
            let details = match &before {
                None => format!("to {weight}"),
                Some(before) if before.canary.weight != weight => {
                    format!("from {} to {weight}", before.canary.weight)
                }
                Some(_) => String::new(),
            };
            let from = before.as_ref().map_or(0, |before| before.canary.weight);
            if from != weight {
                self.record(RolloutWhat::Weight { from, to: weight, why });
            }
            let text = format!("Traffic weight updated {details}");
            self.tell(&Message::normal("TrafficWeightUpdated", &text));
            self.next.canary.weights = Some(weights);
        }
        Ok(())
    }

    /// Routes by headers come with their step and go with the end of the update. Of the simulated routers only the Gateway API
    /// plugin has them.
    fn set_managed_routes(&mut self, routing: &TrafficRouting, why: WeightRule) -> Result<(), Retry> {
        let Some(settings) = routing.plugins.get(opscape_manifest::api::rollout::GATEWAY_PLUGIN) else {
            return Ok(());
        };
        if matches!(why, WeightRule::Promoted | WeightRule::Aborted | WeightRule::PromoteFull) {
            for route in &routing.managed_routes {
                self.remove_header_route(settings, &route.name)?;
            }
            return Ok(());
        }
        // The first revision has no steps to go.
        let is_update = sets::revision(&self.rollout.metadata) > 1;
        let step = replicas::current_step(&self.rollout).0.and_then(|step| step.set_header_route.clone());
        match step.filter(|_| is_update) {
            Some(route) if route.matches.is_empty() => self.remove_header_route(settings, &route.name),
            Some(route) => self.add_header_route(settings, &route),
            None => Ok(()),
        }
    }

    /// The weight of the new version now, why, and the hash it speaks of.
    fn desired_weight(&mut self) -> Result<(i32, WeightRule, String), Retry> {
        let canary_hash = self.new_hash();
        if let Some(hash) = self.rolls_back_dynamically() {
            return Ok((self.weight_on_abort(), WeightRule::BackToStable, hash.to_string()));
        }
        let rollout = self.rollout.clone();
        let dynamic = rollout.spec.strategy.canary.as_ref().is_some_and(|canary| canary.dynamic_stable_scale);
        let available = self.new.as_ref().map_or(0, |new| sets::size(new).available);
        let known = rollout.status.canary.weights.as_ref().map_or(0, |weights| weights.canary.weight);
        let (weight, why) = if replicas::is_fully_promoted(&rollout) {
            (0, WeightRule::Promoted)
        } else if self.is_aborted() {
            let weight = self.weight_on_abort();
            if !dynamic || weight == 0 {
                let service =
                    rollout.spec.strategy.canary.as_ref().map(|canary| canary.canary_service.clone());
                let stable = self.stable.clone();
                self.point_at(&service.unwrap_or_default(), stable.as_ref(), false)?;
            }
            (weight, WeightRule::Aborted)
        } else if available == 0 {
            (0, WeightRule::NoPods)
        } else if rollout.status.promote_full {
            let wanted = replicas::wanted(&rollout).max(1);
            (if dynamic { 100 * available / wanted } else { known }, WeightRule::PromoteFull)
        } else if let Some(index) = replicas::current_step(&rollout).1 {
            if !replicas::is_at_desired(&rollout, &self.sides(), None) {
                (replicas::weight_up_to(&rollout, index), WeightRule::PodsMissing)
            } else if index < replicas::steps(&rollout).len() {
                let step = u32::try_from(index + 1).unwrap_or(u32::MAX);
                (replicas::set_weight(&rollout), WeightRule::Step { step })
            } else {
                (100, WeightRule::AllSteps)
            }
        } else {
            (0, WeightRule::Promoted)
        };
        Ok((weight, why, canary_hash))
    }

    /// `calculateDesiredWeightOnAbortOrStableRollback`: at once, or as the stable pods come.
    fn weight_on_abort(&self) -> i32 {
        let canary = self.rollout.spec.strategy.canary.as_ref();
        if !canary.is_some_and(|canary| canary.dynamic_stable_scale) {
            return 0;
        }
        let available = self.stable.as_ref().map_or(0, |stable| sets::size(stable).available);
        let weight = 100 - (100 * available / replicas::wanted(&self.rollout).max(1));
        let known = self.rollout.status.canary.weights.as_ref().map(|weights| weights.canary.weight);
        known.map_or(weight, |known| weight.min(known))
    }
}
