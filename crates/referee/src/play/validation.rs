//! Single kubectl commands and what the system answers, to the letter.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::Flags;
use opscape_lab::Lang;
use opscape_manifest::api::meta::{ObjectMeta, Str, Timestamp};
use opscape_manifest::api::{Namespace, Object};
use opscape_manifest::check::check;
use opscape_shell::{Poll, Shell, Stream, World};
use opscape_sim::Time;
use serde_json::{Value as Json, json};

use super::caught;
use super::game::Game;
use super::nodes::nodes;

/// Where the cases play.
const NAMESPACE: &str = "validation";
/// When the cluster begins, in seconds since 1970.
const SOME_DAY: i64 = 1_795_000_000;
/// Longer than any of them lasts.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a command answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a command to its end.
pub fn run(game: &mut Game, namespace: &str, line: &str, stdin: Option<&str>) -> Answer {
    let mut answer = Answer::default();
    let mut shell = Shell::new(namespace, Lang::En);
    let mut process = match shell.start(line, stdin) {
        Ok(process) => process,
        Err(error) => return Answer { code: 2, err: error.message, ..answer },
    };
    let end = game.now() + PATIENCE;
    loop {
        let poll = process.poll(&mut shell, game);
        for piece in process.take_output() {
            match piece.stream {
                Stream::Out => answer.out.push_str(&piece.text),
                Stream::Err => answer.err.push_str(&piece.text),
            }
        }
        let until = match poll {
            Poll::Done(code) => {
                answer.code = code;
                return answer;
            }
            Poll::Waiting(until) => until.unwrap_or(end).min(end),
        };
        if game.now() >= end {
            answer.code = 124;
            return answer;
        }
        game.go(until.max(game.now() + Duration::from_millis(1)));
    }
}

/// Plays the cases of a file. Those that panic say so in their answer.
pub fn play_cases(path: &Path) -> Result<Vec<Json>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let cases: Vec<Json> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let setup_path = path.with_file_name("setup.yaml");
    let setup =
        std::fs::read_to_string(&setup_path).map_err(|error| format!("{}: {error}", setup_path.display()))?;
    let first = setup.split("\n---").next().unwrap_or(&setup);
    let empty = empty_game(&setup)?;
    let mut with_web = empty.clone();
    expect(&run(&mut with_web, NAMESPACE, "kubectl apply -f -", Some(first)))?;
    settle(&mut with_web);
    let mut with_all = empty.clone();
    // What a later part of the world refuses does not matter to the others.
    run(&mut with_all, NAMESPACE, "kubectl apply -f setup.yaml", None);
    settle(&mut with_all);
    let mut out = Vec::new();
    for case in cases {
        let member = |key: &str| case.get(key).and_then(Json::as_str).unwrap_or_default();
        let (line, stdin) = (member("cmd"), member("stdin"));
        let stdin = (!stdin.is_empty()).then_some(stdin);
        let mut fresh;
        let game = match member("path") {
            "create" => {
                fresh = empty.clone();
                &mut fresh
            }
            // One object for all of them: the setup is applied again before each, whether that works or not.
            "update" => {
                run(&mut with_web, NAMESPACE, "kubectl apply -f -", Some(first));
                &mut with_web
            }
            _ => &mut with_all,
        };
        let answer = caught(|| run(game, NAMESPACE, line, stdin)).unwrap_or_else(|error| Answer {
            code: 101,
            err: error,
            ..Answer::default()
        });
        let mut result = json!({
            "name": member("name"), "path": member("path"), "cmd": line, "stdin": member("stdin"),
            "rc": answer.code, "stdout": answer.out, "stderr": answer.err,
        });
        if case.get("stored_spec").is_some()
            && let Some(result) = result.as_object_mut()
        {
            result.insert("stored_spec".to_owned(), stored_spec(game, member("stdin")));
        }
        out.push(result);
    }
    Ok(out)
}

fn empty_game(setup: &str) -> Result<Game, String> {
    let files = BTreeMap::from([("setup.yaml".to_owned(), setup.to_owned())]);
    let mut game = Game::new(SOME_DAY * 1_000_000, Flags::default(), files);
    for node in nodes(None, Timestamp(SOME_DAY))? {
        game.create(node)?;
    }
    game.go_to(Time::secs(5));
    let metadata = ObjectMeta { name: Str::from(NAMESPACE), ..ObjectMeta::default() };
    game.create(Object::Namespace(Arc::new(Namespace { metadata, ..Namespace::default() })))?;
    settle(&mut game);
    Ok(game)
}

/// Gives pods the time to start.
fn settle(game: &mut Game) {
    game.go_to(game.now() + Duration::from_secs(4));
}

fn expect(answer: &Answer) -> Result<(), String> {
    if answer.code == 0 { Ok(()) } else { Err(format!("setup.yaml: {}", answer.err)) }
}

/// The spec of the first object of a manifest as it was stored.
fn stored_spec(game: &Game, manifest: &str) -> Json {
    let checked = check(manifest);
    let Some(document) = checked.documents.first() else { return Json::Null };
    let store = game.cluster().store();
    let object = [NAMESPACE, ""]
        .into_iter()
        .find_map(|namespace| store.object(document.kind(), namespace, document.name()));
    let value = object.map(|object| object.to_value()).unwrap_or_default();
    serde_json::to_value(value.get("spec")).unwrap_or_default()
}
