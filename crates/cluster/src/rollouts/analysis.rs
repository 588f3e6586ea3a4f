//! The AnalysisRuns of a Rollout (rollout/analysis.go, utils/analysis).

use std::sync::Arc;

use opscape_manifest::api::analysis::{
    AnalysisRun, AnalysisRunSpec, AnalysisTemplateSpec, Argument, Metric, is_completed,
};
use opscape_manifest::api::meta::{ObjectMeta, Str, StrMap};
use opscape_manifest::api::rollout::{
    AnalysisRunArgument, DryRun, RolloutAnalysis, RolloutAnalysisRunStatus,
};
use opscape_manifest::api::{AnalysisTemplate, Object};
use opscape_manifest::codec::from_value;
use opscape_manifest::golang::quote;

use super::reconcile::{Reconcile, Retry, Runs};
use super::{pause, replicas, sets};
use crate::Message;
use crate::record::RolloutWhat;

/// What a run is for, as its label `rollout-type` says.
#[derive(Clone, Copy)]
enum Purpose {
    Step(usize),
    Background,
    Before,
    After,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Purpose::Step(_) => "Step",
            Purpose::Background => "Background",
            Purpose::Before => "PrePromotion",
            Purpose::After => "PostPromotion",
        }
    }

    fn infix(self) -> String {
        match self {
            Purpose::Step(index) => format!("-{index}"),
            Purpose::Background => String::new(),
            Purpose::Before => "-pre".to_owned(),
            Purpose::After => "-post".to_owned(),
        }
    }
}

type Run = Option<Arc<AnalysisRun>>;

impl Reconcile<'_, '_> {
    /// `reconcileAnalysisRuns`
    pub(super) fn run_analysis(&mut self) -> Result<(), Retry> {
        let skipped = self.is_aborted()
            || self.rollout.status.promote_full
            || self.new.as_ref().is_some_and(|new| sets::has_deadline(new))
            || self.rollout.status.stable_rs.is_empty();
        let runs = if skipped {
            let runs = self.runs.clone();
            for run in [&runs.step, &runs.background, &runs.before, &runs.after] {
                self.end_run(run);
            }
            runs
        } else if self.rollout.spec.strategy.canary.is_some() {
            let step = self.step_run()?;
            let background = self.background_run()?;
            Runs { step, background, ..Runs::default() }
        } else {
            let before = self.promotion_run(Purpose::Before)?;
            self.heed(&before);
            let after = self.promotion_run(Purpose::After)?;
            self.heed(&after);
            Runs { before, after, ..Runs::default() }
        };
        for run in self.other_runs.clone() {
            self.end_run(&Some(run));
        }
        self.note_runs(&runs);
        self.runs = runs;
        if !skipped {
            self.delete_old_runs();
        }
        Ok(())
    }

    /// `SetCurrentAnalysisRuns` and `reconcileAnalysisRunStatusChanges`
    fn note_runs(&mut self, runs: &Runs) {
        let before = self.rollout.status.clone();
        let status = |run: &Run| {
            run.as_ref().map(|run| RolloutAnalysisRunStatus {
                name: run.metadata.name.clone(),
                status: run.status.phase.clone(),
                message: run.status.message.clone(),
            })
        };
        let (canary, blue_green) = (&mut self.next.canary, &mut self.next.blue_green);
        canary.current_step_analysis_run_status = status(&runs.step);
        canary.current_background_analysis_run_status = status(&runs.background);
        blue_green.pre_promotion_analysis_run_status = status(&runs.before);
        blue_green.post_promotion_analysis_run_status = status(&runs.after);
        let all = [
            ("PostPromotion", &before.blue_green.post_promotion_analysis_run_status, &runs.after),
            ("PrePromotion", &before.blue_green.pre_promotion_analysis_run_status, &runs.before),
            ("Step", &before.canary.current_step_analysis_run_status, &runs.step),
            ("Background", &before.canary.current_background_analysis_run_status, &runs.background),
        ];
        for (kind, was, run) in all {
            let Some(run) = run.as_ref().filter(|run| !run.status.phase.is_empty()) else { continue };
            let phase = &run.status.phase;
            let same = |was: &RolloutAnalysisRunStatus| was.name != run.metadata.name || was.status == *phase;
            if was.as_ref().is_some_and(same) {
                continue;
            }
            let previous = was.as_ref().map_or("NoPreviousStatus", |was| &was.status);
            let text = format!(
                "{kind} Analysis Run '{}' Status New: '{phase}' Previous: '{previous}'",
                run.metadata.name
            );
            let reason = ["AnalysisRun", phase].concat();
            let bad = matches!(&**phase, "Failed" | "Error");
            let said = if bad { Message::warning(&reason, &text) } else { Message::normal(&reason, &text) };
            self.tell(&said);
        }
    }

