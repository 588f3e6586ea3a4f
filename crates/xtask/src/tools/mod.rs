//! What the chores need: looked for first, installed if missing.

pub mod chromium;
pub mod crates;
pub mod npm;
pub mod wasm;

use crate::step::Result;

/// Everything any command needs.
pub fn everything() -> Result<()> {
    wasm::target()?;
    crates::trunk()?;
    crates::wasm_bindgen()?;
    crates::nextest()?;
    npm::packages()?;
    chromium::find_or_install().map(drop)
}

/// What a site build needs.
pub fn for_the_site() -> Result<()> {
    wasm::target()?;
    npm::packages()?;
    crates::trunk()?;
    crates::wasm_bindgen()
}
