//! `hash`: puts a keyed hash in place of personal values, the same for the same value, so that records still join.
//!
//! The one rule: the key is a secret that only its name is known of in a flow's file, and no other secret of the environment serves as
//! one. Without it nothing passes.

use std::sync::{Arc, OnceLock};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use trunkline_flow::{
    ComponentError, Record, Transform,
    document::{Mistake, Node, read},
};

use super::{
    joined::hex,
    one_of,
    place::{Place, Then, change_named},
};
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "hash",
    summary: "Puts a keyed hash in place of personal values, so that records still join.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// The shortest key that cannot be tried out.
const SHORTEST: usize = 16;
/// What stands in the names of the variables that hold keys for this.
const GIVEN: &str = "HASH_KEY";

/// Puts HMAC-SHA-256, as 64 hexadecimal digits, in place of values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Ways to fields, such as `contact.email`. Lists on the way are gone through.
    #[serde(default)]
    fields: Vec<Place>,
    /// Names of fields wherever they stand, large or small letters alike.
    #[serde(default)]
    names: Vec<String>,
    /// The environment variable that holds the key, of at least 16 characters. Its name has `HASH_KEY` in it.
    key_env: String,
    /// Whether texts are hashed in small letters and without blanks around them, so that spellings of one address are one.
    #[serde(default)]
    normalize: bool,
}

struct Hashing {
    settings: Arc<Settings>,
    site: Site,
    /// The key when it was looked for.
    key: Arc<OnceLock<Option<SecretString>>>,
}

fn build(node: &Node, site: &Site) -> Result<MakeTransform, Mistake> {
    let mut settings: Settings = read(node)?;
    one_of(node, &["fields", "names"])?;
    // As names of variables are written, so that a key that is put here by mistake is not shown later as the name of one.
    let is_letter = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    if settings.key_env.is_empty() || !settings.key_env.chars().all(is_letter) {
        let spot = node.get("key_env").map_or(node.spot, |value| value.spot);
        return Err(Mistake::new(
            spot,
            "key_env is the name of an environment variable, not the key itself",
            "Write a name such as TRUNKLINE_HASH_KEY.",
        ));
    }
    // Hashes of known values tell a weak secret, so a flow gets at none that was not made for this.
    if !settings.key_env.contains(GIVEN) {
        let spot = node.get("key_env").map_or(node.spot, |value| value.spot);
        return Err(Mistake::new(
            spot,
            format!("{} is no key to hash with", settings.key_env),
            "Give it a variable of its own, with HASH_KEY in its name, such as TRUNKLINE_HASH_KEY.",
        ));
    }
    for name in &mut settings.names {
        *name = name.to_lowercase();
    }
    let (settings, site) = (Arc::new(settings), site.clone());
    Ok(Arc::new(move || {
        Box::new(Hashing {
            settings: Arc::clone(&settings),
            site: site.clone(),
            key: Arc::default(),
        })
    }))
}

impl Hashing {
    fn mac(&self) -> Result<Hmac<Sha256>, ComponentError> {
        let name = &self.settings.key_env;
        let unusable = |why: &str| {
            ComponentError::stop(
                "TL0851",
                format!("the environment variable {name} {why}"),
                "Set it to a long random text, and keep it: with another one every hash is another.",
            )
        };
        let key = self.key.get_or_init(|| (self.site.secrets)(name));
        let key = key
            .as_ref()
            .ok_or_else(|| unusable("is not set"))?
            .expose_secret();
        if key.len() < SHORTEST {
            return Err(unusable("is too short for a key"));
        }
        Hmac::new_from_slice(key.as_bytes()).map_err(|_| unusable("is no key"))
    }

    fn hash(&self, value: &mut Value, mac: &Hmac<Sha256>) {
        match value {
            Value::Null => return,
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.hash(item, mac));
                return;
            }
            _ => {}
        }
        let text = match &*value {
            Value::String(text) if self.settings.normalize => text.trim().to_lowercase(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut mac = mac.clone();
        mac.update(text.as_bytes());
        *value = hex(&mac.finalize().into_bytes()).into();
    }
}

impl Transform for Hashing {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, mut record: Record, _: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let mac = self.mac()?;
        for place in &self.settings.fields {
            place.change(&mut record.value, &mut |value| {
                self.hash(value, &mac);
                Ok(Then::Stays)
            })?;
        }
        if !self.settings.names.is_empty() {
            change_named(&mut record.value, &mut |name, value| {
                let is_named = self.settings.names.contains(&name.to_lowercase());
                Ok(is_named.then(|| {
                    self.hash(value, &mac);
                    Then::Stays
                }))
            })?;
        }
        Ok(vec![record])
    }
}
