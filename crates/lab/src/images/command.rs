//! What a container's command does, as far as it can be told from the words: the small scripts that teach (`sleep 30; exit 1`,
//! `while true; do date; sleep 1; done`) are acted out.

use std::time::Duration;

/// How a process ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does not.
    Runs,
    /// After this long, with this code.
    Ends(Duration, i32),
    /// Nothing can be told: the image decides.
    Unknown,
}

/// A file that a script makes or removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileChange {
    /// Since the script began.
    pub after: Duration,
    pub path: String,
    /// Made, not removed.
    pub made: bool,
}

/// The script of `sh -c SCRIPT`.
pub(super) fn script_of<'a>(words: &[&'a str]) -> Option<&'a str> {
    let first = words.first()?;
    let program = first.rsplit('/').next().unwrap_or(first);
    let shell = matches!(program, "sh" | "bash" | "ash" | "dash");
    let at = words.iter().position(|word| shell && word.starts_with('-') && word.ends_with('c'))?;
    words.get(at + 1).copied()
}

/// The fate of `command` and `args` together.
pub(super) fn fate(words: &[&str]) -> Fate {
    act(words, &mut Vec::new())
}

/// What `command` and `args` together do to files.
pub(super) fn files(words: &[&str]) -> Vec<FileChange> {
    let mut changes = Vec::new();
    act(words, &mut changes);
    changes
}

