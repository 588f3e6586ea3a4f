//! Writes a part so that it packs well: the code in columns, one for each sort of thing that instructions hold.
//!
//! Brotli, with which hosts pack what they send, finds what repeats in neighbouring bytes. In code, an operation, a local's
//! number and an offset take turns, and each hides what the others repeat. Side by side with their like they take an eighth
//! less. `web/js/parts/columns.ts` puts the code together again, byte for byte, before it is compiled. The file keeps the
//! ending `.wasm`: by that hosts know that it is worth packing.
//!
//! The layout: the letters `cols`; how many bytes stand before the code, how many of code there are, and the length of each
//! column (32-bit numbers, the lowest byte first); what stands before the code, from the start of the file to the number of
//! functions; the columns; what stands after the code.

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
    /// 32-bit constants that are called through the table.
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
}

const COLUMNS: usize = 14;

/// Stands for `i32.const` where the constant is in the column of addresses. No operation has this code.
const ADDRESS: u8 = 0x1d;
/// Stands before a load or store whose alignment is in its column. No operation has this code.
const UNALIGNED: u8 = 0x1e;

const I32_CONST: u8 = 0x41;
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
    let (mut begin, mut end) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
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
                function(bytes, from, to, &mut columns)?;
            }
            _ => {}
        }
    }
    let mut out = MARK.to_vec();
    let sizes = [begin, end - begin].into_iter().chain(columns.iter().map(Vec::len));
    for size in sizes {
        out.extend(u32::try_from(size)?.to_le_bytes());
    }
    out.extend(bytes.get(..begin).ok_or("code outside of the file")?);
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

/// Puts a function into the columns.
fn function(bytes: &[u8], from: usize, to: usize, columns: &mut [Vec<u8>; COLUMNS]) -> Result<()> {
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
                    put(Column::Operation, &[code]);
                    let called = bytes.get(next) == Some(&CALL_INDIRECT) && next < to;
                    put(if called { Column::Slot } else { Column::Number }, written);
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
            ADDRESS | UNALIGNED => {
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
