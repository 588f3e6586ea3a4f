//! `kubectl scale` and `kubectl autoscale`.

use opscape_cluster::{Request, Scale, WriteOptions};
use opscape_manifest::value::Value;

use super::delete::DryRun;
use super::get::present;
use super::literal::{map, slot};
use super::print::number;
use super::target::{Missing, Target};
use super::{Call, Failure, Next, Outcome, words};

pub(super) const FLAGS: &str = "replicas# current-replicas# resource-version= timeout~ all! A|all-namespaces! \
    f|filename* l|selector= o|output= dry-run?unchanged R|recursive! k|kustomize=";

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let Some(replicas) = call.flags.number("replicas") else {
        return words("required flag(s) \"replicas\" not set");
    };
    if replicas < 0 {
        return words("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    }
    let dry_run = call.dry_run()?;
    let expected = call.flags.number("current-replicas").filter(|expected| *expected >= 0);
    let version = call.flags.text("resource-version").and_then(|version| version.parse().ok());
    let targets = call.given_targets(Missing::IsAnError)?;
    let (found, mut failures) = present(targets.found);
    if found.is_empty() && failures.is_empty() {
        return words("no objects passed to scale");
    }
    for (target, object) in found {
        let value = object.to_value();
        let current = number(&value, "spec.replicas");
        if !matches!(
            target.resource.kind,
            "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController"
        ) {
            failures.push(Failure::Words(format!("cannot scale {}", target.label())));
            continue;
        }
        if let Some(expected) = expected.filter(|expected| *expected != current) {
            failures.push(Failure::Words(format!("Expected replicas to be {expected}, was {current}")));
            continue;
        }
        let done = match dry_run {
            DryRun::Client => Ok(()),
            _ => send(&target, value, replicas, version, dry_run, call),
        };
        match done {
            Ok(()) => {
                let line = if call.flags.text("output") == Some("name") {
                    target.label()
                } else {
                    format!("{} scaled{}", target.label(), dry_run.suffix())
                };
                call.say(&line);
            }
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

fn send(
    target: &Target,
    mut value: Value,
    replicas: i64,
    resource_version: Option<u64>,
    dry_run: DryRun,
    call: &mut Call<'_, '_>,
) -> Result<(), Failure> {
    let dry = dry_run == DryRun::Server;
    if matches!(target.resource.kind, "Deployment" | "ReplicaSet") {
        let replicas = i32::try_from(replicas).unwrap_or(i32::MAX);
        let options = WriteOptions { dry_run: dry };
        let request = Request::Scale { key: target.key(), replicas, resource_version, options };
        call.scope.world.request(request)?;
        return Ok(());
    }
    // The scale subresource of the other kinds is their spec.replicas.
    *slot(&mut value, &["spec", "replicas"]) = Value::Int(replicas);
    call.update(&value, dry)?;
    Ok(())
}

pub(super) const AUTOSCALE_FLAGS: &str = "min# max# cpu= memory= cpu-percent# name= f|filename* o|output= dry-run?unchanged save-config! R|recursive!";

/// `--cpu=50%` and `--cpu=200m` as the target of a metric.
fn metric(resource: &str, amount: &str) -> Value {
    let target = match amount.strip_suffix('%').and_then(|percent| percent.parse::<i64>().ok()) {
        Some(percent) => {
            map([("averageUtilization", Value::Int(percent)), ("type", Value::from("Utilization"))])
        }
        None => map([("averageValue", Value::from(amount)), ("type", Value::from("AverageValue"))]),
    };
    let resource = map([("name", Value::from(resource)), ("target", target)]);
    map([("resource", resource), ("type", Value::from("Resource"))])
}

pub(super) fn autoscale(call: &mut Call<'_, '_>) -> Outcome {
    let Some(max) = call.flags.number("max") else { return words("required flag(s) \"max\" not set") };
    if max < 1 {
        return words(format!("--max=MAXPODS is required and must be at least 1, max: {max}"));
    }
    let min = call.flags.number("min");
    if min.is_some_and(|min| min > max) {
        let min = min.unwrap_or_default();
        return words(format!(
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}"
        ));
    }
    let targets = call.given_targets(Missing::IsAnError)?;
    let (found, failures) = present(targets.found);
    Failure::all(failures)?;
    for (target, object) in found {
        let resource = target.resource;
        if Scale::of(&object).is_none() {
            let plural = format!("{}, Resource={}", resource.api_version, resource.plural);
            return words(format!(
                "cannot autoscale a {}: could not find scale subresource for {plural} in discovery information",
                resource.kind
            ));
        }
        let mut metrics = Vec::new();
        let percent = call.flags.number("cpu-percent").map(|percent| format!("{percent}%"));
        if let Some(cpu) = call.flags.text("cpu").map(str::to_owned).or(percent) {
            metrics.push(metric("cpu", &cpu));
        }
        if let Some(memory) = call.flags.text("memory") {
            metrics.push(metric("memory", memory));
        }
        let name = call.flags.text("name").unwrap_or(&target.name).to_owned();
        let reference = map([
            ("apiVersion", Value::from(object.api_version())),
            ("kind", Value::from(object.kind_name())),
            ("name", Value::from(target.name.as_str())),
        ]);
        let spec = map([
            ("maxReplicas", Value::Int(max)),
            ("metrics", super::literal::some_list(metrics)),
            ("minReplicas", min.map_or(Value::Null, Value::Int)),
            ("scaleTargetRef", reference),
        ]);
        let mut value = map([
            ("apiVersion", Value::from("autoscaling/v2")),
            ("kind", Value::from("HorizontalPodAutoscaler")),
            ("metadata", call.metadata(&name)),
            ("spec", spec),
        ]);
        // What Go writes of a status that nobody set.
        *slot(&mut value, &["status", "currentMetrics"]) = Value::Null;
        *slot(&mut value, &["status", "desiredReplicas"]) = Value::Int(0);
        call.create_and_say(value, "autoscaled")?;
    }
    Ok(Next::Done)
}
