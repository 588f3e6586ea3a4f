//! Whether a schedule is one (robfig/cron's standard parser, which the CronJob controller uses).

const FIELDS: [(i64, i64, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// What is wrong with a schedule.
pub(super) fn complaint(schedule: &str) -> Option<String> {
    let spec = match schedule.strip_prefix("TZ=").or_else(|| schedule.strip_prefix("CRON_TZ=")) {
        Some(rest) => rest.split_once(' ').map_or("", |(_, spec)| spec).trim(),
        None => schedule,
    };
    if spec.starts_with('@') {
        return descriptor(spec);
    }
    let fields: Vec<&str> = spec.split_whitespace().collect();
    if fields.len() != 5 {
        return Some(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    fields.iter().zip(FIELDS).find_map(|(text, (min, max, names))| {
        text.split(',').find_map(|part| range(part, min, max, names).err())
    })
}

fn descriptor(spec: &str) -> Option<String> {
    if matches!(spec, "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly") {
        return None;
    }
    if let Some(every) = spec.strip_prefix("@every ") {
        return crate::duration::parse_go(every)
            .err()
            .map(|m| format!("failed to parse duration {spec}: {m}"));
    }
    Some(format!("unrecognized descriptor: {spec}"))
}

fn range(part: &str, min: i64, max: i64, names: &[&str]) -> Result<(), String> {
    let slashes: Vec<&str> = part.split('/').collect();
    let first = slashes.first().copied().unwrap_or_default();
    let bounds: Vec<&str> = first.split('-').collect();
    let number = |text: &str| {
        if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(min + at as i64);
        }
        let parsed = text.parse::<i64>().map_err(|_| {
            format!(
                "failed to parse int from {text}: strconv.Atoi: parsing {}: invalid syntax",
                crate::golang::quote(text)
            )
        })?;
        if parsed < 0 { Err(format!("negative number ({parsed}) not allowed: {text}")) } else { Ok(parsed) }
    };
    let (start, mut end, single) = match bounds.as_slice() {
        ["*" | "?", ..] => (min, max, false),
        [one] => {
            let one = number(one)?;
            (one, one, true)
        }
        [low, high] => (number(low)?, number(high)?, false),
        _ => return Err(format!("too many hyphens: {part}")),
    };
    let step = match slashes.as_slice() {
        [_] => 1,
        [_, step] => {
            if single {
                end = max;
            }
            number(step)?
        }
        _ => return Err(format!("too many slashes: {part}")),
    };
    if start < min {
        return Err(format!("beginning of range ({start}) below minimum ({min}): {part}"));
    }
    if end > max {
        return Err(format!("end of range ({end}) above maximum ({max}): {part}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {part}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {part}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn schedules() {
        for fine in ["* * * * *", "*/5 0-6 1,15 jan mon-fri", "@hourly", "@every 1h30m", "5/15 * * * ?"] {
            assert_eq!(complaint(fine), None, "{fine}");
        }
        for (schedule, want) in [
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
        ] {
            assert_eq!(complaint(schedule).as_deref(), Some(want), "{schedule}");
        }
    }
}
