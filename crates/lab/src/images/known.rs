//! What is known of well-known images, and what is assumed of all others.
//!
//! Sizes are the compressed sizes of the linux/amd64 images on Docker Hub, rounded; memory is what the process holds when
//! idle. An unknown image is given plausible numbers by a hash of its name, so that it behaves the same each time.

use std::time::Duration;

/// What the main process of an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    /// Serves until it is told to end.
    Server,
    /// Serves, but exits with 1 at once unless one of these variables is set (postgres, mysql, mariadb).
    Needs(&'static [&'static str]),
    /// A shell or an interpreter: without a terminal and without a command it ends at once, with 0.
    Shell,
    /// Prints something and ends, with 0.
    OneShot,
}

/// What is known of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    /// Compressed megabytes.
    pub megabytes: f64,
    /// Seconds from the start of the process until it serves.
    pub warm_up: f64,
    /// Mebibytes when idle.
    pub memory: f64,
    pub process: Process,
}

const fn known(megabytes: f64, warm_up: f64, memory: f64, process: Process) -> Known {
    Known { megabytes, warm_up, memory, process }
}

const KNOWN: &[(&str, Known)] = &[
    ("alpine", known(3.5, 0.0, 1.0, Process::Shell)),
    ("bash", known(6.0, 0.0, 2.0, Process::Shell)),
    ("busybox", known(2.1, 0.0, 1.0, Process::Shell)),
    ("caddy", known(21.0, 0.3, 20.0, Process::Server)),
    ("centos", known(80.0, 0.0, 2.0, Process::Shell)),
    ("curl", known(8.0, 0.0, 4.0, Process::OneShot)),
    ("debian", known(48.0, 0.0, 2.0, Process::Shell)),
    ("echoserver", known(40.0, 0.4, 10.0, Process::Server)),
    ("elasticsearch", known(600.0, 18.0, 1_200.0, Process::Server)),
    ("etcd", known(22.0, 0.6, 30.0, Process::Server)),
    ("fedora", known(70.0, 0.0, 2.0, Process::Shell)),
    ("gcr.io/google-samples/hello-app", known(12.0, 0.2, 8.0, Process::Server)),
    ("golang", known(300.0, 0.0, 2.0, Process::Shell)),
    ("grafana", known(140.0, 3.0, 90.0, Process::Server)),
    ("haproxy", known(40.0, 0.3, 30.0, Process::Server)),
    ("hello-world", known(0.1, 0.0, 1.0, Process::OneShot)),
    ("httpbin", known(55.0, 1.2, 60.0, Process::Server)),
    ("httpd", known(57.0, 0.4, 12.0, Process::Server)),
    ("jenkins", known(260.0, 14.0, 500.0, Process::Server)),
    ("kafka", known(200.0, 6.0, 450.0, Process::Server)),
    ("mariadb", known(115.0, 3.5, 120.0, Process::Needs(&["MARIADB_", "MYSQL_"]))),
    ("memcached", known(30.0, 0.2, 4.0, Process::Server)),
    ("mongo", known(260.0, 2.0, 110.0, Process::Server)),
    ("mysql", known(170.0, 6.0, 380.0, Process::Needs(&["MYSQL_"]))),
    ("nats", known(7.0, 0.2, 12.0, Process::Server)),
    ("nginx", known(70.0, 0.3, 8.0, Process::Server)),
    ("nginx-unprivileged", known(70.0, 0.3, 8.0, Process::Server)),
    ("node", known(380.0, 0.0, 30.0, Process::Shell)),
    ("openjdk", known(240.0, 0.0, 30.0, Process::Shell)),
    ("pause", known(0.3, 0.0, 1.0, Process::Server)),
    ("perl", known(330.0, 0.0, 4.0, Process::Shell)),
    ("php", known(180.0, 0.4, 20.0, Process::Server)),
    ("podinfo", known(32.0, 0.8, 20.0, Process::Server)),
    (
        "postgres",
        known(150.0, 2.2, 40.0, Process::Needs(&["POSTGRES_PASSWORD", "POSTGRES_HOST_AUTH_METHOD"])),
    ),
    ("prometheus", known(110.0, 2.0, 80.0, Process::Server)),
    ("python", known(360.0, 0.0, 10.0, Process::Shell)),
    ("rabbitmq", known(95.0, 5.0, 130.0, Process::Server)),
    ("redis", known(45.0, 0.2, 5.0, Process::Server)),
    ("registry.k8s.io/ingress-nginx/controller", known(110.0, 1.5, 90.0, Process::Server)),
    ("registry", known(10.0, 0.3, 15.0, Process::Server)),
    ("ruby", known(340.0, 0.0, 15.0, Process::Shell)),
    ("stress", known(3.0, 0.0, 250.0, Process::Server)),
    ("tomcat", known(190.0, 4.0, 180.0, Process::Server)),
    ("traefik", known(50.0, 0.6, 40.0, Process::Server)),
    ("ubuntu", known(29.0, 0.0, 2.0, Process::Shell)),
    ("valkey", known(45.0, 0.2, 5.0, Process::Server)),
    ("wordpress", known(230.0, 1.5, 60.0, Process::Server)),
];

