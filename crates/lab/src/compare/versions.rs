//! Which pods are of the old version and which of the new one.

use opscape_manifest::api::Str;
use opscape_sim::Time;

use crate::census::{Census, Revision, Workload, image_label};

/// A pod template of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template {
    namespace: Str,
    workload: Str,
    /// Its hash; of what has none, its image.
    hash: Str,
}

/// The versions of a lane. The old one is made of the pod templates that had pods before anything was done. Another template
/// of the same workload is new, also where only its configuration is another one. A workload that had no pods then (the green
/// one of two Deployments) is old if its image is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Versions {
    old: Vec<Template>,
    old_images: Vec<String>,
    new_names: Vec<String>,
}

fn template(workload: &Workload, revision: &Revision) -> Template {
    let hash = if revision.template.is_empty() { &revision.image } else { &revision.template };
    Template { namespace: workload.namespace.clone(), workload: workload.name.clone(), hash: hash.clone() }
}

impl Versions {
    /// Looks who has pods. `begin`: when the first act was done, if one was.
    pub fn see(&mut self, census: &Census, begin: Option<Time>) {
        let had_pods = |revision: &Revision| {
            let first = revision.steps.iter().next();
            first.is_some_and(|first| begin.is_none_or(|begin| first.at < begin))
        };
        let all = || {
            let workloads = census.workloads().iter();
            workloads
                .flat_map(|workload| workload.revisions.iter().map(move |revision| (&**workload, revision)))
        };
        if self.old.is_empty() || begin.is_none() {
            self.old.clear();
            self.old_images.clear();
            for (workload, revision) in all().filter(|(_, revision)| had_pods(revision)) {
                let template = template(workload, revision);
                if !self.old.contains(&template) {
                    self.old.push(template);
                }
                let image = image_label(&revision.image);
                if !self.old_images.contains(&image) {
                    self.old_images.push(image);
                }
            }
        }
        let mut new = Vec::new();
        for (workload, revision) in all().filter(|(workload, revision)| self.is_new(workload, revision)) {
            if revision.steps.is_empty() {
                continue;
            }
            let image = image_label(&revision.image);
            // The same image with another configuration.
            let name = if self.old_images.contains(&image) {
                [&image, " (", &*template(workload, revision).hash, ")"].concat()
            } else {
                image
            };
            if !new.contains(&name) {
                new.push(name);
            }
        }
        if new.len() > self.new_names.len() {
            self.new_names = new;
        }
    }

    /// Whether pods of a revision are of the new version.
    pub fn is_new(&self, workload: &Workload, revision: &Revision) -> bool {
        if self.old.is_empty() || self.old.contains(&template(workload, revision)) {
            return false;
        }
        let was_there = |old: &Template| old.workload == workload.name && old.namespace == workload.namespace;
        self.old.iter().any(was_there) || !self.old_images.contains(&image_label(&revision.image))
    }

    /// What they are called.
    pub fn names(&self) -> (&[String], &[String]) {
        (&self.old_images, &self.new_names)
    }
}
