//! Time: the same text plays the same way, any instant can be gone back to exactly, and what the timeline shows is what
//! the world was.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;

use common::{labs, open, play};
use opscape_lab::census::{is_ready, of_replica_set};
use opscape_lab::inspect::EventFilter;
use opscape_lab::tracks::{Ticks, WorkloadTrack};
use opscape_lab::{Act, Session};
use opscape_manifest::api::{Deployment, Event, ObjectKey, Pod, ReplicaSet};
use opscape_sim::{Model, Time};

#[test]
fn the_same_text_plays_the_same_way() {
    for (name, text) in labs() {
        let (one, other) = (play(&text, &[]), play(&text, &[]));
        let entries = |session: &Session| {
            session.run().journal().iter().map(|(_, entry)| entry.clone()).collect::<Vec<_>>()
        };
        assert!(entries(&one) == entries(&other), "{name}");
        let reseeded = text.replacen("  seed: ", "  seed: 9", 1);
        assert!(entries(&one) != entries(&play(&reseeded, &[])), "{name}: the seed says nothing");
    }
}

#[test]
fn every_instant_can_be_gone_back_to() {
    for (name, text) in labs() {
        let mut session = play(&text, &[]);
        let end = session.now();
        let (last, tracks) = (session.scene(None), session.tracks(Time::ZERO, end, 1_000));
        for share in [7_u64, 0, 3, 9, 1, 5] {
            let at = Time(end.0 / 10 * share + 12_345);
            session.seek(at);
            let mut fresh = open(&text);
            while fresh.now() < at {
                fresh.advance(at, &mut || true);
            }
            assert_eq!(session.scene(None), fresh.scene(None), "{name} at {at}");
            assert_eq!(
                session.events(&EventFilter::default()),
                fresh.events(&EventFilter::default()),
                "{name} at {at}"
            );
            // The known future is still there.
            let mut shown = session.tracks(Time::ZERO, end, 1_000);
            assert_eq!(shown.known_until, end);
            shown.now = end;
            shown.flags.iter_mut().for_each(|flag| flag.ahead = false);
            assert_eq!(shown, tracks, "{name} at {at}");
        }
        session.seek(end);
        assert_eq!(session.scene(None), last, "{name}");
    }
}

/// Ready and other pods that are not terminating, by workload and revision, counted from the objects.
fn count(session: &Session) -> BTreeMap<(String, u32), (u32, u32)> {
    let store = session.cluster().store();
    let mut counts: BTreeMap<(String, u32), (u32, u32)> = BTreeMap::new();
    for pod in store.list::<Pod>(None) {
        let Some(owner) = pod.metadata.controller() else { continue };
        if pod.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let version = of_replica_set(store.typed_by_uid::<ReplicaSet>(owner.uid).expect("its ReplicaSet"));
        let count = counts.entry((version.workload.to_string(), version.revision)).or_default();
        if is_ready(pod) {
            count.0 += 1;
        } else {
            count.1 += 1;
        }
    }
    counts
}

/// The same from the tracks.
fn shown(workloads: &[WorkloadTrack], at: Time) -> BTreeMap<(String, u32), (u32, u32)> {
    let mut counts = BTreeMap::new();
    for workload in workloads {
        for revision in &workload.revisions {
            let step = revision.steps.iter().rev().find(|step| step.at <= at).copied().unwrap_or_default();
            if step.ready + step.not_ready > 0 {
                counts
                    .insert((workload.workload.to_string(), revision.revision), (step.ready, step.not_ready));
            }
        }
    }
    counts
}

