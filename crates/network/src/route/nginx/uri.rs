//! How nginx reads and writes paths: `ngx_http_parse_complex_uri` (with `merge_slashes on`) and `ngx_escape_uri`.

use std::borrow::Cow;

use crate::route::request::hex;

/// A path as nginx matches it: escapes undone, slashes merged, `.` and `..` resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uri<'r> {
    /// The bytes that are matched.
    pub path: Cow<'r, [u8]>,
    /// Whether there were escapes: then the path is escaped again where it is written.
    pub quoted: bool,
    /// Whether there was a `+`.
    pub plus: bool,
}

/// Reads a path as sent; `None` for one that is answered with 400.
pub(super) fn normalise(path: &str) -> Option<Uri<'_>> {
    let bytes = path.as_bytes();
    let plus = bytes.contains(&b'+');
    let plain = bytes.iter().all(|byte| *byte != b'%')
        && !bytes.windows(2).any(|pair| pair == b"//" || pair == b"/.");
    if plain {
        return Some(Uri { path: Cow::Borrowed(bytes), quoted: false, plus });
    }
    let decoded = unescape(bytes)?;
    let mut out: Vec<u8> = Vec::with_capacity(decoded.len());
    let mut rest = decoded.as_slice();
    // The path begins with a slash; each turn takes a slash and the element after it.
    while let Some(after) = rest.strip_prefix(b"/") {
        let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
        let (element, next) = after.split_at(end);
        let last = next.is_empty();
        match element {
            b"" | b"." => {}
            b".." => {
                if out.is_empty() {
                    return None;
                }
                let slash = out.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                out.truncate(slash);
            }
            _ => {
                out.push(b'/');
                out.extend_from_slice(element);
            }
        }
        // What ends in a slash, `.` or `..` names a folder.
        if last && matches!(element, b"" | b"." | b"..") {
            out.push(b'/');
        }
        rest = next;
    }
    Some(Uri { path: Cow::Owned(out), quoted: bytes.contains(&b'%'), plus })
}

fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte != b'%' {
            out.push(*byte);
            at += 1;
            continue;
        }
        let decoded = hex(bytes.get(at + 1..at + 3)?)?;
        if decoded == 0 {
            return None;
        }
        out.push(decoded);
        at += 3;
    }
    Some(out)
}

/// What is escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// In a path (`NGX_ESCAPE_URI`).
    Path,
    /// In a query (`NGX_ESCAPE_ARGS`).
    Query,
}

/// Writes bytes as a part of a URL.
pub(super) fn escape(bytes: &[u8], what: Escape) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        let reserved = match what {
            Escape::Path => b" \"#%<>?\\^`{|}".as_slice(),
            Escape::Query => b" \"#%&+;<>?\\^`{|}".as_slice(),
        };
        if *byte < 0x20 || *byte >= 0x7F || reserved.contains(byte) {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0')));
            }
        } else {
            out.push(char::from(*byte));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_as_nginx_does() {
        for (path, want) in [
            ("/foo/bar", Some("/foo/bar")),
            ("/foo//bar", Some("/foo/bar")),
            ("/foo/./bar", Some("/foo/bar")),
            ("/foo/x/../bar", Some("/foo/bar")),
            ("/foo/..", Some("/")),
            ("/foo/.", Some("/foo/")),
            ("/foo/", Some("/foo/")),
            ("//", Some("/")),
            ("/%66oo%2Fbar", Some("/foo/bar")),
            ("/r/%2e%2e/x", Some("/x")),
            ("/a%3Fb%23", Some("/a?b#")),
            ("/.hidden/..x", Some("/.hidden/..x")),
            ("/../x", None),
            ("/%00", None),
            ("/%zz", None),
            ("/%4", None),
        ] {
            let got = normalise(path).map(|uri| String::from_utf8(uri.path.into_owned()).unwrap());
            assert_eq!(got.as_deref(), want, "{path}");
        }
    }

    #[test]
    fn bytes_are_escaped_again() {
        assert_eq!(escape("/a b?é+".as_bytes(), Escape::Path), "/a%20b%3F%C3%A9+");
        assert_eq!(escape(b"a b&c+", Escape::Query), "a%20b%26c%2B");
    }
}
