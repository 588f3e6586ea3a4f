//! Runners.

use std::time::Duration;

/// The runners that there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    /// Kinds of runners; a job takes the first kind that fits and has one free.
    pub pools: Vec<Pool>,
    /// The most jobs at once in all pools; none: as many as there are runners.
    pub limit: Option<usize>,
}

/// Runners of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// What people see.
    pub name: String,
    /// What they have; none: whatever a job asks for that no other kind has.
    pub labels: Option<Vec<String>>,
    /// Whether they take jobs that ask for nothing.
    pub untagged: bool,
    /// How many; none: there is always one more.
    pub count: Option<usize>,
    /// From a job's turn to its first step: a machine begins, or the job is fetched.
    pub boot: Duration,
    /// How much faster than usual steps run.
    pub speed: f64,
}

impl Fleet {
    /// As many runners for any job as wanted, ready at once.
    pub fn any(count: Option<usize>) -> Fleet {
        let pool = Pool {
            name: "runner".to_owned(),
            labels: None,
            untagged: true,
            count,
            boot: Duration::ZERO,
            speed: 1.0,
        };
        Fleet { pools: vec![pool], limit: None }
    }

    /// Runners that somebody set up, before all others; what they have is then asked of nobody else.
    #[must_use]
    pub fn with_own(mut self, own: Vec<Pool>) -> Fleet {
        if !own.is_empty() {
            self.pools.retain(|pool| pool.labels.is_some());
            self.pools.splice(0..0, own);
        }
        self
    }

    /// What GitHub lends: a new machine for each job, at most 20 at once (the limit of the Free plan). For what GitHub does not
    /// lend, as if somebody had set up a runner of their own for each job.
    ///
    /// Source: GitHub's documentation, "GitHub-hosted runners" and "Actions limits", for labels and limits. The time until a
    /// machine is ready is what users usually see.
    pub fn github_hosted() -> Fleet {
        let pool = |name: &str, labels: &[&str], count, seconds| Pool {
            name: name.to_owned(),
            labels: Some(labels.iter().map(|label| (*label).to_owned()).collect()),
            untagged: false,
            count,
            boot: Duration::from_secs(seconds),
            speed: 1.0,
        };
        let linux = [
            "ubuntu-latest",
            "ubuntu-24.04",
            "ubuntu-22.04",
            "ubuntu-20.04",
            "ubuntu-24.04-arm",
            "ubuntu-22.04-arm",
            "ubuntu-slim",
        ];
        let windows = ["windows-latest", "windows-2025", "windows-2022", "windows-2019", "windows-11-arm"];
        let macos = [
            "macos-latest",
            "macos-26",
            "macos-15",
            "macos-15-intel",
            "macos-14",
            "macos-13",
            "macos-12",
            "macos-latest-large",
        ];
        let pools = vec![
            pool("ubuntu", &linux, None, 5),
            pool("windows", &windows, None, 15),
            pool("macos", &macos, Some(5), 20),
            Pool { labels: None, ..pool("self-hosted", &[], None, 1) },
        ];
        Fleet { pools, limit: Some(20) }
    }
}

impl Pool {
    /// Whether its runners have what a job asks for; case does not count.
    pub fn fits(&self, wanted: &[String]) -> bool {
        self.labels.as_ref().is_none_or(|labels| {
            if wanted.is_empty() {
                return self.untagged;
            }
            wanted.iter().all(|wanted| labels.iter().any(|label| label.eq_ignore_ascii_case(wanted)))
        })
    }
}
