//! What a shell script writes: `echo`, `printf`, `date`, `hostname` and `sleep`, one after the other or in a loop that never
//! ends. It is the same small shell that [`super::command`] tells the end of.

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::civil;
use opscape_manifest::api::pod::Container;

use super::command::{Fate, Joint, commands, is_endless, script_of, simple};
use super::output::month_name;

/// What a script finds around it.
pub(super) struct Surroundings<'a> {
    pub pod: &'a Pod,
    pub container: &'a Container,
    /// When it starts, in microseconds since 1970.
    pub started: i64,
}

/// Goes through a command and gives each line with its time to `write`, until that says false.
pub(super) fn run(words: &[&str], around: &Surroundings<'_>, write: &mut dyn FnMut(i64, String) -> bool) {
    let mut at = around.started;
    if let Some(text) = script_of(words) {
        go(&commands(text), around, &mut at, write);
    } else if let Some(text) = printed(&words.join(" "), around, at) {
        write(at, text);
    }
}

/// Whether it goes on after these commands.
fn go(
    all: &[(Joint, &str)],
    around: &Surroundings<'_>,
    at: &mut i64,
    write: &mut dyn FnMut(i64, String) -> bool,
) -> bool {
    let mut code = 0;
    for (index, (joint, command)) in all.iter().enumerate() {
        let runs = match joint {
            Joint::Then => true,
            Joint::And => code == 0,
            Joint::Or => code != 0,
        };
        if !runs {
            continue;
        }
        if is_endless(command) {
            let body = all.get(index + 1..).unwrap_or_default();
            let end = body.iter().position(|(_, command)| *command == "done").unwrap_or(body.len());
            let mut body: Vec<(Joint, &str)> = body.iter().take(end).copied().collect();
            if let Some((joint, first)) = body.first_mut() {
                (*joint, *first) = (Joint::Then, first.strip_prefix("do").unwrap_or(first).trim());
            }
            let before = *at;
            while go(&body, around, at, write) {
                // A loop that takes no time would write for ever within an instant.
                if *at == before {
                    return false;
                }
            }
            return false;
        }
        let words: Vec<&str> = command.split_whitespace().collect();
        let Fate::Ends(span, ended) = simple(&words) else { return false };
        if let Some(text) = printed(command, around, *at)
            && !text.split('\n').all(|line| write(*at, line.to_owned()))
        {
            return false;
        }
        *at += i64::try_from(span.as_micros()).unwrap_or_default();
        code = ended;
        if words.first() == Some(&"exit") {
            return false;
        }
    }
    true
}

/// What one command writes to its output.
fn printed(command: &str, around: &Surroundings<'_>, at: i64) -> Option<String> {
    // What goes into a file or another program is not seen; what goes to standard error is.
    let command = command.strip_suffix(">&2").or(command.strip_suffix("1>&2")).unwrap_or(command).trim();
    if command.contains(['>', '|']) {
        return None;
    }
    let (program, rest) = command.split_once(' ').unwrap_or((command, ""));
    match program.rsplit('/').next().unwrap_or(program) {
        "echo" => {
            let rest = rest.trim_start_matches("-e ").trim_start_matches("-n ");
            Some(expanded(rest, around, at))
        }
        "printf" => {
            let text = expanded(rest, around, at);
            Some(text.strip_suffix("\\n").unwrap_or(&text).to_owned())
        }
        "date" => Some(date(at)),
        "hostname" => Some(around.pod.metadata.name.to_string()),
        _ => None,
    }
}

/// Without its quotes, with the values of variables and the date.
fn expanded(text: &str, around: &Surroundings<'_>, at: i64) -> String {
    let mut out = String::new();
    let mut rest = text.trim();
    let mut quote = None;
    while let Some(c) = rest.chars().next() {
        if quote != Some('\'')
            && let Some((value, after)) = variable(rest, around, at)
        {
            out.push_str(&value);
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => out.push(c),
        }
    }
    out
}

/// The value of what begins with `$`, and what follows.
fn variable<'a>(text: &'a str, around: &Surroundings<'_>, at: i64) -> Option<(String, &'a str)> {
    let rest = text.strip_prefix('$')?;
    if let Some(inside) = rest.strip_prefix('(') {
        let (command, after) = inside.split_once(')')?;
        return Some((printed(command, around, at).unwrap_or_default(), after));
    }
    let (name, after) = if let Some(inside) = rest.strip_prefix('{') {
        inside.split_once('}')?
    } else {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        rest.split_at_checked(end)?
    };
    let set = around.container.env.iter().find(|variable| &*variable.name == name);
    let value = match (name, set) {
        ("", _) => return None,
        (_, Some(set)) => set.value.to_string(),
        ("HOSTNAME", None) => around.pod.metadata.name.to_string(),
        _ => String::new(),
    };
    Some((value, after))
}

/// As `date` prints it: `Mon Jan  5 09:00:03 UTC 2026`.
fn date(at: i64) -> String {
    const DAYS: &str = "ThuFriSatSunMonTueWed";
    let seconds = at.div_euclid(1_000_000);
    let (year, month, day, hour, minute, second) = civil(seconds);
    let week = seconds.div_euclid(86_400).rem_euclid(7) as usize * 3;
    let week = DAYS.get(week..week + 3).unwrap_or_default();
    format!("{week} {} {day:>2} {hour:02}:{minute:02}:{second:02} UTC {year}", month_name(month))
}
