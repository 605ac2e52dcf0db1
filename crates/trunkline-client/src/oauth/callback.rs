//! Reads what the browser brings back to the callback address.
//!
//! The one rule: everything in it was written by somebody unknown. A parameter that stands twice, is too long or holds odd
//! characters refuses the whole; texts that will be shown are cut and cleaned of control characters, and still need escaping
//! where they are shown.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use super::{OAuthError, app::is_visible};
use crate::redact::redact_text;

/// Where the callback is, on every host that receives one.
pub const CALLBACK_PATH: &str = "/auth/intercom/callback";

/// The longest query that is read.
const QUERY: usize = 8 * 1024;
/// The longest code and the longest state.
const CODE: usize = 2 * 1024;
const STATE: usize = 512;
/// The longest name of an error and the longest description that are kept.
const ERROR: usize = 64;
const DESCRIPTION: usize = 200;

/// What came back.
#[derive(Clone, Debug)]
pub struct Callback {
    /// What was sent along when the sign-in was begun; always there with a code.
    pub state: Option<SecretString>,
    /// How the person decided.
    pub outcome: Outcome,
}

/// How the person decided, as the callback tells it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Access is granted: a code to exchange, once.
    Code(SecretString),
    /// Access is not granted.
    Refused {
        /// The name of the error, such as `access_denied`.
        error: String,
        /// More words, if any; they come from outside and need escaping.
        description: Option<String>,
    },
}

impl Callback {
    /// The code; whoever asks has compared the state.
    ///
    /// # Errors
    /// When the person refused.
    pub fn into_code(self) -> Result<SecretString, OAuthError> {
        match self.outcome {
            Outcome::Code(code) => Ok(code),
            Outcome::Refused { error, description } => Err(OAuthError::Callback {
                reason: match description {
                    Some(words) => format!("access was refused ({error}: {words})"),
                    None => format!("access was refused ({error})"),
                }
                .into(),
            }),
        }
    }
}

/// Reads the query of the callback, as it stands behind the `?`.
///
/// # Errors
/// When it is too long, names something twice, or has neither a code with a state nor an error.
pub fn read_callback(query: &str) -> Result<Callback, OAuthError> {
    let bad = |reason: &'static str| {
        Err(OAuthError::Callback {
            reason: reason.into(),
        })
    };
    if query.len() > QUERY {
        return bad("its query is too long");
    }
    let (mut code, mut state, mut error, mut description) = (None, None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match name.as_ref() {
            "code" => &mut code,
            "state" => &mut state,
            "error" => &mut error,
            "error_description" => &mut description,
            _ => continue,
        };
        if slot.replace(value.into_owned()).is_some() {
            return bad("a parameter stands in it twice");
        }
    }
    let state = match state {
        Some(state) if state.len() > STATE => return bad("its state is too long"),
        Some(state) if !is_visible(&state) => return bad("its state has characters that none has"),
        Some(state) => Some(state)
            .filter(|state| !state.is_empty())
            .map(SecretString::from),
        None => None,
    };
    let outcome = match (code, error) {
        (Some(_), Some(_)) => return bad("it has a code and an error"),
        (Some(code), None) => Outcome::Code(read_code(&code)?),
        (None, Some(error)) => Outcome::Refused {
            error: name_of(&error),
            description: description
                .map(|text| shown(&text))
                .filter(|text| !text.is_empty()),
        },
        (None, None) => return bad("it has neither a code nor an error"),
    };
    if state.is_none() && matches!(outcome, Outcome::Code(_)) {
        return bad("it has a code and no state");
    }
    Ok(Callback { state, outcome })
}

/// Reads what a person copied from the browser: the whole address that it ended at, or only the query.
///
/// # Errors
/// As [`read_callback`].
pub fn read_pasted(text: &str) -> Result<Callback, OAuthError> {
    let text = text.trim();
    match Url::parse(text) {
        Ok(url) => read_callback(url.query().unwrap_or_default()),
        Err(_) => read_callback(text.split_once('?').map_or(text, |(_, query)| query)),
    }
}

/// Whether a state is the one that was remembered, in a time that does not tell how near it was.
#[must_use]
pub fn same_state(remembered: &SecretString, brought: &SecretString) -> bool {
    let digest = |state: &SecretString| Sha256::digest(state.expose_secret().as_bytes());
    digest(remembered) == digest(brought)
}

fn read_code(code: &str) -> Result<SecretString, OAuthError> {
    let bad = |reason: &'static str| {
        Err(OAuthError::Callback {
            reason: reason.into(),
        })
    };
    if code.is_empty() {
        return bad("its code is empty");
    }
    if code.len() > CODE {
        return bad("its code is too long");
    }
    // A plus sign that was sent without escaping reads as a space, and no code has a space.
    let code = code.replace(' ', "+");
    if !is_visible(&code) {
        return bad("its code has characters that none has");
    }
    Ok(SecretString::from(code))
}

