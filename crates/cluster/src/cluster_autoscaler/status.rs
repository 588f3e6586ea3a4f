//! The ConfigMap `cluster-autoscaler-status` (clusterstate/utils/status.go, clusterstate/api/types.go), and Events about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use opscape_manifest::api::meta::ObjectMeta;
use opscape_manifest::api::{ConfigMap, Node, Object};
use opscape_sim::Time;

use super::ClusterAutoscaler;
use super::provider::Life;
use super::scale_up::is_ready;
use crate::{Api, Context, Message, words};

const NAME: &str = "cluster-autoscaler-status";

/// The ConfigMap; made if it is not there.
fn config_map(api: &mut Api, context: &mut Context<'_>) -> Option<Arc<ConfigMap>> {
    if let Some(map) = api.store().get::<ConfigMap>("kube-system", NAME) {
        return Some(map.clone());
    }
    let metadata = ObjectMeta { name: NAME.into(), namespace: words::kube_system(), ..ObjectMeta::default() };
    let data = BTreeMap::from([("status".into(), "Initializing".into())]);
    let map = ConfigMap { metadata, data, ..ConfigMap::default() };
    let before = context.because(None);
    let made = api.create(Object::ConfigMap(Arc::new(map)), context);
    context.because(before);
    let Ok(Object::ConfigMap(map)) = made else { return None };
    Some(map)
}

/// Nodes of a group, or of all.
#[derive(Default, Clone, Copy)]
struct Counts {
    total: u32,
    ready: u32,
    not_started: u32,
    unready: u32,
    unregistered: u32,
    target: u32,
    unneeded: u32,
    in_backoff: bool,
}

impl ClusterAutoscaler {
    /// Tells people something about the whole (`LogEventRecorder`): an Event about the ConfigMap.
    pub(super) fn log(&mut self, said: &Message<'_>, api: &mut Api, context: &mut Context<'_>) {
        if let Some(map) = config_map(api, context) {
            api.tell(&self.reporter, &Object::ConfigMap(map), said, context);
        }
    }

    /// Writes the status if it is another one than before.
    pub(super) fn write_status(&mut self, api: &mut Api, context: &mut Context<'_>) {
        let text = self.text(api, context.now());
        if *text == *self.status && api.store().get::<ConfigMap>("kube-system", NAME).is_some() {
            return;
        }
        if config_map(api, context).is_none() {
            return;
        }
        self.status = text.as_str().into();
        let now = api.timestamp(context.now());
        // Somebody may delete it; then it is made anew at the next look.
        let _ = api.modify::<ConfigMap>("kube-system", NAME, context, |map| {
            let data = ["time: ", &now.to_string(), "\n", &text].concat();
            map.data.insert("status".into(), data.into());
            map.metadata.set_annotation("cluster-autoscaler.kubernetes.io/last-updated", &now.to_string());
        });
    }

    fn text(&self, api: &Api, now: Time) -> String {
        let mut all = Counts::default();
        let mut groups = String::new();
        for (at, group) in self.settings.groups.iter().enumerate() {
            let counts = self.counts(at, api, now);
            let (min, max) = (group.min, group.max);
            let _ = writeln!(groups, "- name: {}", group.name);
            part(&mut groups, "  ", &counts, Some((min, max)));
            all.total += counts.total;
            all.ready += counts.ready;
            all.not_started += counts.not_started;
            all.unready += counts.unready;
            all.unregistered += counts.unregistered;
            all.target += counts.target;
            all.unneeded += counts.unneeded;
        }
        let mut text = String::from("autoscalerStatus: Running\nclusterWide:\n");
        part(&mut text, "  ", &all, None);
        text.push_str("nodeGroups:\n");
        text.push_str(&groups);
        text
    }

    fn counts(&self, at: usize, api: &Api, now: Time) -> Counts {
        let mut counts = Counts::default();
        let Some(machines) = self.cloud.groups.get(at) else { return counts };
        counts.target = machines.target();
        counts.in_backoff = self.growth.get(at).and_then(|one| one.backoff_until).is_some_and(|at| now < at);
        for machine in &machines.list {
            counts.unneeded += u32::from(machine.unneeded.is_some() && machine.life == Life::Running);
            match api.store().get::<Node>("", &machine.name) {
                None => counts.unregistered += 1,
                Some(node) => {
                    counts.total += 1;
                    match (is_ready(node), machine.life) {
                        (true, _) => counts.ready += 1,
                        (false, Life::Starting) => counts.not_started += 1,
                        (false, _) => counts.unready += 1,
                    }
                }
            }
        }
        counts
    }
}

fn part(text: &mut String, indent: &str, counts: &Counts, limits: Option<(u32, u32)>) {
    let Counts { total, ready, not_started, unready, unregistered, target, unneeded, in_backoff } = *counts;
    let mut line = |depth: usize, line: &str| {
        text.push_str(indent);
        text.extend(std::iter::repeat_n("  ", depth));
        text.push_str(line);
        text.push('\n');
    };
    line(0, "health:");
    line(1, "status: Healthy");
    line(1, "nodeCounts:");
    line(2, "registered:");
    line(3, &format!("total: {total}"));
    line(3, &format!("ready: {ready}"));
    line(3, &format!("notStarted: {not_started}"));
    if unready > 0 {
        line(3, "unready:");
        line(4, &format!("total: {unready}"));
    }
    line(2, "longUnregistered: 0");
    line(2, &format!("unregistered: {unregistered}"));
    if let Some((min, max)) = limits {
        line(1, &format!("cloudProviderTarget: {target}"));
        line(1, &format!("minSize: {min}"));
        line(1, &format!("maxSize: {max}"));
    }
    line(0, "scaleUp:");
    let coming = not_started + unregistered > 0;
    let growth = if in_backoff {
        "Backoff"
    } else if coming {
        "InProgress"
    } else {
        "NoActivity"
    };
    line(1, &format!("status: {growth}"));
    line(0, "scaleDown:");
    line(1, if unneeded > 0 { "status: CandidatesPresent" } else { "status: NoCandidates" });
    if unneeded > 0 {
        line(1, &format!("candidates: {unneeded}"));
    }
}
