//! What the division has to know of a Wasm module.

use std::collections::BTreeMap;

use wasmparser::{
    DataKind, ElementItems, ElementKind, FunctionBody, KnownCustom, Name, Operator, Parser, Payload, TypeRef,
};

use crate::step::Result;

/// A function that the module defines.
pub struct Function<'a> {
    /// Its name without hashes: the same in every build.
    pub name: String,
    /// Index of its type.
    pub kind: u32,
    /// Its code.
    pub body: FunctionBody<'a>,
    /// The functions that it names: calls and `ref.func`, by index in the module.
    pub calls: Vec<u32>,
}

/// A module, read once.
pub struct Whole<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// Types of the imported functions; their indexes come first.
    pub imported: Vec<u32>,
    /// The functions it defines.
    pub functions: Vec<Function<'a>>,
    /// Function table: slot -> function. There is one table of functions, and it is the first table of that type.
    pub slots: BTreeMap<u32, u32>,
    /// Index of the function table.
    pub table: u32,
    /// Its size.
    pub table_size: u64,
    /// How many tables and globals there are, imported ones included.
    pub tables: Vec<wasmparser::TableType>,
    /// Types of the globals.
    pub globals: Vec<wasmparser::GlobalType>,
    /// Types of the memories.
    pub memories: Vec<wasmparser::MemoryType>,
    /// The functions that it exports or starts with.
    pub exported: Vec<u32>,
}

impl<'a> Whole<'a> {
    /// Reads a module.
    ///
    /// # Errors
    /// Where it is not Wasm, or has what this does not know (several function tables, table slots that are computed).
    pub fn read(bytes: &'a [u8]) -> Result<Whole<'a>> {
        let mut whole = Whole {
            bytes,
            imported: Vec::new(),
            functions: Vec::new(),
            slots: BTreeMap::new(),
            table: u32::MAX,
            table_size: 0,
            tables: Vec::new(),
            globals: Vec::new(),
            memories: Vec::new(),
            exported: Vec::new(),
        };
        let mut kinds = Vec::new();
        let mut bodies = Vec::new();
        let mut names = BTreeMap::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import?.ty {
                            TypeRef::Func(kind) => whole.imported.push(kind),
                            TypeRef::Table(kind) => whole.tables.push(kind),
                            TypeRef::Memory(kind) => whole.memories.push(kind),
                            TypeRef::Global(kind) => whole.globals.push(kind),
                            other => {
                                return Err(format!("an import that is not understood: {other:?}").into());
                            }
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    kinds = section.into_iter().collect::<std::result::Result<_, _>>()?;
                }
                Payload::TableSection(section) => {
                    for table in section {
                        whole.tables.push(table?.ty);
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        whole.memories.push(memory?);
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        whole.globals.push(global?.ty);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == wasmparser::ExternalKind::Func {
                            whole.exported.push(export.index);
                        }
                    }
                }
                Payload::StartSection { func, .. } => whole.exported.push(func),
                Payload::ElementSection(section) => {
                    for element in section {
                        whole.read_element(element?)?;
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        for subsection in section {
                            if let Name::Function(map) = subsection? {
                                for naming in map {
                                    let naming = naming?;
                                    names.insert(naming.index, naming.name);
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let first = u32::try_from(whole.imported.len())?;
        for (at, (kind, body)) in kinds.into_iter().zip(bodies).enumerate() {
            let index = first + u32::try_from(at)?;
            let mut calls = Vec::new();
            for operator in body.get_operators_reader()? {
                match operator? {
                    Operator::Call { function_index }
                    | Operator::ReturnCall { function_index }
                    | Operator::RefFunc { function_index } => calls.push(function_index),
                    _ => {}
                }
            }
            let name = match names.get(&index) {
                Some(name) => stable(name),
                // What wasm-bindgen adds has no name, and another number in each build: it is known by what it calls.
                None => calls.iter().fold("#".to_owned(), |name, callee| match names.get(callee) {
                    Some(named) if *callee >= first => format!("{name} {}", stable(named)),
                    _ => name + " import",
                }),
            };
            whole.functions.push(Function { name, kind, body, calls });
        }
        whole.table = whole
            .tables
            .iter()
            .position(|table| table.element_type.is_func_ref())
            .and_then(|at| u32::try_from(at).ok())
            .ok_or("there is no function table")?;
        whole.table_size = whole.tables.get(whole.table as usize).map_or(0, |table| table.initial);
        Ok(whole)
    }

    fn read_element(&mut self, element: wasmparser::Element<'a>) -> Result<()> {
        let ElementKind::Active { table_index, offset_expr } = element.kind else { return Ok(()) };
        let ElementItems::Functions(items) = element.items else {
            // The table of JavaScript values, or slots that hold nothing.
            return Ok(());
        };
        if table_index.unwrap_or(0) != 0 {
            return Err("functions in a table that is not the first one".into());
        }
        for (slot, function) in (constant(&offset_expr)?..).zip(items) {
            self.slots.insert(slot, function?);
        }
        Ok(())
    }

    /// What is in memory at the beginning: bytes by address.
    ///
    /// # Errors
    /// Where an address is computed.
    pub fn data(&self) -> Result<BTreeMap<u32, &'a [u8]>> {
        let mut data = BTreeMap::new();
        for payload in Parser::new(0).parse_all(self.bytes) {
            let Payload::DataSection(section) = payload? else { continue };
            for segment in section {
                let segment = segment?;
                let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
                data.insert(constant(&offset_expr)?, segment.data);
            }
        }
        Ok(data)
    }

    /// How many functions are imported: the index of the first that is not.
    pub fn first(&self) -> u32 {
        u32::try_from(self.imported.len()).unwrap_or(u32::MAX)
    }

    /// The defined function of this index; none: it is imported.
    pub fn function(&self, index: u32) -> Option<&Function<'a>> {
        self.functions.get(index.checked_sub(self.first())? as usize)
    }

    /// The index of the type of a function.
    pub fn kind(&self, index: u32) -> Option<u32> {
        self.imported.get(index as usize).copied().or_else(|| Some(self.function(index)?.kind))
    }
}

/// The value of an `i32.const` initialiser.
pub fn constant(expression: &wasmparser::ConstExpr<'_>) -> Result<u32> {
    match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => Ok(value.cast_unsigned()),
        other => Err(format!("an address that is computed: {other:?}").into()),
    }
}

/// A function's name without what changes from build to build: the hashes of the compiler and of wasm-bindgen.
pub fn stable(name: &str) -> String {
    let plain = format!("{:#}", rustc_demangle::demangle(name));
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = from.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let bare = word.strip_prefix('h').unwrap_or(word);
        if bare.len() == 16 && bare.bytes().all(|letter| letter.is_ascii_hexdigit()) {
            out.push('*');
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out.push_str(rest);
    // `::h0123...` and `[0123...]` at the end or inside.
    out.replace("::h*", "").replace("::*", "").replace("[*]", "")
}

#[cfg(test)]
mod tests {
    use super::stable;

    #[test]
    fn names_lose_their_hashes_and_nothing_else() {
        assert_eq!(
            stable("_ZN13opscape_shell7kubectl3get3run17h5e986745db29cfc9E"),
            "opscape_shell::kubectl::get::run"
        );
        assert_eq!(
            stable("opscape_shell::kubectl::get::run::h5e986745db29cfc9"),
            "opscape_shell::kubectl::get::run"
        );
        assert_eq!(stable("core[0123456789abcdef]::fmt::write"), "core::fmt::write");
        assert_eq!(stable("decade::face"), "decade::face");
    }
}
