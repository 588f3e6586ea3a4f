//! The parts that are loaded when they are needed.

use std::collections::BTreeMap;

use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, FunctionSection,
    ImportSection, Module,
};
use wasmparser::{DataKind, Parser, Payload};

use super::{MAIN, MARK, Numbering, Types, others, said, short};
use crate::parts::data::Cold;
use crate::parts::module::{Whole, constant};
use crate::parts::plan::{Part, Plan};
use crate::step::Result;

/// A part that is loaded when it is needed.
pub(super) fn write(whole: &Whole<'_>, plan: &Plan, cold: &Cold, part: Part) -> Result<Vec<u8>> {
    let types = Types::of(whole)?;
    let first = whole.first();
    let mine: Vec<u32> =
        (first..).take(whole.functions.len()).filter(|index| plan.of(*index) == part).collect();
    let mut wanted: Vec<u32> = mine
        .iter()
        .filter_map(|index| whole.function(*index))
        .flat_map(|function| function.calls.iter().copied())
        .filter(|callee| plan.of(*callee) == Part::Main)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut numbering = Numbering { whole, plan, part, functions: BTreeMap::new(), guards: BTreeMap::new() };
    numbering.functions.extend(wanted.iter().copied().zip(0..));
    let mut next = u32::try_from(wanted.len())?;
    for other in others().filter(|other| *other != part) {
        numbering.guards.insert(other, next);
        next += 1;
    }
    numbering.functions.extend(mine.iter().copied().zip(next..));

    let mut module = Module::new();
    module.section(&types.section(&mut numbering)?);
    let mut imports = ImportSection::new();
    for (memory, _) in whole.memories.iter().zip(0..1) {
        let kind = numbering.memory_type(*memory).map_err(said)?;
        imports.import(MAIN, &format!("{MARK}.m"), kind);
    }
    for (table, index) in whole.tables.iter().zip(0_u32..) {
        // As large as at least the whole's was; the main part's is larger.
        let kind = numbering.table_type(*table).map_err(said)?;
        let maximum =
            kind.maximum.map(|most| most + if index == whole.table { u64::from(plan.added) } else { 0 });
        imports.import(MAIN, &format!("{MARK}.t{index}"), wasm_encoder::TableType { maximum, ..kind });
    }
    for (global, index) in whole.globals.iter().zip(0_u32..) {
        let kind = numbering.global_type(*global).map_err(said)?;
        imports.import(MAIN, &format!("{MARK}.g{index}"), kind);
    }
    for index in &wanted {
        let kind = whole.kind(*index).ok_or("a function without a type")?;
        let slot = plan.slots.get(index).ok_or("a shared function without a slot")?;
        imports.import(MAIN, &format!("{MARK}{}", short(*slot)), EntityType::Function(kind));
    }
    for other in numbering.guards.keys() {
        imports.import(MAIN, &format!("{MARK}.{}", other.name()), EntityType::Function(types.guard));
    }
    module.section(&imports);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    for index in &mine {
        let function = whole.function(*index).ok_or("a function that is not there")?;
        functions.function(function.kind);
        code.function(&numbering.body(&function.body)?);
    }
    module.section(&functions);
    module.section(&slots(whole, plan, &numbering)?);
    module.section(&code);
    let mut data = DataSection::new();
    for payload in Parser::new(0).parse_all(whole.bytes) {
        let Payload::DataSection(section) = payload? else { continue };
        for segment in section {
            let segment = segment?;
            let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
            for (at, bytes) in cold.of(part, constant(&offset_expr)?, segment.data) {
                data.active(0, &ConstExpr::i32_const(at.cast_signed()), bytes.iter().copied());
            }
        }
    }
    module.section(&data);
    Ok(module.finish())
}

/// The slots that a part fills.
fn slots(whole: &Whole<'_>, plan: &Plan, numbering: &Numbering<'_, '_>) -> Result<ElementSection> {
    let mut filled: BTreeMap<u32, u32> = BTreeMap::new();
    let added = plan.slots.iter().map(|(function, slot)| (*slot, *function));
    for (slot, function) in whole.slots.iter().map(|(slot, function)| (*slot, *function)).chain(added) {
        if plan.of(function) == numbering.part {
            let index = numbering.functions.get(&function).ok_or("a slot of a function that is not there")?;
            filled.insert(slot, *index);
        }
    }
    let mut elements = ElementSection::new();
    let mut run: Vec<u32> = Vec::new();
    let mut start = 0;
    let mut write = |start: u32, run: &mut Vec<u32>| {
        if !run.is_empty() {
            let items = Elements::Functions(std::mem::take(run).into());
            elements.active(Some(whole.table), &ConstExpr::i32_const(start.cast_signed()), items);
        }
    };
    for (slot, index) in filled {
        if start + u32::try_from(run.len())? != slot {
            write(start, &mut run);
            start = slot;
        }
        run.push(index);
    }
    write(start, &mut run);
    Ok(elements)
}
