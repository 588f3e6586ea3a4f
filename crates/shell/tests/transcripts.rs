//! Transcripts: a lab's text, then what a person types and what is printed.
//!
//! A file of `transcripts/` begins with the lab's text, up to the first line of one of these:
//! - `$ LINE` is a command, lines of `> ` after it go on with it (a here-document), and what follows is what it prints,
//!   standard error in its place, with `[N]` at the end if its exit code is N and not 0;
//! - `@ 5s` lets the world go to that instant;
//! - `? LINE` asks for completions at the end of the line, one in each line.
//!
//! `UPDATE_TRANSCRIPTS=1 cargo nextest run -p opscape-shell` writes what is printed now; read the difference.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use opscape_lab::{Lang, Reached, Session, SessionOptions};
use opscape_shell::{Poll, Shell};
use opscape_sim::Time;

fn go_to(session: &mut Session, until: Time) {
    while session.advance(until, &mut || true) != Reached::End {}
}

fn run(session: &mut Session, shell: &mut Shell, line: &str) -> String {
    let mut out = String::new();
    let mut process = match shell.start(line, None) {
        Ok(process) => process,
        Err(error) => return format!("{error}\n[2]\n"),
    };
    let end = session.now() + Duration::from_mins(10);
    loop {
        let poll = process.poll(shell, session);
        process.take_output().into_iter().for_each(|piece| out.push_str(&piece.text));
        let until = match poll {
            Poll::Done(code) => {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push('\n');
                }
                if code != 0 {
                    writeln!(out, "[{code}]").unwrap();
                }
                return out;
            }
            Poll::Waiting(until) => {
                until.unwrap_or(end).min(end).max(session.now() + Duration::from_millis(1))
            }
        };
        assert!(session.now() < end, "{line} does not end");
        let next = session.timeline().next_change().unwrap_or(Time::FAR);
        go_to(session, next.min(until));
    }
}

/// The transcript as it is played now.
fn play(text: &str) -> String {
    let is_script = |line: &str| ["$ ", "@ ", "? "].iter().any(|sign| line.starts_with(sign));
    let lab_end = text.split_inclusive('\n').take_while(|line| !is_script(line)).map(str::len).sum();
    let (lab, script) = text.split_at(lab_end);
    let mut session = Session::open(lab, SessionOptions::default()).unwrap();
    let mut shell = Shell::new("default", Lang::En);
    let mut played = lab.to_owned();
    let mut lines = script.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut whole = command.to_owned();
            writeln!(played, "{line}").unwrap();
            while let Some(more) = lines.next_if(|line| line.starts_with("> ") || *line == ">") {
                writeln!(played, "{more}").unwrap();
                whole.push('\n');
                whole.push_str(more.get(2..).unwrap_or(""));
            }
            played.push_str(&run(&mut session, &mut shell, &whole));
        } else if let Some(instant) = line.strip_prefix("@ ") {
            writeln!(played, "{line}").unwrap();
            let seconds: f64 = instant.strip_suffix('s').unwrap().parse().unwrap();
            go_to(&mut session, Time::from_secs_f64(seconds));
        } else if let Some(partial) = line.strip_prefix("? ") {
            writeln!(played, "{line}").unwrap();
            for candidate in shell.complete(partial, partial.len(), &session).candidates {
                writeln!(played, "{candidate}").unwrap();
            }
        }
    }
    played
}

#[test]
fn transcripts_are_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let played = play(&text);
        if played == text {
            continue;
        }
        if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
            std::fs::write(&file, played).unwrap();
            continue;
        }
        let first = text.lines().zip(played.lines()).position(|(a, b)| a != b);
        let at = first.unwrap_or_else(|| text.lines().count().min(played.lines().count()));
        wrong.push(format!(
            "{}:{}\n  recorded {:?}\n  now      {:?}",
            file.display(),
            at + 1,
            text.lines().nth(at),
            played.lines().nth(at)
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The keys of texts that stand in the sources of this crate.
fn keys(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            keys(&path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let quoted = source.split('"').filter(|part| part.starts_with("shell.") && !part.ends_with('.'));
        found.extend(quoted.map(str::to_owned));
    }
}

#[test]
fn everything_said_has_words_in_both_languages() {
    let mut wanted = Vec::new();
    keys(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut wanted);
    assert!(wanted.len() > 5);
    wanted.extend(opscape_shell::programs().iter().map(|program| program.help.to_owned()));
    for key in wanted {
        for lang in [Lang::En, Lang::Ko] {
            assert!(opscape_lab::words::lookup(lang, &key).is_some(), "{key} {lang:?}");
        }
    }
}
