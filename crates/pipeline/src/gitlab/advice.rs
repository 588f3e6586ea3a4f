//! Advice on a configuration that GitLab accepts: see [`crate::advice`].

use super::value::Value;
use super::{Configuration, entry};
use crate::advice::{self, Advice, Commands};

/// Advice on a configuration; `text` is its own file. What stands in included files is not looked at.
pub fn advice(configuration: &Configuration, text: &str) -> Vec<Advice> {
    let mut found: Vec<Advice> = Vec::new();
    for job in &configuration.jobs {
        let keys = ["before_script", "script", "after_script"];
        let lines = keys.iter().filter_map(|key| job.settings.given(key)).flat_map(entry::flat);
        let scripts: Vec<Commands<'_>> = lines.filter_map(|line| script(line, text)).collect();
        // Those that GitLab sets, and those whose names say so.
        let secret = |name: &str| {
            let ends = ["_TOKEN", "_PASSWORD", "_SECRET", "_KEY"].iter().any(|end| name.ends_with(end));
            ends && configuration.variables.get(name).is_none() && job.variables.get(name).is_none()
        };
        let deploys = job.environment.is_some()
            || ["deploy", "release", "prod"].iter().any(|part| job.name.to_lowercase().contains(part));
        // Commands of another file may log in.
        let whole = job.place.file == 0
            && !job.settings.has("extends")
            && scripts.len() == job.before_script.len() + job.script.len() + job.after_script.len();
        for one in advice::on_commands(text, &scripts, &secret, !whole, deploys) {
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found.sort_by_key(|one| one.place.start.offset);
    found
}

fn script<'a>(line: &Value, text: &'a str) -> Option<Commands<'a>> {
    if line.place.file != 0 {
        return None;
    }
    let (from, until) = (line.place.span.start.offset as usize, line.place.span.end.offset as usize);
    let written = text.get(from..until)?;
    let skipped = if written.starts_with(['|', '>']) { written.find('\n').map_or(0, |at| at + 1) } else { 0 };
    let quoted = usize::from(skipped == 0 && written.starts_with(['"', '\'']));
    let text = written.get(skipped + quoted..)?.trim_end_matches(['"', '\'']);
    Some(Commands { text, from: from + skipped + quoted })
}
