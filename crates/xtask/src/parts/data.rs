//! Which constants only parts other than the main one need, so that they come with these.
//!
//! The linker keeps, for each function and constant, which others it refers to (`--emit-relocs`, see `web/build.rs`).
//! What comes after the linker moves functions about but no constants: addresses stay. So what a function of a part can
//! reach is followed in the linker's module, by name, and then cut out of the final one by address.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{
    BinaryReader, DataKind, KnownCustom, Linking, LinkingSectionReader, Name, Operator, Parser, Payload,
    RelocSectionReader, RelocationType, SymbolInfo,
};

use super::module::{Whole, constant, stable};
use super::plan::{Part, Plan};
use crate::step::Result;

/// A stretch of constants shorter than this stays: the main part would gain nothing. A place in another part costs that one
/// some bytes, which it has and the main part has not.
const SHORT: u32 = 5;

/// Constants that are not in the main part: address ranges without overlap, in order, with the parts that need them.
#[derive(Debug, Default)]
pub struct Cold {
    ranges: Vec<(Range<u32>, BTreeSet<Part>)>,
}

/// A gap between constants up to this long is filled with zeros, which cost less than another place.
const GAP: usize = 1024;

impl Cold {
    /// What of a segment stays in the main part: addresses and bytes.
    pub fn hot(&self, at: u32, bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let mut out: Vec<(u32, Vec<u8>)> = Vec::new();
        for (start, piece) in self.pieces(at, bytes) {
            match out.last_mut() {
                Some((first, before)) if start as usize - *first as usize <= before.len() + GAP => {
                    before.resize((start - *first) as usize, 0);
                    before.extend_from_slice(piece);
                }
                _ => out.push((start, piece.to_vec())),
            }
        }
        out
    }

    fn pieces<'a>(&self, at: u32, bytes: &'a [u8]) -> Vec<(u32, &'a [u8])> {
        let end = at + u32::try_from(bytes.len()).unwrap_or(0);
        let mut out = Vec::new();
        let mut from = at;
        for (range, _) in &self.ranges {
            if range.end <= at || range.start >= end {
                continue;
            }
            push(&mut out, at, bytes, from..range.start.max(at));
            from = range.end.min(end);
        }
        push(&mut out, at, bytes, from..end);
        out
    }

    /// What of a segment a part brings.
    pub fn of<'a>(&self, part: Part, at: u32, bytes: &'a [u8]) -> Vec<(u32, &'a [u8])> {
        let end = at + u32::try_from(bytes.len()).unwrap_or(0);
        let mut out: Vec<(u32, &'a [u8])> = Vec::new();
        let mut open: Option<Range<u32>> = None;
        for (range, parts) in &self.ranges {
            if range.end <= at || range.start >= end || !parts.contains(&part) {
                continue;
            }
            let range = range.start.max(at)..range.end.min(end);
            match &mut open {
                Some(before) if before.end == range.start => before.end = range.end,
                _ => {
                    if let Some(before) = open.replace(range) {
                        push(&mut out, at, bytes, before);
                    }
                }
            }
        }
        if let Some(last) = open {
            push(&mut out, at, bytes, last);
        }
        out
    }
}

fn push<'a>(out: &mut Vec<(u32, &'a [u8])>, at: u32, bytes: &'a [u8], range: Range<u32>) {
    if range.start < range.end
        && let Some(piece) = bytes.get((range.start - at) as usize..(range.end - at) as usize)
    {
        out.push((range.start, piece));
    }
}

/// A constant or variable of the linker's module.
struct Datum {
    range: Range<u32>,
    /// Whether it never changes.
    constant: bool,
}

/// The linker's module: what refers to what.
#[derive(Default)]
struct Linked {
    /// Names of the functions, without hashes.
    names: BTreeMap<u32, String>,
    /// Where the code of each defined function is, from the start of the code section.
    bodies: Vec<(Range<u32>, u32)>,
    /// Data symbols by symbol index.
    data: BTreeMap<u32, Datum>,
    /// Where the bytes of each segment are, from the start of the data section, and its address.
    segments: Vec<(Range<u32>, u32)>,
    code_relocations: Vec<(u32, u32)>,
    /// Which functions call a function.
    callers: BTreeMap<u32, BTreeSet<u32>>,
    data_relocations: Vec<(u32, u32)>,
}

