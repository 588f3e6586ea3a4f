//! References of images, as `nginx:1.27` or `ghcr.io/shop/web@sha256:...` (github.com/distribution/reference).

/// What is wrong with a reference; none: it can be read (`ParseNormalizedNamed`).
pub fn problem(image: &str) -> Option<String> {
    let (domain, path) = match image.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" || has_upper(first) => {
            (Some(first), path)
        }
        _ => (None, image),
    };
    let remote = path.split(':').next().unwrap_or(path);
    if has_upper(remote) {
        let library = if domain.is_none() && !path.contains('/') { "library/" } else { "" };
        return Some(
            ["invalid reference format: repository name (", library, remote, ") must be lowercase"].concat(),
        );
    }
    let (named, digest) = match path.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (path, None),
    };
    let (name, tag) = match named.split_once(':') {
        Some((name, tag)) => (name, Some(tag)),
        None => (named, None),
    };
    let good = domain.is_none_or(is_domain)
        && name.split('/').all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    (!good).then(|| "invalid reference format".to_owned())
}

fn has_upper(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.bytes().next().is_some_and(word)
        && tag.len() <= 128
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Lower-case letters and digits, with `.`, `_`, `__` or any number of `-` between them.
fn is_component(part: &str) -> bool {
    let bytes = part.as_bytes();
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separators = bytes.split(letter).filter(|between| !between.is_empty());
    bytes.first().is_some_and(letter)
        && bytes.last().is_some_and(letter)
        && separators
            .all(|between| matches!(between, b"." | b"_" | b"__") || between.iter().all(|b| *b == b'-'))
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port)));
    let part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    host.split('.').all(part) && port.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_the_kubelet_does() {
        for image in [
            "nginx",
            "nginx:1.27",
            "shop/web:2.0_rc-1",
            "localhost:5000/a/b__c:x",
            "ghcr.io/shop/my--web@sha256:00000000000000000000000000000000",
            "registry.k8s.io/pause:3.10",
        ] {
            assert_eq!(problem(image), None, "{image}");
        }
        for image in
            ["", "a b", "nginx:", "nginx:1:2", "-web", "web_", "a..b", "{{ .image }}", "$image", "웹:1"]
        {
            assert_eq!(problem(image).as_deref(), Some("invalid reference format"), "{image}");
        }
        let upper = "invalid reference format: repository name (Shop/web) must be lowercase";
        assert_eq!(problem("docker.io/Shop/web").as_deref(), Some(upper));
        assert!(problem("Nginx:1").is_some_and(|words| words.contains("(library/Nginx)")));
    }
}
