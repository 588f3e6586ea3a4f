//! `kubectl config`: one cluster, one user, one context; its namespace can be changed.

use super::{Call, Next, Outcome, words};
use crate::output::tabs;

pub(super) const VIEW_FLAGS: &str = "minify! raw! flatten! o|output= merge! template=";
pub(super) const SET_FLAGS: &str = "current!";
pub(super) const LIST_FLAGS: &str = "no-headers! o|output=";

/// Name of the cluster, of its context and of the user.
const NAME: &str = "opscape";
const USER: &str = "admin";
const SERVER: &str = "https://127.0.0.1:6443";

#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn view(call: &mut Call<'_, '_>) -> Outcome {
    let namespace = match call.scope.shell.namespace.as_str() {
        "" => String::new(),
        namespace => format!("    namespace: {namespace}\n"),
    };
    let text = format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: DATA+OMITTED\n    server: {SERVER}\n  name: {NAME}\ncontexts:\n- context:\n    cluster: {NAME}\n{namespace}    user: {USER}\n  name: {NAME}\ncurrent-context: {NAME}\nkind: Config\nusers:\n- name: {USER}\n  user:\n    client-certificate-data: DATA+OMITTED\n    client-key-data: DATA+OMITTED\n"
    );
    call.io.out(&text);
    Ok(Next::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn current_context(call: &mut Call<'_, '_>) -> Outcome {
    call.say(NAME);
    Ok(Next::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn contexts(call: &mut Call<'_, '_>) -> Outcome {
    if call.flags.text("output") == Some("name") {
        call.say(NAME);
        return Ok(Next::Done);
    }
    let mut text = String::new();
    if !call.flags.truth("no-headers") {
        text.push_str("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    }
    let part = format!("*\t{NAME}\t{NAME}\t{USER}\t{}\n", call.scope.shell.namespace);
    text.push_str(&part);
    call.io.out(&tabs::align(&text, tabs::TABLE, None));
    Ok(Next::Done)
}

pub(super) fn set_context(call: &mut Call<'_, '_>) -> Outcome {
    let named = call.args().first().map(String::as_str);
    if named.is_none() && !call.flags.truth("current") {
        return words("you must specify a non-empty context name or --current");
    }
    if let Some(other) = named.filter(|name| *name != NAME) {
        return words(format!("no context exists with the name: \"{other}\""));
    }
    if let Some(namespace) = call.flags.text("namespace").map(str::to_owned) {
        call.scope.shell.namespace = namespace;
    }
    call.say(&format!("Context \"{NAME}\" modified."));
    Ok(Next::Done)
}

pub(super) fn use_context(call: &mut Call<'_, '_>) -> Outcome {
    match call.args() {
        [name] if name == NAME => {
            call.say(&format!("Switched to context \"{NAME}\"."));
            Ok(Next::Done)
        }
        [other] => words(format!("no context exists with the name: \"{other}\"")),
        other => words(format!("Unexpected args: {other:?}")),
    }
}
