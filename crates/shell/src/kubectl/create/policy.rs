//! `kubectl create quota|poddisruptionbudget|priorityclass`.

use opscape_manifest::selector::{Operator, Selector};
use opscape_manifest::value::{Map, Value};

use crate::kubectl::literal::{map, some_text, texts};
use crate::kubectl::{Call, Outcome, words};

pub(in crate::kubectl) const QUOTA_FLAGS: &str =
    "hard= scopes= o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn quota(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let mut hard = Map::new();
    for pair in call.flags.text("hard").unwrap_or_default().split(',').filter(|pair| !pair.is_empty()) {
        let Some((key, amount)) = pair.split_once('=') else {
            return words(format!("Invalid argument syntax {pair}, expected <resource>=<value>"));
        };
        hard.insert(key.to_owned(), Value::from(amount));
    }
    let scopes: Vec<&str> =
        call.flags.text("scopes").unwrap_or_default().split(',').filter(|scope| !scope.is_empty()).collect();
    let hard = if hard.is_empty() { Value::Null } else { Value::Map(hard) };
    let value = map([
        ("apiVersion", Value::from("v1")),
        ("kind", Value::from("ResourceQuota")),
        ("metadata", call.metadata(&name)),
        ("spec", map([("hard", hard), ("scopes", texts(&scopes))])),
        ("status", Value::Map(Map::new())),
    ]);
    call.make("quota", value)
}

pub(in crate::kubectl) const BUDGET_FLAGS: &str = "selector= min-available= max-unavailable= o|output= \
    dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn budget(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let (least, most) = (call.flags.text("min-available"), call.flags.text("max-unavailable"));
    let selector = call.flags.text("selector").unwrap_or_default();
    if selector.is_empty() {
        return words("a selector must be specified");
    }
    match (least, most) {
        (None, None) => return words("one of min-available or max-unavailable must be specified"),
        (Some(_), Some(_)) => return words("min-available and max-unavailable cannot be both specified"),
        _ => {}
    }
    let amount = |text: Option<&str>| {
        text.map_or(Value::Null, |text| text.parse::<i64>().map_or_else(|_| Value::from(text), Value::Int))
    };
    let parsed = match Selector::parse(selector) {
        Ok(parsed) => parsed,
        Err(why) => return words(why),
    };
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    for requirement in &parsed.requirements {
        let values: Vec<&str> = requirement.values.iter().map(String::as_str).collect();
        let operator = match requirement.operator {
            Operator::Equals | Operator::DoubleEquals => {
                labels.insert(
                    requirement.key.clone(),
                    Value::from(values.first().copied().unwrap_or_default()),
                );
                continue;
            }
            Operator::In => "In",
            Operator::NotIn | Operator::NotEquals => "NotIn",
            Operator::Exists => "Exists",
            _ => "DoesNotExist",
        };
        expressions.push(map([
            ("key", Value::from(requirement.key.as_str())),
            ("operator", Value::from(operator)),
            ("values", texts(&values)),
        ]));
    }
    let labels = if labels.is_empty() { Value::Null } else { Value::Map(labels) };
    let spec = map([
        ("maxUnavailable", amount(most)),
        ("minAvailable", amount(least)),
        (
            "selector",
            map([
                ("matchExpressions", crate::kubectl::literal::some_list(expressions)),
                ("matchLabels", labels),
            ]),
        ),
    ]);
    let zero = || Value::Int(0);
    let status = map([
        ("currentHealthy", zero()),
        ("desiredHealthy", zero()),
        ("disruptionsAllowed", zero()),
        ("expectedPods", zero()),
    ]);
    let value = map([
        ("apiVersion", Value::from("policy/v1")),
        ("kind", Value::from("PodDisruptionBudget")),
        ("metadata", call.metadata(&name)),
        ("spec", spec),
        ("status", status),
    ]);
    call.make("poddisruptionbudgets", value)
}

pub(in crate::kubectl) const PRIORITY_FLAGS: &str = "value# global-default! description= preemption-policy= \
    o|output= dry-run?unchanged save-config! validate?strict field-manager=";

pub(in crate::kubectl) fn priority_class(call: &mut Call<'_, '_>) -> Outcome {
    let name = call.name_argument()?;
    let Some(amount) = call.flags.number("value") else { return words("required flag(s) \"value\" not set") };
    let value = map([
        ("apiVersion", Value::from("scheduling.k8s.io/v1")),
        ("description", call.flags.text("description").map_or(Value::Null, some_text)),
        ("globalDefault", if call.flags.truth("global-default") { Value::Bool(true) } else { Value::Null }),
        ("kind", Value::from("PriorityClass")),
        ("metadata", map([("name", Value::from(name))])),
        (
            "preemptionPolicy",
            Value::from(call.flags.text("preemption-policy").unwrap_or("PreemptLowerPriority")),
        ),
        ("value", Value::Int(amount)),
    ]);
    call.make("priorityclass", value)
}
