//! Requests in logs: of those who answered them, and of the controller that let them in.

use opscape_cluster::Store;
use opscape_manifest::api::Pod;
use opscape_manifest::api::pod::Container;
use opscape_network::telemetry::{Outcome, Subject};

use crate::images::output::{Served, day_of_log};
use crate::traffic::{Access, Traffic, serving};

/// What a container answered, of the newest requests. `epoch`: the instant 0, in microseconds since 1970.
pub(super) fn served<'t>(
    traffic: &'t Traffic,
    pod: &Pod,
    container: &Container,
    epoch: i64,
) -> Vec<Served<'t>> {
    if serving(pod).is_none_or(|serving| serving.name != container.name) {
        return Vec::new();
    }
    let answered = |one: Access<'t>| {
        let Outcome::Status(status) = one.outcome else { return None };
        Some(Served {
            at: epoch.saturating_add_unsigned(one.at.0),
            method: &one.call.method,
            target: one.target,
            status,
            micros: one.micros,
            agent: agent(&one),
            client: if one.entry.is_some() { address(&one) } else { "-".to_owned() },
        })
    };
    traffic.served(pod.metadata.uid).into_iter().filter_map(answered).collect()
}

/// How who asks calls himself.
fn agent(one: &Access<'_>) -> String {
    let said = one.call.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    let known = match one.from {
        "hey" => "hey/0.0.1",
        "curl" => "curl/8.9.1",
        _ => "Mozilla/5.0",
    };
    said.map_or(known, |(_, agent)| agent).to_owned()
}

/// The address of a client: one of those that are kept for documentation (RFC 5737).
fn address(one: &Access<'_>) -> String {
    ["203.0.113.", &(one.client % 254 + 1).to_string()].concat()
}

/// Whether an image is ingress-nginx's.
pub(super) fn is_ingress_nginx(image: &str) -> bool {
    let untagged = image.split('@').next().unwrap_or(image);
    let repository = untagged.rsplit_once(':').map_or(untagged, |(repository, _)| repository);
    repository.ends_with("ingress-nginx/controller")
}

/// What a controller of ingress-nginx logged of the newest requests: those that came to this one of its pods.
pub(super) fn let_in(traffic: &Traffic, store: &Store, pod: &Pod, epoch: i64) -> Vec<(i64, String)> {
    // Clients are shared out among the controller's pods.
    let is_like = |other: &Pod| {
        other.metadata.controller().map(|owner| owner.uid) == pod.metadata.controller().map(|owner| owner.uid)
    };
    let mut like: Vec<_> =
        store.list::<Pod>(Some(&pod.metadata.namespace)).filter(|other| is_like(other)).collect();
    opscape_manifest::order::sort_by(&mut like, |a, b| a.metadata.uid.cmp(&b.metadata.uid));
    let own = like.iter().position(|other| other.metadata.uid == pod.metadata.uid).unwrap_or_default() as u32;
    let all = like.len().max(1) as u32;
    let mine = |one: &Access<'_>| one.client % all == own && is_of_nginx(one, store);
    let line = |one: Access<'_>| {
        let at = epoch.saturating_add_unsigned(one.at.0);
        (at, line(&one, at, store))
    };
    traffic.let_in().into_iter().filter(mine).map(line).collect()
}

/// Whether an Ingress is of the class of ingress-nginx.
fn is_of_nginx(one: &Access<'_>, store: &Store) -> bool {
    let Some(Subject::Entry(kind, namespace, name)) = one.entry else { return false };
    let field = |kind: &str, namespace: &str, name: &str, field: &str| {
        let value = store.object(kind, namespace, name)?.to_value();
        value.str_at(&["spec", field]).map(str::to_owned)
    };
    if &**kind != "Ingress" {
        return false;
    }
    let class = field("Ingress", namespace, name, "ingressClassName").unwrap_or_else(|| "nginx".to_owned());
    let controller = field("IngressClass", "", &class, "controller");
    controller.map_or(class == "nginx", |controller| controller == "k8s.io/ingress-nginx")
}

