//! `kubectl apply -f -` of broken and odd manifests against a real v1.36.2 server: its words, to the letter.
//!
//! This plays what can be known from the document alone (and, for updates, from the stored object). Cases that need
//! the rest of the cluster are listed as such; the whole command line is played by `opscape-referee`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test")]

use std::collections::BTreeMap;

use opscape_manifest::schema::{bad_request, inspect, normalize, patch_refusal};
use opscape_manifest::value::Value;
use opscape_manifest::{check, client, defaults, patch, validation};

/// Needs more than the document: the namespace, other objects, flags of kubectl, the stored object's patch.
const ELSEWHERE: &[&str] = &[
    "unknown-field-validate-false",
    "unknown-field-validate-warn",
    "empty-input",
    "priorityclass-missing",
    "serviceaccount-missing",
    "namespace-missing",
];

fn apply(text: &str) -> (i64, String) {
    let checked = check(text);
    if let Some(broken) = checked.diagnostics.iter().find(|d| d.message.contains("converting YAML")) {
        return (1, format!("error: error parsing STDIN: {}\n", broken.message));
    }
    let document = checked.documents.first().unwrap();
    let (kind, version, name) = (document.kind(), document.api_version(), document.name());
    let ty = match client::accept(&document.value, "STDIN") {
        Ok(ty) => ty,
        Err(refusal) => return (1, format!("error: {}\n", refusal.message)),
    };
    let report = inspect(&document.value, ty);
    if let Some(message) = bad_request(kind, version, &report) {
        return (1, format!("Error from server (BadRequest): error when creating \"STDIN\": {message}\n"));
    }
    let mut value = normalize(&document.value, ty);
    defaults::apply(&mut value);
    let errors = validation::create(&value);
    if !errors.is_empty() {
        return (1, validation::invalid_for_kubectl(kind, name, &errors) + "\n");
    }
    let warnings = validation::warnings(&value).into_iter().map(|(_, words)| format!("Warning: {words}\n"));
    (0, warnings.collect())
}

#[test]
fn creating_is_refused_in_the_servers_words() {
    let cases = cases();
    let mut tally: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case["path"] == "create") {
        let name = case["name"].as_str().unwrap();
        let Some(stdin) = case["stdin"].as_str() else { continue };
        if ELSEWHERE.contains(&name) {
            continue;
        }
        let kind = stdin.lines().find_map(|line| line.strip_prefix("kind: ")).unwrap_or("?").to_owned();
        let (rc, stderr) = apply(stdin);
        let exact = rc == case["rc"].as_i64().unwrap() && stderr == case["stderr"].as_str().unwrap();
        let count = tally.entry(kind).or_default();
        count.1 += 1;
        if exact {
            count.0 += 1;
        } else {
            wrong.push(format!("{name}\n  want {}\n  have {stderr}", case["stderr"].as_str().unwrap()));
        }
    }
    eprintln!("{tally:?}");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// `kubectl apply -f -` onto a stored object: what it prints, and the object afterwards.
fn apply_onto(stored: &Value, text: &str) -> (i64, String, Value) {
    let fail = |message: String| (1, message, stored.clone());
    let checked = check(text);
    let document = checked.documents.first().unwrap();
    let (kind, name) = (document.kind(), document.name());
    let ty = match client::accept(&document.value, "STDIN") {
        Ok(ty) => ty,
        Err(refusal) => return fail(format!("error: {}\n", refusal.message)),
    };
    let modified = patch::modified(&document.value, Some("validation"));
    let mut sent = patch::three_way(patch::last_applied(stored).as_ref(), &modified, stored, ty).unwrap();
    if sent == Value::Map(BTreeMap::new()) {
        return (0, String::new(), stored.clone());
    }
    let patched = patch::strategic(stored, &mut sent, ty).unwrap();
    if let Some(message) = patch_refusal(&inspect(&patched, ty)) {
        let shown = opscape_manifest::golang::quote(&opscape_manifest::golang::sprint(&sent));
        return fail(format!("The request is invalid: patch: Invalid value: {shown}: {message}\n"));
    }
    let mut value = normalize(&patched, ty);
    defaults::apply(&mut value);
    let errors = validation::update(&value, stored);
    if !errors.is_empty() {
        return fail(validation::invalid_for_kubectl(kind, name, &errors) + "\n");
    }
    let warnings = validation::warnings(&value).into_iter().map(|(_, words)| format!("Warning: {words}\n"));
    (0, warnings.collect(), value)
}

