//! Flow collections in the tree (`parse/parser.js`, `flowCollection`).

use super::cst::{Item, Kind, Node, Symbol, includes};
use super::parser::Parser;

/// An item of a sequence that was taken for a key is a value.
pub(super) fn fix_sequence(node: &mut Node) {
    if node.braces {
        return;
    }
    for item in &mut node.items {
        let Some(sep) = item.sep.as_ref().filter(|_| item.value.is_none()) else { continue };
        if includes(&item.start, Kind::ExplicitKey) || includes(sep, Kind::MapValue) {
            continue;
        }
        let sep = item.sep.take().unwrap_or_default();
        item.value = item.key.take();
        match &mut item.value {
            Some(value) if value.is_flow() => value.end.get_or_insert_default().extend(sep),
            _ => item.start.extend(sep),
        }
    }
}

impl Parser<'_> {
    pub(super) fn flow_collection(&mut self) {
        let symbol = self.symbol;
        if symbol.kind == Kind::FlowErrorEnd {
            loop {
                self.pop(None);
                if self.stack.last().is_none_or(|top| top.kind != Kind::FlowCollection) {
                    return;
                }
            }
        }
        let indent = self.indent;
        let Some(collection) = self.stack.last_mut() else { return };
        let ended = collection.end.as_ref().is_some_and(|end| !end.is_empty());
        if ended {
            return self.behind_flow_collection();
        }
        let item = collection.items.last_mut();
        match symbol.kind {
            Kind::Comma | Kind::ExplicitKey => match item {
                Some(item) if item.sep.is_none() => item.start.push(symbol),
                _ => collection.items.push(Item { start: vec![symbol], ..Item::default() }),
            },
            Kind::MapValue => match item {
                Some(item) if item.value.is_none() => {
                    if let Some(sep) = &mut item.sep {
                        sep.push(symbol);
                    } else {
                        item.key = None;
                        item.sep = Some(vec![symbol]);
                    }
                }
                _ => collection.items.push(Item { sep: Some(vec![symbol]), ..Item::default() }),
            },
            Kind::Space | Kind::Comment | Kind::Newline | Kind::Anchor | Kind::Tag => match item {
                Some(item) if item.value.is_none() => {
                    item.sep.as_mut().unwrap_or(&mut item.start).push(symbol);
                }
                _ => collection.items.push(Item { start: vec![symbol], ..Item::default() }),
            },
            kind if kind.is_flow_scalar() => {
                let source = self.text.get(symbol.from..symbol.to).unwrap_or("");
                self.lines.extend(source.match_indices('\n').map(|(at, _)| symbol.from + at + 1));
                let scalar = Node::new(kind, Symbol { indent, ..symbol });
                match item {
                    Some(item) if item.value.is_none() && item.sep.is_some() => self.stack.push(scalar),
                    Some(item) if item.value.is_none() => {
                        item.key = Some(Box::new(scalar));
                        item.sep = Some(Vec::new());
                    }
                    _ => {
                        let key = Some(Box::new(scalar));
                        collection.items.push(Item { key, sep: Some(Vec::new()), ..Item::default() });
                    }
                }
            }
            Kind::FlowMapEnd | Kind::FlowSequenceEnd => collection.end.get_or_insert_default().push(symbol),
            _ => match self.block_value() {
                Some(value) => self.stack.push(value),
                None => self.again(),
            },
        }
    }

    fn behind_flow_collection(&mut self) {
        let kind = self.kind();
        let Some((collection, parents)) = self.stack.split_last() else { return };
        let Some(parent) = parents.last() else { return };
        let key_there = parent.items.last().is_some_and(|item| item.sep.is_some());
        let ends = parent.kind == Kind::BlockMap
            && ((kind == Kind::MapValue && parent.indent == collection.indent)
                || (kind == Kind::Newline && !key_there));
        if ends {
            self.again();
        } else if kind == Kind::MapValue && parent.kind != Kind::FlowCollection {
            let start = self.before_value(2);
            let Some(mut collection) = self.stack.pop() else { return };
            fix_sequence(&mut collection);
            let end = collection.end.get_or_insert_default();
            let mut sep = end.split_off(1.min(end.len()));
            sep.push(self.symbol);
            let mut map = Node::new(Kind::BlockMap, self.symbol);
            map.from = collection.from;
            map.indent = collection.indent;
            map.items.push(Item {
                start,
                key: Some(Box::new(collection)),
                sep: Some(sep),
                ..Item::default()
            });
            self.on_key_line = true;
            self.stack.push(map);
        } else {
            self.line_end();
        }
    }
}
