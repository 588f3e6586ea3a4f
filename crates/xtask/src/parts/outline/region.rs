//! Finds the stretches that are worth taking out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{BlockType, FrameKind, FuncValidator, FunctionBody, Operator, ValType, ValidatorResources};

use super::Types;
use super::live::{Live, Locals};
use super::stretch::begins_stretch;
use crate::parts::startup::When;
use crate::step::Result;

/// A way out of a region: the label it goes to, counted from the innermost block around the region; `None` returns.
pub type Label = Option<u32>;

/// Instructions that become a function.
#[derive(Debug)]
pub struct Region {
    /// Which instructions of the function, by number.
    pub range: Range<usize>,
    /// When they are needed.
    pub when: When,
    /// Locals it reads or writes.
    pub used: BTreeSet<u32>,
    /// Those that have a value it needs.
    pub taken: BTreeSet<u32>,
    /// Those that it may write and that may be read after it.
    pub given: BTreeSet<u32>,
    /// What it leaves on the stack when it falls through; none: it never does.
    pub through: Option<Vec<ValType>>,
    /// Other ways out, with the values they take along.
    pub exits: BTreeMap<Label, Vec<ValType>>,
}

/// An instruction of a function and what is known before it runs.
struct Step<'a> {
    operator: Operator<'a>,
    at: u64,
    /// Number of its stretch.
    stretch: usize,
    /// Whether it is the first of its stretch.
    first: bool,
    /// Whether nothing of the innermost block is on the stack.
    bare: bool,
    /// Whether the validator knows that it is never reached.
    dead: bool,
    /// The blocks around it, the innermost last.
    frames: Vec<Frame>,
}

/// A block around an instruction.
#[derive(Clone, Copy)]
struct Frame {
    is_loop: bool,
    kind: BlockType,
    /// The instruction that began it.
    begin: usize,
}

/// A function, read once.
struct Code<'a> {
    steps: Vec<Step<'a>>,
    live: Live,
    /// Where the block that begins at an instruction ends.
    ends: BTreeMap<usize, usize>,
}

/// The regions of a function, in order and apart from each other. `needs`: when each stretch is needed.
pub fn find(
    body: &FunctionBody<'_>,
    checked: &mut FuncValidator<ValidatorResources>,
    needs: &[When],
    types: &Types,
) -> Result<Vec<Region>> {
    let code = read(body, checked)?;
    let own = needs.first().copied().unwrap_or(When::First);
    let later = |at: usize| needs.get(at).is_some_and(|when| *when > own);
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(step) = code.steps.get(at) {
        if step.first
            && step.bare
            && !step.dead
            && later(step.stretch)
            && let Some(region) = region(&code, at, needs, types)
        {
            at = region.range.end;
            out.push(region);
        } else {
            at += 1;
        }
    }
    Ok(out)
}

fn read<'a>(body: &FunctionBody<'a>, checked: &mut FuncValidator<ValidatorResources>) -> Result<Code<'a>> {
    let mut locals = body.get_binary_reader();
    checked.read_locals(&mut locals)?;
    let mut reader = body.get_operators_reader()?;
    let mut steps: Vec<Step<'a>> = Vec::new();
    let mut stretch = 0;
    let mut first = true;
    // The function itself is a block as well; it begins nowhere.
    let mut open = vec![usize::MAX];
    let mut ends = BTreeMap::new();
    let mut begins = Vec::new();
    while !reader.eof() {
        let at = reader.original_position();
        let operator = reader.read()?;
        let frame = checked.get_control_frame(0);
        let bare = frame.is_some_and(|frame| frame.height == checked.operand_stack_height() as usize);
        let dead = frame.is_none_or(|frame| frame.unreachable);
        let frames = open
            .iter()
            .zip((0..open.len()).rev())
            .filter_map(|(begin, depth)| {
                let frame = checked.get_control_frame(depth)?;
                Some(Frame { is_loop: frame.kind == FrameKind::Loop, kind: frame.block_type, begin: *begin })
            })
            .collect();
        let number = steps.len();
        let mut begin = usize::MAX;
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => open.push(number),
            Operator::End => {
                begin = open.pop().unwrap_or(usize::MAX);
                ends.insert(begin, number);
            }
            _ => {}
        }
        begins.push(begin);
        checked.op(at, &operator)?;
        let begins_one = begins_stretch(&operator);
        steps.push(Step { operator, at, stretch, first, bare, dead, frames });
        first = begins_one;
        stretch += usize::from(begins_one);
    }
    let operators: Vec<&Operator<'_>> = steps.iter().map(|step| &step.operator).collect();
    let live = Live::of(&operators, &begins);
    Ok(Code { steps, live, ends })
}

