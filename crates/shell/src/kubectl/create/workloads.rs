//! `kubectl create deployment|job|cronjob` and `kubectl run`.

use opscape_manifest::value::{Map, Value};

use crate::kubectl::literal::{map, remove, slot, some_list, texts};
use crate::kubectl::print::text;
use crate::kubectl::target::resource;
use crate::kubectl::{Call, Failure, Next, Outcome, usage, words};

fn empty() -> Value {
    Value::Map(Map::new())
}

/// The name of a container of an image: the last part of its path, without tag and digest.
fn container_name(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split(['@', ':']).next().unwrap_or(name);
    name.replace('_', "-").to_ascii_lowercase()
}

pub(in crate::kubectl) const DEPLOYMENT_FLAGS: &str =
    "image* r|replicas# port# o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn deployment(call: &mut Call<'_, '_>) -> Outcome {
    let images: Vec<String> = call.flags.texts("image").into_iter().map(str::to_owned).collect();
    if images.is_empty() {
        return words("required flag(s) \"image\" not set");
    }
    let name = call.name_argument()?;
    let command = call.behind_dash();
    if images.len() > 1 && !command.is_empty() {
        return words("cannot specify multiple --image options and command");
    }
    let replicas = call.flags.number("replicas").unwrap_or(1);
    if replicas < 0 {
        return words("--replicas must be greater than or equal to 0");
    }
    let port = call.flags.number("port");
    let mut containers = Vec::new();
    for (index, image) in images.iter().enumerate() {
        let ports = match port {
            Some(port) if index == 0 => Value::List(vec![map([("containerPort", Value::Int(port))])]),
            _ => Value::Null,
        };
        containers.push(map([
            ("command", texts(&command)),
            ("image", Value::from(image.as_str())),
            ("name", Value::from(container_name(image))),
            ("ports", ports),
            ("resources", empty()),
        ]));
    }
    let labels = map([("app", Value::from(name.as_str()))]);
    let template = map([
        ("metadata", map([("labels", labels.clone())])),
        ("spec", map([("containers", Value::List(containers))])),
    ]);
    let spec = map([
        ("replicas", Value::Int(replicas)),
        ("selector", map([("matchLabels", labels.clone())])),
        ("strategy", empty()),
        ("template", template),
    ]);
    let mut metadata = call.metadata(&name);
    *slot(&mut metadata, &["labels"]) = labels;
    let value = map([
        ("apiVersion", Value::from("apps/v1")),
        ("kind", Value::from("Deployment")),
        ("metadata", metadata),
        ("spec", spec),
        ("status", empty()),
    ]);
    call.make("deployment", value)
}

/// The pod template of a job: one container.
fn job_template(name: &str, image: &str, command: &[String], restart: &str) -> Value {
    let container = map([
        ("command", texts(command)),
        ("image", Value::from(image)),
        ("name", Value::from(name)),
        ("resources", empty()),
    ]);
    let spec = map([("containers", Value::List(vec![container])), ("restartPolicy", Value::from(restart))]);
    map([("metadata", empty()), ("spec", spec)])
}

pub(in crate::kubectl) const JOB_FLAGS: &str =
    "image= from= o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn job(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let (image, from) = (call.flags.text("image"), call.flags.text("from"));
    let spec = match (image, from) {
        (Some(_), Some(_)) | (None, None) => return words("either --image or --from must be specified"),
        (Some(image), None) => map([("template", job_template(&name, image, &call.behind_dash(), "Never"))]),
        (None, Some(from)) => {
            let Some((kind, cron)) = from.split_once('/') else {
                return words("from must be an existing cronjob");
            };
            let found = call.read(resource(kind)?, &call.namespace(), cron)?.to_value();
            if text(&found, "kind") != "CronJob" {
                return words("from must be an existing cronjob");
            }
            return from_cron_job(call, &name, &found);
        }
    };
    let value = map([
        ("apiVersion", Value::from("batch/v1")),
        ("kind", Value::from("Job")),
        ("metadata", call.metadata(&name)),
        ("spec", spec),
        ("status", empty()),
    ]);
    call.make("job", value)
}

fn from_cron_job(call: &mut Call<'_, '_>, name: &str, cron: &Value) -> Outcome {
    let template = cron.get("spec").and_then(|spec| spec.get("jobTemplate")).cloned().unwrap_or_default();
    let mut metadata = call.metadata(name);
    let mut annotations =
        Map::from([("cronjob.kubernetes.io/instantiate".to_owned(), Value::from("manual"))]);
    if let Some(more) = template.at(&["metadata", "annotations"]).and_then(Value::as_map) {
        annotations.extend(more.clone());
    }
    *slot(&mut metadata, &["annotations"]) = Value::Map(annotations);
    if let Some(labels) = template.at(&["metadata", "labels"]) {
        *slot(&mut metadata, &["labels"]) = labels.clone();
    }
    let owner = map([
        ("apiVersion", Value::from("batch/v1")),
        ("controller", Value::Bool(true)),
        ("kind", Value::from("CronJob")),
        ("name", Value::from(text(cron, "metadata.name"))),
        ("uid", Value::from(text(cron, "metadata.uid"))),
    ]);
    *slot(&mut metadata, &["ownerReferences"]) = Value::List(vec![owner]);
    let value = map([
        ("apiVersion", Value::from("batch/v1")),
        ("kind", Value::from("Job")),
        ("metadata", metadata),
        ("spec", template.get("spec").cloned().unwrap_or_default()),
        ("status", empty()),
    ]);
    call.make("job", value)
}