/// The constants that do not belong to the main part.
///
/// # Errors
/// Where `linked` has no relocations.
pub fn cold_ranges(whole: &Whole<'_>, plan: &Plan, linked: &[u8]) -> Result<Cold> {
    let linked = read(linked)?;
    if linked.code_relocations.is_empty() {
        return Err("the linked Wasm has no relocations: web/build.rs asks for them".into());
    }
    let parts = parts_of_functions(whole, plan, &linked);
    let mut refers: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (offset, symbol) in &linked.code_relocations {
        if let Some(function) = within(&linked.bodies, *offset) {
            refers.entry(function).or_default().insert(*symbol);
        }
    }
    let pieces = pieces(whole, plan)?;
    let mut needed: BTreeMap<u32, BTreeSet<Part>> = BTreeMap::new();
    for (function, symbols) in &refers {
        let Some(of) = parts.get(function) else { continue };
        let pieces = linked.names.get(function).and_then(|name| pieces.get(name.as_str()));
        match pieces {
            Some(pieces) if of.len() > 1 => attribute(&linked, symbols, pieces, &mut needed),
            _ => {
                for symbol in symbols {
                    needed.entry(*symbol).or_default().extend(of);
                }
            }
        }
    }
    // Should code have been copied from one function into another after linking, its numbers tell.
    for (part, named) in named_by_parts(whole, plan)? {
        for (symbol, datum) in &linked.data {
            if named.range(datum.range.clone()).next().is_some() {
                needed.entry(*symbol).or_default().insert(part);
            }
        }
    }
    leave_locations(whole, plan, &linked, &mut needed)?;
    follow(&linked, &mut needed);
    Ok(Cold { ranges: ranges(&linked, &needed) })
}

/// The parts in which the code of each function of the linker's module ended up.
fn parts_of_functions(whole: &Whole<'_>, plan: &Plan, linked: &Linked) -> BTreeMap<u32, BTreeSet<Part>> {
    let mut by_name: BTreeMap<&str, BTreeSet<Part>> = BTreeMap::new();
    for (index, function) in (whole.first()..).zip(&whole.functions) {
        by_name.entry(&function.name).or_default().insert(plan.of(index));
    }
    let mut parts: BTreeMap<u32, BTreeSet<Part>> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for (_, function) in &linked.bodies {
        match linked.names.get(function).and_then(|name| by_name.get(name.as_str())) {
            Some(of) => _ = parts.insert(*function, of.clone()),
            None => _ = gone.insert(*function),
        }
    }
    // A function that is gone was taken into its callers, or joined with one of the same code, which has its own entry.
    loop {
        let mut grown = false;
        for function in &gone {
            let callers = linked.callers.get(function).into_iter().flatten();
            let of: BTreeSet<Part> =
                callers.filter_map(|caller| parts.get(caller)).flatten().copied().collect();
            let before = parts.entry(*function).or_default();
            let size = before.len();
            before.extend(of);
            grown |= before.len() > size;
        }
        if !grown {
            break;
        }
    }
    // What is called through the table alone and was joined with another may be anywhere.
    for of in parts.values_mut().filter(|of| of.is_empty()) {
        of.insert(Part::Main);
    }
    parts
}

/// What a needed constant refers to is needed as well.
fn follow(linked: &Linked, needed: &mut BTreeMap<u32, BTreeSet<Part>>) {
    let mut by_start: Vec<(Range<u32>, u32)> =
        linked.data.iter().map(|(symbol, datum)| (datum.range.clone(), *symbol)).collect();
    by_start.sort_by_key(|(range, _)| (range.start, range.end));
    let mut refers: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (offset, target) in &linked.data_relocations {
        let Some((segment, address)) = linked.segments.iter().find(|(segment, _)| segment.contains(offset))
        else {
            continue;
        };
        let at = address + (offset - segment.start);
        // Symbols may cover each other (aliases), so all that hold the place refer to the target.
        for (range, symbol) in by_start.iter().filter(|(range, _)| range.contains(&at)) {
            debug_assert!(range.contains(&at));
            refers.entry(*symbol).or_default().push(*target);
        }
    }
    let mut open: Vec<u32> = needed.keys().copied().collect();
    while let Some(symbol) = open.pop() {
        let parts = needed.get(&symbol).cloned().unwrap_or_default();
        for target in refers.get(&symbol).into_iter().flatten() {
            let before = needed.entry(*target).or_default();
            let size = before.len();
            before.extend(&parts);
            if before.len() > size {
                open.push(*target);
            }
        }
    }
}

