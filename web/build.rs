//! Keeps the relocations in the linked Wasm: the split into parts that are loaded when they are first needed
//! (`web/split.mjs`) reads in them which function needs which.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=--emit-relocs");
}
