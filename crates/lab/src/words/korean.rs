//! Korean particles: which form follows what stands before.

/// How the last sound of a word ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Vowel,
    /// ㄹ counts as a vowel for 으로.
    Rieul,
    Consonant,
}

/// The forms after a consonant and after a vowel.
const PAIRS: [(&str, &str); 9] = [
    ("이", "가"),
    ("을", "를"),
    ("은", "는"),
    ("과", "와"),
    ("으로", "로"),
    ("이라", "라"),
    ("이라는", "라는"),
    ("이나", "나"),
    ("이며", "며"),
];

/// The particle (given in either form) that fits the end of `before`.
pub(super) fn particle(before: &str, wanted: &str) -> &'static str {
    let Some((consonant, vowel)) = PAIRS.iter().find(|(one, other)| *one == wanted || *other == wanted)
    else {
        return "";
    };
    match end(before) {
        End::Rieul if *consonant == "으로" => vowel,
        End::Consonant | End::Rieul => consonant,
        End::Vowel => vowel,
    }
}

fn end(before: &str) -> End {
    // Marks, quotes and closing brackets are not spoken.
    let spoken = before.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '%');
    let Some(last) = spoken.chars().last() else { return End::Vowel };
    match last {
        '가'..='힣' => match (last as u32 - 0xAC00) % 28 {
            0 => End::Vowel,
            8 => End::Rieul,
            _ => End::Consonant,
        },
        '0'..='9' => digit(spoken),
        'a'..='z' | 'A'..='Z' => latin(spoken),
        _ => End::Vowel,
    }
}

/// 영 일 이 삼 사 오 육 칠 팔 구; numbers in tens end in 십, 백, 천 or 만.
fn digit(spoken: &str) -> End {
    match spoken.chars().last() {
        Some('1' | '7' | '8') => End::Rieul,
        Some('0' | '3' | '6') => End::Consonant,
        _ => End::Vowel,
    }
}

/// A word is read as Korean writes it in its own letters, an abbreviation or a generated name by the names of its letters.
fn latin(spoken: &str) -> End {
    let from = spoken.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    let part = spoken.get(from..).unwrap_or(spoken);
    let lower = part.to_ascii_lowercase();
    let is_vowel = |c: char| "aeiouy".contains(c);
    let spelled = part.chars().any(|c| c.is_ascii_digit())
        || !lower.chars().any(is_vowel)
        || (part.len() <= 4 && part.chars().all(|c| c.is_ascii_uppercase()))
        || matches!(lower.as_str(), "api" | "cpu" | "ui" | "io" | "id");
    let mut back = lower.chars().rev();
    let (last, before, third) =
        (back.next().unwrap_or('a'), back.next().unwrap_or('x'), back.next().unwrap_or('x'));
    if spelled {
        return match last {
            'l' | 'r' => End::Rieul,
            'm' | 'n' => End::Consonant,
            _ => End::Vowel,
        };
    }
    match last {
        'l' => End::Rieul,
        'e' if before == 'l' && is_vowel(third) => End::Rieul,
        'm' | 'n' => End::Consonant,
        'e' if "mn".contains(before) && is_vowel(third) => End::Consonant,
        'g' if before == 'n' => End::Consonant,
        'k' if before == 'c' => End::Consonant,
        'p' if before == 'p' => End::Consonant,
        // A stop after one short vowel closes the syllable (웹, 셋, 백업); after another sound it gets one of its own (루프).
        'b' | 'c' | 'k' | 'p' | 't' if is_vowel(before) && !is_vowel(third) => End::Consonant,
        _ => End::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_follow_the_last_sound() {
        let after = |word: &str, wanted| format!("{word}{}", particle(word, wanted));
        for right in [
            "파드가",
            "볼륨이",
            "`web`이",
            "api가",
            "nginx가",
            "redis가",
            "Running이",
            "Pending이",
            "Ready가",
            "x8k2p가",
            "OOMKilled가",
            "CrashLoopBackOff가",
            "ReplicaSet이",
            "Deployment가",
            "node-a가",
            "(exit 137)이",
            "3이",
            "2가",
            "10이",
            "v1.4가",
            "web:1.0이",
            "25%가",
            "ErrImagePull이",
            "image가",
            "backend가",
            "DNS가",
            "URL이",
            "10초가",
        ] {
            let (word, given) = right.split_at(right.len() - 3);
            assert_eq!(after(word, "이"), format!("{word}{given}"));
            assert_eq!(after(word, "가"), format!("{word}{given}"));
        }
        assert_eq!(after("OOMKilled", "으로"), "OOMKilled로");
        assert_eq!(after("노드", "을"), "노드를");
        assert_eq!(after("풀", "으로"), "풀로");
        assert_eq!(after("2.0", "으로"), "2.0으로");
        assert_eq!(after("1", "으로"), "1로");
        assert_eq!(after("", "은"), "는");
    }
}
