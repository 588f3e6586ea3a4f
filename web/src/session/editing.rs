//! The text: as it was applied, as it stands, the file that is shown, and what is wrong with it.

use std::ops::Range;
use std::rc::Rc;

use opscape_lab::Session as Lab;
use opscape_manifest::api::Str;
use opscape_manifest::diagnostic::{Diagnostic, Fix, Severity};
use opscape_manifest::text;

use super::{Session, State};
use crate::{browser, share};

/// A named file of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Its path; empty: the part without a name.
    pub name: Rc<str>,
    /// Its part of the text, in bytes.
    pub range: Range<usize>,
    /// Lines of the text before it.
    pub lines_before: u32,
}

/// The text and what is known of it.
#[derive(Debug, Default)]
pub struct TextState {
    all: String,
    applied: String,
    files: Vec<TextFile>,
    shown: usize,
    problems: Rc<Vec<Diagnostic>>,
    /// The line that an explanation points to, and how often one did: twice the same line is two calls.
    cited: Option<(u32, u32)>,
    /// Counts replacements of the text that the person did not type.
    replaced: u32,
    view: Option<Rc<TextView>>,
}

/// The text panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextView {
    /// The files.
    pub files: Vec<TextFile>,
    /// Which of them is shown.
    pub shown: usize,
    /// Its text.
    pub text: Rc<str>,
    /// Its lines that are not as they were applied, from 1.
    pub changed: Vec<u32>,
    /// Everything wrong with the whole text; lines are of the whole text.
    pub problems: Rc<Vec<Diagnostic>>,
    /// Whether the text is not as it was applied.
    pub edited: bool,
    /// The line of the shown file that an explanation points to, and a number that changes with each call.
    pub cited: Option<(u32, u32)>,
    /// Changes when the text was replaced by other means than typing.
    pub replaced: u32,
}

impl TextView {
    /// The file that is shown.
    pub fn file(&self) -> Option<&TextFile> {
        self.files.get(self.shown)
    }

