//! What is in every cluster from the beginning.

use std::collections::BTreeMap;
use std::sync::Arc;

use opscape_manifest::api::meta::{IntOrString, ObjectMeta};
use opscape_manifest::api::{Namespace, Object, Service};

use super::Api;
use crate::Context;

impl Api {
    /// The system's namespaces and the Service of the API server.
    pub(crate) fn bootstrap(&mut self, context: &mut Context<'_>) {
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            let metadata = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
            let namespace = Namespace { metadata, ..Namespace::default() };
            // Cannot fail: the store is empty.
            let _ = self.create(Object::Namespace(Arc::new(namespace)), context);
        }
        let (network, _) = self.options.flags.service_range;
        let [a, b, c, d] = network;
        let mut service = Service {
            metadata: ObjectMeta {
                name: "kubernetes".into(),
                namespace: "default".into(),
                labels: Arc::new(BTreeMap::from([
                    ("component".into(), "apiserver".into()),
                    ("provider".into(), "kubernetes".into()),
                ])),
                ..ObjectMeta::default()
            },
            ..Service::default()
        };
        service.spec.cluster_ip = format!("{a}.{b}.{c}.{}", d.saturating_add(1)).into();
        service.spec.ports.push(opscape_manifest::api::core::ServicePort {
            name: "https".into(),
            port: 443,
            target_port: Some(IntOrString::Int(6443)),
            ..Default::default()
        });
        let _ = self.create(Object::Service(Arc::new(service)), context);
    }
}
