//! The images that nodes have, and what nodes tell of them (pkg/kubelet/images/image_gc_manager.go `GetImageList`,
//! nodestatus/setters.go `Images`).

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

impl Kubelets {
    /// An image was pulled by a node, which has this name and this place. Gives its size in bytes; 0: unknown.
    pub(super) fn image_arrived(
        &mut self,
        (node, at): (&Str, usize),
        image: &Str,
        api: &Api,
        context: &mut Context<'_>,
    ) -> i64 {
        let size = api.options().images.size(image);
        let Some(known) = self.nodes.at_mut(at) else { return size };
        if known.images.contains(image) {
            return size;
        }
        known.images.insert(image.clone());
        if size > 0 && !std::mem::replace(&mut known.fresh, true) {
            let next = Time((context.now().0 / UPDATE + 1) * UPDATE);
            let before = context.because(None);
            context.at(next, Event::Kubelet(Wake::Images(node.clone())));
            context.because(before);
        }
        size
    }

    /// A node tells which images it has.
    pub(super) fn report_images(&mut self, node: &Str, api: &mut Api, context: &mut Context<'_>) {
        let at = self.nodes.place(node);
        let Some(images) = self.nodes.at_mut(at).filter(|node| node.fresh) else { return };
        images.fresh = false;
        let names: Vec<Str> = images.images.iter().cloned().collect();
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
