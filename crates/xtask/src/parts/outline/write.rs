//! Writes a function without its regions, and the regions as functions.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Function, Instruction};
use wasmparser::{FuncValidator, FunctionBody, Operator, ValType, ValidatorResources};

use super::region::{Label, Region};
use super::{Taken, Types};
use crate::step::Result;

/// Where what is taken out goes.
pub struct Writer<'a> {
    pub types: &'a mut Types,
    /// Index of the first function that is new.
    pub first: u32,
    pub taken: &'a mut Vec<Taken>,
    /// The function that is being written.
    pub of: u32,
}

/// The locals of a region.
struct Handed<'a> {
    taken: &'a [(u32, ValType)],
    given: &'a [(u32, ValType)],
    own: &'a [(u32, ValType)],
}

/// Locals that carry what a region leaves on the stack, shared by its ways out.
struct Carry {
    kinds: Vec<ValType>,
    /// Which of them each way out uses, in the order of its values; the first is falling through.
    through: Vec<usize>,
    exits: BTreeMap<Label, Vec<usize>>,
}

impl Carry {
    fn of(region: &Region) -> Carry {
        let mut carry = Carry { kinds: Vec::new(), through: Vec::new(), exits: BTreeMap::new() };
        carry.through = carry.place(region.through.as_deref().unwrap_or_default());
        for (label, values) in &region.exits {
            let places = carry.place(values);
            carry.exits.insert(*label, places);
        }
        carry
    }

    fn place(&mut self, values: &[ValType]) -> Vec<usize> {
        let mut free = vec![true; self.kinds.len()];
        let mut out = Vec::new();
        for value in values {
            let found = (0..self.kinds.len())
                .find(|at| self.kinds.get(*at) == Some(value) && free.get(*at).copied().unwrap_or(false));
            let at = found.unwrap_or_else(|| {
                self.kinds.push(*value);
                free.push(true);
                self.kinds.len() - 1
            });
            if let Some(free) = free.get_mut(at) {
                *free = false;
            }
            out.push(at);
        }
        out
    }
}

/// How many ways there are out of a region: with several, a number says which it was.
fn ways(region: &Region) -> usize {
    region.exits.len() + usize::from(region.through.is_some())
}

fn encoded(kind: ValType) -> Result<wasm_encoder::ValType> {
    RoundtripReencoder.val_type(kind).map_err(|error| error.to_string().into())
}

