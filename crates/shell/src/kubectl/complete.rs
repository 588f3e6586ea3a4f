//! Completion of kubectl's command lines.

use opscape_lab::World;
use opscape_manifest::schema::Type;

use super::commands::{COMMANDS, Command, NotFound, find};
use super::flags::{Flags, GLOBAL, Spec, Takes, specs};
use super::literal::pod_spec_path;
use super::print::{list, text};
use super::resources::{ALL, RESOURCES, Resource};
use crate::process::Shell;

const FORMATS: &[&str] = &["wide", "yaml", "json", "name", "jsonpath=", "custom-columns=", "go-template="];

/// The words that could stand behind `before`.
pub(crate) fn complete(
    shell: &Shell,
    before: &[String],
    partial: &str,
    world: &dyn World,
    files: &dyn Fn() -> Vec<String>,
) -> Vec<String> {
    let mut rest = before.to_vec();
    let (path, command) = match find(&mut rest) {
        Ok(command) => (command.path.to_owned(), Some(command)),
        Err(NotFound::Help(path)) => (path, None),
        Err(NotFound::Unknown(_)) => return Vec::new(),
    };
    let place = Place { shell, world, files, flags: parsed(command, &rest) };
    // A value of the flag before, or of `--flag=`.
    if let Some((flag, value)) = partial.strip_prefix("--").and_then(|rest| rest.split_once('=')) {
        let _ = value;
        let spec = specs_of(command).into_iter().find(|spec| spec.name == flag);
        let values = spec.map(|spec| place.values(spec)).unwrap_or_default();
        return values.into_iter().map(|value| format!("--{flag}={value}")).collect();
    }
    if let Some(spec) = rest.last().and_then(|word| open_flag(command, word)) {
        return place.values(spec);
    }
    if partial.starts_with('-') {
        let shown = |spec: Spec| match spec.takes {
            Takes::Truth | Takes::Optional(_) => format!("--{}", spec.name),
            _ => format!("--{}=", spec.name),
        };
        let common = ["namespace", "help"];
        let known =
            |spec: &Spec| !GLOBAL.contains(spec.name) || common.contains(&spec.name) || partial.len() > 3;
        return specs_of(command).into_iter().filter(known).map(shown).collect();
    }
    let mut found: Vec<String> = sub_commands(&path);
    if let Some(command) = command {
        found.extend(place.arguments(command, partial));
    }
    found
}

/// The next words of the commands below a path.
fn sub_commands(path: &str) -> Vec<String> {
    let below = |command: &Command| {
        let rest = if path.is_empty() {
            command.path
        } else {
            command.path.strip_prefix(path)?.strip_prefix(' ')?
        };
        rest.split(' ').next().map(str::to_owned)
    };
    COMMANDS.iter().filter_map(below).collect()
}

fn specs_of(command: Option<&Command>) -> Vec<Spec> {
    specs(command.map_or("", |command| command.flags)).collect()
}

/// The flag of a word that waits for its value.
fn open_flag(command: Option<&Command>, word: &str) -> Option<Spec> {
    if !word.starts_with('-') || word.contains('=') || word == "--" {
        return None;
    }
    let name = word.trim_start_matches('-');
    let spec = specs_of(command).into_iter().find(|spec| {
        if word.starts_with("--") {
            spec.name == name
        } else {
            spec.short.is_some_and(|short| name.ends_with(short))
        }
    })?;
    (!matches!(spec.takes, Takes::Truth | Takes::Optional(_))).then_some(spec)
}

/// The flags and arguments so far; one that still waits for its value is left out.
fn parsed(command: Option<&Command>, words: &[String]) -> Flags {
    let spec = command.map_or("", |command| command.flags);
    Flags::parse(spec, words)
        .or_else(|_| Flags::parse(spec, words.get(..words.len().saturating_sub(1)).unwrap_or_default()))
        .unwrap_or_default()
}

struct Place<'a> {
    shell: &'a Shell,
    world: &'a dyn World,
    files: &'a dyn Fn() -> Vec<String>,
    flags: Flags,
}

