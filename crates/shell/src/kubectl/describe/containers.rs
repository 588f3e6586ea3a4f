//! Containers, their probes and variables, pod templates.

use opscape_manifest::value::Value;

use super::volumes::volumes;
use super::{Page, date, truth};
use crate::kubectl::print::{at, list, number, scalar, text};

/// A pod template as `describe` and `rollout history` show it, with tabs between the cells.
pub(in crate::kubectl) fn pod_template(template: &Value) -> String {
    let mut page = Page::default();
    template_lines(Some(template), &mut page);
    page.raw()
}

pub(super) fn template_lines(template: Option<&Value>, page: &mut Page) {
    page.line("Pod Template:");
    let Some(template) = template else { return page.line("  <unset>") };
    page.labels("  Labels", at(template, "metadata.labels"));
    if at(template, "metadata.annotations").is_some() {
        page.annotations("  Annotations", at(template, "metadata.annotations"));
    }
    let account = text(template, "spec.serviceAccountName");
    if !account.is_empty() {
        page.pair("  Service Account", account);
    }
    if !list(template, "spec.initContainers").is_empty() {
        containers("Init Containers", list(template, "spec.initContainers"), None, "  ", page);
    }
    containers("Containers", list(template, "spec.containers"), None, "  ", page);
    volumes(list(template, "spec.volumes"), "  ", page);
    topology(list(template, "spec.topologySpreadConstraints"), "  ", page);
    let priority = text(template, "spec.priorityClassName");
    if !priority.is_empty() {
        page.pair("  Priority Class Name", priority);
    }
    page.labels("  Node-Selectors", at(template, "spec.nodeSelector"));
    page.several("  Tolerations", &tolerations(list(template, "spec.tolerations")));
}

pub(super) fn topology(constraints: &[Value], indent: &str, page: &mut Page) {
    let shown: Vec<String> = constraints
        .iter()
        .map(|constraint| {
            let mut line = format!(
                "{}:{} when max skew {} is exceeded",
                text(constraint, "topologyKey"),
                text(constraint, "whenUnsatisfiable"),
                number(constraint, "maxSkew")
            );
            if let Some(selector) = constraint.get("labelSelector") {
                line.push_str(" for selector ");
                line.push_str(&crate::kubectl::print::selector(Some(selector)));
            }
            line
        })
        .collect();
    if !shown.is_empty() {
        page.several(&format!("{indent}Topology Spread Constraints"), &shown);
    }
}

/// Each toleration in a line, sorted by key.
pub(super) fn tolerations(tolerations: &[Value]) -> Vec<String> {
    let mut sorted = tolerations.to_vec();
    crate::sorted::values(&mut sorted, &|toleration| text(toleration, "key").to_owned());
    let line = |toleration: &Value| {
        let (key, value, effect) =
            (text(toleration, "key"), text(toleration, "value"), text(toleration, "effect"));
        let mut line = key.to_owned();
        if !value.is_empty() {
            line.push('=');
            line.push_str(value);
        }
        if !effect.is_empty() {
            line.push(':');
            line.push_str(effect);
        }
        if text(toleration, "operator") == "Exists" && value.is_empty() {
            line.push_str(if key.is_empty() && effect.is_empty() { "op=Exists" } else { " op=Exists" });
        }
        if let Some(seconds) = toleration.get("tolerationSeconds").and_then(Value::as_int) {
            let part = format!(" for {seconds}s");
            line.push_str(&part);
        }
        line
    };
    sorted.iter().map(line).collect()
}

