//! Durations and texts in two languages.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::duration::{format_go, parse_go};

/// A span of time in microseconds, written as a Go duration (`1m30s`) or a number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

impl Duration {
    /// Whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// Milliseconds.
    pub const fn millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_go(self.0))
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DurationVisitor;

        impl Visitor<'_> for DurationVisitor {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 1m30s")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                parse_go(text).map(Duration).map_err(E::custom)
            }

            fn visit_i64<E>(self, seconds: i64) -> Result<Duration, E> {
                Ok(Duration(seconds.saturating_mul(1_000_000)))
            }

            fn visit_f64<E>(self, seconds: f64) -> Result<Duration, E> {
                Ok(Duration((seconds * 1e6) as i64))
            }
        }

        deserializer.deserialize_any(DurationVisitor)
    }
}

/// A text for a person; written plain it is the same in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Korean.
    pub ko: String,
}

impl Text {
    /// The text in a language (`ko` or anything else); the other one where it is missing.
    pub fn in_language(&self, language: &str) -> &str {
        let (first, second) = if language == "ko" { (&self.ko, &self.en) } else { (&self.en, &self.ko) };
        if first.is_empty() { second } else { first }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.en.is_empty() && self.ko.is_empty()
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.en == self.ko {
            return serializer.serialize_str(&self.en);
        }
        let mut map = serializer.serialize_map(Some(2))?;
        for (language, text) in [("en", &self.en), ("ko", &self.ko)] {
            if !text.is_empty() {
                map.serialize_entry(language, text)?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a map of languages")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text { en: text.to_owned(), ko: text.to_owned() })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                let mut text = Text::default();
                while let Some((language, words)) = map.next_entry::<String, String>()? {
                    match language.as_str() {
                        "en" => text.en = words,
                        "ko" => text.ko = words,
                        _ => {}
                    }
                }
                Ok(text)
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}
