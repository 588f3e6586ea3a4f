//! How long common commands take: what people see on a hosted runner with two to four cores and a project of middle size. A
//! Lab can say otherwise; nobody measures anything here.

use std::time::Duration;

/// The beginnings of commands, and their usual seconds. The longest that fits counts.
const COMMANDS: &[(&str, f64)] = &[
    ("apk add", 4.0),
    ("apt install", 15.0),
    ("apt-get install", 15.0),
    ("apt-get update", 8.0),
    ("aws ", 3.0),
    ("aws s3 sync", 8.0),
    ("brew install", 30.0),
    ("bun install", 5.0),
    ("bundle install", 40.0),
    ("cargo build", 90.0),
    ("cargo check", 45.0),
    ("cargo clippy", 60.0),
    ("cargo doc", 40.0),
    ("cargo fmt", 2.0),
    ("cargo install", 90.0),
    ("cargo nextest", 100.0),
    ("cargo test", 120.0),
    ("cmake", 20.0),
    ("composer install", 20.0),
    ("curl ", 1.0),
    ("dotnet build", 40.0),
    ("dotnet restore", 20.0),
    ("dotnet test", 45.0),
    ("docker build", 60.0),
    ("docker buildx build", 70.0),
    ("docker compose up", 20.0),
    ("docker login", 1.0),
    ("docker pull", 10.0),
    ("docker push", 12.0),
    ("docker run", 10.0),
    ("docker tag", 0.2),
    ("eslint", 12.0),
    ("git ", 1.0),
    ("go build", 25.0),
    ("go mod download", 10.0),
    ("go test", 40.0),
    ("go vet", 15.0),
    ("golangci-lint", 30.0),
    ("gradle", 90.0),
    ("./gradlew", 90.0),
    ("helm ", 3.0),
    ("helm upgrade", 10.0),
    ("jest", 30.0),
    ("kubectl ", 1.0),
    ("kubectl rollout status", 30.0),
    ("kubectl wait", 30.0),
    ("make", 30.0),
    ("make test", 40.0),
    ("mvn", 80.0),
    ("./mvnw", 80.0),
    ("npm ci", 20.0),
    ("npm i", 25.0),
    ("npm install", 25.0),
    ("npm publish", 5.0),
    ("npm run", 15.0),
    ("npm run build", 30.0),
    ("npm run lint", 12.0),
    ("npm run test", 30.0),
    ("npm test", 30.0),
    ("npx ", 10.0),
    ("npx playwright install", 30.0),
    ("npx playwright test", 90.0),
    ("pip install", 20.0),
    ("pnpm install", 15.0),
    ("pnpm ", 15.0),
    ("poetry install", 25.0),
    ("pytest", 40.0),
    ("python -m pip install", 20.0),
    ("python -m pytest", 40.0),
    ("python -m unittest", 20.0),
    ("ruff", 1.0),
    ("rustup", 10.0),
    ("sbt", 90.0),
    ("terraform apply", 60.0),
    ("terraform init", 10.0),
    ("terraform plan", 15.0),
    ("tox", 60.0),
    ("trivy", 20.0),
    ("tsc", 12.0),
    ("uv sync", 5.0),
    ("vitest", 20.0),
    ("yarn", 20.0),
    ("yarn build", 30.0),
    ("yarn test", 30.0),
];

/// Commands of the shell that take no time to speak of.
const QUICK: &[&str] = &[
    "[", "[[", "break", "case", "cat", "cd", "chmod", "continue", "cp", "date", "do", "done", "echo", "elif",
    "else", "env", "esac", "exit", "export", "false", "fi", "for", "grep", "head", "if", "jq", "local", "ls",
    "mkdir", "mv", "printf", "pwd", "read", "return", "rm", "sed", "set", "shift", "sort", "source", "tail",
    "tee", "test", "then", "touch", "tr", "true", "unset", "wc", "while", "which", "{", "}",
];

/// What a script takes that nobody knows.
const OPAQUE: f64 = 5.0;

/// How long a script takes, and whether a command in it is not known, so that it just takes time.
pub fn script(text: &str) -> (Duration, bool) {
    let joined = text.replace("\\\n", " ");
    let mut seconds = 0.0;
    let mut opaque = false;
    for command in joined.lines().flat_map(|line| line.split("&&")).flat_map(|part| part.split(';')) {
        let known = command_seconds(command.trim());
        seconds += known.unwrap_or(OPAQUE);
        opaque |= known.is_none();
    }
    (Duration::from_secs_f64(seconds), opaque)
}

