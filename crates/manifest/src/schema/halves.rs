//! The table of the official schemas in two halves: the types that everyday documents are made of, and all others. A page
//! then loads the second half when it is first needed.

#![allow(clippy::indexing_slicing, reason = "the halves are made by the compiler, which checks each index")]

const FIELDS: &[u8] = include_bytes!("fields.txt");

/// The types of the first half.
const EVERYDAY: &[&[u8]] = &[
    b"Capabilities",
    b"ConfigMap",
    b"Container",
    b"ContainerPort",
    b"Deployment",
    b"DeploymentSpec",
    b"DeploymentStrategy",
    b"EnvVar",
    b"ExecAction",
    b"HTTPGetAction",
    b"LabelSelector",
    b"Lifecycle",
    b"LifecycleHandler",
    b"Namespace",
    b"Node",
    b"NodeSpec",
    b"NodeStatus",
    b"ObjectMeta",
    b"Pod",
    b"PodSpec",
    b"PodTemplateSpec",
    b"Probe",
    b"ResourceRequirements",
    b"RollingUpdateDeployment",
    b"Service",
    b"ServicePort",
    b"ServiceSpec",
    b"Toleration",
];

/// Where the section that begins at `from` ends: sections begin with `= TYPE`; the head of the table is one as well.
const fn section_end(from: usize) -> usize {
    let mut at = from + 1;
    while at < FIELDS.len() && !(FIELDS[at] == b'=' && FIELDS[at - 1] == b'\n') {
        at += 1;
    }
    at
}

/// Whether a section belongs to the first half.
const fn is_everyday(from: usize) -> bool {
    if FIELDS[from] != b'=' {
        return true;
    }
    let mut index = 0;
    while index < EVERYDAY.len() {
        let name = EVERYDAY[index];
        let mut at = 0;
        while at < name.len() && FIELDS[from + 2 + at] == name[at] {
            at += 1;
        }
        if at == name.len() && FIELDS[from + 2 + at] == b' ' {
            return true;
        }
        index += 1;
    }
    false
}

/// The length of a half; comments are in neither.
const fn length(everyday: bool) -> usize {
    let (mut from, mut length) = (0, 0);
    while from < FIELDS.len() {
        let end = section_end(from);
        if is_everyday(from) == everyday {
            length += end - from;
        }
        from = end;
    }
    length
}

const fn half<const N: usize>(everyday: bool) -> [u8; N] {
    let mut out = [0; N];
    let (mut from, mut to) = (0, 0);
    while from < FIELDS.len() {
        let end = section_end(from);
        if is_everyday(from) == everyday {
            while from < end {
                out[to] = FIELDS[from];
                from += 1;
                to += 1;
            }
        }
        from = end;
    }
    out
}

static FIRST: [u8; length(true)] = half(true);
static SECOND: [u8; length(false)] = half(false);

/// The head of the table and the types of everyday documents.
pub(super) fn everyday() -> &'static str {
    std::str::from_utf8(&FIRST).unwrap_or_default()
}

/// All other types, without a head.
#[cold]
#[inline(never)]
pub(super) fn others() -> &'static str {
    std::str::from_utf8(&SECOND).unwrap_or_default()
}
