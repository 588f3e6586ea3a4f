//! Who is at the ends of a connection, as NetworkPolicies see it, and whether they let it through.

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::meta::{Str, StrMap};
use opscape_manifest::api::{Namespace, Node, Pod};
use opscape_network::load::Call;
use opscape_network::route::policy::{self, Direction, End, OUTSIDE};
use opscape_network::route::{Policy, Table};

use super::view::View;

impl View<'_> {
    /// The namespace of a pod with its labels, as NetworkPolicies see it.
    fn namespace(&self, name: &Str) -> (Str, StrMap) {
        let found = self.around.cluster.store().get::<Namespace>("", name);
        (name.clone(), policy::namespace_labels(name, found.map(|namespace| &namespace.metadata.labels)))
    }

    /// A pod as an end.
    pub fn end_of(&self, pod: &Pod) -> End {
        End {
            namespace: Some(self.namespace(&pod.metadata.namespace)),
            labels: pod.metadata.labels.clone(),
            address: pod.status.pod_ip.clone(),
        }
    }

    /// The pod that asks, if it is one.
    pub fn asking(&self, call: &Call) -> Option<End> {
        let namespace = call.from.as_ref()?;
        let labels: BTreeMap<Str, Str> = call.labels.iter().cloned().collect();
        Some(End {
            namespace: Some(self.namespace(namespace)),
            labels: Arc::new(labels),
            address: call.address.clone(),
        })
    }

    /// Whoever connects to the pods: the client itself, else the proxy that let it in. What comes through a node port has the
    /// address of the node.
    pub fn connecting(&self, call: &Call, proxy: Option<&Policy>) -> End {
        match proxy {
            Some(proxy) => policy::proxy_end(proxy, &|name| self.namespace(name).1),
            None => self.asking(call).unwrap_or_else(|| self.node_end()),
        }
    }

    fn node_end(&self) -> End {
        let node = self.around.cluster.store().list::<Node>(None).next();
        let address = node.and_then(|node| {
            let mut all = node.status.addresses.iter();
            let own = all.find(|entry| entry.str_at(&["type"]) == Some("InternalIP"))?;
            own.str_at(&["address"]).map(Str::from)
        });
        End { address: address.unwrap_or_else(|| OUTSIDE.into()), ..End::default() }
    }

    /// Whether a connection to a pod is dropped at either end.
    pub fn is_blocked(&self, table: &Table, from: &End, pod: &Pod, port: u16) -> bool {
        let (policies, to) = (table.policies(), self.end_of(pod));
        policies.rule(Direction::Egress, from, &to, Some(pod), ("TCP", port)).denies()
            || policies.rule(Direction::Ingress, &to, from, Some(pod), ("TCP", port)).denies()
    }

    /// Whether a pod may not ask for the addresses of names.
    pub fn has_no_names(&self, table: &Table, from: &End) -> bool {
        policy::resolving(table.policies(), from, self.namespace(&"kube-system".into()).1).denies()
    }
}

/// Whether a pod may not connect to what lets requests in from outside.
pub fn has_no_way_out(table: &Table, from: &End, port: u16) -> bool {
    let entry = End { address: OUTSIDE.into(), ..End::default() };
    table.policies().rule(Direction::Egress, from, &entry, None, ("TCP", port)).denies()
}
