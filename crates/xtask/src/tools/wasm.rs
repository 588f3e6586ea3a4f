//! The compiler's wasm32 target.

use std::path::Path;

use crate::process::{command, exists, output, run};
use crate::step::{Result, nothing_to_do, step};

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the wasm32 target to the toolchain in use.
pub fn target() -> Result<()> {
    let sysroot = output(command("rustc").args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        nothing_to_do(&format!("{TARGET}: there"));
        return Ok(());
    }
    if !exists("rustup") {
        return Err(format!("this Rust has no {TARGET} target and there is no rustup to add it").into());
    }
    step(&format!("rustup target add {TARGET}"), || run(command("rustup").args(["target", "add", TARGET])))
}
