//! Broken manifests as people write them: what is said, where, and what is offered.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken case should fail the test")]

use std::collections::BTreeSet;

use opscape_manifest::check;
use opscape_manifest::diagnostic::{Diagnostic, Severity};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports:
        - containerPort: 80
        resources:
          requests: {cpu: 100m, memory: 64Mi}
          limits: {memory: 128Mi}
";

fn only(text: &str) -> Diagnostic {
    let mut diagnostics = check(text).diagnostics;
    diagnostics.retain(|diagnostic| diagnostic.severity != Severity::NotSimulated);
    assert_eq!(diagnostics.len(), 1, "{text}{diagnostics:#?}");
    diagnostics.remove(0)
}

fn fixed(text: &str, diagnostic: &Diagnostic) -> String {
    let fix = diagnostic.fix.as_ref().unwrap();
    let mut text = text.to_owned();
    text.replace_range(fix.span.start.offset as usize..fix.span.end.offset as usize, &fix.text);
    text
}

#[test]
fn a_good_manifest_is_silent() {
    assert_eq!(check(WEB).diagnostics, []);
    assert_eq!(check(WEB).objects().len(), 1);
}

#[test]
fn twenty_broken_manifests() {
    // (what is written, instead of what, message, line, hint)
    for (from, to, message, line, hint) in [
        ("replicas: 2", "replcas: 2", "unknown field \"spec.replcas\"", 6, "hint.did-you-mean"),
        (
            "replicas: 2",
            "replicas: two",
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            6,
            "hint.wants-number",
        ),
        (
            "replicas: 2",
            "replicas: -2",
            "spec.replicas: Invalid value: -2: must be greater than or equal to 0",
            6,
            "hint.not-negative",
        ),
        (
            "replicas: 2",
            "replicas: 2000000000",
            "spec.replicas: Invalid value: 2000000000: a lab may have at most 200000 pods",
            6,
            "hint.too-many-pods",
        ),
        (
            "replicas: 2",
            "replicas: 2\n  replicas: 3",
            "line 7: key \"replicas\" already set in map",
            7,
            "hint.repeated-key",
        ),
        (
            "name: web\nspec",
            "name: Web\nspec",
            "metadata.name: Invalid value: \"Web\": a lowercase RFC 1123 subdomain must consist",
            4,
            "hint.name-letters",
        ),
        (
            "  name: web\nspec",
            "  name: on\nspec",
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string",
            4,
            "hint.quote-word",
        ),
        (
            "  name: web\nspec",
            "  labels: {v: 1}\n  name: web\nspec",
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            4,
            "hint.quote",
        ),
        (
            "labels: {app: web}",
            "labels: {app: wbe}",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"wbe\"}: `selector` does not match template `labels`",
            11,
            "hint.selector-labels",
        ),
        (
            "apps/v1",
            "apps/v1beta1",
            "no matches for kind \"Deployment\" in version \"apps/v1beta1\"",
            1,
            "hint.other-version",
        ),
        (
            "kind: Deployment",
            "kind: Deploymnet",
            "no matches for kind \"Deploymnet\" in version \"apps/v1\"",
            2,
            "hint.did-you-mean",
        ),
        ("kind: Deployment\n", "", "kind not set", 1, "hint.not-set"),
        (
            "        image: nginx:1.27\n",
            "",
            "spec.template.spec.containers[0].image: Required value",
            14,
            "hint.required",
        ),
        (
            "containerPort: 80",
            "containerPort: 80000",
            "spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 80000: must be between 1 and 65535, inclusive",
            17,
            "hint.port-range",
        ),
        (
            "memory: 64Mi",
            "memory: 64MB",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            19,
            "hint.wants-quantity",
        ),
        (
            "memory: 64Mi",
            "memory: 1Gi",
            "spec.template.spec.containers[0].resources.requests: Invalid value: \"1Gi\": must be less than or equal to memory limit of 128Mi",
            19,
            "hint.request-over-limit",
        ),
        (
            "        image",
            "        imagePullPolicy: always\n        image",
            "spec.template.spec.containers[0].imagePullPolicy: Unsupported value: \"always\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
            15,
            "hint.unsupported",
        ),
        (
            "      containers:\n      - name",
            "      containers:\n      - {name: web, image: a}\n      - name",
            "spec.template.spec.containers[1].name: Duplicate value: \"web\"",
            15,
            "hint.duplicate",
        ),
        (
            "        ports:",
            "       ports:",
            "error converting YAML to JSON: yaml: line 15: did not find expected key",
            16,
            "hint.yaml-indentation",
        ),
        (
            "  replicas: 2",
            "\treplicas: 2",
            "error converting YAML to JSON: yaml: line 6: found character that cannot start any token",
            6,
            "hint.yaml-tab",
        ),
        (
            "image: nginx:1.27",
            "image: \"nginx:1.27",
            "error converting YAML to JSON: yaml: line 21: found unexpected end of stream",
            15,
            "hint.yaml-quote",
        ),
        (
            "replicas: 2",
            "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
            6,
            "hint.surge-zero",
        ),
        (
            "containers:\n      - name: web",
            "containers:\n        name: web",
            "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
            13,
            "hint.wants-list",
        ),
    ] {
        let text = WEB.replacen(from, to, 1);
        assert_ne!(text, WEB, "{from}");
        let found = only(&text);
        assert!(found.message.starts_with(message), "{to}: {}", found.message);
        assert_eq!(found.span.start.line, line, "{to}");
        assert_eq!(found.hint.as_ref().map(|hint| hint.key), Some(hint), "{to}");
    }
}

