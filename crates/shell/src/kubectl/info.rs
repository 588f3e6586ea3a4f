//! `kubectl version`, `api-resources`, `api-versions`, `cluster-info` and help.

use opscape_lab::words;

use super::{COMMANDS, Call, Next, Outcome, RESOURCES, VERSION};
use crate::output::tabs;
use crate::process::{Io, Poll, Scope, Task};

#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn version(call: &mut Call<'_, '_>) -> Outcome {
    call.say(&format!("Client Version: {VERSION}"));
    call.say("Kustomize Version: v5.8.1");
    if !call.flags.truth("client") {
        call.say(&format!("Server Version: {VERSION}"));
    }
    Ok(Next::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn api_resources(call: &mut Call<'_, '_>) -> Outcome {
    let only = call.flags.given("namespaced").then(|| call.flags.truth("namespaced"));
    let group = call.flags.text("api-group");
    let wanted = RESOURCES.iter().filter(|resource| {
        only.is_none_or(|only| only == resource.namespaced)
            && group.is_none_or(|group| group == resource.group())
    });
    let mut text = String::new();
    if call.flags.text("output") == Some("name") {
        for resource in wanted {
            text.push_str(&resource.qualified());
            text.push('\n');
        }
    } else {
        if !call.flags.truth("no-headers") {
            text.push_str("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND\n");
        }
        for resource in wanted {
            let namespaced = if resource.namespaced { "true" } else { "false" };
            let cells = [resource.plural, resource.shorts, resource.api_version, namespaced, resource.kind];
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        text = tabs::align(&text, tabs::TABLE, None);
    }
    call.io.out(&text);
    Ok(Next::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn api_versions(call: &mut Call<'_, '_>) -> Outcome {
    let mut versions: Vec<String> =
        RESOURCES.iter().map(|resource| resource.api_version.to_owned()).collect();
    versions.push("autoscaling/v1".to_owned());
    crate::sorted::distinct(&mut versions);
    for version in versions {
        call.say(&version);
    }
    Ok(Next::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn cluster_info(call: &mut Call<'_, '_>) -> Outcome {
    call.say("Kubernetes control plane is running at https://127.0.0.1:6443");
    call.say("");
    call.say("To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
    Ok(Next::Done)
}

/// `kubectl help`, `kubectl COMMAND --help`: short.
#[derive(Clone)]
pub(super) struct Help {
    /// Of which command; empty: of kubectl.
    pub path: String,
}

impl Task for Help {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let lang = scope.shell.lang;
        let under = |path: &str| {
            self.path.is_empty()
                || path == self.path
                || path.strip_prefix(self.path.as_str()).is_some_and(|rest| rest.starts_with(' '))
        };
        let known: Vec<_> = COMMANDS.iter().filter(|command| under(command.path)).collect();
        if known.is_empty() {
            io.err(&format!("Unknown help topic [`{}`]\n", self.path));
            return Poll::Done(1);
        }
        if self.path.is_empty() {
            io.out(words::text(lang, "shell.kubectl.help"));
            io.out("\n\n");
        }
        let mut lines: Vec<String> =
            known.iter().map(|command| format!("  kubectl {} {}\n", command.path, command.usage)).collect();
        crate::sorted::texts(&mut lines);
        for line in &lines {
            io.out(line);
        }
        if let [command] = known.as_slice() {
            io.out("\n");
            for spec in super::flags::specs(command.flags) {
                if super::flags::GLOBAL.contains(spec.name) {
                    continue;
                }
                let short = spec.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
                io.out(&format!("    {short}--{}\n", spec.name));
            }
        }
        Poll::Done(0)
    }
}
