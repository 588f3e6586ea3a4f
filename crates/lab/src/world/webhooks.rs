//! The validating webhooks of what is taken to be installed: that of ingress-nginx, for Ingresses of its class.

use opscape_cluster::Store;
use opscape_cluster::webhooks::{Refusal, Webhooks};
use opscape_manifest::api::Object;
use opscape_network::route::Objects;
use opscape_network::route::admission::{NGINX_WEBHOOK, check_ingress};

pub(super) struct Installed;

impl Webhooks for Installed {
    fn review(&self, object: &Object, store: &Store) -> Result<(), Refusal> {
        if object.kind_name() != "Ingress" {
            return Ok(());
        }
        let (namespace, name) = (&object.meta().namespace, &object.meta().name);
        let is_other = |other: &Object| {
            let meta = other.meta();
            meta.namespace != *namespace || meta.name != *name
        };
        let others = store.objects("Ingress", None).into_iter().filter(is_other);
        let classes = store.objects("IngressClass", None);
        let objects = Objects::of_cluster(others.chain(classes).chain([object.clone()]));
        check_ingress(&objects, namespace, name)
            .map_err(|message| Refusal { webhook: NGINX_WEBHOOK, message })
    }
}
