//! Collections (`compose/compose-collection.js`, `resolve-block-map.js`, `resolve-block-seq.js`,
//! `resolve-flow-collection.js`).

use super::compose::Props;
use super::compose::{Composer, Expected, Next, Range, Value};
use super::cst::{Kind, Node, Symbol, includes};
use crate::yaml::{self, Content, Style};

const START_COLUMN: &str = "All mapping items must start at the same column";
const BLOCK: &str = "Block collections are not allowed within flow collections";
const FLOW_PAIR: &str = "Implicit keys of flow sequence pairs need to be on a single line";

/// Composes a collection.
pub(super) fn compose(composer: &mut Composer<'_>, node: &Node, props: &Props) -> Value {
    let tag = composer.tag(props.tag);
    if node.kind == Kind::BlockSequence {
        let last = [props.anchor, props.tag].into_iter().flatten().max_by_key(|symbol| symbol.from);
        if let Some(last) = last
            && props.newline_after.is_none_or(|newline| newline.from < last.from)
        {
            composer.on(last, "Missing newline after block sequence props");
        }
    }
    let mut value = match node.kind {
        Kind::BlockMap => block_map(composer, node),
        Kind::BlockSequence => block_sequence(composer, node),
        _ => flow(composer, node),
    };
    value.node.tag = tag.filter(|tag| tag != "!" && !tag.starts_with("tag:yaml.org,2002:"));
    value
}

/// Whether a key takes several lines.
fn has_newline(key: Option<&Node>, text: &str) -> bool {
    let Some(key) = key else { return false };
    let newline = |symbols: &[Symbol]| includes(symbols, Kind::Newline);
    match key.kind {
        kind if kind.is_flow_scalar() => {
            text.get(key.from..key.to).is_some_and(|source| source.contains('\n'))
                || key.end.as_deref().is_some_and(newline)
        }
        Kind::FlowCollection => key.items.iter().any(|item| {
            newline(&item.start)
                || item.sep.as_deref().is_some_and(newline)
                || has_newline(item.key.as_deref(), text)
                || has_newline(item.value.as_deref(), text)
        }),
        _ => true,
    }
}

fn next_of<'a>(node: Option<&'a Node>, symbols: Option<&'a [Symbol]>) -> Option<Next<'a>> {
    node.map(Next::Node).or_else(|| symbols.and_then(<[Symbol]>::first).map(Next::Symbol))
}

fn block_map(composer: &mut Composer<'_>, map: &Node) -> Value {
    let mut entries = Vec::new();
    composer.at_root = false;
    let mut offset = map.from;
    let mut comment_end = None;
    for item in &map.items {
        let (key, value) = (item.key.as_deref(), item.value.as_deref());
        let sep = item.sep.as_deref();
        let props = composer.props(
            &item.start,
            &Expected {
                flow: None,
                indicator: Kind::ExplicitKey,
                next: next_of(key, sep),
                offset,
                parent_indent: map.indent,
                on_newline: true,
            },
        );
        let implicit = props.found.is_none();
        if implicit {
            match key {
                Some(key) if key.kind == Kind::BlockSequence => {
                    composer.at(offset, "A block sequence may not be used as an implicit map key");
                }
                // An error that stands for a key has no indentation.
                Some(key) if key.kind != Kind::Error && key.indent != map.indent => {
                    composer.at(offset, START_COLUMN);
                }
                _ => {}
            }
            if props.anchor.is_none() && props.tag.is_none() && sep.is_none() {
                comment_end = Some(props.end);
                continue;
            }
            if props.newline_after.is_some() || has_newline(key, composer.text) {
                let place = key
                    .map(|key| (key.from, key.to))
                    .or_else(|| item.start.last().map(|last| (last.from, last.to)));
                composer.error(
                    place.unwrap_or((offset, offset + 1)),
                    "Implicit keys need to be on a single line",
                );
            }
        } else if props.found.is_some_and(|found| found.indent != map.indent) {
            composer.at(offset, START_COLUMN);
        }
        let key_value = match key {
            Some(key) => composer.key(key, &props),
            None => composer.empty(props.end, Some(&item.start), &props),
        };
        let key_range = key_value.range;
        let value_props = composer.props(
            sep.unwrap_or_default(),
            &Expected {
                flow: None,
                indicator: Kind::MapValue,
                next: value.map(Next::Node),
                offset: key_range.end,
                parent_indent: map.indent,
                on_newline: key.is_none_or(|key| key.kind == Kind::Block),
            },
        );
        offset = value_props.end;
        if let Some(found) = value_props.found {
            if implicit {
                if value.is_some_and(|value| value.kind == Kind::BlockMap) && !value_props.has_newline {
                    composer.at(offset, "Nested mappings are not allowed in compact mappings");
                }
                if length(composer.text, props.start, found.from) > 1024 {
                    composer.error(
                        (key_range.from, key_range.value),
                        "The : indicator must be at most 1024 chars after the start of an implicit block mapping key",
                    );
                }
            }
            let made = match value {
                Some(value) => composer.node(value, &value_props),
                None => composer.empty(offset, sep, &value_props),
            };
            offset = made.range.end;
            entries.push((key_value.node, made.node));
        } else {
            if implicit {
                composer.error(
                    (key_range.from, key_range.value),
                    "Implicit map keys need to be followed by map values",
                );
            }
            let absent = absent(composer, key_range);
            entries.push((key_value.node, absent));
        }
    }
    if let Some(end) = comment_end.filter(|end| *end < offset) {
        composer.at(end, "Map comment with trailing content");
    }
    let range = Range { from: map.from, value: offset, end: comment_end.unwrap_or(offset) };
    composer.made(range, Content::Map(entries))
}