/// Containers of a pod (with their pod) or of a template.
pub(super) fn containers(
    title: &str,
    all: &[Value],
    pod: Option<(&Value, &[Value])>,
    indent: &str,
    page: &mut Page,
) {
    if all.is_empty() {
        return page.line(&format!("{indent}{title}: <none>"));
    }
    page.line(&format!("{indent}{title}:"));
    let extra = if indent.is_empty() { "" } else { " " };
    for container in all {
        let name = text(container, "name");
        let status =
            pod.and_then(|(_, statuses)| statuses.iter().find(|status| text(status, "name") == name));
        page.line(&format!("  {extra}{name}:"));
        if let Some(status) = status {
            page.pair("    Container ID", text(status, "containerID"));
        }
        page.pair("    Image", text(container, "image"));
        if let Some(status) = status {
            page.pair("    Image ID", text(status, "imageID"));
        }
        ports(container, page);
        for (field, title) in [("command", "    Command:"), ("args", "    Args:")] {
            if list(container, field).is_empty() {
                continue;
            }
            page.line(title);
            for word in list(container, field).iter().filter_map(Value::as_str) {
                for line in word.split('\n') {
                    page.line(&format!("      {line}"));
                }
            }
        }
        if let Some(status) = status {
            state("State", status.get("state"), page);
            if at(status, "lastState.terminated").is_some() {
                state("Last State", status.get("lastState"), page);
            }
            page.pair("    Ready", truth(status.get("ready")));
            page.pair("    Restart Count", &number(status, "restartCount").to_string());
        }
        for (field, title) in [("resources.limits", "    Limits:"), ("resources.requests", "    Requests:")] {
            let amounts = at(container, field).and_then(Value::as_map);
            if amounts.is_some_and(|amounts| !amounts.is_empty()) {
                page.line(title);
            }
            for (name, amount) in amounts.into_iter().flatten() {
                page.pair(&format!("      {name}"), &scalar(amount));
            }
        }
        for (field, title) in [
            ("livenessProbe", "    Liveness"),
            ("readinessProbe", "    Readiness"),
            ("startupProbe", "    Startup"),
        ] {
            if let Some(found) = container.get(field) {
                page.pair(title, &probe(found));
            }
        }
        environment(container, pod.map(|(pod, _)| pod), page);
        mounts(container, page);
    }
}

fn ports(container: &Value, page: &mut Page) {
    let shown = |field: &str| {
        let all: Vec<String> = list(container, "ports")
            .iter()
            .map(|port| {
                let name = text(port, "name");
                let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
                let protocol = match text(port, "protocol") {
                    "" => "TCP",
                    protocol => protocol,
                };
                format!("{}/{protocol}{name}", number(port, field))
            })
            .collect();
        all.join(", ")
    };
    for (field, title) in [("containerPort", "Port"), ("hostPort", "Host Port")] {
        let text = shown(field);
        let plural = if text.contains(',') { "s" } else { "" };
        let text = if text.is_empty() { "<none>" } else { &text };
        page.pair(&format!("    {title}{plural}"), text);
    }
}

fn state(title: &str, state: Option<&Value>, page: &mut Page) {
    let part = |name: &str| state.and_then(|state| state.get(name));
    let title = format!("    {title}");
    if let Some(running) = part("running") {
        page.pair(&title, "Running");
        page.pair("      Started", &date(text(running, "startedAt")));
    } else if let Some(end) = part("terminated") {
        page.pair(&title, "Terminated");
        for (field, name) in [("reason", "Reason"), ("message", "Message")] {
            if !text(end, field).is_empty() {
                page.pair(&format!("      {name}"), text(end, field));
            }
        }
        page.pair("      Exit Code", &number(end, "exitCode").to_string());
        if number(end, "signal") > 0 {
            page.pair("      Signal", &number(end, "signal").to_string());
        }
        page.pair("      Started", &date(text(end, "startedAt")));
        page.pair("      Finished", &date(text(end, "finishedAt")));
    } else {
        page.pair(&title, "Waiting");
        let reason = part("waiting").map_or("", |waiting| text(waiting, "reason"));
        if !reason.is_empty() {
            page.pair("      Reason", reason);
        }
    }
}

