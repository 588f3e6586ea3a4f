//! Which function goes to which part.

use std::collections::{BTreeMap, BTreeSet};

use super::module::Whole;
use super::startup::When;

/// A part of the Wasm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What runs until a widget moves; everything else imports it.
    Main,
    /// What else runs in the seconds after that; the full page waits for it.
    Soon,
    /// What else runs in the full page until it moves and in the seconds after.
    Page,
    /// What only commands need.
    Terminal,
    /// What only texts with pipelines need.
    Pipelines,
    /// What runs later, or never.
    Rest,
}

impl Part {
    /// All of them.
    pub const ALL: [Part; 6] =
        [Part::Main, Part::Soon, Part::Page, Part::Terminal, Part::Pipelines, Part::Rest];

    /// How the page calls it; empty for the main part.
    pub fn name(self) -> &'static str {
        match self {
            Part::Main => "",
            Part::Page => "page",
            Part::Soon => "soon",
            Part::Terminal => "terminal",
            Part::Pipelines => "pipelines",
            Part::Rest => "rest",
        }
    }
}

/// Parts that only those need who open a thing, and what the names of their functions contain.
const OPENED: [(Part, &[&str]); 2] = [
    (Part::Terminal, &["opscape_shell::"]),
    (
        Part::Pipelines,
        &[
            "opscape_pipeline::",
            "opscape_lab::pipelines::",
            "opscape_web::pipelines::",
            "rust_sugiyama::",
            "petgraph::",
        ],
    ),
];

/// The part of a function that does not run until somebody does something.
fn later(name: &str) -> Part {
    let opened = OPENED.iter().find(|(_, names)| names.iter().any(|of| name.contains(of)));
    opened.map_or(Part::Rest, |(part, _)| *part)
}

/// The division.
pub struct Plan {
    /// The part of each function, by index in the module; imported ones count as main.
    parts: Vec<Part>,
    /// The slot of a function that other parts call.
    pub slots: BTreeMap<u32, u32>,
    /// How many slots were added to the function table.
    pub added: u32,
    /// The functions of the main part in their order there.
    pub main: Vec<u32>,
}

impl Plan {
    /// The part of a function.
    pub fn of(&self, function: u32) -> Part {
        self.parts.get(function as usize).copied().unwrap_or(Part::Main)
    }
}

/// Divides the functions by when they are needed.
pub fn plan(whole: &Whole<'_>, when: &[When]) -> Plan {
    let first = whole.first();
    let in_table: BTreeSet<u32> = whole.slots.values().copied().collect();
    let mut parts = vec![Part::Main; first as usize];
    parts.extend(whole.functions.iter().zip(when).map(|(function, when)| match when {
        When::First => Part::Main,
        When::Page => Part::Page,
        When::Soon => Part::Soon,
        When::Later | When::Panic => later(&function.name),
    }));
    let mut callers: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (index, function) in (first..).zip(&whole.functions) {
        for callee in &function.calls {
            callers.entry(*callee).or_default().insert(index);
        }
    }
    upkeep_comes_soon(whole, when, &mut parts);
    for (part, _) in OPENED {
        only_called_by(part, &mut parts, first, &callers, &in_table);
    }

    let mut slots: BTreeMap<u32, u32> = BTreeMap::new();
    for (slot, function) in &whole.slots {
        slots.entry(*function).or_insert(*slot);
    }
    let part = |index: u32| parts.get(index as usize).copied().unwrap_or(Part::Main);
    let functions = || (first..).zip(&whole.functions);
    let shared: BTreeSet<u32> = functions()
        .filter(|(index, _)| part(*index) != Part::Main)
        .flat_map(|(_, function)| function.calls.iter().copied())
        .filter(|callee| part(*callee) == Part::Main && !slots.contains_key(callee))
        .collect();
    // Those with slots first and in their order: what counts up takes little room in the table's section. Then by name:
    // what is alike stands side by side.
    let mut main: Vec<u32> =
        functions().map(|(index, _)| index).filter(|index| part(*index) == Part::Main).collect();
    main.sort_by_cached_key(|index| {
        let name = whole.function(*index).map_or("", |function| &function.name);
        (slots.get(index).copied().unwrap_or(u32::MAX), !shared.contains(index), name, *index)
    });
    // In the order in which the main part calls them: a slot's number then follows from the one before (`columns`).
    let mut wanted: Vec<u32> = Vec::new();
    let mut known: BTreeSet<u32> = slots.keys().copied().collect();
    let others = functions().map(|(index, _)| index).filter(|index| part(*index) != Part::Main);
    for index in main.iter().copied().chain(others) {
        for callee in whole.function(index).into_iter().flat_map(|function| &function.calls) {
            if part(*callee) != part(index) && part(*callee) != Part::Main && known.insert(*callee) {
                wanted.push(*callee);
            }
        }
    }
    for function in &whole.exported {
        if part(*function) != Part::Main && known.insert(*function) {
            wanted.push(*function);
        }
    }
    wanted.extend(shared.range(..first));
    wanted.extend(main.iter().filter(|function| shared.contains(function)));
    let size = u32::try_from(whole.table_size).unwrap_or(u32::MAX);
    let added = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
    slots.extend(wanted.into_iter().zip(size..));
    Plan { parts, slots, added, main }
}

