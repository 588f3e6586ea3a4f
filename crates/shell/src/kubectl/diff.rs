//! `kubectl diff` (k8s.io/kubectl/pkg/cmd/diff), with a `diff -u -N` of our own.

use opscape_manifest::api::meta::{MicroTime, civil};
use opscape_manifest::patch;
use opscape_manifest::print::to_yaml;
use opscape_manifest::schema::Type;
use opscape_manifest::value::{Map, Value};

use super::apply::{LAST_APPLIED, patch_checked};
use super::files::Manifest;
use super::literal::remove;
use super::print::text;
use super::{Call, Failure, Next, Outcome, words};

pub(super) const FLAGS: &str = "f|filename* R|recursive! k|kustomize= server-side! force-conflicts! field-manager= \
    l|selector= prune! prune-allowlist& show-managed-fields! concurrency#";

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    if !call.flags.given("filename") {
        return words("must specify one of -f and -k");
    }
    let (manifests, failures) = super::files::read(call)?;
    Failure::all(failures)?;
    let stamp = stamp(call.scope.utc());
    // The folders of the two states have random names.
    let version = call.scope.world.cluster().store().version();
    let folder =
        |name: &str, salt: u64| format!("/tmp/{name}-{}", (version + 1).wrapping_mul(salt) % 4_000_000_000);
    let (live_folder, merged_folder) = (folder("LIVE", 2_654_435_761), folder("MERGED", 3_266_489_917));
    let mut different = false;
    for manifest in manifests {
        let (live, merged) = states(&manifest, call)?;
        let (live, merged) = (live.map(shown).unwrap_or_default(), shown(merged));
        if live == merged {
            continue;
        }
        different = true;
        let resource = manifest.resource;
        let group =
            if resource.group().is_empty() { String::new() } else { format!("{}.", resource.group()) };
        let file = format!(
            "{group}{}.{}.{}.{}",
            resource.version(),
            resource.kind,
            manifest.namespace,
            manifest.name
        );
        let (from, to) = (format!("{live_folder}/{file}"), format!("{merged_folder}/{file}"));
        call.say(&format!("diff -u -N {from} {to}"));
        call.say(&format!("--- {from}\t{stamp}\n+++ {to}\t{stamp}"));
        let hunks = unified(&live, &merged);
        call.io.out(&hunks);
    }
    if different { Err(Failure::Silent) } else { Ok(Next::Done) }
}

/// The stored object, and what applying would make of it.
fn states(manifest: &Manifest, call: &mut Call<'_, '_>) -> Result<(Option<Value>, Value), Failure> {
    let namespace = manifest.resource.namespaced.then_some(manifest.namespace.as_str());
    let Ok(current) = call.read(manifest.resource, &manifest.namespace, &manifest.name) else {
        let created = call.create_checked(&manifest.value, true)?;
        return Ok((None, created.to_value()));
    };
    let current = current.to_value();
    let Some(ty) = Type::of(text(&current, "apiVersion"), text(&current, "kind")) else {
        return words(format!("no schema of {}", manifest.resource.kind));
    };
    let mut modified = patch::modified(&manifest.value, namespace);
    remove(&mut modified, &["metadata", "annotations", LAST_APPLIED]);
    let original = patch::last_applied(&current);
    let mut sent = patch::three_way(original.as_ref(), &modified, &current, ty).map_err(Failure::Words)?;
    if sent == Value::Map(Map::new()) {
        return Ok((Some(current.clone()), current));
    }
    let value = patch_checked(&current, &mut sent, ty, call)?;
    let merged = call.update(&value, true)?.to_value();
    Ok((Some(current), merged))
}

/// An object as YAML; the data of a Secret stays secret.
fn shown(mut value: Value) -> String {
    if text(&value, "kind") == "Secret"
        && let Some(Value::Map(data)) = value.as_map_mut().and_then(|map| map.get_mut("data"))
    {
        for value in data.values_mut() {
            *value = Value::from("***");
        }
    }
    to_yaml(&value)
}

/// `2026-11-21 01:50:35.450395000 +0000`.
fn stamp(now: MicroTime) -> String {
    let (year, month, day, hour, minute, second) = civil(now.0.div_euclid(1_000_000));
    let micros = now.0.rem_euclid(1_000_000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}000 +0000")
}

