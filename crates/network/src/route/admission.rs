//! What the controllers of Ingresses let in: ingress-nginx' webhook (`CheckIngress`, internal/ingress/controller/controller.go
//! of v1.12 and later, with its default ConfigMap).

use opscape_manifest::api::ingress::IngressSpec;

use super::class::{self, Flavour};
use super::nginx;
use super::objects::{Found, Objects};
use super::table::Builder;

/// The webhook's name in its ValidatingWebhookConfiguration.
pub const NGINX_WEBHOOK: &str = "validate.nginx.ingress.kubernetes.io";

/// Whether ingress-nginx lets an Ingress in, which is one of `objects` as it would be. It has nothing to say of those that
/// are for other controllers.
///
/// # Errors
/// Its words.
pub fn check_ingress(objects: &Objects, namespace: &str, name: &str) -> Result<(), String> {
    let is_new = |one: &&Found<IngressSpec>| &*one.meta.namespace == namespace && &*one.meta.name == name;
    let Some(new) = objects.ingresses.iter().find(is_new) else { return Ok(()) };
    let of_nginx = |ingress: &&Found<IngressSpec>| {
        let controller = class::controller_of(ingress, &objects.classes);
        controller.is_ok_and(|controller| matches!(class::flavour(&controller), Flavour::Nginx))
    };
    if !of_nginx(&new) || new.meta.deletion_timestamp.is_some() {
        return Ok(());
    }
    path_types(new)?;
    // `allow-snippet-annotations: false`
    if let Some((key, _)) = new.meta.annotations.iter().find(|(key, _)| key.ends_with("-snippet")) {
        let why = " annotation cannot be used. Snippet directives are disabled by the Ingress administrator";
        return Err([&**key, why].concat());
    }
    let others: Vec<_> = objects.ingresses.iter().filter(|one| !is_new(one)).filter(of_nginx).collect();
    let mut builder = Builder::new(objects);
    match nginx::overlap(new, &others, &mut builder) {
        None => Ok(()),
        Some((host, path, other)) => {
            let other = [&*other.namespace, "/", &*other.name].concat();
            Err(format!("host \"{host}\" and path \"{path}\" is already defined in ingress {other}"))
        }
    }
}

/// `ValidatePathType` (internal/ingress/inspector): regular expressions are for `ImplementationSpecific` paths only.
fn path_types(ingress: &Found<IngressSpec>) -> Result<(), String> {
    let paths = ingress.spec.rules.iter().filter_map(|rule| rule.http.as_ref()).flat_map(|http| &http.paths);
    let plain = |path: &str| {
        path.starts_with('/')
            && path
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/'))
    };
    let wrong = paths.filter(|path| {
        !path.path.is_empty() && &*path.path_type != "ImplementationSpecific" && !plain(&path.path)
    });
    let wrong: Vec<String> = wrong
        .map(|path| format!("path {} cannot be used with pathType {}", path.path, path.path_type))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(["ingress contains invalid paths: ", &wrong.join("\n")].concat())
    }
}
