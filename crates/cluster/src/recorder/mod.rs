//! Events: what components tell people. Old-style recorders correlate (k8s.io/client-go/tools/record), new-style ones make
//! series (k8s.io/client-go/tools/events); both keep a flood of equal events small.

mod correlate;
mod series;

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, Vector};
use opscape_manifest::api::core::{EventSource, ObjectReference};
use opscape_manifest::api::meta::{ObjectMeta, Str, Uid};
use opscape_manifest::api::{Event as Told, Object};
use opscape_sim::{IdMap, Time};

use crate::record::EventRecorded;
use crate::{Api, Context, Event, Record, Subject, words};
use correlate::Correlator;
use series::Known;

/// Which component speaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reporter {
    /// As `deployment-controller`, `kubelet`.
    pub component: Str,
    /// The node of a kubelet; else empty.
    pub host: Str,
}

impl Reporter {
    /// A component of the control plane.
    pub fn new(component: &str) -> Self {
        Reporter { component: component.into(), host: words::empty() }
    }
}

/// What is said.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Something went wrong.
    pub warning: bool,
    /// One word, as `ScalingReplicaSet`.
    pub reason: &'a str,
    /// A sentence.
    pub message: &'a str,
    /// Which part of the object, as `spec.containers{web}`; else empty.
    pub field_path: &'a str,
}

impl<'a> Message<'a> {
    /// Something that is as it should be.
    pub fn normal(reason: &'a str, message: &'a str) -> Self {
        Message { warning: false, reason, message, field_path: "" }
    }

    /// Something that went wrong.
    pub fn warning(reason: &'a str, message: &'a str) -> Self {
        Message { warning: true, reason, message, field_path: "" }
    }
}

/// Objects of which a recorder remembers what it said; the oldest are forgotten first (upstream keeps 4096 events).
const REMEMBERED: usize = 4096;

/// What all recorders remember.
#[derive(Clone, Default)]
pub(crate) struct Recorders {
    /// By object and component.
    old: OrdMap<(Uid, Reporter), Correlator>,
    /// By object.
    new: IdMap<Uid, Vec<Known>>,
    /// Events in order of their creation, to drop them when they are old.
    stored: Vector<(Time, Uid)>,
    last_nanos: i64,
    reasons: BTreeSet<Str>,
}

impl Recorders {
    /// The nanosecond that goes into an Event's name; no two are equal.
    fn nanos(&mut self, micros: i64) -> i64 {
        self.last_nanos = (micros.saturating_mul(1000)).max(self.last_nanos + 1);
        self.last_nanos
    }

    /// Reasons and actions are few and shared.
    fn intern(&mut self, text: &str) -> Str {
        if let Some(known) = self.reasons.get(text) {
            return known.clone();
        }
        let text: Str = text.into();
        self.reasons.insert(text.clone());
        text
    }

    /// An object is gone: what was remembered of it is of no use any more.
    pub(crate) fn forget(&mut self, uid: Uid) {
        self.new.remove(&uid);
        let from = (uid, Reporter { component: words::empty(), host: words::empty() });
        let gone: Vec<_> = self
            .old
            .range(from..)
            .map(|(key, _)| key.clone())
            .take_while(|(about, _)| *about == uid)
            .collect();
        for key in gone {
            self.old.remove(&key);
        }
    }
}

impl Api {
    /// Tells people something (`record.EventRecorder`): repeats count up, similar ones are combined, floods are dropped.
    pub fn tell(
        &mut self,
        reporter: &Reporter,
        regarding: &Object,
        said: &Message<'_>,
        context: &mut Context<'_>,
    ) {
        let now = context.now();
        let uid = regarding.meta().uid;
        let mut correlator =
            self.recorders.old.remove(&(uid, reporter.clone())).unwrap_or_else(|| Correlator::new(now));
        let verdict = correlator.observe(said, now);
        let message = verdict.message.clone();
        if !verdict.dropped {
            let stored = verdict.known.and_then(|uid| self.store().typed_by_uid::<Told>(uid)).cloned();
            let told = if let Some(told) = stored {
                let mut told = Told::clone(&told);
                told.count = verdict.count;
                told.message = message.clone();
                told.last_timestamp = Some(self.timestamp(now));
                told
            } else {
                let mut told = self.new_event(regarding, said, context);
                told.message = message.clone();
                told.count = verdict.count;
                told.first_timestamp = Some(self.timestamp(now));
                told.last_timestamp = told.first_timestamp;
                told.source =
                    EventSource { component: reporter.component.clone(), host: reporter.host.clone() };
                told.reporting_component = reporter.component.clone();
                told.reporting_instance = reporter.host.clone();
                told
            };
            if let Some(uid) = self.store_event(regarding, told, context) {
                correlator.stored(&verdict.key, uid, verdict.count);
            }
        }
        self.recorders.old.insert((uid, reporter.clone()), correlator);
        if self.recorders.old.len() > REMEMBERED
            && let Some((oldest, _)) = self.recorders.old.get_min().cloned()
        {
            self.recorders.old.remove(&oldest);
        }
    }

