//! What all objects share: metadata, owner references, label selectors, times, uids, int-or-string.
//! Field names and meanings: k8s.io/apimachinery/pkg/apis/meta/v1, Kubernetes v1.36.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::codec::fields;

/// A shared text. Names, labels and messages are copied often and changed never.
pub type Str = Arc<str>;

/// The order of two names: that of `str`, but eight bytes at a time. In Wasm `str` is compared byte by byte, and names begin
/// alike.
#[inline]
pub fn name_order(one: &str, other: &str) -> Ordering {
    if std::ptr::eq(one, other) {
        return Ordering::Equal;
    }
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let (Some((first, rest)), Some((second, others))) =
        (one.split_first_chunk::<8>(), other.split_first_chunk::<8>())
    {
        if first != second {
            return u64::from_be_bytes(*first).cmp(&u64::from_be_bytes(*second));
        }
        (one, other) = (rest, others);
    }
    one.cmp(other)
}

/// Labels or annotations. Shared, because all pods of a ReplicaSet carry the same ones.
pub type StrMap = Arc<BTreeMap<Str, Str>>;

/// `metadata` of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectMeta {
    /// Unique within the namespace and kind; a DNS subdomain or label.
    pub name: Str,
    /// Prefix for a generated name.
    pub generate_name: Option<Str>,
    /// Empty for cluster-scoped objects.
    pub namespace: Str,
    /// Identity over time: a deleted and recreated object has another.
    pub uid: Uid,
    /// The store's counter at the last write of this object. 0: never stored.
    pub resource_version: u64,
    /// Grows by one with each change of the spec.
    pub generation: i64,
    /// When the object was stored.
    pub creation_timestamp: Option<Timestamp>,
    /// When the object will be (or should have been) gone; set by a graceful delete.
    pub deletion_timestamp: Option<Timestamp>,
    /// Seconds between the delete and `deletion_timestamp`.
    pub deletion_grace_period_seconds: Option<i64>,
    /// Identifying attributes, matched by selectors.
    pub labels: StrMap,
    /// Other attributes.
    pub annotations: StrMap,
    /// The objects this one depends on; at most one is the controller.
    pub owner_references: Vec<OwnerReference>,
    /// The object stays until this list is empty.
    pub finalizers: Vec<Str>,
}

fields! {
    ObjectMeta:
    name "name",
    generate_name "generateName",
    namespace "namespace",
    uid "uid",
    resource_version "resourceVersion",
    generation "generation",
    creation_timestamp "creationTimestamp",
    deletion_timestamp "deletionTimestamp",
    deletion_grace_period_seconds "deletionGracePeriodSeconds",
    labels "labels",
    annotations "annotations",
    owner_references "ownerReferences",
    finalizers "finalizers",
}

impl ObjectMeta {
    /// The owner that manages this object, if it has one.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(AsRef::as_ref)
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(AsRef::as_ref)
    }

    /// Sets an annotation; says whether that changed anything.
    pub fn set_annotation(&mut self, key: &str, value: &str) -> bool {
        if self.annotation(key) == Some(value) {
            return false;
        }
        Arc::make_mut(&mut self.annotations).insert(key.into(), value.into());
        true
    }

    /// Sets a label; says whether that changed anything.
    pub fn set_label(&mut self, key: &str, value: &str) -> bool {
        if self.label(key) == Some(value) {
            return false;
        }
        Arc::make_mut(&mut self.labels).insert(key.into(), value.into());
        true
    }
}

/// An entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnerReference {
    /// For example `apps/v1`.
    pub api_version: Str,
    /// For example `ReplicaSet`.
    pub kind: Str,
    /// Name of the owner, in the same namespace or cluster-scoped.
    pub name: Str,
    /// The owner's uid: a recreated namesake is not the owner.
    pub uid: Uid,
    /// Whether the owner manages the object.
    pub controller: Option<bool>,
    /// Whether foreground deletion of the owner waits for the object.
    pub block_owner_deletion: Option<bool>,
}

fields! {
    OwnerReference:
    api_version "!apiVersion",
    kind "!kind",
    name "!name",
    uid "uid",
    controller "controller",
    block_owner_deletion "blockOwnerDeletion",
}

/// A label selector: all of `match_labels` and all of `match_expressions`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelector {
    /// Each must be equal.
    pub match_labels: BTreeMap<Str, Str>,
    /// Each must hold.
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

fields! {
    LabelSelector:
    match_labels "matchLabels",
    match_expressions "matchExpressions",
}

impl LabelSelector {
    /// Whether labels meet it; an empty one is met by all (`metav1.LabelSelectorAsSelector`).
    pub fn matches(&self, labels: &BTreeMap<Str, Str>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| {
                let value = labels.get(&requirement.key);
                match &*requirement.operator {
                    "In" => value.is_some_and(|value| requirement.values.contains(value)),
                    "NotIn" => value.is_none_or(|value| !requirement.values.contains(value)),
                    "Exists" => value.is_some(),
                    "DoesNotExist" => value.is_none(),
                    _ => false,
                }
            })
    }
}

