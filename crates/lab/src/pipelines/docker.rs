//! What images, registries and buckets become by the commands of a job: `docker build`, `tag`, `login`, `push`, `pull`,
//! `buildx build --push`, `aws ecr get-login-password`, `aws s3 sync` and `cp`.
//!
//! Messages are those of Docker 28 with BuildKit (`docker/cli`, `moby/buildkit`) and of the AWS CLI 2. How layers are made
//! is not simulated: an image is its name, and a digest that follows from the files that it was built from.

use std::collections::{BTreeMap, BTreeSet};

use opscape_manifest::api::Str;
use opscape_pipeline::run::{Answer, Asked};

use crate::images::registry::{self, Built};
use crate::images::{LabImages, Registry};

/// What the runner of a job has: its images by their full names, and where it is logged in.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    images: BTreeMap<Str, Built>,
    logins: BTreeSet<Str>,
}

/// What a bucket has: digests of files by their paths.
pub(super) type Bucket = BTreeMap<Str, Str>;

/// Where a command acts.
pub(super) struct Place<'a> {
    pub machine: &'a mut Machine,
    pub images: &'a LabImages,
    pub buckets: &'a mut BTreeMap<Str, Bucket>,
    /// The commit that is built.
    pub commit: &'a str,
}

/// What a command did.
#[derive(Default)]
pub(super) struct Did {
    pub answer: Answer,
    /// Images that are in the registry now.
    pub pushed: Vec<(Str, Built)>,
}

impl Did {
    fn said(output: String) -> Did {
        Did { answer: Answer { output, acts: true, ..Answer::default() }, ..Did::default() }
    }

    fn failed(errors: impl Into<String>) -> Did {
        let errors = errors.into();
        Did { answer: Answer { code: 1, errors, acts: true, ..Answer::default() }, ..Did::default() }
    }
}

/// The sub-command of a line, and where its arguments begin; none: nothing here knows it, and it only takes time.
fn command(words: &[String]) -> Option<(&'static str, usize)> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let docker = matches!(word(0), "docker" | "podman");
    Some(match (docker, word(0), word(1), word(2)) {
        (true, _, "build", _) => ("build", 2),
        (true, _, "buildx" | "image", "build") => ("build", 3),
        (true, _, "tag", _) => ("tag", 2),
        (true, _, "image", "tag") => ("tag", 3),
        (true, _, "push", _) => ("push", 2),
        (true, _, "image", "push") => ("push", 3),
        (true, _, "pull", _) => ("pull", 2),
        (true, _, "login", _) => ("login", 2),
        (true, _, "logout", _) => ("logout", 2),
        (false, "aws", "ecr", "get-login-password") => ("password", 3),
        (false, "aws", "s3", "sync") => ("sync", 3),
        (false, "aws", "s3", "cp") => ("cp", 3),
        _ => return None,
    })
}

/// Whether a command does something here.
pub(super) fn knows(words: &[String]) -> bool {
    command(words).is_some()
}

/// Flags with a value, those without one, and the rest.
struct Arguments<'a> {
    flags: Vec<(&'a str, &'a str)>,
    rest: Vec<&'a str>,
}

/// Flags of these commands that have no value.
const BARE: &[&str] = &[
    "--push",
    "--load",
    "--no-cache",
    "--pull",
    "--quiet",
    "-q",
    "--rm",
    "--force-rm",
    "--squash",
    "--password-stdin",
    "--all-tags",
    "-a",
    "--delete",
    "--recursive",
    "--quiet",
    "--only-show-errors",
    "--no-progress",
    "--size-only",
    "--exact-timestamps",
    "--dryrun",
    "--follow-symlinks",
    "--debug",
];

fn arguments(words: &[String]) -> Arguments<'_> {
    let mut found = Arguments { flags: Vec::new(), rest: Vec::new() };
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((name, value)) if name.starts_with('-') => found.flags.push((name, value)),
            _ if word.starts_with('-') && word.len() > 1 => {
                let value = if BARE.contains(&word) { "" } else { words.next().unwrap_or_default() };
                found.flags.push((word, value));
            }
            _ => found.rest.push(word),
        }
    }
    found
}

