//! Where the jobs of a pipeline are drawn: columns from the left to the right, each job behind all that it waits for, and
//! lines that never pass under a job.
//!
//! The jobs of a matrix stand in a box, those of a pipeline that is called in one with a picture of their own. Where each
//! stands in its column is decided by `rust-sugiyama`; a line that passes a column has a place of its own there, like a job.

mod layers;

use super::scene::PipelineScene;
use layers::{Layered, layered};
use opscape_pipeline::run::{JobId, Kind};

/// What the columns follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// What each job waits for.
    #[default]
    Needs,
    /// The stages, if there are any.
    Stages,
}

/// How large everything is, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// A job.
    pub job: (f32, f32),
    /// Between columns, and between jobs of a column.
    pub gap: (f32, f32),
    /// Around the jobs in a box.
    pub pad: f32,
    /// The title of a box, or of a stage.
    pub title: f32,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { job: (136.0, 36.0), gap: (38.0, 10.0), pad: 8.0, title: 20.0 }
    }
}

/// A place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Box {
    /// From the left.
    pub x: f32,
    /// From the top.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The group that is waited for, and the one that waits.
    pub ends: (usize, usize),
    /// Whether it waits because it stands in a later stage.
    pub by_stage: bool,
    /// Turning points: from the first to the second it goes straight across a column, to the third it crosses the gap between
    /// two columns, and so on in turn.
    pub points: Vec<(f32, f32)>,
}

/// A box around several jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Its groups; all have the same name.
    pub groups: Vec<usize>,
    /// Where.
    pub place: Box,
    /// How many jobs are in it.
    pub count: usize,
}

/// A pipeline as it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Width and height.
    pub size: (f32, f32),
    /// Each job of the pipeline.
    pub jobs: Vec<Box>,
    /// Around matrices and pipelines that are called; outer ones first.
    pub frames: Vec<Frame>,
    /// What waits for what.
    pub lines: Vec<Line>,
    /// Where the stages stand: which, its left edge, and its width.
    pub stages: Vec<(usize, f32, f32)>,
}

/// Something that has a place in a column.
#[derive(Clone, Debug)]
struct Item {
    /// Its groups.
    groups: Vec<usize>,
    size: (f32, f32),
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Job(JobId),
    /// Jobs in rows of so many.
    Stack(Vec<JobId>, usize),
    Inner(Picture),
    Nothing,
}

/// The most jobs of a matrix that stand below each other.
const STACK: usize = 8;

/// Lays a pipeline out.
pub fn layout(scene: &PipelineScene, arrangement: Arrangement, by_stage: bool, sizes: Sizes) -> Picture {
    let stages = arrangement == Arrangement::Stages && !scene.stages.is_empty();
    let mut picture = level(scene, None, stages, by_stage, sizes);
    if stages {
        let down = sizes.title + 6.0;
        shift(&mut picture, 0.0, down);
        picture.size.1 += down;
    }
    picture
}

/// The groups that stand in the same group, or in none.
fn level(
    scene: &PipelineScene,
    within: Option<usize>,
    stages: bool,
    by_stage: bool,
    sizes: Sizes,
) -> Picture {
    let items = items(scene, within, sizes);
    // Groups of other levels have no item here.
    let mut item_of = vec![None; scene.groups.len()];
    for (at, item) in items.iter().enumerate() {
        for group in &item.groups {
            if let Some(slot) = item_of.get_mut(*group) {
                *slot = Some(at);
            }
        }
    }
    let needs = needs(scene, &items, &item_of);
    let stage_of = |item: &Item| item.groups.first().and_then(|group| scene.groups.get(*group)?.stage);
    let stage: Option<Vec<usize>> = (stages && within.is_none())
        .then(|| items.iter().map(|item| stage_of(item).unwrap_or_default()).collect());
    let own: Vec<bool> = items.iter().map(|item| is_by_stage(scene, item)).collect();
    // What is not drawn takes no place.
    let drawn = |item: usize| by_stage || !own.get(item).copied().unwrap_or_default();
    let edges: Vec<(usize, usize)> = needs
        .iter()
        .enumerate()
        .filter(|(item, _)| drawn(*item))
        .flat_map(|(item, needs)| needs.iter().map(move |need| (*need, item)))
        .collect();
    let heights: Vec<(f32, f32)> = items.iter().map(|item| item.size).collect();
    let Layered { places, lines, size, columns } = layered(&heights, &needs, stage.as_deref(), &edges, sizes);
    let mut picture =
        Picture { size, jobs: vec![Box::default(); scene.jobs.len()], stages: columns, ..Picture::default() };
    for (item, (x, y)) in items.iter().zip(&places) {
        place(&mut picture, item, (*x, *y), sizes);
    }
    for ((from, to), points) in edges.iter().zip(lines) {
        let ends = (items.get(*from), items.get(*to));
        let (Some(first), Some(last)) = ends else { continue };
        let (Some(first), Some(last)) = (first.groups.first(), last.groups.first()) else { continue };
        let by_stage = own.get(*to).copied().unwrap_or_default();
        picture.lines.push(Line { ends: (*first, *last), by_stage, points });
    }
    picture
}

fn is_by_stage(scene: &PipelineScene, item: &Item) -> bool {
    item.groups.first().and_then(|group| scene.groups.get(*group)).is_some_and(|group| group.by_stage)
}

