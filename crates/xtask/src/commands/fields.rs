//! `cargo xtask fields`: the tables of Kubernetes API fields.

use crate::process;
use crate::project;
use crate::step::{Result, step};

/// Writes `crates/manifest/src/schema/fields.txt` and `static/fields/` anew from the official schemas.
///
/// The generator is a workspace of its own, since the schemas' crate is large and only needed here.
pub fn run() -> Result<()> {
    step("fields.txt and static/fields from the Kubernetes schemas", || {
        process::run(
            process::cargo()
                .args([
                    "run",
                    "--quiet",
                    "--locked",
                    "--release",
                    "--manifest-path",
                    "crates/xtask/fields/Cargo.toml",
                ])
                .args(["--", "crates/manifest/src/schema/fields.txt", "static/fields"])
                .env("CARGO_TARGET_DIR", project::target().join("fields")),
        )
    })
}
