//! `kubectl set image|env|resources` (k8s.io/kubectl/pkg/cmd/set).

use opscape_manifest::value::Value;

use super::get::present;
use super::literal::{edit_list, map, pod_spec_path, slot};
use super::mutate::split_pairs;
use super::print::{list, text};
use super::target::{Missing, Target};
use super::{Call, Failure, Next, Outcome, words};

pub(super) const IMAGE_FLAGS: &str = "all! f|filename* l|selector= local! o|output= dry-run?unchanged R|recursive! k|kustomize= field-manager=";

const NO_RESOURCE: &str = "one or more resources must be specified as <resource> <name> or <resource>/<name>";

/// The containers of a pod spec, init containers first.
fn each_container(spec: &mut Value, mut edit: impl FnMut(&mut Value)) {
    for field in ["initContainers", "containers"] {
        if let Some(Value::List(containers)) = spec.as_map_mut().and_then(|spec| spec.get_mut(field)) {
            containers.iter_mut().for_each(&mut edit);
        }
    }
}

/// A change of a pod spec.
type Edit<'e> = dyn FnMut(&mut Value, &mut Call<'_, '_>, &Target) -> Result<(), Vec<Failure>> + 'e;

/// Changes the pod specs of the targets, and says so of those that changed.
fn change(call: &mut Call<'_, '_>, resources: &[String], verb: &str, edit: &mut Edit<'_>) -> Outcome {
    let dry_run = call.dry_run()?;
    let targets = call.targets_of(resources, Missing::IsAnError)?;
    let (found, mut failures) = present(targets.found);
    for (target, object) in found {
        let before = object.to_value();
        let mut value = before.clone();
        let Some(path) = pod_spec_path(target.resource.kind) else {
            failures.push(Failure::Words(format!("{} is not a pod and has no pod template", target.label())));
            continue;
        };
        if let Err(mut why) = edit(slot(&mut value, path), call, &target) {
            failures.append(&mut why);
            continue;
        }
        if value == before {
            continue;
        }
        match call.write(&value, dry_run).and_then(|object| call.done(&target, &object, verb, dry_run)) {
            Ok(()) => {}
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

pub(super) fn image(call: &mut Call<'_, '_>) -> Outcome {
    let args = call.args().to_vec();
    let (resources, pairs) = split_pairs(&args, "image")?;
    if resources.is_empty() && !call.flags.given("filename") {
        return words(NO_RESOURCE);
    }
    if pairs.is_empty() {
        // What is no pair is taken for a resource, and then found wrong.
        call.targets(resources, Missing::MeansAll)?;
        return words("at least one image update is required");
    }
    let pairs: Vec<(String, String)> = pairs
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, image)| (name.to_owned(), image.to_owned()))
        .collect();
    change(call, resources, "image updated", &mut |spec, _, _| {
        let mut missing = Vec::new();
        for (name, image) in &pairs {
            let mut found = false;
            each_container(spec, |container| {
                if name == "*" || text(container, "name") == name {
                    found = true;
                    *slot(container, &["image"]) = Value::from(image.as_str());
                }
            });
            if !found {
                missing.push(Failure::Words(format!("unable to find container named \"{name}\"")));
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    })
}

pub(super) const ENV_FLAGS: &str = "list! resolve! from= prefix= keys* c|containers= e|env& overwrite! all! \
    f|filename* l|selector= local! o|output= dry-run?unchanged R|recursive! k|kustomize= field-manager=";

/// Whether a container is meant by `-c`, which may hold `*`.
fn is_meant(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

pub(super) fn env(call: &mut Call<'_, '_>) -> Outcome {
    let mut args = call.args().to_vec();
    args.extend(call.flags.texts("env").into_iter().map(str::to_owned));
    let (resources, pairs) = split_pairs(&args, "environment")?;
    if resources.is_empty() && !call.flags.given("filename") {
        return words(NO_RESOURCE);
    }
    let pattern = call.flags.text("containers").unwrap_or("*").to_owned();
    if call.flags.truth("list") {
        return list_env(call, resources, &pattern);
    }
    let (mut set, mut gone): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for pair in pairs {
        match pair.split_once('=') {
            Some((name, value)) => {
                set.push(map([("name", Value::from(name)), ("value", Value::from(value))]));
            }
            None => gone.push(pair.strip_suffix('-').unwrap_or(pair).to_owned()),
        }
    }
    if let Some(from) = call.flags.text("from") {
        set.extend(from_source(call, from)?);
    }
    if set.is_empty() && gone.is_empty() {
        return words("at least one environment variable must be provided");
    }
    let overwrite = call.flags.truth_or("overwrite", true);
    change(call, resources, "env updated", &mut |spec, call, target| {
        let mut wrong = Vec::new();
        let mut meant = 0;
        each_container(spec, |container| {
            if !is_meant(&pattern, text(container, "name")) {
                return;
            }
            meant += 1;
            edit_list(container, &["env"], |env| {
                env.retain(|had| !gone.iter().any(|name| name == text(had, "name")));
                for new in &set {
                    match env.iter_mut().find(|had| text(had, "name") == text(new, "name")) {
                        Some(had) if overwrite => *had = new.clone(),
                        Some(had) => wrong.push(Failure::Words(format!(
                            "'{}' already has a value ({}), and --overwrite is false",
                            text(had, "name"),
                            text(had, "value")
                        ))),
                        None => env.push(new.clone()),
                    }
                }
            });
        });
        if meant == 0 {
            call.warn(&format!(
                "warning: {} does not have any containers matching \"{pattern}\"",
                target.label()
            ));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    })
}

/// Variables for all keys of a ConfigMap or a Secret (`--from=configmap/NAME`).
fn from_source(call: &mut Call<'_, '_>, from: &str) -> Result<Vec<Value>, Failure> {
    let targets = call.targets(&[from.to_owned()], Missing::IsAnError)?;
    let (found, failures) = present(targets.found);
    Failure::all(failures)?;
    let prefix = call.flags.text("prefix").unwrap_or("");
    let only = call.flags.texts("keys");
    let mut set = Vec::new();
    for (target, object) in found {
        let (field, reference) = match target.resource.kind {
            "ConfigMap" => ("data", "configMapKeyRef"),
            "Secret" => ("data", "secretKeyRef"),
            other => return words(format!("unsupported resource specified in --from: {other}")),
        };
        let value = object.to_value();
        for key in value.get(field).and_then(Value::as_map).into_iter().flatten().map(|(key, _)| key) {
            if !only.is_empty() && !only.contains(&key.as_str()) {
                continue;
            }
            let name: String = format!("{prefix}{key}")
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
                .collect();
            let source =
                map([("key", Value::from(key.as_str())), ("name", Value::from(target.name.as_str()))]);
            set.push(map([("name", Value::from(name)), ("valueFrom", map([(reference, source)]))]));
        }
    }
    Ok(set)
}

fn list_env(call: &mut Call<'_, '_>, resources: &[String], pattern: &str) -> Outcome {
    let targets = call.targets_of(resources, Missing::IsAnError)?;
    let (found, failures) = present(targets.found);
    for (target, object) in found {
        let value = object.to_value();
        let Some(spec) = pod_spec_path(target.resource.kind).and_then(|path| value.at(path)) else {
            continue;
        };
        for field in ["initContainers", "containers"] {
            for container in list(spec, field) {
                let name = text(container, "name");
                if !is_meant(pattern, name) {
                    continue;
                }
                let kind = target.resource.kind;
                let what = if field == "containers" { "container" } else { "init container" };
                call.say(&format!("# {kind} {}, {what} {name}", target.name));
                for variable in list(container, "env") {
                    let line = variable_line(variable);
                    call.say(&line);
                }
            }
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

fn variable_line(variable: &Value) -> String {
    let name = text(variable, "name");
    let Some(from) = variable.get("valueFrom") else {
        return format!("{name}={}", text(variable, "value"));
    };
    let part = |path: &str| text(from, path);
    if from.get("fieldRef").is_some() {
        format!("# {name} from field path {}", part("fieldRef.fieldPath"))
    } else if from.get("resourceFieldRef").is_some() {
        format!("# {name} from resource field {}", part("resourceFieldRef.resource"))
    } else if from.get("secretKeyRef").is_some() {
        format!("# {name} from secret {}, key {}", part("secretKeyRef.name"), part("secretKeyRef.key"))
    } else if from.get("configMapKeyRef").is_some() {
        format!(
            "# {name} from configmap {}, key {}",
            part("configMapKeyRef.name"),
            part("configMapKeyRef.key")
        )
    } else {
        format!("# {name} from unknown source")
    }
}

pub(super) const RESOURCES_FLAGS: &str = "limits= requests= c|containers= all! f|filename* l|selector= local! \
    o|output= dry-run?unchanged R|recursive! k|kustomize= field-manager=";

pub(super) fn resources(call: &mut Call<'_, '_>) -> Outcome {
    let amounts = |flag: &str| -> Result<Vec<(String, String)>, Failure> {
        let text = call.flags.text(flag).unwrap_or_default();
        text.split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, amount)) => Ok((name.to_owned(), amount.to_owned())),
                None => words(format!("Invalid argument syntax {pair}, expected <resource>=<value>")),
            })
            .collect()
    };
    let (limits, requests) = (amounts("limits")?, amounts("requests")?);
    if limits.is_empty() && requests.is_empty() {
        return words(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        );
    }
    for (_, amount) in limits.iter().chain(&requests) {
        if opscape_manifest::quantity::Quantity::parse(amount).is_err() {
            return words(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            );
        }
    }
    let args = call.args().to_vec();
    let pattern = call.flags.text("containers").unwrap_or("*").to_owned();
    change(call, &args, "resource requirements updated", &mut |spec, call, target| {
        let mut meant = 0;
        each_container(spec, |container| {
            if !is_meant(&pattern, text(container, "name")) {
                return;
            }
            meant += 1;
            for (field, amounts) in [("limits", &limits), ("requests", &requests)] {
                for (name, amount) in amounts {
                    // Zero takes the entry away.
                    if amount == "0" {
                        super::literal::remove(container, &["resources", field, name]);
                    } else {
                        *slot(container, &["resources", field, name]) = Value::from(amount.as_str());
                    }
                }
            }
        });
        if meant == 0 {
            call.warn(&format!(
                "warning: {} does not have any containers matching \"{pattern}\"",
                target.label()
            ));
        }
        Ok(())
    })
}
