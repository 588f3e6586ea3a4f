//! *Why?* of the built-in labs, as text that reads: `tests/why/*.txt`. With `UPDATE_SNAPSHOTS=1` the files are written anew.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::fmt::Write;
use std::path::Path;

use opscape_lab::inspect::{Inspection, Mark};
use opscape_lab::scene::{Level, PodState};
use opscape_lab::words::{seconds, text};
use opscape_lab::{Lang, Session};
use opscape_manifest::api::ObjectKey;
use opscape_sim::Time;

/// Which object of a lab is asked about, and when.
enum About {
    /// The first pod in this state.
    Pod(PodState),
    /// By kind, namespace and name.
    Object(&'static str, &'static str, &'static str),
}

const ASKED: &[(&str, u64, About)] = &[
    ("first-deployment", 1_000, About::Pod(PodState::Pulling)),
    ("first-deployment", 6_000, About::Pod(PodState::Ready)),
    ("first-deployment", 6_000, About::Object("Deployment", "shop", "web")),
    ("first-deployment", 6_000, About::Object("Service", "shop", "web")),
    ("rolling-update", 8_500, About::Pod(PodState::Terminating)),
    ("rolling-update", 8_500, About::Pod(PodState::Pulling)),
    ("rolling-update", 13_000, About::Object("Deployment", "default", "web")),
    ("out-of-memory", 30_000, About::Pod(PodState::Failing)),
    ("out-of-memory", 30_000, About::Object("Deployment", "shop", "web")),
    ("bad-image", 30_000, About::Pod(PodState::Failing)),
    ("bad-image", 100_000, About::Object("Deployment", "default", "web")),
    ("crash-loop", 30_000, About::Pod(PodState::Failing)),
    ("node-failure", 70_000, About::Object("Node", "", "node-2")),
    ("node-failure", 70_000, About::Pod(PodState::Unknown)),
    ("node-failure", 400_000, About::Pod(PodState::Terminating)),
    ("scaling", 15_000, About::Pod(PodState::Pending)),
    ("liveness", 50_000, About::Pod(PodState::NotReady)),
    ("no-readiness", 10_500, About::Object("Deployment", "default", "web")),
    ("ingress-routing", 10_000, About::Object("Service", "default", "web")),
    ("rollout-errors", 34_000, About::Object("Deployment", "default", "web")),
    ("alb-group", 85_000, About::Object("Service", "default", "services")),
    ("ingress-to-gateway", 10_000, About::Object("Service", "default", "web-next")),
    ("cluster-autoscaler", 10_000, About::Object("Deployment", "default", "web")),
    ("hpa", 55_000, About::Object("HorizontalPodAutoscaler", "default", "web")),
    ("zero-downtime", 37_000, About::Pod(PodState::Terminating)),
    ("expand-contract", 38_000, About::Object("Deployment", "default", "web")),
    ("expand-contract", 38_000, About::Pod(PodState::Ready)),
];

fn find(session: &Session, about: &About) -> Option<ObjectKey> {
    match about {
        About::Object(kind, namespace, name) => {
            Some(ObjectKey { kind: (*kind).into(), namespace: (*namespace).into(), name: (*name).into() })
        }
        About::Pod(state) => {
            let scene = session.scene(Some(Level::Near));
            let waiting = scene.tray.iter().map(|waiting| &waiting.pod);
            let pods = scene.nodes.iter().flat_map(|node| &node.pods).chain(waiting);
            let mut pods: Vec<_> = pods.filter(|pod| pod.state == *state).collect();
            pods.sort_by_key(|pod| pod.uid);
            let pod = pods.first()?;
            Some(ObjectKey { kind: "Pod".into(), namespace: pod.namespace.clone(), name: pod.name.clone() })
        }
    }
}

fn write(out: &mut String, inspection: &Inspection, lang: Lang) {
    let _ = writeln!(out, "{} — {} · {}", inspection.key, inspection.word, inspection.rest);
    for row in &inspection.why.rows {
        let mark = match row.mark {
            Mark::State => '◉',
            Mark::Step => '○',
            Mark::Failure => '✕',
            Mark::Act => '⚑',
        };
        let line =
            row.line.as_ref().map(|line| format!(" [{}:{}]", line.file, line.line)).unwrap_or_default();
        let _ = writeln!(out, "{:>9} {mark} {}{line}", seconds(lang, row.at), row.text.plain());
        if !row.rule.is_empty() {
            let _ = writeln!(out, "{:>11} {}", "", row.rule.plain());
        }
    }
    if let Some(change) = &inspection.why.to_change {
        let _ = writeln!(out, "{:>9} → {}", "", change.plain());
    }
    if let Some(table) = &inspection.scheduling {
        let _ = writeln!(out, "{:>9}   {}", "", table.plugins.join(" "));
        for node in &table.nodes {
            let chosen = if node.chosen { '*' } else { ' ' };
            let _ = writeln!(
                out,
                "{:>9} {chosen} {} {:?} {} {}",
                "", node.node, node.scores, node.total, node.rejected
            );
        }
    }
    out.push('\n');
}

#[test]
fn chains_lead_back_to_what_was_done() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why");
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut wrong = Vec::new();
    for (name, lab) in common::labs() {
        for lang in [Lang::En, Lang::Ko] {
            let mut session = common::open(&lab);
            session.set_lang(lang);
            let title = session.spec().title.as_ref().map(|title| title.in_language(lang.tag()).to_owned());
            let mut out = format!("{}\n\n", title.unwrap_or_default());
            for (_, at, about) in ASKED.iter().filter(|(of, ..)| *of == name) {
                let at = Time::millis(*at);
                while session.now() < at {
                    session.advance(at, &mut || true);
                }
                let _ = writeln!(out, "--- {}", seconds(lang, at));
                let Some(key) = find(&session, about) else {
                    out.push_str("nothing\n\n");
                    continue;
                };
                let inspection = session.inspect(&key).unwrap_or_else(|| panic!("{key} is not there"));
                assert!(!inspection.yaml.is_empty());
                write(&mut out, &inspection, lang);
                let last = inspection.why.rows.last().map(|row| row.mark);
                if last != Some(Mark::Act) {
                    wrong.push(format!("{name} {key} at {at}: the chain does not end with an act"));
                }
            }
            let path = folder.join(format!("{name}.{}.txt", lang.tag()));
            if update {
                std::fs::create_dir_all(&folder).expect("the folder");
                std::fs::write(&path, &out).expect("the file");
            } else if std::fs::read_to_string(&path).unwrap_or_default() != out {
                wrong.push(format!("{} differs (UPDATE_SNAPSHOTS=1 writes it anew):\n{out}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(text(Lang::Ko, "state.ready"), "준비됨");
}