#[test]
fn fixes_solve_what_they_are_for() {
    for (from, to) in [
        ("replicas: 2", "replcas: 2"),
        ("kind: Deployment", "kind: Deploymnet"),
        ("apps/v1", "apps/v1beta1"),
        ("  name: web\nspec", "  name: yes\nspec"),
        ("        image", "        imagePullPolicy: always\n        image"),
    ] {
        let text = WEB.replacen(from, to, 1);
        let found = only(&text);
        let repaired = fixed(&text, &found);
        assert_eq!(check(&repaired).diagnostics, [], "{repaired}");
    }
}

#[test]
fn fields_without_effect_and_warnings() {
    let text = WEB.replacen(
        "        ports",
        "        resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]\n        ports",
        1,
    );
    let found = check(&text).diagnostics;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].severity, found[0].span.start.line), (Severity::NotSimulated, 16));
    let text = WEB.replacen("- containerPort: 80", "- containerPort: 80\n        - containerPort: 80", 1);
    let found = only(&text);
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.message.contains("duplicate port definition"), "{}", found.message);
    assert_eq!(only(&format!("{WEB}---\n{WEB}")).hint.unwrap().key, "hint.same-object");
}

#[test]
fn labs_are_checked_too() {
    let lab = "apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  title: {en: A, ko: 가}
  nodes:
  - {name: worker, count: 2, cpu: 4, memory: 8Gi}
  images:
  - {name: \"web:*\", readyAfter: 2s, serve: {concurrency: 8, time: 20ms, p99: 80ms, cpuPerRequest: 5ms, errorRate: 0.01}}
  - {name: \"api:1\", schema: {needs: [users.name], whenMissing: unready}}
  - {name: \"api:2\", schema: {adds: [users.full_name], drops: [users.name]}}
  schema: [users.name]
  load:
  - {name: shoppers, url: 'http://shop.example.com/', rate: 200, wave: {to: 2k, every: 24h}}
  - {clients: 10, thinkTime: 2s, requests: [{url: 'http://web/', weight: 3}, {url: 'http://web/cart', method: POST}]}
  steps:
  - at: 10s
    actions:
    - apply: k8s/next.yaml
  checks:
  - {get: pods, value: 2, within: 1m}
--- # k8s/next.yaml
";
    assert_eq!(check(lab).diagnostics, []);
    for (from, to, message, hint) in [
        ("readyAfter", "readyafter", "unknown field \"spec.images[0].readyafter\"", "hint.did-you-mean"),
        ("readyAfter: 2s", "readyAfter: 2", "", ""),
        (
            "readyAfter: 2s",
            "readyAfter: 2 s",
            "time: unknown unit \" s\" in duration \"2 s\"",
            "hint.wants-duration",
        ),
        (
            "next.yaml\n  checks",
            "nxt.yaml\n  checks",
            "error: the path \"k8s/nxt.yaml\" does not exist",
            "hint.no-such-file",
        ),
        ("ko: 가", "kr: 가", "unknown field \"spec.title.kr\"", "hint.did-you-mean"),
        (
            "apply: k8s/next.yaml",
            "{}",
            "spec.steps[0].actions[0]: Required value: must specify one of",
            "hint.required",
        ),
        (
            "at: 10s",
            "title: x",
            "spec.steps[0].at: Required value: when it happens: a time, or `when` with a condition",
            "hint.required",
        ),
        ("at: 10s", "when: {get: pods}", "spec.steps[0].when.value: Required value", "hint.required"),
        (
            "at: 10s",
            "when: {get: pods, value: 2, within: 3s}",
            "unknown field \"spec.steps[0].when.within\"",
            "hint.unknown-field",
        ),
        (
            "at: 10s",
            "when: {get: pods, value: 2, op: =>}",
            "spec.steps[0].when.op: Unsupported value: \"=>\"",
            "hint.unsupported",
        ),
        (
            "at: 10s",
            "at: 10s\n    after: 2s",
            "spec.steps[0].after: Forbidden: may only be set together with `when`",
            "",
        ),
        (
            "readyAfter: 2s",
            "readyAfter: 2s, hangs: true",
            "spec.images[0].hangs: Forbidden: may only be set together with `unhealthyAfter`",
            "",
        ),
        (
            "schema: [users.name]",
            "schema: [users.name, name]",
            "spec.schema[1]: Invalid value: \"name\": must be a table and a column, as customers.name",
            "",
        ),
        (
            "needs: [users.name]",
            "needs: [users.nam]",
            "spec.images[1].schema.needs[0]: Invalid value: \"users.nam\": is not in `spec.schema`, and no image adds it",
            "",
        ),
        (
            "drops: [users.name]",
            "drops: [users.name, users.full_name]",
            "spec.images[2].schema.adds[0]: Invalid value: \"users.full_name\": may not be added and dropped at once",
            "",
        ),
        (
            "whenMissing: unready",
            "whenMissing: hangs",
            "spec.images[1].schema.whenMissing: Unsupported value: \"hangs\": supported values: \"errors\", \"unready\", \"exits\"",
            "hint.unsupported",
        ),
        (
            "adds: [users.full_name]",
            "add: [users.full_name]",
            "unknown field \"spec.images[2].schema.add\"",
            "hint.did-you-mean",
        ),
        (
            "count: 2",
            "count: 20000",
            "spec.nodes[0].count: Invalid value: 20000: a lab may have at most 10000 nodes",
            "",
        ),
        (
            "rate: 200",
            "rate: -1",
            "spec.load[0].rate: Invalid value: \"-1\": must be greater than or equal to 0",
            "hint.not-negative",
        ),
        (
            "rate: 200, ",
            "",
            "spec.load[0]: Required value: must specify one of: rate, clients",
            "hint.required",
        ),
        (
            "rate: 200",
            "rate: 200, clients: 3",
            "spec.load[0].clients: Forbidden: may not be set together with `rate`",
            "",
        ),
        (
            "rate: 200",
            "rate: 200, spike: {to: 9, after: 1s, for: 1s}",
            "spec.load[0].wave: Forbidden: may not be set together with `spike`",
            "",
        ),
        (
            "http://shop.example.com/",
            "shop.example.com",
            "spec.load[0].url: Invalid value: \"shop.example.com\": must be an address such as",
            "",
        ),
        ("to: 2k", "to: 2M", "spec.load[0].wave.to: Invalid value: \"2M\": a workload may have at most", ""),
        (
            "p99: 80ms",
            "distribution: normal",
            "spec.images[0].serve.distribution: Unsupported value: \"normal\": supported values: \"lognormal\"",
            "hint.unsupported",
        ),
        (
            "errorRate: 0.01",
            "errorRate: 2",
            "spec.images[0].serve.errorRate: Invalid value: \"2\": must be between 0 and 1, inclusive",
            "",
        ),
        ("thinkTime", "thinktime", "unknown field \"spec.load[1].thinktime\"", "hint.did-you-mean"),
        ("v1alpha1", "v1", "no matches for kind \"Lab\" in version \"opscape.dev/v1\"", "hint.other-version"),
        ("get: pods,", "measure: errorRatio, of: load/shoppers, over: 1m,", "", ""),
        ("get: pods, value: 2", "route: 'http://a.example.com/', headers: {x: why}, value: '404'", "", ""),
        (
            "get: pods,",
            "",
            "spec.checks[0]: Required value: must specify one of: get, measure, route",
            "hint.required",
        ),
        (
            "get: pods,",
            "get: pods, route: 'http://a/',",
            "spec.checks[0]: Forbidden: may not specify more than 1 of: get, measure, route",
            "",
        ),
        (
            "get: pods,",
            "measure: p95, of: load/shoppers,",
            "spec.checks[0].measure: Unsupported value: \"p95\": supported values: \"requests\", \"rate\"",
            "hint.unsupported",
        ),
        (
            "get: pods,",
            "measure: p99,",
            "spec.checks[0].of: Required value: what is measured of",
            "hint.required",
        ),
        (
            "get: pods,",
            "measure: p99, of: shop/web,",
            "spec.checks[0].of: Unsupported value: \"shop\": supported values: \"load\"",
            "hint.unsupported",
        ),
        (
            "get: pods,",
            "get: pods, over: 1m,",
            "spec.checks[0].over: Forbidden: may only be set together with `measure`",
            "",
        ),
        (
            "get: pods,",
            "measure: rate, of: load/a, over: 1m, since: 1m,",
            "spec.checks[0].since: Forbidden: may not be set together with `over`",
            "",
        ),
        (
            "get: pods,",
            "get: pods, op: \"=>\",",
            "spec.checks[0].op: Unsupported value: \"=>\"",
            "hint.unsupported",
        ),
    ] {
        let text = lab.replacen(from, to, 1);
        if message.is_empty() {
            assert_eq!(check(&text).diagnostics, []);
            continue;
        }
        let found = only(&text);
        assert!(found.message.starts_with(message), "{to}: {}", found.message);
        assert_eq!(found.hint.map_or("", |hint| hint.key), hint, "{to}");
    }
}

#[test]
fn files_and_workflows() {
    let file = "kind: File\npath: Dockerfile\ncontent: |\n  FROM scratch\n  # a: b: c\n";
    assert_eq!(check(file).diagnostics, []);
    assert_eq!(only("kind: File\npath: x\n").message, "content: Required value");
    assert_eq!(only("kind: File\npath: x\ncontnet: y\ncontent: z\n").message, "unknown field \"contnet\"");
    let workflow = "--- # .github/workflows/ci.yml\non: [push]\njobs:\n  test: {runs-on: ubuntu-latest, steps: [{run: make}]}\n";
    assert_eq!(check(workflow).diagnostics, []);
    let other = "--- # Dockerfile\nFROM nginx:1 AS base\n  RUN [\"a\"\n";
    assert_eq!(check(other).diagnostics, []);
    assert_eq!(check(other).files.len(), 1);
}

#[test]
fn every_hint_has_its_words_in_both_languages() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut used = BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from(format!("{root}/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                used.extend(source.split('"').filter(|text| text.starts_with("hint.")).map(str::to_owned));
            }
        }
    }
    assert!(used.len() > 30);
    for language in ["en", "ko"] {
        let texts = std::fs::read_to_string(format!("{root}/../../static/texts/{language}.txt")).unwrap();
        let known: BTreeSet<&str> =
            texts.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect();
        for key in &used {
            assert!(known.contains(key.as_str()), "{key} is missing in {language}");
        }
    }
}

mod hostile {
    use super::{WEB, check};
    use proptest::prelude::*;

    const LAB: &str = "apiVersion: opscape.dev/v1alpha1\nkind: Lab\nspec:\n  nodes:\n  - {name: a, count: 2}\n  steps:\n  - {at: 1s, actions: [{run: x}]}\n  checks:\n  - {get: pods, value: 1}\n---\n";
    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}\n";

    proptest! {
        // Whatever is typed into a text: an answer, and places that lie within the text.
        #[test]
        fn any_edit_is_answered(at in 0..2000_usize, cut in 0..30_usize, put in "([a-z]{0,4}|[-:{}\\[\\],&*|>\"'#% \n\t0-9]{0,6}|한글|\u{1F600}|null|true|1e99|-0x7f)") {
            let mut text = format!("{LAB}{WEB}---\n{SERVICE}");
            let boundary = |text: &str, mut at: usize| {
                at = at.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let (start, end) = (boundary(&text, at), boundary(&text, at + cut));
            text.replace_range(start..end, &put);
            let checked = check(&text);
            for diagnostic in &checked.diagnostics {
                let span = diagnostic.span;
                prop_assert!(span.start <= span.end, "{diagnostic:?}");
                prop_assert!(text.get(span.start.offset as usize..span.end.offset as usize).is_some(), "{diagnostic:?}");
                if let Some(fix) = &diagnostic.fix {
                    prop_assert!(text.get(fix.span.start.offset as usize..fix.span.end.offset as usize).is_some());
                }
            }
            for document in &checked.documents {
                let _ = document.object();
            }
        }

        #[test]
        fn any_value_for_any_field_is_answered(field in "[a-z]{1,12}", value in "(\\[\\]|\\{\\}|null|-1|99999999999|\"x\"|yes|[a-z0-9%.]{1,8})", line in 0..20_usize) {
            let mut lines: Vec<String> = WEB.lines().map(str::to_owned).collect();
            if let Some(slot) = lines.get_mut(line) {
                let indent = slot.len() - slot.trim_start().len();
                let name = slot.trim_start().split(':').next().unwrap_or(&field).to_owned();
                *slot = format!("{}{name}: {value}", " ".repeat(indent));
            }
            let text = lines.join("\n");
            let _ = check(&text).objects();
        }
    }
}

/// What the editor says of the fields of our own documents, in both languages.
#[test]
fn every_field_of_a_lab_is_documented() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(folder.join("src/schema/lab.txt")).unwrap();
    let mut missing = Vec::new();
    for lang in ["en", "ko"] {
        let docs = folder.join(format!("../../static/fields/opscape.{lang}.json"));
        let docs: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(docs).unwrap()).unwrap();
        let said = |ty: &str, field: &str| docs[ty][field].as_str().is_some_and(|text| !text.is_empty());
        let mut ty = None;
        for line in
            table.lines().filter(|line| !line.starts_with(['#', 'k']) || line.starts_with("kind string"))
        {
            if let Some(head) = line.strip_prefix("= ") {
                ty = head.split_once(" opscape.dev").map(|(name, _)| name.to_owned());
            }
            let Some(ty) = &ty else { continue };
            let field = if line.starts_with("= ") {
                ""
            } else {
                line.split(' ').next().unwrap().trim_end_matches('!')
            };
            if !said(ty, field) {
                missing.push(format!("{lang}: {ty}.{field}"));
            }
        }
        for (name, fields) in docs.as_object().unwrap() {
            let head = format!("\n= {name} opscape.dev");
            assert!(table.contains(&head), "{name} is no type");
            let own = table.split(&head).nth(1).unwrap().split("\n= ").next().unwrap();
            for field in fields.as_object().unwrap().keys().filter(|field| !field.is_empty()) {
                let there =
                    own.lines().any(|line| line.split(' ').next().unwrap().trim_end_matches('!') == *field);
                assert!(there, "{name} has no field {field}");
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