fn probe(probe: &Value) -> String {
    let or = |path: &str, default: i64| at(probe, path).and_then(Value::as_int).unwrap_or(default);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        or("initialDelaySeconds", 0),
        or("timeoutSeconds", 1),
        or("periodSeconds", 10),
        or("successThreshold", 1),
        or("failureThreshold", 3)
    );
    if probe.get("exec").is_some() {
        let command: Vec<&str> = list(probe, "exec.command").iter().filter_map(Value::as_str).collect();
        return format!("exec [{}] {attributes}", command.join(" "));
    }
    if let Some(http) = probe.get("httpGet") {
        let scheme = match text(http, "scheme") {
            "" => "http".to_owned(),
            scheme => scheme.to_ascii_lowercase(),
        };
        let port = http.get("port").map(scalar).unwrap_or_default();
        let path = text(http, "path");
        let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
        return format!("http-get {scheme}://{}:{port}{slash}{path} {attributes}", text(http, "host"));
    }
    if let Some(tcp) = probe.get("tcpSocket") {
        let port = tcp.get("port").map(scalar).unwrap_or_default();
        return format!("tcp-socket {}:{port} {attributes}", text(tcp, "host"));
    }
    if let Some(grpc) = probe.get("grpc") {
        return format!("grpc <pod>:{} {} {attributes}", number(grpc, "port"), text(grpc, "service"));
    }
    format!("unknown {attributes}")
}

fn environment(container: &Value, pod: Option<&Value>, page: &mut Page) {
    let optional = |source: &Value| source.get("optional").and_then(Value::as_bool) == Some(true);
    if !list(container, "envFrom").is_empty() {
        page.line("    Environment Variables from:");
        for source in list(container, "envFrom") {
            let (kind, from) = match (source.get("configMapRef"), source.get("secretRef")) {
                (Some(from), _) => ("ConfigMap", from),
                (None, Some(from)) => ("Secret", from),
                (None, None) => continue,
            };
            let prefix = text(source, "prefix");
            let prefix = if prefix.is_empty() { String::new() } else { format!(" with prefix '{prefix}'") };
            page.line(&format!("      {}\t{kind}{prefix}\tOptional: {}", text(from, "name"), optional(from)));
        }
    }
    let variables = list(container, "env");
    if variables.is_empty() {
        return page.pair("    Environment", "<none>");
    }
    page.line("    Environment:");
    for variable in variables {
        let name = text(variable, "name");
        let Some(from) = variable.get("valueFrom") else {
            for (index, line) in text(variable, "value").split('\n').enumerate() {
                let name = if index == 0 { format!("{name}:") } else { String::new() };
                page.line(&format!("      {name}\t{line}"));
            }
            continue;
        };
        let shown = if let Some(field) = from.get("fieldRef") {
            let path = text(field, "fieldPath");
            let version = match text(field, "apiVersion") {
                "" => "v1",
                version => version,
            };
            format!("{} ({version}:{path})", field_of(pod, path))
        } else if let Some(field) = from.get("resourceFieldRef") {
            format!("{} ({})", "", text(field, "resource"))
        } else if let Some(key) = from.get("secretKeyRef") {
            let (key, name, optional) = (text(key, "key"), text(key, "name"), optional(key));
            format!("<set to the key '{key}' in secret '{name}'>\tOptional: {optional}")
        } else if let Some(key) = from.get("configMapKeyRef") {
            let (key, name, optional) = (text(key, "key"), text(key, "name"), optional(key));
            format!("<set to the key '{key}' of config map '{name}'>\tOptional: {optional}")
        } else {
            continue;
        };
        page.pair(&format!("      {name}"), &shown);
    }
}

/// A field of a pod's metadata as a variable gets it; what the kubelet alone knows stays empty.
fn field_of<'a>(pod: Option<&'a Value>, path: &str) -> &'a str {
    match (pod, path) {
        (Some(pod), "metadata.name" | "metadata.namespace" | "metadata.uid") => text(pod, path),
        _ => "",
    }
}

fn mounts(container: &Value, page: &mut Page) {
    let mounts = list(container, "volumeMounts");
    if mounts.is_empty() {
        return page.pair("    Mounts", "<none>");
    }
    page.line("    Mounts:");
    for mount in mounts {
        let read_only = mount.get("readOnly").and_then(Value::as_bool) == Some(true);
        let mut flags = if read_only { "ro" } else { "rw" }.to_owned();
        if !text(mount, "subPath").is_empty() {
            let part = format!(",path={}", opscape_manifest::golang::quote(text(mount, "subPath")));
            flags.push_str(&part);
        }
        page.line(&format!("      {} from {} ({flags})", text(mount, "mountPath"), text(mount, "name")));
    }
}
