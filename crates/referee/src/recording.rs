//! The files of a recording: commands with what they printed (actions.txt) and changes of objects (trace.jsonl).

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value as Json;

/// A command that was run, when, and what it printed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Command {
    /// When it was started, in seconds since the recorder started.
    pub start: f64,
    /// When it ended.
    pub end: f64,
    /// Its exit code.
    pub code: i32,
    /// The command line.
    pub line: String,
    /// What it read, one entry a line.
    pub stdin: Vec<String>,
    /// What it printed, one entry a line.
    pub stdout: Vec<String>,
    /// What it printed as errors, one entry a line.
    pub stderr: Vec<String>,
}

/// Which list of a [`Command`] the lines of the file go to.
#[derive(Clone, Copy)]
enum Part {
    Stdin,
    Stdout,
    Stderr,
}

/// Reads an actions.txt. Lines before the first command are notes.
pub fn parse_actions(text: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut part = Part::Stdin;
    for line in text.split('\n') {
        if let Some(command) = parse_head(line) {
            commands.push(command);
            part = Part::Stdin;
        } else if line == "--- stdout" {
            part = Part::Stdout;
        } else if line == "--- stderr" {
            part = Part::Stderr;
        } else if let Some(command) = commands.last_mut() {
            let lines = match part {
                Part::Stdin => &mut command.stdin,
                Part::Stdout => &mut command.stdout,
                Part::Stderr => &mut command.stderr,
            };
            lines.push(line.to_owned());
        }
    }
    for command in &mut commands {
        for lines in [&mut command.stdin, &mut command.stdout, &mut command.stderr] {
            while lines.last().is_some_and(|line| line.trim().is_empty()) {
                lines.pop();
            }
        }
        for line in &mut command.stdin {
            if let Some(rest) = line.strip_prefix("  | ").or_else(|| line.strip_prefix("  |")) {
                *line = rest.to_owned();
            }
        }
    }
    commands
}

/// `[t=0.051..0.168 rc=0] kubectl apply -f -   # stdin:`
fn parse_head(line: &str) -> Option<Command> {
    let (times, rest) = line.strip_prefix("[t=")?.split_once(" rc=")?;
    let (start, end) = times.split_once("..")?;
    let (code, command) = rest.split_once("] ")?;
    let command = match command.strip_suffix("# stdin:") {
        Some(before) if before.ends_with(char::is_whitespace) => before.trim_end(),
        _ => command,
    };
    Some(Command {
        start: start.parse().ok()?,
        end: end.parse().ok()?,
        code: code.parse().ok()?,
        line: command.to_owned(),
        ..Command::default()
    })
}

/// Writes an actions.txt.
pub fn format_actions(commands: &[Command]) -> String {
    let mut out = "# time base: t=0 is the start of the recorder; same clock as trace.jsonl\n".to_owned();
    for command in commands {
        let Command { start, end, code, line, .. } = command;
        let stdin = if command.stdin.is_empty() { "" } else { "   # stdin:" };
        let _ = writeln!(out, "\n[t={start:.3}..{end:.3} rc={code}] {line}{stdin}");
        for line in &command.stdin {
            let _ = writeln!(out, "  | {line}");
        }
        for (title, lines) in [("--- stdout", &command.stdout), ("--- stderr", &command.stderr)] {
            if !lines.is_empty() {
                let _ = writeln!(out, "{title}");
                for line in lines {
                    let _ = writeln!(out, "{line}");
                }
            }
        }
    }
    out
}

/// Reads a file of one JSON value a line; a file that is not there has none. Lines that cannot be read are errors.
pub fn read_json_lines(path: &Path) -> Result<Vec<Json>, String> {
    let text = read(path);
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))
        })
        .collect()
}

/// The text of a file, or nothing if it is not there.
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# time base\n\n[t=0.051..0.168 rc=0] kubectl apply -f -   # stdin:\n  | kind: Pod\n  |   name: x\n--- stdout\npod/x created\n\n[t=1.000..2.500 rc=124] kubectl get pods -w\n--- stdout\nNAME\n\nx\n--- stderr\nno\n";

    #[test]
    fn reads_commands_with_input_and_output() {
        let commands = parse_actions(TEXT);
        assert_eq!(commands.len(), 2);
        assert_eq!(commands[0].line, "kubectl apply -f -");
        assert_eq!(commands[0].stdin, ["kind: Pod", "  name: x"]);
        assert_eq!(commands[0].stdout, ["pod/x created"]);
        assert_eq!((commands[1].start, commands[1].end, commands[1].code), (1.0, 2.5, 124));
        assert_eq!(commands[1].stdout, ["NAME", "", "x"]);
        assert_eq!(commands[1].stderr, ["no"]);
    }

    #[test]
    fn writes_what_it_reads() {
        let commands = parse_actions(TEXT);
        assert_eq!(parse_actions(&format_actions(&commands)), commands);
    }
}
