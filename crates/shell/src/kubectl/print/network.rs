//! Services, Endpoints, EndpointSlices, Ingresses, Gateways and their routes, NetworkPolicies.

use opscape_manifest::api::meta::MicroTime;
use opscape_manifest::value::Value;

use super::{Printer, age_of, at, condition, labels, list, name, number, or_none, scalar, selector, text};

pub(super) fn printer(plural: &str) -> Option<Printer> {
    let (columns, cells): (_, fn(&Value, MicroTime) -> Vec<String>) = match plural {
        "services" => ("NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE|SELECTOR*", service),
        "endpoints" => ("NAME|ENDPOINTS|AGE", endpoints),
        "endpointslices" => ("NAME|ADDRESSTYPE|PORTS|ENDPOINTS|AGE", endpoint_slice),
        "ingresses" => ("NAME|CLASS|HOSTS|ADDRESS|PORTS|AGE", ingress),
        "ingressclasses" => ("NAME|CONTROLLER|PARAMETERS|AGE", ingress_class),
        "gatewayclasses" => ("NAME|CONTROLLER|ACCEPTED|AGE|DESCRIPTION*", |object, now| {
            vec![
                name(object),
                text(object, "spec.controllerName").to_owned(),
                holds(object, "Accepted"),
                age_of(object, now),
                text(object, "spec.description").to_owned(),
            ]
        }),
        "gateways" => ("NAME|CLASS|ADDRESS|PROGRAMMED|AGE", |object, now| {
            let addresses = list(object, "status.addresses").iter().map(|one| text(one, "value"));
            vec![
                name(object),
                text(object, "spec.gatewayClassName").to_owned(),
                addresses.collect::<Vec<_>>().join(","),
                holds(object, "Programmed"),
                age_of(object, now),
            ]
        }),
        "httproutes" => ("NAME|HOSTNAMES|AGE", |object, now| {
            let hosts = at(object, "spec.hostnames").map_or(String::new(), opscape_manifest::print::to_json);
            vec![name(object), hosts, age_of(object, now)]
        }),
        "networkpolicies" => ("NAME|POD-SELECTOR|AGE", |object, now| {
            vec![name(object), selector(at(object, "spec.podSelector")), age_of(object, now)]
        }),
        _ => return None,
    };
    Some(Printer { columns, cells })
}

/// The status of a condition that a controller of the Gateway API writes; `Unknown`, as the API server makes it by default,
/// until one does.
fn holds(object: &Value, kind: &str) -> String {
    condition(object, kind).map_or("Unknown", |condition| text(condition, "status")).to_owned()
}

/// Addresses of a load balancer.
fn balancer(object: &Value) -> Vec<String> {
    let point = |point: &Value| match text(point, "ip") {
        "" => text(point, "hostname").to_owned(),
        ip => ip.to_owned(),
    };
    list(object, "status.loadBalancer.ingress").iter().map(point).collect()
}

fn external_ip(service: &Value) -> String {
    let given: Vec<&str> = list(service, "spec.externalIPs").iter().filter_map(Value::as_str).collect();
    match text(service, "spec.type") {
        "LoadBalancer" => {
            let mut all = balancer(service);
            all.extend(given.into_iter().map(str::to_owned));
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => text(service, "spec.externalName").to_owned(),
        _ => or_none(&given.join(",")),
    }
}

fn service(object: &Value, now: MicroTime) -> Vec<String> {
    let ports: Vec<String> = list(object, "spec.ports")
        .iter()
        .map(|port| {
            let protocol = text(port, "protocol");
            match number(port, "nodePort") {
                0 => format!("{}/{protocol}", number(port, "port")),
                node_port => format!("{}:{node_port}/{protocol}", number(port, "port")),
            }
        })
        .collect();
    let ip = list(object, "spec.clusterIPs").first().and_then(Value::as_str);
    vec![
        name(object),
        text(object, "spec.type").to_owned(),
        or_none(ip.unwrap_or_else(|| text(object, "spec.clusterIP"))),
        external_ip(object),
        or_none(&ports.join(",")),
        age_of(object, now),
        labels(at(object, "spec.selector")),
    ]
}

/// The first of some texts, and how many there are more.
fn shortened(all: &[String], most: usize) -> String {
    let shown = all.get(..most.min(all.len())).unwrap_or_default().join(",");
    match all.len().checked_sub(most) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} + {more} more..."),
    }
}

fn endpoints(object: &Value, now: MicroTime) -> Vec<String> {
    let mut all = Vec::new();
    for subset in list(object, "subsets") {
        let ports = list(subset, "ports");
        if ports.is_empty() {
            all.extend(list(subset, "addresses").iter().map(|address| text(address, "ip").to_owned()));
        }
        for port in ports {
            let number = number(port, "port");
            all.extend(
                list(subset, "addresses").iter().map(|address| format!("{}:{number}", text(address, "ip"))),
            );
        }
    }
    vec![name(object), or_none(&shortened(&all, 3)), age_of(object, now)]
}

fn endpoint_slice(object: &Value, now: MicroTime) -> Vec<String> {
    let ports: Vec<String> = list(object, "ports")
        .iter()
        .map(|port| at(port, "port").map_or_else(|| "*".to_owned(), scalar))
        .collect();
    let addresses: Vec<String> = list(object, "endpoints")
        .iter()
        .flat_map(|endpoint| list(endpoint, "addresses"))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let unset = |text: String| if text.is_empty() { "<unset>".to_owned() } else { text };
    vec![
        name(object),
        text(object, "addressType").to_owned(),
        unset(shortened(&ports, 3)),
        unset(shortened(&addresses, 3)),
        age_of(object, now),
    ]
}

/// The hosts of an Ingress in one cell.
fn ingress_hosts(object: &Value) -> String {
    let hosts: Vec<String> = list(object, "spec.rules")
        .iter()
        .map(|rule| text(rule, "host").to_owned())
        .filter(|host| !host.is_empty())
        .collect();
    if hosts.is_empty() { "*".to_owned() } else { shortened(&hosts, 3) }
}

fn ingress(object: &Value, now: MicroTime) -> Vec<String> {
    let ports = if list(object, "spec.tls").is_empty() { "80" } else { "80, 443" };
    vec![
        name(object),
        or_none(text(object, "spec.ingressClassName")),
        ingress_hosts(object),
        balancer(object).join(","),
        ports.to_owned(),
        age_of(object, now),
    ]
}

fn ingress_class(object: &Value, now: MicroTime) -> Vec<String> {
    let parameters = at(object, "spec.parameters").map_or("<none>".to_owned(), |parameters| {
        let kind = text(parameters, "kind");
        let group = text(parameters, "apiGroup");
        let kind = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        format!("{kind}/{}", text(parameters, "name"))
    });
    vec![name(object), text(object, "spec.controller").to_owned(), parameters, age_of(object, now)]
}
