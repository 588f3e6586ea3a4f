//! The requests of a command (`hey`, `curl`) as plain data: what a timeline keeps as an input.

use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_manifest::value::{Map, Value};
use opscape_network::load::{Call, Demand, Workload};
use opscape_sim::Time;

/// Requests of a command: clients that each send some, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sending {
    /// What telemetry calls it: the command.
    pub name: Str,
    /// What is asked for.
    pub call: Call,
    /// Requests of each client; `None`: until it ends.
    pub requests: Option<u32>,
    /// How many clients.
    pub clients: u32,
    /// From one request of a client to its next, at least.
    pub every: Duration,
    /// When it ends, counted from its beginning; `None`: with its last request.
    pub lasts: Option<Duration>,
    /// How long a client waits for an answer; `None`: for ever.
    pub timeout: Option<Duration>,
}

/// More clients are not simulated one by one.
const MOST_CLIENTS: u32 = 100_000;

impl Sending {
    /// The workload of it, if it begins now.
    pub(crate) fn workload(&self, now: Time) -> Workload {
        Workload {
            name: self.name.clone(),
            calls: vec![(self.call.clone(), 1)],
            demand: Demand::Run {
                requests: self.requests,
                clients: self.clients.min(MOST_CLIENTS),
                every: self.every.as_secs_f64(),
            },
            until: self.lasts.map(|span| now + span),
            timeout: self.timeout,
            addresses: None,
        }
    }

    /// As a document.
    pub(crate) fn to_value(&self) -> Value {
        let micros = |span: Duration| Value::Int(i64::try_from(span.as_micros()).unwrap_or(i64::MAX));
        let mut map = Map::new();
        let mut set = |name: &str, value: Value| map.extend([(name.to_owned(), value)]);
        set("name", (&*self.name).into());
        set("method", (&*self.call.method).into());
        set("url", (&*self.call.url).into());
        let pairs = self
            .call
            .headers
            .iter()
            .map(|(name, value)| Value::List(vec![(&**name).into(), (&**value).into()]));
        set("headers", Value::List(pairs.collect()));
        if let Some(from) = &self.call.from {
            set("from", (&**from).into());
            set("address", (&*self.call.address).into());
            let labels = self.call.labels.iter().map(|(key, value)| (key.to_string(), (&**value).into()));
            set("labels", Value::Map(labels.collect()));
        }
        set("clients", Value::Int(i64::from(self.clients)));
        set("every", micros(self.every));
        let options = [
            ("requests", self.requests.map(|number| Value::Int(i64::from(number)))),
            ("for", self.lasts.map(micros)),
            ("timeout", self.timeout.map(micros)),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                set(name, value);
            }
        }
        Value::Map(map)
    }

    /// Out of a document.
    pub(crate) fn of(value: &Value) -> Option<Sending> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(Str::from);
        let int = |name: &str| value.get(name).and_then(Value::as_int);
        let micros = |name: &str| u64::try_from(int(name)?).ok().map(Duration::from_micros);
        let headers = value.get("headers").and_then(Value::as_list).unwrap_or_default().iter();
        let headers = headers.filter_map(|pair| match pair.as_list()? {
            [name, value] => Some((name.as_str()?.into(), value.as_str()?.into())),
            _ => None,
        });
        let labels = value.get("labels").and_then(Value::as_map).into_iter().flatten();
        Some(Sending {
            name: text("name")?,
            call: Call {
                method: text("method")?,
                url: text("url")?,
                headers: headers.collect(),
                from: text("from"),
                labels: labels
                    .filter_map(|(key, value)| Some((key.as_str().into(), value.as_str()?.into())))
                    .collect(),
                address: text("address").unwrap_or_default(),
            },
            requests: int("requests").and_then(|number| u32::try_from(number).ok()),
            clients: u32::try_from(int("clients")?).ok()?,
            every: micros("every")?,
            lasts: micros("for"),
            timeout: micros("timeout"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_there_and_back() {
        let call = Call { headers: vec![("Host".into(), "가.example".into())], ..Call::get("http://a/") };
        for sending in [
            Sending {
                name: "curl".into(),
                call: call.clone(),
                requests: Some(1),
                clients: 1,
                ..Sending::default()
            },
            Sending {
                name: "hey".into(),
                call: Call {
                    from: Some("shop".into()),
                    labels: vec![("app".into(), "web".into())],
                    address: "10.244.0.7".into(),
                    ..call
                },
                clients: 7,
                every: Duration::from_micros(33_333),
                lasts: Some(Duration::from_secs(9)),
                timeout: Some(Duration::from_secs(20)),
                ..Sending::default()
            },
        ] {
            assert_eq!(Sending::of(&sending.to_value()), Some(sending));
        }
    }
}