/// One requirement of a selector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelectorRequirement {
    /// The label.
    pub key: Str,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist` (node selectors also `Gt`, `Lt`).
    pub operator: Str,
    /// Empty for `Exists` and `DoesNotExist`.
    pub values: Vec<Str>,
}

fields! {
    LabelSelectorRequirement:
    key "!key",
    operator "!operator",
    values "values",
}

/// An object's identity, given by the store in order of creation. Printed as a UUID that holds the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uid(pub u64);

impl Uid {
    // Odd, so that multiplication modulo 2^48 can be undone.
    const SPREAD: u64 = 0x5851_F42D_4C95;
    const MASK: u64 = (1 << 48) - 1;

    /// Whether the object was never stored.
    pub fn is_unset(&self) -> bool {
        self.0 == 0
    }

    /// The number in a UUID that `Display` wrote.
    pub fn parse(text: &str) -> Option<Uid> {
        let tail = text.get(text.len().checked_sub(12)?..)?;
        let spread = u64::from_str_radix(tail, 16).ok()?;
        let mut inverse: u64 = 1; // Newton's iteration doubles the number of right bits
        for _ in 0..6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(Self::SPREAD.wrapping_mul(inverse)));
        }
        let uid = Uid(spread.wrapping_mul(inverse) & Self::MASK);
        (uid.to_string() == text).then_some(uid)
    }
}

impl From<Uid> for u64 {
    fn from(uid: Uid) -> u64 {
        uid.0
    }
}

impl From<u64> for Uid {
    fn from(number: u64) -> Uid {
        Uid(number)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mix = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix = (mix ^ (mix >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mix = (mix ^ (mix >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mix ^= mix >> 31;
        write!(
            out,
            "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
            mix >> 32,
            (mix >> 16) & 0xFFFF,
            (mix >> 4) & 0xFFF,
            8 + (mix & 3),
            (mix >> 52) & 0xFFF,
            self.0.wrapping_mul(Self::SPREAD) & Self::MASK
        )
    }
}

/// An instant in whole seconds since 1970-01-01 UTC, as `metav1.Time` keeps it. Printed as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// An instant in microseconds since 1970-01-01 UTC (`metav1.MicroTime`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MicroTime(pub i64);

/// (year, month, day, hour, minute, second) of a Unix time in seconds, proleptic Gregorian.
pub fn civil(seconds: i64) -> (i64, u32, u32, u32, u32, u32) {
    // Howard Hinnant's days-to-civil.
    let days = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32, (second / 3600) as u32, (second / 60 % 60) as u32, (second % 60) as u32)
}

/// Unix seconds of a UTC date and time.
pub fn unix_seconds(year: i64, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> i64 {
    let (m, d) = (i64::from(month), i64::from(day));
    let y = year - i64::from(m <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    (era * 146_097 + doe - 719_468) * 86_400
        + i64::from(hour) * 3600
        + i64::from(minute) * 60
        + i64::from(second)
}

/// Microseconds since 1970 of an RFC 3339 text with `Z` or a numeric offset.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let mark = |at: usize, want: &[u8]| text.as_bytes().get(at).is_some_and(|byte| want.contains(byte));
    if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":") && mark(16, b":")) {
        return None;
    }
    let (month, day, hour, minute, second) =
        (number(5, 7)?, number(8, 10)?, number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let mut scale = 100_000;
        for digit in fraction.bytes().take(digits) {
            micros += i64::from(digit - b'0') * scale;
            scale /= 10;
        }
        rest = fraction.get(digits..)?;
    }
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = match rest.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            let hours: i64 = rest.get(1..3)?.parse().ok()?;
            let minutes: i64 = rest.get(4..6)?.parse().ok()?;
            sign * (hours * 3600 + minutes * 60)
        }
    };
    let seconds = unix_seconds(i64::from(number(0, 4)?), month, day, hour, minute, second) - offset;
    Some(seconds * 1_000_000 + micros)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second) = civil(self.0);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Display for MicroTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second) = civil(self.0.div_euclid(1_000_000));
        let micros = self.0.rem_euclid(1_000_000);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// A number or a text, as in `maxSurge: 1` and `maxSurge: 25%`, `targetPort: 80` and `targetPort: http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntOrString {
    /// An absolute number.
    Int(i32),
    /// A percentage or a name.
    String(Str),
}

impl Default for IntOrString {
    fn default() -> Self {
        IntOrString::Int(0)
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(int) => write!(out, "{int}"),
            IntOrString::String(text) => out.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn names_are_in_the_order_of_texts(one in "[a-c한]{0,20}", other in "[a-c한]{0,20}", prefix in "[a-z]{0,20}") {
            let (one, other) = ([&*prefix, &*one].concat(), [&*prefix, &*other].concat());
            proptest::prop_assert_eq!(name_order(&one, &other), one.cmp(&other));
        }
    }

    #[test]
    fn uids_print_as_uuids_and_come_back() {
        for id in [1, 2, 77, 1_000_000, (1 << 48) - 1] {
            let text = Uid(id).to_string();
            assert_eq!(text.len(), 36, "{text}");
            assert_eq!(Uid::parse(&text), Some(Uid(id)));
        }
        assert_eq!(Uid::parse("04392734-8557-4ccb-9466-1b0a5a849a14"), None);
        assert_eq!(Uid::parse("한글"), None);
    }

    #[test]
    fn times_print_as_rfc_3339_and_come_back() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-21T01:11:53Z", "2024-02-29T23:59:59Z"] {
            let micros = parse_rfc3339(text).unwrap();
            assert_eq!(Timestamp(micros / 1_000_000).to_string(), text);
        }
        assert_eq!(
            MicroTime(parse_rfc3339("2026-11-21T01:11:53.894Z").unwrap()).to_string(),
            "2026-11-21T01:11:53.894000Z"
        );
        assert_eq!(parse_rfc3339("2026-11-21T10:11:53+09:00"), parse_rfc3339("2026-11-21T01:11:53Z"));
        assert_eq!(parse_rfc3339("2026-13-21T01:11:53Z"), None);
        assert_eq!(parse_rfc3339("어제"), None);
    }
}