#[test]
fn the_tracks_show_what_was() {
    for (name, text) in labs() {
        let mut session = open(&text);
        let mut counted = Vec::new();
        let (mut events, mut wanted) = (0, Vec::new());
        let end = Time::secs(60);
        while session.now() < end {
            let next = session.timeline().next_change().unwrap_or(end).min(end);
            session.advance(next.max(Time(session.now().0 + 1)), &mut || true);
            counted.push((session.now(), count(&session)));
            events = events.max(session.cluster().store().list::<Event>(None).map(|event| event.count).sum());
            for deployment in session.cluster().store().list::<Deployment>(None) {
                wanted.push((
                    session.now(),
                    deployment.metadata.name.clone(),
                    deployment.spec.replicas.unwrap_or(1),
                ));
            }
        }
        let tracks = session.tracks(Time::ZERO, end, 4_000);
        for (at, counts) in &counted {
            assert_eq!(shown(&tracks.workloads, *at), *counts, "{name} at {at}");
        }
        for (at, workload, replicas) in wanted {
            let track = tracks.workloads.iter().find(|track| track.workload == workload).expect("its track");
            let shown = track.wanted.iter().rev().find(|(from, _)| *from <= at).map(|(_, wanted)| *wanted);
            assert_eq!(shown, Some(replicas.unsigned_abs()), "{name} at {at}");
        }
        let most = counted.iter().map(|(_, counts)| counts.values().map(|(a, b)| a + b).sum::<u32>()).max();
        let shown_most: u32 = tracks.workloads.iter().map(|track| track.most).sum();
        assert!(shown_most >= most.unwrap_or_default(), "{name}");
        let Ticks::Each(ticks) = &tracks.ticks else { panic!("{name}: too many ticks") };
        assert!(ticks.len() as i32 >= events, "{name}: {} ticks, {events} events", ticks.len());
        // Zoomed out, the same events are counted in bins.
        let narrow = session.tracks(Time::ZERO, end, 16);
        if let Ticks::Counts { bins, .. } = &narrow.ticks {
            assert_eq!(bins.iter().map(|(all, _)| *all as usize).sum::<usize>(), ticks.len(), "{name}");
            let warnings = ticks.iter().filter(|tick| tick.warning).count();
            assert_eq!(
                bins.iter().map(|(_, warnings)| *warnings as usize).sum::<usize>(),
                warnings,
                "{name}"
            );
        }
    }
}

#[test]
fn a_long_track_keeps_its_shape_in_few_steps() {
    let session = play(&common::lab("crash-loop"), &[]);
    let wide = session.tracks(Time::ZERO, session.now(), 10_000);
    let narrow = session.tracks(Time::ZERO, session.now(), 16);
    for (one, other) in wide.workloads.iter().zip(&narrow.workloads) {
        for (one, other) in one.revisions.iter().zip(&other.revisions) {
            assert!(other.steps.len() <= 34);
            assert_eq!(one.steps.last(), other.steps.last());
        }
    }
}

#[test]
fn stepping_stops_where_something_can_be_seen() {
    let mut session = open(&common::lab("first-deployment"));
    let mut stops = Vec::new();
    while let Some(next) = session.next_visible() {
        let id = session.step(Time::secs(100)).expect("something happens");
        let entry = session.run().journal().get(id).expect("an entry");
        assert!(opscape_lab::LabModel::is_visible(&entry.what));
        assert_eq!(next.at, session.now());
        assert!(!next.text.is_empty());
        stops.push(session.now());
    }
    assert!(stops.len() > 5, "{stops:?}");
    stops.dedup();
    let here = session.now();
    session.step_back();
    assert!(session.now() < here);
    assert_eq!(Some(session.now()), stops.iter().rev().find(|stop| **stop < here).copied());
}

#[test]
fn what_comes_next_can_be_looked_for_bit_by_bit() {
    let (mut at_once, mut in_bits) =
        (open(&common::lab("zero-downtime")), open(&common::lab("zero-downtime")));
    let mut calls = 0;
    for second in 0..40 {
        for session in [&mut at_once, &mut in_bits] {
            session.advance(Time::secs(second), &mut || true);
        }
        let wanted = at_once.next_visible();
        // One event at each call; none is found as well where there is nothing.
        let found = (0..4_000).find_map(|_| {
            calls += 1;
            in_bits.look_for_next(&mut || false)
        });
        assert_eq!(found, wanted, "at {second} s");
    }
    assert!(calls > 80, "{calls}");
}

#[test]
fn an_act_in_the_past_makes_another_future() {
    let mut session = play(&common::lab("first-deployment"), &[]);
    let end = session.now();
    session.seek(Time::secs(20));
    let workload = ObjectKey { kind: "Deployment".into(), namespace: "shop".into(), name: "web".into() };
    session.act(Act::Scale { workload, replicas: 5 }).expect("it scales");
    session.advance(end, &mut || true);
    assert_eq!(session.scene(None).counts.total(), 5);
    let tracks = session.tracks(Time::ZERO, end, 800);
    assert_eq!(tracks.branches.len(), 1);
    assert_eq!(tracks.branches[0].left_at, Time::secs(20));
    assert_eq!(tracks.branches[0].workloads[0].most, 3);
    assert!(tracks.flags.iter().any(|flag| flag.label == "scale web to 5" && !flag.ahead));
    session.seek(Time::secs(10));
    assert!(session.tracks(Time::ZERO, end, 800).flags.iter().any(|flag| flag.ahead));
    assert!(session.switch(0));
    assert_eq!(session.now(), Time::secs(10));
    session.seek(end);
    assert_eq!(session.scene(None).counts.total(), 3);
    assert!(session.drop_branch(0));
    assert!(session.branches().is_empty());
}