impl Place<'_> {
    fn names(&self, resource: &Resource) -> Vec<String> {
        let namespace = self.flags.text("namespace").unwrap_or_else(|| self.shell.namespace());
        let namespace = resource.namespaced.then_some(namespace);
        let found = self.world.cluster().store().objects(resource.kind, namespace);
        found.iter().map(|object| object.meta().name.to_string()).collect()
    }

    fn values(&self, spec: Spec) -> Vec<String> {
        let fixed: &[&str] = match spec.name {
            "namespace" => {
                return Resource::find("namespaces").map(|found| self.names(found)).unwrap_or_default();
            }
            "filename" | "patch-file" | "from-file" | "from-env-file" | "cert" | "key" => {
                return (self.files)();
            }
            "output" => FORMATS,
            "dry-run" => &["client", "server", "none"],
            "cascade" => &["background", "foreground", "orphan"],
            "validate" => &["strict", "warn", "ignore"],
            "for" => &["condition=", "delete", "create", "jsonpath="],
            "restart" => &["Always", "OnFailure", "Never"],
            "container" | "containers" => {
                return self.flags.args.first().map(|pod| self.containers("pods", pod)).unwrap_or_default();
            }
            "type" => {
                &["strategic", "merge", "json", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]
            }
            _ => &[],
        };
        fixed.iter().map(|&value| value.to_owned()).collect()
    }

    /// The containers of a pod or of a workload's template.
    fn containers(&self, kind: &str, name: &str) -> Vec<String> {
        let (kind, name) = name.split_once('/').unwrap_or((kind, name));
        let namespace = self.flags.text("namespace").unwrap_or_else(|| self.shell.namespace());
        let found = Resource::find(kind).and_then(|resource| {
            let object = self.world.cluster().store().object(resource.kind, namespace, name)?;
            let spec = object.to_value().at(pod_spec_path(resource.kind)?)?.clone();
            Some(list(&spec, "containers").iter().map(|c| text(c, "name").to_owned()).collect())
        });
        found.unwrap_or_default()
    }

    fn arguments(&self, command: &Command, partial: &str) -> Vec<String> {
        let args = &self.flags.args;
        let first = command.path.split(' ').next().unwrap_or("");
        match command.path {
            "cordon" | "uncordon" | "drain" | "top nodes" => {
                return Resource::find("nodes").map(|found| self.names(found)).unwrap_or_default();
            }
            "logs" | "exec" | "attach" | "top pods" => {
                let pods = Resource::find("pods").map(|found| self.names(found)).unwrap_or_default();
                return if args.is_empty() { pods } else { Vec::new() };
            }
            "explain" => return fields(partial),
            "config use-context" | "config set-context" => return vec!["opscape".to_owned()],
            "taint" if args.is_empty() => return vec!["nodes".to_owned()],
            _ if NO_ARGUMENTS.contains(&first) => return Vec::new(),
            _ => {}
        }
        if let Some((kind, _)) = partial.split_once('/') {
            let found = Resource::find(kind).map(|resource| self.names(resource)).unwrap_or_default();
            return found.into_iter().map(|name| format!("{kind}/{name}")).collect();
        }
        let Some(kind) = args.first() else { return kinds(command.path) };
        if command.path == "set image" {
            let named = kind.contains('/') || args.len() > 1;
            if named {
                let (kind, name) =
                    kind.split_once('/').unwrap_or((kind, args.get(1).map_or("", String::as_str)));
                return self.containers(kind, name).into_iter().map(|name| name + "=").collect();
            }
        }
        if kind.contains('/') {
            return kinds(command.path);
        }
        let taken = args.get(1..).unwrap_or_default();
        let mut found = Vec::new();
        for resource in kind.split(',').filter_map(Resource::find) {
            found.extend(self.names(resource).into_iter().filter(|name| !taken.contains(name)));
        }
        found
    }
}

/// The first words of commands whose arguments are nothing that is known here.
const NO_ARGUMENTS: &[&str] = &[
    "apply",
    "replace",
    "diff",
    "create",
    "run",
    "version",
    "api-resources",
    "api-versions",
    "cluster-info",
    "config",
    "auth",
];

/// The kinds a command works on.
fn kinds(path: &str) -> Vec<String> {
    let only: &[&str] = match path.split(' ').next().unwrap_or("") {
        "rollout" => &["deployments", "daemonsets", "statefulsets"],
        "scale" | "autoscale" => &["deployments", "replicasets", "statefulsets"],
        "expose" => &["deployments", "pods", "replicasets", "services"],
        "port-forward" => &["pods", "deployments", "services"],
        "set" => &["deployments", "pods", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs"],
        _ => {
            let all = RESOURCES
                .iter()
                .filter(|resource| listed(resource))
                .map(|resource| resource.plural.to_owned());
            let short = RESOURCES.iter().filter(|resource| listed(resource)).flat_map(|resource| {
                resource.shorts.split(',').filter(|short| !short.is_empty()).map(str::to_owned)
            });
            return all.chain(short).chain(["all".to_owned()]).collect();
        }
    };
    only.iter().map(|&kind| kind.to_owned()).collect()
}

/// Whether people look at objects of this kind (reviews and metrics are no objects).
fn listed(resource: &Resource) -> bool {
    ALL.contains(&resource.plural)
        || !matches!(resource.group(), "authentication.k8s.io" | "authorization.k8s.io" | "metrics.k8s.io")
            && !matches!(resource.plural, "bindings" | "componentstatuses")
}

/// `deployment.spec.re` goes on with the fields of `deployment.spec`.
fn fields(partial: &str) -> Vec<String> {
    let Some((path, _)) = partial.rsplit_once('.') else { return kinds("explain") };
    let mut parts = path.split('.');
    let root =
        parts.next().and_then(Resource::find).and_then(|found| Type::of(found.api_version, found.kind));
    let ty = parts.try_fold(root, |ty, name| Some(Type::named(ty?.field(name)?.holds.type_name())));
    let Some(Some(ty)) = ty else { return Vec::new() };
    let shown = |name: &str, inner: bool| format!("{path}.{name}{}", if inner { "." } else { "" });
    ty.fields().map(|field| shown(field.name, Type::named(field.holds.type_name()).is_some())).collect()
}
