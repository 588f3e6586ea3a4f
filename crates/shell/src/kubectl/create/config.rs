//! `kubectl create namespace|configmap|secret|serviceaccount`.

use opscape_manifest::golang::base64;
use opscape_manifest::names;
use opscape_manifest::print::to_json;
use opscape_manifest::value::{Map, Value};

use crate::kubectl::literal::{map, some_map};
use crate::kubectl::{Call, Failure, Next, Outcome, words};

pub(in crate::kubectl) const PLAIN_FLAGS: &str =
    "o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn namespace(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let value = map([
        ("apiVersion", Value::from("v1")),
        ("kind", Value::from("Namespace")),
        ("metadata", map([("name", Value::from(name))])),
        ("spec", Value::Map(Map::new())),
        ("status", Value::Map(Map::new())),
    ]);
    call.create_and_say(value, "created")?;
    Ok(Next::Done)
}

pub(in crate::kubectl) fn service_account(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let value = map([
        ("apiVersion", Value::from("v1")),
        ("kind", Value::from("ServiceAccount")),
        ("metadata", call.metadata(&name)),
    ]);
    call.make("serviceaccount", value)
}

pub(in crate::kubectl) const CONFIG_FLAGS: &str = "from-literal& from-file& from-env-file& append-hash! type= \
    o|output= dry-run?unchanged save-config! validate?strict field-manager=";

/// Keys and values of `--from-literal`, `--from-file`, `--from-env-file`.
fn data(call: &Call<'_, '_>) -> Result<Vec<(String, String)>, Failure> {
    let mut data: Vec<(String, String)> = Vec::new();
    let file = |path: &str| {
        call.scope
            .shell
            .file(call.scope.world, path)
            .ok_or_else(|| Failure::Words(format!("error reading {path}: no such file or directory")))
    };
    for source in call.flags.texts("from-file") {
        let (key, path) = match source.split_once('=') {
            Some((key, path)) => (key, path),
            None => (source.rsplit('/').next().unwrap_or(source), source),
        };
        data.push((key.to_owned(), file(path)?));
    }
    for source in call.flags.texts("from-literal") {
        let Some((key, value)) = source.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return words(format!("invalid literal source {source}, expected key=value"));
        };
        let value = value.strip_prefix(['"', '\'']).unwrap_or(value);
        data.push((key.to_owned(), value.strip_suffix(['"', '\'']).unwrap_or(value).to_owned()));
    }
    for path in call.flags.texts("from-env-file") {
        for line in file(path)?.lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            data.push((key.to_owned(), value.to_owned()));
        }
    }
    for (at, (key, _)) in data.iter().enumerate() {
        let wrong = names::config_map_key(key);
        if !wrong.is_empty() {
            return words(format!(
                "{} is not a valid key name for a ConfigMap: {}",
                opscape_manifest::golang::quote(key),
                wrong.join(",")
            ));
        }
        if data.iter().take(at).any(|(known, _)| known == key) {
            return words(format!(
                "cannot add key \"{key}\", another key by that name already exists in Data for ConfigMap"
            ));
        }
    }
    Ok(data)
}

pub(in crate::kubectl) fn config_map(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let value = map([
        ("apiVersion", Value::from("v1")),
        ("data", some_map(&data(call)?)),
        ("kind", Value::from("ConfigMap")),
        ("metadata", call.metadata(&name)),
    ]);
    call.make("configmap", value)
}

fn secret(call: &mut Call<'_, '_>, kind: Value, data: &[(String, String)]) -> Outcome {
    let name = call.name_argument()?;
    let encoded: Vec<(String, String)> =
        data.iter().map(|(key, value)| (key.clone(), base64(value.as_bytes()))).collect();
    let value = map([
        ("apiVersion", Value::from("v1")),
        ("data", some_map(&encoded)),
        ("kind", Value::from("Secret")),
        ("metadata", call.metadata(&name)),
        ("type", kind),
    ]);
    call.make("secret", value)
}

pub(in crate::kubectl) fn secret_generic(call: &mut Call<'_, '_>) -> Outcome {
    let kind = call.flags.text("type").map_or(Value::Null, Value::from);
    let data = data(call)?;
    secret(call, kind, &data)
}

pub(in crate::kubectl) const REGISTRY_FLAGS: &str = "docker-server= docker-username= docker-password= docker-email= \
    from-file& append-hash! o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn secret_registry(call: &mut Call<'_, '_>) -> Outcome {
    let text = |flag: &str| call.flags.text(flag).unwrap_or_default().to_owned();
    let (user, password, email) = (text("docker-username"), text("docker-password"), text("docker-email"));
    if user.is_empty() {
        return words(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
        );
    }
    let server = match call.flags.text("docker-server") {
        None | Some("") => "https://index.docker.io/v1/",
        Some(server) => server,
    };
    // In the order of the fields of `DockerConfigEntry`.
    let quoted = |text: &str| to_json(&Value::from(text));
    let mut entry = format!("{{\"username\":{},\"password\":{}", quoted(&user), quoted(&password));
    if !email.is_empty() {
        entry.push_str(",\"email\":");
        entry.push_str(&quoted(&email));
    }
    let auth = base64(format!("{user}:{password}").as_bytes());
    let config = format!("{{\"auths\":{{{}:{entry},\"auth\":{}}}}}}}", quoted(server), quoted(&auth));
    secret(call, Value::from("kubernetes.io/dockerconfigjson"), &[(".dockerconfigjson".to_owned(), config)])
}

pub(in crate::kubectl) const TLS_FLAGS: &str =
    "cert= key= append-hash! o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn secret_tls(call: &mut Call<'_, '_>) -> Outcome {
    let mut data = Vec::new();
    for (flag, key) in [("cert", "tls.crt"), ("key", "tls.key")] {
        let Some(path) = call.flags.text(flag) else { return words("key and cert must be specified") };
        let text = call.scope.shell.file(call.scope.world, path);
        let Some(text) = text else { return words(format!("open {path}: no such file or directory")) };
        data.push((key.to_owned(), text));
    }
    secret(call, Value::from("kubernetes.io/tls"), &data)
}
