//! Which controller serves an Ingress: its IngressClass, the old annotation, or the default class.

use opscape_manifest::api::ingress::{IngressClassSpec, IngressSpec};
use opscape_manifest::api::meta::Str;
use opscape_manifest::order::sort_by;

use super::objects::Found;
use super::reason::Reason;
use super::table::Builder;

/// Whose behaviour a controller has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// What the API itself promises.
    Plain,
    /// ingress-nginx.
    Nginx,
    /// The AWS Load Balancer Controller.
    Alb,
}

/// A controller and the Ingresses it serves.
pub(super) struct Group<'o> {
    controller: Str,
    pub flavour: Flavour,
    pub ingresses: Vec<&'o Found<IngressSpec>>,
}

const NGINX: &str = "k8s.io/ingress-nginx";
const ALB: &str = "ingress.k8s.aws/alb";
const OLD_ANNOTATION: &str = "kubernetes.io/ingress.class";
const DEFAULT_ANNOTATION: &str = "ingressclass.kubernetes.io/is-default-class";

/// The controllers of all classes with their Ingresses. Notes those that nobody serves.
pub(super) fn groups<'o>(builder: &mut Builder<'o>) -> Vec<Group<'o>> {
    let objects = builder.objects;
    let mut groups: Vec<Group<'o>> = Vec::new();
    for class in &objects.classes {
        group(&mut groups, &class.spec.controller);
    }
    for ingress in &objects.ingresses {
        let controller = controller_of(ingress, &objects.classes);
        match controller {
            Ok(controller) => {
                let at = group(&mut groups, &controller);
                if let Some(group) = groups.get_mut(at) {
                    group.ingresses.push(ingress);
                }
            }
            Err(reason) => {
                builder
                    .notes
                    .push(reason.with("from", ingress.origin.to_string()).at(&ingress.origin, "spec"));
            }
        }
    }
    groups
}

/// The place of a controller.
fn group(groups: &mut Vec<Group<'_>>, controller: &Str) -> usize {
    groups.iter().position(|group| group.controller == *controller).unwrap_or_else(|| {
        let flavour = flavour(controller);
        groups.push(Group { controller: controller.clone(), flavour, ingresses: Vec::new() });
        groups.len() - 1
    })
}

/// Whose behaviour a controller has.
pub(super) fn flavour(controller: &str) -> Flavour {
    match controller {
        NGINX => Flavour::Nginx,
        ALB => Flavour::Alb,
        _ => Flavour::Plain,
    }
}

/// The controller that serves an Ingress, or why none does.
pub(super) fn controller_of(
    ingress: &Found<IngressSpec>,
    classes: &[Found<IngressClassSpec>],
) -> Result<Str, Reason> {
    let named = |name: &str| {
        let class = classes.iter().find(|class| &*class.meta.name == name);
        // A text without any IngressClass is taken to be for a cluster where the usual ones are installed.
        match (class, name, classes.is_empty()) {
            (Some(class), ..) => Ok(class.spec.controller.clone()),
            (None, "nginx", true) => Ok(NGINX.into()),
            (None, "alb", true) => Ok(ALB.into()),
            _ => Err(Reason::note("route.class.missing").with("class", name)),
        }
    };
    if let Some(name) = &ingress.spec.ingress_class_name {
        return named(name);
    }
    if let Some(name) = ingress.annotation(OLD_ANNOTATION) {
        // Both controllers know their own word, with or without an IngressClass.
        return match name {
            "nginx" => Ok(NGINX.into()),
            "alb" => Ok(ALB.into()),
            name => named(name),
        };
    }
    // `getDefaultClass` of the admission plugin: the newest, and then the first by name.
    let mut defaults: Vec<&Found<IngressClassSpec>> =
        classes.iter().filter(|class| class.annotation(DEFAULT_ANNOTATION) == Some("true")).collect();
    sort_by(&mut defaults, |a, b| {
        let age = |class: &Found<IngressClassSpec>| class.meta.creation_timestamp;
        age(b).cmp(&age(a)).then_with(|| a.meta.name.cmp(&b.meta.name))
    });
    match defaults.first() {
        Some(class) => Ok(class.spec.controller.clone()),
        None => Err(Reason::note("route.class.none")),
    }
}
