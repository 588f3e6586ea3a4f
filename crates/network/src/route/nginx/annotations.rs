//! What `nginx.ingress.kubernetes.io/...` says: the parsers of ingress-nginx' internal/ingress/annotations, as far as
//! they decide where a request goes.

use std::sync::Arc;

use opscape_manifest::api::ingress::IngressSpec;
use opscape_manifest::api::meta::Str;

use crate::route::decision::Policy;
use crate::route::objects::Found;

/// The annotations of an Ingress, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an annotation of its own")]
pub(super) struct Annotations {
    pub rewrite_target: Str,
    pub use_regex: bool,
    pub app_root: Str,
    pub ssl_redirect: bool,
    pub force_ssl_redirect: bool,
    pub preserve_trailing_slash: bool,
    pub ports_in_redirects: bool,
    /// Status and target.
    pub redirect: Option<(u16, Str)>,
    pub from_to_www: bool,
    pub aliases: Vec<String>,
    pub upstream_vhost: Str,
    pub forwarded_prefix: Str,
    pub canary: Option<Canary>,
    pub affinity: Option<Affinity>,
    pub default_backend: Str,
    pub custom_errors: bool,
    pub service_upstream: bool,
    pub policy: Policy,
}

/// `canary-...` of an Ingress that is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Canary {
    pub weight: u32,
    pub total: u32,
    pub header: Str,
    pub header_value: Str,
    pub header_pattern: Str,
    pub cookie: Str,
}

/// `affinity: cookie`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Affinity {
    pub cookie: Str,
    /// Canaries do not take part.
    pub legacy: bool,
}

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

struct Reader<'a>(&'a Found<IngressSpec>);

impl Reader<'_> {
    fn text(&self, name: &str) -> &str {
        self.0.annotation(&[PREFIX, name].concat()).unwrap_or_default().trim()
    }

    /// `strconv.ParseBool`; what it refuses is as if it were not there.
    fn flag(&self, name: &str) -> Option<bool> {
        match self.text(name) {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.text(name).parse().ok()
    }

    fn shared(&self, name: &str) -> Str {
        self.text(name).into()
    }
}

impl Annotations {
    /// What `canary` says; `None` without it.
    pub(super) fn canary(ingress: &Found<IngressSpec>) -> Option<bool> {
        Reader(ingress).flag("canary")
    }

    /// Reads the annotations of an Ingress.
    pub(super) fn read(ingress: &Found<IngressSpec>) -> Arc<Annotations> {
        let reader = Reader(ingress);
        let flag = |name: &str| reader.flag(name).unwrap_or(false);
        let app_root = reader.text("app-root");
        let aliases = reader.text("server-alias").split(',').map(str::trim).filter(|alias| !alias.is_empty());
        Arc::new(Annotations {
            rewrite_target: reader.shared("rewrite-target"),
            use_regex: flag("use-regex"),
            // `url.ParseRequestURI`, and not absolute.
            app_root: if app_root.starts_with('/') { app_root.into() } else { "".into() },
            ssl_redirect: reader.flag("ssl-redirect").unwrap_or(true),
            force_ssl_redirect: flag("force-ssl-redirect"),
            preserve_trailing_slash: flag("preserve-trailing-slash"),
            ports_in_redirects: flag("use-port-in-redirects"),
            redirect: redirect(&reader),
            from_to_www: flag("from-to-www-redirect"),
            aliases: aliases.map(str::to_owned).collect(),
            upstream_vhost: reader.shared("upstream-vhost"),
            forwarded_prefix: reader.shared("x-forwarded-prefix"),
            canary: canary(&reader),
            affinity: affinity(&reader),
            default_backend: reader.shared("default-backend"),
            custom_errors: !reader.text("custom-http-errors").is_empty(),
            service_upstream: flag("service-upstream"),
            policy: policy(&reader),
        })
    }
}

/// `redirect.go`: temporal before permanent; the target has to be of HTTP.
fn redirect(reader: &Reader<'_>) -> Option<(u16, Str)> {
    let code = |name: &str, default: u16| {
        let code = reader.number(name).and_then(|code| u16::try_from(code).ok());
        code.filter(|code| (300..=308).contains(code)).unwrap_or(default)
    };
    let (status, target) = match reader.text("temporal-redirect") {
        "" => (code("permanent-redirect-code", 301), reader.shared("permanent-redirect")),
        target => (code("temporal-redirect-code", 302), target.into()),
    };
    target.starts_with("http").then_some((status, target))
}

/// `canary/main.go`: settings without `canary: "true"` are refused.
fn canary(reader: &Reader<'_>) -> Option<Canary> {
    if reader.flag("canary") != Some(true) {
        return None;
    }
    Some(Canary {
        weight: reader.number("canary-weight").unwrap_or(0),
        total: reader.number("canary-weight-total").unwrap_or(100),
        header: reader.shared("canary-by-header"),
        header_value: reader.shared("canary-by-header-value"),
        header_pattern: reader.shared("canary-by-header-pattern"),
        cookie: reader.shared("canary-by-cookie"),
    })
}

fn affinity(reader: &Reader<'_>) -> Option<Affinity> {
    if reader.text("affinity") != "cookie" {
        return None;
    }
    let cookie = match reader.text("session-cookie-name") {
        "" => "INGRESSCOOKIE",
        name => name,
    };
    Some(Affinity { cookie: cookie.into(), legacy: reader.text("affinity-canary-behavior") == "legacy" })
}

fn policy(reader: &Reader<'_>) -> Policy {
    let seconds = |name: &str, default: u32| reader.number(name).unwrap_or(default).saturating_mul(1000);
    Policy {
        connect_timeout: seconds("proxy-connect-timeout", 5),
        read_timeout: seconds("proxy-read-timeout", 60),
        tries: reader.number("proxy-next-upstream-tries").unwrap_or(3),
        rps: reader.number("limit-rps").unwrap_or(0),
        rpm: reader.number("limit-rpm").unwrap_or(0),
        connections: reader.number("limit-connections").unwrap_or(0),
        burst: reader.number("limit-burst-multiplier").unwrap_or(5),
        envoy: false,
    }
}
