//! Writes a part so that it packs well: the code in columns, one for each sort of thing that instructions hold.
//!
//! Brotli, with which hosts pack what they send, finds what repeats in neighbouring bytes. In code, an operation, a local's
//! number and an offset take turns, and each hides what the others repeat. Side by side with their like they take an eighth
//! less. `web/js/parts/columns.ts` puts the code together again, byte for byte, before it is compiled. The file keeps the
//! ending `.wasm`: by that hosts know that it is worth packing.
//!
//! The layout: the letters `cols`; how many bytes stand before the element section, in it, between it and the code, and in the
//! code, and the length of each column (32-bit numbers, the lowest byte first); what stands before the element section; what
//! stands between it and the code, up to the number of functions; the columns; what stands after the code.

use wasmparser::{Parser, Payload};

use crate::step::Result;

/// What a file in columns begins with.
const MARK: &[u8; 4] = b"cols";

/// The columns, in their order in the file.
#[derive(Clone, Copy)]
enum Column {
    /// The opcodes of all functions.
    Operation,
    /// Numbers of locals.
    Local,
    /// 32-bit constants.
    Number,
    /// Slots that do not follow the one before, by how far they are from it.
    Slot,
    /// 32-bit constants that look like addresses, three bytes each.
    Address,
    /// Offsets of loads and stores.
    Offset,
    /// Their alignment, where it is not the natural one.
    Alignment,
    /// Functions that are called.
    Call,
    /// Where branches go.
    Branch,
    /// Types of blocks.
    Block,
    /// The declarations of locals.
    Declaration,
    /// 64-bit constants.
    Wide,
    /// Types and tables of calls through a table.
    Indirect,
    /// Numbers of globals, and what is rare: its length and its bytes.
    Rest,
    /// The element section: which functions are in the table.
    Element,
}

const COLUMNS: usize = 15;

/// Stands for `i32.const` where the constant is in the column of addresses. No operation has this code.
const ADDRESS: u8 = 0x1d;
/// Stands before a load or store whose alignment is in its column. No operation has this code.
const UNALIGNED: u8 = 0x1e;

/// Stands for `i32.const` of the slot after the one before. No operation has this code.
const NEXT_SLOT: u8 = 0x16;
/// Stands for `i32.const` of a slot. No operation has this code.
const SLOT: u8 = 0x17;

const I32_CONST: u8 = 0x41;
const CALL: u8 = 0x10;
const CALL_INDIRECT: u8 = 0x11;

/// The natural alignment of the loads and stores, from `i32.load` (0x28) on, as a power of two.
const NATURAL: &[u8; 23] = b"23230011001122232301012";

/// What is taken for an address: what fits in three bytes and does not stand on the stack.
const ADDRESSES: std::ops::Range<u64> = 1 << 20..1 << 24;

/// A module in columns.
///
/// # Errors
/// Where it is not Wasm, or has an operation that is not understood.
pub fn in_columns(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut columns: [Vec<u8>; COLUMNS] = Default::default();
    let (mut table, mut between) = (0, 0);
    let (mut begin, mut end) = (0, 0);
    let mut slot = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ElementSection(section) => {
                let range = section.range();
                (table, between) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
                if let Some(column) = columns.get_mut(Column::Element as usize) {
                    elements(bytes, table, between, column)?;
                }
            }
            Payload::CodeSectionStart { unchecked_range, count, .. } => {
                let start = usize::try_from(unchecked_range.start)?;
                begin = start + Reader::new(bytes, start).number()?.1.len();
                end = usize::try_from(unchecked_range.end)?;
                if count == 0 {
                    begin = end;
                }
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let (from, to) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
                function(bytes, from, to, &mut columns, &mut slot)?;
            }
            _ => {}
        }
    }
    let mut out = MARK.to_vec();
    let head = [table, between - table, begin - between, end - begin];
    for size in head.into_iter().chain(columns.iter().map(Vec::len)) {
        out.extend(u32::try_from(size)?.to_le_bytes());
    }
    out.extend(bytes.get(..table).ok_or("elements outside of the file")?);
    out.extend(bytes.get(between..begin).ok_or("code before the elements")?);
    for column in &columns {
        out.extend(column);
    }
    out.extend(bytes.get(end..).ok_or("code outside of the file")?);
    Ok(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Reader<'a> {
        Reader { bytes, at }
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or("code that ends too early")?;
        self.at += 1;
        Ok(byte)
    }

    /// A number in LEB128, unsigned, and its bytes.
    fn number(&mut self) -> Result<(u64, &'a [u8])> {
        let from = self.at;
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                return Ok((value, self.bytes.get(from..self.at).unwrap_or_default()));
            }
        }
    }
}

/// How many sequences of functions take turns in a table, at most.
const SEQUENCES: usize = 8;

