//! Workloads of the Lab document.

use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_manifest::lab::load::Load as Said;
use opscape_manifest::lab::{Duration as Span, LabSpec};
use opscape_manifest::quantity::Quantity;
use opscape_network::load::{Call, Demand, Profile, Shape, Workload};
use opscape_sim::Time;

/// How long a client waits if nothing is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A workload that begins now, by its number.
pub(super) fn of(spec: &LabSpec, number: usize, now: Time) -> Option<Workload> {
    let said = spec.load.get(number)?;
    let name = said.name.clone().unwrap_or_else(|| format!("load-{}", number + 1).into());
    let shape = shape(said);
    let demand = match (&said.rate, said.clients) {
        (None, Some(clients)) => Demand::Closed {
            clients: Profile { base: f64::from(clients), shape },
            think: said.think_time.map_or(0.0, seconds),
        },
        (rate, _) => Demand::Open {
            rate: Profile { base: rate.as_ref().map_or(0.0, number_of), shape },
            poisson: said.arrivals.as_deref() != Some("constant"),
        },
    };
    Some(Workload {
        name,
        calls: calls(said),
        demand,
        until: said.lasts.map(|span| now + duration(span)),
        timeout: Some(said.timeout.map_or(TIMEOUT, duration)),
        addresses: said.addresses.and_then(|addresses| u32::try_from(addresses).ok()),
    })
}

fn calls(said: &Said) -> Vec<(Call, u32)> {
    let call = |url: &Str, method: Option<&Str>, more: &std::collections::BTreeMap<Str, Str>| {
        let mut headers = said.headers.clone();
        headers.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        Call {
            method: method.or(said.method.as_ref()).cloned().unwrap_or_else(|| "GET".into()),
            url: url.clone(),
            headers: headers.into_iter().collect(),
            from: said.from_namespace.clone(),
            labels: said.from_labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            address: Str::default(),
        }
    };
    let own = said.url.iter().map(|url| (call(url, None, &std::collections::BTreeMap::new()), 1));
    let mix = said.requests.iter().map(|one| {
        let weight = one.weight.map_or(1, |weight| u32::try_from(weight).unwrap_or_default());
        (call(&one.url, one.method.as_ref(), &one.headers), weight)
    });
    own.chain(mix).collect()
}

fn shape(said: &Said) -> Shape {
    if let Some(ramp) = &said.ramp {
        let after = ramp.after.map_or(0.0, seconds);
        return Shape::Ramp { to: number_of(&ramp.to), after, over: seconds(ramp.over) };
    }
    if let Some(spike) = &said.spike {
        return Shape::Spike {
            to: number_of(&spike.to),
            after: seconds(spike.after),
            lasts: seconds(spike.lasts),
        };
    }
    match &said.wave {
        Some(wave) => Shape::Wave { to: number_of(&wave.to), every: seconds(wave.every) },
        None => Shape::Constant,
    }
}

fn number_of(quantity: &Quantity) -> f64 {
    quantity.milli_value() as f64 / 1e3
}

fn seconds(span: Span) -> f64 {
    span.0.max(0) as f64 / 1e6
}

fn duration(span: Span) -> Duration {
    Duration::from_micros(u64::try_from(span.0).unwrap_or_default())
}
