//! The pipeline that a configuration makes of a push.
//!
//! Source: gitlab `lib/gitlab/ci/pipeline/{chain,seed}`, read, not run.

use super::evaluate::Conditions;
use super::job::{Job, Need};
use super::variables::Variables;
use super::{Configuration, Mistake, Push, Repository, predefined};
use crate::run::Superseded;

/// The most jobs that one may need.
const MAX_NEEDS: usize = 50;

/// What was made of a push.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// `workflow:name` with its variables put in.
    pub name: Option<String>,
    /// Stages in order.
    pub stages: Vec<String>,
    /// Its jobs, in the order of the configuration.
    pub jobs: Vec<PipelineJob>,
    /// What becomes of it when a newer one of the same branch begins.
    pub superseded: Superseded,
    /// Why there is no pipeline in spite of a configuration that is right, in GitLab's words.
    pub not_created: Option<String>,
}

/// A job of a pipeline: what the rules made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineJob {
    /// As configured.
    pub job: Job,
    /// `when`.
    pub when: String,
    /// Whether it may fail.
    pub allow_failure: bool,
    /// With which exit codes it may fail.
    pub exit_codes: Vec<i64>,
    /// How long it waits, in seconds.
    pub start_in: Option<u64>,
    /// What it needs; nothing where the stages decide.
    pub needs: Option<Vec<Need>>,
    /// `interruptible`.
    pub interruptible: bool,
    /// Its variables, expanded.
    pub variables: Variables,
}

impl Configuration {
    /// Makes the pipeline of a push.
    ///
    /// # Errors
    /// What GitLab says when it creates the pipeline: a need on a job that rules left out.
    pub fn pipeline(&self, repository: &Repository, push: &Push) -> Result<Pipeline, Vec<Mistake>> {
        let base = predefined::of_pipeline(push);
        let mut global = self.variables.clone();
        let mut not_created = None;
        if let Some(rules) = &self.workflow_rules {
            let known = layered(&[&base, &global, &push.variables]);
            let conditions = Conditions { repository, push, variables: &known };
            match rules.iter().find(|rule| conditions.hold(rule)) {
                Some(rule) if rule.when.as_deref() != Some("never") => global.extend(&rule.variables),
                _ => not_created = Some("Pipeline filtered out by workflow rules.".to_owned()),
            }
        }
        let jobs: Vec<PipelineJob> =
            self.jobs.iter().filter_map(|job| seed(job, &base, &global, repository, push)).collect();
        let mistakes = missing_needs(&jobs, !self.absent.is_empty());
        if !mistakes.is_empty() && not_created.is_none() {
            return Err(mistakes);
        }
        if not_created.is_none() && jobs.iter().all(|job| [".pre", ".post"].contains(&job.job.stage.as_str()))
        {
            not_created = Some(
                "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being \
                 added to the pipeline."
                    .to_owned(),
            );
        }
        let known = layered(&[&base, &global, &push.variables]);
        let name = self.workflow_name.as_ref().map(|name| known.expand(name).chars().take(255).collect());
        // `workflow:auto_cancel:on_new_commit`; a project cancels redundant pipelines if nothing else is said.
        let superseded = match self.auto_cancel.as_deref() {
            Some("none") => Superseded::GoesOn,
            Some("interruptible") => Superseded::Interruptible,
            _ => Superseded::Conservative,
        };
        Ok(Pipeline { name, stages: self.stages.clone(), jobs, superseded, not_created })
    }
}

/// A job as the rules make it; nothing if they leave it out.
fn seed(
    job: &Job,
    base: &Variables,
    global: &Variables,
    repository: &Repository,
    push: &Push,
) -> Option<PipelineJob> {
    let mut own = Variables::default();
    match &job.inherits {
        None => own.extend(global),
        Some(names) => own.extend_named(global, names),
    }
    own.extend(&job.variables);
    let mut base = base.clone();
    for (name, value) in of_job(job) {
        base.set(name, value);
    }
    let known = layered(&[&base, &own, &push.variables]);
    let conditions = Conditions { repository, push, variables: &known };
    let mut seed = PipelineJob {
        job: job.clone(),
        when: job.when.clone(),
        allow_failure: job.allow_failure,
        exit_codes: job.exit_codes.clone(),
        start_in: job.start_in,
        needs: job.needs.clone(),
        interruptible: job.interruptible,
        variables: Variables::default(),
    };
    if let Some(rules) = &job.rules {
        let rule = rules.iter().find(|rule| conditions.hold(rule))?;
        if let Some(when) = &rule.when {
            seed.when.clone_from(when);
        }
        if seed.when == "never" {
            return None;
        }
        if let Some(allowed) = rule.allow_failure {
            seed.allow_failure = allowed;
            seed.exit_codes.clear();
        }
        seed.start_in = rule.start_in.or(seed.start_in);
        if let Some(needs) = &rule.needs {
            seed.needs = Some(needs.clone());
        }
        seed.interruptible = rule.interruptible.unwrap_or(seed.interruptible);
        own.extend(&rule.variables);
    } else {
        let everything = super::rules::Policy::default();
        if !conditions.allow(job.only.as_ref().unwrap_or(&everything), &job.except) {
            return None;
        }
    }
    seed.variables = layered(&[&base, &own, &push.variables]);
    Some(seed)
}

/// Variables of several sources, the later ones win, expanded.
fn layered(sources: &[&Variables]) -> Variables {
    let mut all = Variables::default();
    for source in sources {
        all.extend(source);
    }
    all.expanded()
}

/// What GitLab sets for a job.
fn of_job(job: &Job) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("CI_JOB_NAME", job.name.clone()),
        ("CI_JOB_NAME_SLUG", predefined::slug(&job.name)),
        ("CI_JOB_STAGE", job.stage.clone()),
        ("CI_JOB_ID", "1".to_owned()),
        ("CI_NODE_TOTAL", job.instance.map_or(1, |(_, total)| total).to_string()),
    ];
    if let Some((index, _)) = job.instance {
        variables.push(("CI_NODE_INDEX", index.to_string()));
    }
    if let Some(image) = &job.image {
        variables.push(("CI_JOB_IMAGE", image.clone()));
    }
    if let Some(environment) = &job.environment {
        variables.push(("CI_ENVIRONMENT_NAME", environment.clone()));
        variables.push(("CI_ENVIRONMENT_SLUG", predefined::slug(environment)));
        variables.push(("CI_ENVIRONMENT_ACTION", job.environment_action.clone()));
    }
    variables
}

/// Needs on jobs that rules left out.
fn missing_needs(jobs: &[PipelineJob], lenient: bool) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for job in jobs {
        let needs = job.needs.as_deref().unwrap_or(&[]);
        let count: usize = needs.iter().map(|need| need.jobs().len()).sum();
        let name = &job.job.name;
        if count > MAX_NEEDS {
            let message = format!(
                "{name}: one job can only need {MAX_NEEDS} others, but you have listed {count}. See needs keyword \
                 documentation for more details"
            );
            mistakes.push(Mistake::new(message, job.job.place));
            continue;
        }
        for need in needs.iter().filter(|need| !need.optional && !lenient) {
            for missing in need.jobs() {
                if jobs.iter().any(|other| other.job.name == *missing) {
                    continue;
                }
                let message = format!(
                    "'{name}' job needs '{missing}' job, but '{missing}' does not exist in the pipeline. This might be \
                     because of the only, except, or rules keywords. To need a job that sometimes does not exist in the \
                     pipeline, use needs:optional."
                );
                mistakes.push(Mistake::new(message, need.place));
            }
        }
    }
    mistakes
}