fn cases() -> Vec<serde_json::Value> {
    let path = format!("{}/tests/validation/cases.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn created(document: &Value) -> Value {
    let ty = client::accept(document, "STDIN").unwrap();
    let mut value = normalize(&patch::modified(document, Some("validation")), ty);
    defaults::apply(&mut value);
    assert_eq!(validation::create(&value), []);
    value
}

#[test]
fn updating_is_refused_in_the_servers_words() {
    let path = format!("{}/tests/validation/setup.yaml", env!("CARGO_MANIFEST_DIR"));
    let setup = std::fs::read_to_string(path).unwrap();
    let (web, _) = setup.split_once("---\n").unwrap();
    let mut stored = created(&check(web).documents.first().unwrap().value);
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases().iter().filter(|case| case["path"] == "update") {
        let name = case["name"].as_str().unwrap();
        let stdin = case["stdin"].as_str().unwrap();
        let kind = stdin.lines().find_map(|line| line.strip_prefix("kind: "));
        if kind != Some("Deployment") {
            continue;
        }
        // The setup is applied again before each case; whether that works or not.
        stored = apply_onto(&stored, web).2;
        let (rc, stderr, after) = apply_onto(&stored, stdin);
        stored = after;
        count += 1;
        if rc != case["rc"].as_i64().unwrap() || stderr != case["stderr"].as_str().unwrap() {
            wrong.push(format!("{name}\n  want {}\n  have {stderr}", case["stderr"].as_str().unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn immutable_fields_are_refused() {
    let path = format!("{}/tests/validation/setup.yaml", env!("CARGO_MANIFEST_DIR"));
    let stored: Vec<Value> = check(&std::fs::read_to_string(path).unwrap())
        .documents
        .iter()
        .map(|document| created(&document.value))
        .collect();
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        // The Job's message shows the server's own Go struct, field by field.
        if !(name.starts_with("immutable-") || name.starts_with("mutable-"))
            || name == "immutable-job-template"
        {
            continue;
        }
        let stdin = case["stdin"].as_str().unwrap();
        let document = check(stdin).documents.first().unwrap().value.clone();
        let same = |object: &&Value| {
            object.str_at(&["kind"]) == document.str_at(&["kind"])
                && object.str_at(&["metadata", "name"]) == document.str_at(&["metadata", "name"])
        };
        let object = stored.iter().find(same).unwrap();
        let (rc, stderr, _) = apply_onto(object, stdin);
        assert_eq!(
            (rc, stderr.as_str()),
            (case["rc"].as_i64().unwrap(), case["stderr"].as_str().unwrap()),
            "{name}"
        );
    }
}

#[test]
fn setups_are_accepted() {
    let path = format!("{}/tests/validation/setup.yaml", env!("CARGO_MANIFEST_DIR"));
    let checked = check(&std::fs::read_to_string(path).unwrap());
    for document in &checked.documents {
        let ty = client::accept(&document.value, "STDIN").unwrap();
        let mut value: Value = normalize(&document.value, ty);
        defaults::apply(&mut value);
        assert_eq!(validation::create(&value), [], "{}", document.kind());
        assert_eq!(validation::update(&value, &value), [], "{}", document.kind());
    }
}

/// More of the server's words, for single fields of a good Deployment or another good object.
#[test]
fn single_fields_are_refused_in_the_servers_words() {
    const LABEL: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let pod = |spec: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: nginx, {spec}}}]}}\n"
        )
    };
    let deployment = |selector: &str, labels: &str, more: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{selector: {selector}, template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: c, image: nginx}}]}}}}, {more}}}\n"
        )
    };
    let web = "{matchLabels: {app: web}}";
    for (text, want) in [
        (
            deployment("{matchLabels: {app: \"a b\"}}", "{app: web}", ""),
            format!("The Deployment \"web\" is invalid: \n* spec.selector.matchLabels: Invalid value: \"a b\": {LABEL}\n* spec.selector: Invalid value: {{\"matchLabels\":{{\"app\":\"a b\"}}}}: invalid label selector"),
        ),
        (
            deployment("{matchExpressions: [{key: app, operator: In}]}", "{app: web}", ""),
            "The Deployment \"web\" is invalid: \n* spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'\n* spec.selector: Invalid value: {\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\"}]}: invalid label selector".to_owned(),
        ),
        (
            deployment(web, "{app: web}", "strategy: {type: BlueGreen}"),
            "The Deployment \"web\" is invalid: spec.strategy: Unsupported value: {\"Type\":\"BlueGreen\",\"RollingUpdate\":null}: supported values: \"Recreate\", \"RollingUpdate\"".to_owned(),
        ),
        (
            deployment(web, "{app: web}", "strategy: {rollingUpdate: {maxUnavailable: \"150%\"}}"),
            "The Deployment \"web\" is invalid: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%".to_owned(),
        ),
        (
            deployment(web, "{app: web}", "minReadySeconds: 600"),
            "The Deployment \"web\" is invalid: spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds".to_owned(),
        ),
        (
            pod("env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]"),
            "The Pod \"p\" is invalid: spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty".to_owned(),
        ),
        (
            pod("ports: [{name: http, containerPort: 80}, {name: http, containerPort: 81}]"),
            "The Pod \"p\" is invalid: spec.containers[0].ports[1].name: Duplicate value: \"http\"".to_owned(),
        ),
        (
            pod("livenessProbe: {httpGet: {path: /}, periodSeconds: -1}"),
            "The Pod \"p\" is invalid: \n* spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive\n* spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0".to_owned(),
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {a: b}, ports: [{port: 80, name: a}, {port: 80, name: b}]}\n".to_owned(),
            "The Service \"s\" is invalid: spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}".to_owned(),
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: ExternalName}\n".to_owned(),
            "The Service \"s\" is invalid: spec.externalName: Required value".to_owned(),
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {\"a b\": x}\n".to_owned(),
            "The ConfigMap \"c\" is invalid: data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')".to_owned(),
        ),
        (
            "apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\nspec: {taints: [{key: a, effect: Never}]}\n".to_owned(),
            "The Node \"node-1\" is invalid: metadata.taints[0].effect: Unsupported value: \"Never\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"".to_owned(),
        ),
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: A_b}\n".to_owned(),
            "The Namespace \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')".to_owned(),
        ),
    ] {
        assert_eq!(apply(&text), (1, want + "\n"), "{text}");
    }
}