/// The value of a key without a colon.
fn absent(composer: &mut Composer<'_>, key: Range) -> yaml::Node {
    let range = Range { from: key.value, ..key };
    composer.made(range, Content::Scalar(String::new(), Style::Absent)).node
}

fn length(text: &str, from: usize, to: usize) -> usize {
    text.get(from..to).map_or(0, |part| part.chars().count())
}

fn block_sequence(composer: &mut Composer<'_>, sequence: &Node) -> Value {
    let mut nodes = Vec::new();
    composer.at_root = false;
    let mut offset = sequence.from;
    let mut comment_end = None;
    for item in &sequence.items {
        let value = item.value.as_deref();
        let props = composer.props(
            &item.start,
            &Expected {
                flow: None,
                indicator: Kind::SequenceItem,
                next: value.map(Next::Node),
                offset,
                parent_indent: sequence.indent,
                on_newline: true,
            },
        );
        if props.found.is_none() {
            if props.anchor.is_none() && props.tag.is_none() && value.is_none() {
                comment_end = Some(props.end);
                continue;
            }
            if value.is_some_and(|value| value.kind == Kind::BlockSequence) {
                composer.at(props.end, "All sequence items must start at the same column");
            } else {
                composer.at(offset, "Sequence item without - indicator");
            }
        }
        let value = match value {
            Some(value) => composer.node(value, &props),
            None => composer.empty(props.end, Some(&item.start), &props),
        };
        offset = value.range.end;
        nodes.push(value.node);
    }
    let range = Range { from: sequence.from, value: offset, end: comment_end.unwrap_or(offset) };
    composer.made(range, Content::List(nodes))
}

fn is_block(node: Option<&Node>) -> bool {
    node.is_some_and(|node| matches!(node.kind, Kind::BlockMap | Kind::BlockSequence))
}

fn flow(composer: &mut Composer<'_>, node: &Node) -> Value {
    let (mut nodes, mut entries) = (Vec::new(), Vec::new());
    let is_map = node.braces;
    let name = if is_map { "flow map" } else { "flow sequence" };
    let at_root = std::mem::replace(&mut composer.at_root, false);
    let mut offset = node.from + 1;
    for (index, item) in node.items.iter().enumerate() {
        let (key, value) = (item.key.as_deref(), item.value.as_deref());
        let sep = item.sep.as_deref();
        let props = composer.props(
            &item.start,
            &Expected {
                flow: Some(name),
                indicator: Kind::ExplicitKey,
                next: next_of(key, sep),
                offset,
                parent_indent: node.indent,
                on_newline: false,
            },
        );
        if props.found.is_none() {
            if props.anchor.is_none() && props.tag.is_none() && sep.is_none() && value.is_none() {
                if let Some(comma) = props.comma.filter(|_| index == 0) {
                    composer.on(comma, format!("Unexpected , in {name}"));
                } else if index + 1 < node.items.len() {
                    composer.at(props.start, format!("Unexpected empty item in {name}"));
                }
                offset = props.end;
                continue;
            }
            if !is_map && has_newline(key, composer.text) {
                let place = key.map_or((offset, offset + 1), |key| (key.from, key.to));
                composer.error(place, FLOW_PAIR);
            }
        }
        match props.comma {
            Some(comma) if index == 0 => composer.on(comma, format!("Unexpected , in {name}")),
            None if index > 0 => composer.at(props.start, format!("Missing , between {name} items")),
            _ => {}
        }
        offset = if !is_map && sep.is_none() && props.found.is_none() {
            let made = match value {
                Some(value) => composer.node(value, &props),
                None => composer.empty(props.end, None, &props),
            };
            let range = made.range;
            if is_block(value) {
                composer.error((range.from, range.value), BLOCK);
            }
            nodes.push(made.node);
            range.end
        } else {
            let (pair, range, end) = pair(composer, node, name, item, &props);
            if is_map {
                entries.push(pair);
            } else {
                nodes.push(composer.made(range, Content::Map(vec![pair])).node);
            }
            end
        };
    }
    let range = flow_end(composer, node, name, offset, at_root);
    composer.made(range, if is_map { Content::Map(entries) } else { Content::List(nodes) })
}