/// When memory is copied, compared and given back hangs on when frames come and checkpoints are made, so a recording never
/// sees all of it: what else the functions of a moving page call of that comes with the part `soon`.
fn upkeep_comes_soon(whole: &Whole<'_>, when: &[When], parts: &mut [Part]) {
    let first = whole.first();
    let mut open: Vec<u32> = (first..)
        .take(whole.functions.len())
        .filter(|index| matches!(parts.get(*index as usize), Some(Part::Main | Part::Soon)))
        .collect();
    while let Some(index) = open.pop() {
        for callee in whole.function(index).into_iter().flat_map(|function| &function.calls) {
            let is_later =
                callee.checked_sub(first).is_some_and(|at| when.get(at as usize) == Some(&When::Later));
            if is_later
                && whole.function(*callee).is_some_and(|function| is_upkeep(&function.name))
                && let Some(part @ Part::Rest) = parts.get_mut(*callee as usize)
            {
                *part = Part::Soon;
                open.push(*callee);
            }
        }
    }
}

/// Whether a function keeps data in order: containers, and what copies, compares or gives back values.
fn is_upkeep(name: &str) -> bool {
    const OF: [&str; 8] = [
        "alloc::collections::",
        "alloc::rc::",
        "alloc::sync::",
        "alloc::vec::",
        "core::ptr::",
        "hashbrown::",
        "yew::",
        "opscape_sim::id_map::",
    ];
    const DOES: [&str; 2] = [" as core::clone::Clone>", " as core::cmp::PartialEq>"];
    let bare = name.trim_start_matches(['<', '&']);
    OF.iter().any(|of| bare.starts_with(of)) || DOES.iter().any(|does| name.contains(does))
}

/// What nothing but the functions of a part can reach belongs to it, too.
fn only_called_by(
    of: Part,
    parts: &mut [Part],
    first: u32,
    callers: &BTreeMap<u32, BTreeSet<u32>>,
    in_table: &BTreeSet<u32>,
) {
    loop {
        let mut moved = false;
        for (function, by) in callers {
            let is = |index: u32, wanted: Part| parts.get(index as usize) == Some(&wanted);
            if *function < first || in_table.contains(function) || !is(*function, Part::Rest) {
                continue;
            }
            if by.iter().all(|caller| is(*caller, of) || caller == function)
                && let Some(part) = parts.get_mut(*function as usize)
            {
                *part = of;
                moved = true;
            }
        }
        if !moved {
            return;
        }
    }
}
