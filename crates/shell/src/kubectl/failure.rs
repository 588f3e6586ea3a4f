//! Why a command failed, and how kubectl says it (k8s.io/kubectl/pkg/cmd/util/helpers.go).

use opscape_cluster::Status;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The API server refused.
    Api(Status),
    /// Said by kubectl itself: `error: ...`.
    Words(String),
    /// A wrong flag: with a line about `--help`.
    Flag(String),
    /// Wrong arguments: with a line about `-h`.
    Usage(String),
    /// Printed as it is.
    Raw(String),
    /// Several at once.
    Many(Vec<Failure>),
    /// Said already.
    Silent,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Failure::Api(status)
    }
}

/// A failure in kubectl's own words.
pub(crate) fn words<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Words(text.into()))
}

/// Wrong arguments.
pub(crate) fn usage<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Usage(text.into()))
}

impl Failure {
    /// All of these, or nothing.
    pub fn all(mut failures: Vec<Failure>) -> Result<(), Failure> {
        match failures.len() {
            0 => Ok(()),
            1 => failures.pop().map_or(Ok(()), Err),
            _ => Err(Failure::Many(failures)),
        }
    }

    /// What stands on standard error, with its newline. `command` is as `kubectl get`.
    pub fn text(&self, command: &str) -> String {
        let text = match self {
            Failure::Api(status) if status.reason == "Invalid" => invalid(status),
            Failure::Many(failures) => {
                return failures.iter().map(|failure| failure.message() + "\n").collect();
            }
            Failure::Flag(text) => format!("error: {text}\nSee '{command} --help' for usage."),
            Failure::Usage(text) => format!("error: {text}\nSee '{command} -h' for help and examples"),
            Failure::Words(text) if !text.starts_with("error: ") => format!("error: {text}"),
            other => other.message(),
        };
        if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }
    }

    /// In one line, as among several.
    fn message(&self) -> String {
        match self {
            Failure::Api(status) if status.reason.is_empty() => {
                format!("Error from server: {}", status.message)
            }
            Failure::Api(status) => format!("Error from server ({}): {}", status.reason, status.message),
            Failure::Words(text) | Failure::Flag(text) | Failure::Usage(text) | Failure::Raw(text) => {
                text.clone()
            }
            Failure::Many(failures) => failures.iter().map(Failure::message).collect::<Vec<_>>().join("\n"),
            Failure::Silent => String::new(),
        }
    }

    /// `error when creating "STDIN": ...` (`cmdutil.AddSourceToErr`).
    pub fn when(self, verb: &str, source: &str) -> Failure {
        let add = |text: &str| format!("error when {verb} \"{source}\": {text}");
        match self {
            Failure::Api(mut status) => {
                status.message = add(&status.message);
                Failure::Api(status)
            }
            Failure::Words(text) => Failure::Words(add(&text)),
            other => other,
        }
    }
}

fn invalid(status: &Status) -> String {
    let Some(details) = &status.details else { return "The request is invalid".to_owned() };
    let mut text = if details.kind.is_empty() {
        "The request is invalid".to_owned()
    } else {
        format!("The {} \"{}\" is invalid", details.kind, details.name)
    };
    let mut causes: Vec<String> = Vec::new();
    for cause in &details.causes {
        let line = format!("{}: {}", cause.field, cause.message);
        if !causes.contains(&line) {
            causes.push(line);
        }
    }
    match causes.as_slice() {
        [] if !status.message.is_empty() => {
            text.push_str(": ");
            text.push_str(&status.message);
        }
        [] => {}
        [one] => {
            text.push_str(": ");
            text.push_str(one);
        }
        several => {
            text.push_str(": ");
            for cause in several {
                text.push_str("\n* ");
                text.push_str(cause);
            }
        }
    }
    text
}