#[test]
fn the_gateway_api_is_refused_in_its_rules_words() {
    let route = |rule: &str| {
        let head = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n";
        apply(&format!("{head}spec: {{parentRefs: [{{name: gw}}], rules: [{rule}]}}\n")).1
    };
    let object = |place: &str, message: &str| {
        format!(
            "The HTTPRoute \"r\" is invalid: spec.rules[0]{place}: Invalid value: \"object\": {message}\n"
        )
    };
    assert_eq!(route("{backendRefs: [{name: web, port: 80, weight: 0}]}"), "");
    assert_eq!(
        route("{backendRefs: [{name: web}]}"),
        object(".backendRefs[0]", "Must have port for Service reference")
    );
    assert_eq!(
        route("{matches: [{path: {value: shop}}], backendRefs: [{name: web, port: 80}]}"),
        object(
            ".matches[0].path",
            "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']"
        )
    );
    assert_eq!(
        route(
            "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}], backendRefs: [{name: web, port: 80}]}"
        ),
        object("", "RequestRedirect filter must not be used together with backendRefs")
    );
    assert_eq!(
        route("{filters: [{type: URLRewrite}], backendRefs: [{name: web, port: 80}]}"),
        object(".filters[0]", "filter.urlRewrite must be specified for URLRewrite filter.type")
    );
    assert_eq!(
        route("{matches: [{path: {type: Prefix, value: /}}]}"),
        "The HTTPRoute \"r\" is invalid: spec.rules[0].matches[0].path.type: Unsupported value: \"Prefix\": supported values: \"Exact\", \"PathPrefix\", \"RegularExpression\"\n"
    );
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec:\n  gatewayClassName: c\n  listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}]\n";
    assert_eq!(
        apply(gateway).1,
        "The Gateway \"g\" is invalid: spec.listeners: Invalid value: \"array\": Combination of port, protocol and hostname must be unique for each listener\n"
    );
}

