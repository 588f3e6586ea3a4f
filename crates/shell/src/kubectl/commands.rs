//! The commands of kubectl with their flags.

use super::flags::{GLOBAL, Takes, specs};
use super::{
    Call, Outcome, absent, apply, argo, config, create, delete, describe, diff, drain, exec, explain, get,
    info, logs, mutate, patching, rollout, scale, set, top, wait,
};

/// A command.
pub(crate) struct Command {
    /// As `rollout status`.
    pub path: &'static str,
    /// Its flags (see [`super::flags`]).
    pub flags: &'static str,
    /// How it is used, behind its path.
    pub usage: &'static str,
    /// Its first step.
    pub run: fn(&mut Call<'_, '_>) -> Outcome,
}

macro_rules! commands {
    ($($(#[$gate:meta])? $path:literal $usage:literal $flags:expr => $run:path;)*) => {
        /// All commands.
        pub(crate) const COMMANDS: &[Command] =
            &[$($(#[$gate])? Command { path: $path, flags: $flags, usage: $usage, run: $run }),*];
    };
}

commands! {
    "apply" "-f FILE" apply::FLAGS => apply::run;
    "replace" "-f FILE" apply::REPLACE_FLAGS => apply::replace;
    "create" "-f FILE" create::FLAGS => create::run;
    "create deployment" "NAME --image=IMAGE" create::DEPLOYMENT_FLAGS => create::deployment;
    #[cfg(feature = "unsimulated")]
    "create job" "NAME --image=IMAGE" create::JOB_FLAGS => create::job;
    #[cfg(feature = "unsimulated")]
    "create cronjob" "NAME --image=IMAGE --schedule=CRON" create::CRON_JOB_FLAGS => create::cron_job;
    "create namespace" "NAME" create::PLAIN_FLAGS => create::namespace;
    "create serviceaccount" "NAME" create::PLAIN_FLAGS => create::service_account;
    "create configmap" "NAME --from-literal=KEY=VALUE" create::CONFIG_FLAGS => create::config_map;
    "create secret generic" "NAME --from-literal=KEY=VALUE" create::CONFIG_FLAGS => create::secret_generic;
    #[cfg(feature = "unsimulated")]
    "create secret docker-registry" "NAME" create::REGISTRY_FLAGS => create::secret_registry;
    #[cfg(feature = "unsimulated")]
    "create secret tls" "NAME --cert=FILE --key=FILE" create::TLS_FLAGS => create::secret_tls;
    "create service clusterip" "NAME --tcp=PORT" create::SERVICE_FLAGS => create::service_cluster_ip;
    "create service nodeport" "NAME --tcp=PORT" create::SERVICE_FLAGS => create::service_node_port;
    "create service loadbalancer" "NAME --tcp=PORT" create::SERVICE_FLAGS => create::service_load_balancer;
    "create service externalname" "NAME --external-name=HOST" create::SERVICE_FLAGS => create::service_external_name;
    #[cfg(feature = "unsimulated")]
    "create ingress" "NAME --rule=HOST/PATH=SERVICE:PORT" create::INGRESS_FLAGS => create::ingress;
    #[cfg(feature = "unsimulated")]
    "create quota" "NAME --hard=pods=3" create::QUOTA_FLAGS => create::quota;
    #[cfg(feature = "unsimulated")]
    "create poddisruptionbudget" "NAME --selector=L --min-available=N" create::BUDGET_FLAGS => create::budget;
    #[cfg(feature = "unsimulated")]
    "create priorityclass" "NAME --value=N" create::PRIORITY_FLAGS => create::priority_class;
    #[cfg(feature = "unsimulated")]
    "create role" "NAME --verb=get --resource=pods" create::ROLE_FLAGS => create::role;
    #[cfg(feature = "unsimulated")]
    "create clusterrole" "NAME --verb=get --resource=pods" create::ROLE_FLAGS => create::cluster_role;
    #[cfg(feature = "unsimulated")]
    "create rolebinding" "NAME --role=NAME --user=NAME" create::BINDING_FLAGS => create::role_binding;
    #[cfg(feature = "unsimulated")]
    "create clusterrolebinding" "NAME --clusterrole=NAME --user=NAME" create::BINDING_FLAGS
        => create::cluster_role_binding;
    "run" "NAME --image=IMAGE" create::RUN_FLAGS => create::run_pod;
    "expose" "TYPE NAME --port=PORT" create::EXPOSE_FLAGS => create::expose;
    "delete" "TYPE NAME" delete::FLAGS => delete::run;
    "scale" "TYPE NAME --replicas=N" scale::FLAGS => scale::run;
    "autoscale" "TYPE NAME --max=N" scale::AUTOSCALE_FLAGS => scale::autoscale;
    "patch" "TYPE NAME -p PATCH" patching::FLAGS => patching::run;
    "label" "TYPE NAME KEY=VALUE KEY-" mutate::LABEL_FLAGS => mutate::label;
    "annotate" "TYPE NAME KEY=VALUE KEY-" mutate::LABEL_FLAGS => mutate::annotate;
    "cordon" "NODE" mutate::CORDON_FLAGS => mutate::cordon;
    "uncordon" "NODE" mutate::CORDON_FLAGS => mutate::uncordon;
    "taint" "node NODE KEY=VALUE:EFFECT" mutate::TAINT_FLAGS => mutate::taint;
    "get" "TYPE [NAME...]" get::FLAGS => get::run;
    "describe" "TYPE [NAME]" describe::FLAGS => describe::run;
    "set image" "TYPE NAME CONTAINER=IMAGE" set::IMAGE_FLAGS => set::image;
    "set env" "TYPE NAME KEY=VALUE" set::ENV_FLAGS => set::env;
    "set resources" "TYPE NAME --requests=cpu=100m" set::RESOURCES_FLAGS => set::resources;
    "rollout status" "TYPE NAME" rollout::STATUS_FLAGS => rollout::status;
    "rollout history" "TYPE NAME" rollout::HISTORY_FLAGS => rollout::history;
    "rollout undo" "TYPE NAME" rollout::UNDO_FLAGS => rollout::undo;
    "rollout pause" "TYPE NAME" rollout::FLAGS => rollout::pause;
    "rollout resume" "TYPE NAME" rollout::FLAGS => rollout::resume;
    "rollout restart" "TYPE NAME" rollout::FLAGS => rollout::restart;
    "argo rollouts get rollout" "ROLLOUT" argo::GET_FLAGS => argo::get;
    "argo rollouts list rollouts" "" argo::LIST_FLAGS => argo::list;
    "argo rollouts status" "ROLLOUT" argo::STATUS_FLAGS => argo::status;
    "argo rollouts promote" "ROLLOUT" argo::PROMOTE_FLAGS => argo::promote;
    "argo rollouts abort" "ROLLOUT" argo::PLAIN_FLAGS => argo::abort;
    "argo rollouts retry rollout" "ROLLOUT" argo::PLAIN_FLAGS => argo::retry;
    "argo rollouts pause" "ROLLOUT" argo::PLAIN_FLAGS => argo::pause;
    "argo rollouts restart" "ROLLOUT" argo::RESTART_FLAGS => argo::restart;
    "argo rollouts undo" "ROLLOUT" argo::UNDO_FLAGS => argo::undo;
    "argo rollouts set image" "ROLLOUT CONTAINER=IMAGE" argo::PLAIN_FLAGS => argo::set_image;
    "argo rollouts version" "" argo::PLAIN_FLAGS => argo::version;
    "wait" "TYPE NAME --for=condition=NAME" wait::FLAGS => wait::run;
    "drain" "NODE" drain::FLAGS => drain::run;
    "diff" "-f FILE" diff::FLAGS => diff::run;
    "explain" "TYPE[.FIELD]" explain::FLAGS => explain::run;
    "logs" "POD" logs::FLAGS => logs::run;
    "exec" "POD -- COMMAND" exec::FLAGS => exec::run;
    "attach" "POD" exec::FLAGS => absent::attach;
    "port-forward" "TYPE/NAME PORTS" absent::FORWARD_FLAGS => absent::port_forward;
    "edit" "TYPE NAME" absent::EDIT_FLAGS => absent::edit;
    "top nodes" "[NAME]" top::FLAGS => top::nodes;
    "top pods" "[NAME]" top::FLAGS => top::pods;
    #[cfg(feature = "unsimulated")]
    "auth can-i" "VERB TYPE" absent::AUTH_FLAGS => absent::can_i;
    "config view" "" config::VIEW_FLAGS => config::view;
    "config current-context" "" config::LIST_FLAGS => config::current_context;
    "config get-contexts" "" config::LIST_FLAGS => config::contexts;
    "config set-context" "--current --namespace=NAME" config::SET_FLAGS => config::set_context;
    "config use-context" "NAME" config::SET_FLAGS => config::use_context;
    "version" "[--client]" "client! o|output=" => info::version;
    "api-resources" "[flags]" "o|output= namespaced! no-headers! verbs* api-group= sort-by= cached! categories*"
        => info::api_resources;
    "api-versions" "" "" => info::api_versions;
    "cluster-info" "" "" => info::cluster_info;
}

/// Why a line is no command.
pub(crate) enum NotFound {
    /// Help is asked for, of this command (empty: of kubectl).
    Help(String),
    /// What stands on standard error.
    Unknown(String),
}

/// Other names of commands and of what they create.
fn canonical(parent: &str, word: &str) -> String {
    let name = match (parent, word) {
        ("create", "deploy") => "deployment",
        ("create", "ns") => "namespace",
        ("create", "cm") => "configmap",
        ("create", "svc") => "service",
        ("create", "sa") => "serviceaccount",
        ("create", "quota" | "resourcequota") => "quota",
        ("create", "pdb" | "poddisruptionbudget") => "poddisruptionbudget",
        ("create", "pc" | "priorityclass") => "priorityclass",
        ("create", "ing" | "ingress") => "ingress",
        ("create", "cj" | "cronjob") => "cronjob",
        ("top", "node" | "no") => "nodes",
        ("top", "pod" | "po") => "pods",
        ("", "log") => "logs",
        ("argo rollouts get" | "argo rollouts retry", "ro" | "rollouts") => "rollout",
        ("argo rollouts list", "ro" | "rollout") => "rollouts",
        (_, other) => other,
    };
    name.to_owned()
}

/// Finds the command of a line and takes its words out of it. Global flags may stand before it.
pub(crate) fn find(words: &mut Vec<String>) -> Result<&'static Command, NotFound> {
    let mut path = String::new();
    let mut at = 0;
    while let Some(word) = words.get(at).cloned() {
        if word == "--" {
            break;
        }
        if word.starts_with('-') && word.len() > 1 {
            if word == "--help" || word == "-h" {
                return Err(NotFound::Help(path));
            }
            let name = word.trim_start_matches('-');
            let takes = specs(GLOBAL)
                .find(|spec| {
                    spec.name == name
                        || !word.starts_with("--") && spec.short.is_some_and(|s| name == s.to_string())
                })
                .map(|spec| spec.takes);
            let skipped =
                takes.is_some_and(|takes| takes != Takes::Truth && !matches!(takes, Takes::Optional(_)));
            at += 1 + usize::from(skipped);
            continue;
        }
        let name = canonical(&path, &word);
        let longer = if path.is_empty() { name } else { format!("{path} {name}") };
        let is_path = |command: &&Command| {
            command.path == longer
                || command.path.strip_prefix(&longer).is_some_and(|rest| rest.starts_with(' '))
        };
        if path.is_empty() && word == "help" {
            words.remove(at);
            return Err(NotFound::Help(words.join(" ")));
        }
        if !COMMANDS.iter().any(|command| is_path(&command)) {
            break;
        }
        words.remove(at);
        path = longer;
    }
    if path.is_empty() && words.iter().all(|word| word.starts_with('-')) {
        return Err(NotFound::Help(path));
    }
    if let Some(command) = COMMANDS.iter().find(|command| command.path == path) {
        return Ok(command);
    }
    let unknown = words.iter().find(|word| !word.starts_with('-'));
    match unknown {
        Some(word) if path.is_empty() => Err(NotFound::Unknown(unknown_command(word))),
        Some(word) => Err(NotFound::Unknown(format!(
            "error: unknown command \"{word}\" for \"kubectl {path}\"\nSee 'kubectl {path} -h' for help and examples\n"
        ))),
        None => Err(NotFound::Help(path)),
    }
}

fn unknown_command(word: &str) -> String {
    let mut names: Vec<&str> = COMMANDS.iter().filter_map(|command| command.path.split(' ').next()).collect();
    names.dedup();
    let near: Vec<&&str> = names
        .iter()
        .filter(|name| distance(word, name) <= 2 || name.starts_with(&word.to_lowercase()))
        .collect();
    let mut text = format!("error: unknown command \"{word}\" for \"kubectl\"\n");
    if !near.is_empty() {
        text.push_str("\nDid you mean this?\n");
        for name in near {
            text.push('\t');
            text.push_str(name);
            text.push('\n');
        }
    }
    text
}

/// Levenshtein's distance, ignoring case, as cobra computes its suggestions.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            left = if x == y { corner } else { 1 + corner.min(above).min(left) };
            corner = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(line: &str) -> (String, Vec<String>) {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let path = match find(&mut words) {
            Ok(command) => command.path.to_owned(),
            Err(NotFound::Help(path)) => format!("help {path}"),
            Err(NotFound::Unknown(message)) => message,
        };
        (path, words)
    }

    #[test]
    fn commands_are_found_among_flags() {
        assert_eq!(path("--kubeconfig=x -n shop version --client").0, "version");
        assert_eq!(path("-n shop version").1, ["-n", "shop"]);
        assert_eq!(path("version -h").0, "help version");
        assert_eq!(
            path("verzion").0,
            "error: unknown command \"verzion\" for \"kubectl\"\n\nDid you mean this?\n\tversion\n"
        );
        assert_eq!(path("-h").0, "help ");
    }

    #[test]
    fn distances() {
        assert_eq!(distance("gte", "get"), 2);
        assert_eq!(distance("get", "get"), 0);
        assert_eq!(distance("", "abc"), 3);
    }
}
