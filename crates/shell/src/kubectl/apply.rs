//! `kubectl apply` and `kubectl replace` (k8s.io/kubectl/pkg/cmd/apply, replace).

use opscape_cluster::{Cause, DeleteOptions, Details, Status};
use opscape_manifest::api::Object;
use opscape_manifest::convert;
use opscape_manifest::golang::{quote, sprint};
use opscape_manifest::patch;
use opscape_manifest::print::to_json;
use opscape_manifest::schema::{Type, inspect, normalize, patch_refusal};
use opscape_manifest::validation;
use opscape_manifest::value::{Map, Value};

pub(super) use opscape_manifest::patch::LAST_APPLIED;

use super::create::Validate;
use super::delete::DryRun;
use super::files::Manifest;
use super::format::{Format, label, list_of};
use super::literal::slot;
use super::print::text;
use super::{Call, Failure, Next, Outcome, words};

pub(super) const FLAGS: &str = "f|filename* R|recursive! k|kustomize= o|output= dry-run?unchanged validate?strict \
    server-side! force-conflicts! overwrite! prune! prune-allowlist& all! l|selector= field-manager= cascade?background \
    force! grace-period# timeout~ wait! openapi-patch! show-managed-fields! template= allow-missing-template-keys!";

/// The annotation that remembers a document.
pub(super) fn last_applied(document: &Value) -> String {
    let sent = patch::modified(document, None);
    sent.at(&["metadata", "annotations"])
        .and_then(|found| found.str_at(&[LAST_APPLIED]))
        .unwrap_or("")
        .to_owned()
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let dry_run = call.dry_run()?;
    let server_side = call.flags.truth("server-side");
    if server_side && dry_run == DryRun::Client {
        return words(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        );
    }
    if !call.flags.given("filename") {
        return words("must specify one of -f and -k");
    }
    if call.flags.truth("prune") && !call.flags.truth("all") && !call.flags.given("selector") {
        return words(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
        );
    }
    let format = call.flags.text("output").map(|format| Format::parse(format, false)).transpose()?;
    let (manifests, mut failures) = super::files::read(call)?;
    if manifests.is_empty() && failures.is_empty() {
        return words("no objects passed to apply");
    }
    let mut shown = Vec::new();
    for manifest in manifests {
        let done = if server_side {
            apply_on_server(&manifest, dry_run, call)
        } else {
            apply(&manifest, dry_run, call)
        };
        match done {
            Ok((value, verb)) => {
                if format.is_none() {
                    call.say(&format!("{} {verb}{}", label(&value), dry_run.suffix()));
                } else {
                    shown.push(value);
                }
            }
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(format) = &format {
        let value = if shown.len() == 1 { shown.remove(0) } else { list_of(shown) };
        let text = format.print(&value)?;
        call.io.out(&text);
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

impl Call<'_, '_> {
    /// What the API server warns of.
    pub(super) fn warn_of(&mut self, object: &Object) {
        for (_, warning) in validation::warnings(&object.to_value()) {
            self.warn(&format!("Warning: {warning}"));
        }
    }
}

fn apply(
    manifest: &Manifest,
    dry_run: DryRun,
    call: &mut Call<'_, '_>,
) -> Result<(Value, &'static str), Failure> {
    let namespace = manifest.resource.namespaced.then_some(manifest.namespace.as_str());
    let modified = patch::modified(&manifest.value, namespace);
    // The live object is compared in the version of the document.
    let version = text(&manifest.value, "apiVersion");
    let current = if let Ok(current) = call.read(manifest.resource, &manifest.namespace, &manifest.name) {
        convert::served(current.to_value(), version)
    } else {
        if dry_run == DryRun::Client {
            return Ok((modified, "created"));
        }
        let created = call
            .create_checked(&modified, dry_run == DryRun::Server)
            .map_err(|failure| failure.when("creating", &manifest.source))?;
        call.warn_of(&created);
        return Ok((convert::served(created.to_value(), version), "created"));
    };
    let original = patch::last_applied(&current);
    if original.is_none() {
        call.warn(&format!(
            "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
            manifest.resource.plural, manifest.name
        ));
    }
    let Some(ty) = Type::of(text(&current, "apiVersion"), text(&current, "kind")) else {
        return words(format!("no schema of {}", manifest.resource.kind));
    };
    let mut sent = patch::three_way(original.as_ref(), &modified, &current, ty).map_err(Failure::Words)?;
    if sent == Value::Map(Map::new()) {
        return Ok((current, "unchanged"));
    }
    if current.at(&["metadata", "deletionTimestamp"]).is_some() {
        call.warn(&format!(
            "Warning: Detected changes to resource {} which is currently being deleted.",
            manifest.name
        ));
    }
    let shown = to_json(&sent);
    let when = |failure: Failure| {
        let (resource, group_version) = (manifest.resource, manifest.resource.api_version);
        let verb = format!(
            "applying patch:\n{shown}\nto:\nResource: \"{group_version}, Resource={}\", GroupVersionKind: \"{group_version}, Kind={}\"\nName: \"{}\", Namespace: \"{}\"\nfor:",
            resource.plural, resource.kind, manifest.name, manifest.namespace
        );
        failure.when(&verb, &manifest.source)
    };
    let value = patch_checked(&current, &mut sent, ty, call).map_err(when)?;
    let written = call.write(&value, dry_run).map_err(|failure| {
        let failure = match failure {
            // Validation's words need no patch around them.
            Failure::Api(status) if status.reason == "Invalid" => return Failure::Api(status),
            other => other,
        };
        when(failure)
    })?;
    call.warn_of(&written);
    Ok((convert::served(written.to_value(), version), "configured"))
}

/// The object after a strategic merge patch, as the API server decodes it.
pub(super) fn patch_checked(
    current: &Value,
    sent: &mut Value,
    ty: Type,
    call: &mut Call<'_, '_>,
) -> Result<Value, Failure> {
    let patched =
        patch::strategic(current, sent, ty).map_err(|why| Failure::Api(Status::bad_request(why)))?;
    let mut report = inspect(&patched, ty);
    match call.validate()? {
        Validate::Strict => {}
        Validate::Warn => {
            for finding in report.unknown.drain(..) {
                call.warn(&format!("Warning: {}", finding.message));
            }
        }
        Validate::Ignore => report.unknown.clear(),
    }
    if let Some(why) = patch_refusal(&report) {
        return Err(refused_patch(&quote(&sprint(sent)), &why));
    }
    Ok(normalize(&patched, ty))
}

/// The API server's answer to a patch whose result makes no sense. `shown` is the patch, quoted.
pub(super) fn refused_patch(shown: &str, why: &str) -> Failure {
    let cause = Cause {
        reason: "FieldValueInvalid".into(),
        message: format!("Invalid value: {shown}: {why}"),
        field: "patch".to_owned(),
    };
    let details = Details { causes: vec![cause], ..Details::default() };
    Failure::Api(Status::invalid(format!(" \"\" is invalid: patch: Invalid value: {shown}: {why}"), details))
}

/// `--server-side`: the fields of the document are set, others stay.
fn apply_on_server(
    manifest: &Manifest,
    dry_run: DryRun,
    call: &mut Call<'_, '_>,
) -> Result<(Value, &'static str), Failure> {
    let dry = dry_run == DryRun::Server;
    let written = match call.read(manifest.resource, &manifest.namespace, &manifest.name) {
        Err(_) => call.create_checked(&manifest.value, dry)?,
        Ok(current) => {
            let current = current.to_value();
            let Some(ty) = Type::of(text(&current, "apiVersion"), text(&current, "kind")) else {
                return words(format!("no schema of {}", manifest.resource.kind));
            };
            let mut sent = manifest.value.clone();
            let value = patch_checked(&current, &mut sent, ty, call)?;
            call.update(&value, dry)?
        }
    };
    Ok((written.to_value(), "serverside-applied"))
}

pub(super) const REPLACE_FLAGS: &str = "f|filename* R|recursive! k|kustomize= o|output= dry-run?unchanged \
    validate?strict save-config! force! cascade?background grace-period# timeout~ wait! raw= subresource= \
    field-manager=";

pub(super) fn replace(call: &mut Call<'_, '_>) -> Outcome {
    if !call.flags.given("filename") {
        return Err(Failure::Raw(
            "error: must specify one of -f and -k\nSee 'kubectl replace -h' for help and examples".to_owned(),
        ));
    }
    let dry_run = call.dry_run()?;
    let format = call.flags.text("output").map(|format| Format::parse(format, false)).transpose()?;
    let (manifests, mut failures) = super::files::read(call)?;
    if manifests.is_empty() && failures.is_empty() {
        return words("no objects passed to replace");
    }
    for manifest in manifests {
        match replace_one(&manifest, dry_run, call) {
            Ok(value) => match &format {
                None => call.say(&format!("{} replaced{}", label(&value), dry_run.suffix())),
                Some(format) => {
                    let text = format.print(&value)?;
                    call.io.out(&text);
                }
            },
            Err(failure) => failures.push(failure.when("replacing", &manifest.source)),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

fn replace_one(manifest: &Manifest, dry_run: DryRun, call: &mut Call<'_, '_>) -> Result<Value, Failure> {
    let mut value = manifest.value.clone();
    if call.flags.truth("save-config") {
        let applied = last_applied(&value);
        *slot(&mut value, &["metadata", "annotations", LAST_APPLIED]) = Value::from(applied);
    }
    if dry_run == DryRun::Client {
        return Ok(value);
    }
    let dry = dry_run == DryRun::Server;
    let checked = call.decode_strictly(&value)?;
    if call.flags.truth("force") && !dry {
        if let Ok(found) = call.read(manifest.resource, &manifest.namespace, &manifest.name) {
            let options = DeleteOptions { grace: Some(0), ..DeleteOptions::default() };
            call.delete(found.key(), options)?;
            let place = if manifest.resource.namespaced {
                format!(" from {} namespace", manifest.namespace)
            } else {
                String::new()
            };
            let kind = manifest.resource.qualified_kind();
            call.say(&format!("{kind} \"{}\" deleted{place}", manifest.name));
        }
        return Ok(call.create(&checked, false)?.to_value());
    }
    call.read(manifest.resource, &manifest.namespace, &manifest.name)?;
    Ok(call.update(&checked, dry)?.to_value())
}
