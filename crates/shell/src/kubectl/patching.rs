//! `kubectl patch` (k8s.io/kubectl/pkg/cmd/patch).

use opscape_cluster::{Details, Request, Status, WriteOptions};
use opscape_manifest::api::Object;
use opscape_manifest::diagnostic::{Position, Severity};
use opscape_manifest::golang::quote;
use opscape_manifest::patch;
use opscape_manifest::schema::{Type, inspect, normalize, patch_refusal};
use opscape_manifest::tree::{self, Limits};
use opscape_manifest::value::Value;

use super::apply::{patch_checked, refused_patch};
use super::delete::DryRun;
use super::get::present;
use super::print::text;
use super::target::Missing;
use super::{Call, Failure, Next, Outcome, usage, words};

pub(super) const FLAGS: &str = "p|patch= patch-file= type= local! f|filename* R|recursive! k|kustomize= o|output= \
    dry-run?unchanged subresource= field-manager= validate?warn";

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let source = match (call.flags.text("patch"), call.flags.text("patch-file")) {
        (Some(patch), _) => patch.to_owned(),
        (None, Some(path)) => match call.scope.shell.file(call.scope.world, path) {
            Some(text) => text,
            None => {
                return words(format!("unable to read patch file: open {path}: no such file or directory"));
            }
        },
        (None, None) => {
            return usage("must specify --patch or --patch-file containing the contents of the patch");
        }
    };
    let kind = call.flags.text("type").unwrap_or("strategic").to_ascii_lowercase();
    if !matches!(kind.as_str(), "json" | "merge" | "strategic") {
        return usage(format!("--type must be one of [json merge strategic], not {}", quote(&kind)));
    }
    let parsed = tree::parse(&source, Position { line: 1, column: 1, offset: 0 }, Limits::default());
    if let Some(broken) = parsed.diagnostics.iter().find(|found| found.severity == Severity::Error) {
        return words(format!("unable to parse {}: {}", quote(&source), broken.message));
    }
    let Some(patch) = parsed.root.map(|root| root.to_value()) else {
        return words(format!("unable to parse {}: yaml: unexpected end", quote(&source)));
    };
    let status = match call.flags.text("subresource") {
        None | Some("" | "scale" | "resize") => false,
        Some("status") => true,
        Some(other) => {
            let other = quote(other);
            return words(format!(
                "invalid subresource value: {other}. Must be one of [status scale resize]"
            ));
        }
    };
    let dry_run = call.dry_run()?;
    let targets = call.given_targets(Missing::IsAnError)?;
    let (found, mut failures) = present(targets.found);
    for (target, object) in found {
        let before = object.to_value();
        let done = patched(&kind, &before, patch.clone(), call).and_then(|value| {
            if value == before { Ok(object) } else { written(&value, status, dry_run, call) }
        });
        match done {
            Ok(after) => {
                let changed = without_version(&after)
                    != without_version(&Object::from_value(&before).unwrap_or(after.clone()));
                let verb = if changed { "patched" } else { "patched (no change)" };
                call.done(&target, &after, verb, dry_run)?;
            }
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

fn without_version(object: &Object) -> Value {
    let mut value = object.to_value();
    super::literal::remove(&mut value, &["metadata", "resourceVersion"]);
    value
}

/// Writes what a patch made; `status`: only that, as `--subresource=status` asks.
fn written(value: &Value, status: bool, dry_run: DryRun, call: &mut Call<'_, '_>) -> Result<Object, Failure> {
    if !status || dry_run == DryRun::Client {
        return call.write(value, dry_run);
    }
    let object = Object::from_value(value).map_err(|error| Failure::Api(Status::bad_request(error.0)))?;
    let options = WriteOptions { dry_run: dry_run == DryRun::Server };
    Ok(call.scope.world.request(Request::Status(object, options))?)
}

fn patched(kind: &str, before: &Value, mut patch: Value, call: &mut Call<'_, '_>) -> Result<Value, Failure> {
    let Some(ty) = Type::of(text(before, "apiVersion"), text(before, "kind")) else {
        return words("no schema of this kind");
    };
    if kind == "strategic" {
        return patch_checked(before, &mut patch, ty, call);
    }
    let shown = opscape_manifest::print::to_json(&patch);
    let after = if kind == "merge" {
        patch::merge(before, &patch)
    } else {
        patch::json_patch(before, &patch).map_err(|_| {
            let message = "the server rejected our request due to an error in our request".to_owned();
            Failure::Api(Status::invalid(message, Details::default()))
        })?
    };
    let mut report = inspect(&after, ty);
    for finding in report.unknown.drain(..) {
        call.warn(&format!("Warning: {}", finding.message));
    }
    match patch_refusal(&report) {
        Some(why) => Err(refused_patch(&quote(&shown), &why)),
        None => Ok(normalize(&after, ty)),
    }
}
