//! What a `Lab` document may not say of load.

use super::load::{Load, Serve};
use super::{Duration, LabSpec, MAX_CLIENTS, MAX_LOADS, MAX_RATE};
use crate::golang::quote;
use crate::names;
use crate::quantity::Quantity;
use crate::validation::{FieldError, Kind};
use crate::value::{Seen, Value};

pub(super) fn validate(spec: &LabSpec, errors: &mut Vec<FieldError>) {
    for (i, image) in spec.images.iter().enumerate() {
        if let Some(serve) = &image.serve {
            self::serve(serve, &format!("spec.images[{i}].serve"), errors);
        }
    }
    if spec.load.len() > MAX_LOADS {
        errors.push(FieldError::forbidden(
            "spec.load".to_owned(),
            format!("must have at most {MAX_LOADS} items"),
        ));
    }
    let mut seen = Seen::default();
    for (i, load) in spec.load.iter().enumerate() {
        let path = format!("spec.load[{i}]");
        if let Some(name) = &load.name {
            for message in names::dns1123_label(name) {
                errors.push(FieldError::invalid(format!("{path}.name"), &Value::from(&**name), message));
            }
            if !seen.insert(name) {
                errors.push(FieldError {
                    path: format!("{path}.name"),
                    kind: Kind::Duplicate,
                    value: quote(name),
                    detail: String::new(),
                });
            }
        }
        workload(load, &path, errors);
    }
}

fn workload(load: &Load, path: &str, errors: &mut Vec<FieldError>) {
    match (&load.url, load.requests.is_empty()) {
        (None, true) => {
            errors.push(FieldError::required(path.to_owned(), "must specify one of: url, requests"));
        }
        (Some(_), false) => {
            errors.push(FieldError::forbidden(
                format!("{path}.requests"),
                "may not be set together with `url`",
            ));
        }
        _ => {}
    }
    if let Some(url) = &load.url {
        address(url, format!("{path}.url"), errors);
    }
    for (j, call) in load.requests.iter().enumerate() {
        address(&call.url, format!("{path}.requests[{j}].url"), errors);
        not_negative(call.weight.map(i64::from), format!("{path}.requests[{j}].weight"), errors);
    }
    match (&load.rate, load.clients) {
        (None, None) => {
            errors.push(FieldError::required(path.to_owned(), "must specify one of: rate, clients"));
        }
        (Some(_), Some(_)) => {
            errors.push(FieldError::forbidden(
                format!("{path}.clients"),
                "may not be set together with `rate`",
            ));
        }
        _ => {}
    }
    let (most, what) =
        if load.rate.is_some() { (MAX_RATE, "requests per second") } else { (MAX_CLIENTS, "clients") };
    let clients = load.clients.map(|clients| Quantity::whole(i64::from(clients)));
    let own = if load.rate.is_some() { "rate" } else { "clients" };
    let mut level = |amount: Option<&Quantity>, field: &str| {
        let Some(amount) = amount else { return };
        let path = format!("{path}.{field}");
        if amount.is_negative() {
            errors.push(negative(path, &Value::from(amount.to_string())));
        } else if amount.value() > most {
            let detail = format!("a workload may have at most {most} {what}");
            errors.push(FieldError::invalid(path, &Value::from(amount.to_string()), detail));
        }
    };
    level(load.rate.as_ref().or(clients.as_ref()), own);
    level(load.ramp.as_ref().map(|ramp| &ramp.to), "ramp.to");
    level(load.spike.as_ref().map(|spike| &spike.to), "spike.to");
    level(load.wave.as_ref().map(|wave| &wave.to), "wave.to");
    let shapes =
        [("ramp", load.ramp.is_some()), ("spike", load.spike.is_some()), ("wave", load.wave.is_some())];
    let mut set = shapes.iter().filter(|(_, set)| *set);
    if let (Some((first, _)), Some((second, _))) = (set.next(), set.next()) {
        let detail = format!("may not be set together with `{first}`");
        errors.push(FieldError::forbidden(format!("{path}.{second}"), detail));
    }
    one_of(load.arrivals.as_deref(), &["poisson", "constant"], format!("{path}.arrivals"), errors);
    if let Some(addresses) = load.addresses.filter(|addresses| *addresses < 1) {
        let value = Value::Int(i64::from(addresses));
        errors.push(FieldError::invalid(
            format!("{path}.addresses"),
            &value,
            "must be greater than or equal to 1",
        ));
    }
    let mut span = |span: Option<Duration>, field: &str| {
        not_negative_span(span, format!("{path}.{field}"), errors);
    };
    span(load.think_time, "thinkTime");
    span(load.timeout, "timeout");
    span(load.at, "at");
    span(load.lasts, "for");
    if let Some(ramp) = &load.ramp {
        span(ramp.after, "ramp.after");
        span(Some(ramp.over), "ramp.over");
    }
    if let Some(spike) = &load.spike {
        span(Some(spike.after), "spike.after");
        span(Some(spike.lasts), "spike.for");
    }
    if let Some(wave) = load.wave.as_ref().filter(|wave| wave.every < Duration::seconds(1)) {
        errors.push(FieldError::invalid(
            format!("{path}.wave.every"),
            &Value::from(wave.every.to_string()),
            "must be at least 1s",
        ));
    }
}

