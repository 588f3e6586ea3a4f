//! `kubectl create`: from files, and objects made from flags (k8s.io/kubectl/pkg/cmd/create).

mod access;
mod config;
mod network;
mod policy;
mod workloads;

pub(super) use access::*;
pub(super) use config::*;
pub(super) use network::*;
pub(super) use policy::*;
pub(super) use workloads::*;

use opscape_cluster::Status;
use opscape_manifest::api::Object;
use opscape_manifest::schema::{Type, bad_request, inspect, normalize};
use opscape_manifest::value::Value;

use super::apply::last_applied;
use super::delete::DryRun;
use super::format::{Format, label};
use super::literal::{map, slot};
use super::{Call, Failure, Next, Outcome, usage, words};

pub(super) const FLAGS: &str = "f|filename* R|recursive! k|kustomize= o|output= dry-run?unchanged validate?strict \
    save-config! edit! raw= l|selector= windows-line-endings! field-manager= show-managed-fields! template= \
    allow-missing-template-keys!";

/// `--validate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validate {
    Strict,
    Warn,
    Ignore,
}

impl Call<'_, '_> {
    pub(super) fn validate(&self) -> Result<Validate, Failure> {
        match self.flags.text("validate") {
            None | Some("strict" | "true") => Ok(Validate::Strict),
            Some("warn") => Ok(Validate::Warn),
            Some("ignore" | "false") => Ok(Validate::Ignore),
            Some(other) => words(format!(
                "invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)"
            )),
        }
    }

    /// Sends a document as the API server's decoder takes it: unknown fields and wrong types are refused or warned of.
    pub(super) fn create_checked(&mut self, value: &Value, dry_run: bool) -> Result<Object, Failure> {
        let checked = self.decode_strictly(value)?;
        self.create(&checked, dry_run)
    }

    /// The document without what its type does not know.
    pub(super) fn decode_strictly(&mut self, value: &Value) -> Result<Value, Failure> {
        let (api_version, kind) =
            (super::print::text(value, "apiVersion"), super::print::text(value, "kind"));
        let Some(ty) = Type::of(api_version, kind) else { return Ok(value.clone()) };
        let mut report = inspect(value, ty);
        match self.validate()? {
            Validate::Strict => {}
            Validate::Warn => {
                for finding in report.unknown.drain(..) {
                    self.warn(&format!("Warning: {}", finding.message));
                }
            }
            Validate::Ignore => report.unknown.clear(),
        }
        match bad_request(kind, api_version, &report) {
            Some(message) => Err(Failure::Api(Status::bad_request(message))),
            None => Ok(normalize(value, ty)),
        }
    }

    /// Whether made objects name their namespace: with `-n`, or when the current one is not the default.
    fn shown_namespace(&self) -> Value {
        let namespace = self.namespace();
        if self.flags.given("namespace") || namespace != "default" {
            Value::from(namespace)
        } else {
            Value::Null
        }
    }

    /// The metadata of a made object in the namespace of the command.
    pub(super) fn metadata(&self, name: &str) -> Value {
        map([("name", Value::from(name)), ("namespace", self.shown_namespace())])
    }

    /// Creates a made object and says `NAME VERB`, or shows it in the form of `-o`.
    pub(super) fn create_and_say(&mut self, value: Value, verb: &str) -> Result<(), Failure> {
        let dry_run = self.dry_run()?;
        let (shown, name) = if dry_run == DryRun::Client {
            (value.clone(), label(&value))
        } else {
            let mut sent = value;
            let namespaced = super::Resource::of(
                super::print::text(&sent, "apiVersion"),
                super::print::text(&sent, "kind"),
            )
            .is_none_or(|resource| resource.namespaced);
            if namespaced {
                *slot(&mut sent, &["metadata", "namespace"]) = Value::from(self.namespace());
            }
            if self.flags.truth("save-config") {
                let applied = last_applied(&sent);
                *slot(&mut sent, &["metadata", "annotations", super::apply::LAST_APPLIED]) =
                    Value::from(applied);
            }
            let object = self.create(&sent, dry_run == DryRun::Server)?;
            let value = object.to_value();
            let name = label(&value);
            (value, name)
        };
        match self.flags.text("output") {
            None | Some("") => self.say(&format!("{name} {verb}{}", dry_run.suffix())),
            Some(format) => {
                let text = Format::parse(format, false)?.print(&shown)?;
                self.io.out(&text);
            }
        }
        Ok(())
    }

    /// Creates an object of `kubectl create KIND`; a refusal is said in the words of that command.
    fn make(&mut self, what: &str, value: Value) -> Outcome {
        match self.create_and_say(value, "created") {
            Ok(()) => Ok(Next::Done),
            Err(Failure::Api(status)) => words(format!("failed to create {what}: {}", status.message)),
            Err(other) => Err(other),
        }
    }

    /// The name of the object to be made: the only argument.
    fn name_argument(&self) -> Result<String, Failure> {
        let before_dash = self.flags.dash.unwrap_or(self.args().len());
        match self.args().get(..before_dash).unwrap_or_default() {
            [name] => Ok(name.clone()),
            given => usage(format!("exactly one NAME is required, got {}", given.len())),
        }
    }

    /// What stands behind `--`.
    pub(super) fn behind_dash(&self) -> Vec<String> {
        self.flags.dash.and_then(|dash| self.args().get(dash..)).unwrap_or_default().to_vec()
    }
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    if !call.flags.given("filename") {
        if let Some(word) = call.args().first() {
            return Err(Failure::Raw(format!(
                "error: Unexpected args: {:?}\nSee 'kubectl create -h' for help and examples",
                [word]
            )));
        }
        return words("must specify one of -f and -k");
    }
    let dry_run = call.dry_run()?;
    let format = call.flags.text("output").map(|format| Format::parse(format, false)).transpose()?;
    let (manifests, mut failures) = super::files::read(call)?;
    if manifests.is_empty() && failures.is_empty() {
        return words("no objects passed to create");
    }
    for manifest in manifests {
        let mut value = manifest.value;
        if call.flags.truth("save-config") {
            let applied = last_applied(&value);
            *slot(&mut value, &["metadata", "annotations", super::apply::LAST_APPLIED]) =
                Value::from(applied);
        }
        let done = match dry_run {
            DryRun::Client => Ok(value),
            _ => call.create_checked(&value, dry_run == DryRun::Server).map(|object| object.to_value()),
        };
        match done {
            Ok(value) => match &format {
                None => call.say(&format!("{} created{}", label(&value), dry_run.suffix())),
                Some(format) => {
                    let text = format.print(&value)?;
                    call.io.out(&text);
                }
            },
            Err(failure) => failures.push(failure.when("creating", &manifest.source)),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}
