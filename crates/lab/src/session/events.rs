//! Events of the cluster as rows.

use opscape_cluster::{Cluster, Record};
use opscape_manifest::api::meta::{MicroTime, Timestamp};
use opscape_manifest::api::{Event, ObjectKey};
use opscape_sim::{Run, Time};

use crate::inspect::{EventFilter, EventRow};
use crate::world::{LabModel, LabRecord};
use opscape_manifest::order;

/// The rows, newest first.
pub(crate) fn rows(run: &Run<LabModel>, filter: &EventFilter) -> Vec<EventRow> {
    let cluster = run.model().cluster();
    let most = if filter.most == 0 { usize::MAX } else { filter.most };
    let mut rows: Vec<(Time, u64, &Event)> = Vec::new();
    // The oldest that is among the newest: what is older still need not be looked at.
    let mut oldest = None;
    let newest = |rows: &mut Vec<(Time, u64, &Event)>| {
        order::sort_by(rows, |a, b| (b.0, b.1).cmp(&(a.0, a.1)));
        rows.truncate(most);
        rows.last().filter(|_| rows.len() == most).map(|row| (row.0, row.1))
    };
    let all = cluster
        .store()
        .events_by_age(filter.namespace.as_deref())
        .filter(|event| !filter.warnings || &*event.kind == "Warning")
        .filter(|event| filter.object.as_ref().is_none_or(|key| is_about(event, key)));
    for event in all {
        let row = (last_time(run, event), event.metadata.resource_version, event.as_ref());
        if oldest.is_none_or(|oldest| (row.0, row.1) > oldest) {
            rows.push(row);
            if rows.len() >= most.saturating_mul(2) {
                oldest = newest(&mut rows);
            }
        }
    }
    newest(&mut rows);
    let exact = exact_times(run, &rows);
    let times = exact.into_iter().chain(std::iter::repeat(None));
    rows.into_iter()
        .zip(times)
        .map(|((at, _, event), exact)| row(cluster, exact.unwrap_or(at), event))
        .collect()
}

/// Entries of the journal looked through at most.
const LOOK_BACK: usize = 20_000;
/// Rows that may stand between an entry of the journal and its row.
const WINDOW: usize = 8;

/// When the Events were written, from the journal: their own stamps are in whole seconds.
fn exact_times(run: &Run<LabModel>, rows: &[(Time, u64, &Event)]) -> Vec<Option<Time>> {
    let mut times = vec![None; rows.len()];
    let mut first = 0;
    for (_, entry) in run.journal().iter().rev().take(LOOK_BACK) {
        let LabRecord::Cluster(Record::EventRecorded(fact)) = &entry.what else { continue };
        for at in first..rows.len().min(first + WINDOW) {
            let (Some((_, _, event)), Some(time)) = (rows.get(at), times.get_mut(at)) else { continue };
            if time.is_none() && event.metadata.name == fact.name {
                *time = Some(entry.at);
                break;
            }
        }
        while times.get(first).is_some_and(Option::is_some) {
            first += 1;
        }
        if first >= rows.len() {
            break;
        }
    }
    times
}

fn is_about(event: &Event, key: &ObjectKey) -> bool {
    let about = &event.involved_object;
    about.kind == key.kind
        && about.name == key.name
        && (about.namespace == key.namespace || key.namespace.is_empty())
}

fn row(cluster: &Cluster, at: Time, event: &Event) -> EventRow {
    let about = &event.involved_object;
    let component =
        if event.source.component.is_empty() { &event.reporting_component } else { &event.source.component };
    let from = if event.source.host.is_empty() {
        component.to_string()
    } else {
        [component, ", ", &*event.source.host].concat()
    };
    let count = event.series.as_ref().map_or(event.count, |series| series.count);
    let first = event
        .event_time
        .map(|time| micro(cluster, time))
        .or(event.first_timestamp.map(|time| whole(cluster, time)));
    EventRow {
        at,
        first: first.unwrap_or(at),
        count: u32::try_from(count).unwrap_or_default().max(1),
        warning: &*event.kind == "Warning",
        reason: event.reason.clone(),
        object: ObjectKey {
            kind: about.kind.clone(),
            namespace: about.namespace.clone(),
            name: about.name.clone(),
        },
        message: event.message.clone(),
        from,
    }
}

/// The last time it was seen.
pub(crate) fn last_time(run: &Run<LabModel>, event: &Event) -> Time {
    let cluster = run.model().cluster();
    let series = event.series.as_ref().and_then(|series| series.last_observed_time);
    if let Some(time) = series.or(event.event_time) {
        return micro(cluster, time);
    }
    let stamp = event.last_timestamp.or(event.first_timestamp).or(event.metadata.creation_timestamp);
    stamp.map_or(Time::ZERO, |stamp| whole(cluster, stamp))
}

fn micro(cluster: &Cluster, time: MicroTime) -> Time {
    Time(u64::try_from(time.0.saturating_sub(cluster.options().epoch.0)).unwrap_or_default())
}

fn whole(cluster: &Cluster, stamp: Timestamp) -> Time {
    micro(cluster, MicroTime(stamp.0.saturating_mul(1_000_000)))
}