/// Puts the element section into its column. In a table, several sequences of functions take turns, and each counts up. So a
/// function is written as the number of the sequence that it goes on with, or as `SEQUENCES` and itself.
fn elements(bytes: &[u8], from: usize, to: usize, column: &mut Vec<u8>) -> Result<()> {
    let mut reader = Reader::new(bytes, from);
    let (segments, written) = reader.number()?;
    column.extend(written);
    let (mut last, mut begun) = ([u64::MAX; SEQUENCES], 0);
    for _ in 0..segments {
        let kind = reader.byte()?;
        column.push(kind);
        match kind {
            0 => {}
            2 => column.extend(reader.number()?.1),
            _ => return Err(format!("elements that are not understood: {kind}").into()),
        }
        // Where it begins: `i32.const`, its number, `end`; and for a table that is named, what it holds.
        for _ in 0..usize::from(kind) / 2 + 2 {
            column.push(reader.byte()?);
            if column.last() == Some(&I32_CONST) {
                column.extend(reader.number()?.1);
            }
        }
        let (count, written) = reader.number()?;
        column.extend(written);
        for _ in 0..count {
            let (function, written) = reader.number()?;
            let sequence = last.iter().position(|last| last.wrapping_add(1) == function && *last != u64::MAX);
            let sequence = sequence.unwrap_or_else(|| {
                begun += 1;
                (begun - 1) % SEQUENCES
            });
            if let Some(last) = last.get_mut(sequence) {
                if *last != u64::MAX && last.wrapping_add(1) == function {
                    column.push(u8::try_from(sequence)?);
                } else {
                    column.push(u8::try_from(SEQUENCES)?);
                    column.extend(written);
                }
                *last = function;
            }
        }
    }
    if reader.at == to { Ok(()) } else { Err("elements that are not understood".into()) }
}

/// Whether what stands before the code at `at` is a slot: it goes through a guard to a call through the table.
fn is_slot(bytes: &[u8], at: usize) -> bool {
    let mut reader = Reader::new(bytes, at);
    reader.byte().is_ok_and(|code| code == CALL)
        && reader.number().is_ok()
        && reader.byte().is_ok_and(|code| code == CALL_INDIRECT)
}

/// Puts a function into the columns. `slot` is the slot before.
fn function(
    bytes: &[u8],
    from: usize,
    to: usize,
    columns: &mut [Vec<u8>; COLUMNS],
    slot: &mut i64,
) -> Result<()> {
    let mut reader = Reader::new(bytes, from);
    let mut put = |column: Column, bytes: &[u8]| {
        if let Some(column) = columns.get_mut(column as usize) {
            column.extend(bytes);
        }
    };
    let (groups, written) = reader.number()?;
    put(Column::Declaration, written);
    for _ in 0..groups {
        put(Column::Declaration, reader.number()?.1);
        put(Column::Declaration, &[reader.byte()?]);
    }
    let body = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(
        bytes.get(from..to).ok_or("code outside of the file")?,
        0,
    ));
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        reader.at = from + usize::try_from(operators.original_position())?;
        operators.read()?;
        let next = from + usize::try_from(operators.original_position())?;
        let code = reader.byte()?;
        match code {
            0x02..=0x04 => {
                put(Column::Operation, &[code]);
                put(Column::Block, reader.number()?.1);
            }
            0x0c | 0x0d => {
                put(Column::Operation, &[code]);
                put(Column::Branch, reader.number()?.1);
            }
            0x0e => {
                put(Column::Operation, &[code]);
                let (targets, written) = reader.number()?;
                put(Column::Branch, written);
                for _ in 0..=targets {
                    put(Column::Branch, reader.number()?.1);
                }
            }
            0x10 => {
                put(Column::Operation, &[code]);
                put(Column::Call, reader.number()?.1);
            }
            CALL_INDIRECT => {
                put(Column::Operation, &[code]);
                put(Column::Indirect, reader.number()?.1);
                put(Column::Indirect, reader.number()?.1);
            }
            0x20..=0x22 => {
                put(Column::Operation, &[code]);
                put(Column::Local, reader.number()?.1);
            }
            0x23..=0x26 => {
                put(Column::Operation, &[code]);
                put(Column::Rest, reader.number()?.1);
            }
            0x28..=0x3e => {
                let (_, alignment) = reader.number()?;
                let natural = NATURAL.get(usize::from(code - 0x28)).map_or(0, |digit| digit - b'0');
                if alignment != [natural] {
                    put(Column::Operation, &[UNALIGNED]);
                    put(Column::Alignment, alignment);
                }
                put(Column::Operation, &[code]);
                put(Column::Offset, reader.number()?.1);
            }
            I32_CONST => {
                let (value, written) = reader.number()?;
                // Four bytes of LEB128 or more may be a negative number, too.
                if ADDRESSES.contains(&value)
                    && written.len() == 4
                    && written.last().is_some_and(|last| *last < 0x40)
                {
                    put(Column::Operation, &[ADDRESS]);
                    put(Column::Address, value.to_le_bytes().get(..3).unwrap_or_default());
                } else {
                    let step = i64::try_from(value)? - *slot;
                    if !is_slot(bytes, next)
                        || written.len() > 2
                        || written.last().is_some_and(|last| *last >= 0x40)
                    {
                        put(Column::Operation, &[code]);
                        put(Column::Number, written);
                    } else {
                        *slot += step;
                        if step == 1 {
                            put(Column::Operation, &[NEXT_SLOT]);
                        } else {
                            put(Column::Operation, &[SLOT]);
                            put(Column::Slot, &i16::try_from(step)?.to_le_bytes());
                        }
                    }
                }
            }
            0x42 => {
                put(Column::Operation, &[code]);
                put(Column::Wide, reader.number()?.1);
            }
            0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 => {
                put(Column::Operation, &[code]);
                reader.at = next;
            }
            ADDRESS | UNALIGNED | NEXT_SLOT | SLOT => {
                return Err(format!("an operation that is not understood: {code:#x}").into());
            }
            _ => {
                let rest = bytes.get(reader.at..next).ok_or("code outside of the file")?;
                put(Column::Operation, &[code]);
                put(Column::Rest, &[u8::try_from(rest.len())?]);
                put(Column::Rest, rest);
                reader.at = next;
            }
        }
        if reader.at != next {
            return Err(format!("an operation that is not understood: {code:#x}").into());
        }
    }
    Ok(())
}