    /// Lines of the whole text before the file that is shown.
    pub fn lines_before(&self) -> u32 {
        self.file().map_or(0, |file| file.lines_before)
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

impl TextState {
    pub(super) fn new(all: String) -> TextState {
        let mut state = TextState { all, ..TextState::default() };
        state.split();
        state.show_first();
        state
    }

    /// Shows the first file that is not about the lab itself: what a person would have at work.
    fn show_first(&mut self) {
        let is_lab = |file: &TextFile| {
            let part = self.all.get(file.range.clone()).unwrap_or("");
            part.lines().any(|line| line.starts_with("apiVersion: opscape.dev/"))
        };
        self.shown = self.files.iter().position(|file| !is_lab(file)).unwrap_or(0);
        self.view = None;
    }

    /// The whole text.
    pub(super) fn all(&self) -> &str {
        &self.all
    }

    pub(super) fn is_edited(&self) -> bool {
        self.all != self.applied
    }

    pub(super) fn was_applied(&mut self) {
        self.applied.clone_from(&self.all);
        self.check();
    }

    /// This was applied, which need not be what stands here.
    pub(super) fn set_applied(&mut self, applied: String) {
        self.applied = applied;
        self.check();
    }

    pub(super) fn set_problems(&mut self, problems: Vec<Diagnostic>) {
        self.problems = Rc::new(problems);
        self.view = None;
    }

    /// What else is wrong: what the API server said.
    pub(super) fn add_problems(&mut self, problems: Vec<Diagnostic>) {
        if !problems.is_empty() {
            self.set_problems([self.problems.to_vec(), problems].concat());
        }
    }

    pub(super) fn check(&mut self) {
        self.set_problems(Lab::check_text(&self.all));
    }

    fn split(&mut self) {
        self.view = None;
        self.files = text::files(&self.all)
            .into_iter()
            .map(|file| TextFile {
                name: file.name.as_deref().unwrap_or("").into(),
                lines_before: self
                    .all
                    .get(..file.range.start)
                    .map_or(0, |before| before.matches('\n').count()) as u32,
                range: file.range,
            })
            .collect();
        if self.files.is_empty() {
            self.files.push(TextFile { name: "".into(), range: 0..self.all.len(), lines_before: 0 });
        }
        self.shown = self.shown.min(self.files.len() - 1);
    }

    fn replace(&mut self, all: String) {
        self.all = all;
        self.replaced += 1;
        self.split();
        self.check();
    }

    /// Another text for the file that is shown.
    fn type_text(&mut self, part: &str) {
        let Some(range) = self.files.get(self.shown).map(|file| file.range.clone()) else { return };
        let shown = self.shown;
        self.all.replace_range(range, part);
        self.split();
        // A separator typed into a file makes another file behind it; this one stays where it is.
        self.shown = shown.min(self.files.len().saturating_sub(1));
        self.check();
    }

    pub(super) fn view(&mut self) -> Rc<TextView> {
        if let Some(view) = &self.view {
            return view.clone();
        }
        let file = self.files.get(self.shown);
        let part = file.and_then(|file| self.all.get(file.range.clone())).unwrap_or("");
        let before = file.map_or(0, |file| file.lines_before);
        let view = Rc::new(TextView {
            files: self.files.clone(),
            shown: self.shown,
            text: part.into(),
            changed: if self.is_edited() && !self.applied.is_empty() {
                changed_lines(self.applied_part(), part)
            } else {
                Vec::new()
            },
            problems: self.problems.clone(),
            edited: self.is_edited(),
            cited: self.cited.and_then(|(line, times)| Some((line.checked_sub(before)?, times))),
            replaced: self.replaced,
        });
        self.view = Some(view.clone());
        view
    }

    /// What was applied of the file that is shown.
    fn applied_part(&self) -> &str {
        let Some(name) = self.files.get(self.shown).map(|file| file.name.clone()) else { return "" };
        text::files(&self.applied)
            .into_iter()
            .find(|file| file.name.as_deref().unwrap_or("") == &*name)
            .and_then(|file| self.applied.get(file.range))
            .unwrap_or("")
    }
}

/// Lines of `now` (from 1) that are not in `before`, by the longest part both share at the beginning and the end, and
/// line by line between.
fn changed_lines(before: &str, now: &str) -> Vec<u32> {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = now.lines().collect();
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let old = old.get(head..old_end).unwrap_or(&[]);
    let new = new.get(head..new_end).unwrap_or(&[]);
    let same_length = old.len() == new.len();
    let lines = new.iter().enumerate().filter(|(index, line)| {
        if same_length { old.get(*index) != Some(*line) } else { !old.contains(line) }
    });
    lines.map(|(index, _)| (head + index + 1) as u32).collect()
}

impl Session {
    /// The whole text as it stands.
    pub fn text(&self) -> String {
        self.0.state.borrow().text.all.clone()
    }

    /// The person typed: another text for the file that is shown.
    pub fn type_text(&self, part: &str) {
        self.change(|state| {
            state.text.type_text(part);
            state.keep_text();
        });
    }

    /// Shows another file.
    pub fn show_file(&self, index: usize) {
        self.change(|state| {
            state.text.shown = index;
            state.text.cited = None;
            state.text.replaced += 1;
            state.text.split();
        });
    }

    /// Makes the change that solves a problem.
    pub fn mend(&self, fix: &Fix) {
        self.change(|state| {
            let range = fix.span.start.offset as usize..fix.span.end.offset as usize;
            let mut all = state.text.all.clone();
            if all.get(range.clone()).is_some() {
                all.replace_range(range, &fix.text);
                state.text.replace(all);
                state.keep_text();
            }
        });
    }

    /// Shows a line of the whole text.
    pub fn cite(&self, line: u32) {
        self.change(|state| {
            let text = &mut state.text;
            let file = text.files.iter().rposition(|file| file.lines_before < line).unwrap_or(0);
            if file != text.shown {
                text.shown = file;
                text.replaced += 1;
            }
            text.cited = Some((line, text.cited.map_or(1, |(_, times)| times + 1)));
            text.view = None;
        });
    }

    /// Another text altogether, run from its beginning.
    pub fn open_text(&self, text: String, seed: Option<u64>, play: bool) {
        self.open_as(text, seed, play, None);
    }

    /// The same in one of the text's lanes; none: the first one.
    pub fn open_lane(&self, text: String, lane: Option<&str>) {
        self.open_as(text, None, true, lane.map(Str::from));
    }

    fn open_as(&self, text: String, seed: Option<u64>, play: bool, lane: Option<Str>) {
        self.change(|state| {
            state.lane = lane;
            state.text.shown = 0;
            state.text.cited = None;
            state.text.replace(text);
            state.text.show_first();
            state.seed = seed;
            state.window = None;
            state.open();
            state.clock.playing = play && state.world.is_some();
            state.keep_text();
        });
    }
}

impl State {
    pub(super) fn keep_text(&self) {
        if let Some(name) = self.keep {
            browser::store(name, &self.text.all);
            // A link's text in the address would come back instead of this one when the page is loaded again.
            share::clear();
        }
    }
}
