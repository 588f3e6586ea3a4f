//! `kubectl create service|ingress` and `kubectl expose`.

use opscape_manifest::value::{Map, Value};

use crate::kubectl::get::present;
use crate::kubectl::literal::{map, slot, some_list, some_text};
use crate::kubectl::print::{at, list, number, text};
use crate::kubectl::target::Missing;
use crate::kubectl::{Call, Failure, Next, Outcome, usage, words};

fn no_status() -> Value {
    map([("loadBalancer", Value::Map(Map::new()))])
}

fn port_or_name(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::from(text), Value::Int)
}

fn service(call: &Call<'_, '_>, name: &str, labels: Value, spec: Value) -> Value {
    let mut metadata = call.metadata(name);
    if !labels.is_null() {
        *slot(&mut metadata, &["labels"]) = labels;
    }
    map([
        ("apiVersion", Value::from("v1")),
        ("kind", Value::from("Service")),
        ("metadata", metadata),
        ("spec", spec),
        ("status", no_status()),
    ])
}

/// The Service of `kubectl run --expose`.
pub(super) fn service_of(call: &Call<'_, '_>, name: &str, selector: Value, port: i64) -> Value {
    let port =
        map([("port", Value::Int(port)), ("protocol", Value::from("TCP")), ("targetPort", Value::Int(port))]);
    let spec =
        map([("ports", Value::List(vec![port])), ("selector", selector), ("type", Value::from("ClusterIP"))]);
    service(call, name, Value::Null, spec)
}

pub(in crate::kubectl) const SERVICE_FLAGS: &str = "tcp* clusterip= node-port# external-name= o|output= \
    dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn service_cluster_ip(call: &mut Call<'_, '_>) -> Outcome {
    make_service(call, "ClusterIP")
}

pub(in crate::kubectl) fn service_node_port(call: &mut Call<'_, '_>) -> Outcome {
    make_service(call, "NodePort")
}

pub(in crate::kubectl) fn service_load_balancer(call: &mut Call<'_, '_>) -> Outcome {
    make_service(call, "LoadBalancer")
}

pub(in crate::kubectl) fn service_external_name(call: &mut Call<'_, '_>) -> Outcome {
    if !call.flags.given("external-name") {
        return words("required flag(s) \"external-name\" not set");
    }
    make_service(call, "ExternalName")
}

fn make_service(call: &mut Call<'_, '_>, kind: &str) -> Outcome {
    let name = call.name_argument()?;
    let headless = call.flags.text("clusterip") == Some("None");
    let mut ports = Vec::new();
    for tcp in call.flags.texts("tcp") {
        let (port, target) = tcp.split_once(':').unwrap_or((tcp, tcp));
        let Ok(number @ 1..=65535) = port.parse::<i64>() else {
            return words(format!("port must be an integer between 1 and 65535: {port}"));
        };
        let shown = if tcp.contains(':') { format!("{port}-{target}") } else { port.to_owned() };
        let node_port = call.flags.number("node-port").filter(|port| *port > 0 && kind == "NodePort");
        ports.push(map([
            ("name", Value::from(shown)),
            ("nodePort", node_port.map_or(Value::Null, Value::Int)),
            ("port", Value::Int(number)),
            ("protocol", Value::from("TCP")),
            ("targetPort", port_or_name(target)),
        ]));
    }
    if ports.is_empty() && !headless && kind != "ExternalName" {
        return words("at least one tcp port specifier must be provided");
    }
    let selector = map([("app", Value::from(name.as_str()))]);
    let spec = map([
        ("clusterIP", call.flags.text("clusterip").map_or(Value::Null, some_text)),
        ("externalName", call.flags.text("external-name").map_or(Value::Null, some_text)),
        ("ports", some_list(ports)),
        ("selector", selector.clone()),
        ("type", Value::from(kind)),
    ]);
    let value = service(call, &name, selector, spec);
    call.make(&format!("{kind} service"), value)
}

pub(in crate::kubectl) const INGRESS_FLAGS: &str = "rule& default-backend= class= annotation& o|output= \
    dry-run?unchanged save-config! validate?strict field-manager=";

/// `svc:80`, `svc:http`.
fn backend(text: &str) -> Option<Value> {
    let (name, port) = text.split_once(':')?;
    let port = match port.parse::<i64>() {
        Ok(number) => map([("number", Value::Int(number))]),
        Err(_) => map([("name", Value::from(port))]),
    };
    Some(map([("service", map([("name", Value::from(name)), ("port", port)]))]))
}

