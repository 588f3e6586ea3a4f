//! Random programs do the same before and after stretches of them are taken out.

use wasm_smith::{Config, Module};
use wasmi::{Engine, Linker, Store, Val};

use super::module::Whole;
use super::outline::{Needs, outline, stretches};
use super::startup::When;

/// Numbers that look random and are the same each time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A program that ends, made of what our compiler makes programs of.
fn program(numbers: &mut Numbers) -> Option<Vec<u8>> {
    let seed: Vec<u8> = (0..4096).flat_map(|_| numbers.next().to_le_bytes()).collect();
    let config = Config {
        max_imports: 0,
        min_funcs: 1,
        max_funcs: 12,
        min_memories: 1,
        max_memories: 1,
        max_memory32_bytes: 65_536,
        max_tables: 1,
        max_instructions: 900,
        export_everything: true,
        allow_start_export: false,
        gc_enabled: false,
        exceptions_enabled: false,
        memory64_enabled: false,
        threads_enabled: false,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        reference_types_enabled: false,
        bulk_memory_enabled: false,
        tail_call_enabled: false,
        wide_arithmetic_enabled: false,
        shared_everything_threads_enabled: false,
        custom_page_sizes_enabled: false,
        canonicalize_nans: true,
        ..Config::default()
    };
    let mut module = Module::new(config, &mut arbitrary::Unstructured::new(&seed)).ok()?;
    module.ensure_termination(400).ok()?;
    Some(module.to_bytes())
}

/// What calls of all its functions come to, one after the other: values, or that it trapped.
fn played(bytes: &[u8], functions: u32, calls: &[i32]) -> Option<Vec<String>> {
    let engine = Engine::default();
    let module = wasmi::Module::new(&engine, bytes).ok()?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::<()>::new(&engine).instantiate_and_start(&mut store, &module).ok()?;
    let exports: Vec<String> = module
        .exports()
        .filter(|export| export.ty().func().is_some())
        .map(|export| export.name().to_owned())
        .collect();
    let mut out = Vec::new();
    for name in exports.iter().take(functions as usize) {
        let function = instance.get_func(&store, name)?;
        let kind = function.ty(&store);
        for call in calls {
            let given: Vec<Val> = kind
                .params()
                .iter()
                .map(|kind| match kind {
                    wasmi::ValType::I64 => Val::I64(i64::from(*call)),
                    wasmi::ValType::F32 => Val::F32((*call as f32).into()),
                    wasmi::ValType::F64 => Val::F64(f64::from(*call).into()),
                    _ => Val::I32(*call),
                })
                .collect();
            let mut results: Vec<Val> =
                kind.results().iter().map(|kind| Val::default_for_ty(*kind)).collect();
            let ended = function.call(&mut store, &given, &mut results);
            out.push(match ended {
                Ok(()) => format!("{name}({call}) = {results:?}"),
                Err(_) => format!("{name}({call}) traps"),
            });
        }
    }
    Some(out)
}

#[test]
fn taking_stretches_out_changes_nothing() {
    let mut numbers = Numbers(1);
    let (mut programs, mut taken) = (0, 0);
    while programs < 300 {
        let Some(bytes) = program(&mut numbers) else { continue };
        let whole = Whole::read(&bytes).map_or_else(|error| error.to_string(), |_| String::new());
        // wasm-smith also makes what our compiler does not, such as programs without a table.
        if !whole.is_empty() && whole != "there is no function table" {
            continue;
        }
        let mut needs = Needs::new();
        let mut count = 0;
        for payload in wasmparser::Parser::new(0).parse_all(&bytes) {
            if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
                let mut when: Vec<When> = (0..stretches(&body).unwrap())
                    .map(|_| [When::First, When::Page, When::Later][numbers.next() as usize % 3])
                    .collect();
                when[0] = When::First;
                needs.insert(count, when);
                count += 1;
            }
        }
        let outlined = outline(&bytes, &needs).unwrap();
        wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
            .validate_all(&outlined.bytes)
            .unwrap_or_else(|error| panic!("program {programs}: {error}"));
        let calls = [0, 1, -1, 7, 100_000];
        let Some(before) = played(&bytes, count, &calls) else { continue };
        let after = played(&outlined.bytes, count, &calls).expect("it is instantiated as before");
        assert_eq!(before, after, "program {programs}");
        programs += 1;
        taken += outlined.needs.len();
    }
    assert!(taken > 250, "only {taken} stretches were taken out of {programs} programs");
}
