//! A run as JSON, for programs. Times are seconds since the pipeline began.

use serde_json::{Map, Value as Json, json};

use super::{Fleet, JobRun, Outcome, Plan, PlannedJob, Run};
use opscape_sim::Time;

/// `end`, `jobs` in the order of the configuration (`order`: the how-manieth to begin), `results` of the configuration's jobs,
/// `criticalPath`: the names of the jobs that made it take as long as it did.
pub fn run(plan: &Plan, fleet: &Fleet, run: &Run) -> Json {
    let order = beginning_order(run);
    let jobs = plan.jobs.iter().zip(&run.jobs).enumerate().map(|(id, (planned, job))| {
        let group = plan.groups.get(planned.group).map_or("", |group| group.id.as_str());
        let order = order.iter().position(|other| *other == id).map(|at| at + 1);
        let pool = job.runner.and_then(|(kind, number)| Some((fleet.pools.get(kind)?, number + 1)));
        json!({
            "name": planned.name,
            "job": group,
            "order": order,
            "ready": seconds(job.ready),
            "start": seconds(job.start),
            "end": seconds(job.end.filter(|_| job.start.is_some())),
            "result": job.outcome.map(Outcome::name),
            "runner": pool.map(|(pool, number)| format!("{}-{number}", pool.name)),
            "steps": steps(planned, job),
        })
    });
    let jobs: Vec<Json> = jobs.collect();
    let results = plan.groups.iter().zip(&run.groups);
    let results: Map<String, Json> =
        results.map(|(group, result)| (group.id.clone(), result.map(Outcome::name).into())).collect();
    let path = run.critical_path();
    let path: Vec<&str> =
        path.iter().filter_map(|job| plan.jobs.get(*job)).map(|job| job.name.as_str()).collect();
    json!({ "end": run.end.as_secs_f64(), "jobs": jobs, "results": results, "criticalPath": path })
}

/// The jobs that began, first to last.
pub fn beginning_order(run: &Run) -> Vec<usize> {
    let mut begun: Vec<(Time, usize)> =
        run.jobs.iter().enumerate().filter_map(|(id, job)| Some((job.start?, id))).collect();
    begun.sort_unstable();
    begun.into_iter().map(|(_, id)| id).collect()
}

fn seconds(time: Option<Time>) -> Json {
    time.map(Time::as_secs_f64).into()
}

fn steps(planned: &PlannedJob, job: &JobRun) -> Json {
    let (Some(begin), Some(course)) = (job.steps, &job.course) else { return Json::Array(Vec::new()) };
    // A job that was cut off has no more steps in its course.
    let spans = course.steps.iter().copied().chain(std::iter::repeat(None));
    let steps = planned.steps.iter().zip(spans).map(|(step, span)| {
        let at = |span: Option<std::time::Duration>| seconds(span.map(|span| begin + span));
        json!({
            "name": step.name,
            "start": at(span.map(|(start, _)| start)),
            "end": at(span.map(|(_, end)| end)),
            "opaque": step.opaque,
        })
    });
    steps.collect()
}
