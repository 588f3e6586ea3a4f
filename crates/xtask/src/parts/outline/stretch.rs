//! Stretches: runs of instructions that are all reached when the first of them is.

use wasmparser::{FunctionBody, Operator};

use crate::step::Result;

/// Whether what comes after an instruction may run more or less often than what stands before it.
pub fn begins_stretch(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::If { .. } | Operator::Else | Operator::End | Operator::BrIf { .. })
}

/// How many stretches a function has: one at its start, and one after each instruction that begins one.
///
/// # Errors
/// Where the body is not Wasm.
pub fn stretches(body: &FunctionBody<'_>) -> Result<usize> {
    let mut reader = body.get_operators_reader()?;
    let mut count = 1;
    while !reader.eof() {
        let begins = begins_stretch(&reader.read()?);
        count += usize::from(begins && !reader.eof());
    }
    Ok(count)
}

/// For each stretch, whether it ends in a panic: whoever reaches it does not get out.
///
/// # Errors
/// Where the body is not Wasm.
pub fn doomed(body: &FunctionBody<'_>) -> Result<Vec<bool>> {
    let mut reader = body.get_operators_reader()?;
    let mut doomed = vec![false];
    let mut left = false;
    while !reader.eof() {
        let operator = reader.read()?;
        match operator {
            Operator::Br { .. } | Operator::BrTable { .. } | Operator::Return => left = true,
            Operator::Unreachable if !left => {
                if let Some(last) = doomed.last_mut() {
                    *last = true;
                }
            }
            _ => {}
        }
        if begins_stretch(&operator) && !reader.eof() {
            doomed.push(false);
            left = false;
        }
    }
    Ok(doomed)
}

/// A number for the sequence of a function's instructions without what they refer to: equal as long as the function is
/// the same, wherever it and its constants are placed.
///
/// # Errors
/// Where the body is not Wasm.
pub fn shape(body: &FunctionBody<'_>) -> Result<u32> {
    let mut hash = 0x811c_9dc5_u32;
    for operator in body.get_operators_reader()? {
        let code = std::mem::discriminant(&operator?);
        let mut hasher = Fnv(hash);
        std::hash::Hash::hash(&code, &mut hasher);
        hash = hasher.0;
    }
    Ok(hash)
}

/// FNV-1a, as a hasher.
struct Fnv(u32);

impl std::hash::Hasher for Fnv {
    fn finish(&self) -> u64 {
        u64::from(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
}
