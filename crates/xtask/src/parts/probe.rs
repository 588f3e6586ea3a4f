//! A module that notes which stretches of its code were reached: a memory of its own with a byte for each.

use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, Instruction, MemArg, MemorySection, MemoryType,
};

use super::module::Whole;
use super::outline::{begins_stretch, stretches};
use crate::step::Result;

/// Under which name the memory is exported.
const MEMORY: &str = "opscape_called";

type Encoded = std::result::Result<(), wasm_encoder::reencode::Error<std::convert::Infallible>>;

struct Probe {
    memory: u32,
    probes: u64,
    at: i32,
}

impl Reencode for Probe {
    type Error = std::convert::Infallible;

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Encoded {
        utils::parse_memory_section(self, memories, section)?;
        let pages = self.probes / 65_536 + 1;
        memories.memory(MemoryType {
            minimum: pages,
            maximum: Some(pages),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Encoded {
        utils::parse_export_section(self, exports, section)?;
        exports.export(MEMORY, ExportKind::Memory, self.memory);
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: wasmparser::FunctionBody<'_>) -> Encoded {
        let mut function: Function = self.new_function_with_parsed_locals(&body)?;
        self.probe(&mut function);
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let operator = reader.read()?;
            let begins = begins_stretch(&operator) && !reader.eof();
            function.instruction(&self.instruction(operator)?);
            if begins {
                self.probe(&mut function);
            }
        }
        code.function(&function);
        Ok(())
    }
}

impl Probe {
    fn probe(&mut self, function: &mut Function) {
        function.instruction(&Instruction::I32Const(self.at));
        function.instruction(&Instruction::I32Const(1));
        function.instruction(&Instruction::I32Store8(MemArg {
            offset: 0,
            align: 0,
            target: wasm_encoder::MemArgTarget::Memory(self.memory),
            ordering: None,
        }));
        self.at += 1;
    }
}

/// The module with a probe at the start of each of its functions.
///
/// # Errors
/// Where it cannot be written anew.
pub fn with_probes(whole: &Whole<'_>) -> Result<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    let memory = u32::try_from(whole.memories.len())?;
    let mut probes = 0;
    for function in &whole.functions {
        probes += stretches(&function.body)? as u64;
    }
    let mut probe = Probe { memory, probes, at: 0 };
    utils::parse_core_module(&mut probe, &mut module, wasmparser::Parser::new(0), whole.bytes)
        .map_err(|error| format!("probes: {error}"))?;
    Ok(module.finish())
}