fn serve(serve: &Serve, path: &str, errors: &mut Vec<FieldError>) {
    not_negative(serve.concurrency.map(i64::from), format!("{path}.concurrency"), errors);
    not_negative(serve.queue.map(i64::from), format!("{path}.queue"), errors);
    not_negative_span(serve.time, format!("{path}.time"), errors);
    not_negative_span(serve.p99, format!("{path}.p99"), errors);
    not_negative_span(serve.cpu_per_request, format!("{path}.cpuPerRequest"), errors);
    let kinds = ["lognormal", "exponential", "constant"];
    one_of(serve.distribution.as_deref(), &kinds, format!("{path}.distribution"), errors);
    if let Some(p99) = serve.p99 {
        if serve.distribution.as_deref().is_some_and(|kind| kind != "lognormal") {
            errors.push(FieldError::forbidden(
                format!("{path}.p99"),
                "may only be set where `distribution` is lognormal",
            ));
        } else if serve.time.is_some_and(|median| median > p99) {
            errors.push(FieldError::invalid(
                format!("{path}.p99"),
                &Value::from(p99.to_string()),
                "must be greater than or equal to `time`",
            ));
        }
    }
    let outside = |rate: &&Quantity| rate.is_negative() || rate.milli_value() > 1_000;
    if let Some(rate) = serve.error_rate.as_ref().filter(outside) {
        errors.push(FieldError::invalid(
            format!("{path}.errorRate"),
            &Value::from(rate.to_string()),
            "must be between 0 and 1, inclusive",
        ));
    }
}

pub(super) fn address(url: &str, path: String, errors: &mut Vec<FieldError>) {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() || url.contains(char::is_whitespace) {
        let detail = "must be an address such as http://shop.example.com/cart";
        errors.push(FieldError::invalid(path, &Value::from(url), detail));
    }
}

pub(super) fn one_of(word: Option<&str>, known: &[&str], path: String, errors: &mut Vec<FieldError>) {
    if let Some(word) = word.filter(|word| !known.contains(word)) {
        let listed: Vec<String> = known.iter().map(|word| quote(word)).collect();
        errors.push(FieldError {
            path,
            kind: Kind::NotSupported,
            value: quote(word),
            detail: ["supported values: ", &listed.join(", ")].concat(),
        });
    }
}

fn negative(path: String, value: &Value) -> FieldError {
    FieldError::invalid(path, value, "must be greater than or equal to 0")
}

fn not_negative(number: Option<i64>, path: String, errors: &mut Vec<FieldError>) {
    if let Some(number) = number.filter(|number| *number < 0) {
        errors.push(negative(path, &Value::Int(number)));
    }
}

fn not_negative_span(span: Option<Duration>, path: String, errors: &mut Vec<FieldError>) {
    if let Some(span) = span.filter(|span| span.0 < 0) {
        errors.push(negative(path, &Value::from(span.to_string())));
    }
}
