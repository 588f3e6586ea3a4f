//! Where a command runs that runs in a pod (`kubectl exec`): what names and addresses mean there.

use opscape_cluster::Store;
use opscape_lab::words;
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Namespace, Pod};
use opscape_network::load::Call;
use opscape_network::route::policy::{self, Direction, End, Policies};
use opscape_network::route::{Objects, Table, dns};

use crate::process::{Io, Scope};

/// A pod in which commands run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    pub namespace: String,
    pub pod: String,
}

impl Seat {
    /// The pod, if it is still there.
    pub fn pod<'a>(&self, store: &'a Store) -> Option<&'a Pod> {
        store.get::<Pod>(&self.namespace, &self.pod).map(|pod| &**pod)
    }

    /// Makes a call one of the pod's.
    pub fn ask(&self, call: &mut Call, store: &Store) {
        call.from = Some(self.namespace.as_str().into());
        if let Some(pod) = self.pod(store) {
            let labels = pod.metadata.labels.iter();
            call.labels = labels.map(|(key, value)| (key.clone(), value.clone())).collect();
            call.address = pod.status.pod_ip.clone();
        }
    }

    /// Whether NetworkPolicies keep the pod from asking the cluster's DNS.
    pub fn has_no_names(&self, store: &Store) -> bool {
        let table = Table::compile(&objects(store));
        let end = self.pod(store).map(|pod| end_of(pod, store));
        let labels = labels_of(&"kube-system".into(), store);
        !table.policies().is_empty()
            && end.is_some_and(|end| policy::resolving(table.policies(), &end, labels).denies())
    }

    /// Says which NetworkPolicies drop connections of the pod to a Service or a pod.
    pub fn explain(&self, host: &str, io: &mut Io, scope: &Scope<'_>) {
        let store = scope.world.cluster().store();
        let mut objects = objects(store);
        objects.add_all(store.objects("Pod", None));
        let table = Table::compile(&objects);
        let Some(own) = self.pod(store).filter(|_| !table.policies().is_empty()) else { return };
        let (_, reply) = dns::resolve(&objects, &self.namespace, host, "A");
        let asked: Vec<&str> = reply.addresses().chain([host]).collect();
        let from = end_of(own, store);
        let mut said: Vec<String> = Vec::new();
        for (pod, port) in objects.behind(&asked) {
            let to = end_of(&pod, store);
            for (direction, at, other, name) in [
                (Direction::Egress, &from, &to, &own.metadata.name),
                (Direction::Ingress, &to, &from, &pod.metadata.name),
            ] {
                let ruling = table.policies().rule(direction, at, other, Some(&pod), ("TCP", port));
                let reason = Policies::reason(direction, &ruling, name).filter(|_| ruling.denies());
                let Some(reason) = reason else { continue };
                let values: Vec<(&str, &str)> =
                    reason.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let text = words::rich(scope.shell.lang, reason.key, &values).plain();
                if !said.contains(&text) {
                    said.push(text);
                }
            }
        }
        for text in said {
            io.err(&text);
            io.err("\n");
        }
    }
}

/// What names and NetworkPolicies are made of.
pub(crate) fn objects(store: &Store) -> Objects {
    let kinds = ["Service", "EndpointSlice", "Namespace", "NetworkPolicy", "Ingress", "HTTPRoute"];
    Objects::of_cluster(kinds.iter().flat_map(|kind| store.objects(kind, None)))
}

fn labels_of(namespace: &Str, store: &Store) -> opscape_manifest::api::meta::StrMap {
    let known = store.get::<Namespace>("", namespace);
    policy::namespace_labels(namespace, known.map(|namespace| &namespace.metadata.labels))
}

fn end_of(pod: &Pod, store: &Store) -> End {
    let namespace = pod.metadata.namespace.clone();
    End {
        namespace: Some((namespace.clone(), labels_of(&namespace, store))),
        labels: pod.metadata.labels.clone(),
        address: pod.status.pod_ip.clone(),
    }
}