    /// `setPauseOrAbort`
    fn heed(&mut self, run: &Run) {
        let Some(run) = run else { return };
        match &*run.status.phase {
            "Inconclusive" => self.pauses.add(pause::INCONCLUSIVE),
            "Error" | "Failed" => {
                self.record(RolloutWhat::AnalysisFailed {
                    run: run.metadata.name.clone(),
                    why: run.status.message.clone(),
                });
                let message = run.status.message.clone();
                self.pauses.abort(&message);
            }
            _ => {}
        }
    }

    /// `needsNewAnalysisRun`
    fn needs_new_run(&self, run: &Run) -> bool {
        let Some(run) = run else { return true };
        let status = &self.rollout.status;
        if status.controller_pause && pause::condition(&self.rollout, pause::BLUE_GREEN).is_none() {
            return &*run.status.phase == "Inconclusive";
        }
        status.aborted_at.is_some()
    }

    /// `reconcileStepBasedAnalysisRun`
    fn step_run(&mut self) -> Result<Run, Retry> {
        let known = self.runs.step.clone();
        if !self.rollout.status.pause_conditions.is_empty() || self.rollout.status.abort {
            return Ok(known);
        }
        let (step, index) = replicas::current_step(&self.rollout);
        let (Some(analysis), Some(index)) = (step.and_then(|step| step.analysis.clone()), index) else {
            self.end_run(&known);
            return Ok(None);
        };
        if self.needs_new_run(&known) {
            return self.create_run(&analysis, Purpose::Step(index)).map(Some);
        }
        self.heed(&known);
        Ok(known)
    }

    /// `reconcileBackgroundAnalysisRun`
    fn background_run(&mut self) -> Result<Run, Retry> {
        let known = self.runs.background.clone();
        let canary = self.rollout.spec.strategy.canary.as_ref();
        let Some(analysis) = canary.and_then(|canary| canary.analysis.clone()) else {
            self.end_run(&known);
            return Ok(None);
        };
        let at = self.rollout.status.current_step_index.unwrap_or(0);
        let early = analysis.starting_step.is_some_and(|first| at < first)
            && !replicas::steps(&self.rollout).is_empty();
        if replicas::is_fully_promoted(&self.rollout)
            || self.rollout.status.current_pod_hash.is_empty()
            || early
        {
            return Ok(None);
        }
        if pause::condition(&self.rollout, pause::INCONCLUSIVE).is_some() {
            return Ok(known);
        }
        if self.needs_new_run(&known) {
            return self.create_run(&analysis, Purpose::Background).map(Some);
        }
        self.heed(&known);
        Ok(known)
    }

    /// `skipPostPromotionAnalysisRun`
    pub(super) fn skips_post_promotion(&self) -> bool {
        let hash = self.new_hash();
        let status = &self.rollout.status;
        hash.is_empty()
            || *status.stable_rs == *hash
            || *status.blue_green.active_selector != *hash
            || self.new.as_ref().is_none_or(|new| !sets::is_saturated(&self.rollout, new))
    }

    /// `skipPrePromotionAnalysisRun`
    fn skips_pre_promotion(&self) -> bool {
        let hash = self.new_hash();
        let status = &self.rollout.status;
        let active = &status.blue_green.active_selector;
        let Some(new) = self.new.as_ref() else { return true };
        if hash.is_empty() || *status.stable_rs == *hash || active.is_empty() || **active == *hash {
            return true;
        }
        let strategy = self.rollout.spec.strategy.blue_green.as_ref();
        match strategy.and_then(|strategy| strategy.preview_replica_count) {
            Some(count) => {
                let size = sets::size(new);
                size.spec != count || size.available != count
            }
            None => !sets::is_saturated(&self.rollout, new),
        }
    }

