//! Where kubelets may differ: how much they tell, and how a test's pretended kubelet simplifies.

use std::time::Duration;

/// How kubelets act. The default is how the real ones do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one way in which kubelets differ")]
pub struct Style {
    /// Events are written while there are at most so many pods; 0: none.
    pub events_up_to: usize,
    /// From `ErrImagePull` to `ImagePullBackOff`.
    pub image_back_off_after: Duration,
    /// From one failed pull to the next try; none: 10 s, doubled up to 5 min, and the time a kubelet takes to look.
    pub pull_again_after: Option<Duration>,
    /// Whether a container is restarted at once when it ends for the first time. If not, that restart waits, too.
    pub first_restart_at_once: bool,
    /// Whether a container that ended is reported as terminated before it waits for its restart.
    pub reports_ends: bool,
    /// Whether containers that do not run yet take as long to stop as those that run, and end well.
    pub stops_what_never_ran: bool,
    /// Whether it does all that a kubelet does: starts the containers of a pod in turn and heeds deadlines.
    pub thorough: bool,
    /// Whether ids of containers and images are hashes of the image's name (FNV-1), not of what they really are.
    pub ids_by_image: bool,
}

impl Default for Style {
    fn default() -> Self {
        Style {
            events_up_to: 20_000,
            image_back_off_after: Duration::from_secs(12),
            pull_again_after: None,
            first_restart_at_once: true,
            reports_ends: true,
            stops_what_never_ran: false,
            thorough: true,
            ids_by_image: false,
        }
    }
}

impl Style {
    /// The kubelet that was pretended while the control plane's recordings were made: fixed delays, no Events.
    pub fn pretended() -> Self {
        Style {
            events_up_to: 0,
            image_back_off_after: Duration::from_secs(10),
            pull_again_after: Some(Duration::from_secs(18)),
            first_restart_at_once: false,
            reports_ends: false,
            stops_what_never_ran: true,
            thorough: false,
            ids_by_image: true,
        }
    }
}

/// The 64-bit FNV-1 hash of a name; the pretended kubelet takes that of an image for ids.
pub(super) fn hash_of_name(image: &str) -> u64 {
    image.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        hash.wrapping_mul(0x0000_0100_0000_01B3) ^ u64::from(byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_recordings() {
        assert_eq!(format!("{:x}", hash_of_name("nginx:1")), "877b53998ca8e350");
    }
}