/// The items of a level, in the order of the pipeline.
fn items(scene: &PipelineScene, within: Option<usize>, sizes: Sizes) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut merged: Vec<bool> = vec![false; scene.groups.len()];
    for (id, group) in scene.groups.iter().enumerate() {
        if group.within != within || merged.get(id).copied().unwrap_or(true) {
            continue;
        }
        // The copies of a job are jobs of their own in GitLab.
        let same: Vec<usize> = match group.kind {
            Kind::Single => {
                let rest = scene.groups.iter().enumerate().skip(id);
                let same = rest.filter(|(_, other)| other.within == within && other.kind == Kind::Single);
                same.filter(|(_, other)| other.base == group.base).map(|(id, _)| id).collect()
            }
            Kind::Matrix | Kind::Call => vec![id],
        };
        for other in &same {
            if let Some(merged) = merged.get_mut(*other) {
                *merged = true;
            }
        }
        let jobs: Vec<JobId> = same
            .iter()
            .filter_map(|id| scene.groups.get(*id))
            .flat_map(|group| &group.jobs)
            .copied()
            .collect();
        let inner = scene.groups.iter().any(|inner| inner.within == Some(id));
        items.push(item(scene, same, &jobs, (group.kind, inner), sizes));
    }
    items
}

fn item(
    scene: &PipelineScene,
    groups: Vec<usize>,
    jobs: &[JobId],
    (kind, inner): (Kind, bool),
    sizes: Sizes,
) -> Item {
    let framed = |w: f32, h: f32| (w + 2.0 * sizes.pad, h + sizes.title + 2.0 * sizes.pad);
    let first = groups.first().copied();
    if inner {
        let picture = level(scene, first, false, false, sizes);
        return Item {
            groups,
            size: framed(picture.size.0, picture.size.1),
            content: Content::Inner(picture),
        };
    }
    match jobs {
        [] => Item { groups, size: (sizes.job.0, sizes.job.1), content: Content::Nothing },
        [job] if kind != Kind::Matrix => Item { groups, size: sizes.job, content: Content::Job(*job) },
        jobs => {
            let columns = jobs.len().div_ceil(STACK);
            let rows = jobs.len().div_ceil(columns);
            let gap = sizes.gap.1 * 0.6;
            let along = |count: usize, one: f32, gap: f32| count as f32 * (one + gap) - gap;
            let size = framed(along(columns, sizes.job.0, gap), along(rows, sizes.job.1, gap));
            Item { groups, size, content: Content::Stack(jobs.to_vec(), rows) }
        }
    }
}

/// What each item waits for. Of stages only the last one before counts: the others came before that.
fn needs(scene: &PipelineScene, items: &[Item], item_of: &[Option<usize>]) -> Vec<Vec<usize>> {
    items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            let groups = || item.groups.iter().filter_map(|group| scene.groups.get(*group));
            let all = || groups().flat_map(|group| &group.needs);
            let last = all().filter_map(|need| scene.groups.get(*need)?.stage).max();
            let by_stage = is_by_stage(scene, item);
            let near = |need: &&usize| {
                !by_stage || scene.groups.get(**need).is_some_and(|group| group.stage == last)
            };
            let mut needs: Vec<usize> =
                all().filter(near).filter_map(|need| item_of.get(*need).copied().flatten()).collect();
            needs.sort_unstable();
            needs.dedup();
            needs.retain(|need| *need != at);
            needs
        })
        .collect()
}

fn place(picture: &mut Picture, item: &Item, (x, y): (f32, f32), sizes: Sizes) {
    let (w, h) = item.size;
    let set = |picture: &mut Picture, job: JobId, place: Box| {
        if let Some(slot) = picture.jobs.get_mut(job) {
            *slot = place;
        }
    };
    let frame = |count| Frame { groups: item.groups.clone(), place: Box { x, y, w, h }, count };
    match &item.content {
        Content::Job(job) => set(picture, *job, Box { x, y, w, h }),
        Content::Nothing => picture.frames.push(frame(0)),
        Content::Stack(jobs, rows) => {
            picture.frames.push(frame(jobs.len()));
            let gap = sizes.gap.1 * 0.6;
            for (at, job) in jobs.iter().enumerate() {
                let (column, row) = (at / rows, at % rows);
                let left = x + sizes.pad + column as f32 * (sizes.job.0 + gap);
                let top = y + sizes.title + sizes.pad + row as f32 * (sizes.job.1 + gap);
                set(picture, *job, Box { x: left, y: top, w: sizes.job.0, h: sizes.job.1 });
            }
        }
        Content::Inner(inner) => {
            let mut inner = inner.clone();
            shift(&mut inner, x + sizes.pad, y + sizes.title + sizes.pad);
            let placed = inner.jobs.iter().enumerate().filter(|(_, place)| place.w > 0.0);
            let placed: Vec<(usize, Box)> = placed.map(|(job, place)| (job, *place)).collect();
            picture.frames.push(frame(placed.len()));
            for (job, place) in placed {
                set(picture, job, place);
            }
            picture.frames.extend(inner.frames);
            picture.lines.extend(inner.lines);
        }
    }
}

fn shift(picture: &mut Picture, x: f32, y: f32) {
    let moved = |place: &mut Box| {
        place.x += x;
        place.y += y;
    };
    picture.jobs.iter_mut().filter(|place| place.w > 0.0).for_each(moved);
    picture.frames.iter_mut().for_each(|frame| moved(&mut frame.place));
    for point in picture.lines.iter_mut().flat_map(|line| &mut line.points) {
        *point = (point.0 + x, point.1 + y);
    }
}
