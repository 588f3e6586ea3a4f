//! What is wrong with the documents of a text, each finding at its place and with what to do about it.

use super::{Checked, Document, Role, characters, pasted};
use crate::client::{self, Reason};
use crate::codec::from_value;
use crate::diagnostic::{Diagnostic, Fix, Severity, Span};
use crate::golang::quote;
use crate::lab::{self, Lab};
use crate::schema::{Finding, FindingKind, Report, Type, inspect, kinds, nearest, normalize, simulated};
use crate::tree::Content;
use crate::validation::{self, FieldError, Kind};
use crate::value::{Seen, Value};
use crate::{defaults, golang};

/// The most pods that the workloads of one text may ask for together.
pub const MAX_PODS: i64 = 200_000;

/// All findings of the documents of a text.
pub(super) fn all(checked: &Checked, text: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, document) in checked.documents.iter().enumerate() {
        let mut finder = Finder { document, text, index, found: &mut found };
        match document.role {
            Role::Object => finder.object(),
            Role::Lab => finder.lab(checked),
            Role::File => finder.file(),
            Role::Workflow => {}
            Role::Unknown => finder.unknown(),
        }
    }
    repeated(checked, &mut found);
    too_many_pods(checked, &mut found);
    found
}

struct Finder<'a> {
    document: &'a Document,
    text: &'a str,
    index: usize,
    found: &'a mut Vec<Diagnostic>,
}

