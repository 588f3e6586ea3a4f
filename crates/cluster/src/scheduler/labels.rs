//! Selectors made ready for being asked often.

use std::collections::BTreeMap;

use opscape_manifest::api::meta::{LabelSelector, LabelSelectorRequirement, Str, StrMap};
use opscape_manifest::api::pod::{Affinity, NodeSelector, NodeSelectorTerm, PodSpec};
use opscape_manifest::api::{Node, Pod};

/// A test of one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    key: Str,
    operator: Operator,
    values: Vec<Str>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Missing,
    Greater,
    Less,
    /// Not known: never holds.
    Never,
}

impl Test {
    fn new(requirement: &LabelSelectorRequirement) -> Test {
        let operator = match &*requirement.operator {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::Missing,
            "Gt" => Operator::Greater,
            "Lt" => Operator::Less,
            _ => Operator::Never,
        };
        Test { key: requirement.key.clone(), operator, values: requirement.values.clone() }
    }

    fn equal(key: &Str, value: &Str) -> Test {
        Test { key: key.clone(), operator: Operator::In, values: vec![value.clone()] }
    }

    fn holds(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|listed| &**listed == value);
        let number = |text: Option<&str>| text?.parse::<i64>().ok();
        let bound = || number(self.values.first().map(AsRef::as_ref));
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::Missing => value.is_none(),
            Operator::Greater => number(value).zip(bound()).is_some_and(|(has, bound)| has > bound),
            Operator::Less => number(value).zip(bound()).is_some_and(|(has, bound)| has < bound),
            Operator::Never => false,
        }
    }
}

/// A label selector.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Matcher {
    tests: Vec<Test>,
    /// A selector that is not given selects nothing; an empty one selects everything.
    nothing: bool,
}

impl Matcher {
    /// `LabelSelectorAsSelector`: none selects nothing.
    pub fn new(selector: Option<&LabelSelector>) -> Matcher {
        let Some(selector) = selector else { return Matcher { tests: Vec::new(), nothing: true } };
        let equal = selector.match_labels.iter().map(|(key, value)| Test::equal(key, value));
        Matcher {
            tests: equal.chain(selector.match_expressions.iter().map(Test::new)).collect(),
            nothing: false,
        }
    }

    /// Adds `key in (value)`.
    pub fn and_equal(&mut self, key: &Str, value: &Str) {
        let test = Test::equal(key, value);
        if !self.tests.contains(&test) {
            self.tests.push(test);
        }
    }

    /// Adds `key notin (value)`.
    pub fn and_not_equal(&mut self, key: &Str, value: &Str) {
        self.tests.push(Test { key: key.clone(), operator: Operator::NotIn, values: vec![value.clone()] });
    }

    /// Adds the tests of a selector.
    pub fn and(&mut self, selector: &LabelSelector) {
        for test in Matcher::new(Some(selector)).tests {
            if !self.tests.contains(&test) {
                self.tests.push(test);
            }
        }
    }

    /// Whether it has no tests.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Whether these labels are selected.
    pub fn matches(&self, labels: &BTreeMap<Str, Str>) -> bool {
        !self.nothing && self.tests.iter().all(|test| test.holds(labels.get(&test.key).map(AsRef::as_ref)))
    }
}

/// A term of a node selector: all tests must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NodeTerm {
    labels: Vec<Test>,
    name: Vec<Test>,
}

impl NodeTerm {
    pub fn new(term: &NodeSelectorTerm) -> NodeTerm {
        NodeTerm {
            labels: term.match_expressions.iter().map(Test::new).collect(),
            name: term.match_fields.iter().map(Test::new).collect(),
        }
    }

    /// An empty term selects nothing (component-helpers scheduling/corev1/nodeaffinity).
    pub fn matches(&self, node: &Node) -> bool {
        let labels: &StrMap = &node.metadata.labels;
        !(self.labels.is_empty() && self.name.is_empty())
            && self.labels.iter().all(|test| test.holds(labels.get(&test.key).map(AsRef::as_ref)))
            && self.name.iter().all(|test| test.holds(Some(&node.metadata.name)))
    }

    /// The names that its fields leave, if they name nodes (`NodeAffinity.PreFilter`).
    fn named(&self) -> Option<&[Str]> {
        let test = self.name.iter().find(|test| test.operator == Operator::In)?;
        Some(&test.values)
    }
}

/// `nodeSelector` and the required node affinity of a pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct RequiredNode {
    selector: Vec<Test>,
    terms: Option<Vec<NodeTerm>>,
}

impl RequiredNode {
    pub fn new(spec: &PodSpec) -> RequiredNode {
        let required = spec.affinity.as_ref().and_then(required_nodes);
        RequiredNode {
            selector: spec.node_selector.iter().map(|(key, value)| Test::equal(key, value)).collect(),
            terms: required.map(|nodes| nodes.node_selector_terms.iter().map(NodeTerm::new).collect()),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.selector.is_empty() && self.terms.is_none()
    }

    pub fn matches(&self, node: &Node) -> bool {
        let labels = &node.metadata.labels;
        self.selector.iter().all(|test| test.holds(labels.get(&test.key).map(AsRef::as_ref)))
            && self.terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
    }

    /// The only nodes that can be chosen, if every term names some.
    pub fn named(&self) -> Option<Vec<Str>> {
        let mut names = Vec::new();
        for term in self.terms.as_ref()? {
            for name in term.named()? {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        Some(names)
    }
}

fn required_nodes(affinity: &Affinity) -> Option<&NodeSelector> {
    affinity.node_affinity.as_ref()?.required_during_scheduling_ignored_during_execution.as_ref()
}

/// Whether a pod could run on a node by its `nodeSelector` and required node affinity.
pub(crate) fn fits_node_labels(pod: &Pod, node: &Node) -> bool {
    RequiredNode::new(&pod.spec).matches(node)
}
