//! Everything that can be done with a text and its world.

use opscape_lab::inspect::EventFilter;
use opscape_lab::{Act, Lang, Session, SessionOptions, WorldOptions};
use opscape_manifest::api::ObjectKey;
use opscape_manifest::check::check;
use opscape_network::route::{Objects, Request, Table, report};
use opscape_shell::{Poll, Shell};
use opscape_sim::{Rng, Time};

use super::mutate::mutated;

/// Commands tried in each world.
const COMMANDS: [&str; 14] = [
    "kubectl get pods,deploy,rs -o wide",
    "kubectl get all -o yaml",
    "kubectl describe deploy",
    "kubectl describe pods",
    "kubectl get pods -o jsonpath='{.items[*].metadata.name}'",
    "kubectl rollout undo deploy/web",
    "kubectl rollout restart deploy/web",
    "kubectl scale deploy/web --replicas=2000000000",
    "kubectl scale deploy/web --replicas=4",
    "kubectl delete pods --all --wait=false",
    "kubectl set image deploy/web '*=bad:1'",
    "kubectl get events --sort-by=.lastTimestamp",
    "kubectl top pods | head -3",
    "kubectl delete deploy --all --cascade=orphan",
];

/// Advances ask this often whether to go on.
const BUDGET: u32 = 150;

fn advance(session: &mut Session, seconds: u64) {
    let until = Time(session.now().0.saturating_add(seconds * 1_000_000));
    for _ in 0..4 {
        let mut asked = 0;
        session.advance(until, &mut || {
            asked += 1;
            asked < BUDGET
        });
    }
}

fn look(session: &Session) {
    let scene = session.scene(None);
    drop(scene);
    drop(session.tracks(Time::ZERO, session.known_until(), 640));
    drop(session.events(&EventFilter::default()));
    drop(session.next_visible());
    let store = session.cluster().store();
    let kinds: Vec<String> = store.kinds().map(ToString::to_string).collect();
    let keys: Vec<ObjectKey> = kinds
        .iter()
        .flat_map(|kind| store.objects(kind, None).into_iter().take(6))
        .map(|object| object.key())
        .collect();
    for key in &keys {
        drop(session.inspect(key));
    }
}

fn run(session: &mut Session, line: &str) {
    let mut shell = Shell::new("default", session.lang());
    let Ok(mut process) = shell.start(line, None) else { return };
    for _ in 0..20 {
        match process.poll(&mut shell, session) {
            Poll::Done(_) => break,
            Poll::Waiting(_) => advance(session, 1),
        }
    }
    drop(process.take_output());
}

/// What a person can do with the mouse, to an object that is there.
fn random_act(session: &Session, rng: &mut Rng) -> Act {
    let store = session.cluster().store();
    let mut any = |kind: &str| {
        let objects = store.objects(kind, None);
        let index = rng.below(objects.len() as u64) as usize;
        objects.get(index).map(opscape_manifest::api::Object::key)
    };
    let (pod, deployment, node) = (any("Pod"), any("Deployment"), any("Node"));
    let on = rng.chance(0.5);
    let node_name = node.map_or_else(|| "none".into(), |node| node.name);
    match (rng.below(9), pod, deployment) {
        (0, Some(object), _) => Act::Delete { object, grace: on.then_some(0) },
        (1, _, Some(object)) => Act::Delete { object, grace: None },
        (2, _, Some(workload)) => Act::Scale { workload, replicas: rng.below(60) as i32 - 5 },
        (3, _, Some(deployment)) => Act::RollBack { deployment, to: on.then_some(rng.below(5) as u32) },
        (4, _, Some(deployment)) => Act::Pause { deployment, on },
        (5, _, Some(deployment)) => Act::Restart { deployment },
        (6, ..) => Act::Cordon { node: node_name, on },
        (7, ..) => Act::StartNode { node: node_name },
        _ => Act::StopNode { node: node_name },
    }
}

