//! Whether every job can start once (`converter/jobs.ts`, `validateNeeds`). Unlike that, and like the runner's C#, without
//! regard to case.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::problem::Context;
use super::super::token::Token;
use super::super::workflow::Job;

/// Tells of jobs that can never start.
pub(super) fn validate(context: &mut Context, token: &Token, jobs: &[Job]) {
    let lower = |token: &Token| token.as_str().unwrap_or("").to_lowercase();
    let mut waiting: BTreeMap<usize, Vec<&Token>> = BTreeMap::new();
    let mut ready: VecDeque<String> = VecDeque::new();
    for (index, job) in jobs.iter().enumerate() {
        if job.needs.is_empty() {
            ready.push_back(lower(&job.id));
        } else {
            waiting.insert(index, job.needs.iter().collect());
        }
    }
    if ready.is_empty() {
        context.error(token, "The workflow must contain at least one job with no dependencies.");
        return;
    }
    while let Some(done) = ready.pop_front() {
        waiting.retain(|index, needs| {
            needs.retain(|need| lower(need) != done);
            if needs.is_empty()
                && let Some(job) = jobs.get(*index)
            {
                ready.push_back(lower(&job.id));
            }
            !needs.is_empty()
        });
    }
    let known: BTreeSet<String> = jobs.iter().map(|job| lower(&job.id)).collect();
    for (index, needs) in waiting {
        let id = jobs.get(index).map_or("", Job::id);
        for need in needs {
            let name = need.as_str().unwrap_or("");
            let message = if known.contains(&lower(need)) {
                format!("Job '{id}' depends on job '{name}' which creates a cycle in the dependency graph.")
            } else {
                format!("Job '{id}' depends on unknown job '{name}'.")
            };
            context.error(need, message);
        }
    }
}
