//! Services, Ingresses, EndpointSlices.

use opscape_manifest::api::Object;
use opscape_manifest::value::Value;

use super::Page;
use crate::kubectl::print::{at, labels, list, number, scalar, text};
use crate::kubectl::{Call, Resource};

/// `ip:port` of the ready endpoints of a Service's port, from its EndpointSlices (`formatEndpointSlices`).
fn endpoints(service: &Value, port: &Value, call: &Call<'_, '_>) -> String {
    let (namespace, name) = (text(service, "metadata.namespace"), text(service, "metadata.name"));
    let all = Resource::find("endpointslices").map(|resource| call.list(resource, Some(namespace)));
    let own = |slice: &Object| slice.meta().label("kubernetes.io/service-name") == Some(name);
    let slices: Vec<Value> =
        all.unwrap_or_default().iter().filter(|slice| own(slice)).map(Object::to_value).collect();
    if slices.is_empty() {
        return "<none>".to_owned();
    }
    let mut found: Vec<String> = Vec::new();
    for slice in &slices {
        let matching =
            list(slice, "ports").iter().find(|candidate| text(candidate, "name") == text(port, "name"));
        let Some(matching) = matching else { continue };
        for endpoint in list(slice, "endpoints") {
            if at(endpoint, "conditions.ready") == Some(&Value::Bool(false)) {
                continue;
            }
            for address in list(endpoint, "addresses").iter().filter_map(Value::as_str) {
                found.push(format!("{address}:{}", number(matching, "port")));
            }
        }
    }
    match found.len().checked_sub(3) {
        None | Some(0) => found.join(","),
        Some(more) => format!("{} + {more} more...", found.get(..3).unwrap_or_default().join(",")),
    }
}

pub(super) fn service(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    page.head(object);
    page.pair("Selector", &labels(at(object, "spec.selector")));
    page.pair("Type", text(object, "spec.type"));
    if !text(object, "spec.ipFamilyPolicy").is_empty() {
        page.pair("IP Family Policy", text(object, "spec.ipFamilyPolicy"));
    }
    let join = |path: &str| {
        let all: Vec<&str> = list(object, path).iter().filter_map(Value::as_str).collect();
        if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
    };
    page.pair("IP Families", &join("spec.ipFamilies"));
    page.pair("IP", text(object, "spec.clusterIP"));
    page.pair("IPs", &join("spec.clusterIPs"));
    if !list(object, "spec.externalIPs").is_empty() {
        page.pair("External IPs", &join("spec.externalIPs"));
    }
    if !text(object, "spec.loadBalancerIP").is_empty() {
        page.pair("Desired LoadBalancer IP", text(object, "spec.loadBalancerIP"));
    }
    if !text(object, "spec.externalName").is_empty() {
        page.pair("External Name", text(object, "spec.externalName"));
    }
    let points: Vec<String> = list(object, "status.loadBalancer.ingress")
        .iter()
        .map(|point| match text(point, "ip") {
            "" => text(point, "hostname").to_owned(),
            ip => ip.to_owned(),
        })
        .collect();
    if !points.is_empty() {
        page.pair("LoadBalancer Ingress", &points.join(", "));
    }
    for port in list(object, "spec.ports") {
        let (name, protocol) = (text(port, "name"), text(port, "protocol"));
        let name = if name.is_empty() { "<unset>" } else { name };
        page.line(&format!("Port:\t{name}\t{}/{protocol}", number(port, "port")));
        let target = port.get("targetPort").map_or_else(|| number(port, "port").to_string(), scalar);
        page.pair("TargetPort", &format!("{target}/{protocol}"));
        if number(port, "nodePort") != 0 {
            page.line(&format!("NodePort:\t{name}\t{}/{protocol}", number(port, "nodePort")));
        }
        page.pair("Endpoints", &endpoints(object, port, call));
    }
    page.pair("Session Affinity", text(object, "spec.sessionAffinity"));
    for (path, title) in [
        ("spec.externalTrafficPolicy", "External Traffic Policy"),
        ("spec.internalTrafficPolicy", "Internal Traffic Policy"),
        ("spec.trafficDistribution", "Traffic Distribution"),
    ] {
        if !text(object, path).is_empty() {
            page.pair(title, text(object, path));
        }
    }
    if number(object, "spec.healthCheckNodePort") != 0 {
        page.line(&format!("HealthCheck NodePort:\t{}", number(object, "spec.healthCheckNodePort")));
    }
    true
}