    /// `reconcilePrePromotionAnalysisRun`, `reconcilePostPromotionAnalysisRun`
    fn promotion_run(&mut self, purpose: Purpose) -> Result<Run, Retry> {
        let strategy = self.rollout.spec.strategy.blue_green.clone().unwrap_or_default();
        let before = matches!(purpose, Purpose::Before);
        let (known, analysis, skipped) = if before {
            (self.runs.before.clone(), strategy.pre_promotion_analysis, self.skips_pre_promotion())
        } else {
            (self.runs.after.clone(), strategy.post_promotion_analysis, self.skips_post_promotion())
        };
        let Some(analysis) = analysis else {
            self.end_run(&known);
            return Ok(None);
        };
        if skipped {
            self.end_run(&known);
            return Ok(known);
        }
        if pause::condition(&self.rollout, pause::INCONCLUSIVE).is_some() || !self.needs_new_run(&known) {
            return Ok(known);
        }
        self.create_run(&analysis, purpose).map(Some)
    }

    /// `cancelAnalysisRuns`
    fn end_run(&mut self, run: &Run) {
        let Some(run) = run.as_ref().filter(|run| !run.spec.terminate) else { return };
        if !is_completed(&run.status.phase) {
            let meta = &run.metadata;
            // Gone already is as good.
            let _ = self.api.modify::<AnalysisRun>(&meta.namespace, &meta.name, self.context, |run| {
                run.spec.terminate = true;
            });
        }
    }

    /// `createAnalysisRun` with `CreateWithCollisionCounter`.
    fn create_run(
        &mut self,
        analysis: &RolloutAnalysis,
        purpose: Purpose,
    ) -> Result<Arc<AnalysisRun>, Retry> {
        let spec = match self.run_spec(analysis) {
            Ok(spec) => spec,
            Err(message) => {
                self.tell(&Message::warning("AnalysisRunCreateError", &message));
                return Err(Retry);
            }
        };
        let revision = sets::revision(&self.rollout.metadata).to_string();
        let hash = self.new_hash();
        let base = [&*self.rollout.metadata.name, "-", &hash, "-", &revision, &purpose.infix()].concat();
        let mut labels = StrMap::default();
        let map = Arc::make_mut(&mut labels);
        map.insert(sets::HASH.into(), hash.as_str().into());
        map.insert("rollout-type".into(), purpose.label().into());
        if let Purpose::Step(index) = purpose {
            map.insert("step-index".into(), index.to_string().as_str().into());
        }
        for (key, value) in self.rollout.spec.selector.iter().flat_map(|selector| &selector.match_labels) {
            map.insert(key.clone(), value.clone());
        }
        let mut metadata = ObjectMeta {
            name: base.as_str().into(),
            namespace: self.rollout.metadata.namespace.clone(),
            labels,
            owner_references: vec![self.reference()],
            ..ObjectMeta::default()
        };
        metadata.set_annotation(sets::REVISION, &revision);
        let mut run = AnalysisRun { metadata, spec, ..AnalysisRun::default() };
        let store = self.api.store();
        let mut count = 0;
        while let Some(known) = store.get::<AnalysisRun>(&run.metadata.namespace, &run.metadata.name) {
            let own = known.metadata.controller().is_some_and(|owner| owner.uid == self.rollout.metadata.uid);
            if own && !is_completed(&known.status.phase) && known.spec == run.spec {
                return Ok(known.clone());
            }
            count += 1;
            run.metadata.name = format!("{base}.{count}").as_str().into();
        }
        let before = self.context.cause();
        self.record(RolloutWhat::AnalysisStarted {
            run: run.metadata.name.clone(),
            purpose: purpose.label().into(),
        });
        let created = self.api.create(Object::AnalysisRun(Arc::new(run)), self.context);
        self.context.because(before);
        match created {
            Ok(Object::AnalysisRun(run)) => Ok(run),
            _ => Err(Retry),
        }
    }

