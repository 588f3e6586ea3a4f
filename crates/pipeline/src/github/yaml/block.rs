//! Block collections in the tree (`parse/parser.js`, `blockMap` and `blockSequence`).

use super::cst::{Item, Kind, Node, Symbol, includes};
use super::parser::{Parser, first_key_start};

impl Parser<'_> {
    /// Blanks in a block collection. Whether that was all.
    fn blanks(&mut self) -> bool {
        let symbol = self.symbol;
        let indent = self.indent;
        let Some(top) = self.stack.last_mut() else { return true };
        let is_map = top.kind == Kind::BlockMap;
        let top_indent = top.indent;
        let Some(item) = top.items.last_mut() else { return false };
        match symbol.kind {
            Kind::Newline => {
                if is_map {
                    self.on_key_line = false;
                }
                if let Some(value) = &mut item.value {
                    let behind_comment = value
                        .end
                        .as_mut()
                        .filter(|end| end.last().is_some_and(|last| last.kind == Kind::Comment));
                    match behind_comment {
                        Some(end) => end.push(symbol),
                        None => top.items.push(Item { start: vec![symbol], ..Item::default() }),
                    }
                } else if let Some(sep) = item.sep.as_mut().filter(|_| is_map) {
                    sep.push(symbol);
                } else {
                    item.start.push(symbol);
                }
            }
            Kind::Space | Kind::Comment => {
                if item.value.is_some() {
                    top.items.push(Item { start: vec![symbol], ..Item::default() });
                } else if let Some(sep) = item.sep.as_mut().filter(|_| is_map) {
                    sep.push(symbol);
                } else {
                    let blank = |symbol: &Symbol| matches!(symbol.kind, Kind::Newline | Kind::Space);
                    let indented =
                        symbol.kind == Kind::Comment && indent > top_indent && item.start.iter().all(blank);
                    let start = if indented { std::mem::take(&mut item.start) } else { Vec::new() };
                    let before = top.items.len().checked_sub(2).and_then(|at| top.items.get_mut(at));
                    let end =
                        before.and_then(|item| item.value.as_mut()).and_then(|value| value.end.as_mut());
                    if let Some(end) = end.filter(|_| indented) {
                        end.extend(start);
                        end.push(symbol);
                        top.items.pop();
                    } else if let Some(item) = top.items.last_mut() {
                        if indented {
                            item.start = start;
                        }
                        item.start.push(symbol);
                    }
                }
            }
            _ => return false,
        }
        true
    }

    pub(super) fn block_map(&mut self) {
        if self.blanks() {
            return;
        }
        let symbol = self.symbol;
        let kind = symbol.kind;
        let indent = self.indent;
        let on_key_line = self.on_key_line;
        let inner = |from: usize,
                     start: Vec<Symbol>,
                     key: Option<Box<Node>>,
                     sep: Option<Vec<Symbol>>,
                     explicit: bool| {
            let mut map = Node::new(Kind::BlockMap, Symbol { indent, ..symbol });
            map.from = from;
            map.items.push(Item { start, key, sep, value: None, explicit });
            map
        };
        let Some(map) = self.stack.last_mut() else { return };
        if indent < map.indent {
            return self.again();
        }
        let at_indent = !on_key_line && indent == map.indent;
        let map_indent = map.indent;
        let Some(item) = map.items.last_mut() else { return };
        let at_next = at_indent && (item.sep.is_some() || item.explicit) && kind != Kind::SequenceItem;
        // Blanks on lines of their own belong to the next item.
        let mut start = Vec::new();
        if let Some(sep) = item.sep.as_mut().filter(|_| at_next && item.value.is_none()) {
            let mut newlines = Vec::new();
            for (at, symbol) in sep.iter().enumerate() {
                match symbol.kind {
                    Kind::Newline => newlines.push(at),
                    Kind::Space => {}
                    Kind::Comment if symbol.indent <= map_indent => {}
                    _ => newlines.clear(),
                }
            }
            if let Some(second) = newlines.get(1) {
                start = sep.split_off(*second);
            }
        }
        match kind {
            Kind::Anchor | Kind::Tag => {
                if at_next || item.value.is_some() {
                    start.push(symbol);
                    map.items.push(Item { start, ..Item::default() });
                    self.on_key_line = true;
                } else if let Some(sep) = &mut item.sep {
                    sep.push(symbol);
                } else {
                    item.start.push(symbol);
                }
            }
            Kind::ExplicitKey => {
                if item.sep.is_none() && !item.explicit {
                    item.start.push(symbol);
                    item.explicit = true;
                } else if at_next || item.value.is_some() {
                    start.push(symbol);
                    map.items.push(Item { start, explicit: true, ..Item::default() });
                } else {
                    self.stack.push(inner(symbol.from, vec![symbol], None, None, true));
                }
                self.on_key_line = true;
            }
            Kind::MapValue => {
                let sep = Some(vec![symbol]);
                let has_value_sign = item.sep.as_ref().is_some_and(|sep| includes(sep, Kind::MapValue));
                if item.sep.is_none() {
                    if item.explicit && !includes(&item.start, Kind::Newline) {
                        let start = first_key_start(&mut item.start);
                        self.stack.push(inner(symbol.from, start, None, sep, false));
                    } else {
                        item.key = None;
                        item.sep = sep;
                    }
                } else if item.value.is_some() || (!item.explicit && at_next) {
                    let start = if item.explicit { Vec::new() } else { start };
                    map.items.push(Item { start, sep, ..Item::default() });
                } else if has_value_sign {
                    let start = if item.explicit { start } else { Vec::new() };
                    self.stack.push(inner(symbol.from, start, None, sep, false));
                } else if item.explicit
                    && item.key.as_ref().is_some_and(|key| key.is_flow())
                    && !item.sep.as_ref().is_some_and(|sep| includes(sep, Kind::Newline))
                {
                    let start = first_key_start(&mut item.start);
                    let key = item.key.take();
                    let mut sep = item.sep.take().unwrap_or_default();
                    sep.push(symbol);
                    self.stack.push(inner(symbol.from, start, key, Some(sep), false));
                } else if let Some(sep) = &mut item.sep {
                    if item.explicit {
                        sep.extend(start);
                    }
                    sep.push(symbol);
                }
                self.on_key_line = true;
            }
            kind if kind.is_flow_scalar() => {
                let source = self.text.get(symbol.from..symbol.to).unwrap_or("");
                self.lines.extend(source.match_indices('\n').map(|(at, _)| symbol.from + at + 1));
                let scalar = Node::new(kind, Symbol { indent, ..symbol });
                if at_next || item.value.is_some() {
                    let key = Some(Box::new(scalar));
                    map.items.push(Item { start, key, sep: Some(Vec::new()), ..Item::default() });
                    self.on_key_line = true;
                } else if item.sep.is_some() {
                    self.stack.push(scalar);
                } else {
                    item.key = Some(Box::new(scalar));
                    item.sep = Some(Vec::new());
                    self.on_key_line = true;
                }
            }
            _ => {
                let on_line =
                    !item.explicit && item.sep.as_ref().is_some_and(|sep| !includes(sep, Kind::Newline));
                let Some(value) = self.block_value() else { return self.again() };
                if value.kind == Kind::BlockSequence {
                    if on_line {
                        return self.error("Unexpected block-seq-ind on same line with key".to_owned());
                    }
                } else if at_indent && let Some(map) = self.stack.last_mut() {
                    map.items.push(Item { start, ..Item::default() });
                }
                self.stack.push(value);
            }
        }
    }

    pub(super) fn block_sequence(&mut self) {
        if self.blanks() {
            return;
        }
        let symbol = self.symbol;
        let indent = self.indent;
        let Some(sequence) = self.stack.last_mut() else { return };
        let Some(item) = sequence.items.last_mut() else { return };
        match symbol.kind {
            Kind::Anchor | Kind::Tag if item.value.is_none() && indent > sequence.indent => {
                item.start.push(symbol);
                return;
            }
            Kind::SequenceItem if indent == sequence.indent => {
                if item.value.is_some() || includes(&item.start, Kind::SequenceItem) {
                    sequence.items.push(Item { start: vec![symbol], ..Item::default() });
                } else {
                    item.start.push(symbol);
                }
                return;
            }
            _ => {}
        }
        if indent > sequence.indent
            && let Some(value) = self.block_value()
        {
            self.stack.push(value);
            return;
        }
        self.again();
    }
}
