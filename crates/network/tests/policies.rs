//! NetworkPolicies: which connections they let through.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::sync::Arc;

use opscape_manifest::api::{Object, Pod};
use opscape_manifest::check::check;
use opscape_network::route::policy::{Direction, End, Ruling, labelled, namespace_labels};
use opscape_network::route::{Objects, Table};

/// The table of some policies, in namespace `shop`.
fn table(specs: &[&str]) -> Table {
    let texts: Vec<String> = specs
        .iter()
        .enumerate()
        .map(|(number, spec)| {
            format!(
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{number}, namespace: shop}}\nspec: {spec}\n"
            )
        })
        .collect();
    let checked = check(&texts.join("---\n"));
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
    Table::compile(&Objects::of_cluster(checked.objects()))
}

fn pod(namespace: &str, labels: &[(&str, &str)], address: &str) -> End {
    let labels_of = match namespace {
        "shop" => namespace_labels(&"shop".into(), None),
        name => {
            let mut all = namespace_labels(&name.into(), None);
            Arc::make_mut(&mut all).insert("team".into(), "ops".into());
            all
        }
    };
    End { namespace: Some((namespace.into(), labels_of)), labels: labelled(labels), address: address.into() }
}

fn outside(address: &str) -> End {
    End { address: address.into(), ..End::default() }
}

fn server() -> Arc<Pod> {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop, labels: {app: api}}\nspec: {containers: [{name: c, image: a, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]}\n";
    let Some(Object::Pod(pod)) = check(text).objects().into_iter().next() else { panic!() };
    pod
}

fn lets_in(specs: &[&str], from: &End, port: u16) -> bool {
    let to = pod("shop", &[("app", "api")], "10.244.0.9");
    let ruling = table(specs).policies().rule(Direction::Ingress, &to, from, Some(&server()), ("TCP", port));
    !ruling.denies()
}

const CLIENT: &[(&str, &str)] = &[("app", "web"), ("tier", "front")];

#[test]
fn without_a_policy_everything_is_open() {
    assert!(lets_in(&[], &outside("203.0.113.9"), 80));
    // One about other pods, or about the other direction, changes nothing.
    assert!(lets_in(&["{podSelector: {matchLabels: {app: db}}}"], &outside("203.0.113.9"), 80));
    assert!(lets_in(&["{podSelector: {}, policyTypes: [Egress]}"], &outside("203.0.113.9"), 80));
}

#[test]
fn the_default_is_to_deny_once_a_pod_is_selected() {
    let deny = "{podSelector: {}}";
    assert!(!lets_in(&[deny], &pod("shop", CLIENT, "10.244.0.4"), 80));
    assert!(!lets_in(&[deny], &outside("203.0.113.9"), 80));
    // Rules of several policies add up.
    let allow = "{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}";
    assert!(lets_in(&[deny, allow], &pod("shop", CLIENT, "10.244.0.4"), 80));
    assert!(!lets_in(&[deny, allow], &pod("shop", &[("app", "x")], "10.244.0.4"), 80));
    // A rule without peers and ports allows everything; an empty list of rules nothing.
    assert!(lets_in(&["{podSelector: {}, ingress: [{}]}"], &outside("203.0.113.9"), 80));
    assert!(!lets_in(&["{podSelector: {}, ingress: []}"], &outside("203.0.113.9"), 80));
}

#[test]
fn a_pod_selector_means_the_own_namespace_and_both_selectors_mean_both() {
    let own = "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}";
    assert!(!lets_in(&[own], &pod("ops", CLIENT, "10.244.0.4"), 80));
    let both = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}, podSelector: {matchLabels: {app: web}}}]}]}";
    assert!(lets_in(&[both], &pod("ops", CLIENT, "10.244.0.4"), 80));
    assert!(!lets_in(&[both], &pod("ops", &[], "10.244.0.4"), 80));
    assert!(!lets_in(&[both], &pod("shop", CLIENT, "10.244.0.4"), 80));
    // Two peers are either.
    let either = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}, {podSelector: {matchLabels: {app: web}}}]}]}";
    assert!(lets_in(&[either], &pod("ops", &[], "10.244.0.4"), 80));
    assert!(lets_in(&[either], &pod("shop", CLIENT, "10.244.0.4"), 80));
    let named = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ops, dev]}]}}]}]}";
    assert!(lets_in(&[named], &pod("ops", &[], "10.244.0.4"), 80));
    assert!(!lets_in(&[named], &pod("shop", CLIENT, "10.244.0.4"), 80));
}

#[test]
fn blocks_are_of_addresses() {
    let block = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}]}]}";
    assert!(lets_in(&[block], &outside("203.0.113.9"), 80));
    assert!(!lets_in(&[block], &outside("203.0.113.200"), 80));
    assert!(!lets_in(&[block], &outside("198.51.100.9"), 80));
}

#[test]
fn ports_are_numbers_names_and_ranges_of_a_protocol() {
    let with = |ports: &str| format!("{{podSelector: {{}}, ingress: [{{ports: [{ports}]}}]}}");
    for (ports, port, open) in [
        ("{port: 8080}", 8080, true),
        ("{port: 8080}", 8081, false),
        ("{port: http}", 8080, true),
        ("{port: http}", 80, false),
        ("{port: dns}", 53, false),
        ("{port: 8000, endPort: 9000}", 8080, true),
        ("{port: 8000, endPort: 8079}", 8080, false),
        ("{protocol: UDP}", 8080, false),
        ("{protocol: UDP}, {protocol: TCP}", 8080, true),
    ] {
        assert_eq!(lets_in(&[&with(ports)], &outside("203.0.113.9"), port), open, "{ports}");
    }
}

#[test]
fn what_goes_out_is_limited_apart_from_what_comes_in() {
    let policies = table(&[
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: http}]}]}",
    ]);
    let from = pod("shop", CLIENT, "10.244.0.4");
    let to = pod("shop", &[("app", "api")], "10.244.0.9");
    let rule = |direction, own: &End, other: &End, port| {
        policies.policies().rule(direction, own, other, Some(&server()), ("TCP", port))
    };
    let allowed = rule(Direction::Egress, &from, &to, 8080);
    let Ruling::Allowed { policy, rule: field } = &allowed else { panic!("{allowed:?}") };
    assert_eq!((policy.to_string(), field.as_str()), ("NetworkPolicy shop/p0".to_owned(), "spec.egress[0]"));
    assert!(rule(Direction::Egress, &from, &to, 80).denies());
    let Ruling::Denied(by) = rule(Direction::Egress, &from, &outside("203.0.113.9"), 443) else { panic!() };
    assert_eq!(by.len(), 1);
    // What comes in is not its business.
    assert!(matches!(rule(Direction::Ingress, &from, &to, 80), Ruling::Open));
}
