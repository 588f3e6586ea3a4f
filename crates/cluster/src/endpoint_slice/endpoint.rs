//! What a pod is in a slice (staging/src/k8s.io/endpointslice/utils.go, util/controller_utils.go).

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::core::{ObjectReference, ServicePort};
use opscape_manifest::api::discovery::{Endpoint, EndpointConditions, EndpointPort};
use opscape_manifest::api::meta::{IntOrString, ObjectMeta, OwnerReference, Str, Timestamp};
use opscape_manifest::api::pod::Phase;
use opscape_manifest::api::{EndpointSlice, Node, Pod, Service};

use crate::replica_set::is_ready;
use crate::words;

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const HEADLESS: &str = "service.kubernetes.io/headless";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// `ShouldPodBeInEndpoints`, pods that end included.
pub(super) fn belongs(pod: &Pod) -> bool {
    !matches!(pod.status.phase, Phase::Succeeded | Phase::Failed) && !pod.status.pod_ip.is_empty()
}

/// `podEndpointsChanged`: whether the endpoint of a pod changed, and whether the Services that select it may have.
pub(super) fn changed(old: &Pod, new: &Pod) -> (bool, bool) {
    let labels = !Arc::ptr_eq(&old.metadata.labels, &new.metadata.labels)
        && old.metadata.labels != new.metadata.labels
        || !Arc::ptr_eq(&old.spec, &new.spec)
            && (old.spec.hostname != new.spec.hostname || old.spec.subdomain != new.spec.subdomain);
    let endpoint = old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
        || is_ready(old) != is_ready(new)
        || old.status.pod_ip != new.status.pod_ip
        || belongs(old) != belongs(new);
    (endpoint, labels)
}

/// `podToEndpoint`
pub(super) fn of_pod(pod: &Pod, node: Option<&Node>, service: &Service) -> Endpoint {
    let serving = is_ready(pod);
    let terminating = pod.metadata.deletion_timestamp.is_some();
    let ready = service.spec.publish_not_ready_addresses || serving && !terminating;
    let named = !pod.spec.hostname.is_empty() && pod.spec.subdomain == service.metadata.name;
    let zone = node.and_then(|node| node.metadata.labels.get("topology.kubernetes.io/zone"));
    Endpoint {
        addresses: vec![pod.status.pod_ip.clone()],
        conditions: EndpointConditions {
            ready: Some(ready),
            serving: Some(serving),
            terminating: Some(terminating),
        },
        hostname: named.then(|| pod.spec.hostname.clone()),
        target_ref: Some(ObjectReference {
            kind: words::pod(),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid,
            ..ObjectReference::default()
        }),
        node_name: Some(pod.spec.node_name.clone()).filter(|name| !name.is_empty()),
        zone: zone.filter(|zone| !zone.is_empty()).cloned(),
        hints: None,
    }
}

/// `getEndpointPorts`: the ports of a Service at a pod; a named target port that the pod lacks is left out.
pub(super) fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let of_port = |port: &ServicePort| {
        Some(EndpointPort {
            name: Some(port.name.clone()),
            protocol: Some(port.protocol.clone()),
            port: Some(find_port(pod, port)?),
            app_protocol: port.app_protocol.clone(),
        })
    };
    service.spec.ports.iter().filter_map(of_port).collect()
}

/// `findPort`: of the containers, or of the init containers that stay.
fn find_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    match &port.target_port {
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => {
            let sidecars = pod.spec.init_containers.iter();
            let sidecars = sidecars.filter(|init| init.restart_policy.as_deref() == Some("Always"));
            let all = pod.spec.containers.iter().chain(sidecars);
            let mut ports = all.flat_map(|container| container.ports.iter());
            ports
                .find(|found| found.name == *name && found.protocol == port.protocol)
                .map(|found| found.container_port)
        }
        None => Some(port.port),
    }
}

/// When the pod became ready, or ceased to be (`getPodTriggerTime`).
pub(super) fn trigger_time(pod: &Pod) -> Option<Timestamp> {
    let ready = pod.status.conditions.iter().find(|condition| &*condition.kind == "Ready");
    ready.and_then(|ready| ready.last_transition_time)
}

/// A slice with no endpoint yet (`newEndpointSlice`).
pub(super) fn new_slice(service: &Service, ports: &[EndpointPort]) -> EndpointSlice {
    let meta = &service.metadata;
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some([&meta.name, "-"].concat().into()),
            namespace: meta.namespace.clone(),
            labels: Arc::new(labels(service)),
            owner_references: vec![OwnerReference {
                api_version: words::v1(),
                kind: words::service(),
                name: meta.name.clone(),
                uid: meta.uid,
                controller: Some(true),
                block_owner_deletion: Some(true),
            }],
            ..ObjectMeta::default()
        },
        address_type: "IPv4".into(),
        endpoints: Vec::new(),
        ports: ports.to_vec(),
    }
}

/// `setEndpointSliceLabels`: those of the Service, and three of its own.
pub(super) fn labels(service: &Service) -> BTreeMap<Str, Str> {
    let own = service.metadata.labels.iter().filter(|(key, _)| !is_reserved(key));
    let mut labels: BTreeMap<Str, Str> = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    if matches!(&*service.spec.cluster_ip, "" | "None") {
        labels.insert(HEADLESS.into(), words::empty());
    }
    labels.insert(SERVICE_NAME.into(), service.metadata.name.clone());
    labels.insert(MANAGED_BY.into(), CONTROLLER.into());
    labels
}

/// Whether a slice's labels are those of its Service, without the reserved ones.
pub(super) fn has_labels_of(slice: &EndpointSlice, service: &Service) -> bool {
    fn own(labels: &BTreeMap<Str, Str>) -> impl Iterator<Item = (&Str, &Str)> {
        labels.iter().filter(|(key, _)| !is_reserved(key))
    }
    own(&slice.metadata.labels).eq(own(&service.metadata.labels))
}

fn is_reserved(key: &str) -> bool {
    matches!(key, SERVICE_NAME | MANAGED_BY | HEADLESS)
}

/// Whether this controller keeps a slice.
pub(super) fn is_managed(slice: &EndpointSlice) -> bool {
    slice.metadata.label(MANAGED_BY) == Some(CONTROLLER)
}

/// `addTriggerTimeAnnotation`
pub(super) fn set_trigger_time(slice: &mut EndpointSlice, time: Option<Timestamp>) {
    match time {
        Some(time) => drop(slice.metadata.set_annotation(TRIGGER_TIME, &time.to_string())),
        None if slice.metadata.annotation(TRIGGER_TIME).is_some() => {
            Arc::make_mut(&mut slice.metadata.annotations).remove(TRIGGER_TIME);
        }
        None => {}
    }
}