fn command_seconds(command: &str) -> Option<f64> {
    if command.is_empty() || command.starts_with('#') {
        return Some(0.0);
    }
    let command = command.strip_prefix("sudo ").unwrap_or(command);
    let first = command.split_whitespace().next().unwrap_or("");
    if QUICK.contains(&first) || (first.contains('=') && !first.starts_with('-')) {
        return Some(0.05);
    }
    if first == "sleep" {
        return sleep(command.split_whitespace().nth(1)?);
    }
    let fits = COMMANDS.iter().filter(|(start, _)| {
        command.strip_prefix(start).is_some_and(|rest| {
            start.ends_with(' ')
                || rest.is_empty()
                || rest.starts_with(|c: char| c.is_whitespace() || c == ':')
        })
    });
    fits.max_by_key(|(start, _)| start.len()).map(|(_, seconds)| *seconds)
}

/// `10`, `1.5`, `2m`, `1h`.
fn sleep(text: &str) -> Option<f64> {
    let (digits, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(digits) => (digits, text.chars().next_back()?),
        None => (text, 's'),
    };
    let factor = match unit {
        'm' => 60.0,
        'h' => 3600.0,
        _ => 1.0,
    };
    // Not longer than a job may take.
    digits.parse().ok().filter(|count: &f64| *count >= 0.0).map(|count| (count * factor).min(360.0 * 60.0))
}

/// How long an action of GitHub usually takes, by its owner and name.
pub fn action(uses: &str) -> (Duration, bool) {
    const ACTIONS: &[(&str, f64)] = &[
        ("actions/attest-build-provenance", 4.0),
        ("actions/cache", 5.0),
        ("actions/checkout", 2.0),
        ("actions/configure-pages", 2.0),
        ("actions/create-github-app-token", 1.0),
        ("actions/deploy-pages", 12.0),
        ("actions/download-artifact", 3.0),
        ("actions/github-script", 2.0),
        ("actions/labeler", 3.0),
        ("actions/setup-dotnet", 12.0),
        ("actions/setup-go", 8.0),
        ("actions/setup-java", 6.0),
        ("actions/setup-node", 5.0),
        ("actions/setup-python", 5.0),
        ("actions/stale", 10.0),
        ("actions/upload-artifact", 4.0),
        ("actions/upload-pages-artifact", 4.0),
        ("aws-actions/amazon-ecr-login", 3.0),
        ("aws-actions/configure-aws-credentials", 2.0),
        ("azure/setup-helm", 3.0),
        ("azure/setup-kubectl", 3.0),
        ("codecov/codecov-action", 6.0),
        ("docker/build-push-action", 75.0),
        ("docker/login-action", 2.0),
        ("docker/metadata-action", 1.0),
        ("docker/setup-buildx-action", 6.0),
        ("docker/setup-qemu-action", 5.0),
        ("dtolnay/rust-toolchain", 10.0),
        ("github/codeql-action", 60.0),
        ("google-github-actions/auth", 2.0),
        ("hashicorp/setup-terraform", 3.0),
        ("peaceiris/actions-gh-pages", 6.0),
        ("pnpm/action-setup", 3.0),
        ("pre-commit/action", 30.0),
        ("ruby/setup-ruby", 20.0),
        ("softprops/action-gh-release", 4.0),
        ("swatinem/rust-cache", 8.0),
        ("taiki-e/install-action", 3.0),
    ];
    let path = uses.split('@').next().unwrap_or("").to_ascii_lowercase();
    let mut parts = path.split('/');
    let name = format!("{}/{}", parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    match ACTIONS.iter().find(|(known, _)| *known == name) {
        Some((_, seconds)) => (Duration::from_secs_f64(*seconds), false),
        None => (Duration::from_secs_f64(2.0 * OPAQUE), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> (f64, bool) {
        let (duration, opaque) = script(text);
        (duration.as_secs_f64(), opaque)
    }

    #[test]
    fn common_commands_take_their_usual_time_and_others_just_some() {
        assert_eq!(seconds("npm ci\nnpm run build"), (50.0, false));
        assert_eq!(seconds("npm ci && npm test -- --ci"), (50.0, false));
        assert_eq!(seconds("npm run build:prod"), (30.0, false));
        assert_eq!(seconds("sudo apt-get update; sudo apt-get install -y jq"), (23.0, false));
        assert_eq!(seconds("docker build \\\n  -t x ."), (60.0, false));
        assert_eq!(seconds("./deploy.sh"), (5.0, true));
        assert_eq!(seconds("npmx"), (5.0, true));
        assert_eq!(seconds("sleep 2m\nsleep 1.5"), (121.5, false));
        assert_eq!(seconds("# nothing\n\n"), (0.0, false));
        assert!(seconds("A=1\nif [ $A ]; then\n  echo hi\nfi").0 < 1.0);
    }

    #[test]
    fn actions_are_known_by_owner_and_name() {
        assert_eq!(action("actions/checkout@v4"), (Duration::from_secs(2), false));
        assert_eq!(action("github/codeql-action/init@v3"), (Duration::from_mins(1), false));
        assert!(action("acme/thing@v1").1);
    }
}
