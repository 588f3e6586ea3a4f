//! Writes a part as a module.

use std::collections::BTreeMap;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, ImportSection, Instruction, MemorySection, Module,
    StartSection, TableSection, TypeSection,
};
use wasmparser::{DataKind, Operator, Parser, Payload, TypeRef};

use super::data::Cold;
use super::module::{Whole, constant};
use super::plan::{Part, Plan};
use crate::step::Result;

/// The module from which parts import what the main part exports.
const MAIN: &str = "m";
/// What precedes the names there, so that they are not taken for names of wasm-bindgen.
const MARK: char = '~';

/// A short name for a number.
pub fn short(mut number: u32) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut out = Vec::new();
    loop {
        out.extend(DIGITS.get((number % 36) as usize).map(|digit| char::from(*digit)));
        number /= 36;
        if number == 0 {
            return out.into_iter().rev().collect();
        }
    }
}

/// Renumbers functions and sends calls to other parts through the table.
struct Numbering<'a, 'b> {
    whole: &'a Whole<'b>,
    plan: &'a Plan,
    part: Part,
    functions: BTreeMap<u32, u32>,
}

type Encoded<T> = std::result::Result<T, reencode::Error<String>>;

impl Reencode for Numbering<'_, '_> {
    type Error = String;

    fn function_index(&mut self, function: u32) -> Encoded<u32> {
        self.functions.get(&function).copied().ok_or_else(|| {
            reencode::Error::UserError(format!("function {function} is named where it cannot be reached"))
        })
    }
}

impl Numbering<'_, '_> {
    /// Whether a call from this part has to go through the table.
    fn is_elsewhere(&self, function: u32) -> bool {
        let part = self.plan.of(function);
        part != Part::Main && part != self.part
    }

