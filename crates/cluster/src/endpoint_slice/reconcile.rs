//! One sync of a Service's slices (endpointslice/reconciler.go: `reconcileByAddressType`, `reconcileByPortMapping`,
//! `finalize`).

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::discovery::{Endpoint, EndpointPort};
use opscape_manifest::api::meta::{Timestamp, Uid};
use opscape_manifest::api::{EndpointSlice, Node, Object, Pod, Resource, Service};

use super::endpoint;
use super::memberships::selects;
use super::slices::{MOST, Slices};
use crate::{Api, Context, DeleteOptions};

type Ports = Vec<EndpointPort>;

/// What a sync will write.
#[derive(Default)]
struct Plan {
    /// Slices that change, as they will be.
    changed: BTreeMap<Uid, EndpointSlice>,
    /// Endpoints that are in no slice yet, by their ports.
    homeless: BTreeMap<Ports, Vec<Arc<Endpoint>>>,
    /// Pods that were taken out of a slice, and of which.
    moved_out: Vec<(Uid, Uid)>,
    created: Vec<EndpointSlice>,
    deleted: Vec<Uid>,
}

impl Slices {
    /// Brings the slices up to date. False: something is missing, try again later.
    pub(super) fn reconcile(&mut self, service: &Service, api: &mut Api, context: &mut Context<'_>) -> bool {
        let all = std::mem::take(&mut self.all);
        let mut pods: Vec<Uid> = std::mem::take(&mut self.touched).iter().collect();
        if all {
            self.load(service, api);
            pods.extend(self.placed.keys());
            let inside = api.store().list::<Pod>(Some(&service.metadata.namespace));
            pods.extend(inside.filter(|pod| selects(service, pod)).map(|pod| pod.metadata.uid));
            pods.sort_unstable();
            pods.dedup();
        }
        let mut plan = Plan::default();
        let mut complete = true;
        for pod in &pods {
            let wanted = wanted(*pod, service, api);
            if wanted.is_err() {
                complete = false;
                self.touched.insert(*pod);
            }
            self.place(*pod, wanted.unwrap_or_default(), &mut plan, api);
        }
        if all {
            for uid in self.uids() {
                plan.slice(uid, api, |slice| !endpoint::has_labels_of(slice, service));
            }
        }
        self.house(service, &mut plan, api);
        self.keep_one(service, &mut plan, api);
        let time = self.trigger_time(service, &pods, api);
        self.finalize(service, plan, time, api, context);
        complete
    }

    /// Changes the endpoint of a pod where it is, takes it out, or looks for a place for it.
    fn place(&self, pod: Uid, wanted: Option<(Ports, Endpoint)>, plan: &mut Plan, api: &Api) {
        let here = self.placed.get(&pod).copied();
        let is_it = |found: &Arc<Endpoint>| found.target_ref.as_ref().is_some_and(|target| target.uid == pod);
        let Some(uid) = here else {
            if let Some((ports, endpoint)) = wanted {
                plan.homeless.entry(ports).or_default().push(Arc::new(endpoint));
            }
            return;
        };
        // The working copy is made only if something changes.
        let slice = match plan.changed.get(&uid) {
            Some(slice) => Some(slice),
            None => api.store().typed_by_uid::<EndpointSlice>(uid).map(|slice| &**slice),
        };
        let Some(slice) = slice else { return };
        let Some(at) = slice.endpoints.iter().position(is_it) else { return };
        let stays = wanted.as_ref().is_some_and(|(ports, endpoint)| {
            slice.ports == *ports
                && slice.endpoints.get(at).is_some_and(|old| {
                    old.addresses == endpoint.addresses && old.hostname == endpoint.hostname
                })
        });
        match wanted {
            Some((_, endpoint)) if stays => {
                let same = slice.endpoints.get(at).is_some_and(|old| {
                    let hints = old.hints.clone();
                    **old == Endpoint { hints, ..endpoint.clone() }
                });
                if !same {
                    plan.slice(uid, api, |slice| {
                        if let Some(slot) = slice.endpoints.get_mut(at) {
                            *slot = Arc::new(endpoint);
                        }
                        true
                    });
                }
            }
            other => {
                plan.slice(uid, api, |slice| {
                    slice.endpoints.remove(at);
                    true
                });
                plan.moved_out.push((pod, uid));
                if let Some((ports, endpoint)) = other {
                    plan.homeless.entry(ports).or_default().push(Arc::new(endpoint));
                }
            }
        }
    }

    /// Steps 2 and 3 of `reconcileByPortMapping`: first the slices that change anyway are filled, the fullest first; the rest
    /// goes into one slice if it fits, else into new ones.
    fn house(&self, service: &Service, plan: &mut Plan, api: &Api) {
        let emptied = plan.changed.iter().filter(|(_, slice)| slice.endpoints.is_empty());
        plan.deleted = emptied.map(|(uid, _)| *uid).collect();
        for uid in &plan.deleted {
            plan.changed.remove(uid);
        }
        for (ports, homeless) in std::mem::take(&mut plan.homeless) {
            let mut homeless = homeless.into_iter().peekable();
            let mut open: Vec<&mut EndpointSlice> =
                plan.changed.values_mut().filter(|slice| slice.ports == ports).collect();
            open.sort_by_key(|slice| std::cmp::Reverse(slice.endpoints.len()));
            for slice in open {
                fill(slice, &mut homeless);
            }
            while homeless.peek().is_some() {
                let left = homeless.len();
                let fits = (left < MOST).then(|| {
                    let taken = |uid| plan.changed.contains_key(&uid) || plan.deleted.contains(&uid);
                    self.to_fill(&ports, left, taken)
                });
                if let Some(uid) = fits.flatten() {
                    plan.slice(uid, api, |slice| {
                        fill(slice, &mut homeless);
                        true
                    });
                } else {
                    let mut slice = endpoint::new_slice(service, &ports);
                    fill(&mut slice, &mut homeless);
                    plan.created.push(slice);
                }
            }
        }
    }

