//! Whether the jobs fit together: stages, dependencies, needs, environments, circles.
//!
//! Source: gitlab `lib/gitlab/ci/yaml_processor.rb` and `yaml_processor/dag.rb`, read, not run. As there, the first thing
//! that is wrong is all that is said.

use std::collections::BTreeMap;

use super::job::{Job, Need, NeedOf};
use super::value::{Map, Place, Value};
use super::{Configuration, Mistake};

pub(super) fn check(configuration: &Configuration) -> Result<(), Mistake> {
    let check = Check {
        configuration,
        jobs: configuration.jobs.iter().map(|job| (job.name.as_str(), job)).collect(),
        lenient: !configuration.absent.is_empty(),
    };
    for job in &configuration.jobs {
        check.job(job)?;
    }
    check.circles()
}

struct Check<'a> {
    configuration: &'a Configuration,
    jobs: BTreeMap<&'a str, &'a Job>,
    /// An absent file may bring stages and jobs that are missed.
    lenient: bool,
}

/// Where the value of a job's key stands.
fn place(job: &Job, key: &str) -> Place {
    job.settings.get(key).map_or(job.place, |value| value.place)
}

impl Check<'_> {
    fn job(&self, job: &Job) -> Result<(), Mistake> {
        let name = &job.name;
        let stages = &self.configuration.stages;
        if !stages.contains(&job.stage) && !self.lenient {
            let message = format!(
                "{name} job: chosen stage {} does not exist; available stages are {}",
                job.stage,
                stages.join(", ")
            );
            return Err(Mistake::new(message, place(job, "stage")));
        }
        for dependency in job.dependencies.iter().flatten() {
            self.dependency(job, dependency, "dependency", false, place(job, "dependencies"))?;
        }
        self.needs(job, job.needs.as_deref().unwrap_or(&[]))?;
        for rule in job.rules.iter().flatten() {
            self.needs(job, rule.needs.as_deref().unwrap_or(&[]))?;
        }
        self.child_pipeline(job)?;
        self.environment(job)
    }

    fn needs(&self, job: &Job, needs: &[Need]) -> Result<(), Mistake> {
        let mut seen: Vec<&String> = Vec::new();
        let mut twice: Vec<(&String, Place)> = Vec::new();
        for need in needs {
            for name in need.jobs() {
                self.dependency(job, name, "need", need.optional, need.place)?;
                if !seen.contains(&name) {
                    seen.push(name);
                } else if !twice.iter().any(|(other, _)| *other == name) {
                    twice.push((name, need.place));
                }
            }
        }
        let Some((_, place)) = twice.first() else { return Ok(()) };
        // In the order in which they were first named.
        let names: Vec<&str> = seen
            .into_iter()
            .filter(|name| twice.iter().any(|(other, _)| other == name))
            .map(String::as_str)
            .collect();
        let message = format!("{} has the following needs duplicated: {}.", job.name, names.join(", "));
        Err(Mistake::new(message, *place))
    }

    fn dependency(
        &self,
        job: &Job,
        name: &str,
        what: &str,
        optional: bool,
        place: Place,
    ) -> Result<(), Mistake> {
        let Some(other) = self.jobs.get(name) else {
            if optional || self.lenient {
                return Ok(());
            }
            return Err(Mistake::new(format!("{} job: undefined {what}: {name}", job.name), place));
        };
        let at = |stage: &str| self.configuration.stages.iter().position(|other| other == stage);
        let (own, theirs) = (at(&job.stage), at(&other.stage));
        let earlier = matches!((theirs, own), (Some(theirs), Some(own)) if theirs <= own);
        if earlier || self.lenient {
            return Ok(());
        }
        let message = format!("{} job: {what} {name} is not defined in current or prior stages", job.name);
        Err(Mistake::new(message, place))
    }

    /// A child pipeline whose file another job makes.
    fn child_pipeline(&self, job: &Job) -> Result<(), Mistake> {
        let trigger = job.settings.given("trigger").and_then(Value::map);
        let include = trigger.and_then(|map| map.given("include"));
        for item in include.map(super::entry::flat).unwrap_or_default() {
            let maker = item.map().and_then(|map| map.given("job"));
            if let Some(maker) = maker {
                self.dependency(job, &maker.to_text(), "dependency", false, maker.place)?;
            }
        }
        Ok(())
    }

    fn environment(&self, job: &Job) -> Result<(), Mistake> {
        let environment = job.settings.given("environment").and_then(Value::map);
        let Some(on_stop) = environment.and_then(|map| map.given("on_stop")) else { return Ok(()) };
        let (name, stop) = (&job.name, on_stop.to_text());
        let wrong =
            |what: &str| Err(Mistake::new(format!("{name} job: on_stop job {stop} {what}"), on_stop.place));
        let Some(other) = self.jobs.get(stop.as_str()) else {
            return if self.lenient { Ok(()) } else { wrong("is not defined") };
        };
        if other.environment.is_none() {
            return wrong("does not have environment defined");
        }
        if other.environment != job.environment {
            return wrong("have different environment name");
        }
        let action = other
            .settings
            .given("environment")
            .and_then(Value::map)
            .and_then(|map: &Map| map.given("action"));
        if action.and_then(Value::text) != Some("stop") {
            return wrong("needs to have action stop defined");
        }
        Ok(())
    }

    /// No job may need itself around others.
    fn circles(&self) -> Result<(), Mistake> {
        let mut done: Vec<&str> = Vec::new();
        for job in &self.configuration.jobs {
            let mut way = Vec::new();
            if let Some(circle) = self.circle(&job.name, &mut way, &mut done) {
                let place = self
                    .jobs
                    .get(circle.first().copied().unwrap_or(""))
                    .map_or(job.place, |job| place(job, "needs"));
                let message = format!("The pipeline has circular dependencies: {}", circle.join(" -> "));
                return Err(Mistake::new(message, place));
            }
        }
        Ok(())
    }

    fn circle<'b>(
        &'b self,
        name: &'b str,
        way: &mut Vec<&'b str>,
        done: &mut Vec<&'b str>,
    ) -> Option<Vec<&'b str>> {
        if done.contains(&name) {
            return None;
        }
        if let Some(at) = way.iter().position(|other| *other == name) {
            let mut circle = way.get(at..)?.to_vec();
            circle.push(name);
            return Some(circle);
        }
        let job = self.jobs.get(name)?;
        way.push(name);
        for need in job.needs.iter().flatten() {
            if !matches!(need.of, NeedOf::Job { .. }) {
                continue;
            }
            for other in need.jobs() {
                if let Some(circle) = self.circle(other, way, done) {
                    return Some(circle);
                }
            }
        }
        way.pop();
        done.push(name);
        None
    }
}
