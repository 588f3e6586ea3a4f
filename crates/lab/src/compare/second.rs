//! What is measured in a second.

use opscape_network::telemetry::{Point, Subject};

use super::versions::Versions;
use crate::world::LabModel;

/// What was measured in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Second {
    /// Pods of the old version that are ready at its end.
    pub old_ready: u32,
    /// Other pods of the old version that are there at its end.
    pub old_waiting: u32,
    /// Pods of the new version that are ready at its end.
    pub new_ready: u32,
    /// Other pods of the new version that are there at its end.
    pub new_waiting: u32,
    /// Requests of the clients that ended in it.
    pub requests: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Requests that the old version answered.
    pub met_old: u64,
    /// Requests that the new version answered.
    pub met_new: u64,
    /// Users that the new version answered for the first time: clients of a closed workload and addresses that are known
    /// count once, of all others each request is somebody else's.
    pub users_new: u64,
    /// Those that the old version answered with an error.
    pub failed_old: u64,
    /// Those that the new version answered with an error.
    pub failed_new: u64,
}

impl Second {
    /// All pods that are there. Pods that are terminating are not counted.
    pub fn pods(&self) -> u32 {
        self.old_ready + self.old_waiting + self.new_ready + self.new_waiting
    }

    /// Of a world at the end of the second with this number, counted from 0.
    pub(super) fn measure(model: &LabModel, second: u32, versions: &Versions) -> Second {
        let mut now = Second::default();
        let telemetry = model.traffic().telemetry();
        let point = |subject: &Subject| {
            telemetry
                .series(subject)
                .map_or_else(Point::default, |series| series.between(second, second.saturating_add(1)))
        };
        for subject in telemetry.subjects() {
            if let Subject::Workload(_) = subject {
                let point = point(subject);
                now.requests += point.count;
                now.failed += point.errors();
            }
        }
        for workload in model.census().workloads() {
            for revision in &workload.revisions {
                let step = revision.steps.last().copied().unwrap_or_default();
                let subject =
                    Subject::Version(workload.namespace.clone(), workload.name.clone(), revision.number);
                let met = point(&subject);
                if versions.is_new(workload, revision) {
                    let again = point(&Subject::Again(Box::new(subject))).count;
                    now.new_ready += step.ready;
                    now.new_waiting += step.not_ready;
                    now.met_new += met.count;
                    now.users_new += met.count.saturating_sub(again);
                    now.failed_new += met.errors();
                } else {
                    now.old_ready += step.ready;
                    now.old_waiting += step.not_ready;
                    now.met_old += met.count;
                    now.failed_old += met.errors();
                }
            }
        }
        now
    }
}
