//! Cases of GitLab CI, and what we make of them.

#![allow(clippy::indexing_slicing, reason = "a member that is not there is null")]

use std::collections::BTreeMap;
use std::path::Path;

use opscape_pipeline::gitlab::run::Options;
use opscape_pipeline::gitlab::{
    Push, Ref, Repository, Variables, failure_json, pipeline_json, read, refused_json,
};
use serde_json::Value as Json;

const NAME: &str = ".gitlab-ci.yml";

/// Reads the configuration of a folder, makes its pipeline for what `vars.json` says, and runs it. Which manual jobs are
/// started is what `expected.json` says was done.
pub fn play_gitlab(folder: &Path) -> Result<Json, String> {
    let json = |name: &str| -> Result<Json, String> {
        match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{name}: {error}")),
            Err(_) => Ok(Json::Null),
        }
    };
    let (given, expected) = (json("vars.json")?, json("expected.json")?);
    let texts = |value: &Json| -> BTreeMap<String, String> {
        let entries = value.as_object().into_iter().flatten();
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        entries.map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let changed = texts(&given["changedFiles"]);
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files)?;
    files.extend(texts(&given["baseFiles"]));
    files.extend(changed.clone());
    let repository = Repository { files, elsewhere: BTreeMap::new() };
    let mut variables = Variables::default();
    for (name, value) in texts(&given["refereeDefaults"]).into_iter().chain(texts(&given["cliVariables"])) {
        variables.set(&name, value);
    }
    let text = |key: &str, otherwise: &str| given[key].as_str().unwrap_or(otherwise).to_owned();
    let remote = text("remote", "https://gitlab.example.com/acme/cars.git");
    let project = remote.splitn(4, '/').nth(3).unwrap_or("acme/cars").trim_end_matches(".git").to_owned();
    let push = Push {
        source: given["refereeDefaults"]["CI_PIPELINE_SOURCE"].as_str().unwrap_or("push").to_owned(),
        reference: Ref::Branch(text("branch", "main")),
        default_branch: text("defaultBranch", "main"),
        project,
        changed: Some(changed.into_keys().collect()),
        variables,
        ..Push::default()
    };
    let configuration = match read(&repository, NAME, &push) {
        Ok(configuration) => configuration,
        Err(failure) => return Ok(failure_json(&failure)),
    };
    let pipeline = match configuration.pipeline(&repository, &push) {
        Ok(pipeline) => pipeline,
        Err(mistakes) => return Ok(refused_json(&configuration, &mistakes)),
    };
    let played = expected["run"]["manualJobsTriggered"].as_array().into_iter().flatten();
    let play = played.filter_map(Json::as_str).map(str::to_owned).collect();
    let run = pipeline.run(&repository, &Options { play, ..Options::default() });
    Ok(pipeline_json(&configuration, &pipeline, Some(&run)))
}

/// The files of a case, which are those of the commit.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    let at = folder.join(prefix);
    let entries = std::fs::read_dir(&at).map_err(|error| format!("{}: {error}", at.display()))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if entry.path().is_dir() {
            collect(folder, &path, files)?;
        } else if !["vars.json", "expected.json", "actual.json"].contains(&path.as_str())
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            files.insert(path, text);
        }
    }
    Ok(())
}