impl Writer<'_> {
    /// The function with calls in the place of its regions.
    pub fn function(
        &mut self,
        body: &FunctionBody<'_>,
        regions: &[Region],
        checked: &FuncValidator<ValidatorResources>,
    ) -> Result<Function> {
        let mut locals = Vec::new();
        for group in body.get_locals_reader()? {
            let (count, kind) = group?;
            locals.push((count, encoded(kind)?));
        }
        let mut next = if regions.is_empty() { 0 } else { checked.len_locals() };
        // Locals that all regions share for what comes back besides locals.
        let mut carried: Vec<Vec<u32>> = Vec::new();
        let mut pool: Vec<(ValType, u32)> = Vec::new();
        for region in regions {
            let carry = Carry::of(region);
            let mut taken = vec![false; pool.len()];
            let mut mine = Vec::new();
            for kind in carry.kinds.iter().copied().chain((ways(region) > 1).then_some(ValType::I32)) {
                let free = pool.iter().zip(&taken).position(|((other, _), taken)| *other == kind && !taken);
                let at = if let Some(at) = free {
                    at
                } else {
                    pool.push((kind, next));
                    taken.push(false);
                    locals.push((1, encoded(kind)?));
                    next += 1;
                    pool.len() - 1
                };
                if let (Some(taken), Some((_, local))) = (taken.get_mut(at), pool.get(at)) {
                    *taken = true;
                    mine.push(*local);
                }
            }
            carried.push(mine);
        }
        let mut out = Function::new(locals);
        let mut regions = regions.iter().zip(carried).peekable();
        let mut reader = body.get_operators_reader()?;
        let mut at = 0;
        while !reader.eof() {
            if let Some((region, mine)) = regions.next_if(|(region, _)| region.range.start == at) {
                let mut inside = Vec::new();
                while at < region.range.end {
                    inside.push(reader.read()?);
                    at += 1;
                }
                self.call(&mut out, region, &mine, &inside, checked)?;
                continue;
            }
            let operator = reader.read()?;
            out.instruction(&RoundtripReencoder.instruction(operator).map_err(|error| error.to_string())?);
            at += 1;
        }
        Ok(out)
    }

    /// Makes the region a function, and writes the call and what follows from it.
    fn call(
        &mut self,
        out: &mut Function,
        region: &Region,
        mine: &[u32],
        inside: &[Operator<'_>],
        checked: &FuncValidator<ValidatorResources>,
    ) -> Result<()> {
        let carry = Carry::of(region);
        let kind_of = |local: u32| checked.get_local_type(local).ok_or("a local without a type");
        // In the order of their types, so that there are few types of functions.
        let sorted = |locals: &BTreeSet<u32>| -> Result<Vec<(u32, ValType)>> {
            let mut out = Vec::new();
            for local in locals {
                out.push((format!("{:?}", kind_of(*local)?), *local, kind_of(*local)?));
            }
            out.sort();
            Ok(out.into_iter().map(|(_, local, kind)| (local, kind)).collect())
        };
        let taken = sorted(&region.taken)?;
        let given = sorted(&region.given)?;
        // Those that it only uses for itself.
        let own = sorted(&region.used.difference(&region.taken).copied().collect())?;
        let params: Vec<ValType> = taken.iter().map(|(_, kind)| *kind).collect();
        let several = ways(region) > 1;
        let mut results: Vec<ValType> = given.iter().map(|(_, kind)| *kind).collect();
        results.extend(carry.kinds.iter().copied());
        results.extend(several.then_some(ValType::I32));
        let kind = self.types.of(&params, &results)?;
        let code = self.code(region, &carry, &Handed { taken: &taken, given: &given, own: &own }, inside)?;
        let index = self.first + u32::try_from(self.taken.len())?;
        self.taken.push(Taken { kind, code, when: region.when, of: self.of });

        for (local, _) in &taken {
            out.instruction(&Instruction::LocalGet(*local));
        }
        out.instruction(&Instruction::Call(index));
        for local in mine.iter().rev() {
            out.instruction(&Instruction::LocalSet(*local));
        }
        for (local, _) in given.iter().rev() {
            out.instruction(&Instruction::LocalSet(*local));
        }
        let way = mine.get(carry.kinds.len()).copied();
        let push = |out: &mut Function, places: &[usize]| {
            for local in places.iter().filter_map(|place| mine.get(*place)) {
                out.instruction(&Instruction::LocalGet(*local));
            }
        };
        let last = region.exits.len();
        for (number, (label, places)) in (1_i32..).zip(&carry.exits) {
            // The last way needs no question if falling through is none.
            let asks = region.through.is_some() || (number as usize) < last;
            if asks {
                out.instruction(&Instruction::LocalGet(way.ok_or("a way without a number")?));
                out.instruction(&Instruction::I32Const(number));
                out.instruction(&Instruction::I32Eq);
                out.instruction(&Instruction::If(BlockType::Empty));
            }
            push(out, places);
            match label {
                None => out.instruction(&Instruction::Return),
                Some(label) => out.instruction(&Instruction::Br(label + u32::from(asks))),
            };
            if asks {
                out.instruction(&Instruction::End);
            }
        }
        if region.through.is_some() {
            push(out, &carry.through);
        } else if region.exits.is_empty() {
            // It ends the program.
            out.instruction(&Instruction::Unreachable);
        }
        Ok(())
    }

    /// The region as a function: each way out is a block around it, the innermost for falling through.
    fn code(
        &mut self,
        region: &Region,
        carry: &Carry,
        handed: &Handed<'_>,
        inside: &[Operator<'_>],
    ) -> Result<Function> {
        let several = ways(region) > 1;
        let mut locals = Vec::new();
        for (_, kind) in handed.own {
            locals.push((1, encoded(*kind)?));
        }
        let places: BTreeMap<u32, u32> =
            handed.taken.iter().chain(handed.own).map(|(local, _)| *local).zip(0..).collect();
        let places = &places;
        let params = u32::try_from(places.len())?;
        for kind in carry.kinds.iter().copied().chain(several.then_some(ValType::I32)) {
            locals.push((1, encoded(kind)?));
        }
        let way = params + u32::try_from(carry.kinds.len())?;
        let mut out = Function::new(locals);
        out.instruction(&Instruction::Block(BlockType::Empty));
        for values in region.exits.values().rev() {
            out.instruction(&Instruction::Block(self.block(values)?));
        }
        let through = region.through.clone().unwrap_or_default();
        out.instruction(&Instruction::Block(self.block(&through)?));
        let exits: BTreeMap<Label, u32> = region.exits.keys().copied().zip(1..).collect();
        let mut inner = Inner { region, places, exits: &exits, depth: 0 };
        for operator in inside {
            inner.write(&mut out, operator)?;
        }
        if region.through.is_none() {
            // The block's end is not reached; what is on the stack there does not matter.
            out.instruction(&Instruction::Unreachable);
        }
        let ways = std::iter::once(&carry.through).chain(carry.exits.values());
        let count = u32::try_from(region.exits.len())?;
        for (number, places) in (0_u32..).zip(ways) {
            out.instruction(&Instruction::End);
            for place in places.iter().rev() {
                out.instruction(&Instruction::LocalSet(params + u32::try_from(*place)?));
            }
            if several {
                out.instruction(&Instruction::I32Const(number.cast_signed()));
                out.instruction(&Instruction::LocalSet(way));
            }
            if number < count {
                out.instruction(&Instruction::Br(count - number));
            }
        }
        out.instruction(&Instruction::End);
        for (local, _) in handed.given {
            out.instruction(&Instruction::LocalGet(
                *places.get(local).ok_or("a local that is not handed over")?,
            ));
        }
        for at in 0..u32::try_from(carry.kinds.len())? + u32::from(several) {
            out.instruction(&Instruction::LocalGet(params + at));
        }
        out.instruction(&Instruction::End);
        Ok(out)
    }

    fn block(&mut self, values: &[ValType]) -> Result<BlockType> {
        Ok(match values {
            [] => BlockType::Empty,
            [value] => BlockType::Result(encoded(*value)?),
            values => BlockType::FunctionType(self.types.of(&[], values)?),
        })
    }
}

/// The instructions of a region with its locals and ways out renumbered.
struct Inner<'a> {
    region: &'a Region,
    places: &'a BTreeMap<u32, u32>,
    exits: &'a BTreeMap<Label, u32>,
    /// How many blocks of the region are open.
    depth: u32,
}

