//! Which of two lists of commands are the same, in order: Ratcliff and Obershelp's longest matching blocks.

use std::collections::BTreeMap;

/// For each item of `a` the index of the item of `b` it is matched with.
pub fn pair(a: &[String], b: &[String]) -> Vec<Option<usize>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, item) in b.iter().enumerate() {
        places.entry(item).or_default().push(index);
    }
    let mut pairs = vec![None; a.len()];
    let mut open = vec![(0, a.len(), 0, b.len())];
    while let Some((a_low, a_high, b_low, b_high)) = open.pop() {
        let (i, j, size) = longest(a, &places, (a_low, a_high), (b_low, b_high));
        if size == 0 {
            continue;
        }
        for (pair, index) in pairs.iter_mut().skip(i).take(size).zip(j..) {
            *pair = Some(index);
        }
        if a_low < i && b_low < j {
            open.push((a_low, i, b_low, j));
        }
        if i + size < a_high && j + size < b_high {
            open.push((i + size, a_high, j + size, b_high));
        }
    }
    pairs
}

/// The longest run of equal items; of equally long ones the first in `a`, then the first in `b`.
fn longest(
    a: &[String],
    places: &BTreeMap<&str, Vec<usize>>,
    (a_low, a_high): (usize, usize),
    (b_low, b_high): (usize, usize),
) -> (usize, usize, usize) {
    let mut best = (a_low, b_low, 0);
    // How long the run is that ends at an index of `b`, for the item of `a` before.
    let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
    for (i, item) in a.iter().enumerate().take(a_high).skip(a_low) {
        let mut next = BTreeMap::new();
        for &j in places.get(item.as_str()).into_iter().flatten() {
            if j < b_low {
                continue;
            }
            if j >= b_high {
                break;
            }
            let size = j.checked_sub(1).and_then(|before| lengths.get(&before)).copied().unwrap_or(0) + 1;
            next.insert(j, size);
            if size > best.2 {
                best = (i + 1 - size, j + 1 - size, size);
            }
        }
        lengths = next;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.chars().map(String::from).collect()
    }

    #[test]
    fn pairs_what_is_equal_in_order() {
        assert_eq!(pair(&list("abc"), &list("abc")), [Some(0), Some(1), Some(2)]);
        assert_eq!(pair(&list("abc"), &list("ac")), [Some(0), None, Some(1)]);
        assert_eq!(pair(&list("aab"), &list("xaby")), [None, Some(1), Some(2)]);
        assert_eq!(pair(&list("ab"), &list("")), [None, None]);
    }
}