/// Where a panic happened (`core::panic::Location`) is read by what a panic calls; that comes with the part `rest`, and
/// until it is there nobody reads it, whoever passes its address on.
fn leave_locations(
    whole: &Whole<'_>,
    plan: &Plan,
    linked: &Linked,
    needed: &mut BTreeMap<u32, BTreeSet<Part>>,
) -> Result<()> {
    let is_read = (whole.first()..).zip(&whole.functions).any(|(index, function)| {
        plan.of(index) != Part::Rest && function.name.contains("core::panic::location::Location as")
    });
    if is_read {
        return Ok(());
    }
    let segments = whole.data()?;
    let bytes = |at: u32, length: u32| {
        let (start, bytes) = segments.range(..=at).next_back()?;
        bytes.get((at - start) as usize..)?.get(..length as usize)
    };
    let number = |at: u32| bytes(at, 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    // Address and length of the file's name, line, column.
    let is_location = |at: u32| {
        let file = bytes(number(at)?, number(at + 4)?)?;
        Some(
            file.ends_with(b".rs")
                && !file.contains(&0)
                && number(at + 8)? < 100_000
                && number(at + 12)? < 1_000,
        )
    };
    for (symbol, datum) in &linked.data {
        let Range { start, end } = datum.range;
        if datum.constant && end - start == 16 && is_location(start) == Some(true) {
            needed.insert(*symbol, BTreeSet::from([Part::Rest]));
        }
    }
    Ok(())
}

/// A piece of a function: its part, and the numbers in it that may be addresses.
type Piece = (Part, BTreeSet<u32>);

/// The functions that are in several pieces, by name.
fn pieces<'a>(whole: &'a Whole<'_>, plan: &Plan) -> Result<BTreeMap<&'a str, Vec<Piece>>> {
    let mut pieces: BTreeMap<&str, Vec<Piece>> = BTreeMap::new();
    for (index, function) in (whole.first()..).zip(&whole.functions) {
        pieces.entry(&function.name).or_default().push((plan.of(index), numbers(&function.body)?));
    }
    pieces.retain(|_, pieces| pieces.len() > 1);
    Ok(pieces)
}

/// How far beside a constant a number may lie that was computed from its address (the element before the first, say).
const NEAR: u32 = 64;

/// Which pieces of a function refer to which of its constants: those that hold a number inside them, or near them if it
/// is inside none. A constant that is found in no piece is taken to be needed in all.
fn attribute(
    linked: &Linked,
    symbols: &BTreeSet<u32>,
    pieces: &[Piece],
    needed: &mut BTreeMap<u32, BTreeSet<Part>>,
) {
    let ranges: Vec<(u32, &Range<u32>)> =
        symbols.iter().filter_map(|symbol| Some((*symbol, &linked.data.get(symbol)?.range))).collect();
    let mut found: BTreeSet<u32> = BTreeSet::new();
    for (part, numbers) in pieces {
        for number in numbers {
            let inside: Vec<u32> =
                ranges.iter().filter(|(_, range)| range.contains(number)).map(|(at, _)| *at).collect();
            let near = |range: &Range<u32>| {
                range.start <= number.saturating_add(NEAR) && *number <= range.end.saturating_add(NEAR)
            };
            let meant = if inside.is_empty() {
                ranges.iter().filter(|(_, range)| near(range)).map(|(at, _)| *at).collect()
            } else {
                found.extend(&inside);
                inside
            };
            for symbol in meant {
                needed.entry(symbol).or_default().insert(*part);
            }
        }
    }
    for (symbol, _) in ranges.iter().filter(|(symbol, _)| !found.contains(symbol)) {
        needed.entry(*symbol).or_default().extend(pieces.iter().map(|(part, _)| *part));
    }
}

/// The numbers in a function that may be addresses: constants, and what loads and stores add.
fn numbers(body: &wasmparser::FunctionBody<'_>) -> Result<BTreeSet<u32>> {
    let mut numbers = BTreeSet::new();
    for operator in body.get_operators_reader()? {
        match operator? {
            Operator::I32Const { value } => _ = numbers.insert(value.cast_unsigned()),
            Operator::I32Load { memarg }
            | Operator::I64Load { memarg }
            | Operator::F32Load { memarg }
            | Operator::F64Load { memarg }
            | Operator::I32Load8S { memarg }
            | Operator::I32Load8U { memarg }
            | Operator::I32Load16S { memarg }
            | Operator::I32Load16U { memarg }
            | Operator::I64Load8S { memarg }
            | Operator::I64Load8U { memarg }
            | Operator::I64Load16S { memarg }
            | Operator::I64Load16U { memarg }
            | Operator::I64Load32S { memarg }
            | Operator::I64Load32U { memarg }
            | Operator::I32Store { memarg }
            | Operator::I64Store { memarg }
            | Operator::F32Store { memarg }
            | Operator::F64Store { memarg }
            | Operator::I32Store8 { memarg }
            | Operator::I32Store16 { memarg }
            | Operator::I64Store8 { memarg }
            | Operator::I64Store16 { memarg }
            | Operator::I64Store32 { memarg } => {
                numbers.extend(u32::try_from(memarg.offset).ok());
            }
            _ => {}
        }
    }
    // Small numbers are no addresses: the stack is there.
    Ok(numbers.split_off(&LOWEST))
}

/// Constants stand after the stack (the linker's `--stack-first`, 1 MiB).
const LOWEST: u32 = 1 << 20;

/// The numbers that may be addresses in the code of each part.
fn named_by_parts(whole: &Whole<'_>, plan: &Plan) -> Result<BTreeMap<Part, BTreeSet<u32>>> {
    let mut named: BTreeMap<Part, BTreeSet<u32>> = BTreeMap::new();
    for (index, function) in (whole.first()..).zip(&whole.functions) {
        named.entry(plan.of(index)).or_default().append(&mut numbers(&function.body)?);
    }
    Ok(named)
}

fn ranges(linked: &Linked, needed: &BTreeMap<u32, BTreeSet<Part>>) -> Vec<(Range<u32>, BTreeSet<Part>)> {
    // Borders of all symbols cut the memory into pieces; each piece belongs to all symbols that cover it.
    let mut opened: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut closed: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (symbol, datum) in &linked.data {
        opened.entry(datum.range.start).or_default().push(*symbol);
        closed.entry(datum.range.end).or_default().push(*symbol);
    }
    let borders: BTreeSet<u32> = opened.keys().chain(closed.keys()).copied().collect();
    let mut inside: BTreeSet<u32> = BTreeSet::new();
    let mut pieces: Vec<(Range<u32>, BTreeSet<Part>)> = Vec::new();
    let mut before = None;
    for border in borders {
        if let Some(start) = before
            && !inside.is_empty()
        {
            let mut parts = BTreeSet::new();
            let mut constant = true;
            for symbol in &inside {
                // What nothing refers to is needed by nothing that was found: it stays.
                match needed.get(symbol) {
                    Some(by) => parts.extend(by),
                    None => _ = parts.insert(Part::Main),
                }
                constant &= linked.data.get(symbol).is_some_and(|datum| datum.constant);
            }
            // A variable can come with one part only.
            if !parts.contains(&Part::Main) && (constant || parts.len() == 1) {
                match pieces.last_mut() {
                    Some((last, same)) if last.end == start && *same == parts => last.end = border,
                    _ => pieces.push((start..border, parts)),
                }
            }
        }
        for symbol in closed.get(&border).into_iter().flatten() {
            inside.remove(symbol);
        }
        inside.extend(opened.get(&border).into_iter().flatten());
        before = Some(border);
    }
    pieces.retain(|(range, _)| range.end - range.start >= SHORT);
    pieces
}

fn within(ranges: &[(Range<u32>, u32)], at: u32) -> Option<u32> {
    let after = ranges.partition_point(|(range, _)| range.start <= at);
    let (range, value) = ranges.get(after.checked_sub(1)?)?;
    range.contains(&at).then_some(*value)
}

fn read(bytes: &[u8]) -> Result<Linked> {
    let mut linked = Linked::default();
    let mut imported = 0_u32;
    let mut code_start = 0_u64;
    let mut defined = 0_u32;
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut relocations: Vec<(bool, BinaryReader<'_>)> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionStart { unchecked_range, .. } => code_start = unchecked_range.start,
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let range = u32::try_from(range.start - code_start)?..u32::try_from(range.end - code_start)?;
                linked.bodies.push((range, imported + defined));
                defined += 1;
            }
            Payload::DataSection(section) => {
                let data_start = section.range().start;
                for segment in section {
                    let segment = segment?;
                    let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
                    let end = u32::try_from(segment.range.end - data_start)?;
                    let start = end - u32::try_from(segment.data.len())?;
                    linked.segments.push((start..end, constant(&offset_expr)?));
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::Name(names) => {
                    for subsection in names {
                        if let Name::Function(map) = subsection? {
                            for naming in map {
                                let naming = naming?;
                                linked.names.insert(naming.index, stable(naming.name));
                            }
                        }
                    }
                }
                KnownCustom::Linking(section) => read_symbols(&section, &mut symbols)?,
                _ if section.name() == "reloc.CODE" => {
                    relocations.push((true, BinaryReader::new(section.data(), section.data_offset())));
                }
                _ if section.name() == "reloc.DATA" => {
                    relocations.push((false, BinaryReader::new(section.data(), section.data_offset())));
                }
                _ => {}
            },
            _ => {}
        }
    }
    let mut functions: BTreeMap<u32, u32> = BTreeMap::new();
    for symbol in symbols {
        let (symbol, segment, offset, size) = match symbol {
            Symbol::Function { symbol, index } => {
                functions.insert(symbol, index);
                continue;
            }
            Symbol::Data { symbol, segment, offset, size } => (symbol, segment, offset, size),
        };
        let Some((_, address)) = linked.segments.get(segment as usize) else { continue };
        let start = address + offset;
        // The linker puts constants into the first segment and variables after it.
        linked.data.insert(symbol, Datum { range: start..start + size, constant: segment == 0 });
    }
    for (is_code, reader) in relocations {
        for entry in RelocSectionReader::new(reader)?.entries() {
            let entry = entry?;
            if is_code && entry.ty == RelocationType::FunctionIndexLeb {
                if let (Some(caller), Some(callee)) =
                    (within(&linked.bodies, entry.offset), functions.get(&entry.index))
                {
                    linked.callers.entry(*callee).or_default().insert(caller);
                }
            } else if is_data(entry.ty) {
                let to = if is_code { &mut linked.code_relocations } else { &mut linked.data_relocations };
                to.push((entry.offset, entry.index));
            }
        }
    }
    Ok(linked)
}

