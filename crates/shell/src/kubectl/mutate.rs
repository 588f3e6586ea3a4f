//! Commands that change a part of objects: label, annotate, cordon, uncordon, taint.

use opscape_manifest::api::Object;
use opscape_manifest::names;
use opscape_manifest::value::{Map, Value};

use super::delete::DryRun;
use super::get::{Present, present};
use super::literal::{edit_list, map, remove, slot, some_text};
use super::print::{at, list, text};
use super::target::{Missing, Target, Targets};
use super::{Call, Failure, Next, Outcome, usage, words};

pub(super) const LABEL_FLAGS: &str = "overwrite! list! all! A|all-namespaces! l|selector= field-selector= local! \
    resource-version= f|filename* o|output= dry-run?unchanged field-manager= R|recursive! k|kustomize=";

impl Call<'_, '_> {
    /// The objects of `-f`, or of the arguments.
    pub fn given_targets(&mut self, missing: Missing) -> Result<Targets, Failure> {
        let args = self.args().to_vec();
        self.targets_of(&args, missing)
    }

    /// The objects of `-f`, or of these arguments.
    pub fn targets_of(&mut self, args: &[String], missing: Missing) -> Result<Targets, Failure> {
        if self.flags.given("filename") { super::files::targets(self) } else { self.targets(args, missing) }
    }

    /// Says what was done to an object, or prints it in the form of `-o`.
    pub fn done(
        &mut self,
        target: &Target,
        object: &Object,
        verb: &str,
        dry_run: DryRun,
    ) -> Result<(), Failure> {
        match self.flags.text("output") {
            None | Some("") => {
                self.say(&format!("{} {verb}{}", target.label(), dry_run.suffix()));
            }
            Some(format) => {
                let text = super::format::Format::parse(format, false)?.print(&object.to_value())?;
                self.io.out(&text);
            }
        }
        Ok(())
    }

    /// Writes a changed object, unless this is a dry run of the client.
    pub fn write(&mut self, value: &Value, dry_run: DryRun) -> Result<Object, Failure> {
        match dry_run {
            DryRun::Client => Object::from_value(value).map_err(|error| Failure::Words(error.0)),
            _ => self.update(value, dry_run == DryRun::Server),
        }
    }
}

/// Arguments up to the first `key=value` or `key-` name objects, the others are changes.
pub(super) fn split_pairs<'a>(
    args: &'a [String],
    what: &str,
) -> Result<(&'a [String], &'a [String]), Failure> {
    let is_pair = |arg: &String| arg.contains('=') || arg.len() > 1 && arg.ends_with('-');
    let at = args.iter().position(is_pair).unwrap_or(args.len());
    let (resources, pairs) = args.split_at_checked(at).unwrap_or((args, &[]));
    if let Some(wrong) = pairs.iter().find(|arg| !is_pair(arg)) {
        return words(format!("all resources must be specified before {what} changes: {wrong}"));
    }
    Ok((resources, pairs))
}

const NO_RESOURCE: &str = "one or more resources must be specified as <resource> <name> or <resource>/<name>";

pub(super) fn label(call: &mut Call<'_, '_>) -> Outcome {
    change_map(call, "labels", "label")
}

pub(super) fn annotate(call: &mut Call<'_, '_>) -> Outcome {
    change_map(call, "annotations", "annotation")
}