impl<'a> Arguments<'a> {
    fn all(&self, names: &[&str]) -> impl Iterator<Item = &'a str> {
        self.flags
            .iter()
            .filter(|(name, _)| names.contains(name))
            .map(|(_, value)| *value)
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, value)| *flag == name && *value != "false")
    }
}

/// Does what a command says.
pub(super) fn act(asked: &Asked, place: &mut Place<'_>) -> Did {
    let Some((name, begin)) = command(&asked.words) else { return Did::default() };
    let arguments = arguments(asked.words.get(begin..).unwrap_or_default());
    match name {
        "build" => build(asked, &arguments, place),
        "tag" => tag(&arguments, place),
        "push" => push(&arguments, place),
        "pull" => pull(&arguments, place),
        "login" => login(&arguments, place),
        "logout" => {
            let host = host(arguments.rest.first().copied());
            place.machine.logins.remove(&host);
            Did::said(format!("Removing login credentials for {host}\n"))
        }
        "password" => Did::said("***\n".to_owned()),
        _ => copy(asked, &arguments, name == "sync", place),
    }
}

fn host(named: Option<&str>) -> Str {
    let named = named.unwrap_or_default().trim_start_matches("https://").trim_start_matches("http://");
    match named.split('/').next().unwrap_or_default() {
        "" | "index.docker.io" | "registry-1.docker.io" => "docker.io".into(),
        host => host.into(),
    }
}

fn login(arguments: &Arguments<'_>, place: &mut Place<'_>) -> Did {
    let password = arguments.has("--password-stdin") || arguments.all(&["-p", "--password"]).next().is_some();
    if !password {
        return Did::failed("Error: Cannot perform an interactive login from a non TTY device\n");
    }
    place.machine.logins.insert(host(arguments.rest.first().copied()));
    Did::said("Login Succeeded\n".to_owned())
}

