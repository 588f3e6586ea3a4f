//! `opscape run`: what happens in a file.

use std::time::Duration;

use opscape_cluster::Record;
use opscape_lab::inspect::EventFilter;
use opscape_lab::session::end_of;
use opscape_lab::words::dollars;
use opscape_lab::{LabModel, LabRecord, Lang, Session, why};
use opscape_manifest::api::Object;
use opscape_shell::Shell;
use opscape_sim::{Model, Time};
use serde_json::{Value as Json, json};

use crate::arguments::Output;
use crate::say::say;
use crate::world::{Stopped, go_to, open, run_line};

/// Runs a file and says what happened.
pub fn run(
    file: &str,
    until: Option<Time>,
    output: Output,
    lang: Lang,
    seed: Option<u64>,
) -> Result<(), Stopped> {
    let mut session = open(file, lang, seed)?;
    let until = until.unwrap_or_else(|| end_of(session.spec()));
    match output {
        Output::Journal => journal(&mut session, until),
        Output::Table => {
            go_to(&mut session, until);
            println!(
                "{}",
                say(lang, "table.end", &[("at", &opscape_lab::words::span(lang, until.since(Time::ZERO)))])
            );
            let mut shell = Shell::new("default", lang);
            run_line(
                &mut session,
                &mut shell,
                "kubectl get nodes,deployments,replicasets,pods,services -A -o wide",
                None,
            );
            let cost = session.model().cost();
            if !cost.is_nothing() {
                let (rate, total) = (dollars(cost.per_hour as f64), dollars(cost.up_to(session.now())));
                println!("{}", say(lang, "table.cost", &[("rate", &rate), ("total", &total)]));
            }
        }
        Output::Json => {
            go_to(&mut session, until);
            println!("{:#}", report(&session));
        }
    }
    Ok(())
}

/// Prints what one can see, as it happens.
fn journal(session: &mut Session, until: Time) {
    let mut told = 0;
    loop {
        let journal = session.run().journal();
        for (id, entry) in journal.since(told).filter(|(_, entry)| LabModel::is_visible(&entry.what)) {
            if let Some(headline) = why::headline(session.run(), id, session.lang()) {
                println!("{:>9}  {}{}", entry.at.to_string(), headline.plain(), detail(&entry.what));
            }
        }
        told = journal.len();
        if session.now() >= until {
            return;
        }
        let next = session.now() + Duration::from_secs(1);
        go_to(session, next.min(until));
    }
}

/// What Kubernetes itself says of it, verbatim.
fn detail(record: &LabRecord) -> String {
    match record {
        LabRecord::Cluster(Record::EventRecorded(event)) => format!(": {}", event.message),
        LabRecord::Cluster(Record::ConditionChanged(change)) => {
            format!(" ({}): {}", change.reason, change.message)
        }
        _ => String::new(),
    }
}

/// Objects, events and acts at the present instant.
fn report(session: &Session) -> Json {
    let store = session.cluster().store();
    let cost = session.model().cost();
    let kinds: Vec<String> = store.kinds().map(ToString::to_string).filter(|kind| kind != "Event").collect();
    let objects: Vec<Json> = kinds
        .iter()
        .flat_map(|kind| store.objects(kind, None))
        .map(|object: Object| serde_json::to_value(object.to_value()).unwrap_or_default())
        .collect();
    let mut events = session.events(&EventFilter::default());
    events.reverse();
    let events: Vec<Json> = events
        .iter()
        .map(|event| {
            json!({
                "at": event.at.as_secs_f64(), "first": event.first.as_secs_f64(), "count": event.count,
                "type": if event.warning { "Warning" } else { "Normal" }, "reason": &*event.reason,
                "kind": &*event.object.kind, "namespace": &*event.object.namespace, "name": &*event.object.name,
                "message": &*event.message, "from": event.from,
            })
        })
        .collect();
    json!({
        "at": session.now().as_secs_f64(), "handled": session.run().handled(), "objects": objects, "events": events,
        "cost": {"perHour": cost.per_hour as f64 / 1e6, "total": cost.up_to(session.now()) / 1e6},
    })
}
