//! What is drawn at each level says the same.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use opscape_lab::scene::{Level, Scene};
use opscape_lab::{Act, Session, SessionOptions};
use opscape_manifest::api::ObjectKey;
use opscape_sim::Time;

fn crowd(pods: u32) -> Session {
    let nodes = pods.div_ceil(20).max(1);
    let text = format!(
        "apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {{name: crowd}}
spec:
  nodes:
  - {{name: node, count: {nodes}, cpu: 4, memory: 8Gi, zones: [a, b]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {pods}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - {{name: web, image: shop/web:1.4, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
"
    );
    open(&text)
}

fn open(text: &str) -> Session {
    match Session::open(text, SessionOptions::default()) {
        Ok(session) => session,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

fn drawn(scene: &Scene) -> usize {
    scene.nodes.iter().map(|node| node.pods.len()).sum()
}

#[test]
fn the_level_fits_the_number_of_pods() {
    for (pods, level) in [(1, Level::Near), (30, Level::Near), (300, Level::Middle), (1_000, Level::Far)] {
        let mut session = crowd(pods);
        for secs in [1, 2, 30] {
            session.advance(Time::secs(secs), &mut || true);
            let scene = session.scene(None);
            assert_eq!(scene.level, level);
            assert_eq!(drawn(&scene) + scene.tray.len() + scene.tray_more as usize, pods as usize);
            assert_eq!(scene.counts.total(), pods);
        }
        let scene = session.scene(None);
        assert_eq!(scene.services[0].ready, pods);
        assert_eq!(scene.services[0].targets.len(), if level <= Level::Middle { pods as usize } else { 0 });
        assert_eq!(scene.services[0].ports, ["80 → 8080/TCP"]);
        assert_eq!(scene.zones.iter().map(|zone| zone.nodes).sum::<usize>(), scene.nodes.len());
        assert_eq!(scene.rollouts[0].glyphs.is_empty(), pods > 40);
    }
}

#[test]
fn a_crowd_of_empty_nodes_is_no_crowd_of_cards() {
    for (nodes, level) in [(60, Level::Near), (61, Level::Middle), (151, Level::Far), (1_501, Level::Bars)] {
        let session = open(&format!(
            "apiVersion: opscape.dev/v1alpha1\nkind: Lab\nspec: {{nodes: [{{name: node, count: {nodes}}}]}}\n"
        ));
        let scene = session.scene(None);
        assert_eq!((scene.level, scene.nodes.len()), (level, nodes));
    }
}

#[test]
fn bars_count_what_cells_show() {
    let mut session = crowd(200);
    for millis in [500, 1_900, 2_300, 10_000] {
        session.advance(Time::millis(millis), &mut || true);
        let (far, bars) = (session.scene(Some(Level::Far)), session.scene(Some(Level::Bars)));
        assert_eq!(drawn(&bars), 0);
        assert_eq!(far.counts, bars.counts);
        assert_eq!(far.zones, bars.zones);
        assert_eq!(far.services[0].ready, bars.services[0].ready);
        assert_eq!(far.services[0].total, bars.services[0].total);
        for (cells, bar) in far.nodes.iter().zip(&bars.nodes) {
            assert_eq!((&cells.counts, &cells.bars, cells.cpu), (&bar.counts, &bar.bars, bar.cpu));
            let shown: u32 = bar.bars.iter().map(|bar| bar.ready + bar.other + bar.failing).sum();
            assert_eq!(shown as usize, cells.pods.len());
        }
    }
}

#[test]
fn what_lets_requests_in_is_there_without_any() {
    let session = open(
        "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: gone, port: {name: http}}}
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /api, pathType: Exact, backend: {service: {name: web, port: {number: 80}}}}
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: front}]
  hostnames: [a.example, b.example]
  rules:
  - matches: [{path: {type: Exact, value: /x}, method: GET, headers: [{name: env, value: canary}]}]
    backendRefs: [{name: web, port: 80, weight: 9}, {name: gone, port: 80}]
  - backendRefs: [{name: web, port: 80}]
",
    );
    let scene = session.scene(None);
    assert!(scene.traffic.is_none());
    let [ingress, route] = scene.entries.as_slice() else { panic!("{:?}", scene.entries) };
    assert_eq!(
        (ingress.kind, &*ingress.name, &*ingress.via, ingress.canary.as_deref()),
        ("Ingress", "shop", "nginx", None)
    );
    let rows: Vec<_> = ingress.routes.iter().map(|row| (&*row.host, &*row.path, &*row.path_type)).collect();
    assert_eq!(
        rows,
        [("shop.example.com", "/api", "Exact"), ("shop.example.com", "/", "Prefix"), ("", "", "")]
    );
    let fields: Vec<_> = ingress.routes.iter().map(|row| &*row.field).collect();
    assert_eq!(fields, ["spec.rules[0].http.paths[0]", "spec.rules[0].http.paths[1]", "spec.defaultBackend"]);
    let [web] = ingress.routes[0].backends.as_slice() else { panic!("{ingress:?}") };
    assert_eq!((&*web.service, &*web.port, web.ready, web.weight), ("web", "80", Some(0), None));
    assert_eq!(ingress.routes[2].backends[0].ready, None, "there is no such Service");
    assert_eq!((route.kind, &*route.via), ("HTTPRoute", "front"));
    let key = opscape_manifest::api::ObjectKey {
        kind: "Ingress".into(),
        namespace: "default".into(),
        name: "shop".into(),
    };
    let Some(known) = session.inspect(&key) else { panic!("it is there") };
    assert_eq!((&*known.word, &*known.rest), ("", "ingressclass/nginx"));
    let leads = known.facts.iter().map(|fact| (&*fact.label, &*fact.value, fact.link.is_some()));
    let leads: Vec<_> = leads.filter(|(_, value, _)| value.contains(':')).collect();
    assert_eq!(
        leads,
        [
            ("shop.example.com/api", "web:80", true),
            ("shop.example.com/", "web:80", true),
            ("*", "gone:http", false)
        ]
    );
    let [first, all] = route.routes.as_slice() else { panic!("{route:?}") };
    assert_eq!((&*first.host, &*first.path), ("a.example, b.example", "/x"));
    assert_eq!(first.conditions, ["GET", "env: canary"]);
    let weights: Vec<_> = first.backends.iter().map(|backend| backend.weight).collect();
    assert_eq!(weights, [Some(9), Some(1)]);
    assert_eq!((&*all.path, &*all.path_type, all.backends.len()), ("/", "PathPrefix", 1));
}

#[test]
fn an_ingress_and_an_http_route_stand_side_by_side() {
    let (_, text) =
        common::labs().into_iter().find(|(name, _)| name == "ingress-to-gateway").expect("the lab");
    let mut session = common::open(&text);
    while session.now() < Time::secs(10) {
        session.advance(Time::secs(10), &mut || true);
    }
    let key = |kind: &str| ObjectKey { kind: kind.into(), namespace: "default".into(), name: "shop".into() };
    let pair = session.inspect(&key("HTTPRoute")).and_then(|found| found.beside).expect("both");
    assert_eq!(session.inspect(&key("Ingress")).and_then(|found| found.beside).as_ref(), Some(&pair));
    assert_eq!((&*pair.one.0.kind, &*pair.one.1), ("Ingress", "shop.example.com"));
    assert_eq!((&*pair.two.0.kind, &*pair.two.1), ("HTTPRoute", "new.example.com"));
    let rows: Vec<[&str; 3]> = pair.rows.iter().map(|row| [&*row.path, &*row.one, &*row.two]).collect();
    assert_eq!(rows.first(), Some(&["/", "web:80 90%, web-next:80 10% /", "web:80 /"]));
    assert_eq!(rows.get(1), Some(&["/api/items", "api:80 /items", "web:80 /api/items"]));
    // Where both claim the host, each still answers for itself.
    let mut both =
        common::open(&text.replace("hostnames: [new.example.com]", "hostnames: [shop.example.com]"));
    while both.now() < Time::secs(10) {
        both.advance(Time::secs(10), &mut || true);
    }
    for kind in ["Ingress", "HTTPRoute"] {
        let pair = both.inspect(&key(kind)).and_then(|found| found.beside).expect("both");
        assert_eq!(pair.one.1, pair.two.1);
        let answers = pair.rows.iter().map(|row| [&*row.path, &*row.one, &*row.two]);
        assert_eq!(answers.take(2).collect::<Vec<_>>(), rows[..2], "{kind}");
    }
    // A canary says which share it is.
    let canary = session.scene(None).entries.iter().find_map(|card| card.canary.clone());
    assert_eq!(canary.as_deref(), Some("10%"));
}

/// Two Deployments of one application, as for a canary by hand; `stable` first.
fn siblings(stable: &str, canary: &str) -> String {
    let deployment = |name: &str, image: &str| {
        format!(
            "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web, track: {name}}}}}
  template:
    metadata: {{labels: {{app: web, track: {name}}}}}
    spec: {{containers: [{{name: web, image: {image:?}}}]}}
"
        )
    };
    [deployment("stable", stable), deployment("canary", canary)].concat()
}

fn apply(session: &mut Session, stable: &str, canary: &str) {
    let text = siblings(stable, canary);
    session.act(Act::Apply { text: text.as_str().into() }).expect("it is applied");
}

/// Workload, revision, short image, colour and name of each version that has pods.
fn versions(session: &mut Session, at: u64) -> Vec<(String, u32, String, u8, String)> {
    session.advance(Time::secs(at), &mut || true);
    let scene = session.scene(None);
    let mut all: Vec<_> = scene
        .versions
        .iter()
        .filter(|version| version.pods > 0)
        .map(|version| {
            let name = scene.version_name(&version.namespace, &version.workload, version.revision);
            (version.workload.to_string(), version.revision, version.label.clone(), version.colour, name)
        })
        .collect();
    all.sort();
    for version in &all {
        for pod in scene.nodes.iter().flat_map(|node| &node.pods) {
            if *pod.workload == *version.0 && pod.revision == version.1 {
                assert_eq!(pod.colour, version.3, "{} is drawn as its version is", pod.name);
            }
        }
    }
    let tracks = session.tracks(Time::ZERO, Time::secs(at), 100);
    for (workload, revision, _, colour, _) in &all {
        let track = tracks.workloads.iter().find(|track| *track.workload == **workload).expect("its track");
        assert!(track.revisions.iter().any(|one| one.revision == *revision && one.colour == *colour));
    }
    all
}

#[test]
fn versions_of_one_program_in_two_deployments_differ_in_colour() {
    let line = |workload: &str, revision, label: &str, colour, name: &str| {
        (workload.to_owned(), revision, label.to_owned(), colour, name.to_owned())
    };
    let mut session = open(&siblings("shop/web:1.4", "shop/web:2.0"));
    assert_eq!(
        versions(&mut session, 20),
        [line("canary", 1, "web:2.0", 2, "2.0"), line("stable", 1, "web:1.4", 1, "1.4")]
    );
    // The version that was the canary has its colour in the other Deployment, too; the next one has a new colour.
    apply(&mut session, "shop/web:2.0", "shop/web:2.1");
    assert_eq!(
        versions(&mut session, 60),
        [line("canary", 2, "web:2.1", 3, "2.1"), line("stable", 2, "web:2.0", 2, "2.0")]
    );
    // What comes back has its colour again.
    apply(&mut session, "shop/web:1.4", "shop/web:2.1");
    assert_eq!(versions(&mut session, 100)[1], line("stable", 3, "web:1.4", 1, "1.4"));
}

#[test]
fn the_same_image_or_another_program_has_the_colour_of_its_revision() {
    let colours = |session: &mut Session, at| -> Vec<(u8, String)> {
        versions(session, at).into_iter().map(|(.., colour, name)| (colour, name)).collect()
    };
    let v1 = || (1, "v1".to_owned());
    // Others of the same namespace are named as ever.
    let mut three = open(
        &[
            siblings("shop/web:1.4", "shop/web:2.0"),
            siblings("shop/api:3.1", "shop/api:3.1")
                .replace("name: stable", "name: api")
                .replace("name: canary", "name: more"),
        ]
        .concat(),
    );
    let named = |tag: &str, colour| (colour, tag.to_owned());
    assert_eq!(colours(&mut three, 20), [v1(), named("2.0", 2), v1(), named("1.4", 1)]);
    let mut same = open(&siblings("shop/web:1.4", "shop/web:1.4"));
    assert_eq!(colours(&mut same, 20), [v1(), v1()]);
    let mut other = open(&siblings("shop/web:1.4", "shop/api:2.0"));
    assert_eq!(colours(&mut other, 20), [v1(), v1()]);
    apply(&mut other, "shop/web:1.5", "shop/api:2.0");
    assert_eq!(colours(&mut other, 60), [v1(), (2, "v2".to_owned())]);
    // An ordinary Deployment that goes back is a new revision with a new colour.
    apply(&mut other, "shop/web:1.4", "shop/api:2.0");
    assert_eq!(colours(&mut other, 100), [v1(), (3, "v3".to_owned())]);
}
