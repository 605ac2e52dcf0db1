//! A text in a flow's settings: made by an expression, or held by the environment.
//!
//! The one rule: what the environment holds is a secret. It is looked up when it is needed, goes to where it is sent and nowhere
//! else; wherever it could be shown, `{env: NAME}` stands in its place.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use trunkline_flow::{ComponentError, Record, document::Jq};

use crate::{Environment, Site};

/// How variables begin that hold what no flow may send anywhere: the vault's key, and what else is Trunkline's own.
const OWN: &str = "TRUNKLINE_";

/// The name of a variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Env {
    /// The variable that holds it.
    pub(crate) env: String,
    /// What stands in front of it, such as `Bearer `.
    #[serde(default)]
    pub(crate) prefix: String,
}

/// A text that an expression makes of the record, or that the environment holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Text {
    Made(Jq),
    Held(Env),
}

/// Values that must not be shown, with what stands for each.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<(SecretString, String)>);

impl Env {
    /// What stands for it wherever it could be shown.
    pub(crate) fn shown(&self) -> String {
        format!("{}{{env: {}}}", self.prefix, self.env)
    }

    /// What it holds, noted among the secrets.
    pub(crate) fn value(&self, site: &Site, secrets: &mut Secrets) -> Result<SecretString, ComponentError> {
        let value = self.held(&site.secrets)?;
        let inner = value.expose_secret()[self.prefix.len()..].to_owned();
        secrets.add(inner.into(), format!("{{env: {}}}", self.env));
        Ok(value)
    }

    /// What it holds.
    pub(crate) fn held(&self, environment: &Environment) -> Result<SecretString, ComponentError> {
        if self.env.starts_with(OWN) {
            return Err(ComponentError::stop(
                "TL0861",
                format!("the variable {} is Trunkline's own, and no flow's", self.env),
                "Give the flow a variable of its own.",
            ));
        }
        let held = environment(&self.env).filter(|held| !held.expose_secret().is_empty());
        let held = held.ok_or_else(|| {
            ComponentError::stop(
                "TL0861",
                format!("the variable {} of the environment is not set", self.env),
                "Set it for the process that runs the flow; the flow's file holds its name only.",
            )
        })?;
        Ok(SecretString::from(format!(
            "{}{}",
            self.prefix,
            held.expose_secret()
        )))
    }
}

impl Text {
    /// What it is for this record, noted among the secrets where it is one; none when the expression gives null.
    pub(crate) fn value(
        &self,
        record: &Record,
        now: Timestamp,
        site: &Site,
        secrets: &mut Secrets,
    ) -> Result<Option<SecretString>, ComponentError> {
        match self {
            Self::Made(made) => Ok(made.key(record, now)?.map(SecretString::from)),
            Self::Held(held) => held.value(site, secrets).map(Some),
        }
    }

    /// What may be shown of it.
    pub(crate) fn shown(&self, record: &Record, now: Timestamp) -> Result<Option<String>, ComponentError> {
        match self {
            Self::Made(made) => made.key(record, now),
            Self::Held(held) => Ok(Some(held.shown())),
        }
    }
}

impl Secrets {
    pub(crate) fn add(&mut self, secret: SecretString, shown: String) {
        self.0.push((secret, shown));
    }

    /// The text without any of them.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, shown) in &self.0 {
            let secret = secret.expose_secret();
            text = text.replace(secret, shown);
            // As it stands in JSON, and in an address.
            let quoted = serde_json::Value::from(secret).to_string();
            text = text.replace(quoted.trim_matches('"'), shown);
            let escaped: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            text = text.replace(&escaped, shown);
        }
        text
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression, or {env: NAME}")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
        Jq::compile(text)
            .map(Text::Made)
            .map_err(|error| E::custom(format!("this is no expression: {error}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Text, A::Error> {
        Env::deserialize(MapAccessDeserializer::new(entries)).map(Text::Held)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let env = generator.subschema_for::<Env>();
        json_schema!({
            "description": "A jq expression that gives a text, or the variable of the environment that holds it.",
            "anyOf": [{ "type": "string", "format": "jq" }, env],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_secret_is_hidden_however_it_is_written() {
        let mut secrets = Secrets::default();
        secrets.add("a\"b c".into(), "{env: X}".to_owned());
        for text in ["say a\"b c", r#"{"got":"a\"b c"}"#, "https://h/?k=a%22b+c"] {
            let hidden = secrets.hide(text);
            assert!(hidden.contains("{env: X}") && !hidden.contains("b c"), "{hidden}");
        }
    }

    #[test]
    fn a_text_is_an_expression_or_a_variable() {
        for (value, is_good) in [
            (json!("\"https://example.test/\\(.id)\""), true),
            (json!({ "env": "HOOK" }), true),
            (json!({ "env": "HOOK", "prefix": "Bearer " }), true),
            (json!({ "env": "HOOK", "other": 1 }), false),
            (json!({}), false),
            (json!(7), false),
            (json!("https://example.test"), false),
        ] {
            assert_eq!(
                serde_json::from_value::<Text>(value.clone()).is_ok(),
                is_good,
                "{value}"
            );
        }
    }
}