/// `log-format-upstream` (internal/ingress/controller/config/config.go, ingress-nginx v1.12).
fn line(one: &Access<'_>, at: i64, store: &Store) -> String {
    let status = match one.outcome {
        Outcome::Status(status) => status,
        // The client has gone.
        _ => 499,
    };
    let target = opscape_network::route::Request::new(&one.call.method, &one.call.url, Vec::new());
    let target = target.map_or_else(|_| "/".to_owned(), |request| request.target().to_owned());
    let took = seconds(one.micros);
    let upstream = match one.service {
        Some(Subject::Service(namespace, name)) => {
            let service = store.get::<opscape_manifest::api::Service>(namespace, name);
            let port = service.and_then(|service| service.spec.ports.first().map(|port| port.port));
            [&**namespace, "-", name, "-", &port.unwrap_or(80).to_string()].concat()
        }
        _ => String::new(),
    };
    let address = |uid| {
        let pod = store.typed_by_uid::<Pod>(uid)?;
        let port = serving(pod)
            .and_then(|container| container.ports.first())
            .map_or(8080, |port| port.container_port);
        Some([&*pod.status.pod_ip, ":", &port.to_string()].concat())
    };
    // A pod that is gone had an address, too, but nobody knows it any more.
    let tried: Vec<String> =
        one.pods.iter().map(|uid| address(*uid).unwrap_or_else(|| "-".to_owned())).collect();
    let page = one.pods.last().and_then(|uid| store.typed_by_uid::<Pod>(*uid)).map_or(0, |pod| page(pod));
    let size = if status < 400 { page } else { error_page(status) };
    let size = size.to_string();
    // Those before the last one refused.
    let each = |failed: &str, last: &str| {
        let count = tried.len();
        let value = |index: usize| if index + 1 < count || !one.answered { failed } else { last };
        if count == 0 { "-".to_owned() } else { (0..count).map(value).collect::<Vec<_>>().join(", ") }
    };
    let status_text = status.to_string();
    let hosts = if tried.is_empty() { "-".to_owned() } else { tried.join(", ") };
    let length = (one.call.url.len() + 60).to_string();
    [
        &*self::address(one),
        " - - [",
        &day_of_log(at),
        "] \"",
        &one.call.method,
        " ",
        &target,
        " HTTP/1.1\" ",
        &status_text,
        " ",
        &size,
        " \"-\" \"",
        &agent(one),
        "\" ",
        &length,
        " ",
        &took,
        " [",
        &upstream,
        "] [] ",
        &hosts,
        " ",
        &each("0", &size),
        " ",
        &each("0.000", &took),
        " ",
        &each("502", &status_text),
        " ",
        &request_id(one),
    ]
    .concat()
}

/// Bytes of what a pod answers: `curl` shows it.
fn page(pod: &Pod) -> usize {
    let image = serving(pod).map_or(0, |container| container.image.len());
    "Hello from  ()\n".len() + pod.metadata.name.len() + image
}

/// Bytes of nginx' own pages.
fn error_page(status: u16) -> usize {
    match status {
        404 => 146,
        502 => 150,
        503 => 190,
        504 => 160,
        499 => 0,
        _ => 170,
    }
}

/// `0.012`
fn seconds(micros: u32) -> String {
    let millis = micros / 1_000;
    let rest = (millis % 1_000 + 1_000).to_string();
    [&(millis / 1_000).to_string(), ".", rest.get(1..).unwrap_or_default()].concat()
}

/// 32 letters that no other request has.
fn request_id(one: &Access<'_>) -> String {
    let mut state = one.at.0 ^ (u64::from(one.client) << 40) ^ 0x9E37_79B9_7F4A_7C15;
    let mut id = String::with_capacity(32);
    for _ in 0..32 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        id.extend(char::from_digit((state >> 60) as u32, 16));
    }
    id
}
