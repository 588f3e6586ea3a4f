//! `on` (`converter/events.ts`).

use super::super::problem::Context;
use super::super::token::{Token, Unexpected, Value};
use super::super::workflow::Event;
use super::{cron, inputs};

/// Pairs of keys of which an event may have only one.
const EXCLUSIVE: [(&str, &str); 3] =
    [("branches", "branches-ignore"), ("tags", "tags-ignore"), ("paths", "paths-ignore")];
const WORDS: [&str; 4] = ["types", "versions", "names", "workflows"];

/// The events that a workflow runs on.
pub(super) fn events(context: &mut Context, token: &Token) -> Result<Vec<Event>, Unexpected> {
    let plain = |name: &str| Event { name: name.to_owned(), ..Event::default() };
    let mut events = Vec::new();
    match &token.value {
        Value::Sequence(items) => {
            for item in items {
                events.push(plain(item.assert_string("on")?));
            }
        }
        Value::Mapping(entries) => {
            for (key, value) in entries {
                let mut event = plain(key.assert_string("event name")?);
                if !matches!(value.value, Value::Null) {
                    fill(context, &mut event, value)?;
                }
                events.push(event);
            }
        }
        Value::Expression(_) | Value::Insert => context.error(token, "Invalid format for 'on'"),
        _ => events.push(plain(token.assert_string("on")?)),
    }
    Ok(events)
}

fn fill(context: &mut Context, event: &mut Event, token: &Token) -> Result<(), Unexpected> {
    if event.name == "schedule" {
        let items = token.assert_sequence("event schedule")?;
        event.schedule = schedule(context, items)?;
        return Ok(());
    }
    let entries = token.assert_mapping(&format!("event {}", event.name))?;
    match event.name.as_str() {
        "workflow_call" => return inputs::call(context, event, entries),
        "workflow_dispatch" => return inputs::dispatch(context, event, entries),
        _ => {}
    }
    for (only, ignored) in EXCLUSIVE {
        for key in [only, ignored] {
            if let Some(value) = token.get(key) {
                event.filters.push((key, words(key, value)?));
            }
        }
        // GitHub refuses this; the parser for editors does not.
        if let (Some(first), Some(second)) = (token.get(only), token.get(ignored)) {
            let later = if first.place > second.place { first } else { second };
            context.error(
                later,
                format!("you may only define one of `{only}` and `{ignored}` for a single event"),
            );
        }
    }
    for key in WORDS {
        if let Some(value) = token.get(key) {
            event.filters.push((key, words(key, value)?));
        }
    }
    Ok(())
}

/// One text or several.
fn words(name: &str, token: &Token) -> Result<Vec<String>, Unexpected> {
    if let Some(text) = token.as_str() {
        return Ok(vec![text.to_owned()]);
    }
    list(name, token.assert_sequence(&format!("{name} list"))?)
}

/// Texts (`converter/string-list.ts`).
pub(super) fn list(name: &str, items: &[Token]) -> Result<Vec<String>, Unexpected> {
    items.iter().map(|item| Ok(item.assert_string(&format!("{name} item"))?.to_owned())).collect()
}

fn schedule(context: &mut Context, items: &[Token]) -> Result<Vec<(String, Option<String>)>, Unexpected> {
    let mut schedule = Vec::new();
    for item in items {
        let (mut pattern, mut zone) = (String::new(), None);
        for (key, value) in item.assert_mapping("event schedule")? {
            match key.assert_string("schedule key")? {
                "cron" => {
                    value.assert_string("schedule cron")?.clone_into(&mut pattern);
                    if !cron::is_valid(&pattern) {
                        context.error(
                            value,
                            "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)",
                        );
                    }
                }
                "timezone" => zone = Some(value.assert_string("schedule timezone")?.to_owned()),
                _ => context.error(key, "Invalid schedule key"),
            }
        }
        schedule.push((pattern, zone));
    }
    Ok(schedule)
}