    /// A Service has at least one slice: a placeholder without ports where there would be none. It goes when others come.
    fn keep_one(&self, service: &Service, plan: &mut Plan, api: &Api) {
        let empty: Vec<Uid> = self
            .groups
            .values()
            .filter_map(|by_len| by_len.get(&0))
            .flat_map(opscape_sim::IdSet::iter)
            .filter(|uid| plan.changed.get(uid).is_none_or(|slice| slice.endpoints.is_empty()))
            .collect();
        let all = self.groups.values().flat_map(BTreeMap::values).map(opscape_sim::IdSet::len).sum::<usize>();
        for uid in empty {
            plan.changed.remove(&uid);
            if !plan.deleted.contains(&uid) {
                plan.deleted.push(uid);
            }
        }
        if plan.deleted.len() < all || !plan.created.is_empty() {
            return;
        }
        let placeholder = endpoint::new_slice(service, &[]);
        let is_one = |uid: &Uid| {
            api.store().typed_by_uid::<EndpointSlice>(*uid).is_some_and(|slice| {
                slice.endpoints.is_empty()
                    && slice.ports.is_empty()
                    && slice.metadata.labels == placeholder.metadata.labels
            })
        };
        if plan.deleted.len() == 1 && plan.deleted.iter().all(is_one) {
            plan.deleted.clear();
        } else {
            plan.created.push(placeholder);
        }
    }

    /// `finalize`: a slice that would go becomes one of those that would come.
    fn finalize(
        &mut self,
        service: &Service,
        mut plan: Plan,
        time: Option<Timestamp>,
        api: &mut Api,
        context: &mut Context<'_>,
    ) {
        let cause = context.cause();
        for (pod, slice) in plan.moved_out {
            if self.placed.get(&pod) == Some(&slice) {
                self.placed.remove(&pod);
            }
        }
        let mut deleted = Vec::new();
        for uid in plan.deleted {
            let old = api.store().typed_by_uid::<EndpointSlice>(uid);
            match (old, plan.created.pop()) {
                (Some(old), Some(new)) => {
                    let mut slice = EndpointSlice { metadata: old.metadata.clone(), ..new };
                    slice.metadata.labels = new.metadata.labels;
                    plan.changed.insert(uid, slice);
                }
                (_, new) => {
                    plan.created.extend(new);
                    deleted.push(uid);
                }
            }
        }
        if service.metadata.deletion_timestamp.is_none() {
            for mut slice in plan.created {
                context.because(cause);
                endpoint::set_trigger_time(&mut slice, time);
                // Refused only where the namespace is on its way out.
                if let Ok(Object::EndpointSlice(slice)) =
                    api.create(EndpointSlice::into_object(Arc::new(slice)), context)
                {
                    self.note(None, &slice);
                }
            }
        }
        for (uid, mut slice) in plan.changed {
            let Some(old) = api.store().typed_by_uid::<EndpointSlice>(uid).cloned() else { continue };
            if !endpoint::has_labels_of(&slice, service) || slice.metadata.labels.is_empty() {
                slice.metadata.labels = Arc::new(endpoint::labels(service));
            }
            endpoint::set_trigger_time(&mut slice, time);
            slice.metadata.generation += 1;
            context.because(cause);
            if let Some(new) = api.put_modified(slice, context) {
                self.note(Some(&old), &new);
            }
        }
        for uid in deleted {
            let Some(old) = api.store().typed_by_uid::<EndpointSlice>(uid).cloned() else { continue };
            self.forget(&old);
            context.because(cause);
            // What is gone already needs no deletion.
            let _ = api.delete(&Object::EndpointSlice(old).key(), &DeleteOptions::default(), context);
        }
        context.because(cause);
    }
}

/// The endpoint that a pod shall have, with its ports. An error: its node is not known (yet).
fn wanted(pod: Uid, service: &Service, api: &Api) -> Result<Option<(Ports, Endpoint)>, ()> {
    let Some(pod) = api.store().typed_by_uid::<Pod>(pod) else { return Ok(None) };
    if !selects(service, pod) || !endpoint::belongs(pod) {
        return Ok(None);
    }
    let node = api.store().get::<Node>("", &pod.spec.node_name);
    if node.is_none() && !service.spec.publish_not_ready_addresses {
        return Err(());
    }
    let endpoint = endpoint::of_pod(pod, node.map(|node| &**node), service);
    Ok(Some((endpoint::ports(service, pod), endpoint)))
}

impl Plan {
    /// Works on a copy of a slice; it is written if `change` says so, or if it is to be written anyway.
    fn slice(&mut self, uid: Uid, api: &Api, change: impl FnOnce(&mut EndpointSlice) -> bool) {
        if let Some(slice) = self.changed.get_mut(&uid) {
            change(slice);
        } else if let Some(slice) = api.store().typed_by_uid::<EndpointSlice>(uid) {
            let mut slice = EndpointSlice::clone(slice);
            if change(&mut slice) {
                self.changed.insert(uid, slice);
            }
        }
    }
}

/// Puts endpoints into a slice as long as there is room.
fn fill(slice: &mut EndpointSlice, homeless: &mut impl Iterator<Item = Arc<Endpoint>>) {
    let room = MOST.saturating_sub(slice.endpoints.len());
    slice.endpoints.extend(homeless.by_ref().take(room));
}