impl Inner<'_> {
    fn write(&mut self, out: &mut Function, operator: &Operator<'_>) -> Result<()> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => self.depth += 1,
            Operator::End => self.depth = self.depth.checked_sub(1).ok_or("a region that ends too early")?,
            _ => {}
        }
        let local = |local: &u32| self.places.get(local).copied().ok_or("a local that is not handed over");
        let instruction = match operator {
            Operator::LocalGet { local_index } => Instruction::LocalGet(local(local_index)?),
            Operator::LocalSet { local_index } => Instruction::LocalSet(local(local_index)?),
            Operator::LocalTee { local_index } => Instruction::LocalTee(local(local_index)?),
            Operator::Br { relative_depth } => Instruction::Br(self.label(*relative_depth)?),
            Operator::BrIf { relative_depth } => Instruction::BrIf(self.label(*relative_depth)?),
            Operator::BrTable { targets } => {
                let mut labels = Vec::new();
                for target in targets.targets() {
                    labels.push(self.label(target?)?);
                }
                Instruction::BrTable(labels.into(), self.label(targets.default())?)
            }
            Operator::Return => Instruction::Br(self.depth + self.exit(None)?),
            operator => {
                RoundtripReencoder.instruction(operator.clone()).map_err(|error| error.to_string())?
            }
        };
        out.instruction(&instruction);
        Ok(())
    }

    /// Where a branch goes now.
    fn label(&self, target: u32) -> Result<u32> {
        let Some(label) = target.checked_sub(self.depth) else { return Ok(target) };
        match self.exits.get(&Some(label)) {
            Some(number) => Ok(self.depth + number),
            // The end of the block that the region ends with, or that of the function.
            None if label == 0 && self.region.through.is_some() => Ok(self.depth),
            None => Ok(self.depth + self.exit(None)?),
        }
    }

    fn exit(&self, label: Label) -> Result<u32> {
        self.exits.get(&label).copied().ok_or_else(|| "a way out that was not found".into())
    }
}
