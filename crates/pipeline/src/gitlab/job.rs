//! From a configuration whose shape is right to its jobs.

use super::entry::{Open, flat};
use super::extend::Absent;
use super::rules::{Policy, Rule, texts};
use super::value::{Data, Map, Place, Value};
use super::variables::Variables;
use super::{Configuration, Warning, duration, normalize};

/// A job, or one of the copies that `parallel` makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// As GitLab names it: `test`, `test 1/3`, `test: [linux, a]`.
    pub name: String,
    /// The key in the text.
    pub base: String,
    /// Where the key stands.
    pub place: Place,
    /// `stage`.
    pub stage: String,
    /// `when`, before rules.
    pub when: String,
    /// Whether its failure is allowed, before rules: a job that `when` makes manual may fail.
    pub allow_failure: bool,
    /// `allow_failure:exit_codes`.
    pub exit_codes: Vec<i64>,
    /// `start_in` in seconds.
    pub start_in: Option<u64>,
    /// `needs`; nothing where the stages decide.
    pub needs: Option<Vec<Need>>,
    /// `dependencies`, copies of `parallel` by their names.
    pub dependencies: Option<Vec<String>>,
    /// `rules`.
    pub rules: Option<Vec<Rule>>,
    /// `only`; nothing where rules, or the workflow's, decide.
    pub only: Option<Policy>,
    /// `except`.
    pub except: Policy,
    /// `variables`, those of the matrix included.
    pub variables: Variables,
    /// `inherit:variables`: all, or those named.
    pub inherits: Option<Vec<String>>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `before_script`, `script`, `after_script`.
    pub before_script: Vec<String>,
    /// Commands.
    pub script: Vec<String>,
    /// What runs whatever came before.
    pub after_script: Vec<String>,
    /// `image`.
    pub image: Option<String>,
    /// `services`.
    pub services: Vec<String>,
    /// `artifacts:paths`.
    pub artifacts: Vec<String>,
    /// `artifacts:when`.
    pub artifacts_when: String,
    /// `environment:name`.
    pub environment: Option<String>,
    /// `environment:action`.
    pub environment_action: String,
    /// `retry:max`.
    pub retry: u32,
    /// `timeout` in seconds.
    pub timeout: Option<u64>,
    /// `interruptible`.
    pub interruptible: bool,
    /// `resource_group`.
    pub resource_group: Option<String>,
    /// Which copy of how many it is, from 1.
    pub instance: Option<(usize, usize)>,
    /// `trigger`.
    pub trigger: Option<Trigger>,
    /// All its settings, with what it takes over from `default`.
    pub settings: Map,
}

/// What a job triggers.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Another project's pipeline.
    pub project: Option<String>,
    /// A child pipeline: files of this repository.
    pub include: Vec<String>,
    /// Whether the job waits for it (`strategy: depend` or `mirror`).
    pub waits: bool,
}

/// Variables of a matrix with their values.
pub type Axes = Vec<(String, Vec<String>)>;

/// Something that a job needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// What it needs.
    pub of: NeedOf,
    /// Whether its artifacts are fetched.
    pub artifacts: bool,
    /// Whether it may be missing from the pipeline.
    pub optional: bool,
    /// Which copies of a matrix: a value or several for some of its variables.
    pub matrix: Option<Vec<Axes>>,
    /// Where it stands.
    pub place: Place,
}

/// What may be needed.
#[derive(Clone, Debug, PartialEq)]
pub enum NeedOf {
    /// A job of the same pipeline: the name written, and the jobs it stands for.
    Job {
        /// As written.
        name: String,
        /// Copies of `parallel`, or the job itself.
        jobs: Vec<String>,
    },
    /// A job of another pipeline.
    Other {
        /// Its name, if one is named.
        job: Option<String>,
        /// The pipeline or project.
        from: String,
    },
}

impl Need {
    /// The jobs of the same pipeline it stands for.
    pub fn jobs(&self) -> &[String] {
        match &self.of {
            NeedOf::Job { jobs, .. } => jobs,
            NeedOf::Other { .. } => &[],
        }
    }
}

/// Reads `variables` whose shape is right.
pub(super) fn variables(value: Option<&Value>) -> Variables {
    let mut variables = Variables::default();
    for (key, value) in value.and_then(Value::map).into_iter().flat_map(Map::iter) {
        match &value.data {
            Data::Map(map) => {
                let text = map.given("value").map(Value::to_text).unwrap_or_default();
                if map.given("expand").and_then(Value::truth) == Some(false) {
                    variables.set_raw(&key.name, text);
                } else {
                    variables.set(&key.name, text);
                }
            }
            _ => variables.set(&key.name, value.to_text()),
        }
    }
    variables
}

