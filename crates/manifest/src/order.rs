//! A stable sort that is small: the standard library's is compiled anew, some 4 KB each time, for every type and every
//! closure it is used with. Here only a few instructions are; the sorting itself is done on places, once for all.
//! (Collecting into a `BTreeMap` or `BTreeSet` sorts as well; `extend` on an empty one does not.)

use std::cmp::Ordering;

/// Sorts a list; equal items keep their order. Takes n log n comparisons and a list of places.
pub fn sort_by<T>(list: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let places = {
        let items = list.as_slice();
        order(items.len(), &|a, b| match (items.get(a), items.get(b)) {
            (Some(a), Some(b)) => compare(a, b),
            _ => Ordering::Equal,
        })
    };
    if places.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
        return;
    }
    let mut slots: Vec<Option<T>> = list.drain(..).map(Some).collect();
    list.extend(places.into_iter().filter_map(|place| slots.get_mut(place).and_then(Option::take)));
}

/// The places of the items in order: a merge sort from the bottom up.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut from: Vec<usize> = (0..count).collect();
    let mut width = 1;
    while width < count {
        let mut to = Vec::with_capacity(count);
        for run in from.chunks(width * 2) {
            let (left, right) = run.split_at(width.min(run.len()));
            let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
            loop {
                let first = match (left.peek(), right.peek()) {
                    (Some(a), Some(b)) => compare(**a, **b).is_le(),
                    (Some(_), None) => true,
                    (None, Some(_)) => false,
                    (None, None) => break,
                };
                to.extend(if first { left.next() } else { right.next() });
            }
        }
        from = to;
        width *= 2;
    }
    from
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(mut list in prop::collection::vec((0..20_u8, any::<u16>()), 0..200)) {
            let mut want = list.clone();
            want.sort_by_key(|(key, _)| *key);
            super::sort_by(&mut list, |a, b| a.0.cmp(&b.0));
            prop_assert_eq!(list, want);
        }
    }
}
