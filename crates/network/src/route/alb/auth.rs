//! `auth-type`: who may come in. auth_config_builder.go and `buildAuthAction` of model_build_actions.go; what the load balancer
//! does is in docs.aws.amazon.com/elasticloadbalancing, "Authenticate users".
//!
//! Nobody logs in here: a request with the session's cookie is one of somebody who did.

use opscape_manifest::api::meta::Str;
use opscape_manifest::value::Value;

use super::actions::PREFIX;
use super::json::{member, text};
use crate::route::decision::{Answer, Decision};
use crate::route::objects::{Found, json};
use crate::route::reason::{Reason, Why};
use crate::route::table::Builder;
use crate::route::{Request, table::Source};
use opscape_manifest::api::ingress::IngressSpec;

/// What goes before the action of a rule on an HTTPS listener.
#[derive(Debug, Clone)]
pub(super) struct Auth {
    /// `oidc` or `cognito`.
    kind: Str,
    /// Where to log in.
    endpoint: String,
    client: Str,
    scope: Str,
    cookie: Str,
    /// `authenticate`, `allow` or `deny`.
    without: Str,
    extra: Vec<(Str, Str)>,
}

impl Auth {
    /// What the annotations say; those of a single Service come before those of the Ingress.
    pub(super) fn read(
        ingress: &Found<IngressSpec>,
        service: Option<&str>,
        builder: &Builder<'_>,
    ) -> Result<Option<Auth>, String> {
        let service = service.and_then(|name| builder.objects.service(&ingress.meta.namespace, name));
        let said = |name: &str| {
            let name = [PREFIX, name].concat();
            let own = service.and_then(|service| service.metadata.annotation(&name));
            own.or_else(|| ingress.annotation(&name)).map(|text| (name, text))
        };
        let word = |name: &str, usual: &str| said(name).map_or(usual, |(_, text)| text).into();
        let kind: Str = word("auth-type", "none");
        let (config, missing) = match &*kind {
            "none" => return Ok(None),
            "cognito" => ("auth-idp-cognito", "missing IDPConfigCognito"),
            "oidc" => ("auth-idp-oidc", "missing IDPConfigOIDC"),
            other => return Err(["unknown authType: ", other].concat()),
        };
        let (name, raw) = said(config).ok_or(missing)?;
        let config = json(raw).filter(|value| value.as_map().is_some());
        let config =
            config.ok_or_else(|| ["failed to parse json annotation, ", &name, ": ", raw].concat())?;
        let field = |name: &str| text(&config, name).unwrap_or_default();
        let (endpoint, client) = if &*kind == "cognito" {
            let domain = field("userPoolDomain");
            // A prefix of Cognito's own domain in the pool's region, or a domain of one's own.
            let host = if domain.contains('.') {
                domain.to_owned()
            } else {
                let region = field("userPoolARN").split(':').nth(3).unwrap_or_default();
                [domain, ".auth.", region, ".amazoncognito.com"].concat()
            };
            (["https://", &host, "/oauth2/authorize"].concat(), field("userPoolClientID").into())
        } else {
            let endpoint = field("authorizationEndpoint").to_owned();
            (endpoint, client_of(ingress, field("secretName"), builder)?)
        };
        Ok(Some(Auth {
            endpoint,
            client,
            scope: word("auth-scope", "openid"),
            cookie: word("auth-session-cookie", "AWSELBAuthSessionCookie"),
            without: word("auth-on-unauthenticated-request", "authenticate"),
            extra: member(&config, "authenticationRequestExtraParams")
                .and_then(Value::as_map)
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| Some((name.as_str().into(), value.as_str()?.into())))
                .collect(),
            kind,
        }))
    }

    /// What is answered instead of the action; `None`: the request goes on.
    pub(super) fn stops<'r>(
        &self,
        request: &'r Request,
        source: Option<&Source>,
        why: &mut Why<'_>,
    ) -> Option<Decision<'r>> {
        let mark = |reason: Reason| {
            let reason = reason.with("cookie", &*self.cookie).with("kind", &*self.kind);
            source.map_or(reason.clone(), |source| source.mark(reason))
        };
        // A session is too long for one cookie; its parts are numbered.
        let session = [&self.cookie, "-0"].concat();
        if request.cookie(&session).or_else(|| request.cookie(&self.cookie)).is_some() {
            why.say(|| mark(Reason::taken("route.alb.auth.session")));
            return None;
        }
        match &*self.without {
            "allow" => {
                why.say(|| mark(Reason::taken("route.alb.auth.allow")));
                None
            }
            "deny" => {
                why.say(|| mark(Reason::taken("route.alb.auth.deny")));
                Some(Decision::answer(Answer::Forbidden, 401))
            }
            _ => {
                let location = self.location(request);
                why.say(|| mark(Reason::taken("route.alb.auth.login").with("to", &location)));
                Some(Decision::Redirect { status: 302, location })
            }
        }
    }

    /// Where to log in. The load balancer adds a `state` that only it can read.
    fn location(&self, request: &Request) -> String {
        let back = ["https://", request.host(), "/oauth2/idpresponse"].concat();
        let mark = if self.endpoint.contains('?') { "&" } else { "?" };
        let mut location = [&self.endpoint, mark, "client_id=", &escape(&self.client)].concat();
        for (name, value) in [("redirect_uri", &*back), ("response_type", "code"), ("scope", &*self.scope)]
            .into_iter()
            .chain(self.extra.iter().map(|(name, value)| (&**name, &**value)))
        {
            location = [&location, "&", name, "=", &escape(value)].concat();
        }
        location
    }
}

/// The `clientID` of a Secret.
fn client_of(ingress: &Found<IngressSpec>, secret: &str, builder: &Builder<'_>) -> Result<Str, String> {
    let objects = builder.objects;
    let key = (ingress.meta.namespace.clone(), Str::from(secret));
    if let Some((_, client)) = objects.clients.iter().find(|(known, _)| *known == key) {
        return Ok(client.as_str().trim_end().into());
    }
    let there = objects.secrets.contains(&key);
    match (there, objects.assumed) {
        (true, _) => Err(["missing clientID, secret: ", &*key.0, "/", secret].concat()),
        // Secrets are often kept out of texts.
        (false, true) => Ok("CLIENT_ID".into()),
        (false, false) => Err(["Secret \"", secret, "\" not found"].concat()),
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    let digit = char::from_digit(u32::from(digit), 16).unwrap_or_default();
                    out.push(digit.to_ascii_uppercase());
                }
            }
        }
    }
    out
}
