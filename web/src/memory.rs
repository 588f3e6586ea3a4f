//! Room for a growing world. The allocator asks the browser for one page of 64 KiB after the other, and each time the
//! browser thinks about its garbage: with 150,000 pods that took a third of the time. So room is asked for ahead.

use std::hint::black_box;

/// Bytes of a page.
const PAGE: usize = 65_536;
/// A program smaller than this, in pages, needs no room ahead: few pages are asked for.
const SMALL: usize = 24 * 16;
/// The most pages that are asked for at once.
const MOST: usize = 64 * 16;

/// How large the memory was when it was looked at last, in pages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room(usize);

impl Room {
    /// Asks for an eighth more if the memory has grown since the last time. What is freed at once stays with the allocator;
    /// no page of it is used until something is written there.
    pub fn ahead(&mut self) {
        let pages = size();
        if pages <= self.0 || pages < SMALL {
            return;
        }
        drop(black_box(Vec::<u8>::with_capacity((pages / 8).min(MOST) * PAGE)));
        self.0 = size();
    }
}

/// The memory's size, in pages.
#[cfg(target_arch = "wasm32")]
fn size() -> usize {
    std::arch::wasm32::memory_size::<0>()
}

/// Elsewhere nothing is asked for ahead.
#[cfg(not(target_arch = "wasm32"))]
fn size() -> usize {
    0
}
