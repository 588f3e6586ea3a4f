//! Which locals may still be read, at each instruction of a function.

use wasmparser::Operator;

/// A set of locals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locals(Vec<u64>);

impl Locals {
    fn insert(&mut self, local: u32) {
        let word = local as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (local % 64);
        }
    }

    fn remove(&mut self, local: u32) {
        if let Some(word) = self.0.get_mut(local as usize / 64) {
            *word &= !(1 << (local % 64));
        }
    }

    /// Takes in all of another set.
    pub fn extend(&mut self, other: &Locals) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, other) in self.0.iter_mut().zip(&other.0) {
            *mine |= other;
        }
    }

    /// Whether a local is in it.
    pub fn contains(&self, local: u32) -> bool {
        self.0.get(local as usize / 64).is_some_and(|word| word >> (local % 64) & 1 == 1)
    }
}

/// A block that is open while the code is read backwards.
struct Frame {
    /// Live after its end.
    after: Locals,
    /// Live at the start of its `else`, once that was read.
    otherwise: Option<Locals>,
    /// Whether it is a loop: where its header's entry is.
    header: Option<usize>,
}

/// The live locals before each instruction; the last entry is for the end of the function.
pub struct Live {
    before: Vec<Locals>,
}

impl Live {
    /// Reads a function: its instructions, and for each `loop`, `block` and `if` whether it is a loop, by its `end`.
    /// `begins`: for the position of each `end`, that of the instruction that began the block.
    pub fn of(operators: &[&Operator<'_>], begins: &[usize]) -> Live {
        let mut headers: Vec<Locals> = vec![Locals::default(); operators.len()];
        loop {
            let mut before = vec![Locals::default(); operators.len() + 1];
            let mut live = Locals::default();
            let mut open: Vec<Frame> = Vec::new();
            let mut changed = false;
            for (at, operator) in operators.iter().enumerate().rev() {
                let label = |open: &[Frame], depth: u32| -> Locals {
                    match open.len().checked_sub(1 + depth as usize).and_then(|place| open.get(place)) {
                        Some(Frame { header: Some(header), .. }) => {
                            headers.get(*header).cloned().unwrap_or_default()
                        }
                        Some(frame) => frame.after.clone(),
                        None => Locals::default(),
                    }
                };
                match operator {
                    Operator::End => {
                        let begin = begins.get(at).copied().unwrap_or(usize::MAX);
                        let is_loop = matches!(operators.get(begin), Some(Operator::Loop { .. }));
                        open.push(Frame {
                            after: live.clone(),
                            otherwise: None,
                            header: is_loop.then_some(begin),
                        });
                    }
                    Operator::Else => {
                        if let Some(frame) = open.last_mut() {
                            frame.otherwise = Some(std::mem::replace(&mut live, frame.after.clone()));
                        }
                    }
                    Operator::If { .. } => {
                        if let Some(frame) = open.pop() {
                            live.extend(&frame.otherwise.unwrap_or(frame.after));
                        }
                    }
                    Operator::Block { .. } => _ = open.pop(),
                    Operator::Loop { .. } => {
                        open.pop();
                        if let Some(header) = headers.get_mut(at)
                            && *header != live
                        {
                            header.clone_from(&live);
                            changed = true;
                        }
                    }
                    Operator::Br { relative_depth } => live = label(&open, *relative_depth),
                    Operator::BrIf { relative_depth } => live.extend(&label(&open, *relative_depth)),
                    Operator::BrTable { targets } => {
                        live = label(&open, targets.default());
                        for target in targets.targets().flatten() {
                            live.extend(&label(&open, target));
                        }
                    }
                    Operator::Return | Operator::Unreachable => live = Locals::default(),
                    Operator::LocalGet { local_index } => live.insert(*local_index),
                    Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                        live.remove(*local_index);
                    }
                    _ => {}
                }
                if let Some(entry) = before.get_mut(at) {
                    entry.clone_from(&live);
                }
            }
            if !changed {
                return Live { before };
            }
        }
    }

    /// The locals that may be read from an instruction on.
    pub fn before(&self, at: usize) -> Locals {
        self.before.get(at).cloned().unwrap_or_default()
    }
}
