//! How a target group asks its targets whether they are well (pkg/ingress/model_build_target_group.go of the AWS Load Balancer
//! Controller, and its defaults in pkg/config/ingress_config.go).

use std::sync::Arc;

use opscape_manifest::api::ingress::IngressSpec;

use super::actions::PREFIX;
use crate::route::decision::HealthCheck;
use crate::route::objects::Found;
use crate::route::table::Builder;

/// That of a Service's target group. What the Service says comes before what the Ingress says.
pub(super) fn check(
    ingress: &Found<IngressSpec>,
    service: &str,
    builder: &Builder<'_>,
) -> Option<Arc<HealthCheck>> {
    let found = builder.objects.service(&ingress.meta.namespace, service)?;
    let said = |name: &str| {
        let name = [PREFIX, name].concat();
        let own = found.metadata.annotation(&name).or_else(|| ingress.annotation(&name));
        own.map(str::trim).filter(|text| !text.is_empty())
    };
    // Nodes are asked otherwise, and whichever pod answers for them.
    if said("target-type") != Some("ip") {
        return None;
    }
    let number = |name: &str, usual: u32| {
        said(name).and_then(|text| text.parse().ok()).filter(|number| *number > 0).unwrap_or(usual)
    };
    let codes = said("success-codes").unwrap_or("200").split(',').filter_map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
    });
    Some(Arc::new(HealthCheck {
        path: said("healthcheck-path").unwrap_or("/").into(),
        interval: number("healthcheck-interval-seconds", 15),
        healthy: number("healthy-threshold-count", 2),
        unhealthy: number("unhealthy-threshold-count", 2),
        codes: codes.collect(),
    }))
}
