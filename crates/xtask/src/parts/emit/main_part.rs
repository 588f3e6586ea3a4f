//! The part that a page begins with.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction,
    MemorySection, Module, StartSection, TableSection, ValType,
};
use wasmparser::{DataKind, Parser, Payload, TypeRef};

use super::{MARK, Numbering, Types, others, said, short};
use crate::parts::data::Cold;
use crate::parts::module::{Whole, constant};
use crate::parts::plan::{Part, Plan};
use crate::step::Result;

/// The name of the function of the page that loads a part.
const LOAD: &str = "!";

/// The main part.
pub(super) fn write(whole: &Whole<'_>, plan: &Plan, cold: &Cold) -> Result<Vec<u8>> {
    let first = whole.first();
    let types = Types::of(whole)?;
    let mut numbering =
        Numbering { whole, plan, part: Part::Main, functions: BTreeMap::new(), guards: BTreeMap::new() };
    numbering.functions.extend((0..first).map(|index| (index, index)));
    // What stands in for a function of another part whose address is known, or that the page calls.
    let size = u32::try_from(whole.table_size)?;
    let exported: BTreeSet<u32> = whole.exported.iter().copied().collect();
    let mut absent: Vec<(Part, u32, u32)> = plan
        .slots
        .iter()
        .filter(|(index, slot)| **slot < size || exported.contains(index))
        .map(|(index, slot)| (plan.of(*index), *slot, *index))
        .filter(|(part, _, _)| *part != Part::Main)
        .collect();
    absent.sort_unstable();
    let mut next = first;
    for (_, _, index) in &absent {
        numbering.functions.insert(*index, next);
        next += 1;
    }
    let loads: BTreeMap<Part, u32> = others().zip(next..).collect();
    next += u32::try_from(loads.len())?;
    for part in others() {
        numbering.guards.insert(part, next);
        next += 1;
    }
    for index in &plan.main {
        numbering.functions.insert(*index, next);
        next += 1;
    }
    let globals = u32::try_from(whole.globals.len())?;
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(whole.bytes) {
        match payload? {
            Payload::TypeSection(_) => _ = module.section(&types.section(&mut numbering)?),
            Payload::ImportSection(section) => {
                let mut imports = ImportSection::new();
                for import in section.into_imports() {
                    let import = import?;
                    let kind = numbering.entity_type(import.ty).map_err(said)?;
                    if !matches!(import.ty, TypeRef::Func(_)) {
                        return Err(format!("{} is imported: only functions may be", import.name).into());
                    }
                    imports.import(import.module, import.name, kind);
                }
                let mut before = None;
                for (part, slot, index) in &absent {
                    let kind = whole.kind(*index).ok_or("a function without a type")?;
                    // Without a name: the slot after the one before. Whoever links reads imports in order.
                    let follows = before == Some((*part, slot.wrapping_sub(1)));
                    let name = if follows { String::new() } else { short(*slot) };
                    imports.import(part.name(), &name, EntityType::Function(kind));
                    before = Some((*part, *slot));
                }
                for part in others() {
                    imports.import(part.name(), LOAD, EntityType::Function(types.load));
                }
                module.section(&imports);
            }
            Payload::FunctionSection(_) => {
                let mut functions = FunctionSection::new();
                for _ in others() {
                    functions.function(types.guard);
                }
                for index in &plan.main {
                    functions.function(whole.kind(*index).ok_or("a function without a type")?);
                }
                module.section(&functions);
            }
            Payload::TableSection(section) => {
                let mut tables = TableSection::new();
                for (at, table) in section.into_iter().enumerate() {
                    let mut kind = numbering.table_type(table?.ty).map_err(said)?;
                    if at == whole.table as usize {
                        kind.minimum += u64::from(plan.added);
                        kind.maximum = kind.maximum.map(|most| most + u64::from(plan.added));
                    }
                    tables.table(kind);
                }
                module.section(&tables);
            }
            Payload::MemorySection(section) => {
                let mut memories = MemorySection::new();
                numbering.parse_memory_section(&mut memories, section).map_err(said)?;
                module.section(&memories);
            }
            Payload::GlobalSection(section) => {
                let mut section_of_globals = GlobalSection::new();
                numbering.parse_global_section(&mut section_of_globals, section).map_err(said)?;
                // For each part, whether it is there.
                for _ in others() {
                    let kind = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
                    section_of_globals.global(kind, &ConstExpr::i32_const(0));
                }
                module.section(&section_of_globals);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                numbering.parse_export_section(&mut exports, section).map_err(said)?;
                for index in 0..globals {
                    exports.export(&format!("{MARK}.g{index}"), ExportKind::Global, index);
                }
                for index in 0..u32::try_from(whole.tables.len())? {
                    exports.export(&format!("{MARK}.t{index}"), ExportKind::Table, index);
                }
                exports.export(&format!("{MARK}.m"), ExportKind::Memory, 0);
                for (part, guard) in &numbering.guards {
                    exports.export(&format!("{MARK}.{}", part.name()), ExportKind::Func, *guard);
                }
                module.section(&exports);
            }
            Payload::StartSection { func, .. } => {
                let function_index = numbering.function_index(func).map_err(said)?;
                module.section(&StartSection { function_index });
            }
            Payload::ElementSection(section) => {
                let mut elements = ElementSection::new();
                numbering.parse_element_section(&mut elements, section).map_err(said)?;
                // What the main part shares: its slots are the last ones.
                let shared: BTreeMap<u32, u32> = plan
                    .slots
                    .iter()
                    .filter(|(index, slot)| **slot >= size && plan.of(**index) == Part::Main)
                    .filter_map(|(index, slot)| Some((*slot, *numbering.functions.get(index)?)))
                    .collect();
                if let Some(start) = shared.keys().next() {
                    let items: Vec<u32> = shared.values().copied().collect();
                    elements.active(
                        None,
                        &ConstExpr::i32_const(start.cast_signed()),
                        Elements::Functions(items.into()),
                    );
                }
                module.section(&elements);
            }
            Payload::CodeSectionStart { .. } => {
                let mut code = CodeSection::new();
                for ((_, load), present) in loads.iter().zip(globals..) {
                    code.function(&guard(*load, present));
                }
                for index in &plan.main {
                    let function = whole.function(*index).ok_or("a function that is not there")?;
                    code.function(&numbering.body(&function.body)?);
                }
                module.section(&code);
            }
            Payload::DataSection(section) => {
                let mut data = DataSection::new();
                for segment in section {
                    let segment = segment?;
                    let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else {
                        return Err("data that is not simply placed in memory".into());
                    };
                    for (at, bytes) in cold.hot(constant(&offset_expr)?, segment.data) {
                        data.active(0, &ConstExpr::i32_const(at.cast_signed()), bytes);
                    }
                }
                module.section(&data);
            }
            _ => {}
        }
    }
    Ok(module.finish())
}

/// Gives back the slot that it is given, once the slot's part is there.
fn guard(load: u32, present: u32) -> Function {
    let mut function = Function::new([]);
    function
        .instruction(&Instruction::GlobalGet(present))
        .instruction(&Instruction::I32Eqz)
        .instruction(&Instruction::If(BlockType::Empty))
        .instruction(&Instruction::LocalGet(0))
        .instruction(&Instruction::Call(load))
        .instruction(&Instruction::I32Const(1))
        .instruction(&Instruction::GlobalSet(present))
        .instruction(&Instruction::End)
        .instruction(&Instruction::LocalGet(0))
        .instruction(&Instruction::End);
    function
}
