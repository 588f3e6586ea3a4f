//! `spec.activeDeadlineSeconds` (pkg/kubelet/active_deadline.go).

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Object, Pod};

use super::probes::relist;
use super::{Kubelets, Over, Wake, What, is_finished, record};
use crate::{Api, Context, Event, Message, Reporter};

/// `reason` and `message` of a pod whose time is over.
pub(super) const REASON: &str = "DeadlineExceeded";
pub(super) const MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

/// Since the start that stands in its status, in whole seconds.
fn over_at(pod: &Pod, started: opscape_sim::Time, api: &Api) -> Option<opscape_sim::Time> {
    let seconds = u64::try_from(pod.spec.active_deadline_seconds?).ok()?;
    Some(api.time_of(api.timestamp(started)) + Duration::from_secs(seconds))
}

impl Kubelets {
    /// Looks at the pod again when its time is over; the kubelet looks once a second.
    pub(super) fn watch_deadline(&mut self, pod: &Pod, api: &Api, context: &mut Context<'_>) {
        let uid = pod.metadata.uid;
        if !api.options().flags.kubelet.thorough {
            return;
        }
        let Some(run) = self.pods.get(&uid) else { return };
        if let Some(over) = over_at(pod, run.started, api) {
            context.at(relist(&run.node, over.max(context.now())), Event::Kubelet(Wake::Deadline(uid)));
        }
    }

    /// The pod's time may be over: then its containers are stopped and it has failed.
    pub(super) fn deadline(&mut self, uid: Uid, api: &mut Api, context: &mut Context<'_>) {
        let Some(pod) = api.store().typed_by_uid::<Pod>(uid).cloned() else { return };
        let Some(run) = self.pods.get_mut(&uid) else { return };
        let now = context.now();
        let over = over_at(&pod, run.started, api).is_some_and(|over| over <= now);
        if !over || run.ends.is_some() || is_finished(&pod) {
            return;
        }
        run.over = Some(Over::Deadline);
        let seconds = pod.spec.active_deadline_seconds.unwrap_or_default();
        record(&pod, "", What::DeadlineExceeded { seconds }, context);
        tell(&pod, api, context);
        let grace = pod.spec.termination_grace_period_seconds.unwrap_or(30);
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        self.stop_all(&pod, now, grace, api, context);
    }
}

fn tell(pod: &Arc<Pod>, api: &mut Api, context: &mut Context<'_>) {
    if api.options().flags.kubelet.events_up_to == 0 {
        return;
    }
    let reporter = Reporter { component: "kubelet".into(), host: pod.spec.node_name.clone() };
    let said = Message::normal(REASON, MESSAGE);
    api.tell(&reporter, &Object::Pod(pod.clone()), &said, context);
}
