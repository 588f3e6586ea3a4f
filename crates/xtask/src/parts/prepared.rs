//! What wasm-bindgen wrote, made ready to be shrunk and divided.

use std::fmt::Write as _;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ExportSection, ImportSection, Module, RawSection};
use wasmparser::{ExportSectionReader, ImportSectionReader, Parser, Payload};

use super::emit::short;
use crate::step::Result;

/// The module from which everything is imported.
const FROM: &str = "w";

/// New names of imports and exports.
#[derive(Default)]
struct Names {
    count: u32,
    /// A line for each: the old name and the new one.
    text: String,
}

impl Names {
    fn rename(&mut self, mark: &str, name: &str) -> String {
        let new = format!("{mark}{}", short(self.count));
        self.count += 1;
        let _ = writeln!(self.text, "{name} {new}");
        new
    }
}

/// A program without the linker's notes (other programs do not know them) and with short names for what it imports and for
/// the closures that it exports; and these names: a line for each with the old and the new one. wasm-bindgen's names are long
/// and carry hashes, and stand in its script once more. What begins with `_` is an export.
///
/// # Errors
/// Where it is not Wasm.
pub fn prepared(bytes: &[u8]) -> Result<(Vec<u8>, String)> {
    let mut module = Module::new();
    let mut names = Names::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::CustomSection(section)
                if section.name() == "linking" || section.name().starts_with("reloc.") => {}
            Payload::ImportSection(section) => _ = module.section(&imports(section.clone(), &mut names)?),
            Payload::ExportSection(section) => _ = module.section(&exports(section.clone(), &mut names)?),
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    let data = bytes
                        .get(range.start as usize..range.end as usize)
                        .ok_or("a section that ends too early")?;
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok((module.finish(), names.text))
}

fn imports(section: ImportSectionReader<'_>, names: &mut Names) -> Result<ImportSection> {
    let mut imports = ImportSection::new();
    for import in section.into_imports() {
        let import = import?;
        let kind = RoundtripReencoder.entity_type(import.ty).map_err(|error| error.to_string())?;
        imports.import(FROM, &names.rename("", import.name), kind);
    }
    Ok(imports)
}

fn exports(section: ExportSectionReader<'_>, names: &mut Names) -> Result<ExportSection> {
    let mut exports = ExportSection::new();
    for export in section {
        let export = export?;
        let kind = RoundtripReencoder.export_kind(export.kind).map_err(|error| error.to_string())?;
        if export.name.starts_with("wasm_bindgen_") {
            exports.export(&names.rename("_", export.name), kind, export.index);
        } else {
            exports.export(export.name, kind, export.index);
        }
    }
    Ok(exports)
}
