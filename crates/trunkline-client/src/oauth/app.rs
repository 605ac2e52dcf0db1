//! An app's own credentials: its public name and the secret that proves it.

use secrecy::{ExposeSecret as _, SecretString};

use super::OAuthError;

/// What the Developer Hub shows under "Basic information" of an app.
#[derive(Clone, Debug)]
pub struct AppCredentials {
    /// The app's public name.
    pub client_id: String,
    /// What proves that it is the app; also the key that webhooks are signed with.
    pub client_secret: SecretString,
}

impl AppCredentials {
    /// Credentials as they were copied, without the blanks around them.
    ///
    /// # Errors
    /// When one of them is empty or holds a character that no credential has.
    pub fn new(client_id: &str, client_secret: &SecretString) -> Result<Self, OAuthError> {
        let app = Self {
            client_id: client_id.trim().to_owned(),
            client_secret: SecretString::from(client_secret.expose_secret().trim()),
        };
        app.check()?;
        Ok(app)
    }

    pub(crate) fn check(&self) -> Result<(), OAuthError> {
        for (part, text) in [
            ("client id", self.client_id.as_str()),
            ("client secret", self.client_secret.expose_secret()),
        ] {
            if text.is_empty() {
                return Err(OAuthError::App {
                    part,
                    reason: "is empty",
                });
            }
            if !is_visible(text) {
                return Err(OAuthError::App {
                    part,
                    reason: "has a space, a line break or another character that none has",
                });
            }
        }
        Ok(())
    }
}

/// Whether a text is made of visible ASCII characters only, as every credential is.
pub(crate) fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_checked_before_they_are_sent_and_never_printed() {
        let app = AppCredentials::new(" id-1\n", &"hush-hush ".into()).unwrap();
        assert_eq!(app.client_id, "id-1");
        assert_eq!(app.client_secret.expose_secret(), "hush-hush");
        assert!(!format!("{app:?}").contains("hush"));
        for (id, secret) in [
            ("", "s"),
            ("id", " "),
            ("a b", "s"),
            ("id", "s\u{1}s"),
            ("id", "é"),
        ] {
            let error = AppCredentials::new(id, &secret.into()).unwrap_err();
            assert_eq!(error.code(), "TL0123", "{id:?} {secret:?}");
        }
    }
}