fn act(words: &[&str], files: &mut Vec<FileChange>) -> Fate {
    let Some(first) = words.first() else { return Fate::Unknown };
    match script_of(words) {
        Some(text) => script(text, files),
        None if matches!(first.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash")) => Fate::Unknown,
        None => simple(words),
    }
}

/// The files that a simple command makes or removes.
fn touch(words: &[&str], after: Duration, files: &mut Vec<FileChange>) {
    let mut change = |path: &str, made: bool| {
        files.push(FileChange { after, path: path.trim_matches(['"', '\'']).to_owned(), made });
    };
    let arguments = words.iter().skip(1).filter(|word| !word.starts_with('-'));
    match words.first() {
        Some(&"touch") => arguments.for_each(|path| change(path, true)),
        Some(&"rm") => arguments.for_each(|path| change(path, false)),
        _ => {
            for (at, word) in words.iter().enumerate() {
                match word.strip_prefix(">>").or_else(|| word.strip_prefix('>')) {
                    Some("") => words.get(at + 1).into_iter().for_each(|path| change(path, true)),
                    Some(path) => change(path, true),
                    None => {}
                }
            }
        }
    }
}

/// Whether a command begins a loop that never ends.
pub(super) fn is_endless(command: &str) -> bool {
    const STARTS: [&str; 6] =
        ["while true", "while :", "until false", "for ((;;))", "while [ 1 ]", "while sleep"];
    STARTS.iter().any(|start| command.starts_with(start))
}

/// One command.
pub(super) fn simple(words: &[&str]) -> Fate {
    let Some(first) = words.first() else { return Fate::Ends(Duration::ZERO, 0) };
    let second = words.get(1).copied();
    match first.rsplit('/').next().unwrap_or(first) {
        "sleep" => match second {
            Some("infinity" | "inf") => Fate::Runs,
            Some(time) => duration(time).map_or(Fate::Ends(Duration::ZERO, 1), |span| Fate::Ends(span, 0)),
            None => Fate::Ends(Duration::ZERO, 1),
        },
        "exit" => Fate::Ends(Duration::ZERO, second.and_then(|code| code.parse().ok()).unwrap_or(0)),
        "false" => Fate::Ends(Duration::ZERO, 1),
        "true" | ":" | "echo" | "printf" | "date" | "env" | "printenv" | "hostname" | "ls" | "cat"
        | "touch" | "rm" | "mkdir" | "export" | "cd" | "pwd" | "id" | "uname" | "set" | "trap" | "test"
        | "[" | "chmod" | "cp" | "mv" => Fate::Ends(Duration::ZERO, 0),
        "tail" if words.iter().any(|word| matches!(*word, "-f" | "-F")) => Fate::Runs,
        "exec" => simple(words.get(1..).unwrap_or_default()),
        _ => Fate::Unknown,
    }
}

/// A shell script of simple commands joined by `;`, newlines, `&&` and `||`. A loop that never ends runs for ever.
fn script(text: &str, files: &mut Vec<FileChange>) -> Fate {
    let (mut passed, mut code) = (Duration::ZERO, 0);
    for (joint, command) in commands(text) {
        let runs = match joint {
            Joint::Then => true,
            Joint::And => code == 0,
            Joint::Or => code != 0,
        };
        if !runs {
            continue;
        }
        if is_endless(command) {
            return Fate::Runs;
        }
        let words: Vec<&str> = command.split_whitespace().collect();
        touch(&words, passed, files);
        match simple(&words) {
            Fate::Ends(span, ended) => {
                passed += span;
                code = ended;
            }
            other => return other,
        }
        if words.first() == Some(&"exit") {
            break;
        }
    }
    Fate::Ends(passed, code)
}

/// How a command follows the one before.
#[derive(Clone, Copy)]
pub(super) enum Joint {
    Then,
    And,
    Or,
}

/// The commands of a script.
pub(super) fn commands(text: &str) -> Vec<(Joint, &str)> {
    let mut found = Vec::new();
    let (mut rest, mut joint) = (text, Joint::Then);
    while !rest.is_empty() {
        let ends = [(";", Joint::Then), ("\n", Joint::Then), ("&&", Joint::And), ("||", Joint::Or)];
        let next = ends
            .iter()
            .filter_map(|(mark, joint)| Some((rest.find(mark)?, mark.len(), *joint)))
            .min_by_key(|end| end.0);
        let (command, after, next_joint) = match next {
            Some((at, length, next)) => {
                (rest.get(..at).unwrap_or_default(), rest.get(at + length..).unwrap_or_default(), next)
            }
            None => (rest, "", Joint::Then),
        };
        if !command.trim().is_empty() {
            found.push((joint, command.trim()));
        }
        (rest, joint) = (after, next_joint);
    }
    found
}

/// `30`, `0.5`, `2m`, `1h`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1.0),
        (at, 'm') => (text.get(..at)?, 60.0),
        (at, 'h') => (text.get(..at)?, 3_600.0),
        (at, 'd') => (text.get(..at)?, 86_400.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok()? * unit;
    (0.0..1e9).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(seconds: f64, code: i32) -> Fate {
        Fate::Ends(Duration::from_secs_f64(seconds), code)
    }

    #[test]
    fn small_scripts_are_acted_out() {
        assert_eq!(fate(&[]), Fate::Unknown);
        assert_eq!(fate(&["sleep", "3600"]), ends(3_600.0, 0));
        assert_eq!(fate(&["sleep", "infinity"]), Fate::Runs);
        assert_eq!(fate(&["/bin/sh", "-c", "echo hi; sleep 5 && exit 3"]), ends(5.0, 3));
        assert_eq!(fate(&["sh", "-c", "false && sleep 9"]), ends(0.0, 1));
        assert_eq!(fate(&["sh", "-c", "false || sleep 0.5m"]), ends(30.0, 0));
        assert_eq!(fate(&["sh", "-c", "while true; do date; sleep 1; done"]), Fate::Runs);
        assert_eq!(fate(&["sh", "-ec", "exit 1\n"]), ends(0.0, 1));
        assert_eq!(fate(&["tail", "-f", "/dev/null"]), Fate::Runs);
        assert_eq!(fate(&["nginx", "-g", "daemon off;"]), Fate::Unknown);
        assert_eq!(fate(&["sh", "-c", "exec python app.py"]), Fate::Unknown);
        assert_eq!(fate(&["sleep", "오래"]), ends(0.0, 1));
    }

    #[test]
    fn files_come_and_go() {
        let script = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; echo x > /tmp/late; sleep 600";
        let told: Vec<(u64, String, bool)> = files(&["/bin/sh", "-c", script])
            .into_iter()
            .map(|change| (change.after.as_secs(), change.path, change.made))
            .collect();
        let wanted = [(0, "/tmp/healthy", true), (30, "/tmp/healthy", false), (30, "/tmp/late", true)];
        assert_eq!(told, wanted.map(|(after, path, made)| (after, path.to_owned(), made)));
    }
}