/// `web:80 (10.244.3.225:8080)`.
fn backend(backend: Option<&Value>, namespace: &str, call: &Call<'_, '_>) -> String {
    let Some(backend) = backend else { return "<default>".to_owned() };
    let Some(service) = backend.get("service") else {
        let resource = backend.get("resource");
        let part = |field: &str| resource.map_or("", |resource| text(resource, field)).to_owned();
        return format!("APIGroup: {}, Kind: {}, Name: {}", part("apiGroup"), part("kind"), part("name"));
    };
    let name = text(service, "name");
    let wanted = at(service, "port.number").map_or_else(|| text(service, "port.name").to_owned(), scalar);
    let shown = format!("{name}:{wanted}");
    let services = Resource::find("services").and_then(|resource| call.read(resource, namespace, name).ok());
    let Some(found) = services.map(|object| object.to_value()) else {
        return format!("{shown} (<error: services \"{name}\" not found>)");
    };
    let port = list(&found, "spec.ports")
        .iter()
        .find(|port| number(port, "port").to_string() == wanted || text(port, "name") == wanted);
    let Some(port) = port else { return format!("{shown} (<none>)") };
    format!("{shown} ({})", endpoints(&found, port, call))
}

pub(super) fn ingress(object: &Value, call: &Call<'_, '_>, page: &mut Page) -> bool {
    let namespace = text(object, "metadata.namespace");
    page.pair("Name", text(object, "metadata.name"));
    page.labels("Labels", at(object, "metadata.labels"));
    page.pair("Namespace", namespace);
    let points: Vec<&str> = list(object, "status.loadBalancer.ingress")
        .iter()
        .map(|point| if text(point, "ip").is_empty() { text(point, "hostname") } else { text(point, "ip") })
        .collect();
    page.pair("Address", &points.join(","));
    let class = text(object, "spec.ingressClassName");
    page.pair("Ingress Class", if class.is_empty() { "<none>" } else { class });
    page.pair("Default backend", &backend(at(object, "spec.defaultBackend"), namespace, call));
    if !list(object, "spec.tls").is_empty() {
        page.line("TLS:");
        for tls in list(object, "spec.tls") {
            let hosts: Vec<&str> = list(tls, "hosts").iter().filter_map(Value::as_str).collect();
            match text(tls, "secretName") {
                "" => page.line(&format!("  SNI routes {}", hosts.join(","))),
                secret => page.line(&format!("  {secret} terminates {}", hosts.join(","))),
            }
        }
    }
    page.line("Rules:\n  Host\tPath\tBackends\n  ----\t----\t--------");
    let mut count = 0;
    for rule in list(object, "spec.rules") {
        if at(rule, "http").is_none() {
            continue;
        }
        count += 1;
        let host = text(rule, "host");
        page.line(&format!("  {}\t", if host.is_empty() { "*" } else { host }));
        for path in list(rule, "http.paths") {
            let shown = backend(path.get("backend"), namespace, call);
            page.line(&format!("    \t{} \t{shown}", text(path, "path")));
        }
    }
    if count == 0 {
        page.line(&format!(
            "  {}\t{} \t{}",
            "*",
            "*",
            backend(at(object, "spec.defaultBackend"), namespace, call)
        ));
    }
    page.annotations("Annotations", at(object, "metadata.annotations"));
    true
}

pub(super) fn endpoint_slice(object: &Value, page: &mut Page) -> bool {
    page.head(object);
    page.pair("AddressType", text(object, "addressType"));
    let ports = list(object, "ports");
    if ports.is_empty() {
        page.pair("Ports", "<unset>");
    } else {
        page.line("Ports:\n  Name\tPort\tProtocol\n  ----\t----\t--------");
        for port in ports {
            let name = text(port, "name");
            let number = port.get("port").map_or("<unset>".to_owned(), scalar);
            page.line(&format!(
                "  {}\t{number}\t{}",
                if name.is_empty() { "<unset>" } else { name },
                text(port, "protocol")
            ));
        }
    }
    let all = list(object, "endpoints");
    if all.is_empty() {
        page.pair("Endpoints", "<none>");
    } else {
        page.line("Endpoints:");
    }
    for endpoint in all {
        let addresses: Vec<&str> = list(endpoint, "addresses").iter().filter_map(Value::as_str).collect();
        page.pair("  - Addresses", &addresses.join(","));
        page.line("    Conditions:");
        let ready = at(endpoint, "conditions.ready").map_or("<unset>".to_owned(), scalar);
        page.pair("      Ready", &ready);
        let unset = |text: &str| if text.is_empty() { "<unset>".to_owned() } else { text.to_owned() };
        page.pair("    Hostname", &unset(text(endpoint, "hostname")));
        if let Some(target) = endpoint.get("targetRef") {
            page.pair("    TargetRef", &format!("{}/{}", text(target, "kind"), text(target, "name")));
        }
        page.pair("    NodeName", &unset(text(endpoint, "nodeName")));
        page.pair("    Zone", &unset(text(endpoint, "zone")));
    }
    true
}
