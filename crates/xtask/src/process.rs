//! Running other programs with the project's tools first on PATH.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::{env, thread};

use crate::project;
use crate::step::Result;

/// A command in the repository's top folder that finds the project's own tools before the person's.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project::root()).env("PATH", path());
    // trunk 0.21 takes NO_COLOR as the value of a flag and stops at `NO_COLOR=1`.
    command.env_remove("NO_COLOR");
    command
}

/// The cargo that runs this program.
pub fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folders searched for programs.
pub fn search_path() -> Vec<PathBuf> {
    let mut folders = vec![project::tools().join("bin"), project::root().join("node_modules/.bin")];
    if let Some(path) = env::var_os("PATH") {
        folders.extend(env::split_paths(&path));
    }
    // Where rustup puts what `cargo install` builds, for those who have not put it on PATH.
    if let Some(home) = env::var_os("CARGO_HOME") {
        folders.push(Path::new(&home).join("bin"));
    } else if let Some(home) = env::home_dir() {
        folders.push(home.join(".cargo/bin"));
    }
    folders
}

fn path() -> OsString {
    env::join_paths(search_path()).or_else(|_| env::var_os("PATH").ok_or(())).unwrap_or_default()
}

/// Every file named `program` in the folders searched.
pub fn find_all(program: &str) -> impl Iterator<Item = PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    search_path().into_iter().map(move |folder| folder.join(&name)).filter(|file| file.is_file())
}

/// Whether `program` is there at all.
pub fn exists(program: &str) -> bool {
    find_all(program).next().is_some()
}

/// Runs `command` with its output on the terminal; an exit code other than 0 is a failure.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command)).into()) }
}

/// What `command` prints on its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{} ended with {}", shown(command), output.status).into())
    }
}

/// Runs `command`, shows its output as it comes and gives it back as well.
pub fn run_and_keep(command: &mut Command) -> (Result<()>, Vec<String>) {
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return (Err(not_started(command, &error)), Vec::new()),
    };
    let (sender, receiver) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        forward(out, sender.clone());
    }
    if let Some(err) = child.stderr.take() {
        forward(err, sender);
    }
    let mut lines = Vec::new();
    let mut terminal = std::io::stdout();
    for line in receiver {
        let _ = writeln!(terminal, "{line}");
        lines.push(line);
    }
    let result = match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} ended with {status}", shown(command)).into()),
        Err(error) => Err(not_started(command, &error)),
    };
    (result, lines)
}

fn forward(stream: impl Read + Send + 'static, lines: mpsc::Sender<String>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let line = String::from_utf8_lossy(&bytes);
            if lines.send(line.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
                return;
            }
            bytes.clear();
        }
    });
}

fn shown(command: &Command) -> String {
    let mut text =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    for argument in command.get_args().take(4) {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

fn not_started(command: &Command, error: &std::io::Error) -> crate::step::Failure {
    format!("{} could not be run: {error}", shown(command)).into()
}
