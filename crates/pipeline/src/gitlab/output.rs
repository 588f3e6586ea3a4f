//! A configuration, its pipeline and its run as JSON, in the shape of the recordings.

use serde_json::{Map as Object, Value as Json, json};

use super::job::{Need, NeedOf};
use super::pipeline::{Pipeline, PipelineJob};
use super::run::{Run, Status};
use super::{Configuration, Failure, Mistake, Place, Warning};

/// A configuration that GitLab refuses.
pub fn failure_json(failure: &Failure) -> Json {
    let messages: Vec<&str> = failure.mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
    json!({
        "valid": false,
        "error": messages.join("\n"),
        "errors": failure.mistakes.iter().map(|Mistake { message, place }| placed(message, place, &failure.files)).collect::<Json>(),
        "warnings": warnings(&failure.warnings, &failure.files),
        "jobs": null,
    })
}

/// A configuration that is right, of which no pipeline can be made for a push.
pub fn refused_json(configuration: &Configuration, mistakes: &[Mistake]) -> Json {
    failure_json(&Failure {
        mistakes: mistakes.to_vec(),
        warnings: configuration.warnings.clone(),
        files: configuration.files.clone(),
    })
}

/// A pipeline, and its run if there was one.
pub fn pipeline_json(configuration: &Configuration, pipeline: &Pipeline, run: Option<&Run>) -> Json {
    let jobs: Vec<Json> = pipeline.jobs.iter().map(|job| job_json(job, configuration)).collect();
    let mut result = json!({
        "valid": true,
        "error": null,
        "errors": [],
        "warnings": warnings(&configuration.warnings, &configuration.files),
        "stages": pipeline.stages,
        "pipeline": {
            "created": pipeline.not_created.is_none(),
            "message": pipeline.not_created,
            "name": pipeline.name,
        },
        "jobs": jobs,
    });
    if let (Some(run), Some(result)) = (run, result.as_object_mut()) {
        result.insert("run".to_owned(), run_json(run, configuration));
    }
    result
}

fn warnings(warnings: &[Warning], files: &[String]) -> Json {
    warnings.iter().map(|Warning { message, place }| placed(message, place, files)).collect()
}

fn placed(message: &str, place: &Place, files: &[String]) -> Json {
    let (start, end) = (place.span.start, place.span.end);
    json!({
        "message": message,
        "file": files.get(place.file),
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn need_json(need: &Need) -> Json {
    let mut object = Object::new();
    match &need.of {
        NeedOf::Job { name, jobs } => {
            object.insert("job".to_owned(), name.as_str().into());
            if jobs.as_slice() != [name.as_str()] {
                object.insert("jobs".to_owned(), jobs.clone().into());
            }
        }
        NeedOf::Other { job, from } => {
            if let Some(job) = job {
                object.insert("job".to_owned(), job.as_str().into());
            }
            object.insert("from".to_owned(), from.as_str().into());
        }
    }
    object.insert("artifacts".to_owned(), need.artifacts.into());
    object.insert("optional".to_owned(), need.optional.into());
    Json::Object(object)
}

fn job_json(job: &PipelineJob, configuration: &Configuration) -> Json {
    let PipelineJob {
        job: configured, when, allow_failure, exit_codes, start_in, needs, interruptible, ..
    } = job;
    let mut object = Object::new();
    let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
    put("name", configured.name.as_str().into());
    put("stage", configured.stage.as_str().into());
    put("when", when.as_str().into());
    let allowed =
        if exit_codes.is_empty() { json!(allow_failure) } else { json!({ "exit_codes": exit_codes }) };
    put("allow_failure", allowed);
    if let Some(needs) = needs {
        // Those of other pipelines only bring artifacts.
        let (own, others): (Vec<&Need>, Vec<&Need>) =
            needs.iter().partition(|need| matches!(need.of, NeedOf::Job { .. }));
        put("needs", own.into_iter().map(need_json).collect());
        if !others.is_empty() {
            put("needsElsewhere", others.into_iter().map(need_json).collect());
        }
    }
    if let Some(dependencies) = &configured.dependencies {
        put("dependencies", dependencies.clone().into());
    }
    if let Some((index, total)) = configured.instance {
        put("baseName", configured.base.as_str().into());
        put("instance", json!([index, total]));
    }
    if let Some(seconds) = start_in {
        put("startIn", (*seconds).into());
    }
    for (key, list) in
        [("tags", &configured.tags), ("script", &configured.script), ("services", &configured.services)]
    {
        if !list.is_empty() {
            put(key, list.clone().into());
        }
    }
    for (key, text) in [
        ("image", &configured.image),
        ("environment", &configured.environment),
        ("resourceGroup", &configured.resource_group),
    ] {
        if let Some(text) = text {
            put(key, job.variables.expand_existing(text).into());
        }
    }
    if let Some(trigger) = &configured.trigger {
        put(
            "trigger",
            json!({ "project": trigger.project, "include": trigger.include, "waits": trigger.waits }),
        );
    }
    if *interruptible {
        put("interruptible", true.into());
    }
    put("line", configured.place.span.start.line.into());
    put("file", json!(configuration.files.get(configured.place.file)));
    Json::Object(object)
}

fn run_json(run: &Run, configuration: &Configuration) -> Json {
    let results: Vec<(String, Json)> = run
        .jobs
        .iter()
        .map(|job| {
            let status = match job.status {
                Status::Failed if job.allow_failure => "failed_allowed",
                status => status.name(),
            };
            let mut result = json!({ "status": status });
            if let Some(object) = result.as_object_mut() {
                for (key, value) in [("queued", job.queued), ("start", job.start), ("end", job.end)] {
                    if let Some(value) = value {
                        object.insert(key.to_owned(), value.into());
                    }
                }
                if let Some(code) = job.exit_code.filter(|code| *code != 0) {
                    object.insert("exitCode".to_owned(), code.into());
                }
                if job.after_script_failed {
                    object.insert("afterScriptFailed".to_owned(), true.into());
                }
                if job.attempts > 1 {
                    object.insert("attempts".to_owned(), job.attempts.into());
                }
                if !job.unknown.is_empty() {
                    object.insert("notUnderstood".to_owned(), job.unknown.iter().cloned().collect());
                }
            }
            (job.name.clone(), result)
        })
        .collect();
    let mut all = Object::new();
    for job in &configuration.jobs {
        // Rules, or `only` and `except`, left these out.
        all.insert(job.name.clone(), json!({ "status": "not_run" }));
    }
    all.extend(results);
    json!({ "status": run.status.name(), "seconds": run.seconds, "waves": run.waves, "results": all })
}