fn change_map(call: &mut Call<'_, '_>, field: &str, what: &str) -> Outcome {
    let args = call.args().to_vec();
    let (resources, pairs) = split_pairs(&args, what)?;
    let listing = call.flags.truth("list");
    if resources.is_empty() && !call.flags.given("filename") {
        return words(NO_RESOURCE);
    }
    if pairs.is_empty() && !listing {
        return words(format!("at least one {what} update is required"));
    }
    let overwrite = call.flags.truth("overwrite");
    let dry_run = call.dry_run()?;
    let (mut set, mut gone) = (Vec::new(), Vec::new());
    for pair in pairs {
        match pair.split_once('=') {
            Some((key, value)) => set.push((key, value)),
            None => gone.push(pair.strip_suffix('-').unwrap_or(pair)),
        }
    }
    for (key, value) in &set {
        let mut wrong = names::qualified_name(key);
        if field == "labels" {
            wrong.extend(names::label_value(value));
        }
        if !wrong.is_empty() {
            let shown = if names::qualified_name(key).is_empty() { value } else { key };
            return words(format!("invalid {what} value: \"{shown}\": {}", wrong.join(";")));
        }
        if gone.contains(key) {
            return words(format!("cannot modify and remove the same {what}"));
        }
    }
    let targets = call.targets_of(resources, Missing::IsAnError)?;
    let several = targets.found.len() > 1;
    let (found, mut failures) = present(targets.found);
    for (target, object) in found {
        let mut value = object.to_value();
        let before = value.get("metadata").and_then(|metadata| metadata.get(field)).cloned();
        let old = before.as_ref().and_then(Value::as_map).cloned().unwrap_or_default();
        if listing {
            if several {
                call.say(&format!("Listing {field} for {}/{}:", object.kind_name(), target.name));
            }
            for (key, value) in &old {
                let line =
                    format!("{}{key}={}", if several { " " } else { "" }, value.as_str().unwrap_or(""));
                call.say(&line);
            }
            continue;
        }
        if !overwrite {
            let taken: Vec<String> = set
                .iter()
                .filter_map(|(key, new)| {
                    let had = old.get(*key)?.as_str()?;
                    (field == "annotations" || had != *new)
                        .then(|| format!("'{key}' already has a value ({had})"))
                })
                .collect();
            if !taken.is_empty() {
                let text = if field == "labels" {
                    taken
                        .iter()
                        .map(|taken| format!("{taken}, and --overwrite is false"))
                        .collect::<Vec<_>>()
                        .join("; ")
                } else {
                    format!(
                        "--overwrite is false but found the following declared annotation(s): {}",
                        taken.join("; ")
                    )
                };
                failures.push(Failure::Words(text));
                continue;
            }
        }
        let mut new: Map = old.clone();
        for key in &gone {
            if new.remove(*key).is_none() && field == "labels" {
                call.say(&format!("label \"{key}\" not found."));
            }
        }
        new.extend(set.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
        let changed = new != old;
        let verb = match field {
            "annotations" => "annotated",
            _ if !changed => "not labeled",
            _ if new.len() < old.len() && !overwrite => "unlabeled",
            _ => "labeled",
        };
        if new.is_empty() {
            remove(&mut value, &["metadata", field]);
        } else {
            *slot(&mut value, &["metadata", field]) = Value::Map(new);
        }
        let written = if changed { call.write(&value, dry_run) } else { Ok(object) };
        match written.and_then(|object| call.done(&target, &object, verb, dry_run)) {
            Ok(()) => {}
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

pub(super) const CORDON_FLAGS: &str = "l|selector= dry-run?unchanged";

pub(super) fn cordon(call: &mut Call<'_, '_>) -> Outcome {
    set_schedulable(call, false)
}

pub(super) fn uncordon(call: &mut Call<'_, '_>) -> Outcome {
    set_schedulable(call, true)
}

/// The nodes of a command that is about nodes.
pub(super) fn nodes(call: &mut Call<'_, '_>) -> Result<Present, Failure> {
    let path = call.command.path;
    let names = call.args().to_vec();
    if names.is_empty() && !call.flags.given("selector") {
        return usage(format!("USAGE: {path} NODE [flags]"));
    }
    let mut args = vec!["nodes".to_owned()];
    args.extend(names.iter().map(|name| match name.split_once('/') {
        Some((_, name)) => name.to_owned(),
        None => name.clone(),
    }));
    Ok(present(call.targets(&args, Missing::IsAnError)?.found))
}

fn set_schedulable(call: &mut Call<'_, '_>, schedulable: bool) -> Outcome {
    let dry_run = call.dry_run()?;
    let (found, mut failures) = nodes(call)?;
    for (target, object) in found {
        if let Err(failure) = cordon_node(&target, &object, schedulable, dry_run, call) {
            failures.push(failure);
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

/// Cordons or uncordons a node and says so.
pub(super) fn cordon_node(
    target: &Target,
    object: &Object,
    schedulable: bool,
    dry_run: DryRun,
    call: &mut Call<'_, '_>,
) -> Result<(), Failure> {
    let verb = if schedulable { "uncordoned" } else { "cordoned" };
    let mut value = object.to_value();
    let cordoned = at(&value, "spec.unschedulable") == Some(&Value::Bool(true));
    if cordoned != schedulable {
        call.say(&format!("{} already {verb}{}", target.label(), dry_run.suffix()));
        return Ok(());
    }
    if schedulable {
        remove(&mut value, &["spec", "unschedulable"]);
    } else {
        *slot(&mut value, &["spec", "unschedulable"]) = Value::Bool(true);
    }
    call.write(&value, dry_run)?;
    call.say(&format!("{} {verb}{}", target.label(), dry_run.suffix()));
    Ok(())
}

pub(super) const TAINT_FLAGS: &str =
    "all! l|selector= overwrite! o|output= dry-run?unchanged validate?strict";

struct Taint {
    key: String,
    value: String,
    /// Empty: any.
    effect: String,
}

/// `key=value:Effect`, `key:Effect`, `key` (`taint.parseTaint`).
fn parse_taint(spec: &str) -> Result<Taint, String> {
    let (before, effect) = spec.split_once(':').map_or((spec, ""), |(before, effect)| (before, effect));
    if spec.contains(':') && !matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
        return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
    }
    // Without an effect, all of it is the key.
    let (key, value) =
        if effect.is_empty() { (before, "") } else { before.split_once('=').unwrap_or((before, "")) };
    let mut wrong = names::qualified_name(key);
    wrong.extend(names::label_value(value));
    if !wrong.is_empty() {
        return Err(format!("invalid taint spec: {spec}, {}", wrong.join("; ")));
    }
    Ok(Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() })
}

pub(super) fn taint(call: &mut Call<'_, '_>) -> Outcome {
    let args = call.args().to_vec();
    let is_spec = |arg: &String| arg.contains([':', '=']) || arg.len() > 1 && arg.ends_with('-');
    let at_spec = args.iter().position(is_spec).unwrap_or(args.len());
    let (resources, specs) = args.split_at_checked(at_spec).unwrap_or((&args, &[]));
    let Some(kind) = resources.first() else { return words(NO_RESOURCE) };
    let kind = kind.split('/').next().unwrap_or(kind);
    if super::target::resource(kind)?.plural != "nodes" {
        return usage(format!("invalid resource type {kind}, only node types are supported"));
    }
    if specs.is_empty() {
        return usage("at least one taint update is required");
    }
    let (mut add, mut gone): (Vec<Taint>, Vec<Taint>) = (Vec::new(), Vec::new());
    for spec in specs {
        let (list, spec) = match spec.strip_suffix('-') {
            Some(spec) => (&mut gone, spec),
            None => (&mut add, spec.as_str()),
        };
        let taint = match parse_taint(spec) {
            Ok(taint) => taint,
            Err(why) => return usage(why),
        };
        list.push(taint);
    }
    if let Some(taint) = add.iter().find(|taint| taint.effect.is_empty()) {
        return usage(format!("invalid taint spec: {}", taint.key));
    }
    let overwrite = call.flags.truth("overwrite");
    let dry_run = call.dry_run()?;
    let targets = call.targets(resources, Missing::IsAnError)?;
    let (found, mut failures) = present(targets.found);
    for (target, object) in found {
        let mut value = object.to_value();
        let old = list(&value, "spec.taints").to_vec();
        let same = |taint: &Taint, have: &Value| {
            text(have, "key") == taint.key
                && (taint.effect.is_empty() || text(have, "effect") == taint.effect)
        };
        let taken: Vec<&str> = add
            .iter()
            .filter(|taint| old.iter().any(|have| same(taint, have)))
            .map(|taint| taint.key.as_str())
            .collect();
        if !overwrite && !taken.is_empty() {
            failures.push(Failure::Words(format!(
                "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
                target.name,
                taken.join(",")
            )));
            continue;
        }
        let missing = gone.iter().find(|taint| !old.iter().any(|have| same(taint, have)));
        if let Some(missing) = missing {
            let shown = if missing.effect.is_empty() {
                missing.key.clone()
            } else {
                format!("{}:{}", missing.key, missing.effect)
            };
            failures.push(Failure::Words(format!("taint \"{shown}\" not found")));
            continue;
        }
        edit_list(&mut value, &["spec", "taints"], |taints| {
            taints.retain(|have| !gone.iter().chain(&add).any(|taint| same(taint, have)));
            // New ones come first, as kubectl merges them.
            for (index, taint) in add.iter().enumerate() {
                let new = map([
                    ("effect", Value::from(taint.effect.as_str())),
                    ("key", Value::from(taint.key.as_str())),
                    ("value", some_text(&taint.value)),
                ]);
                taints.insert(index.min(taints.len()), new);
            }
        });
        let verb = match (add.is_empty(), gone.is_empty()) {
            (false, true) => "tainted",
            (true, _) => "untainted",
            (false, false) => "modified",
        };
        match call.write(&value, dry_run).and_then(|object| call.done(&target, &object, verb, dry_run)) {
            Ok(()) => {}
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}
