//! What requests from outside come in through, as its controllers publish it: which load balancer is in front of an
//! Ingress or a Gateway. The addresses are given by whoever makes load balancers.

use std::sync::Arc;

use opscape_manifest::api::Service;
use opscape_manifest::api::gateway::GatewaySpec;
use opscape_manifest::api::ingress::IngressSpec;
use opscape_manifest::api::meta::Str;
use opscape_manifest::value::Value;

use super::objects::{Found, Objects};
use super::reason::Origin;
use super::{alb, class};

/// An Ingress or a Gateway with a controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// Which.
    pub origin: Arc<Origin>,
    /// What is in front of it.
    pub front: Front,
    /// The addresses it asks for.
    pub wanted: Vec<Str>,
}

/// What is in front of an Ingress or a Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Front {
    /// One load balancer for everything that ingress-nginx serves: that of the controller's Service. `None`: the text has
    /// no such Service; there is one beside it.
    Nginx(Option<Vec<Str>>),
    /// One load balancer for everything that this controller serves.
    Shared(Str),
    /// One load balancer of its own.
    Own,
    /// An Application Load Balancer with this name.
    Alb {
        /// As `k8s-shop`, without the part that AWS adds.
        name: String,
        /// What makes it different from all others with that name.
        id: Str,
        /// `internet-facing`, or only from within the VPC.
        public: bool,
        /// Why its controller refuses the whole group; it then stays as it was.
        refused: Option<Str>,
    },
}

/// The Ingresses and Gateways that somebody serves, in the order of their kinds and names.
pub fn entrances(objects: &Objects) -> Vec<Entrance> {
    let of_alb = |ingress: &&Found<IngressSpec>| {
        let controller = class::controller_of(ingress, &objects.classes);
        controller.is_ok_and(|controller| matches!(class::flavour(&controller), class::Flavour::Alb))
    };
    let of_alb: Vec<_> = objects.ingresses.iter().filter(of_alb).collect();
    let refused = if of_alb.is_empty() { Vec::new() } else { alb::refusals(objects, &of_alb) };
    let ingresses = objects.ingresses.iter().filter_map(|ingress| {
        let controller = class::controller_of(ingress, &objects.classes).ok()?;
        let front = match class::flavour(&controller) {
            class::Flavour::Nginx => Front::Nginx(of_nginx(objects)),
            class::Flavour::Alb => alb_of(ingress, objects, &refused),
            class::Flavour::Plain => Front::Shared(controller),
        };
        Some(Entrance { origin: ingress.origin.clone(), front, wanted: Vec::new() })
    });
    let gateways = objects.gateways.iter().filter(|gateway| !unserved(objects, gateway)).map(|gateway| {
        let name = &gateway.spec.gateway_class_name;
        let class = objects.gateway_classes.iter().find(|class| class.name == *name);
        let wanted = gateway.spec.addresses.iter().map(|address| address.value.clone());
        let wanted = wanted.filter(|address| !address.is_empty()).collect();
        let front = if class.is_some_and(|class| class.controller.contains("k8s.aws")) {
            let id = [&*gateway.meta.namespace, "/", &*gateway.meta.name].concat();
            Front::Alb {
                name: alb_name(&gateway.meta.namespace, &gateway.meta.name),
                id: id.into(),
                public: false,
                refused: None,
            }
        } else {
            Front::Own
        };
        Entrance { origin: gateway.origin.clone(), front, wanted }
    });
    ingresses.chain(gateways).collect()
}

/// Whether nobody looks after a Gateway: it names a class that there is not. Where there are no classes at all, the text is
/// taken to be for a cluster where the usual ones are installed.
pub(super) fn unserved(objects: &Objects, gateway: &Found<GatewaySpec>) -> bool {
    let name = &gateway.spec.gateway_class_name;
    !objects.gateway_classes.is_empty() && !objects.gateway_classes.iter().any(|class| class.name == *name)
}

/// The addresses of ingress-nginx's own Service, if the text has one (`statusAddressFromService`,
/// internal/ingress/status/status.go).
fn of_nginx(objects: &Objects) -> Option<Vec<Str>> {
    let is_its = |service: &&Arc<Service>| {
        let meta = &service.metadata;
        meta.label("app.kubernetes.io/name") == Some("ingress-nginx")
            && meta.label("app.kubernetes.io/component").is_none_or(|part| part == "controller")
            && !meta.name.ends_with("-admission")
            || &*meta.name == "ingress-nginx-controller"
    };
    let service = objects.services.iter().find(is_its)?;
    let spec = &service.spec;
    Some(match &*spec.kind {
        "ExternalName" => vec![spec.external_name.clone()],
        "LoadBalancer" => balancers(&service.status).chain(spec.external_ips.iter().cloned()).collect(),
        "NodePort" if !spec.external_ips.is_empty() => spec.external_ips.clone(),
        _ => vec![spec.cluster_ip.clone()],
    })
}

/// The addresses in a status.
fn balancers(status: &Value) -> impl Iterator<Item = Str> {
    let all = status.at(&["loadBalancer", "ingress"]).and_then(Value::as_list).unwrap_or_default();
    all.iter().filter_map(|point| point.str_at(&["ip"]).or(point.str_at(&["hostname"]))).map(Str::from)
}

/// `buildLoadBalancerName` (aws-load-balancer-controller, pkg/ingress/model_build_load_balancer.go)
fn alb_of(ingress: &Found<IngressSpec>, objects: &Objects, refused: &[(Str, String)]) -> Front {
    let id = alb::group_of(ingress, objects);
    let refused = refused.iter().find(|(group, _)| *group == id).map(|(_, said)| said.as_str().into());
    let given = alb::annotation(ingress, "load-balancer-name").filter(|name| !name.is_empty());
    let name = match (given, id.split_once('/')) {
        (Some(name), _) => name.to_owned(),
        (None, Some((namespace, name))) => alb_name(namespace, name),
        (None, None) => format!("k8s-{:.17}", letters(&id)),
    };
    let public = alb::annotation(ingress, "scheme") == Some("internet-facing");
    // A name that was given is taken as it is.
    let id = if given.is_some() { Str::default() } else { id };
    Front::Alb { name, id, public, refused }
}

fn alb_name(namespace: &str, name: &str) -> String {
    format!("k8s-{:.8}-{:.8}", letters(namespace), letters(name))
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}
