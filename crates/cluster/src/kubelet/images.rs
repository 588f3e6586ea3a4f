//! The images that nodes have, and what nodes tell of them (pkg/kubelet/images/image_gc_manager.go `GetImageList`,
//! nodestatus/setters.go `Images`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opscape_manifest::api::Node;
use opscape_manifest::api::meta::Str;
use opscape_manifest::order;
use opscape_manifest::value::{Map, Value};
use opscape_sim::Time;

use super::status::image_id;
use super::{Kubelets, Wake};
use crate::{Api, Context, Event};

/// Images a node tells of at most, the largest first (`--node-status-max-images`).
const MOST: usize = 50;
/// How often a kubelet looks whether its node's status has changed (`nodeStatusUpdateFrequency`).
const UPDATE: u64 = 10_000_000;

/// The images of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct OnNode {
    names: BTreeSet<Str>,
    /// Some of them will be told of with the next status.
    fresh: bool,
}

/// By node.
pub(super) type Images = Arc<BTreeMap<Str, OnNode>>;

impl Kubelets {
    pub(super) fn has_image(&self, node: &Str, image: &Str) -> bool {
        self.images.get(node).is_some_and(|images| images.names.contains(image))
    }

    /// An image was pulled. Gives its size in bytes; 0: unknown.
    pub(super) fn image_arrived(
        &mut self,
        node: &Str,
        image: &Str,
        api: &Api,
        context: &mut Context<'_>,
    ) -> i64 {
        let size = api.options().images.size(image);
        let images = Arc::make_mut(&mut self.images).entry(node.clone()).or_default();
        if images.names.insert(image.clone()) && size > 0 && !std::mem::replace(&mut images.fresh, true) {
            let next = Time((context.now().0 / UPDATE + 1) * UPDATE);
            let before = context.because(None);
            context.at(next, Event::Kubelet(Wake::Images(node.clone())));
            context.because(before);
        }
        size
    }

    /// A node tells which images it has.
    pub(super) fn report_images(&mut self, node: &Str, api: &mut Api, context: &mut Context<'_>) {
        let Some(images) = Arc::make_mut(&mut self.images).get_mut(node) else { return };
        images.fresh = false;
        let names: Vec<Str> = images.names.iter().cloned().collect();
        let known = api.options().images.clone();
        let mut sized: Vec<(i64, Str)> = names.into_iter().map(|name| (known.size(&name), name)).collect();
        order::sort_by(&mut sized, |a, b| b.0.cmp(&a.0));
        sized.truncate(MOST);
        let entries: Vec<Value> = sized.iter().map(|(size, image)| self.entry(*size, image, api)).collect();
        let _ = api.modify::<Node>("", node, context, |node| node.status.images = entries);
    }

    fn entry(&mut self, size: i64, image: &Str, api: &Api) -> Value {
        let id = image_id(&mut self.image_ids, image, &api.options().flags.kubelet);
        let repository = id.split('@').next().unwrap_or_default();
        let named = image.split('@').next().unwrap_or(image);
        let tag = match named.rsplit_once(':') {
            Some((_, tag)) if !tag.contains('/') => tag,
            _ => "latest",
        };
        let tagged = [repository, ":", tag].concat();
        let mut map = Map::new();
        map.extend([
            ("names".to_owned(), Value::List(vec![Value::from(&*id), Value::from(&*tagged)])),
            ("sizeBytes".to_owned(), Value::Int(size)),
        ]);
        Value::Map(map)
    }
}