/// Going there again must give the same journal: the same text and acts are the same run.
fn seek_is_exact(session: &Session) {
    let mut copy = session.clone();
    let (now, entries) = (session.now(), session.run().journal().len());
    copy.seek(Time(now.0 / 2));
    copy.seek(now);
    assert_eq!(copy.run().journal().len(), entries, "seeking to {now} gives another journal");
    let same = copy.run().journal().iter().zip(session.run().journal().iter()).all(|(a, b)| a == b);
    assert!(same, "seeking to {now} gives another journal of the same length");
}

/// Requests for hosts that the text names, through its routes. Asked why, the decision has to be the same.
fn route(text: &str, rng: &mut Rng) {
    const PATHS: [&str; 6] =
        ["/", "/api/v1/x?k=v", "/a//b/../%2e%2E/c", "/foo%2Fbar%00", "/cart/items/", "/%"];
    let table = Table::compile(&Objects::of_text(check(text).objects()));
    let word = |word: &&str| word.contains(".example") || word.contains(".com");
    let hosts: Vec<&str> =
        text.split([' ', '\n', '"', '\'', ',']).filter(word).take(4).chain(["web"]).collect();
    for host in hosts {
        let path = PATHS.get(rng.below(PATHS.len() as u64) as usize).copied().unwrap_or("/");
        let scheme = if rng.chance(0.2) { "https" } else { "http" };
        let headers =
            vec![("X-Canary".to_owned(), "always".to_owned()), ("Cookie".to_owned(), "a=b;;=".to_owned())];
        let Ok(request) = Request::new("GET", &format!("{scheme}://{host}{path}"), headers) else { continue };
        let (decision, reasons) = table.explain(&request);
        assert!(!reasons.is_empty(), "no reason for {request:?}");
        assert_eq!(table.answer(&request), decision, "asked why, {request:?} is decided otherwise");
        drop(report::decision(&table, &request, &decision));
    }
}

/// Does everything with a text, and notes what it is about to do. True: it became a world.
pub fn drive(text: &str, corpus: &[String], rng: &mut Rng, note: &mut dyn FnMut(&str)) -> bool {
    note("check");
    let findings = Session::check_text(text);
    for finding in &findings {
        // Places must lie within the text: the editor marks them.
        let (start, end) = (finding.span.start.offset as usize, finding.span.end.offset as usize);
        assert!(
            start <= end && end <= text.len(),
            "place {start}..{end} of {} bytes: {}",
            text.len(),
            finding.message
        );
        assert!(
            text.is_char_boundary(start) && text.is_char_boundary(end),
            "place {start}..{end} is within a character: {}",
            finding.message
        );
    }
    note("route");
    route(text, rng);
    note("open");
    let lang = if rng.chance(0.5) { Lang::Ko } else { Lang::En };
    let world = WorldOptions { runner: Some(opscape_shell::RUNNER), ..WorldOptions::default() };
    let Ok(mut session) = Session::open(text, SessionOptions { lang, world }) else { return false };
    note("advance 20 s");
    advance(&mut session, 20);
    note("look");
    look(&session);
    for _ in 0..=rng.below(4) {
        match rng.below(7) {
            0 | 1 => {
                let line = COMMANDS.get(rng.below(COMMANDS.len() as u64) as usize).copied().unwrap_or("help");
                note(line);
                run(&mut session, line);
            }
            2 => {
                let command =
                    COMMANDS.get(rng.below(COMMANDS.len() as u64) as usize).copied().unwrap_or("help");
                let damaged = mutated(&[command.to_owned()], rng);
                note(&damaged);
                run(&mut session, &damaged);
            }
            3 => {
                let act = random_act(&session, rng);
                note(&format!("{act:?}"));
                drop(session.act(act));
            }
            kind @ (4 | 5) => {
                let text = if kind == 4 { mutated(&[text.to_owned()], rng) } else { mutated(corpus, rng) };
                note("apply");
                note(&text);
                drop(session.act(Act::Apply { text: text.into() }));
            }
            _ => {
                let target = Time(rng.below(session.known_until().0 + 1));
                note(&format!("seek {target}"));
                session.seek(target);
            }
        }
        note("advance");
        advance(&mut session, 1 + rng.below(40));
    }
    note("look");
    look(&session);
    note("seek back and forth");
    seek_is_exact(&session);
    true
}
