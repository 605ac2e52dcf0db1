//! Places for Trunkline's own state: a fresh data folder, and a fresh PostgreSQL database on the server that
//! `TRUNKLINE_TEST_POSTGRES` names (`cargo xtask test` starts it).

use crate::harness::{Desk, Outcome, Simulator};

/// A store with one connection, for several processes.
pub(crate) struct Place {
    pub(crate) desk: Desk,
    database: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self {
            desk: Desk::new(),
            database: None,
        }
    }

    pub(crate) fn postgres() -> Self {
        let server = std::env::var("TRUNKLINE_TEST_POSTGRES")
            .expect("TRUNKLINE_TEST_POSTGRES names a server; `cargo xtask postgres` starts one");
        let desk = Desk::new();
        // The folder's name is unique on this machine, which the database's has to be too.
        let name: String = desk
            .path()
            .to_string_lossy()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let name = format!("sharing_{name}_{}", std::process::id());
        administer(&server, &format!("CREATE DATABASE {name}"));
        Self {
            desk,
            database: Some((server, name)),
        }
    }

    /// The flags that name the store.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags = vec![
            "--data".to_owned(),
            self.desk.path().join("data").display().to_string(),
        ];
        if let Some((server, name)) = &self.database {
            let (base, query) = server.split_once('?').unwrap_or((server, ""));
            let (root, _) = base.rsplit_once('/').expect("the address has a database");
            flags.extend(["--store".to_owned(), format!("{root}/{name}?{query}")]);
        }
        flags
    }

    /// Runs a command on the store.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let flags = self.flags();
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(flags.iter().map(String::as_str))
            .collect();
        self.desk.run(&all)
    }

    /// Keeps a connection to the simulator, named `acme`.
    pub(crate) fn connect(&self, simulator: &Simulator, more: &[&str]) {
        let mut arguments = vec![
            "connect",
            "acme",
            "--token-env",
            "INTERCOM_TOKEN",
            "--base-url",
            simulator.base_url(),
        ];
        arguments.extend_from_slice(more);
        let outcome = self.run(&arguments);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.database {
            // `DROP DATABASE … WITH (FORCE)` would end an autovacuum worker too, which an ordinary role may not.
            let end_sessions = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = '{name}' AND usename = current_user"
            );
            administer(server, &end_sessions);
            administer(server, &format!("DROP DATABASE {name}"));
        }
    }
}

fn administer(server: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
            .await
            .expect("the server answers");
        let driver = tokio::spawn(connection);
        client.batch_execute(sql).await.expect("the server does it");
        drop(client);
        driver.await.expect("it ends").ok();
    });
}
