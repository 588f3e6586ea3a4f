//! What kubelets tell people (pkg/kubelet/events, kuberuntime).

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Object, Pod};

use crate::{Api, Context, Message, Reporter};

use std::sync::Arc;

/// Writes an Event about a container, unless there are too many pods for that.
pub(super) fn say(
    pod: &Arc<Pod>,
    (container, init): (&Str, bool),
    warning: bool,
    reason: &str,
    message: &str,
    api: &mut Api,
    context: &mut Context<'_>,
) {
    let most = api.options().flags.kubelet.events_up_to;
    if most == 0 || api.store().count("Pod") > most {
        return;
    }
    let field_path = format!("spec.{}{{{container}}}", if init { "initContainers" } else { "containers" });
    let said = Message { warning, reason, message, field_path: &field_path };
    let reporter = Reporter { component: "kubelet".into(), host: pod.spec.node_name.clone() };
    api.tell(&reporter, &Object::Pod(pod.clone()), &said, context);
}
