//! Commands that are not here: those of later parts of the landscape, and those that do not exist.

use opscape_lab::words;

use crate::process::{Io, Poll, Scope, Shell, Task};
use crate::programs::programs;

/// Commands that learners are taught and that have no simulation yet.
const LATER: &[&str] = &[
    "docker",
    "docker-compose",
    "podman",
    "helm",
    "terraform",
    "ansible",
    "ansible-playbook",
    "eksctl",
    "aws",
    "gcloud",
    "az",
    "npm",
    "node",
    "nvm",
    "gatsby",
    "pip",
    "pytest",
    "vault",
    "gitlab-runner",
    "gitlab-ctl",
    "wget",
    "ssh",
    "ssh-keygen",
    "minikube",
    "kind",
    "k9s",
    "kustomize",
    "argocd",
    "istioctl",
    "python",
    "python3",
    "jq",
    "yq",
];

/// Commands of a machine: there is none behind this terminal.
const MACHINE: &[&str] = &[
    "sudo",
    "su",
    "apt",
    "apt-get",
    "systemctl",
    "service",
    "chmod",
    "vi",
    "vim",
    "nano",
    "cp",
    "mv",
    "tar",
    "unzip",
    "source",
    "sh",
    "bash",
    "top",
    "ps",
    "kill",
];

/// A command that does not run here.
#[derive(Clone)]
pub(crate) struct Missing {
    pub name: String,
}

impl Task for Missing {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let name = self.name.as_str();
        let key = if LATER.contains(&name) {
            "shell.later"
        } else if MACHINE.contains(&name) || name.starts_with(['.', '/']) {
            "shell.machine"
        } else {
            io.err(&format!("bash: {name}: command not found\n"));
            return Poll::Done(127);
        };
        io.err(&words::fill(scope.shell.lang, key, &[("command", name)]));
        io.err("\n");
        Poll::Done(127)
    }
}

/// What `help` prints: every program with a line about it.
pub(crate) fn help(shell: &Shell) -> String {
    let mut out = String::new();
    for program in programs() {
        let text = words::lookup(shell.lang, program.help).unwrap_or_default();
        let blanks = 12_usize.saturating_sub(program.name.len()).max(1);
        out.push_str("  ");
        out.push_str(program.name);
        out.extend(std::iter::repeat_n(' ', blanks));
        out.push_str(text);
        out.push('\n');
    }
    out
}