    /// Tells people something (`events.EventRecorder`, used by the scheduler): the second equal one makes a series, further
    /// ones only count.
    pub fn tell_series(
        &mut self,
        reporter: &Reporter,
        regarding: &Object,
        action: &str,
        said: &Message<'_>,
        context: &mut Context<'_>,
    ) {
        let now = self.micro_time(context.now());
        let uid = regarding.meta().uid;
        let version = regarding.meta().resource_version;
        let known = self.recorders.new.or_default(uid);
        if let Some(known) = known.iter_mut().find(|known| known.is(reporter, action, said, version)) {
            known.count += 1;
            if known.count > 2 {
                return;
            }
            let stored = known.stored;
            if let Some(told) = stored.and_then(|uid| self.store().typed_by_uid::<Told>(uid)) {
                let mut told = Told::clone(told);
                told.series = Some(opscape_manifest::api::core::EventSeries {
                    count: 2,
                    last_observed_time: Some(now),
                });
                self.store_event(regarding, told, context);
            }
            return;
        }
        let mut told = self.new_event(regarding, said, context);
        told.message = said.message.into();
        told.event_time = Some(now);
        told.action = self.recorders.intern(action);
        told.reporting_component = reporter.component.clone();
        told.reporting_instance = reporter.host.clone();
        let (reason, action) = (told.reason.clone(), told.action.clone());
        let entry = Known {
            reason,
            action,
            warning: said.warning,
            component: reporter.component.clone(),
            version,
            stored: self.store_event(regarding, told, context),
            count: 1,
        };
        let known = self.recorders.new.or_default(uid);
        known.push(entry);
        if known.len() > series::KEPT {
            known.remove(0);
        }
        if self.recorders.new.len() > REMEMBERED
            && let Some(oldest) = self.recorders.new.first().map(|(uid, _)| uid)
        {
            self.recorders.new.remove(&oldest);
        }
    }

    fn new_event(&mut self, regarding: &Object, said: &Message<'_>, context: &mut Context<'_>) -> Told {
        let meta = regarding.meta();
        let namespace =
            if meta.namespace.is_empty() { words::default_namespace() } else { meta.namespace.clone() };
        let micros = self.micro_time(context.now()).0;
        let nanos = self.recorders.nanos(micros);
        Told {
            metadata: ObjectMeta {
                name: format!("{}.{nanos:x}", meta.name).into(),
                namespace,
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: self.recorders.intern(regarding.api_version()),
                kind: self.recorders.intern(regarding.kind_name()),
                name: meta.name.clone(),
                namespace: meta.namespace.clone(),
                uid: meta.uid,
                resource_version: meta.resource_version.to_string().into(),
                field_path: said.field_path.into(),
            },
            reason: self.recorders.intern(said.reason),
            kind: if said.warning { words::warning() } else { words::normal() },
            ..Told::default()
        }
    }

    /// None: it could not be stored.
    fn store_event(&mut self, regarding: &Object, told: Told, context: &mut Context<'_>) -> Option<Uid> {
        let fact = EventRecorded {
            regarding: Subject::of(regarding),
            name: told.metadata.name.clone(),
            kind: told.kind.clone(),
            reason: told.reason.clone(),
            message: told.message.clone(),
            count: told.series.as_ref().map_or(told.count.max(1), |series| series.count),
        };
        let uid = self.put_event(told, context)?;
        let crowded = self.recorders.stored.len() >= self.options().flags.events_kept;
        if fact.count == 1 {
            if self.recorders.stored.is_empty() {
                let ttl = self.options().flags.event_ttl;
                context.after(ttl, Event::ExpireEvents);
            }
            self.recorders.stored.push_back((context.now(), uid));
        }
        if crowded {
            self.drop_oldest(context);
        }
        // In a crowd only what went wrong is worth an entry of its own.
        if !crowded || &*fact.kind == "Warning" {
            context.record(Record::EventRecorded(Box::new(fact)));
        }
        Some(uid)
    }

    /// More Events than are kept: the oldest goes.
    fn drop_oldest(&mut self, context: &mut Context<'_>) {
        while self.recorders.stored.len() > self.options().flags.events_kept {
            let Some((_, uid)) = self.recorders.stored.pop_front() else { return };
            if let Some(told) = self.store().typed_by_uid::<Told>(uid).cloned() {
                self.drop_event(&Object::Event(told), context);
            }
        }
    }

    /// Events older than `--event-ttl` go, as their leases in etcd end.
    pub(crate) fn expire_events(&mut self, context: &mut Context<'_>) {
        let ttl = self.options().flags.event_ttl;
        let now = context.now();
        while let Some((at, uid)) = self.recorders.stored.front().copied() {
            if at + ttl > now {
                context.at(at + ttl, Event::ExpireEvents);
                return;
            }
            self.recorders.stored.pop_front();
            let Some(told) = self.store().typed_by_uid::<Told>(uid).cloned() else { continue };
            let last = told.last_timestamp.map_or(at, |last| self.time_of(last)).max(at);
            if last + ttl > now {
                self.recorders.stored.push_back((last, uid));
            } else {
                self.drop_event(&Object::Event(Arc::clone(&told)), context);
            }
        }
    }
}
