//! Lifecycle hooks: how long they take, and whether they fail (pkg/kubelet/lifecycle/handlers.go).

use std::time::Duration;

use opscape_cluster::images::{Hook, Hooks};
use opscape_manifest::api::pod::Container;
use opscape_manifest::value::Value;

use super::command::{self, Fate};
use super::health::{Program, words_of};

/// A command that nothing is known of.
const SHORT: Duration = Duration::from_millis(50);
/// One that never ends.
const FOR_EVER: Duration = Duration::from_secs(1_000_000);

pub(super) fn of(container: &Container, program: &Program) -> Option<Box<Hooks>> {
    let lifecycle = container.lifecycle.as_ref()?;
    let post_start = lifecycle.get("postStart").map(|hook| {
        // The hook runs as soon as the process does: a server does not listen yet.
        let refused = hook.get("httpGet").is_some() && program.serves != Some(Duration::ZERO);
        Hook { takes: takes(hook).0, fails: refused || takes(hook).1 }
    });
    let pre_stop = lifecycle.get("preStop").map(|hook| {
        let refused = hook.get("httpGet").is_some() && program.serves.is_none();
        Hook { takes: takes(hook).0, fails: refused || takes(hook).1 }
    });
    Some(Box::new(Hooks { post_start, pre_stop }))
}

fn takes(hook: &Value) -> (Duration, bool) {
    if let Some(seconds) = hook.at(&["sleep", "seconds"]).and_then(Value::as_int) {
        return (Duration::from_secs(u64::try_from(seconds).unwrap_or_default()), false);
    }
    let Some(exec) = hook.get("exec") else { return (Duration::ZERO, false) };
    let words = words_of(exec);
    match command::fate(&words) {
        Fate::Ends(after, code) => (after, code != 0),
        Fate::Runs => (FOR_EVER, false),
        // `nginx -s quit; sleep 10`: what is known of it is that it sleeps.
        Fate::Unknown => {
            let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
            let at = words.iter().position(|word| *word == "sleep");
            let seconds =
                at.and_then(|at| words.get(at + 1)?.trim_end_matches([';', 's']).parse::<u64>().ok());
            (seconds.map_or(SHORT, Duration::from_secs), false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(text: &str) -> (u64, bool) {
        let value = opscape_manifest::check::check(text).documents[0].value.clone();
        let (takes, fails) = takes(&value);
        (takes.as_secs(), fails)
    }

    #[test]
    fn hooks_sleep_and_fail() {
        assert_eq!(hook("sleep: {seconds: 7}"), (7, false));
        assert_eq!(hook("exec: {command: [sleep, '15']}"), (15, false));
        assert_eq!(hook("exec: {command: [/bin/sh, -c, 'nginx -s quit; sleep 10']}"), (10, false));
        assert_eq!(hook("exec: {command: [sh, -c, 'sleep 3; exit 1']}"), (3, true));
        assert_eq!(hook("exec: {command: [/bin/register]}"), (0, false));
        assert_eq!(hook("httpGet: {path: /drain, port: 8080}"), (0, false));
    }
}