    fn body(&mut self, body: &wasmparser::FunctionBody<'_>) -> Result<Function> {
        let mut function = self.new_function_with_parsed_locals(body).map_err(said)?;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let operator = reader.read()?;
            match operator {
                Operator::Call { function_index } if self.is_elsewhere(function_index) => {
                    let slot = self.plan.slots.get(&function_index).ok_or("a call without a slot")?;
                    let kind = self.whole.kind(function_index).ok_or("a call of nothing")?;
                    function.instruction(&Instruction::I32Const(slot.cast_signed()));
                    function.instruction(&Instruction::CallIndirect {
                        type_index: kind,
                        table_index: self.whole.table,
                    });
                }
                Operator::MemoryInit { .. } | Operator::DataDrop { .. } => {
                    return Err("data that is copied by hand cannot be divided".into());
                }
                operator => {
                    function.instruction(&self.instruction(operator).map_err(said)?);
                }
            }
        }
        Ok(function)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn said(error: reencode::Error<String>) -> String {
    error.to_string()
}

/// A part as Wasm.
///
/// # Errors
/// Where the module holds what cannot be divided.
pub fn part(whole: &Whole<'_>, plan: &Plan, cold: &Cold, part: Part) -> Result<Vec<u8>> {
    if part == Part::Main { main(whole, plan, cold) } else { other(whole, plan, cold, part) }
}

fn main(whole: &Whole<'_>, plan: &Plan, cold: &Cold) -> Result<Vec<u8>> {
    let first = whole.first();
    let mut numbering = Numbering { whole, plan, part: Part::Main, functions: BTreeMap::new() };
    numbering.functions.extend((0..first).map(|index| (index, index)));
    // What stands in for a function of another part until that is loaded: imported after the others.
    let mut absent: Vec<u32> =
        plan.slots.keys().copied().filter(|index| plan.of(*index) != Part::Main).collect();
    absent.sort_by_key(|index| (plan.of(*index), plan.slots.get(index)));
    let mut next = first;
    for index in &absent {
        numbering.functions.insert(*index, next);
        next += 1;
    }
    for index in (first..).take(whole.functions.len()).filter(|index| plan.of(*index) == Part::Main) {
        numbering.functions.insert(index, next);
        next += 1;
    }
    let mut module = Module::new();
    let kept = whole.functions.iter().zip(first..).filter(|(_, index)| plan.of(*index) == Part::Main);
    let kept = kept.map(|(function, _)| function);
    for payload in Parser::new(0).parse_all(whole.bytes) {
        match payload? {
            Payload::TypeSection(section) => {
                let mut types = TypeSection::new();
                numbering.parse_type_section(&mut types, section).map_err(said)?;
                module.section(&types);
            }
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
                for index in &absent {
                    let kind = whole.kind(*index).ok_or("a function without a type")?;
                    let slot = *plan.slots.get(index).ok_or("a function without a slot")?;
                    let part = plan.of(*index);
                    // Without a name: the slot after the one before. Whoever links reads imports in order.
                    let name = if before == Some((part, slot.wrapping_sub(1))) {
                        String::new()
                    } else {
                        short(slot)
                    };
                    imports.import(part.name(), &name, EntityType::Function(kind));
                    before = Some((part, slot));
                }
                module.section(&imports);
            }
            Payload::FunctionSection(_) => {
                let mut functions = FunctionSection::new();
                for function in kept.clone() {
                    functions.function(function.kind);
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
                let mut globals = GlobalSection::new();
                numbering.parse_global_section(&mut globals, section).map_err(said)?;
                module.section(&globals);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                numbering.parse_export_section(&mut exports, section).map_err(said)?;
                for index in &plan.shared {
                    let function =
                        numbering.functions.get(index).ok_or("a shared function that is not there")?;
                    exports.export(&format!("{MARK}{}", short(*index)), ExportKind::Func, *function);
                }
                for index in 0..u32::try_from(whole.globals.len())? {
                    exports.export(&format!("{MARK}.g{index}"), ExportKind::Global, index);
                }
                for index in 0..u32::try_from(whole.tables.len())? {
                    exports.export(&format!("{MARK}.t{index}"), ExportKind::Table, index);
                }
                exports.export(&format!("{MARK}.m"), ExportKind::Memory, 0);
                module.section(&exports);
            }
            Payload::StartSection { func, .. } => {
                let function_index = numbering.function_index(func).map_err(said)?;
                module.section(&StartSection { function_index });
            }
            Payload::ElementSection(section) => {
                let mut elements = ElementSection::new();
                numbering.parse_element_section(&mut elements, section).map_err(said)?;
                let size = u32::try_from(whole.table_size)?;
                let mut by_slot: Vec<(u32, u32)> = plan
                    .slots
                    .iter()
                    .filter(|(_, slot)| **slot >= size)
                    .map(|(index, slot)| (*slot, *index))
                    .collect();
                by_slot.sort_unstable();
                let indexes: Vec<u32> =
                    by_slot.iter().filter_map(|(_, index)| numbering.functions.get(index).copied()).collect();
                if indexes.len() != by_slot.len() {
                    return Err("a slot of a function that is not there".into());
                }
                elements.active(
                    None,
                    &ConstExpr::i32_const(size.cast_signed()),
                    Elements::Functions(indexes.into()),
                );
                module.section(&elements);
            }
            Payload::CodeSectionStart { .. } => {
                let mut code = CodeSection::new();
                for function in kept.clone() {
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

fn other(whole: &Whole<'_>, plan: &Plan, cold: &Cold, part: Part) -> Result<Vec<u8>> {
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
    let mut numbering = Numbering { whole, plan, part, functions: BTreeMap::new() };
    numbering.functions.extend(wanted.iter().chain(&mine).copied().zip(0..));

    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(whole.bytes) {
        if let Payload::TypeSection(section) = payload? {
            let mut types = TypeSection::new();
            numbering.parse_type_section(&mut types, section).map_err(said)?;
            module.section(&types);
        }
    }
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
        imports.import(MAIN, &format!("{MARK}{}", short(*index)), EntityType::Function(kind));
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
