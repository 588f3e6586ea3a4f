//! What a workflow is made of once it is read: values with their places (`templates/tokens`).

use std::sync::Arc;

use opscape_manifest::diagnostic::Span;

use super::expression::{Data, Function, number_text};

/// A file of those that were read, by its number.
pub type FileId = usize;

/// Contexts and functions that expressions may use at a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allowed {
    /// Contexts, like `github`.
    pub contexts: Vec<&'static str>,
    /// Functions beyond the well-known ones, like `success`.
    pub functions: Vec<Function>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Token {
    /// The file.
    pub file: FileId,
    /// Where in the file.
    pub place: Option<Span>,
    /// What expressions may use here.
    pub allowed: Arc<Allowed>,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    String(String),
    /// `${{ ... }}`, or a text with such in it, which became a call of `format`.
    Expression(Expression),
    /// `${{ insert }}` in place of a key.
    Insert,
    /// A list.
    Sequence(Vec<Token>),
    /// Keys and values in their order.
    Mapping(Vec<(Token, Token)>),
}

/// An expression in place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Without `${{` and `}}`.
    pub text: String,
    /// As written, if it became a call of `format`.
    pub source: Option<String>,
}

/// A value is not of the kind that is needed.
#[derive(Clone, Debug)]
pub struct Unexpected {
    /// The official words.
    pub message: String,
    /// The file.
    pub file: FileId,
    /// The place of the value.
    pub place: Option<Span>,
}

impl Token {
    /// An expression that nobody wrote.
    pub(super) fn implied(&self, value: Value) -> Token {
        Token { value, ..self.clone() }
    }

    /// The name of its kind in messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "NullToken",
            Value::Bool(_) => "BooleanToken",
            Value::Number(_) => "NumberToken",
            Value::String(_) => "StringToken",
            Value::Expression(_) => "BasicExpressionToken",
            Value::Insert => "InsertExpressionToken",
            Value::Sequence(_) => "SequenceToken",
            Value::Mapping(_) => "MappingToken",
        }
    }

    /// Whether its value is known only when it runs.
    pub fn is_expression(&self) -> bool {
        matches!(self.value, Value::Expression(_) | Value::Insert)
    }

    /// A scalar as a text, as messages show it; nothing for lists and mappings.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => String::new(),
            Value::Bool(bool) => bool.to_string(),
            Value::Number(number) => number_text(*number),
            Value::String(text) => text.clone(),
            Value::Expression(expression) => format!("${{{{ {} }}}}", expression.text),
            Value::Insert => "${{ insert }}".to_owned(),
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// Keys and values; none if it is no mapping.
    pub fn entries(&self) -> &[(Token, Token)] {
        if let Value::Mapping(entries) = &self.value { entries } else { &[] }
    }

    /// Items; none if it is no list.
    pub fn items(&self) -> &[Token] {
        if let Value::Sequence(items) = &self.value { items } else { &[] }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Token> {
        self.entries().iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// Itself and everything in it, keys included.
    pub fn any(&self, test: &dyn Fn(&Token) -> bool) -> bool {
        test(self)
            || match &self.value {
                Value::Sequence(items) => items.iter().any(|item| item.any(test)),
                Value::Mapping(entries) => {
                    entries.iter().any(|(key, value)| key.any(test) || value.any(test))
                }
                _ => false,
            }
    }

    /// As a value of the expression language; none if an expression is in it.
    pub fn to_data(&self) -> Option<Data> {
        Some(match &self.value {
            Value::Null => Data::Null,
            Value::Bool(bool) => Data::Bool(*bool),
            Value::Number(number) => Data::Number(*number),
            Value::String(text) => text.as_str().into(),
            Value::Expression(_) | Value::Insert => return None,
            Value::Sequence(items) => items.iter().map(Token::to_data).collect::<Option<Vec<_>>>()?.into(),
            Value::Mapping(entries) => {
                let mut object = super::expression::Object::default();
                for (key, value) in entries {
                    object.insert(key.as_str()?, value.to_data()?);
                }
                object.into()
            }
        })
    }

    fn unexpected(&self, what: &str, wanted: &str) -> Unexpected {
        let kind = self.kind();
        let message = format!(
            "Unexpected type '{kind}' encountered while reading '{what}'. The type '{wanted}' was expected."
        );
        Unexpected { message, file: self.file, place: self.place }
    }

    /// The text.
    pub(super) fn assert_string(&self, what: &str) -> Result<&str, Unexpected> {
        self.as_str().ok_or_else(|| self.unexpected(what, "StringToken"))
    }

    /// The truth value.
    pub(super) fn assert_bool(&self, what: &str) -> Result<bool, Unexpected> {
        if let Value::Bool(bool) = self.value { Ok(bool) } else { Err(self.unexpected(what, "BooleanToken")) }
    }

    /// Itself, if it is neither list nor mapping.
    pub(super) fn assert_scalar(&self, what: &str) -> Result<&Token, Unexpected> {
        match self.value {
            Value::Sequence(_) | Value::Mapping(_) => Err(self.unexpected(what, "ScalarToken")),
            _ => Ok(self),
        }
    }

    /// The items.
    pub(super) fn assert_sequence(&self, what: &str) -> Result<&[Token], Unexpected> {
        if let Value::Sequence(items) = &self.value {
            Ok(items)
        } else {
            Err(self.unexpected(what, "SequenceToken"))
        }
    }

    /// The entries.
    pub(super) fn assert_mapping(&self, what: &str) -> Result<&[(Token, Token)], Unexpected> {
        if let Value::Mapping(entries) = &self.value {
            Ok(entries)
        } else {
            Err(self.unexpected(what, "MappingToken"))
        }
    }
}
