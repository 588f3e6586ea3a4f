//! What a configuration is allowed to say and hardly should: advice for those who learn, not mistakes.
//!
//! Few false alarms: only what a command or an expression says plainly is told. Sources: GitHub's documentation, "Secure use
//! reference" and "Script injections"; GitLab's "CI/CD variables" (security); Kubernetes, "Container images" (`:latest`).

use opscape_manifest::diagnostic::{Position, Span};

/// A piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// In English, as the messages of the systems are.
    pub message: String,
    /// Where.
    pub place: Span,
    /// The key of the hint, which says what to do.
    pub hint: &'static str,
    /// What the hint names.
    pub name: String,
}

/// Commands of a job, and where they stand in the text.
#[derive(Clone, Debug)]
pub(crate) struct Commands<'a> {
    /// As written.
    pub text: &'a str,
    /// Where that begins, in bytes of the whole text.
    pub from: usize,
}

/// Advice on the commands of a job. `secrets`: variables that hold a secret; `logs_in`: whether something else in it logs in
/// to a registry; `deploys`: whether it is there to deploy.
pub(crate) fn on_commands(
    whole: &str,
    scripts: &[Commands<'_>],
    secrets: &dyn Fn(&str) -> bool,
    logs_in: bool,
    deploys: bool,
) -> Vec<Advice> {
    let mut found = Vec::new();
    let all = || scripts.iter().flat_map(commands);
    let logs_in = logs_in || all().any(|(_, command)| logs_in_by(command));
    let looks_after = all().any(|(_, command)| {
        ["rollout status", "rollout undo", "kubectl wait", "--atomic", "--wait", "--rollback-on-failure"]
            .iter()
            .any(|part| command.contains(part))
    });
    let mut told_back = false;
    for (at, command) in all() {
        let place = span(whole, at, command.len());
        if let Some(name) = printed_secret(command, secrets) {
            found.push(Advice {
                message: format!("a secret is printed: {name}"),
                place,
                hint: "hint.pipeline-secret",
                name,
            });
        }
        if let Some(image) = pushed(command).filter(|image| !logs_in && !is_local(image)) {
            found.push(Advice {
                message: format!("{image} is pushed, and nothing in this job logs in to a registry"),
                place,
                hint: "hint.pipeline-login",
                name: image.to_owned(),
            });
        }
        if let Some(image) = latest(command) {
            found.push(Advice {
                message: format!("{image} is deployed"),
                place,
                hint: "hint.pipeline-latest",
                name: image.to_owned(),
            });
        }
        let rolls = ["kubectl set image", "kubectl apply", "helm upgrade"].iter();
        let rolls = rolls.into_iter().find(|start| command.starts_with(**start));
        if let Some(start) =
            rolls.filter(|_| deploys && !looks_after && !told_back && !command.contains("--dry-run"))
        {
            told_back = true;
            found.push(Advice {
                message: format!("{start} is all there is: whether the rollout succeeds is never asked"),
                place,
                hint: "hint.pipeline-no-way-back",
                name: (*start).to_owned(),
            });
        }
    }
    found
}

/// Each command of a script, and where it begins; lines that go on are one.
fn commands<'a>(script: &Commands<'a>) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut begin = 0;
    let text = script.text;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let goes_on = text.get(..at).is_some_and(|before| before.ends_with('\\'));
        if c == '\n' && goes_on && at < text.len() {
            continue;
        }
        let and = text.get(at..).is_some_and(|rest| rest.starts_with("&&") || rest.starts_with("; "));
        if c != '\n' && !and {
            continue;
        }
        let part = text.get(begin..at).unwrap_or("");
        let skipped = part.len() - part.trim_start_matches([' ', '\t', '&', ';', '-']).len();
        let command = part.get(skipped..).unwrap_or("").trim_end();
        let command = command.strip_prefix("sudo ").unwrap_or(command);
        if !command.is_empty() && !command.starts_with('#') {
            let start = at - part.len() + skipped;
            found.push((script.from + start, command));
        }
        begin = at + usize::from(c == '\n');
    }
    found
}

