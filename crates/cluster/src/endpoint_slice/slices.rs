//! What the controller knows of a Service's slices: which pod is in which, and how full they are.

use std::collections::BTreeMap;

use opscape_manifest::api::discovery::EndpointPort;
use opscape_manifest::api::meta::{Timestamp, Uid};
use opscape_manifest::api::{EndpointSlice, Object, Service};
use opscape_sim::{IdMap, IdSet};

use super::endpoint;
use crate::Api;

/// Endpoints in a slice at most (`--max-endpoints-per-slice`).
pub(super) const MOST: usize = 100;

/// The slices of a Service.
#[derive(Clone, Default)]
pub(super) struct Slices {
    /// The Service is new or changed, or somebody else wrote to its slices: everything has to be looked at.
    pub all: bool,
    /// Pods that changed since the last sync.
    pub touched: IdSet<Uid>,
    /// Which slice has a pod.
    pub(super) placed: IdMap<Uid, Uid>,
    /// The slices with a set of ports, by the number of their endpoints.
    pub groups: BTreeMap<Vec<EndpointPort>, BTreeMap<usize, IdSet<Uid>>>,
    /// The resourceVersion of each slice as it was written here.
    versions: IdMap<Uid, u64>,
    /// When each pod became ready or ceased to be, as far as the slices show it.
    triggers: IdMap<Uid, i64>,
    /// Whether it was ever synced.
    known: bool,
}

impl Slices {
    /// Whether a slice is one of them.
    pub fn has(&self, slice: Uid) -> bool {
        self.versions.contains_key(&slice)
    }

    /// The version of a slice as it was written here.
    pub fn version(&self, slice: Uid) -> Option<u64> {
        self.versions.get(&slice).copied()
    }

    /// All of them.
    pub fn uids(&self) -> Vec<Uid> {
        self.versions.keys().collect()
    }

    /// Takes over what is in the store.
    pub fn load(&mut self, service: &Service, api: &Api) {
        self.placed = IdMap::new();
        self.groups.clear();
        self.versions = IdMap::new();
        for object in api.store().owned_by(service.metadata.uid) {
            if let Object::EndpointSlice(slice) = object
                && endpoint::is_managed(slice)
                && slice.metadata.deletion_timestamp.is_none()
            {
                self.note(None, slice);
            }
        }
    }

    /// A slice was written. Pods that were taken out of it are to be taken out of `placed` before.
    pub fn note(&mut self, old: Option<&EndpointSlice>, new: &EndpointSlice) {
        let uid = new.metadata.uid;
        if old.is_none_or(|old| old.ports != new.ports || old.endpoints.len() != new.endpoints.len()) {
            if let Some(old) = old {
                self.ungroup(old);
            }
            let by_len = self.groups.entry(new.ports.clone()).or_default();
            by_len.entry(new.endpoints.len()).or_default().insert(uid);
        }
        for pod in pods(new) {
            if self.placed.get(&pod) != Some(&uid) {
                self.placed.insert(pod, uid);
            }
        }
        self.versions.insert(uid, new.metadata.resource_version);
    }

    /// A slice is gone, and no pod is in it.
    pub fn forget(&mut self, slice: &EndpointSlice) {
        self.ungroup(slice);
        self.versions.remove(&slice.metadata.uid);
    }

    fn ungroup(&mut self, slice: &EndpointSlice) {
        let Some(by_len) = self.groups.get_mut(&slice.ports) else { return };
        if let Some(same) = by_len.get_mut(&slice.endpoints.len()) {
            same.remove(&slice.metadata.uid);
            if same.is_empty() {
                by_len.remove(&slice.endpoints.len());
            }
        }
        if by_len.is_empty() {
            self.groups.remove(&slice.ports);
        }
    }

    /// `getSliceToFill`: the slice that is fullest once `more` endpoints are in it, but not one of those `except`.
    pub fn to_fill(&self, ports: &[EndpointPort], more: usize, except: impl Fn(Uid) -> bool) -> Option<Uid> {
        let room = MOST.checked_sub(more)?;
        let by_len = self.groups.get(ports)?;
        let fitting = by_len.range(..=room).rev().flat_map(|(_, same)| same.iter());
        fitting.into_iter().find(|uid| !except(*uid))
    }

    /// `ComputeEndpointLastChangeTriggerTime`: the first change since the last sync, of the pods that changed.
    pub fn trigger_time(&mut self, service: &Service, pods: &[Uid], api: &Api) -> Option<Timestamp> {
        let mut first: Option<i64> = None;
        for uid in pods {
            let pod = api.store().typed_by_uid::<opscape_manifest::api::Pod>(*uid);
            let Some(time) = pod.and_then(|pod| endpoint::trigger_time(pod)) else {
                self.triggers.remove(uid);
                continue;
            };
            if self.triggers.insert(*uid, time.0).is_none_or(|before| time.0 > before) {
                first = Some(first.map_or(time.0, |first| first.min(time.0)));
            }
        }
        if !std::mem::replace(&mut self.known, true) {
            return service.metadata.creation_timestamp;
        }
        first.map(Timestamp)
    }
}

/// The pods in a slice.
pub(super) fn pods(slice: &EndpointSlice) -> impl Iterator<Item = Uid> {
    slice.endpoints.iter().filter_map(|endpoint| Some(endpoint.target_ref.as_ref()?.uid))
}
