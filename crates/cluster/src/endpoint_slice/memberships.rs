//! Which Services select a pod (endpointslice/util: `GetPodServiceMemberships`), found by one label of each selector.

use std::collections::BTreeMap;

use opscape_manifest::api::meta::{Str, StrMap, Uid};
use opscape_manifest::api::{Pod, Service};
use opscape_sim::IdSet;

/// Services by namespace and by the first pair of their selector: a pod is compared only with those that share that pair.
#[derive(Clone, Default)]
pub(super) struct Memberships {
    by_namespace: BTreeMap<Str, BTreeMap<(Str, Str), IdSet<Uid>>>,
}

impl Memberships {
    pub fn insert(&mut self, service: &Service) {
        if let Some((key, value)) = service.spec.selector.first_key_value() {
            let by_label = self.by_namespace.entry(service.metadata.namespace.clone()).or_default();
            by_label.entry((key.clone(), value.clone())).or_default().insert(service.metadata.uid);
        }
    }

    pub fn remove(&mut self, service: &Service) {
        let Some((key, value)) = service.spec.selector.first_key_value() else { return };
        let Some(by_label) = self.by_namespace.get_mut(&service.metadata.namespace) else { return };
        let pair = (key.clone(), value.clone());
        if let Some(services) = by_label.get_mut(&pair) {
            services.remove(&service.metadata.uid);
            if services.is_empty() {
                by_label.remove(&pair);
            }
        }
        if by_label.is_empty() {
            self.by_namespace.remove(&service.metadata.namespace);
        }
    }

    /// The Services that may select pods with these labels: the rest of their selectors has to be looked at.
    pub fn candidates(&self, namespace: &Str, labels: &StrMap) -> Vec<Uid> {
        let Some(by_label) = self.by_namespace.get(namespace) else { return Vec::new() };
        let mut found = Vec::new();
        for (key, value) in labels.iter() {
            if let Some(services) = by_label.get(&(key.clone(), value.clone())) {
                found.extend(services.iter());
            }
        }
        found
    }
}

/// Whether a Service's selector matches a pod; an absent one matches nothing.
pub(super) fn selects(service: &Service, pod: &Pod) -> bool {
    let selector = &service.spec.selector;
    !selector.is_empty()
        && service.metadata.namespace == pod.metadata.namespace
        && selector.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
}
