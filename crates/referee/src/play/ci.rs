//! Cases of pipelines: expressions and workflows of GitHub Actions, and what we make of them.

use std::collections::BTreeMap;
use std::path::Path;

use opscape_pipeline::github::expression::{
    Data, Environment, Failure, Function, Object, evaluate, from_json, parse, to_json,
};
use opscape_pipeline::github::{self, Contexts, Outcome};
use serde_json::{Value as Json, json};

use super::caught;
use super::gitlab::play_gitlab;

/// Plays the cases of a folder of pipelines (`github-expressions/cases.json`, `github/CASE`, `gitlab/CASE`) into another folder.
pub fn play_ci(cases: &Path, out: &Path) -> Result<(), String> {
    let expressions = cases.join("github-expressions/cases.json");
    if expressions.is_file() {
        write(&out.join("github-expressions"), &play_expressions(&read(&expressions)?)?)?;
    }
    for (name, folder) in folders(&cases.join("github"))? {
        write(&out.join("github").join(name), &play_workflow(&folder)?)?;
    }
    for (name, folder) in folders(&cases.join("gitlab"))? {
        let answer =
            caught(|| play_gitlab(&folder)).unwrap_or_else(|error| Ok(json!({ "panicked": error })))?;
        write(&out.join("gitlab").join(name), &answer)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(folder: &Path, answer: &Json) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let text = serde_json::to_string_pretty(answer).map_err(|error| error.to_string())?;
    let to = folder.join("actual.json");
    std::fs::write(&to, text).map_err(|error| format!("{}: {error}", to.display()))
}

/// The folders in a folder, by name.
pub fn folders(folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .collect();
    found.sort();
    Ok(found)
}

/// Reads the workflow of a folder, with those that it calls, and says what becomes of its jobs in the scenarios that
/// `expected.json` asks about.
pub fn play_workflow(folder: &Path) -> Result<Json, String> {
    const NAME: &str = "workflow.yml";
    let text = read(&folder.join(NAME))?;
    let files = |path: &str| std::fs::read_to_string(folder.join(path)).ok();
    let files: Option<github::Files<'_>> = folder.join(".github").is_dir().then_some(&files);
    // A case without questions is only read.
    let expected: Json = match std::fs::read_to_string(folder.join("expected.json")) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| error.to_string())?,
        Err(_) => Json::Null,
    };
    caught(|| {
        let workflow = github::read(NAME, &text, files);
        let mut answer = github::json::workflow(&workflow, &Contexts::default());
        if let (Some(answer), Some(jobs)) = (answer.as_object_mut(), &workflow.jobs) {
            let runs = scenarios(jobs, expected.get("scenarios").unwrap_or(&Json::Null));
            answer.insert("scenarios".to_owned(), json!({ "runs": runs }));
        }
        answer
    })
}

#[allow(clippy::indexing_slicing, reason = "a member that is not there is null")]
fn scenarios(jobs: &[github::Job], asked: &Json) -> Vec<Json> {
    let contexts = match from_json(&asked["contexts"].to_string()) {
        Some(Data::Object(object)) => Contexts::new((*object).clone()),
        _ => Contexts::default(),
    };
    let runs = asked["runs"].as_array().into_iter().flatten();
    runs.map(|run| {
        let forced = run["forcedOutcomes"].as_object().into_iter().flatten();
        let forced: BTreeMap<String, Outcome> = forced
            .filter_map(|(job, outcome)| Some((job.clone(), Outcome::of(outcome.as_str()?)?)))
            .collect();
        let results = github::outcomes(jobs, &forced, &contexts).into_iter();
        let results: serde_json::Map<String, Json> =
            results.map(|(job, outcome)| (job, outcome.name().into())).collect();
        json!({ "results": results })
    })
    .collect()
}

/// Evaluates all cases of a recording. The answer has the form that `compare.py` reads.
pub fn play_expressions(recording: &str) -> Result<Json, String> {
    // Not as `serde_json::Value`, which sorts the keys: their order is part of what `toJSON` and filters give.
    let recording: Data = serde_json::from_str(recording).map_err(|error| error.to_string())?;
    let world = World::of(&recording)?;
    let Some(Data::Array(cases, _)) = recording.get("cases") else { return Err("no cases".to_owned()) };
    let answers = cases.iter().map(|case| {
        let member = |key: &str| case.get(key).map(|value| value.to_text().into_owned()).unwrap_or_default();
        let mut answer =
            caught(|| world.answer(&member("expr"))).unwrap_or_else(|error| json!({ "panicked": error }));
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("id".to_owned(), member("id").into());
        }
        answer
    });
    Ok(json!({ "cases": answers.collect::<Vec<_>>() }))
}

/// The contexts and status functions that all cases share.
struct World {
    contexts: Object,
    status: Object,
    functions: Vec<Function>,
}

impl World {
    fn of(recording: &Data) -> Result<World, String> {
        let object = |key: &str| match recording.get(key) {
            Some(Data::Object(object)) => Ok((**object).clone()),
            _ => Err(format!("{key} is no object")),
        };
        let status = object("statusFunctions")?;
        let functions: Vec<Function> = status
            .entries()
            .map(|(name, _)| Function { name: name.to_owned(), least: 0, most: usize::MAX })
            .collect();
        Ok(World { contexts: object("contexts")?, status, functions })
    }

    fn answer(&self, text: &str) -> Json {
        let names: Vec<&str> = self.contexts.entries().map(|(name, _)| name).collect();
        let value = parse(text, &names, &self.functions).and_then(|expression| match expression {
            Some(expression) => evaluate(&expression, self),
            None => Ok(Data::Null),
        });
        match value {
            Ok(data) => json!({ "result": {
                "kind": if matches!(data, Data::Object(_)) { "Dictionary" } else { data.kind() },
                "value": value_json(&data),
                "string": data.to_text(),
                "truthy": data.is_truthy(),
            } }),
            Err(Failure { message, at, stage }) => json!({ "error": {
                "message": message,
                "stage": stage.name(),
                "pos": at.map(|(line, column)| json!({ "line": line, "column": column })),
            } }),
        }
    }
}

impl Environment for World {
    fn context(&self, name: &str) -> Option<Data> {
        self.contexts.get(name).cloned()
    }

    fn call(&self, name: &str, _arguments: &[Data]) -> Option<Data> {
        self.status.get(name).cloned()
    }
}

/// A value in the form of the recordings: numbers that JSON does not have are `{"$number": "NaN"}`.
fn value_json(data: &Data) -> Json {
    match data {
        Data::Number(number) if !number.is_finite() || (*number == 0.0 && number.is_sign_negative()) => {
            let name = if *number == 0.0 {
                "-0".to_owned()
            } else {
                opscape_pipeline::github::expression::number_text(*number)
            };
            json!({ "$number": name })
        }
        Data::Array(items, _) => items.iter().map(value_json).collect(),
        Data::Object(object) => {
            let members = object.entries().map(|(key, value)| (key.to_owned(), value_json(value)));
            Json::Object(members.collect())
        }
        _ => serde_json::from_str(&to_json(data)).unwrap_or_default(),
    }
}
