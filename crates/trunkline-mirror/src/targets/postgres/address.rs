//! `postgres://user@host/database?schema=name`.
//!
//! The one rule: the address may hold a password, so nothing here repeats it; what is shown is server, database and schema.

use std::{fmt, str::FromStr, time::Duration};

use tokio_postgres::{Config, config::Host};

use super::TargetError;

/// How long to wait for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to, and as whom.
#[derive(Clone)]
pub struct Address {
    /// The driver's own settings: whoever sets up TLS looks at them and changes them.
    pub config: Config,
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Address {
    /// The address without user and password.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Address {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut schema = None;
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.strip_prefix("schema=") {
                Some(name) => schema = Some(name.to_owned()),
                None => rest.push(pair),
            }
        }
        if let Some(name) = &schema
            && !is_plain(name)
        {
            return Err(TargetError::Address {
                reason: format!(
                    "`{name}` cannot be the name of a schema: letters, digits and _ can, up to 63 of them"
                ),
            });
        }
        let mut url = base.to_owned();
        if !rest.is_empty() {
            url.push('?');
            url.push_str(&rest.join("&"));
        }
        let mut config = Config::from_str(&url).map_err(|_| TargetError::Address {
            reason: "it is not an address such as postgres://user@host/database?schema=name".to_owned(),
        })?;
        if config.get_hosts().is_empty() {
            return Err(TargetError::Address {
                reason: "the address names no server".to_owned(),
            });
        }
        config.connect_timeout(PATIENCE).application_name("trunkline");
        let name = shown(&config, schema.as_deref());
        Ok(Self { config, schema, name })
    }
}

fn is_plain(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_')
        && !name.starts_with("pg_")
}

fn shown(config: &Config, schema: Option<&str>) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    let port = match config.get_ports().first() {
        Some(port) if *port != 5432 => format!(":{port}"),
        _ => String::new(),
    };
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    let schema = schema.map_or(String::new(), |schema| format!("?schema={schema}"));
    format!("postgres://{host}{port}/{database}{schema}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        for (text, shown) in [
            (
                "postgres://ada:geheim@db.example/support",
                "postgres://db.example/support",
            ),
            (
                "postgresql://ada:geheim@db.example:5433/support?schema=intercom&sslmode=require",
                "postgres://db.example:5433/support?schema=intercom",
            ),
            ("postgres://ada@localhost", "postgres://localhost/ada"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.name(), shown);
            assert!(!format!("{address:?}{:?}", address.config).contains("geheim"));
        }
    }

    #[test]
    fn an_address_that_cannot_be_is_refused_without_being_repeated() {
        for text in [
            "postgres://ada:geheim@db.example:port/x",
            "postgres://ada:geheim@db.example/x?schema=a%20b",
            "postgres://ada:geheim@db.example/x?schema=",
            "postgres://ada:geheim@db.example/x?schema=pg_temp",
            "postgres://ada:geheim@db.example/x?geheim=1",
            "postgres://",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(error.code(), "TL0150", "{text}");
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
    }
}
