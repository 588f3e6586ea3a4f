//! Routing decisions against those expected. A request scores the share of its keys that agree, and nothing if the
//! decision itself is wrong; a family scores the mean of its requests, and the total is the mean of the families.

use serde_json::{Map, Value as Json};

/// How one request went.
#[derive(Debug, Clone)]
pub struct RoutingResult {
    /// The case and the request, as `ID METHOD URL`.
    pub name: String,
    /// The id of its case.
    pub case: String,
    /// 0 to 1.
    pub score: f64,
    /// The keys that differ, with what was wanted and what there is.
    pub differences: Vec<String>,
}

/// Compares the cases of a family with what was played of them, in the same order.
pub fn compare_routing(cases: &[Json], played: &[Json]) -> Vec<RoutingResult> {
    let mut results = Vec::new();
    for case in cases {
        let id = case.get("id").and_then(Json::as_str).unwrap_or_default();
        let answers = played.iter().find(|one| one.get("id") == case.get("id"));
        let answers = answers.and_then(|one| one.get("requests")).and_then(Json::as_array);
        let requests = case.get("requests").and_then(Json::as_array);
        for (i, request) in requests.into_iter().flatten().enumerate() {
            let got = answers.and_then(|list| list.get(i)).and_then(|one| one.get("actual"));
            let member = |key: &str| request.get(key).and_then(Json::as_str).unwrap_or_default();
            let name = format!("{id} {} {}", member("method"), member("url"));
            results.push(compare(name, id, request, got.and_then(Json::as_object)));
        }
    }
    results
}

/// The mean of a family.
pub fn mean(results: &[RoutingResult]) -> f64 {
    results.iter().map(|result| result.score).sum::<f64>() / results.len().max(1) as f64
}

fn compare(name: String, case: &str, request: &Json, got: Option<&Map<String, Json>>) -> RoutingResult {
    let nothing = Map::new();
    let got = got.unwrap_or(&nothing);
    let expect = request.get("expect").and_then(Json::as_object).unwrap_or(&nothing);
    let routed = expect.get("decision").and_then(Json::as_str) == Some("route");
    let counted =
        expect.iter().filter(|(key, _)| *key != "note" && !(routed && *key == "status")).collect::<Vec<_>>();
    let wrong: Vec<_> = counted.iter().filter(|(key, want)| !agree(key, want, got.get(*key))).collect();
    let lost = got.is_empty() || wrong.iter().any(|(key, _)| *key == "decision");
    let score = if lost { 0.0 } else { 1.0 - wrong.len() as f64 / counted.len().max(1) as f64 };
    let differences = wrong
        .iter()
        .map(|(key, want)| format!("{key}: want {want}, got {}", got.get(*key).unwrap_or(&Json::Null)))
        .collect();
    RoutingResult { name, case: case.to_owned(), score, differences }
}

fn agree(key: &str, want: &Json, got: Option<&Json>) -> bool {
    let lower = |text: &str| text.to_ascii_lowercase();
    let texts = |value: Option<&Json>| {
        let list = value.and_then(Json::as_array);
        let mut list: Vec<String> = list
            .into_iter()
            .flatten()
            .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
            .collect();
        list.sort();
        list
    };
    match key {
        "location" => {
            let text = |value: Option<&Json>| {
                value.map(|value| without_default_port(value.as_str().unwrap_or_default()))
            };
            text(Some(want)) == text(got)
        }
        "set_headers" => {
            let have = got.and_then(Json::as_object);
            want.as_object().is_some_and(|want| {
                want.iter().all(|(name, value)| {
                    have.into_iter()
                        .flatten()
                        .any(|(known, there)| lower(known) == lower(name) && there == value)
                })
            })
        }
        "absent_headers" => {
            let have = got.and_then(Json::as_object);
            let there =
                |name: &String| have.into_iter().flatten().any(|(known, _)| lower(known) == lower(name));
            have.is_some() && !texts(Some(want)).iter().any(there)
        }
        "mirror" | "endpoints" => texts(Some(want)) == texts(got),
        "weights" => {
            let (Some(want), Some(got)) = (want.as_object(), got.and_then(Json::as_object)) else {
                return false;
            };
            want.len() == got.len()
                && want.iter().all(|(name, share)| {
                    let close = |there: f64| (there - share.as_f64().unwrap_or(f64::NAN)).abs() < 0.5;
                    got.get(name).and_then(Json::as_f64).is_some_and(close)
                })
        }
        _ => got.unwrap_or(&Json::Null) == want,
    }
}

/// `:80` of `http` and `:443` of `https` say nothing.
fn without_default_port(location: &str) -> String {
    for (scheme, port) in [("http://", ":80"), ("https://", ":443")] {
        if let Some(rest) = location.strip_prefix(scheme) {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            if let Some(host) = authority.strip_suffix(port) {
                return [scheme, host, path].concat();
            }
        }
    }
    location.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn score(expect: &Json, actual: &Json) -> f64 {
        let cases = [json!({ "id": "a", "requests": [{ "method": "GET", "url": "u", "expect": expect }] })];
        let played = [json!({ "id": "a", "requests": [{ "actual": actual }] })];
        mean(&compare_routing(&cases, &played))
    }

    #[test]
    fn keys_count_one_by_one_and_the_decision_for_all() {
        let expect = json!({ "decision": "route", "status": 200, "service": "a", "port": 80, "path": "/x", "note": "n" });
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(
            score(&expect, &json!({ "decision": "route", "service": "a", "port": 80, "path": "/x" })),
            1.0
        ));
        assert!(close(
            score(&expect, &json!({ "decision": "route", "service": "b", "port": 80, "path": "/x" })),
            0.75
        ));
        assert!(close(score(&expect, &json!({ "decision": "redirect", "service": "a" })), 0.0));
        assert!(close(score(&expect, &json!({})), 0.0));
        let expect = json!({ "decision": "redirect", "status": 308, "location": "https://a:443/x" });
        let actual =
            |status: u16| json!({ "decision": "redirect", "status": status, "location": "https://a/x" });
        assert!(close(score(&expect, &actual(308)), 1.0));
        assert!(close(score(&expect, &actual(301)), 2.0 / 3.0));
    }

    #[test]
    fn sets_and_shares_are_compared_as_such() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let expect = json!({ "decision": "route", "weights": { "a": 25, "b": 75 }, "mirror": ["x", "y"] });
        let right = json!({ "decision": "route", "weights": { "b": 75.0, "a": 25.2 }, "mirror": ["y", "x"] });
        assert!(close(score(&expect, &right), 1.0));
        let expect =
            json!({ "decision": "route", "set_headers": { "Host": "b" }, "absent_headers": ["X-A"] });
        let headers = json!({ "host": "b", "x-a": "1" });
        let wrong = json!({ "decision": "route", "set_headers": headers, "absent_headers": headers });
        assert!(close(score(&expect, &wrong), 2.0 / 3.0));
    }
}