fn name_of(error: &str) -> String {
    let is_name =
        |character: &char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    let name: String = error.chars().filter(is_name).take(ERROR).collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

fn shown(text: &str) -> String {
    let cut: String = text
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(DESCRIPTION)
        .collect();
    redact_text(&cut).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(callback: &Callback) -> Option<&str> {
        match &callback.outcome {
            Outcome::Code(code) => Some(code.expose_secret()),
            Outcome::Refused { .. } => None,
        }
    }

    #[test]
    fn a_code_comes_back_however_it_is_written() {
        for (query, expected) in [
            ("code=abc&state=s", "abc"),
            ("state=s&code=dG9rOmFi==", "dG9rOmFi=="),
            ("state=s&code=dG9rOmFi%3D%3D", "dG9rOmFi=="),
            ("code=a+b/c=&state=s&locale=en&locale=de", "a+b/c="),
            ("code=a%2Bb&state=s&error_description=", "a+b"),
            ("&&code=abc&&state=s&", "abc"),
        ] {
            let callback = read_callback(query).unwrap();
            assert_eq!(code(&callback), Some(expected), "{query}");
            assert_eq!(callback.state.as_ref().unwrap().expose_secret(), "s");
            assert!(!format!("{callback:?}").contains(expected), "{query}");
        }
    }

    #[test]
    fn a_refusal_is_told_with_clean_words() {
        for (query, expected, words) in [
            ("error=access_denied&state=s", "access_denied", None),
            ("error=access_denied", "access_denied", None),
            (
                "error=server_error&error_description=Try%20again,%0d%0a%1b%5b31mana@example.org&state=s",
                "server_error",
                Some("Try again, [[redacted]"),
            ),
            ("error=%3Cscript%3E&state=s", "script", None),
            ("error=&state=", "unknown", None),
        ] {
            let Outcome::Refused { error, description } = read_callback(query).unwrap().outcome else {
                panic!("{query}");
            };
            assert_eq!(error, expected, "{query}");
            assert_eq!(description.as_deref(), words, "{query}");
        }
        let long = format!(
            "error={}&error_description={}",
            "e".repeat(500),
            "d".repeat(5_000)
        );
        let Outcome::Refused { error, description } = read_callback(&long).unwrap().outcome else {
            panic!("a refusal");
        };
        assert_eq!((error.len(), description.unwrap().len()), (ERROR, DESCRIPTION));
    }

    #[test]
    fn what_cannot_be_a_callback_is_refused_without_repeating_it() {
        for query in [
            String::new(),
            "state=hush".to_owned(),
            "code=hush".to_owned(),
            "code=hush&state=".to_owned(),
            "code=&state=hush".to_owned(),
            "code=hush&code=hush&state=s".to_owned(),
            "code=hush&state=s&state=s".to_owned(),
            "code=hush&%73tate=s&state=t".to_owned(),
            "code=hush&error=access_denied&state=s".to_owned(),
            "error=a&error=b".to_owned(),
            "code=hush%00&state=s".to_owned(),
            "code=hush%0d%0a&state=s".to_owned(),
            "code=hush%ff&state=s".to_owned(),
            "code=hush&state=s%20s".to_owned(),
            "code=hush&state=s%0as".to_owned(),
            format!("code={}&state=s", "h".repeat(CODE + 1)),
            format!("code=hush&state={}", "s".repeat(STATE + 1)),
            format!("code=hush&state=s&x={}", "x".repeat(QUERY)),
        ] {
            let error = read_callback(&query).unwrap_err();
            assert_eq!(error.code(), "TL0129", "{query}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn an_address_that_was_pasted_is_read_like_the_callback_itself() {
        for text in [
            " https://me.example.org/auth/intercom/callback?code=abc%3D&state=s\n",
            "http://127.0.0.1:1/auth/intercom/callback?state=s&code=abc=#top",
            "code=abc%3D&state=s",
            "?code=abc%3D&state=s",
        ] {
            assert_eq!(code(&read_pasted(text).unwrap()), Some("abc="), "{text}");
        }
        for text in ["", "abc", "https://me.example.org/auth/intercom/callback"] {
            assert_eq!(read_pasted(text).unwrap_err().code(), "TL0129", "{text}");
        }
    }

    #[test]
    fn a_state_is_the_same_or_it_is_not() {
        for (remembered, brought, same) in [("abc", "abc", true), ("abc", "abd", false), ("abc", "ab", false)]
        {
            assert_eq!(same_state(&remembered.into(), &brought.into()), same);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_query_makes_the_reading_fail_or_repeats_itself(
            query in "((code|state|error|error_description|x)?(=|&|%|%3d|%00|\\+|é|[a-z0-9]{1,9})){0,30}"
        ) {
            match read_callback(&query) {
                Ok(callback) => {
                    if let Some(code) = code(&callback) {
                        proptest::prop_assert!(!code.is_empty() && is_visible(code) && callback.state.is_some());
                    }
                }
                Err(error) => proptest::prop_assert_eq!(error.code(), "TL0129"),
            }
        }
    }
}
