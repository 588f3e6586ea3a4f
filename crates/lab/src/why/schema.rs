//! What the database has to do with it, in words.

use opscape_manifest::api::{Object, Pod};
use opscape_manifest::lab::ImageSchema;
use opscape_sim::EntryId;

use super::{Teller, told};
use crate::inspect::{Mark, WhyRow};
use crate::traffic::serving;
use crate::words::Rich;
use crate::world::Migration;

/// A migration, with the sentence of a family: `why.migrated`, `next.migrated`.
pub(super) fn migrated(teller: Teller<'_>, migration: &Migration, key: &str) -> Rich {
    let changes: Vec<String> = migration
        .columns
        .iter()
        .map(|(column, there)| {
            let key = if *there { "why.column.added" } else { "why.column.dropped" };
            teller.rich(key, &[("column", column)]).plain()
        })
        .collect();
    let values = [("pod", &*migration.pod.1), ("image", &*migration.image), ("changes", &changes.join(", "))];
    teller.rich(key, &values)
}

/// Of a pod, or of what has pods, that needs a column which is not there: the sentence, and the entry about how it went.
pub(super) fn row(teller: Teller<'_>, object: &Object) -> Option<(WhyRow, Option<EntryId>)> {
    let images = teller.model().images();
    if !images.has_database() {
        return None;
    }
    let store = teller.model().cluster().store();
    let now = teller.run.now();
    let lacks = |pod: &Pod| {
        let container = serving(pod)?;
        let missing = images.missing(&container.image, now)?;
        Some((container.image.clone(), missing))
    };
    let (image, missing) = match object {
        Object::Pod(pod) => lacks(pod)?,
        Object::Deployment(_) | Object::Rollout(_) => {
            let sets = store.owned_by(object.meta().uid);
            sets.flat_map(|set| store.owned_by(set.meta().uid)).find_map(|object| match object {
                Object::Pod(pod) => lacks(pod),
                _ => None,
            })?
        }
        _ => return None,
    };
    let key = match images.schema(&image).map(ImageSchema::when_missing) {
        Some(ImageSchema::UNREADY) => "why.no-column.unready",
        Some(ImageSchema::EXITS) => "why.no-column.exits",
        _ => "why.no-column.errors",
    };
    let text = teller.rich(key, &[("image", &image), ("column", missing.column)]);
    let rule = Rich::verbatim(&crate::images::schema::no_column(missing.column));
    let mut row = told(Mark::Failure, text, rule);
    row.at = missing.dropped.map(|change| change.at).unwrap_or_default();
    Some((row, missing.dropped.map(|change| change.entry)))
}
