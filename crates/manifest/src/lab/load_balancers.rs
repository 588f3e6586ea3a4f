//! What load balancers get their addresses of (`spec.loadBalancers`).

use std::net::Ipv4Addr;

use super::Duration;
use super::validate::not_negative;
use crate::api::Str;
use crate::codec::fields;
use crate::validation::FieldError;
use crate::value::Value;

/// What load balancers get their addresses of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoadBalancers {
    /// Ranges, as `198.51.100.10-198.51.100.99` or `198.51.100.0/28`; none at all: there is nobody who makes load
    /// balancers, and Services of type `LoadBalancer` stay pending. Default `198.51.100.10-198.51.100.99`.
    pub addresses: Option<Vec<Str>>,
    /// How long it takes to make one; default 5s.
    pub create_time: Option<Duration>,
}

fields! {
    LoadBalancers:
    addresses "addresses",
    create_time "createTime",
}

impl LoadBalancers {
    /// The ranges, first and last address; what is none is left out.
    pub fn ranges(&self) -> Vec<(Ipv4Addr, Ipv4Addr)> {
        match &self.addresses {
            Some(list) => list.iter().filter_map(|text| address_range(text)).collect(),
            None => vec![DEFAULT_ADDRESSES],
        }
    }
}

/// Of those that are kept for documentation (TEST-NET-2, RFC 5737).
const DEFAULT_ADDRESSES: (Ipv4Addr, Ipv4Addr) =
    (Ipv4Addr::new(198, 51, 100, 10), Ipv4Addr::new(198, 51, 100, 99));

/// First and last address of `198.51.100.10-198.51.100.99`, `198.51.100.0/28` or one address.
fn address_range(text: &str) -> Option<(Ipv4Addr, Ipv4Addr)> {
    if let Some((address, length)) = text.split_once('/') {
        let bits = address.trim().parse::<Ipv4Addr>().ok()?.to_bits();
        let length = length.trim().parse().ok().filter(|length| (1..=32).contains(length))?;
        let hosts = u32::MAX.checked_shr(length).unwrap_or_default();
        return Some((Ipv4Addr::from_bits(bits & !hosts), Ipv4Addr::from_bits(bits | hosts)));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}

pub(super) fn validate(balancers: &LoadBalancers, errors: &mut Vec<FieldError>) {
    let path = "spec.loadBalancers";
    for (i, text) in balancers.addresses.iter().flatten().enumerate() {
        if address_range(text).is_none() {
            let message =
                "must be a range of IPv4 addresses, as 198.51.100.10-198.51.100.99 or 198.51.100.0/28";
            errors.push(FieldError::invalid(
                format!("{path}.addresses[{i}]"),
                &Value::from(&**text),
                message,
            ));
        }
    }
    not_negative(balancers.create_time, &format!("{path}.createTime"), errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_addresses() {
        let range = |text: &str| address_range(text).map(|(a, b)| [a.to_string(), b.to_string()].join(" "));
        for (text, known) in [
            ("198.51.100.10-198.51.100.99", Some("198.51.100.10 198.51.100.99")),
            ("198.51.100.7/28", Some("198.51.100.0 198.51.100.15")),
            ("198.51.100.7/32", Some("198.51.100.7 198.51.100.7")),
            ("198.51.100.7", Some("198.51.100.7 198.51.100.7")),
            ("198.51.100.9-198.51.100.8", None),
            ("198.51.100.0/0", None),
            ("198.51.100.0/33", None),
            ("pool", None),
        ] {
            assert_eq!(range(text).as_deref(), known, "{text}");
        }
        let wrong = LoadBalancers {
            addresses: Some(vec!["198.51.100.1".into(), "pool".into()]),
            create_time: Some(Duration(-1)),
        };
        let mut errors = Vec::new();
        validate(&wrong, &mut errors);
        let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(paths, ["spec.loadBalancers.addresses[1]", "spec.loadBalancers.createTime"]);
        assert_eq!(LoadBalancers::default().ranges().len(), 1);
        assert!(
            LoadBalancers { addresses: Some(Vec::new()), ..LoadBalancers::default() }.ranges().is_empty()
        );
    }
}