pub(in crate::kubectl) fn ingress(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let rules = call.flags.texts("rule");
    let default = call.flags.text("default-backend").unwrap_or_default();
    if rules.is_empty() && default.is_empty() {
        return words(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
        );
    }
    let (mut hosts, mut tls): (Vec<(String, Vec<Value>)>, Vec<Value>) = (Vec::new(), Vec::new());
    for rule in rules {
        let invalid = || {
            Failure::Words(format!(
                "rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            ))
        };
        let (route, target) = rule.split_once('=').ok_or_else(invalid)?;
        let (target, secure) =
            target.split_once(',').map_or((target, None), |(target, tls)| (target, Some(tls)));
        let (host, path) = route.split_once('/').map_or((route, ""), |(host, path)| (host, path));
        let path = format!("/{path}");
        let (path, kind) = match path.strip_suffix('*') {
            Some(path) => (path.to_owned(), "Prefix"),
            None => (path, "Exact"),
        };
        let path = map([
            ("backend", backend(target).ok_or_else(invalid)?),
            ("path", Value::from(path)),
            ("pathType", Value::from(kind)),
        ]);
        match hosts.iter_mut().find(|(known, _)| known == host) {
            Some((_, paths)) => paths.push(path),
            None => hosts.push((host.to_owned(), vec![path])),
        }
        if let Some(secure) = secure.and_then(|secure| secure.strip_prefix("tls")) {
            let secret = secure.strip_prefix('=').unwrap_or("");
            let known = if host.is_empty() { Vec::new() } else { vec![Value::from(host)] };
            tls.push(map([("hosts", some_list(known)), ("secretName", some_text(secret))]));
        }
    }
    let rules = hosts
        .into_iter()
        .map(|(host, paths)| {
            map([("host", some_text(&host)), ("http", map([("paths", Value::List(paths))]))])
        })
        .collect();
    let default = match default {
        "" => Value::Null,
        text => backend(text).ok_or_else(|| {
            Failure::Words("default-backend should be in format servicename:serviceport".to_owned())
        })?,
    };
    let spec = map([
        ("defaultBackend", default),
        ("ingressClassName", call.flags.text("class").map_or(Value::Null, some_text)),
        ("rules", some_list(rules)),
        ("tls", some_list(tls)),
    ]);
    let mut metadata = call.metadata(&name);
    let pairs = call.flags.texts("annotation");
    let mut annotations = Map::new();
    for (key, value) in pairs.iter().filter_map(|pair| pair.split_once('=')) {
        annotations.insert(key.to_owned(), Value::from(value));
    }
    if !annotations.is_empty() {
        *slot(&mut metadata, &["annotations"]) = Value::Map(annotations);
    }
    let value = map([
        ("apiVersion", Value::from("networking.k8s.io/v1")),
        ("kind", Value::from("Ingress")),
        ("metadata", metadata),
        ("spec", spec),
        ("status", no_status()),
    ]);
    call.make("ingress", value)
}

pub(in crate::kubectl) const EXPOSE_FLAGS: &str = "port= target-port= protocol= name= type= selector= l|labels= \
    cluster-ip= external-ip= load-balancer-ip= session-affinity= external-name= f|filename* overrides= \
    override-type= o|output= dry-run?unchanged save-config! field-manager= R|recursive! k|kustomize=";

pub(in crate::kubectl) fn expose(call: &mut Call<'_, '_>) -> Outcome {
    let args = call.args().to_vec();
    let targets = call.targets_of(&args, Missing::IsAnError)?;
    let (found, failures) = present(targets.found);
    Failure::all(failures)?;
    for (target, object) in found {
        let value = object.to_value();
        let (selector, spec) = match target.resource.kind {
            "Service" => (at(&value, "spec.selector"), None),
            "Pod" => (at(&value, "metadata.labels"), at(&value, "spec")),
            "Deployment" | "ReplicaSet" | "StatefulSet" => {
                (at(&value, "spec.selector.matchLabels"), at(&value, "spec.template.spec"))
            }
            "ReplicationController" => (at(&value, "spec.selector"), at(&value, "spec.template.spec")),
            _ => return words(format!("cannot expose a {}", target.resource.qualified_kind())),
        };
        let selector = match call.flags.text("selector") {
            Some(selector) => super::label_map(selector)?,
            None => match selector {
                Some(selector) => selector.clone(),
                None => return words("couldn't retrieve selectors via --selector flag or introspection"),
            },
        };
        let containers = spec.map_or(&[][..], |spec| list(spec, "containers"));
        let known: Vec<(i64, String)> = containers
            .iter()
            .flat_map(|container| list(container, "ports"))
            .map(|port| (number(port, "containerPort"), text(port, "protocol").to_owned()))
            .collect();
        let wanted: Vec<i64> = match call.flags.text("port") {
            Some(port) => match port.split(',').map(str::parse).collect() {
                Ok(ports) => ports,
                Err(_) => return words(format!("invalid port: {port}")),
            },
            None if target.resource.kind == "Service" => {
                list(&value, "spec.ports").iter().map(|port| number(port, "port")).collect()
            }
            None => known.iter().map(|(port, _)| *port).collect(),
        };
        if wanted.is_empty() {
            return words("couldn't find port via --port flag or introspection");
        }
        let several = wanted.len() > 1;
        let ports: Vec<Value> = wanted
            .iter()
            .enumerate()
            .map(|(index, port)| {
                let protocol = match call.flags.text("protocol") {
                    Some(protocol) => protocol.to_owned(),
                    None => known
                        .iter()
                        .find(|(known, protocol)| known == port && !protocol.is_empty())
                        .map_or("TCP".to_owned(), |(_, protocol)| protocol.clone()),
                };
                map([
                    ("name", if several { Value::from(format!("port-{}", index + 1)) } else { Value::Null }),
                    ("port", Value::Int(*port)),
                    ("protocol", Value::from(protocol)),
                    ("targetPort", call.flags.text("target-port").map_or(Value::Int(*port), port_or_name)),
                ])
            })
            .collect();
        let labels = match call.flags.text("labels") {
            Some(labels) => super::label_map(labels)?,
            None => at(&value, "metadata.labels").cloned().unwrap_or_default(),
        };
        let kind = call.flags.text("type").unwrap_or_default();
        if !matches!(kind, "" | "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName") {
            return usage(format!("invalid service type: {kind}"));
        }
        let spec = map([
            ("clusterIP", call.flags.text("cluster-ip").map_or(Value::Null, some_text)),
            ("externalName", call.flags.text("external-name").map_or(Value::Null, some_text)),
            ("ports", Value::List(ports)),
            ("selector", selector),
            ("sessionAffinity", call.flags.text("session-affinity").map_or(Value::Null, some_text)),
            ("type", some_text(kind)),
        ]);
        let name = call.flags.text("name").unwrap_or(&target.name).to_owned();
        let value = service(call, &name, labels, spec);
        call.create_and_say(value, "exposed")?;
    }
    Ok(Next::Done)
}
