//! What a lab says of its pipelines: how long steps take, and what fails.

use std::time::Duration;

/// What becomes of jobs and steps, other than as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// How long steps take; the first that fits counts.
    pub durations: Vec<Lasting>,
    /// What fails.
    pub failures: Vec<Failing>,
}

/// How long a step takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lasting {
    /// The job, by its id or name; none: any.
    pub job: Option<String>,
    /// What its name or commands contain; none: the whole job.
    pub step: Option<String>,
    /// How long.
    pub takes: Duration,
}

/// A job that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failing {
    /// The job, by its id or name.
    pub job: String,
    /// What the name or the commands of the step contain that fails; none: the one that does most of the work.
    pub step: Option<String>,
    /// How often it fails before it goes well; none: always.
    pub attempts: Option<u32>,
}

impl Wishes {
    /// How long each step of a job takes; `steps`: what each is called and what it does, and how long it usually takes. The job
    /// has an id and a name.
    pub fn lasting(&self, job: [&str; 2], steps: &[(String, Duration)]) -> Vec<Duration> {
        let of_job = |wish: &&Lasting| wish.job.as_deref().is_none_or(|wanted| job.contains(&wanted));
        let wishes = || self.durations.iter().filter(of_job);
        let usual: Duration = steps.iter().map(|(_, usual)| *usual).sum();
        let whole = wishes().find(|wish| wish.step.is_none()).map(|wish| wish.takes);
        let takes = |(text, own): &(String, Duration)| {
            let wish = wishes().find(|wish| wish.step.as_deref().is_some_and(|part| text.contains(part)));
            match (wish, whole) {
                (Some(wish), _) => wish.takes,
                (None, Some(whole)) if usual.is_zero() => {
                    whole / u32::try_from(steps.len()).unwrap_or(1).max(1)
                }
                (None, Some(whole)) => whole.mul_f64(own.as_secs_f64() / usual.as_secs_f64()),
                (None, None) => *own,
            }
        };
        steps.iter().map(takes).collect()
    }

    /// The step of a job that fails when it was tried so often before.
    pub fn failing(&self, job: [&str; 2], steps: &[(String, Duration)], tries: u32) -> Option<usize> {
        let fits =
            |wish: &&Failing| job.contains(&&*wish.job) && wish.attempts.is_none_or(|most| tries < most);
        let wish = self.failures.iter().find(fits)?;
        let all = steps.iter().enumerate();
        match &wish.step {
            Some(part) => all.clone().find(|(_, (text, _))| text.contains(part.as_str())).map(|(at, _)| at),
            // The first of those that take longest.
            None => all.rev().max_by_key(|(_, (_, usual))| *usual).map(|(at, _)| at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_take_what_is_said_and_fail_as_often() {
        let steps = [("Run npm ci", 20), ("Run npm test", 30)];
        let steps: Vec<(String, Duration)> =
            steps.map(|(text, seconds)| (text.to_owned(), Duration::from_secs(seconds))).to_vec();
        let lasting = |job: Option<&str>, step: Option<&str>, seconds| Lasting {
            job: job.map(str::to_owned),
            step: step.map(str::to_owned),
            takes: Duration::from_secs(seconds),
        };
        let seconds = |durations: Vec<Lasting>, job| {
            let wishes = Wishes { durations, ..Wishes::default() };
            wishes.lasting(job, &steps).iter().map(Duration::as_secs).collect::<Vec<u64>>()
        };
        assert_eq!(seconds(vec![lasting(None, Some("npm ci"), 3)], ["a", "A"]), [3, 30]);
        assert_eq!(seconds(vec![lasting(Some("a"), None, 100)], ["a", "A"]), [40, 60]);
        assert_eq!(seconds(vec![lasting(Some("b"), None, 100)], ["a", "A"]), [20, 30]);
        let wishes = |step: Option<&str>| Wishes {
            failures: vec![Failing { job: "a".into(), step: step.map(str::to_owned), attempts: Some(2) }],
            ..Wishes::default()
        };
        assert_eq!(wishes(None).failing(["a", "A"], &steps, 1), Some(1));
        assert_eq!(wishes(Some("npm ci")).failing(["a", "A"], &steps, 0), Some(0));
        assert_eq!(wishes(None).failing(["a", "A"], &steps, 2), None);
        assert_eq!(wishes(None).failing(["b", "B"], &steps, 0), None);
    }
}