    /// `NewAnalysisRunFromTemplates`
    fn run_spec(&self, analysis: &RolloutAnalysis) -> Result<AnalysisRunSpec, String> {
        let (mut metrics, mut args, mut dry_run) =
            (Vec::<Metric>::new(), Vec::<Argument>::new(), analysis.dry_run.clone());
        for reference in &analysis.templates {
            let name = &*reference.template_name;
            let Some(template) = self.template(name, reference.cluster_scope) else {
                let plural =
                    if reference.cluster_scope { "clusteranalysistemplates" } else { "analysistemplates" };
                return Err(format!("{plural}.argoproj.io {} not found", quote(name)));
            };
            for metric in &template.metrics {
                if metrics.iter().any(|known| known.name == metric.name) {
                    return Err(format!("two metrics have the same name '{}'", metric.name));
                }
                metrics.push(metric.clone());
            }
            for arg in &template.args {
                add_argument(&mut args, arg)?;
            }
            dry_run.extend(template.dry_run.iter().cloned());
        }
        for given in &analysis.args {
            let value = self.argument(given)?;
            if let Some(arg) = args.iter_mut().find(|arg| arg.name == given.name) {
                arg.value = Some(value);
            }
        }
        if let Some(open) = args.iter().find(|arg| arg.value.is_none()) {
            return Err(format!("args.{} was not resolved", open.name));
        }
        let dry_run: Vec<DryRun> = dry_run;
        Ok(AnalysisRunSpec { metrics, args, dry_run, ..AnalysisRunSpec::default() })
    }

    /// What an AnalysisTemplate, or a ClusterAnalysisTemplate, says.
    pub(super) fn template(&self, name: &str, cluster_scope: bool) -> Option<AnalysisTemplateSpec> {
        let store = self.api.store();
        if !cluster_scope {
            let found = store.get::<AnalysisTemplate>(&self.rollout.metadata.namespace, name)?;
            return Some(found.spec.clone());
        }
        let Object::Other(found) = store.object("ClusterAnalysisTemplate", "", name)? else { return None };
        from_value(found.body.get("spec")?).ok()
    }

    /// `BuildArgumentsForRolloutAnalysisRun`
    fn argument(&self, given: &AnalysisRunArgument) -> Result<Str, String> {
        let Some(from) = &given.value_from else { return Ok(given.value.clone()) };
        match &*from.pod_template_hash_value {
            "Stable" => {
                return Ok(self.stable.as_ref().map_or("", |stable| sets::hash_of(stable)).into());
            }
            "Latest" => return Ok(self.new_hash().as_str().into()),
            _ => {}
        }
        let Some(field) = &from.field_ref else { return Ok(given.value.clone()) };
        let meta = &self.rollout.metadata;
        let path = &*field.field_path;
        let keyed = |prefix: &str| path.strip_prefix(prefix)?.strip_prefix("['")?.strip_suffix("']");
        let value = match path {
            "metadata.name" => Some(&*meta.name),
            "metadata.namespace" => Some(&*meta.namespace),
            _ => match (keyed("metadata.labels"), keyed("metadata.annotations")) {
                (Some(key), _) => meta.label(key),
                (_, Some(key)) => meta.annotation(key),
                _ => None,
            },
        };
        value.map(Into::into).ok_or_else(|| format!("invalid path {path} in rollout"))
    }

    /// `FilterAnalysisRunsToDelete`: of those that ended, the newest of each sort are kept.
    fn delete_old_runs(&mut self) {
        let limits = self.rollout.spec.analysis.clone().unwrap_or_default();
        let mut ended: Vec<Arc<AnalysisRun>> = self.other_runs.clone();
        ended.retain(|run| is_completed(&run.status.phase));
        ended.sort_by_key(|run| std::cmp::Reverse(run.metadata.uid));
        let (mut well, mut badly) = (0, 0);
        for run in ended {
            let success = &*run.status.phase == "Successful";
            let (count, limit) = if success {
                (&mut well, limits.successful_run_history_limit.unwrap_or(5))
            } else {
                (&mut badly, limits.unsuccessful_run_history_limit.unwrap_or(5))
            };
            *count += 1;
            if *count > limit {
                self.delete("AnalysisRun".into(), &run.metadata);
            }
        }
    }
}

/// An argument of one more template (`flattenArgs`).
fn add_argument(args: &mut Vec<Argument>, new: &Argument) -> Result<(), String> {
    let Some(known) = args.iter_mut().find(|known| known.name == new.name) else {
        args.push(new.clone());
        return Ok(());
    };
    match (&known.value, &new.value) {
        (Some(one), Some(other)) if one != other => Err(format!(
            "Argument `{}` specified multiple times with different values: '{one}', '{other}'",
            known.name
        )),
        (None, _) => {
            *known = new.clone();
            Ok(())
        }
        _ => Ok(()),
    }
}