impl Finder<'_> {
    fn push(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.document = self.index;
        diagnostic.file.clone_from(&self.document.file);
        self.found.push(diagnostic);
    }

    fn at(&self, path: &str, message: impl Into<String>) -> Diagnostic {
        let place = self.document.root.locate(path);
        Diagnostic::error(message, place.best()).with_path(path)
    }

    fn unknown(&mut self) {
        let root = &self.document.root;
        let span = Span { start: root.span.start, end: root.span.start };
        let message = "[apiVersion not set, kind not set]";
        let hint = pasted::kind_of(&self.document.value, self.source()).unwrap_or("hint.not-an-object");
        self.push(Diagnostic::error(message, span).with_hint(hint, &[]));
    }

    fn object(&mut self) {
        let ty = match client::accept(&self.document.value, "STDIN") {
            Ok(ty) => ty,
            Err(refusal) => return self.refused(&refusal),
        };
        let report = inspect(&self.document.value, ty);
        self.decoding(&report);
        if report.wrong.is_empty() {
            let mut value = normalize(&self.document.value, ty);
            defaults::apply(&mut value);
            let errors = validation::create(&value);
            // The server warns of what it accepts only.
            let warnings = if errors.is_empty() { validation::warnings(&value) } else { Vec::new() };
            if errors.is_empty() {
                self.images(&value);
            }
            for error in errors {
                self.field_error(&error);
            }
            if self.document.kind() == "Rollout" {
                self.rollout(&value);
            }
            for (path, words) in warnings {
                let diagnostic = self.at(&path, words).with_severity(Severity::Warning);
                self.push(diagnostic);
            }
        }
        self.not_simulated(ty);
    }

    /// What the API server takes and the controller of Argo Rollouts does not: it does nothing until that is mended.
    fn rollout(&mut self, value: &Value) {
        for error in validation::rollout_spec(value) {
            // Upstream's paths leave out the name of the strategy.
            let strategy =
                if value.at(&["spec", "strategy", "canary"]).is_some() { "canary" } else { "blueGreen" };
            let path = match error.path.strip_prefix("spec.strategy.") {
                Some("strategy") => "spec.strategy".to_owned(),
                Some(rest) if !rest.starts_with("canary.") && !rest.starts_with("blueGreen.") => {
                    ["spec.strategy.", strategy, ".", rest].concat()
                }
                _ => error.path.clone(),
            };
            let name = self.document.name();
            let message = format!("InvalidSpec: The Rollout {} is invalid: {error}", quote(name));
            let diagnostic = self.at(&path, message).with_severity(Severity::Warning);
            self.push(diagnostic.with_hint("hint.invalid-rollout", &[]));
        }
    }

    /// Images that the API server takes and no kubelet can make sense of.
    fn images(&mut self, value: &Value) {
        let spec = match self.document.kind() {
            "Pod" => "spec",
            "CronJob" => "spec.jobTemplate.spec.template.spec",
            _ => "spec.template.spec",
        };
        let path: Vec<&str> = spec.split('.').collect();
        let Some(pod) = value.at(&path) else { return };
        for list in ["initContainers", "containers"] {
            let containers = pod.get(list).and_then(Value::as_list).unwrap_or_default();
            for (i, container) in containers.iter().enumerate() {
                let Some(image) = container.str_at(&["image"]) else { continue };
                let Some(problem) = crate::image::problem(image) else { continue };
                let message = format!("couldn't parse image name {}: {problem}", quote(image));
                let diagnostic =
                    self.at(&format!("{spec}.{list}[{i}].image"), message).with_severity(Severity::Warning);
                let diagnostic = match (characters::placeholder(image), image.chars().next()) {
                    (Some(hint), _) => diagnostic.with_hint(hint, &[]),
                    (None, Some(quote @ ('“' | '”' | '‘' | '’'))) => {
                        diagnostic.with_hint("hint.character-instead", &[("value", &quote.to_string())])
                    }
                    _ => diagnostic.with_hint("hint.image", &[]),
                };
                self.push(diagnostic);
            }
        }
    }

    fn refused(&mut self, refusal: &client::Refusal) {
        match refusal.reason {
            Reason::NotAnObject => {
                let message = format!("{} not set", refusal.path);
                let diagnostic = self.at(&refusal.path, message);
                let diagnostic = match pasted::kind_of(&self.document.value, "") {
                    Some(hint) => diagnostic.with_hint(hint, &[]),
                    None => diagnostic.with_hint("hint.not-set", &[("field", &refusal.path)]),
                };
                self.push(diagnostic);
            }
            Reason::Metadata => {
                let ty = Type::of(self.document.api_version(), self.document.kind());
                let report = match ty {
                    Some(ty) => inspect(&self.document.value, ty),
                    None => refusal.report.clone(),
                };
                self.decoding(&report);
            }
            Reason::UnknownKind => self.unknown_kind(),
        }
    }

    fn unknown_kind(&mut self) {
        let (version, kind) = (self.document.api_version(), self.document.kind());
        let message = format!("no matches for kind {} in version {}", quote(kind), quote(version));
        let versions: Vec<&str> =
            kinds().filter(|(_, name)| *name == kind).map(|(version, _)| version).collect();
        if let Some(right) = versions.first() {
            let mut diagnostic = self
                .at("apiVersion", message)
                .with_hint("hint.other-version", &[("kind", kind), ("version", right)]);
            diagnostic.fix = Some(Fix { span: diagnostic.span, text: (*right).to_owned() });
            self.push(diagnostic);
            return;
        }
        let meant = nearest(kind, kinds().map(|(_, name)| name));
        let mut diagnostic = self.at("kind", message);
        if let Some(meant) = meant {
            diagnostic.fix = Some(Fix { span: diagnostic.span, text: meant.to_owned() });
            diagnostic = diagnostic.with_hint("hint.did-you-mean", &[("name", meant)]);
        } else {
            let group = version.split_once('/').map_or("", |(group, _)| group);
            let hint = match (group, kind) {
                ("kustomize.config.k8s.io", _) => "hint.pasted-kustomization",
                ("", "Config") => "hint.pasted-kubeconfig",
                ("policy", "PodSecurityPolicy") => "hint.removed-psp",
                ("flagger.app", "Canary" | "MetricTemplate" | "AlertProvider") => "hint.flagger",
                (group, _) if group.contains('.') && !group.ends_with(".k8s.io") => "hint.custom-kind",
                _ => "hint.unknown-kind",
            };
            diagnostic = diagnostic.with_hint(hint, &[("kind", kind), ("group", group)]);
        }
        self.push(diagnostic);
    }

    fn decoding(&mut self, report: &Report) {
        for finding in &report.unknown {
            let diagnostic = self.unknown_field(finding);
            self.push(diagnostic);
        }
        for finding in &report.wrong {
            let diagnostic = self.wrong_type(finding);
            self.push(diagnostic);
        }
    }

    fn unknown_field(&self, finding: &Finding) -> Diagnostic {
        let place = self.document.root.locate(&finding.path);
        let span = place.key.unwrap_or(place.value);
        let name = finding.path.rsplit('.').next().unwrap_or_default();
        let diagnostic = Diagnostic::error(&finding.message, span).with_path(&finding.path);
        let FindingKind::Unknown { nearest: Some(meant) } = finding.kind else {
            return diagnostic.with_hint("hint.unknown-field", &[("field", name)]);
        };
        let mut diagnostic = diagnostic.with_hint("hint.did-you-mean", &[("name", meant)]);
        diagnostic.fix = Some(Fix { span, text: meant.to_owned() });
        diagnostic
    }

    fn wrong_type(&self, finding: &Finding) -> Diagnostic {
        let FindingKind::Type { wanted } = finding.kind else { return self.unknown_field(finding) };
        let place = self.document.root.locate(&finding.path);
        let mut diagnostic = Diagnostic::error(&finding.message, place.best()).with_path(&finding.path);
        let written = self.slice(place.value);
        let node = self.document.root.descend(&finding.path);
        let scalar = node.is_some_and(|node| matches!(node.content, Content::Scalar(_)));
        if let Some(hint) = characters::placeholder(written).filter(|_| scalar && wanted != "string") {
            return diagnostic.with_hint(hint, &[]);
        }
        if let (Some((key, value)), false) = (no_space(written), matches!(wanted, "string" | "intstr"))
            && scalar
        {
            diagnostic.fix = Some(Fix { span: place.value, text: [key, ": ", value].concat() });
            return diagnostic.with_hint("hint.space-after-colon", &[("key", key), ("value", value)]);
        }
        if wanted == "string" && scalar {
            let word = matches!(
                written.to_lowercase().as_str(),
                "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false"
            );
            let key = if word { "hint.quote-word" } else { "hint.quote" };
            diagnostic.fix = Some(Fix { span: place.value, text: quote(written) });
            return diagnostic.with_hint(key, &[("value", written)]);
        }
        let key = match wanted {
            "string" => "hint.wants-text",
            "int32" | "int64" | "number" => "hint.wants-number",
            "bool" => "hint.wants-bool",
            "list" => "hint.wants-list",
            "quantity" => "hint.wants-quantity",
            "time" | "microtime" => "hint.wants-time",
            "duration" => "hint.wants-duration",
            "bytes" => "hint.wants-base64",
            "intstr" => "hint.wants-number-or-text",
            _ => "hint.wants-map",
        };
        diagnostic.with_hint(key, &[("value", written)])
    }

    /// The document's text.
    fn source(&self) -> &str {
        let span = self.document.root.span;
        self.text.get(span.start.offset as usize..span.end.offset as usize).unwrap_or_default()
    }

    fn slice(&self, span: Span) -> &str {
        let text = self.text.get(span.start.offset as usize..span.end.offset as usize).unwrap_or("");
        let line = text.lines().next().unwrap_or("");
        let end = line.char_indices().nth(60).map_or(line.len(), |(at, _)| at);
        line.get(..end).unwrap_or(line)
    }

    fn field_error(&mut self, error: &FieldError) {
        // Two places upstream names otherwise than the document has them.
        let path = error
            .path
            .replace(".template.labels", ".template.metadata.labels")
            .replace("metadata.taints", "spec.taints");
        let field = path.rsplit(['.', '[']).next().unwrap_or_default().trim_end_matches(']').to_owned();
        let mut diagnostic = self.at(&path, error.to_string());
        let detail = error.detail.as_str();
        let has = |part: &str| detail.contains(part);
        let (key, values): (&'static str, Vec<(&'static str, String)>) = match error.kind {
            _ if characters::placeholder(&error.value).is_some() => {
                (characters::placeholder(&error.value).unwrap_or_default(), Vec::new())
            }
            _ if has("range of valid ports is") => ("hint.node-port", Vec::new()),
            _ if has("does not match template") => ("hint.selector-labels", Vec::new()),
            _ if has("when `maxSurge` is 0") => ("hint.surge-zero", Vec::new()),
            _ if has("field is immutable") => ("hint.immutable", vec![("field", field)]),
            _ if has(" limit of ") => ("hint.request-over-limit", Vec::new()),
            _ if has("valid percent string") => ("hint.percent", Vec::new()),
            _ if has("between 1 and 65535") => ("hint.port-range", Vec::new()),
            _ if has("alphanumeric characters, '-', '_' or '.'") => ("hint.label-letters", Vec::new()),
            _ if has("regex used for validation") || has("must be no more than") => {
                ("hint.name-letters", Vec::new())
            }
            _ if has("greater than or equal to 0") => ("hint.not-negative", Vec::new()),
            Kind::Required => ("hint.required", vec![("field", field)]),
            Kind::Duplicate => ("hint.duplicate", vec![("value", error.value.clone())]),
            Kind::NotFound => ("hint.not-found", vec![("value", error.value.clone())]),
            Kind::NotSupported => {
                let words: Vec<&str> = detail.split('"').skip(1).step_by(2).collect();
                let given = error.value.trim_matches('"');
                if let Some(meant) = nearest(given, words.iter().copied()) {
                    diagnostic.fix = Some(Fix { span: diagnostic.span, text: meant.to_owned() });
                }
                ("hint.unsupported", vec![("values", words.join(", "))])
            }
            _ => return self.push(diagnostic),
        };
        let values: Vec<(&'static str, &str)> =
            values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.push(diagnostic.with_hint(key, &values));
    }

    fn not_simulated(&mut self, ty: Type) {
        let (value, kind) = (&self.document.value, self.document.kind());
        let found = simulated(value, kind, ty);
        if found.kind_missing {
            let place = self.document.root.locate("kind");
            let diagnostic = Diagnostic::error(format!("{kind} is valid, but not simulated"), place.value)
                .with_severity(Severity::NotSimulated)
                .with_path("kind")
                .with_hint("hint.not-simulated-kind", &[("kind", kind)]);
            return self.push(diagnostic);
        }
        for path in found.fields {
            let place = self.document.root.locate(&path);
            let name = path.rsplit('.').next().unwrap_or_default().to_owned();
            let diagnostic = Diagnostic::error(
                format!("{path} is valid, but not simulated"),
                place.key.unwrap_or(place.value),
            )
            .with_severity(Severity::NotSimulated)
            .with_path(&path)
            .with_hint("hint.not-simulated-field", &[("field", &name)]);
            self.push(diagnostic);
        }
    }

    /// One of our own documents against its type; says whether it fits.
    fn typed(&mut self, name: &str) -> bool {
        let Some(ty) = Type::named(name) else { return false };
        let report = inspect(&self.document.value, ty);
        self.decoding(&report);
        report.wrong.is_empty()
    }

    fn file(&mut self) {
        if !self.typed("File") {
            return;
        }
        for field in ["path", "content"] {
            if self.document.value.get(field).is_none_or(Value::is_null) {
                self.field_error(&FieldError::required(field, ""));
            }
        }
    }

    fn lab(&mut self, checked: &Checked) {
        let version = self.document.api_version();
        if version != lab::API_VERSION {
            return self.unknown_kind();
        }
        if !self.typed("Lab") {
            return;
        }
        let lab: Lab = match from_value(&self.document.value) {
            Ok(lab) => lab,
            Err(error) => return self.bad_lab(&error.0),
        };
        for error in lab::validate(&lab) {
            self.field_error(&error);
        }
        let files: Vec<&str> = checked.files.iter().filter_map(|file| file.name.as_deref()).collect();
        for (i, step) in lab.spec.steps.iter().enumerate() {
            if step.when.is_none() && self.document.root.descend(&format!("spec.steps[{i}].at")).is_none() {
                let why = "when it happens: a time, or `when` with a condition";
                self.field_error(&FieldError::required(format!("spec.steps[{i}].at"), why));
            }
            for (j, action) in step.actions.iter().enumerate() {
                let Some(file) = action.apply.as_deref().filter(|file| !files.contains(file)) else {
                    continue;
                };
                let path = format!("spec.steps[{i}].actions[{j}].apply");
                let mut diagnostic = self
                    .at(&path, format!("error: the path {} does not exist", quote(file)))
                    .with_hint("hint.no-such-file", &[("file", file)]);
                if let Some(meant) = nearest(file, files.iter().copied()) {
                    diagnostic.fix = Some(Fix { span: diagnostic.span, text: meant.to_owned() });
                }
                self.push(diagnostic);
            }
        }
    }

    /// What the types of a lab refuse beyond the table: only the operator of a check is an enumeration.
    fn bad_lab(&mut self, message: &str) {
        let list = |name: &str| {
            self.document
                .value
                .at(&["spec", name])
                .and_then(Value::as_list)
                .unwrap_or_default()
                .iter()
                .enumerate()
        };
        let checks = list("checks").map(|(i, check)| (format!("spec.checks[{i}].op"), check.str_at(&["op"])));
        let steps =
            list("steps").map(|(i, step)| (format!("spec.steps[{i}].when.op"), step.str_at(&["when", "op"])));
        let wrong = checks.chain(steps).find(|(_, op)| op.is_some_and(|op| !lab::Op::ALL.contains(&op)));
        if let Some((path, Some(op))) = wrong {
            let words: Vec<String> = lab::Op::ALL.iter().map(|word| quote(word)).collect();
            let message =
                format!("{path}: Unsupported value: {}: supported values: {}", quote(op), words.join(", "));
            let diagnostic = self
                .at(&path, message)
                .with_hint("hint.unsupported", &[("values", &lab::Op::ALL.join(", "))]);
            return self.push(diagnostic);
        }
        let diagnostic = self.at("spec", message);
        self.push(diagnostic);
    }
}

