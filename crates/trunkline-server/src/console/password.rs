//! Passwords: made into slow hashes, and checked against them.
//!
//! The one rule: checking takes the same work whether or not there is anybody of that name, so that time tells nothing.

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash};

/// The shortest password.
pub(super) const SHORTEST: usize = 10;
/// The longest one: checking it costs time.
const LONGEST: usize = 200;

/// Makes and checks hashes.
#[derive(Debug)]
pub(super) struct Passwords {
    /// What is checked when there is nobody of the name.
    nobody: String,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self {
            nobody: "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$MYzFqJQcJQ2Xlb5nFq3gCkEgO2tZ1PPyZ0Yt4mZy1cE".to_owned(),
        }
    }

    /// Why a password cannot be chosen.
    pub(super) fn refuse(password: &str, name: &str) -> Option<&'static str> {
        let letters = password.chars().count();
        if letters < SHORTEST {
            return Some("is shorter than 10 letters");
        }
        if password.len() > LONGEST {
            return Some("is longer than 200 bytes");
        }
        let first = password.chars().next();
        if password.chars().all(|letter| Some(letter) == first) {
            return Some("is one letter again and again");
        }
        let mailbox = name.split('@').next().unwrap_or(name);
        let low = password.to_lowercase();
        (low == name || (mailbox.len() > 3 && low.replace(mailbox, "").chars().count() < 6))
            .then_some("is little more than your name")
    }

    /// The hash to keep of a password.
    pub(super) fn hash(password: &str, salt: &[u8; 16]) -> Option<String> {
        let hashed = Argon2::default()
            .hash_password_with_salt(password.as_bytes(), salt)
            .ok()?;
        Some(hashed.to_string())
    }

    /// Whether a password is the one of the hash. Without a hash it takes as long, and is not.
    pub(super) fn is(&self, password: &str, hash: Option<&str>) -> bool {
        if password.len() > LONGEST {
            return false;
        }
        let Ok(parsed) = PasswordHash::new(hash.unwrap_or(&self.nobody)) else {
            return false;
        };
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
            && hash.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_its_own_and_no_other() {
        let passwords = Passwords::new();
        let hash = Passwords::hash("correct horse battery", b"0123456789abcdef").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.is("correct horse battery", Some(&hash)));
        for wrong in [
            "",
            "Correct horse battery",
            "correct horse battery ",
            &"x".repeat(300),
        ] {
            assert!(!passwords.is(wrong, Some(&hash)), "{wrong}");
        }
        assert!(!passwords.is("correct horse battery", None));
        assert!(!passwords.is("correct horse battery", Some("no hash")));
        assert!(
            PasswordHash::new(&passwords.nobody).is_ok(),
            "there is work to do for nobody"
        );
    }

    #[test]
    fn what_is_too_easy_is_refused() {
        for (password, is_good) in [
            ("correct horse", true),
            ("zehnzeichn", true),
            ("short", false),
            ("aaaaaaaaaaaa", false),
            ("ann@example.com", false),
            ("annabel1234", true),
        ] {
            assert_eq!(
                Passwords::refuse(password, "ann@example.com").is_none(),
                is_good,
                "{password}"
            );
        }
        assert!(Passwords::refuse("jonathan12", "jonathan@example.com").is_some());
        assert!(Passwords::refuse(&"ab".repeat(101), "ann").is_some());
    }
}
