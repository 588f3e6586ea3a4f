//! What a failed probe says (pkg/probe: http, tcp, grpc, exec).

use opscape_manifest::api::Pod;
use opscape_manifest::api::pod::{Container, Probe};
use opscape_manifest::value::Value;

use super::Numbers;
use crate::images::Answer;

/// The output of a probe that failed, as it stands in the Event after `probe failed: `.
pub(super) fn failure(answer: &Answer, probe: &Probe, pod: &Pod, container: &Container) -> String {
    let timeout = Numbers::of(probe).timeout.as_secs().to_string();
    if let Some(get) = &probe.http_get {
        return http(answer, get, pod, container);
    }
    if let Some(socket) = &probe.tcp_socket {
        let address = address(socket, pod, container);
        let why = if *answer == Answer::Silent { "i/o timeout" } else { "connect: connection refused" };
        return ["dial tcp ", &address, ": ", why].concat();
    }
    if let Some(grpc) = &probe.grpc {
        return match answer {
            Answer::Silent => ["timeout: health rpc did not complete within ", &timeout, "s"].concat(),
            Answer::Bad { .. } => "service unhealthy (responded with \"NOT_SERVING\")".to_owned(),
            _ => {
                let address = address(grpc, pod, container);
                let within = [&address, "\" within ", &timeout].concat();
                ["timeout: failed to connect service \"", &within, "s: context deadline exceeded"].concat()
            }
        };
    }
    match answer {
        Answer::Silent => {
            let command = probe.exec.as_ref().and_then(|exec| exec.get("command")).and_then(Value::as_list);
            let words: Vec<&str> = command.into_iter().flatten().filter_map(Value::as_str).collect();
            ["command timed out: \"", &words.join(" "), "\" timed out after ", &timeout, "s"].concat()
        }
        Answer::Bad { output, .. } => output.to_string(),
        _ => String::new(),
    }
}

fn http(answer: &Answer, get: &Value, pod: &Pod, container: &Container) -> String {
    if let Answer::Bad { status, .. } = answer {
        return ["HTTP probe failed with statuscode: ", &status.to_string()].concat();
    }
    let address = address(get, pod, container);
    let scheme = get.str_at(&["scheme"]).unwrap_or("HTTP").to_ascii_lowercase();
    let path = get.str_at(&["path"]).unwrap_or("/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    let url = [&scheme, "://", &address, slash, path].concat();
    let why = match answer {
        Answer::Silent => {
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".to_owned()
        }
        _ => ["dial tcp ", &address, ": connect: connection refused"].concat(),
    };
    ["Get \"", &url, "\": ", &why].concat()
}

/// `10.244.1.7:8080`: the probe's host or the pod's address, and the port, which may be named.
fn address(handler: &Value, pod: &Pod, container: &Container) -> String {
    let host = handler.str_at(&["host"]).filter(|host| !host.is_empty()).unwrap_or(&pod.status.pod_ip);
    let port = match handler.get("port") {
        Some(Value::String(name)) => container
            .ports
            .iter()
            .find(|port| *port.name == **name)
            .map_or_else(|| name.clone(), |port| port.container_port.to_string()),
        Some(port) => port.as_int().unwrap_or_default().to_string(),
        None => String::new(),
    };
    [host, ":", &port].concat()
}