/// A secret that `echo` or `printf` shows: it goes neither into a pipe nor into a file.
fn printed_secret(command: &str, secrets: &dyn Fn(&str) -> bool) -> Option<String> {
    let prints = command.starts_with("echo ") || command.starts_with("printf ");
    if !prints || command.contains(['|', '>']) || command.contains("::add-mask::") {
        return None;
    }
    if let Some((_, rest)) = command.split_once("secrets.") {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        return Some(["secrets.", rest.get(..end)?].concat());
    }
    command.split('$').skip(1).find_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest.get(..end)?;
        (!name.is_empty() && secrets(name)).then(|| ["$", name].concat())
    })
}

fn logs_in_by(command: &str) -> bool {
    ["docker login", "podman login", "buildah login", "crane auth", "skopeo login", "oras login", "acr login"]
        .iter()
        .chain(&[
            "configure-docker",
            "get-login",
            "helm registry login",
            "docker/config.json",
            "doctl registry",
        ])
        .any(|part| command.contains(part))
}

/// The image of `docker push`.
fn pushed(command: &str) -> Option<&str> {
    let rest = command.strip_prefix("docker push ").or_else(|| command.strip_prefix("podman push "))?;
    rest.split_whitespace().find(|word| !word.starts_with('-'))
}

fn is_local(image: &str) -> bool {
    let image = image.trim_matches('"');
    image.starts_with("localhost") || image.starts_with("127.0.0.1") || image.contains("localhost:")
}

/// An image or tag `latest` that a command deploys.
fn latest(command: &str) -> Option<&str> {
    let deploys =
        ["kubectl set image", "kubectl run", "kubectl create deployment", "helm upgrade", "helm install"];
    if !deploys.iter().any(|start| command.starts_with(start)) {
        return None;
    }
    let found = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).find(|word| {
        word.ends_with(":latest") || word.ends_with("tag=latest") || word.ends_with("Tag=latest")
    })?;
    // `container=image`
    Some(if found.ends_with(":latest") { found.rsplit('=').next().unwrap_or(found) } else { found })
}

/// A stretch of a text, in lines and columns.
pub(crate) fn span(whole: &str, from: usize, length: usize) -> Span {
    let place = |at: usize| {
        let before = whole.get(..at).unwrap_or("");
        let line = before.matches('\n').count() as u32 + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u32 + 1;
        Position { line, column, offset: at as u32 }
    };
    // What goes over several lines is shown by its first.
    let text = whole.get(from..from + length).unwrap_or("");
    let first = text.lines().next().unwrap_or("").len();
    Span { start: place(from), end: place(from + first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, deploys: bool) -> Vec<String> {
        let scripts = [Commands { text, from: 0 }];
        let secret = |name: &str| name == "TOKEN";
        let found = on_commands(text, &scripts, &secret, false, deploys);
        found.iter().map(|one| format!("{} {}", one.place.start.line, one.message)).collect()
    }

    #[test]
    fn only_what_a_command_says_plainly_is_told() {
        assert_eq!(told("make\necho \"token is $TOKEN\"\n", false), ["2 a secret is printed: $TOKEN"]);
        assert_eq!(told("echo ${{ secrets.KEY }}", false), ["1 a secret is printed: secrets.KEY"]);
        for fine in [
            "echo \"$TOKEN\" | docker login -u x --password-stdin ghcr.io",
            "echo $TOKEN > key",
            "echo $OTHER",
            "curl -H \"Authorization: $TOKEN\" example.com",
            "echo ::add-mask::$TOKEN",
        ] {
            assert_eq!(told(fine, true), Vec::<String>::new(), "{fine}");
        }
        let push = "docker build -t r.io/a:1 .\ndocker push r.io/a:1\n";
        assert_eq!(told(push, false).len(), 1);
        assert_eq!(told(&["docker login r.io\n", push].concat(), false).len(), 0);
        assert_eq!(told("docker push localhost:5000/a", false).len(), 0);
        assert_eq!(
            told("make && kubectl set image deployment/a a=r.io/a:latest", false),
            ["1 r.io/a:latest is deployed"]
        );
        let apply = "kubectl apply -f k8s\n";
        assert_eq!(told(apply, true).len(), 1);
        assert_eq!(told(apply, false).len(), 0);
        assert_eq!(told(&[apply, "kubectl rollout status deployment/a"].concat(), true).len(), 0);
        assert_eq!(told("helm upgrade a ./chart \\\n  --install --atomic", true).len(), 0);
    }
}