/// `name:web`: a key and a value without a space between them.
fn no_space(written: &str) -> Option<(&str, &str)> {
    let (key, value) = written.split_once(':')?;
    let key_like = key.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (key_like && !value.is_empty() && !value.starts_with([' ', '/'])).then_some((key, value))
}

/// The same object twice: the second one is applied over the first.
fn repeated(checked: &Checked, found: &mut Vec<Diagnostic>) {
    let mut seen = Seen::default();
    let mut labs = 0;
    for (index, document) in checked.documents.iter().enumerate() {
        let place = document.root.locate("metadata.name");
        let mut twice = |message: String, hint: &'static str, span: Span| {
            let mut diagnostic =
                Diagnostic::error(message, span).with_severity(Severity::Warning).with_hint(hint, &[]);
            diagnostic.document = index;
            diagnostic.file.clone_from(&document.file);
            found.push(diagnostic);
        };
        if document.role == Role::Lab {
            labs += 1;
            if labs > 1 {
                twice(
                    "a text has one Lab document; this one is ignored".to_owned(),
                    "hint.second-lab",
                    place.best(),
                );
            }
        }
        if document.role != Role::Object || document.name().is_empty() {
            continue;
        }
        let group = document.api_version().split_once('/').map_or("", |(group, _)| group);
        let namespace = document.value.str_at(&["metadata", "namespace"]).unwrap_or("default");
        let namespace = if validation::namespaced(group, document.kind()) { namespace } else { "" };
        // The lanes of a text are worlds of their own.
        let lane = document.value.str_at(&["metadata", "annotations", lab::LANE]).unwrap_or_default();
        let key = [group, document.kind(), namespace, document.name(), lane].join("/");
        if !seen.insert(&key) {
            let message =
                format!("{} {} appears more than once", document.kind(), golang::quote(document.name()));
            twice(message, "hint.same-object", place.best());
        }
    }
}

fn too_many_pods(checked: &Checked, found: &mut Vec<Diagnostic>) {
    let mut total = 0_i64;
    for (index, document) in checked.documents.iter().enumerate() {
        if document.role != Role::Object
            || !matches!(document.kind(), "Deployment" | "ReplicaSet" | "StatefulSet" | "Rollout")
        {
            continue;
        }
        let Some(replicas) = document.value.at(&["spec", "replicas"]).and_then(Value::as_int) else {
            continue;
        };
        total = total.saturating_add(replicas.max(0));
        if total > MAX_PODS {
            let place = document.root.locate("spec.replicas");
            let message =
                format!("spec.replicas: Invalid value: {replicas}: a lab may have at most {MAX_PODS} pods");
            let mut diagnostic = Diagnostic::error(message, place.best())
                .with_path("spec.replicas")
                .with_hint("hint.too-many-pods", &[("most", &MAX_PODS.to_string())]);
            diagnostic.document = index;
            diagnostic.file.clone_from(&document.file);
            found.push(diagnostic);
            return;
        }
    }
}
