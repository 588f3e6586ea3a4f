//! What a load balancer of AWS finds of its targets: it asks each on its own, and sends requests only to those that are well. A
//! new target is well at its first good answer ("Health checks for Application Load Balancer target groups",
//! docs.aws.amazon.com/elasticloadbalancing).

use opscape_cluster::images::Answer;
use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::Uid;
use opscape_network::route::{Endpoint, HealthCheck};

use super::view::{View, serving};

impl View<'_> {
    /// Takes those out that are not well; if none is, all stay. `pods`: of these endpoints, in their order.
    pub fn leave_out_unwell(&self, pods: &mut Vec<Uid>, endpoints: &[Endpoint], check: &HealthCheck) {
        let well: Vec<bool> = endpoints.iter().map(|endpoint| self.is_well(endpoint, check)).collect();
        if well.contains(&true) {
            let mut each = well.into_iter();
            pods.retain(|_| each.next().unwrap_or(true));
        }
    }

    fn is_well(&self, endpoint: &Endpoint, check: &HealthCheck) -> bool {
        let cluster = self.around.cluster;
        let found = self.pod_with(&endpoint.address).and_then(|uid| {
            let pod = cluster.store().typed_by_uid::<Pod>(uid)?;
            let container = serving(pod)?;
            Some((pod, container, cluster.process(uid, &container.name)?))
        });
        let Some((pod, container, process)) = found else { return false };
        if process.away || process.term_at.is_some_and(|term| term <= self.now) {
            return false;
        }
        let Some(listens_at) = process.listens_at else { return false };
        let restarts = pod.status.container_statuses.iter().find(|status| status.name == container.name);
        let restarts = restarts.and_then(|status| u32::try_from(status.restart_count).ok()).unwrap_or(0);
        let warm_up = listens_at.since(process.since);
        let answers = self.around.images.answers(
            container,
            (restarts, warm_up, process.since),
            &check.path,
            endpoint.port,
        );
        let interval = u64::from(check.interval.max(1)) * 1_000_000;
        let (since, now) = (process.since.0, self.now.0);
        let mut well = false;
        let mut row = 0_u32;
        let mut is_new = true;
        for asked in since.div_ceil(interval)..=now / interval {
            let after = (asked * interval).saturating_sub(since);
            let answer = answers
                .iter()
                .rev()
                .find(|(from, _)| u64::try_from(from.as_micros()).is_ok_and(|from| from <= after));
            let good = match answer {
                None | Some((_, Answer::Well)) => check.takes(200),
                Some((_, Answer::Bad { status, .. })) => check.takes(*status),
                Some((_, Answer::Refused | Answer::Silent)) => false,
            };
            row = if good == well { 0 } else { row + 1 };
            let needed = match (good, is_new) {
                (true, true) => 1,
                (true, false) => check.healthy,
                (false, _) => check.unhealthy,
            };
            if row >= needed {
                (well, row, is_new) = (good, 0, false);
            }
        }
        well
    }
}