fn build(asked: &Asked, arguments: &Arguments<'_>, place: &mut Place<'_>) -> Did {
    let Some(context) = arguments.rest.first() else {
        return Did::failed(
            "ERROR: docker: 'docker buildx build' requires 1 argument\n\nUsage:  docker buildx build [OPTIONS] PATH | URL | -\n",
        );
    };
    let inside = |path: &str| join(&asked.folder, path);
    let context = if *context == "-" || context.contains("://") { String::new() } else { inside(context) };
    let file = arguments.all(&["-f", "--file"]).last();
    let file = file.map_or_else(|| join(&context, "Dockerfile"), inside);
    // A text without any Dockerfile leaves open how its images are built.
    let has_any = asked
        .files
        .keys()
        .any(|path| path.rsplit('/').next().is_some_and(|name| name.contains("Dockerfile")));
    if has_any && !asked.files.contains_key(&file) {
        let name = file.rsplit('/').next().unwrap_or(&file);
        return Did::failed(format!(
            "ERROR: failed to solve: failed to read dockerfile: open {name}: no such file or directory\n"
        ));
    }
    let mut source = String::new();
    let within = |path: &String| {
        context.is_empty() || path.strip_prefix(context.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in asked.files.iter().filter(|(path, _)| within(path) || **path == file) {
        source.extend([path.as_str(), "\0", text, "\0"]);
        files.insert(path.clone(), text.clone());
    }
    for argument in arguments.all(&["--build-arg", "--target"]) {
        source.extend([argument, "\0"]);
    }
    let digest = registry::digest(&source);
    let tags: Vec<&str> = arguments.all(&["-t", "--tag"]).filter(|tag| !tag.is_empty()).collect();
    if let Some(bad) = tags.iter().find(|tag| !is_reference(tag)) {
        return Did::failed(format!("ERROR: invalid tag \"{bad}\": invalid reference format\n"));
    }
    let built = |image: &str| Built {
        digest: digest.clone(),
        behaves_as: place.images.registry().behaves_as(image, &files),
        commit: place.commit.into(),
    };
    let all: Vec<(Str, Built)> = tags.iter().map(|tag| (registry::full(tag), built(tag))).collect();
    let mut output = format!(
        "#1 [internal] load build definition from {}\n#1 DONE 0.0s\n#2 exporting to image\n#2 writing image {digest} done\n",
        file.rsplit('/').next().unwrap_or(&file)
    );
    for (image, _) in &all {
        output.extend([format!("#2 naming to {image} done\n")]);
    }
    output.push_str("#2 DONE 0.1s\n");
    let pushes = arguments.has("--push")
        || arguments.all(&["-o", "--output"]).any(|output| output.contains("registry"));
    if !pushes {
        place.machine.images.extend(all);
        return Did::said(output);
    }
    if let Some((image, _)) =
        all.iter().find(|(image, _)| !place.machine.logins.contains(&registry::host_of(image)))
    {
        let mut did = Did::failed(format!(
            "ERROR: failed to solve: failed to push {image}: push access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials\n"
        ));
        did.answer.output = output;
        return did;
    }
    for (image, _) in &all {
        output.extend([format!("#3 pushing manifest for {image}@{digest} done\n")]);
    }
    Did { pushed: all, ..Did::said(output) }
}

fn tag(arguments: &Arguments<'_>, place: &mut Place<'_>) -> Did {
    let [from, to] = arguments.rest.as_slice() else {
        return Did::failed(
            "docker: 'docker tag' requires 2 arguments\n\nUsage:  docker tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]\n\nSee 'docker tag --help' for more information\n",
        );
    };
    if !is_reference(to) {
        return Did::failed(format!(
            "Error parsing reference: \"{to}\" is not a valid repository/tag: invalid reference format\n"
        ));
    }
    let Some(built) = place.machine.images.get(&registry::full(from)).cloned() else {
        let named = if from.rsplit('/').next().is_some_and(|last| last.contains(':')) {
            (*from).to_owned()
        } else {
            [from, ":latest"].concat()
        };
        return Did::failed(format!("Error response from daemon: No such image: {named}\n"));
    };
    place.machine.images.insert(registry::full(to), built);
    Did::said(String::new())
}

fn push(arguments: &Arguments<'_>, place: &mut Place<'_>) -> Did {
    let Some(named) = arguments.rest.first() else {
        return Did::failed(
            "docker: 'docker push' requires 1 argument\n\nUsage:  docker push [OPTIONS] NAME[:TAG]\n\nSee 'docker push --help' for more information\n",
        );
    };
    let full = registry::full(named);
    let (repository, tag) = full.rsplit_once(':').unwrap_or((&full, ""));
    let refers = format!("The push refers to repository [{repository}]\n");
    let chosen: Vec<(Str, Built)> = if arguments.has("--all-tags") || arguments.has("-a") {
        let same = |image: &Str| image.rsplit_once(':').is_some_and(|(other, _)| other == repository);
        place
            .machine
            .images
            .iter()
            .filter(|(image, _)| same(image))
            .map(|(image, built)| (image.clone(), built.clone()))
            .collect()
    } else {
        place.machine.images.get(&full).map(|built| (full.clone(), built.clone())).into_iter().collect()
    };
    if chosen.is_empty() {
        let mut did = Did::failed(format!("An image does not exist locally with the tag: {repository}\n"));
        did.answer.output = refers;
        return did;
    }
    let host = registry::host_of(named);
    if !place.machine.logins.contains(&host) {
        let message = match &*host {
            "docker.io" => "denied: requested access to the resource is denied\n",
            "ghcr.io" => {
                "unauthorized: unauthenticated: User cannot be authenticated with the token provided.\n"
            }
            _ => "no basic auth credentials\n",
        };
        let mut did = Did::failed(message);
        did.answer.output = refers;
        return did;
    }
    let mut output = refers;
    for (image, built) in &chosen {
        let layer = built.digest.get(7..19).unwrap_or_default();
        let tag = image.rsplit_once(':').map_or(tag, |(_, tag)| tag);
        output.extend([format!("{layer}: Pushed\n{tag}: digest: {} size: 1787\n", built.digest)]);
    }
    Did { pushed: chosen, ..Did::said(output) }
}

fn pull(arguments: &Arguments<'_>, place: &mut Place<'_>) -> Did {
    let Some(named) = arguments.rest.first() else {
        return Did::failed("docker: 'docker pull' requires 1 argument\n");
    };
    let registry: &Registry = place.images.registry();
    let full = registry::full(named);
    let (repository, tag) = full.rsplit_once(':').unwrap_or((&full, ""));
    if registry.lacks(named) {
        return Did::failed(format!(
            "Error response from daemon: failed to resolve reference \"{full}\": {full}: not found\n"
        ));
    }
    let built = registry
        .get(named)
        .cloned()
        .unwrap_or_else(|| Built { digest: registry::digest(&full), ..Built::default() });
    let output = format!(
        "{tag}: Pulling from {}\nDigest: {}\nStatus: Downloaded newer image for {named}\n{full}\n",
        repository.split_once('/').map_or(repository, |(_, rest)| rest),
        built.digest
    );
    place.machine.images.insert(full.clone(), built);
    Did::said(output)
}

/// `aws s3 sync` and `cp` to a bucket. From one, and of files that nobody knows, they only take time.
fn copy(asked: &Asked, arguments: &Arguments<'_>, sync: bool, place: &mut Place<'_>) -> Did {
    let [from, to] = arguments.rest.as_slice() else {
        return Did::failed("\naws: error: the following arguments are required: paths\n");
    };
    let Some(target) = to.strip_prefix("s3://") else { return Did::default() };
    let source = join(&asked.folder, from);
    let mut files: Vec<(String, &String)> = Vec::new();
    for (path, text) in &*asked.files {
        let rest = if source.is_empty() {
            Some(path.as_str())
        } else {
            path.strip_prefix(source.as_str()).and_then(|rest| rest.strip_prefix('/'))
        };
        match rest {
            Some(rest) if sync || arguments.has("--recursive") => files.push((rest.to_owned(), text)),
            None if *path == source && !sync => {
                files.push((path.rsplit('/').next().unwrap_or(path).to_owned(), text));
            }
            _ => {}
        }
    }
    if files.is_empty() {
        // What a command made that only took time has no files here.
        return Did::default();
    }
    let (bucket, prefix) = target.split_once('/').unwrap_or((target, ""));
    let there = place.buckets.entry(bucket.into()).or_default();
    let mut output = String::new();
    let mut kept: BTreeSet<Str> = BTreeSet::new();
    for (path, text) in files {
        let key: Str =
            if !sync && !prefix.is_empty() && !prefix.ends_with('/') && !arguments.has("--recursive") {
                prefix.into()
            } else {
                join(prefix, &path).as_str().into()
            };
        let digest = registry::digest(text);
        kept.insert(key.clone());
        if sync && there.get(&key) == Some(&digest) {
            continue;
        }
        output.extend([format!("upload: {}/{path} to s3://{bucket}/{key}\n", from.trim_end_matches('/'))]);
        there.insert(key, digest);
    }
    if sync && arguments.has("--delete") {
        let inside = |key: &Str| prefix.is_empty() || key.starts_with(prefix);
        let gone: Vec<Str> =
            there.keys().filter(|key| inside(key) && !kept.contains(*key)).cloned().collect();
        for key in gone {
            output.extend([format!("delete: s3://{bucket}/{key}\n")]);
            there.remove(&key);
        }
    }
    Did::said(output)
}

/// A path of a directory, without `.` and with `..` followed.
pub(super) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    parts.retain(|part| !part.is_empty());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a text is a name of an image (`distribution/reference`): lower case, and no empty tag.
fn is_reference(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = match last.split_once('@').map_or(last, |(name, _)| name).split_once(':') {
        Some((_, tag)) => (
            image.get(..image.len() - last.len() + last.find(':').unwrap_or(last.len())).unwrap_or(image),
            Some(tag),
        ),
        None => (image, None),
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:".contains(c);
    let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let path = match name.split_once('/') {
        Some((host, rest)) if is_host(host) => rest,
        _ => name,
    };
    let ok_tag = tag.is_none_or(|tag| {
        !tag.is_empty()
            && tag.len() <= 128
            && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && !tag.starts_with(['.', '-'])
    });
    !path.is_empty() && path.chars().all(plain) && path.split('/').all(|part| !part.is_empty()) && ok_tag
}