/// The region that begins at an instruction; none: it is too small, or holds what is not understood.
fn region(code: &Code<'_>, start: usize, needs: &[When], types: &Types) -> Option<Region> {
    let steps = &code.steps;
    let begin = steps.get(start)?;
    let mut region = Region {
        range: start..start,
        when: When::Later,
        used: BTreeSet::new(),
        taken: BTreeSet::new(),
        given: BTreeSet::new(),
        through: None,
        exits: BTreeMap::new(),
    };
    let mut depth = 0_u32;
    let mut written = BTreeSet::new();
    let mut falls_to_own_end = false;
    for (at, step) in steps.iter().enumerate().skip(start) {
        if let Some(when) = needs.get(step.stretch) {
            region.when = region.when.min(*when);
        }
        match &step.operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::Else if depth > 0 => {}
            Operator::End if depth > 0 => depth -= 1,
            Operator::Else | Operator::End => {
                region.range.end = at;
                if !step.dead || falls_to_own_end {
                    region.through = Some(ends(begin.frames.last()?.kind, types)?.1);
                }
                break;
            }
            Operator::LocalGet { local_index } => _ = region.used.insert(*local_index),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                region.used.insert(*local_index);
                written.insert(*local_index);
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                falls_to_own_end |= leave(&mut region, begin, depth, *relative_depth, types)?;
            }
            Operator::BrTable { targets } => {
                for target in targets.targets() {
                    falls_to_own_end |= leave(&mut region, begin, depth, target.ok()?, types)?;
                }
                falls_to_own_end |= leave(&mut region, begin, depth, targets.default(), types)?;
            }
            Operator::Return => {
                region.exits.insert(None, ends(begin.frames.first()?.kind, types)?.1);
            }
            operator if is_plain(operator) => {}
            _ => return None,
        }
    }
    let end = steps.get(region.range.end)?;
    if region.range.end <= start {
        return None;
    }
    // What may be read once it is left, whichever way.
    let mut after = Locals::default();
    if region.through.is_some() {
        let frame = begin.frames.last()?;
        after.extend(&code.live.before(if frame.is_loop {
            region.range.end
        } else {
            code.ends.get(&frame.begin)? + 1
        }));
    }
    for label in region.exits.keys().flatten() {
        let frame = begin.frames.get(begin.frames.len().checked_sub(1 + *label as usize)?)?;
        after.extend(&code.live.before(if frame.is_loop {
            frame.begin + 1
        } else {
            code.ends.get(&frame.begin)? + 1
        }));
    }
    let before = code.live.before(start);
    region.taken = region.used.iter().copied().filter(|local| before.contains(*local)).collect();
    region.given = written.into_iter().filter(|local| after.contains(*local)).collect();
    // What takes its place: locals handed over and taken back, the call, and what follows from each way out.
    let cost = 2 * (region.taken.len() + region.given.len()) + 6 + 6 * region.exits.len();
    if end.at - begin.at < cost as u64 {
        return None;
    }
    Some(region)
}

/// Notes a branch; whether it goes to the end of the block that the region ends with.
fn leave(region: &mut Region, begin: &Step<'_>, depth: u32, target: u32, types: &Types) -> Option<bool> {
    let Some(label) = target.checked_sub(depth) else { return Some(false) };
    let place = begin.frames.len().checked_sub(1 + label as usize)?;
    let Frame { is_loop, kind, .. } = *begin.frames.get(place)?;
    if label == 0 && !is_loop {
        return Some(true);
    }
    let (params, results) = ends(kind, types)?;
    if place == 0 {
        region.exits.insert(None, results);
    } else {
        region.exits.insert(Some(label), if is_loop { params } else { results });
    }
    Some(false)
}

/// What a block takes and what it leaves.
fn ends(kind: BlockType, types: &Types) -> Option<(Vec<ValType>, Vec<ValType>)> {
    Some(match kind {
        BlockType::Empty => (Vec::new(), Vec::new()),
        BlockType::Type(kind) => (Vec::new(), vec![kind]),
        BlockType::FuncType(index) => {
            let kind = types.get(index)?;
            (kind.params().to_vec(), kind.results().to_vec())
        }
    })
}

/// Whether an instruction neither branches nor concerns locals, or is one whose branches are not understood.
fn is_plain(operator: &Operator<'_>) -> bool {
    !matches!(
        operator,
        Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. }
            | Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Delegate { .. }
            | Operator::Rethrow { .. }
    )
}
