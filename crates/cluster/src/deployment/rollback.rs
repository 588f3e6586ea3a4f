//! Rolling back on the server (pkg/controller/deployment/rollback.go). `kubectl rollout undo` does it in the client instead;
//! old clients asked for it with an annotation.

use std::sync::Arc;

use opscape_manifest::api::Deployment;
use opscape_manifest::api::pod::PodTemplateSpec;

use super::sets;
use super::sync::{Retry, Set, Sync};
use crate::Message;

/// The annotation that asks for it; its value is the revision, 0 for the one before.
pub(super) const ROLLBACK: &str = "deprecated.deployment.rollback.to";

impl Sync<'_, '_> {
    pub(super) fn roll_back(&mut self) -> Result<(), Retry> {
        let sorted = self.sort(true)?;
        let all: Vec<Set> = sorted.old.iter().chain(&sorted.new).cloned().collect();
        let asked = self.deployment.metadata.annotation(ROLLBACK).and_then(|text| text.parse().ok());
        let revision = match asked.unwrap_or(0) {
            0 => last_revision(&all),
            revision => revision,
        };
        if revision == 0 {
            let text = "Unable to find last revision.";
            self.tell(&Message::warning("DeploymentRollbackRevisionNotFound", text));
            return self.finish(None);
        }
        let Some(target) = all.iter().find(|set| sets::revision(&set.metadata) == revision) else {
            let text = "Unable to find the revision to rollback to.";
            self.tell(&Message::warning("DeploymentRollbackRevisionNotFound", text));
            return self.finish(None);
        };
        if sets::equal_but_for_hash(&self.deployment.spec.template, &target.spec.template) {
            let text = format!(
                "The rollback revision contains the same template as current deployment \"{}\"",
                self.deployment.metadata.name
            );
            self.tell(&Message::warning("DeploymentRollbackTemplateUnchanged", &text));
            return self.finish(None);
        }
        let target = target.clone();
        self.finish(Some(&target))?;
        let name = &self.deployment.metadata.name;
        let text = format!("Rolled back deployment \"{name}\" to revision {revision}");
        self.tell(&Message::normal("DeploymentRollback", &text));
        Ok(())
    }

    /// Takes over the template, and takes the annotation away.
    fn finish(&mut self, target: Option<&Set>) -> Result<(), Retry> {
        let meta = self.deployment.metadata.clone();
        let written =
            self.api.modify::<Deployment>(&meta.namespace, &meta.name, self.context, |deployment| {
                let annotations = Arc::make_mut(&mut deployment.metadata.annotations);
                annotations.remove(ROLLBACK);
                if let Some(target) = target {
                    let mut template = PodTemplateSpec::clone(&target.spec.template);
                    Arc::make_mut(&mut template.metadata.labels).remove(sets::HASH);
                    deployment.spec.template = Arc::new(template);
                }
            });
        written.map(|_| ()).map_err(|_| Retry)
    }
}

/// The second highest revision (`LastRevision`).
fn last_revision(all: &[Set]) -> i64 {
    let mut revisions: Vec<i64> = all.iter().map(|set| sets::revision(&set.metadata)).collect();
    revisions.sort_unstable();
    revisions.into_iter().rev().nth(1).unwrap_or(0)
}
