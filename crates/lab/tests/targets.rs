//! An Application Load Balancer asks its targets whether they are well.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use opscape_manifest::api::Pod;
use opscape_network::telemetry::Subject;
use opscape_sim::Time;

const SHOP: &str = r#"
apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: targets}
spec:
  images:
  - {name: "shop/good", readyAfter: 1s}
  - {name: "shop/bad", readyAfter: 1s, unhealthyAfter: 40s, unhealthyPath: /alb}
  load: [{name: visitors, at: 40s, rate: 40, url: "http://shop.example.com/"}]
---
apiVersion: v1
kind: Pod
metadata: {name: good, labels: {app: web}}
spec: {containers: [{name: c, image: shop/good, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bad, labels: {app: web}}
spec: {containers: [{name: c, image: shop/bad, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: alb}
spec: {controller: ingress.k8s.aws/alb}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: {alb.ingress.kubernetes.io/target-type: ip, ANNOTATION}
spec:
  ingressClassName: alb
  rules:
  - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"#;

/// Requests that the good and the bad pod had from a second to another.
fn play(annotation: &str, from: u32, to: u32) -> [u64; 2] {
    let mut session = common::open(&SHOP.replace("ANNOTATION", annotation));
    let end = Time::secs(u64::from(to));
    while session.now() < end {
        session.advance(end, &mut || true);
    }
    let store = session.model().cluster().store();
    let telemetry = session.model().traffic().telemetry();
    ["good", "bad"].map(|name| {
        let pod = store.get::<Pod>("default", name).map(|pod| Subject::Pod(pod.metadata.uid));
        let series = pod.and_then(|pod| telemetry.series(&pod));
        series.map_or(0, |series| series.between(from, to).count)
    })
}

#[test]
fn a_target_that_is_not_well_gets_no_requests() {
    let path = "alb.ingress.kubernetes.io/healthcheck-path: /alb";
    // Two bad answers, fifteen seconds apart, after it became unwell.
    let [good, bad] = play(path, 41, 50);
    assert!(good > 100 && bad > 100, "{good} {bad}");
    let [good, bad] = play(path, 80, 100);
    assert!(good > 700 && bad == 0, "{good} {bad}");
    // Asked for another path, it is well; with wider codes, too.
    let [good, bad] = play("alb.ingress.kubernetes.io/healthcheck-path: /", 80, 100);
    assert!(good > 300 && bad > 300, "{good} {bad}");
    let wide = [path, r#"alb.ingress.kubernetes.io/success-codes: "200,500-599""#].join(", ");
    let [_, bad] = play(&wide, 80, 100);
    assert!(bad > 300, "{bad}");
}

#[test]
fn if_none_is_well_all_get_requests() {
    let nobody = r#"alb.ingress.kubernetes.io/success-codes: "299""#;
    let [good, bad] = play(nobody, 80, 100);
    assert!(good > 300 && bad > 300, "{good} {bad}");
}

#[test]
fn a_group_of_which_something_is_refused_keeps_its_load_balancer() {
    let text = SHOP.replace("ANNOTATION", "alb.ingress.kubernetes.io/group.name: shop");
    let second = |target: &str| {
        format!(
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: admin
  annotations: {{alb.ingress.kubernetes.io/target-type: {target}, alb.ingress.kubernetes.io/group.name: shop}}
spec:
  ingressClassName: alb
  rules:
  - host: admin.example.com
    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
"
        )
    };
    let mut session = common::open(&text);
    let ask = |session: &mut opscape_lab::Session, host: &str, at: u64| {
        session.advance(Time::secs(at), &mut || true);
        let sent = session.ask("GET", &["http://", host, "/"].concat(), &[]).expect("it is sent");
        let steps: Vec<String> = sent.steps.iter().map(|step| step.text.plain()).collect();
        (sent.services.len(), steps.join("\n"))
    };
    assert_eq!(ask(&mut session, "shop.example.com", 20).0, 1);
    // What is refused is added: neither it nor the change of the path beside it takes effect.
    let changed = text.replace("path: /,", "path: /shop,") + &second("instance");
    session.act(opscape_lab::Act::Apply { text: changed.as_str().into() }).expect("it is applied");
    let (services, why) = ask(&mut session, "shop.example.com", 40);
    assert_eq!(services, 1, "{why}");
    assert!(why.contains("leaves the load balancer of the whole group as it was before"), "{why}");
    // Once it is mended, both do.
    let mended = text.replace("path: /,", "path: /shop,") + &second("ip");
    session.act(opscape_lab::Act::Apply { text: mended.as_str().into() }).expect("it is applied");
    assert_eq!(ask(&mut session, "shop.example.com", 60).0, 0);
    assert_eq!(ask(&mut session, "admin.example.com", 62).0, 1);
}