pub(in crate::kubectl) const CRON_JOB_FLAGS: &str =
    "image= schedule= restart= o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn cron_job(call: &mut Call<'_, '_>) -> Outcome {
    let missing: Vec<&str> =
        ["image", "schedule"].into_iter().filter(|flag| !call.flags.given(flag)).collect();
    if !missing.is_empty() {
        return words(format!("required flag(s) \"{}\" not set", missing.join("\", \"")));
    }
    let name = call.name_argument()?;
    let image = call.flags.text("image").unwrap_or_default();
    let restart = match call.flags.text("restart") {
        None | Some("") => "OnFailure",
        Some(restart @ ("OnFailure" | "Never")) => restart,
        Some(other) => return words(format!("invalid restart policy: {other}")),
    };
    let template = job_template(&name, image, &call.behind_dash(), restart);
    let job = map([
        ("metadata", map([("name", Value::from(name.as_str()))])),
        ("spec", map([("template", template)])),
    ]);
    let schedule = Value::from(call.flags.text("schedule").unwrap_or_default());
    let value = map([
        ("apiVersion", Value::from("batch/v1")),
        ("kind", Value::from("CronJob")),
        ("metadata", call.metadata(&name)),
        ("spec", map([("jobTemplate", job), ("schedule", schedule)])),
        ("status", empty()),
    ]);
    call.make("cronjob", value)
}

pub(in crate::kubectl) const RUN_FLAGS: &str = "image= port= env& l|labels= restart= command! expose! rm! i|stdin! \
    t|tty! attach! q|quiet! image-pull-policy= annotations& overrides= override-type= privileged! leave-stdin-open! \
    pod-running-timeout~ grace-period# force! wait! timeout~ cascade?background o|output= dry-run?unchanged \
    save-config! field-manager=";

pub(in crate::kubectl) fn run_pod(call: &mut Call<'_, '_>) -> Outcome {
    let args = call.args().to_vec();
    let Some((name, command)) = args.split_first() else { return usage("NAME is required for run") };
    let image = call.flags.text("image").unwrap_or_default();
    if image.is_empty() {
        return words("required flag(s) \"image\" not set");
    }
    let port = match call.flags.text("port") {
        None => None,
        Some(port) => match port.parse::<i64>() {
            Ok(port) => Some(port),
            Err(_) => return words(format!("strconv.ParseInt: parsing \"{port}\": invalid syntax")),
        },
    };
    if call.flags.truth("expose") && port.is_none() {
        return usage("--port must be set when exposing a service");
    }
    let restart = match call.flags.text("restart") {
        None | Some("") => "Always",
        Some(restart @ ("Always" | "OnFailure" | "Never")) => restart,
        Some(other) => return usage(format!("invalid restart policy: {other}")),
    };
    let mut env = Vec::new();
    for pair in call.flags.texts("env") {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return words(format!("invalid env: {pair}"));
        };
        env.push(map([("name", Value::from(key)), ("value", Value::from(value))]));
    }
    let labels = match call.flags.text("labels") {
        None | Some("") => map([("run", Value::from(name.as_str()))]),
        Some(labels) => label_map(labels)?,
    };
    let (command, arguments) =
        if call.flags.truth("command") { (command, &[][..]) } else { (&[][..], command) };
    let container = map([
        ("args", texts(arguments)),
        ("command", texts(command)),
        ("env", some_list(env)),
        ("image", Value::from(image)),
        ("imagePullPolicy", call.flags.text("image-pull-policy").map_or(Value::Null, Value::from)),
        ("name", Value::from(name.as_str())),
        (
            "ports",
            port.map_or(Value::Null, |port| Value::List(vec![map([("containerPort", Value::Int(port))])])),
        ),
        ("resources", empty()),
    ]);
    let mut metadata = call.metadata(name);
    *slot(&mut metadata, &["labels"]) = labels.clone();
    let mut annotations = Map::new();
    for pair in call.flags.texts("annotations") {
        if let Some((key, value)) = pair.split_once('=') {
            annotations.insert(key.to_owned(), Value::from(value));
        }
    }
    if !annotations.is_empty() {
        *slot(&mut metadata, &["annotations"]) = Value::Map(annotations);
    }
    let spec = map([
        ("containers", Value::List(vec![container])),
        ("dnsPolicy", Value::from("ClusterFirst")),
        ("restartPolicy", Value::from(restart)),
    ]);
    let pod = map([
        ("apiVersion", Value::from("v1")),
        ("kind", Value::from("Pod")),
        ("metadata", metadata),
        ("spec", spec),
        ("status", empty()),
    ]);
    if let (true, Some(port)) = (call.flags.truth("expose"), port) {
        let mut service = super::network::service_of(call, name, labels, port);
        remove(&mut service, &["spec", "type"]);
        call.create_and_say(service, "created")?;
        if call.flags.text("output") == Some("yaml") {
            // The printer puts a separator before its second document, and the command one of its own.
            call.say("---\n---");
        }
    }
    let attached = call.flags.truth("stdin") || call.flags.truth("attach") || call.flags.truth("tty");
    if call.flags.truth("rm") && !attached {
        return words("--rm should only be used for attached containers");
    }
    if !attached || call.flags.text("dry-run").is_some_and(|kind| kind != "none") {
        call.create_and_say(pod, "created")?;
        return Ok(Next::Done);
    }
    let created = call.create(&pod, false)?;
    let words = args.get(1..).unwrap_or_default().to_vec();
    let now = call.scope.world.now();
    Ok(Next::Wait(Box::new(crate::kubectl::attach::Attached::new(&created, words, now))))
}

/// `a=b,c=d`.
pub(in crate::kubectl) fn label_map(text: &str) -> Result<Value, Failure> {
    let mut labels = Map::new();
    for pair in text.split(',').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            return words(format!("unexpected label spec: {pair}"));
        };
        labels.insert(key.to_owned(), Value::from(value));
    }
    Ok(Value::Map(labels))
}
