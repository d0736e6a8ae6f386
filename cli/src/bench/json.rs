//! JSON, written: as much of it as a report needs.
//!
//! What must hold: whatever a text holds, what is written is JSON; a number that JSON has not is `null`.

use std::fmt::{self, Write as _};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// Nothing.
    Null,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(u64),
    /// Another one, with three digits behind the point.
    Decimal(f64),
    /// A text.
    Text(String),
    /// Values in their order.
    List(Vec<Json>),
    /// Names and values in their order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object.
    pub(super) fn object(fields: Vec<(&str, Json)>) -> Json {
        Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A number, if there is one.
    pub(super) fn maybe(number: Option<f64>) -> Json {
        number.map_or(Json::Null, Json::Decimal)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Flag(flag) => write!(f, "{flag}"),
            Json::Whole(number) => write!(f, "{number}"),
            Json::Decimal(number) if number.is_finite() => write!(f, "{number:.3}"),
            Json::Decimal(_) => f.write_str("null"),
            Json::Text(text) => quoted(f, text),
            Json::List(values) => {
                f.write_char('[')?;
                for (index, value) in values.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    value.fmt(f)?;
                }
                f.write_char(']')
            }
            Json::Object(fields) => {
                f.write_char('{')?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    quoted(f, name)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written() {
        let value = Json::object(vec![
            ("text", Json::Text("a \"b\" \\ \n\u{7f}\u{fc}".to_owned())),
            ("list", Json::List(vec![Json::Null, Json::Flag(true), Json::Whole(u64::MAX)])),
            ("rate", Json::Decimal(1.0 / 3.0)),
            ("none", Json::Decimal(f64::NAN)),
            ("empty", Json::List(Vec::new())),
        ]);
        let expected = "{\"text\":\"a \\\"b\\\" \\\\ \\u000a\\u007f\u{fc}\",\"list\":[null,true,18446744073709551615],\
                        \"rate\":0.333,\"none\":null,\"empty\":[]}";
        assert_eq!(value.to_string(), expected);
    }
}