/// Ports that images listen on unless they are told otherwise.
const PORTS: &[(&str, &[i64])] = &[
    ("caddy", &[80, 443, 2019]),
    ("echoserver", &[8080]),
    ("elasticsearch", &[9200, 9300]),
    ("gcr.io/google-samples/hello-app", &[8080]),
    ("grafana", &[3000]),
    ("httpd", &[80]),
    ("jenkins", &[8080, 50000]),
    ("mariadb", &[3306]),
    ("memcached", &[11211]),
    ("mongo", &[27017]),
    ("mysql", &[3306, 33060]),
    ("nginx", &[80]),
    ("nginx-unprivileged", &[8080]),
    ("podinfo", &[9797, 9898, 9999]),
    ("postgres", &[5432]),
    ("prometheus", &[9090]),
    ("rabbitmq", &[5672, 15672]),
    ("redis", &[6379]),
    ("registry.k8s.io/ingress-nginx/controller", &[80, 443, 8443, 10254]),
    ("registry", &[5000]),
    ("tomcat", &[8080]),
    ("valkey", &[6379]),
];

/// Web servers that have one page out of the box.
const ONE_PAGE: &[&str] = &["caddy", "httpd", "nginx", "nginx-unprivileged"];

/// What an image serves unless it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Serves {
    /// Ports it listens on; none: not known.
    pub ports: Option<&'static [i64]>,
    /// There is nothing but `/`: other paths give 404.
    pub one_page: bool,
}

pub(super) fn serves(image: &str) -> Serves {
    let reference = Reference::parse(image);
    let name = reference.name();
    let is = |known: &str| known == reference.repository || known == name;
    Serves {
        ports: PORTS.iter().find(|(name, _)| is(name)).map(|(_, ports)| *ports),
        one_page: ONE_PAGE.iter().any(|name| is(name)),
    }
}

/// A reference such as `ghcr.io/shop/web:1.4@sha256:...` in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// `ghcr.io/shop/web`
    pub repository: &'a str,
    /// `1.4`; empty if none is written.
    pub tag: &'a str,
}

impl<'a> Reference<'a> {
    pub fn parse(image: &'a str) -> Self {
        let named = image.split('@').next().unwrap_or(image);
        match named.rsplit_once(':') {
            // A colon before a slash belongs to a port.
            Some((repository, tag)) if !tag.contains('/') => Reference { repository, tag },
            _ => Reference { repository: named, tag: "" },
        }
    }

    /// The last part of the repository.
    pub fn name(&self) -> &'a str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }

    /// As containerd writes it: with registry, `library` and tag.
    pub fn full(&self) -> String {
        let first = self.repository.split('/').next().unwrap_or_default();
        let has_registry =
            self.repository.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let prefix = match (has_registry, self.repository.contains('/')) {
            (true, _) => "",
            (false, true) => "docker.io/",
            (false, false) => "docker.io/library/",
        };
        let tag = if self.tag.is_empty() { "latest" } else { self.tag };
        [prefix, self.repository, ":", tag].concat()
    }
}

/// What is known or assumed of an image.
pub(super) fn look_up(image: &str) -> Known {
    let reference = Reference::parse(image);
    let name = reference.name();
    let by_name = KNOWN.iter().find(|(known, _)| *known == reference.repository || *known == name);
    let mut known = by_name.map_or_else(|| assumed(reference), |(_, known)| *known);
    if by_name.is_some() && (reference.tag.contains("alpine") || reference.tag.contains("slim")) {
        known.megabytes = (known.megabytes * 0.3).max(2.0);
    }
    known
}

/// An unknown image is someone's service: 25 to 140 MB, 0.6 to 2.6 s until it serves, 24 to 96 Mi. Versions of one
/// repository are alike.
fn assumed(reference: Reference<'_>) -> Known {
    let base = hash(reference.repository);
    let version = hash(reference.tag);
    known(
        25.0 + 115.0 * share(base, 0) * (0.92 + 0.16 * share(version, 0)),
        0.6 + 2.0 * share(base, 1) * (0.9 + 0.2 * share(version, 1)),
        24.0 + 72.0 * share(base, 2) * (0.9 + 0.2 * share(version, 2)),
        Process::Server,
    )
}

/// Time to pull an image: asking the registry, then downloading and unpacking at about 45 MB/s.
pub(super) fn pull_time(megabytes: f64) -> Duration {
    Duration::from_secs_f64(0.6 + megabytes / 45.0)
}

/// FNV-1a with a final mix.
pub(super) fn hash(text: &str) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A number from 0 to 1 that belongs to a name.
pub(super) fn share_of(name: &str) -> f64 {
    share(hash(name), 2)
}

/// A number from 0 to 1 out of the `nth` byte pair of a hash.
fn share(hash: u64, nth: u32) -> f64 {
    f64::from((hash >> (nth * 16)) as u16) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_containerd_does() {
        for (image, name, full) in [
            ("nginx", "nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "nginx", "docker.io/library/nginx:1.27"),
            ("shop/web:2.0", "web", "docker.io/shop/web:2.0"),
            ("localhost:5000/web", "web", "localhost:5000/web:latest"),
            ("ghcr.io/a/b/c:v1@sha256:00", "c", "ghcr.io/a/b/c:v1"),
        ] {
            let reference = Reference::parse(image);
            assert_eq!((reference.name(), reference.full().as_str()), (name, full));
        }
    }

    #[test]
    fn an_unknown_image_is_the_same_each_time_and_plausible() {
        for name in ["shop/web:1.4", "shop/web:2.0", "a", "ghcr.io/x/y:z", "앱:1"] {
            let known = look_up(name);
            assert_eq!(known, look_up(name));
            assert!((25.0..160.0).contains(&known.megabytes), "{name}: {known:?}");
            assert!((0.6..3.0).contains(&known.warm_up), "{name}: {known:?}");
            assert!((24.0..110.0).contains(&known.memory), "{name}: {known:?}");
        }
        assert_eq!(look_up("docker.io/library/nginx:1.27").memory.to_string(), "8");
    }
}
