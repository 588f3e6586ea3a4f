//! How images serve requests: what the Lab document says, what is known of well-known images, and plausible numbers for
//! all others, by a hash of the name.

use opscape_manifest::api::pod::Container;
use opscape_manifest::lab::Duration as Said;
use opscape_manifest::lab::load::Serve as SaidServe;
use opscape_network::load::{Serve, ServiceTime};

use super::health::is_told;
use super::known::{self, Reference};
use super::{LabImages, span};

/// Requests that may wait if nothing is said.
const QUEUE: u32 = 1_024;
/// Without a word about it, 99 of 100 requests take less than so many times the median.
const TAIL: f64 = 3.0;

/// Milliseconds a request takes (half of them less, 99 of 100 less), milliseconds of CPU, requests at the same time.
type Numbers = (f64, f64, f64, u32);

const KNOWN: &[(&str, Numbers)] = &[
    ("agnhost", (0.6, 3.0, 0.2, 0)),
    ("caddy", (0.4, 2.0, 0.12, 0)),
    ("echoserver", (0.8, 4.0, 0.3, 512)),
    ("gcr.io/google-samples/hello-app", (0.3, 1.5, 0.08, 0)),
    // A million square roots in PHP: the page of the HPA walkthrough is nothing but CPU.
    ("hpa-example", (75.0, 90.0, 70.0, 150)),
    ("httpbin", (4.0, 20.0, 2.5, 8)),
    ("httpd", (0.5, 2.5, 0.15, 150)),
    ("nginx", (0.3, 1.5, 0.08, 0)),
    ("nginx-unprivileged", (0.3, 1.5, 0.08, 0)),
    ("podinfo", (0.6, 3.0, 0.2, 0)),
    ("tomcat", (3.0, 15.0, 1.0, 200)),
    ("traefik/whoami", (0.3, 1.5, 0.08, 0)),
    ("whoami", (0.3, 1.5, 0.08, 0)),
    ("wordpress", (110.0, 450.0, 60.0, 10)),
];

impl LabImages {
    /// How an image serves requests.
    pub fn serve(&self, image: &str) -> Serve {
        let (median, p99, cpu, concurrency) = numbers(image);
        let usual = Serve {
            concurrency,
            queue: QUEUE,
            time: ServiceTime::Lognormal { median: median / 1e3, p99: p99 / 1e3 },
            cpu: cpu / 1e3,
            error_rate: 0.0,
        };
        match self.said(image).and_then(|said| said.serve.as_ref()) {
            Some(said) => as_said(said, usual),
            None => usual,
        }
    }

    /// Whether a container may listen elsewhere than its image does: it is told to.
    pub fn is_told(&self, container: &Container) -> bool {
        is_told(container)
    }

    /// Whether an image listens on a port, unless it is told otherwise.
    pub fn listens_on(&self, image: &str, port: u16) -> bool {
        self.said(image).is_some()
            || known::serves(image).ports.is_none_or(|ports| ports.contains(&i64::from(port)))
    }
}

fn as_said(said: &SaidServe, usual: Serve) -> Serve {
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let seconds = |time: Said| span(time).as_secs_f64();
    let time = match (said.time.map(seconds), said.distribution.as_deref()) {
        (Some(time), Some("constant")) => ServiceTime::Constant(time),
        (Some(time), Some("exponential")) => ServiceTime::Exponential(time),
        (Some(median), _) => ServiceTime::Lognormal { median, p99: said.p99.map_or(median * TAIL, seconds) },
        (None, Some("constant")) => ServiceTime::Constant(usual.time.mean()),
        (None, Some("exponential")) => ServiceTime::Exponential(usual.time.mean()),
        (None, _) => usual.time,
    };
    // The usual CPU is of the usual time.
    let cpu = usual.cpu * (time.mean() / usual.time.mean()).min(1.0);
    Serve {
        concurrency: said.concurrency.map_or(usual.concurrency, count),
        queue: said.queue.map_or(usual.queue, count),
        time,
        cpu: said.cpu_per_request.map_or(cpu, seconds),
        error_rate: said.error_rate.as_ref().map_or(0.0, |rate| rate.milli_value() as f64 / 1e3),
    }
}

fn numbers(image: &str) -> Numbers {
    let reference = Reference::parse(image);
    let known = KNOWN.iter().find(|(name, _)| {
        *name == reference.repository
            || *name == reference.name()
            || reference.repository.ends_with(&["/", name].concat())
    });
    known.map_or_else(|| assumed(&reference), |(_, numbers)| *numbers)
}

/// Someone's service: 8 to 40 ms, a fifth to a half of it CPU. Versions of one repository are alike.
fn assumed(reference: &Reference<'_>) -> Numbers {
    let base = known::share_of(&[reference.repository, " serves"].concat());
    let version = known::share_of(&[reference.repository, ":", reference.tag, " serves"].concat());
    let cpu = known::share_of(&[reference.repository, " computes"].concat());
    let median = (8.0 + 32.0 * base) * (0.9 + 0.2 * version);
    (median, median * TAIL, median * (0.2 + 0.3 * cpu), 64)
}

#[cfg(test)]
mod tests {
    use opscape_manifest::lab::Image;
    use opscape_manifest::quantity::Quantity;

    use super::*;

    #[test]
    fn an_image_serves_the_same_each_time_and_plausibly() {
        let images = LabImages::default();
        for name in ["shop/web:1.4", "shop/web:2.0", "a", "nginx:1.27", "registry.k8s.io/hpa-example", "앱:1"]
        {
            let serve = images.serve(name);
            assert_eq!(serve, images.serve(name));
            assert!(serve.cpu < serve.time.mean() && serve.time.mean() < 0.2, "{name}: {serve:?}");
        }
        let mean = |name| images.serve(name).time.mean();
        assert!((mean("shop/web:1.4") / mean("shop/web:2.0") - 1.0).abs() < 0.25);
        assert!(mean("nginx") < 0.001 && mean("registry.k8s.io/hpa-example:latest") > 0.05);
    }

    #[test]
    fn the_lab_document_says_how() {
        let serve = SaidServe {
            concurrency: Some(8),
            time: Some(Said::millis(20)),
            p99: Some(Said::millis(90)),
            cpu_per_request: Some(Said::millis(5)),
            error_rate: Quantity::parse("0.02").ok(),
            ..SaidServe::default()
        };
        let image = Image { name: "api:*".into(), serve: Some(serve), ..Image::default() };
        let serve = LabImages::new(&[image]).serve("api:2");
        let expected = Serve {
            concurrency: 8,
            queue: QUEUE,
            time: ServiceTime::Lognormal { median: 0.02, p99: 0.09 },
            cpu: 0.005,
            error_rate: 0.02,
        };
        assert_eq!(serve, expected);
    }
}
