//! Migrations of the lab's database: they change what the images find there.

use std::sync::Arc;

use opscape_cluster::kubelet::{Step, Wake};
use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::pod::{Container, ContainerStatus};
use opscape_sim::Context;

use super::{LabEvent, LabModel, LabRecord};
use crate::images::schema::ColumnChange;

/// A migration of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The pod whose container did it: namespace and name.
    pub pod: (Str, Str),
    /// Its image.
    pub image: Str,
    /// The columns that it added (true) and dropped.
    pub columns: Vec<(Str, bool)>,
}

/// A container of a pod, as its kubelet numbers them: init containers first.
fn container_of(pod: &Pod, number: u8) -> Option<&Container> {
    pod.spec.init_containers.iter().chain(&pod.spec.containers).nth(usize::from(number))
}

fn ended_well(pod: &Pod, container: &str) -> bool {
    let mut all = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    let last = |status: &ContainerStatus| {
        let ended = status.state.terminated.as_ref().or(status.last_state.terminated.as_ref());
        ended.is_some_and(|ended| ended.exit_code == 0)
    };
    all.find(|status| &*status.name == container).is_some_and(last)
}

fn restarts(pod: &Pod, container: &str) -> u32 {
    let mut all = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    let status = all.find(|status| &*status.name == container);
    status.and_then(|status| u32::try_from(status.restart_count).ok()).unwrap_or_default()
}

impl LabModel {
    /// A kubelet went on with a container: it may have migrated the database, or will have when it listens.
    pub(super) fn database_notices(
        &mut self,
        event: &opscape_cluster::Event,
        context: &mut Context<'_, LabEvent, LabRecord>,
    ) {
        let opscape_cluster::Event::Kubelet(Wake::Step { pod: uid, container: number, step, life }) = event
        else {
            return;
        };
        let Some(pod) = self.cluster.store().typed_by_uid::<Pod>(*uid) else { return };
        let Some(container) = container_of(pod, *number) else { return };
        if !self.images.schema(&container.image).is_some_and(opscape_manifest::lab::ImageSchema::migrates) {
            return;
        }
        match step {
            Step::Exited if ended_well(pod, &container.name) => self.migrate(*uid, *number, context),
            Step::Started | Step::Hooked if !self.images.ends(container, restarts(pod, &container.name)) => {
                let process = self.cluster.process(*uid, &container.name);
                if let Some(listens) = process.and_then(|process| process.listens_at) {
                    let (pod, container, life) = (*uid, *number, *life);
                    context.at(listens, LabEvent::Migrates { pod, container, life });
                }
            }
            _ => {}
        }
    }

    /// A container that migrates the database when it starts listens now, if it still runs.
    pub(super) fn migrates(
        &mut self,
        (uid, number, life): (Uid, u8, u32),
        context: &mut Context<'_, LabEvent, LabRecord>,
    ) {
        let Some(pod) = self.cluster.store().typed_by_uid::<Pod>(uid) else { return };
        let Some(container) = container_of(pod, number) else { return };
        let process = self.cluster.process(uid, &container.name);
        if process.is_some_and(|process| process.life == life && !process.away) {
            self.migrate(uid, number, context);
        }
    }

    fn migrate(&mut self, uid: Uid, number: u8, context: &mut Context<'_, LabEvent, LabRecord>) {
        let Some(pod) = self.cluster.store().typed_by_uid::<Pod>(uid) else { return };
        let Some(container) = container_of(pod, number) else { return };
        let now = context.now();
        let columns = self.images.migration(&container.image, now);
        if columns.is_empty() {
            return;
        }
        let name = pod.metadata.name.clone();
        let migration = Migration {
            pod: (pod.metadata.namespace.clone(), name.clone()),
            image: container.image.clone(),
            columns: columns.clone(),
        };
        // It follows from what its kubelet found last.
        let before = context.because(self.cluster.store().cause_of(uid));
        let entry = context.record_as_cause(LabRecord::Migrated(Arc::new(migration)));
        for (column, there) in columns {
            let change = ColumnChange { at: now, column, there, pod: name.clone(), entry };
            self.images = Arc::new(self.images.after(change));
        }
        let images = self.images.clone();
        self.in_cluster(context, |cluster, context| cluster.set_images(context, images));
        if self.traffic.is_active() {
            let (traffic, (around, _)) = self.traffic_and_around();
            traffic.database_changed(around);
        }
        context.because(before);
    }
}
