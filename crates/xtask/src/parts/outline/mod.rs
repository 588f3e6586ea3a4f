//! Takes stretches of code that did not run at the start out of functions that did, and makes them functions of their own.
//!
//! A stretch is what stands from a place that was not reached to the end of the innermost block around it: what is not
//! reached at its beginning is not reached further on, because code is entered only from above. The new function gets the
//! locals that the stretch uses, and gives back those that it may have changed, values that it leaves on the stack, and
//! which way it was left (falling through, or a branch out of it). Nothing is assumed about what is needed later, so the
//! program does the same with and without.

mod live;
mod region;
mod stretch;
mod write;

use std::collections::BTreeMap;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{CodeSection, Function, FunctionSection, NameMap, NameSection, RawSection, TypeSection};
use wasmparser::{
    FuncType, FuncValidatorAllocations, KnownCustom, Name, Parser, Payload, ValidPayload, Validator,
};

use super::startup::When;
use crate::step::Result;
pub use stretch::{begins_stretch, doomed, shape, stretches};

/// What is known of a function's stretches: when each is needed.
pub type Needs = BTreeMap<u32, Vec<When>>;

/// A module with stretches taken out.
pub struct Outlined {
    /// The module.
    pub bytes: Vec<u8>,
    /// When each new function is needed, from the first of them on.
    pub needs: Vec<When>,
}

/// The types of the module's functions; new ones come at the end.
pub(super) struct Types {
    list: Vec<FuncType>,
    index: BTreeMap<String, u32>,
}

impl Types {
    fn new(list: Vec<FuncType>) -> Types {
        let mut index = BTreeMap::new();
        for (kind, at) in list.iter().zip(0..) {
            index.entry(format!("{kind:?}")).or_insert(at);
        }
        Types { list, index }
    }

    pub(super) fn get(&self, index: u32) -> Option<&FuncType> {
        self.list.get(index as usize)
    }

    pub(super) fn of(
        &mut self,
        params: &[wasmparser::ValType],
        results: &[wasmparser::ValType],
    ) -> Result<u32> {
        let kind = FuncType::new(params.iter().copied(), results.iter().copied());
        let next = u32::try_from(self.list.len())?;
        let index = *self.index.entry(format!("{kind:?}")).or_insert(next);
        if index == next {
            self.list.push(kind);
        }
        Ok(index)
    }
}

/// A function that was made of a stretch.
pub(super) struct Taken {
    pub kind: u32,
    pub code: Function,
    pub when: When,
    pub of: u32,
}

/// Takes out what is not needed before a page moves. `needs` has an entry for each function to be looked at, by index.
///
/// # Errors
/// Where the module is not Wasm as we know it.
pub fn outline(bytes: &[u8], needs: &Needs) -> Result<Outlined> {
    let mut validator = Validator::new_with_features(wasmparser::WasmFeatures::all());
    let mut allocations = FuncValidatorAllocations::default();
    let mut types = Types::new(Vec::new());
    let (mut imported, mut defined) = (0_u32, 0_u32);
    let mut kinds = Vec::new();
    let mut codes = Vec::new();
    let mut taken: Vec<Taken> = Vec::new();
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::TypeSection(section) => {
                let list =
                    section.clone().into_iter_err_on_gc_types().collect::<std::result::Result<_, _>>()?;
                types = Types::new(list);
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::FunctionSection(section) => {
                kinds = section.clone().into_iter().collect::<std::result::Result<Vec<u32>, _>>()?;
                defined = u32::try_from(kinds.len())?;
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for subsection in section {
                        if let Name::Function(map) = subsection? {
                            for naming in map {
                                let naming = naming?;
                                names.insert(naming.index, naming.name.to_owned());
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            let index = function.index;
            let mut checked = function.into_validator(std::mem::take(&mut allocations));
            let regions = match needs.get(&index) {
                Some(needs) => region::find(&body, &mut checked, needs, &types)?,
                None => Vec::new(),
            };
            let mut writer =
                write::Writer { types: &mut types, first: imported + defined, taken: &mut taken, of: index };
            codes.push(writer.function(&body, &regions, &checked)?);
            if regions.is_empty() {
                // Not looked at to its end: what was kept of it is of no use.
                drop(checked);
            } else {
                allocations = checked.into_allocations();
            }
        }
    }
    let mut module = wasm_encoder::Module::new();
    let mut encoder = RoundtripReencoder;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(_) => {
                let mut section = TypeSection::new();
                for kind in &types.list {
                    let kind = encoder.func_type(kind.clone()).map_err(|error| error.to_string())?;
                    section.ty().func_type(&kind);
                }
                module.section(&section);
            }
            Payload::FunctionSection(_) => {
                let mut section = FunctionSection::new();
                for kind in kinds.iter().chain(taken.iter().map(|taken| &taken.kind)) {
                    section.function(*kind);
                }
                module.section(&section);
            }
            Payload::CodeSectionStart { .. } => {
                let mut section = CodeSection::new();
                for code in codes.iter().chain(taken.iter().map(|taken| &taken.code)) {
                    section.function(code);
                }
                module.section(&section);
            }
            Payload::CodeSectionEntry(_) => {}
            Payload::CustomSection(section) if section.name() == "name" => {}
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
    for (taken, index) in taken.iter().zip(imported + defined..) {
        // So that what it refers to is found under the name of the function that it was a part of.
        if let Some(name) = names.get(&taken.of).cloned() {
            names.insert(index, name);
        }
    }
    let mut map = NameMap::new();
    for (index, name) in &names {
        map.append(*index, name);
    }
    let mut section = NameSection::new();
    section.functions(&map);
    module.section(&section);
    Ok(Outlined { bytes: module.finish(), needs: taken.iter().map(|taken| taken.when).collect() })
}
