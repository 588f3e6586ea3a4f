//! The world of a file, and command lines in it.

use std::io::{Read, Write as _};
use std::time::Duration;

use opscape_lab::{Lang, Reached, Session, SessionOptions, WorldOptions};
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use opscape_shell::{Poll, Shell, Stream};
use opscape_sim::Time;

use crate::findings;
use crate::say::say;

/// Why a command could not be done; what there is to say was said.
pub struct Stopped(pub u8);

/// Reads a file; `-` is standard input.
pub fn read(file: &str, lang: Lang) -> Result<String, Stopped> {
    let text = if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| {
        eprintln!("{}", say(lang, "error.file", &[("file", file), ("error", &error.to_string())]));
        Stopped(1)
    })
}

/// Opens the world of a file: time 0, the text applied. Findings go to standard error.
pub fn open(file: &str, lang: Lang, seed: Option<u64>) -> Result<Session, Stopped> {
    let text = read(file, lang)?;
    match Session::open(&text, options(lang, seed)) {
        Ok(session) => {
            let found = [Session::check_text(&text), session.refused_at_first().to_vec()].concat();
            eprint!("{}", findings::print(file, &text, &found, lang));
            Ok(session)
        }
        Err(findings) => Err(refused(file, &text, &findings, lang)),
    }
}

/// How worlds are made here.
pub fn options(lang: Lang, seed: Option<u64>) -> SessionOptions {
    let world = WorldOptions { seed, runner: Some(opscape_shell::RUNNER), ..WorldOptions::default() };
    SessionOptions { lang, world }
}

/// Says why a text makes no world.
pub fn refused(file: &str, text: &str, findings: &[Diagnostic], lang: Lang) -> Stopped {
    eprint!("{}", findings::print(file, text, findings, lang));
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    eprintln!("{}", say(lang, "found.errors", &[("count", &errors.count().to_string())]));
    Stopped(1)
}

/// Lets time pass, with all that is due up to `until`. Pauses of the Lab document are for viewers, not for this program.
pub fn go_to(session: &mut Session, until: Time) {
    while session.advance(until, &mut || true) != Reached::End {}
}

/// How long a command may last.
const PATIENCE: Duration = Duration::from_hours(1);

/// Runs a command line to its end, printing what it prints. Gives its exit code.
pub fn run_line(session: &mut Session, shell: &mut Shell, line: &str, stdin: Option<&str>) -> i32 {
    let mut process = match shell.start(line, stdin) {
        Ok(process) => process,
        Err(error) => {
            eprintln!("{}", error.message);
            return 2;
        }
    };
    let end = session.now() + PATIENCE;
    loop {
        let poll = process.poll(shell, session);
        for piece in process.take_output() {
            match piece.stream {
                Stream::Out => {
                    print!("{}", piece.text);
                    // Whoever reads may have gone; that is not an error.
                    let _ = std::io::stdout().flush();
                }
                Stream::Err => eprint!("{}", piece.text),
            }
        }
        let until = match poll {
            Poll::Done(code) => return code,
            Poll::Waiting(until) => {
                until.unwrap_or(end).min(end).max(session.now() + Duration::from_millis(1))
            }
        };
        if session.now() >= end {
            return 124;
        }
        let next = session.timeline().next_change().unwrap_or(Time::FAR);
        go_to(session, next.min(until));
    }
}