/// Reads `needs` whose shape is right.
pub(super) fn needs(value: &Value) -> Vec<Need> {
    let items = flat(value);
    items
        .into_iter()
        .filter_map(|item| {
            let simple = |name: String| NeedOf::Job { jobs: vec![name.clone()], name };
            let (of, map) = match &item.data {
                Data::Text(name) => (simple(name.clone()), None),
                Data::Map(map) => {
                    let job = map.given("job").map(Value::to_text);
                    let from = map.given("project").or_else(|| map.given("pipeline")).map(Value::to_text);
                    let of = match (job, from) {
                        (Some(job), None) => simple(job),
                        (job, Some(from)) => NeedOf::Other { job, from },
                        (None, None) => return None,
                    };
                    (of, Some(map))
                }
                _ => return None,
            };
            let truth = |key: &str| map.and_then(|map| map.given(key)).and_then(Value::truth);
            let matrix = map
                .and_then(|map| map.given("parallel"))
                .and_then(Value::map)
                .and_then(|map| map.given("matrix"))
                .map(normalize::matrix);
            Some(Need {
                of,
                artifacts: truth("artifacts").unwrap_or(true),
                optional: truth("optional").unwrap_or(false),
                matrix,
                place: item.place,
            })
        })
        .collect()
}

/// Makes a configuration of a mapping whose shape is right.
pub(super) fn configuration(
    merged: Map,
    open: &Open,
    files: Vec<String>,
    warnings: Vec<Warning>,
    absent: Vec<Absent>,
) -> Configuration {
    let workflow = merged.given("workflow").filter(|value| value.map().is_some_and(|map| !map.has("script")));
    let workflow = workflow.and_then(Value::map).cloned().unwrap_or_default();
    let workflow_rules = workflow.given("rules").map(Rule::list);
    let defaults = defaults(&merged);
    let jobs: Vec<Job> = merged
        .iter()
        .filter(|(key, value)| open.is_visible(&key.name, value))
        .filter_map(|(key, value)| {
            let job = job(&key.name, key.place, value.map()?, &defaults, workflow.has("rules"));
            Some((job, value.map()?.given("parallel").cloned()))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flat_map(|(job, parallel)| normalize::copies(job, parallel.as_ref()))
        .collect();
    let mut jobs = jobs;
    normalize::name_copies(&mut jobs);
    Configuration {
        files,
        stages: stages(&merged),
        jobs,
        variables: variables(merged.given("variables")),
        workflow_rules,
        workflow_name: workflow.given("name").map(|name| name.to_text().trim().to_owned()),
        auto_cancel: workflow
            .given("auto_cancel")
            .and_then(Value::map)
            .and_then(|map| map.given("on_new_commit"))
            .map(Value::to_text),
        merged,
        warnings,
        absent,
    }
}

/// The stages, with `.pre` and `.post` around them.
fn stages(merged: &Map) -> Vec<String> {
    let given = merged.given("stages").map(texts);
    let own = given.unwrap_or_else(|| ["build", "test", "deploy"].map(str::to_owned).to_vec());
    let mut stages = vec![".pre".to_owned()];
    for stage in own {
        if stage != ".pre" && stage != ".post" && !stages.contains(&stage) {
            stages.push(stage);
        }
    }
    stages.push(".post".to_owned());
    stages
}

/// What jobs take over: `default`, and the old global keywords.
fn defaults(merged: &Map) -> Map {
    let mut defaults = Map::default();
    for key in super::entry::GLOBAL_DEFAULTS {
        if let (Some(name), Some(value)) = (merged.key(key), merged.given(key)) {
            defaults.set(name.clone(), value.clone());
        }
    }
    let own = merged.given("default").filter(|value| !super::entry::is_job(value)).and_then(Value::map);
    for (key, value) in own.into_iter().flat_map(Map::iter) {
        if value.data != Data::Null {
            defaults.set(key.clone(), value.clone());
        }
    }
    defaults
}

fn job(name: &str, place: Place, own: &Map, defaults: &Map, workflow_rules: bool) -> Job {
    let bridge = !own.has("script") && !own.has("run");
    let inherit = own.given("inherit").and_then(Value::map);
    let inherited = inherit.and_then(|map| map.given("default"));
    let mut settings = own.clone();
    for (key, value) in defaults.iter() {
        let wanted = match inherited.map(|value| &value.data) {
            Some(Data::Bool(all)) => *all,
            Some(Data::List(names)) => names.iter().any(|name| name.to_text() == key.name),
            _ => true,
        };
        let applies = !bridge || key.name == "interruptible";
        if wanted && applies && own.given(&key.name).is_none() {
            settings.set(key.clone(), value.clone());
        }
    }
    let given = |key: &str| settings.given(key);
    let text = |key: &str| given(key).map(Value::to_text);
    let list = |key: &str| given(key).map(texts).unwrap_or_default();
    let inside = |key: &str, name: &str| given(key).and_then(Value::map).and_then(|map| map.given(name));
    let named = |value: &Value| match &value.data {
        Data::Map(map) => map.given("name").map(Value::to_text).unwrap_or_default(),
        _ => value.to_text(),
    };
    let when = text("when").unwrap_or_else(|| "on_success".to_owned());
    let exit_codes = inside("allow_failure", "exit_codes")
        .map(|codes| flat(codes).into_iter().filter_map(Value::integer).collect::<Vec<i64>>());
    let allow_failure = match given("allow_failure").map(|value| &value.data) {
        Some(Data::Bool(allowed)) => *allowed,
        Some(_) => false,
        None => when == "manual",
    };
    let rules = given("rules").map(Rule::list);
    let only = given("only").map(Policy::read);
    let only = match only {
        // The default stays where the policy says nothing of refs.
        Some(policy) if policy.refs.is_none() => {
            Some(Policy { refs: Some(vec!["branches".to_owned(), "tags".to_owned()]), ..policy })
        }
        Some(policy) => Some(policy),
        None if rules.is_some() || workflow_rules => None,
        None => {
            Some(Policy { refs: Some(vec!["branches".to_owned(), "tags".to_owned()]), ..Policy::default() })
        }
    };
    let retry = given("retry").and_then(|value| match &value.data {
        Data::Map(map) => map.given("max").and_then(Value::integer),
        _ => value.integer(),
    });
    Job {
        name: name.to_owned(),
        base: name.to_owned(),
        place,
        stage: text("stage").unwrap_or_else(|| "test".to_owned()),
        allow_failure,
        exit_codes: exit_codes.unwrap_or_default(),
        start_in: text("start_in").as_deref().and_then(duration::seconds),
        needs: given("needs").map(needs),
        dependencies: given("dependencies").map(texts),
        rules,
        only,
        except: given("except").map(Policy::read).unwrap_or_default(),
        variables: variables(given("variables")),
        inherits: match inherit.and_then(|map| map.given("variables")).map(|value| &value.data) {
            Some(Data::Bool(false)) => Some(Vec::new()),
            Some(Data::List(names)) => Some(names.iter().map(Value::to_text).collect()),
            _ => None,
        },
        tags: list("tags"),
        before_script: list("before_script"),
        script: list("script"),
        after_script: list("after_script"),
        image: given("image").map(named),
        services: given("services")
            .map(|value| flat(value).into_iter().map(named).collect())
            .unwrap_or_default(),
        artifacts: inside("artifacts", "paths").map(texts).unwrap_or_default(),
        artifacts_when: inside("artifacts", "when").map_or("on_success".to_owned(), Value::to_text),
        environment: given("environment").map(named),
        environment_action: inside("environment", "action").map_or("start".to_owned(), Value::to_text),
        retry: retry.map_or(0, |retry| retry.clamp(0, 2) as u32),
        timeout: text("timeout").as_deref().and_then(duration::seconds),
        interruptible: given("interruptible").and_then(Value::truth).unwrap_or(false),
        resource_group: text("resource_group"),
        instance: None,
        trigger: given("trigger").map(trigger),
        when,
        settings,
    }
}

fn trigger(value: &Value) -> Trigger {
    let Some(map) = value.map() else {
        return Trigger { project: Some(value.to_text()), include: Vec::new(), waits: false };
    };
    let include = map.given("include").map(flat).unwrap_or_default();
    let include = include.into_iter().map(|item| match &item.data {
        Data::Map(map) => ["local", "file", "template", "artifact", "remote", "component"]
            .into_iter()
            .find_map(|key| map.given(key))
            .map(|value| texts(value).join(", "))
            .unwrap_or_default(),
        _ => item.to_text(),
    });
    Trigger {
        project: map.given("project").map(Value::to_text),
        include: include.collect(),
        waits: map.given("strategy").is_some(),
    }
}