/// A key and its value in a flow collection, their place, and where all that belongs to them ends.
fn pair(
    composer: &mut Composer<'_>,
    node: &Node,
    name: &'static str,
    item: &super::cst::Item,
    props: &Props,
) -> ((yaml::Node, yaml::Node), Range, usize) {
    let (key, value) = (item.key.as_deref(), item.value.as_deref());
    let sep = item.sep.as_deref();
    let key_value = match key {
        Some(key) => composer.key(key, props),
        None => composer.empty(props.end, Some(&item.start), props),
    };
    let key_range = key_value.range;
    if is_block(key) {
        composer.error((key_range.from, key_range.value), BLOCK);
    }
    let value_props = composer.props(
        sep.unwrap_or_default(),
        &Expected {
            flow: Some(name),
            indicator: Kind::MapValue,
            next: value.map(Next::Node),
            offset: key_range.end,
            parent_indent: node.indent,
            on_newline: false,
        },
    );
    if let Some(found) = value_props.found {
        if !node.braces && props.found.is_none() {
            let before = sep.unwrap_or_default().iter().take_while(|symbol| **symbol != found);
            if let Some(newline) = before.copied().find(|symbol| symbol.kind == Kind::Newline) {
                composer.on(newline, FLOW_PAIR);
            }
            if length(composer.text, props.start, found.from) > 1024 {
                composer.on(
                    found,
                    "The : indicator must be at most 1024 chars after the start of an implicit flow sequence key",
                );
            }
        }
    } else if let Some(value) = value {
        let colon = value.kind.is_flow_scalar()
            && composer.text.as_bytes().get(value.from) == Some(&b':')
            && value.to > value.from;
        if colon {
            composer.error((value.from, value.to), format!("Missing space after : in {name}"));
        } else {
            composer.at(value_props.start, format!("Missing , or : between {name} items"));
        }
    }
    let made = match value {
        Some(value) => Some(composer.node(value, &value_props)),
        None if value_props.found.is_some() => Some(composer.empty(value_props.end, sep, &value_props)),
        None => None,
    };
    let Some(made) = made else {
        let absent = absent(composer, key_range);
        return ((key_value.node, absent), key_range, value_props.end);
    };
    if is_block(value) {
        composer.error((made.range.from, made.range.value), BLOCK);
    }
    let range = Range { from: key_range.from, ..made.range };
    ((key_value.node, made.node), range, range.end)
}

fn flow_end(composer: &mut Composer<'_>, node: &Node, name: &str, offset: usize, at_root: bool) -> Range {
    let wanted = if node.braces { "}" } else { "]" };
    let symbols = node.end.as_deref().unwrap_or_default();
    let first = symbols.first().copied();
    let mut behind = symbols.get(1..).unwrap_or_default();
    let mut end = offset;
    match first {
        Some(close) if composer.source(close) == wanted => end = close.to,
        _ => {
            let mut name = name.to_owned();
            name.replace_range(..1, "F");
            let message = if at_root {
                format!("{name} must end with a {wanted}")
            } else {
                format!("{name} in block collection must be sufficiently indented and end with a {wanted}")
            };
            composer.at(offset, message);
            if first.is_some_and(|close| close.to - close.from != 1) {
                behind = symbols;
            }
        }
    }
    let all = composer.end(Some(behind), end, true);
    Range { from: node.from, value: end, end: all }
}