/// Lines kept around a change.
const CONTEXT: usize = 3;

/// The hunks of `diff -u`.
fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let edits = edits(&old, &new);
    let mut out = String::new();
    let mut at = 0;
    while let Some(first) = edits.iter().skip(at).position(|edit| edit.0 != ' ').map(|offset| at + offset) {
        let start = first.saturating_sub(CONTEXT).max(at);
        let mut end = first + 1;
        // A hunk goes on while the next change is near.
        while let Some(next) = edits.iter().skip(end).take(2 * CONTEXT + 1).position(|edit| edit.0 != ' ') {
            end += next + 1;
        }
        let stop = (end + CONTEXT).min(edits.len());
        let before = |mark: char| edits.iter().take(start).filter(|edit| edit.0 != mark).count();
        let hunk = edits.get(start..stop).unwrap_or_default();
        let count = |mark: char| hunk.iter().filter(|edit| edit.0 != mark).count();
        let range = |from: usize, count: usize| match count {
            0 => format!("{from},0"),
            1 => (from + 1).to_string(),
            _ => format!("{},{count}", from + 1),
        };
        let (removed, added) = (range(before('+'), count('+')), range(before('-'), count('-')));
        let part = format!("@@ -{removed} +{added} @@\n");
        out.push_str(&part);
        for (mark, line) in hunk {
            out.push(*mark);
            out.push_str(line);
            out.push('\n');
        }
        at = stop;
    }
    out
}

/// Lines kept, removed and added, by a longest common subsequence.
#[expect(clippy::many_single_char_names, reason = "the usual names of this algorithm")]
fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let same_start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let rest = |lines: &[&'a str]| lines.len() - same_start;
    let same_end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count()
        .min(rest(old))
        .min(rest(new));
    let a = old.get(same_start..old.len() - same_end).unwrap_or_default();
    let b = new.get(same_start..new.len() - same_end).unwrap_or_default();
    let mut out: Vec<(char, &str)> = old.iter().take(same_start).map(|line| (' ', *line)).collect();
    // Beyond this, everything between is replaced: the table would be too large.
    if a.len().saturating_mul(b.len()) > 4_000_000 {
        out.extend(a.iter().map(|line| ('-', *line)));
        out.extend(b.iter().map(|line| ('+', *line)));
    } else {
        let width = b.len() + 1;
        let mut table = vec![0_u32; (a.len() + 1) * width];
        let get = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
        for (i, x) in a.iter().enumerate().rev() {
            for (j, y) in b.iter().enumerate().rev() {
                let best = if x == y {
                    get(&table, i + 1, j + 1) + 1
                } else {
                    get(&table, i + 1, j).max(get(&table, i, j + 1))
                };
                if let Some(cell) = table.get_mut(i * width + j) {
                    *cell = best;
                }
            }
        }
        let (mut i, mut j) = (0, 0);
        loop {
            match (a.get(i), b.get(j)) {
                (Some(x), Some(y)) if x == y => {
                    out.push((' ', *x));
                    (i, j) = (i + 1, j + 1);
                }
                (Some(x), other) if other.is_none() || get(&table, i + 1, j) >= get(&table, i, j + 1) => {
                    out.push(('-', *x));
                    i += 1;
                }
                (_, Some(y)) => {
                    out.push(('+', *y));
                    j += 1;
                }
                _ => break,
            }
        }
    }
    out.extend(old.iter().skip(old.len() - same_end).map(|line| (' ', *line)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n";
        let new = "1\n2\n3\n4\n5\nsix\n7\n8\n9\n10\n11\n12\n13\n14\n15\n";
        assert_eq!(
            unified(old, new),
            "@@ -3,7 +3,7 @@\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n 9\n@@ -12,3 +12,4 @@\n 12\n 13\n 14\n+15\n"
        );
        assert_eq!(unified("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(unified("a\nb\nc\nd\n", "a\nx\nc\ny\n"), "@@ -1,4 +1,4 @@\n a\n-b\n+x\n c\n-d\n+y\n");
        assert_eq!(unified("a\n", "a\n"), "");
    }
}
