//! Writes a part as a module.
//!
//! A call to another part goes through a slot of the function table. Before it, a function of the main part (`guard`) sees to
//! it that the part is there. Functions whose address is taken may be called by whoever has the address: their slots hold
//! functions that the page makes up until the part is there. What the main part shares with others they find in the table,
//! too, because a slot takes less room than an export.

mod main_part;
mod other_part;

use std::collections::BTreeMap;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{Function, Instruction};
use wasmparser::{FuncType, Operator, Parser, Payload, ValType};

use super::data::Cold;
use super::module::Whole;
use super::plan::{Part, Plan};
use crate::step::Result;

/// The module from which parts import what the main part has.
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

/// A part as Wasm.
///
/// # Errors
/// Where the module holds what cannot be divided.
pub fn part(whole: &Whole<'_>, plan: &Plan, cold: &Cold, part: Part) -> Result<Vec<u8>> {
    if part == Part::Main {
        main_part::write(whole, plan, cold)
    } else {
        other_part::write(whole, plan, cold, part)
    }
}

/// The parts that are loaded later.
fn others() -> impl Iterator<Item = Part> {
    Part::ALL.into_iter().filter(|part| *part != Part::Main)
}

/// Renumbers functions and sends calls to other parts through the table.
struct Numbering<'a, 'b> {
    whole: &'a Whole<'b>,
    plan: &'a Plan,
    part: Part,
    functions: BTreeMap<u32, u32>,
    guards: BTreeMap<Part, u32>,
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
                    let guard =
                        self.guards.get(&self.plan.of(function_index)).ok_or("a part without a guard")?;
                    function.instruction(&Instruction::I32Const(slot.cast_signed()));
                    function.instruction(&Instruction::Call(*guard));
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

/// The types of a module, and where those that the guards need are: `(i32) -> ()` and `(i32) -> i32`. They are added where
/// the program has none.
struct Types {
    list: Vec<FuncType>,
    load: u32,
    guard: u32,
}

impl Types {
    fn of(whole: &Whole<'_>) -> Result<Types> {
        let mut list: Vec<FuncType> = Vec::new();
        for payload in Parser::new(0).parse_all(whole.bytes) {
            if let Payload::TypeSection(section) = payload? {
                list = section.into_iter_err_on_gc_types().collect::<std::result::Result<_, _>>()?;
            }
        }
        let mut find = |results: &[ValType]| -> Result<u32> {
            let wanted = FuncType::new([ValType::I32], results.iter().copied());
            let at = list.iter().position(|kind| *kind == wanted).unwrap_or_else(|| {
                list.push(wanted);
                list.len() - 1
            });
            Ok(u32::try_from(at)?)
        };
        let (load, guard) = (find(&[])?, find(&[ValType::I32])?);
        Ok(Types { list, load, guard })
    }

    fn section(&self, numbering: &mut Numbering<'_, '_>) -> Result<wasm_encoder::TypeSection> {
        let mut section = wasm_encoder::TypeSection::new();
        for kind in &self.list {
            let kind = numbering.func_type(kind.clone()).map_err(said)?;
            section.ty().func_type(&kind);
        }
        Ok(section)
    }
}
