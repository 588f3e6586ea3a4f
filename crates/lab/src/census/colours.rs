//! The colour of a version. A workload's revisions have the colours of their numbers. Where several workloads of a namespace
//! run one program (stable and canary, blue and green: images of the same repository), their versions are told apart together:
//! what runs the same image in the same way has the same colour, in whichever of them, and another one gets a colour that none
//! of them had before.

use opscape_manifest::api::Pod;

use super::revision::{Version, colour, image_label};
use super::{Census, Revision, Workload};

/// How many colours there are.
const COLOURS: u8 = 6;

impl Census {
    /// Gives the version of a new pod its colour. A revision keeps the one it got first.
    pub(super) fn paint(&self, version: &mut Version, pod: &Pod) {
        let known = self.exact(&version.namespace, &version.workload, version.rollout);
        let known = known.and_then(|workload| workload.revision(version.revision));
        if let Some(known) = known.filter(|known| known.template == version.template) {
            (version.colour, version.program) = (known.colour, known.program);
            return;
        }
        version.program = program(pod);
        if version.revision > 0 && self.workloads.len() > 1 {
            self.tell_apart(version);
        }
    }

    /// The workloads that run the program of an image in a namespace, with their revisions; one of them is asked for.
    fn family<'a>(
        &'a self,
        namespace: &'a str,
        image: &'a str,
        is_own: impl Fn(&Workload) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = &'a Workload> + Clone {
        let program = repository(image);
        let beside = self.workloads.iter().map(AsRef::as_ref);
        beside.filter(move |workload: &&Workload| {
            let mut images = workload.revisions.iter().map(|revision| &revision.image);
            *workload.namespace == *namespace
                && (is_own(workload) || images.any(|image| repository(image) == program))
        })
    }

    /// Looks at the other workloads that run the same program.
    fn tell_apart(&self, version: &mut Version) {
        let (name, rollout) = (version.workload.clone(), version.rollout);
        let is_own = |workload: &Workload| workload.name == name && workload.rollout == rollout;
        let (namespace, image) = (version.namespace.clone(), version.image.clone());
        let family = self.family(&namespace, &image, is_own);
        if family.clone().all(is_own) {
            return;
        }
        let all =
            || family.clone().flat_map(|workload| workload.revisions.iter().map(move |one| (workload, one)));
        // What comes back has its colour again.
        let before = all().find(|(workload, one)| is_own(workload) && one.template == version.template);
        if let Some((_, before)) = before {
            version.colour = before.colour;
            return;
        }
        let mine = |colour: u8| all().any(|(workload, one)| is_own(workload) && one.colour == colour);
        let same = all().find(|(_, one)| one.program == version.program && !mine(one.colour));
        if let Some((_, same)) = same {
            version.colour = same.colour;
            return;
        }
        let first = colour(version.revision);
        let colours = || (0..COLOURS).map(|step| (first - 1 + step) % COLOURS + 1);
        let living = |one: &Revision| one.counts.total() > 0;
        let new = colours().find(|colour| all().all(|(_, one)| one.colour != *colour));
        let free = || colours().find(|colour| all().all(|(_, one)| one.colour != *colour || !living(one)));
        version.colour = new.or_else(free).unwrap_or(first);
    }

    /// What a version is called: `v2` by its revision; where workloads that run one program are told apart together, so that
    /// revision and colour no longer say the same, by the tag of its image.
    pub fn version_name(&self, workload: &Workload, revision: &Revision) -> String {
        let is_own = |other: &Workload| std::ptr::eq(other, workload);
        let mut family = self.family(&workload.namespace, &revision.image, is_own);
        let is_by_image =
            |other: &Workload| other.revisions.iter().any(|one| one.colour != colour(one.number));
        if !family.any(is_by_image) {
            return ["v", &revision.number.to_string()].concat();
        }
        let label = image_label(&revision.image);
        label.rsplit_once(':').map_or(&*label, |(_, tag)| tag).to_owned()
    }
}

/// An image without its tag and digest.
fn repository(image: &str) -> &str {
    let named = image.split('@').next().unwrap_or(image);
    match named.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => named,
    }
}

/// What the first container of a pod runs: a number of its image, command and arguments (FNV-1a).
fn program(pod: &Pod) -> u64 {
    let Some(container) = pod.spec.containers.first() else { return 0 };
    let words = container.command.iter().chain(&container.args).map(|word| &**word);
    let bytes = std::iter::once(&*container.image).chain(words).flat_map(|word| word.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn a_repository_is_an_image_without_tag_and_digest() {
        for (image, wanted) in [
            ("nginx", "nginx"),
            ("nginx:1.27", "nginx"),
            ("shop/web:2.0", "shop/web"),
            ("registry:5000/shop/web", "registry:5000/shop/web"),
            ("registry:5000/shop/web:2.0@sha256:0a1b", "registry:5000/shop/web"),
        ] {
            assert_eq!(repository(image), wanted, "{image}");
        }
    }
}