/// pkg/apis/autoscaling/validation: `validateMetricSpec`, `validateScalingRules`.
#[test]
fn metrics_of_autoscalers_are_complete() {
    let refused = |spec: &str| -> Vec<String> {
        let text = format!(
            r#"{{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{{"name":"h","namespace":"default"}},
            "spec":{{"scaleTargetRef":{{"kind":"Deployment","name":"web","apiVersion":"apps/v1"}},"maxReplicas":3,{spec}}}}}"#
        );
        let mut value: Value = serde_json::from_str(&text).unwrap();
        defaults::apply(&mut value);
        validation::create(&value).iter().map(|error| format!("{}: {}", error.path, error.body())).collect()
    };
    let metric = |metric: &str| refused(&format!(r#""metrics":[{metric}]"#));
    let utilization = r#""target":{"type":"Utilization","averageUtilization":50}"#;
    let good = metric(&format!(r#"{{"type":"Resource","resource":{{"name":"cpu",{utilization}}}}}"#));
    assert_eq!(good, [""; 0]);
    assert_eq!(
        metric(&format!(r#"{{"type":"Pods","resource":{{"name":"cpu",{utilization}}}}}"#)),
        ["spec.metrics[0].pods: Required value: must populate information for the given metric source"]
    );
    assert_eq!(
        metric(r#"{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}}"#),
        [
            "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"
        ]
    );
    assert_eq!(
        metric(&format!(
            r#"{{"type":"ContainerResource","containerResource":{{"name":"cpu",{utilization}}}}}"#
        )),
        ["spec.metrics[0].containerResource.container: Required value: must specify a container"]
    );
    assert_eq!(
        refused(r#""behavior":{"scaleUp":{"tolerance":"-0.1"}}"#),
        ["spec.behavior.scaleUp.tolerance: Invalid value: \"-100m\": must be greater than or equal to 0"]
    );
}

/// pkg/apis/networking/validation: `ValidateNetworkPolicyPort`, `ValidateIPBlock`.
#[test]
fn ports_and_blocks_of_network_policies_are_sound() {
    let refused = |rule: &str| -> Vec<String> {
        let text = format!(
            r#"{{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{{"name":"p","namespace":"default"}},
            "spec":{{"podSelector":{{}},"ingress":[{rule}]}}}}"#
        );
        let mut value: Value = serde_json::from_str(&text).unwrap();
        defaults::apply(&mut value);
        validation::create(&value).iter().map(|error| format!("{}: {}", error.path, error.body())).collect()
    };
    assert_eq!(refused(r#"{"ports":[{"port":80,"endPort":90},{"port":"http"},{}]}"#), [""; 0]);
    let port = "spec.ingress[0].ports[0].endPort: Invalid value: ";
    for (ports, message) in [
        (r#"{"port":80,"endPort":79}"#, "80: must be greater than or equal to `port`"),
        (r#"{"port":"http","endPort":79}"#, "79: may not be specified when `port` is non-numeric"),
        (r#"{"endPort":79}"#, "79: may not be specified when `port` is not specified"),
        (r#"{"port":80,"endPort":65536}"#, "65536: must be between 1 and 65535, inclusive"),
    ] {
        assert_eq!(refused(&format!(r#"{{"ports":[{ports}]}}"#)), [[port, message].concat()]);
    }
    let block = |except: &str| {
        refused(&format!(r#"{{"from":[{{"ipBlock":{{"cidr":"10.0.0.0/16","except":["{except}"]}}}}]}}"#))
    };
    assert_eq!(block("10.0.3.0/24"), [""; 0]);
    for except in ["10.0.0.0/16", "10.1.0.0/24", "0.0.0.0/0", "fd00::/24"] {
        let path = "spec.ingress[0].from[0].ipBlock.except[0]";
        assert_eq!(
            block(except),
            [format!("{path}: Invalid value: \"{except}\": must be a strict subset of `cidr`")]
        );
    }
}
