//! Which jobs run when others fail or are skipped.
//!
//! Source: GitHub's documentation of `jobs.<id>.if` and the functions of the status. `success()` asks all jobs that must end
//! before, also those that only jobs before them need.

use std::collections::{BTreeMap, BTreeSet};

use super::contexts::Contexts;
use super::expression::{Data, Object};
use super::workflow::Job;
use crate::run::Outcome;

/// The jobs before each job, by index, near ones and far ones; a job that waits for itself is not among them.
pub fn ancestors(jobs: &[Job]) -> Vec<BTreeSet<usize>> {
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    for (at, job) in jobs.iter().enumerate() {
        index.entry(job.id().to_lowercase()).or_insert(at);
    }
    let near: Vec<Vec<usize>> = jobs.iter().map(|job| near(job, &index)).collect();
    let before = |start: usize| {
        let mut found = BTreeSet::new();
        let mut open = near.get(start).cloned().unwrap_or_default();
        while let Some(next) = open.pop() {
            if next != start && found.insert(next) {
                open.extend(near.get(next).into_iter().flatten());
            }
        }
        found
    };
    (0..jobs.len()).map(before).collect()
}

fn near(job: &Job, index: &BTreeMap<String, usize>) -> Vec<usize> {
    job.needs.iter().filter_map(|need| index.get(&need.as_str()?.to_lowercase()).copied()).collect()
}

/// Whether a job runs behind jobs with these results.
///
/// # Errors
/// The condition has no value, in the official words.
pub fn runs(job: &Job, contexts: &Contexts, before: Vec<Outcome>, needs: Data) -> Result<bool, String> {
    let written = job.get("if").unwrap_or(&job.written);
    let contexts = contexts.with("needs", needs).behind(before);
    // What nobody wrote asks for nothing but the status.
    if job.get("if").is_none() {
        use super::expression::Environment;
        return Ok(contexts.call("success", &[]).is_some_and(|result| result.is_truthy()));
    }
    contexts.evaluate(&job.condition, written).map(|result| result.is_truthy()).map_err(|unknown| {
        match unknown {
            super::matrix::Unknown::Wrong(message) => message,
            _ => String::new(),
        }
    })
}

/// What becomes of all jobs if those in `forced` end like that where they run, and all others succeed. In the order of the
/// text.
pub fn outcomes(
    jobs: &[Job],
    forced: &BTreeMap<String, Outcome>,
    contexts: &Contexts,
) -> Vec<(String, Outcome)> {
    let before = ancestors(jobs);
    let mut results: BTreeMap<usize, Outcome> = BTreeMap::new();
    while results.len() < jobs.len() {
        let ready = (0..jobs.len()).find(|at| {
            !results.contains_key(at)
                && before.get(*at).is_some_and(|before| before.iter().all(|job| results.contains_key(job)))
        });
        let Some(at) = ready else { break };
        let Some(job) = jobs.get(at) else { break };
        let ended = |at: &usize| results.get(at).copied();
        let earlier = before.get(at).into_iter().flatten().filter_map(ended).collect();
        let mut needs = Object::default();
        for need in &job.needs {
            let name = need.as_str().unwrap_or("");
            let found = jobs.iter().position(|job| job.id().eq_ignore_ascii_case(name));
            let result = found.as_ref().and_then(ended).map_or("", Outcome::name);
            let entry = Object::from_iter([("result", result.into()), ("outputs", Object::default().into())]);
            needs.insert(name, entry.into());
        }
        let outcome = match runs(job, contexts, earlier, needs.into()) {
            Ok(false) => Outcome::Skipped,
            Ok(true) => forced.get(job.id()).copied().unwrap_or(Outcome::Success),
            Err(_) => Outcome::Failure,
        };
        results.insert(at, outcome);
    }
    jobs.iter().enumerate().filter_map(|(at, job)| Some((job.id().to_owned(), *results.get(&at)?))).collect()
}
