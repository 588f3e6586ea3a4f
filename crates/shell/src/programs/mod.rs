//! The programs of this shell: kubectl, the few text tools people pipe it into, and what the shell itself knows.

mod control;
mod git;
mod http;
mod listing;
mod names;
mod pattern;
mod text;

pub use listing::{Program, programs};

use crate::process::{Io, Poll, Scope, Shell, Task};
use crate::{elsewhere, kubectl};

/// The running form of a command; what does not exist ends at once with bash's message.
pub(crate) fn launch(mut words: Vec<String>, shell: &Shell) -> Box<dyn Task> {
    if let Some(alias) = words.first().and_then(|name| shell.aliases.get(name)) {
        words.splice(..1, alias.split_whitespace().map(str::to_owned));
    }
    let name = words.first().cloned().unwrap_or_default();
    let arguments = words.get(1..).unwrap_or_default().to_vec();
    match name.as_str() {
        "kubectl" | "k" => kubectl::launch(arguments, shell),
        "git" | "gh" => Box::new(git::Repository { hub: name == "gh", arguments }),
        "hey" => http::hey(&arguments),
        "curl" => http::curl(&arguments),
        "wget" => http::wget(&arguments),
        "nslookup" => names::nslookup(&arguments),
        "dig" => names::dig(&arguments),
        "timeout" => control::timeout(&arguments),
        "sleep" => control::sleep(&arguments),
        "xargs" => control::xargs(arguments),
        "watch" => control::watch(&arguments),
        "true" | ":" => Box::new(Ended(0)),
        "false" => Box::new(Ended(1)),
        "exit" => {
            Box::new(Ended(arguments.first().and_then(|code| code.parse().ok()).unwrap_or(shell.status)))
        }
        "clear" | "echo" | "printf" | "pwd" | "ls" | "date" | "export" | "unset" | "alias" | "help"
        | "rm" | "mkdir" | "cd" => Box::new(control::Builtin { name, arguments }),
        "cat" | "grep" | "egrep" | "head" | "tail" | "wc" | "cut" | "sort" | "uniq" | "tr" | "tee"
        | "base64" | "sed" | "awk" => text::launch(&name, &arguments),
        _ => Box::new(elsewhere::Missing { name }),
    }
}

/// A command that has ended already.
#[derive(Clone)]
pub(crate) struct Ended(pub i32);

impl Task for Ended {
    fn poll(&mut self, _: &mut Io, _: &mut Scope<'_>) -> Poll {
        Poll::Done(self.0)
    }
}

/// A command that only says something on standard error.
#[derive(Clone)]
pub(crate) struct Refused {
    pub code: i32,
    pub message: String,
}

impl Task for Refused {
    fn poll(&mut self, io: &mut Io, _: &mut Scope<'_>) -> Poll {
        io.err(&self.message);
        Poll::Done(self.code)
    }
}

pub(crate) fn refused(code: i32, message: impl Into<String>) -> Box<dyn Task> {
    Box::new(Refused { code, message: message.into() })
}