/// An entry of the linker's table.
enum Symbol {
    Function { symbol: u32, index: u32 },
    Data { symbol: u32, segment: u32, offset: u32, size: u32 },
}

fn read_symbols(section: &LinkingSectionReader<'_>, symbols: &mut Vec<Symbol>) -> Result<()> {
    for subsection in section.subsections() {
        let Linking::SymbolTable(table) = subsection? else { continue };
        for (symbol, entry) in (0_u32..).zip(table) {
            match entry? {
                SymbolInfo::Func { index, .. } => symbols.push(Symbol::Function { symbol, index }),
                SymbolInfo::Data { symbol: Some(at), .. } if at.size > 0 => {
                    symbols.push(Symbol::Data {
                        symbol,
                        segment: at.index,
                        offset: at.offset,
                        size: at.size,
                    });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether a relocation is of an address of data.
fn is_data(kind: RelocationType) -> bool {
    use RelocationType::{
        MemoryAddrI32, MemoryAddrLeb, MemoryAddrLocrelI32, MemoryAddrRelSleb, MemoryAddrSleb,
        MemoryAddrTlsSleb,
    };
    matches!(
        kind,
        MemoryAddrI32
            | MemoryAddrLeb
            | MemoryAddrLocrelI32
            | MemoryAddrRelSleb
            | MemoryAddrSleb
            | MemoryAddrTlsSleb
    )
}
