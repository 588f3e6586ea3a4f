//! The names of AWS load balancers, as the AWS Load Balancer Controller and AWS make them.

use std::fmt::Write as _;

/// The region, where nothing says which.
const REGION: &str = "ap-northeast-2";
/// Services with this class get a Network Load Balancer (`service.k8s.aws/nlb`).
pub(super) const NLB_CLASS: &str = "service.k8s.aws/nlb";

/// The DNS name of an Application Load Balancer. `id`: what makes it different from others with that name; empty: the name
/// does. The real one is made of a SHA-256 and of AWS's own number; this one of another hash, as stable.
pub fn alb_hostname(name: &str, id: &str, public: bool) -> String {
    let scheme = if public { "internet-facing" } else { "internal" };
    let hash = hash(&["alb/", name, "/", id, "/", scheme].concat());
    let mut host = if public { String::new() } else { "internal-".to_owned() };
    host.push_str(name);
    if !id.is_empty() {
        let _ = write!(host, "-{:010x}", hash >> 24);
    }
    let number = 1_000_000_000 + hash % 1_000_000_000;
    let _ = write!(host, "-{number}.{REGION}.elb.amazonaws.com");
    host
}

/// The DNS name of a Service's Network Load Balancer.
pub(super) fn nlb_hostname(namespace: &str, name: &str) -> String {
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let hash = hash(&["nlb/", namespace, "/", name].concat());
    let (namespace, name) = (letters(namespace), letters(name));
    format!("k8s-{namespace:.8}-{name:.8}-{:010x}-{hash:016x}.elb.{REGION}.amazonaws.com", hash >> 24)
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_like_those_of_aws() {
        let own = alb_hostname("k8s-default-shop", "default/shop", true);
        assert!(
            own.starts_with("k8s-default-shop-") && own.ends_with(".ap-northeast-2.elb.amazonaws.com"),
            "{own}"
        );
        assert_ne!(own, alb_hostname("k8s-default-shop", "default/shop2", true));
        let given = alb_hostname("front", "", false);
        assert!(given.starts_with("internal-front-1"), "{given}");
        let nlb = nlb_hostname("production", "web-frontend");
        assert!(nlb.starts_with("k8s-producti-webfront-"), "{nlb}");
        assert_eq!(nlb.split('.').next().map(str::len), Some("k8s-producti-webfront-".len() + 10 + 1 + 16));
    }
}
