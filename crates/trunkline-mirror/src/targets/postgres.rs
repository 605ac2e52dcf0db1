//! The mirror in PostgreSQL: the same tables and columns in one schema.
//!
//! The one rule: a round is one transaction, its checkpoint in `_trunkline_target` included. Read `postgres/tables.rs` for the
//! tables, `postgres/rows.rs` for how rows get there, `postgres/text.rs` for how values are written, `postgres/views.rs` for the end models.

mod address;
mod rows;
mod tables;
mod text;
mod views;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use futures::future::BoxFuture;
use tokio_postgres::{Client, Config, Error, Socket, error::SqlState, tls::MakeTlsConnect, tls::TlsConnect};

use super::{
    Appetite, CellKind, Chunks, Counts, Extent, Moment, Standing, TableShape, Target, TargetError,
    views::Columns,
};
use crate::feed::Position;

pub use address::Address;

/// The format of what is kept beside the tables.
const FORMAT: i64 = 1;

type Connecting = BoxFuture<'static, Result<(Client, BoxFuture<'static, ()>), Error>>;

/// One schema of one database.
pub struct Postgres {
    connect: Box<dyn Fn() -> Connecting + Send + Sync>,
    name: String,
    wanted_schema: Option<String>,
    session: Option<Session>,
}

/// A connection with the round's transaction open.
struct Session {
    client: Client,
    schema: String,
    ours: BTreeSet<String>,
    held: HashMap<String, tables::HeldTable>,
    /// What the columns of each table really are, in the order of its shape.
    kinds: HashMap<String, Vec<CellKind>>,
    /// The columns of the tables of the round.
    columns: Columns,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Postgres {
    /// A target that connects with `tls` when a round begins.
    pub fn new<T>(address: Address, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let Address { config, schema, name } = address;
        Self {
            connect: Box::new(move || connecting(config.clone(), tls.clone())),
            name,
            wanted_schema: schema,
            session: None,
        }
    }

    /// A target whose connections are not encrypted.
    #[must_use]
    pub fn without_tls(address: Address) -> Self {
        Self::new(address, tokio_postgres::NoTls)
    }

    fn session(&mut self) -> Result<&mut Session, TargetError> {
        self.session.as_mut().ok_or_else(|| TargetError::Failed {
            target: self.name.clone(),
            doing: "writing".to_owned(),
            reason: "no round has begun".to_owned(),
        })
    }

    async fn connect(&self) -> Result<Client, TargetError> {
        let (client, driver) = (self.connect)().await.map_err(|error| TargetError::Unreachable {
            target: self.name.clone(),
            reason: reason(&error),
        })?;
        // It ends with the client, and what it ends with is told to whoever waits for an answer.
        tokio::spawn(driver);
        Ok(client)
    }

    /// Opens the transaction, finds the schema and keeps others out.
    async fn open(&self, client: &Client) -> Result<String, TargetError> {
        let fail = |doing| move |error| failed(&self.name, doing, &error);
        client
            .batch_execute(
                "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
                 SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = '20s'",
            )
            .await
            .map_err(fail("beginning"))?;
        let schema = match &self.wanted_schema {
            Some(schema) => schema.clone(),
            None => client
                .query_one("SELECT current_schema()::text", &[])
                .await
                .map_err(fail("looking for the schema"))?
                .get::<_, Option<String>>(0)
                .ok_or_else(|| TargetError::Address {
                    reason: format!(
                        "{} has no default schema for this user; name one with `?schema=`",
                        self.name
                    ),
                })?,
        };
        let lock = format!("trunkline mirror {schema}");
        client
            .execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[&lock])
            .await
            .map_err(fail("waiting for other runs"))?;
        client
            .batch_execute("SET LOCAL lock_timeout = DEFAULT")
            .await
            .map_err(fail("beginning"))?;
        let exists = client
            .query_opt("SELECT 1 FROM pg_namespace WHERE nspname = $1", &[&schema])
            .await
            .map_err(fail("looking for the schema"))?;
        if exists.is_none() {
            client
                .batch_execute(&format!("CREATE SCHEMA {}", quote(&schema)))
                .await
                .map_err(fail("make the schema"))?;
        }
        Ok(schema)
    }

    async fn standing(&self, session: &mut Session) -> Result<Standing, TargetError> {
        let fail = |doing| move |error| failed(&self.name, doing, &error);
        let client = &session.client;
        session.held = tables::held(client, &session.schema)
            .await
            .map_err(fail("looking at its tables"))?;
        let target = format!("{}.{}", quote(&session.schema), quote(tables::TARGET));
        let written = format!("{}.{}", quote(&session.schema), quote(tables::WRITTEN));
        if let Some(reason) = tables::unlike_ours(&session.held) {
            return Err(TargetError::Foreign {
                target: self.name.clone(),
                what: format!("table `{}`", reason.0),
                reason: reason.1,
            });
        }
        client
            .batch_execute(&tables::ours(&target, &written, &session.held))
            .await
            .map_err(fail("make tables"))?;
        let row = client
            .query_opt(
                &format!("SELECT format, workspace, feed, seq, mark FROM {target} WHERE one"),
                &[],
            )
            .await
            .map_err(fail("reading its checkpoint"))?;
        session.ours = client
            .query(&format!("SELECT name FROM {written}"), &[])
            .await
            .map_err(fail("reading its checkpoint"))?
            .iter()
            .map(|row| row.get(0))
            .collect();
        let mut standing = Standing {
            custom: tables::custom(&session.held, &session.ours),
            ..Standing::default()
        };
        if let Some(row) = row {
            let found: i64 = row.get(0);
            if found > FORMAT {
                return Err(TargetError::Newer {
                    target: self.name.clone(),
                    found,
                    known: FORMAT,
                });
            }
            standing.workspace = Some(row.get(1));
            standing.position = Some(Position {
                feed: row.get(2),
                seq: row.get(3),
                mark: row.get(4),
            });
        }
        Ok(standing)
    }
}

impl Target for Postgres {
    fn name(&self) -> &str {
        &self.name
    }

    fn appetite(&self) -> Appetite {
        Appetite::Rows
    }

    async fn begin(&mut self, _: &Moment) -> Result<Standing, TargetError> {
        self.session = None;
        let client = self.connect().await?;
        let schema = self.open(&client).await?;
        let mut session = Session {
            client,
            schema,
            ours: BTreeSet::new(),
            held: HashMap::new(),
            kinds: HashMap::new(),
            columns: Columns::new(),
        };
        let standing = self.standing(&mut session).await?;
        self.session = Some(session);
        Ok(standing)
    }

    async fn prepare(&mut self, shapes: &[TableShape]) -> Result<BTreeSet<String>, TargetError> {
        let name = self.name.clone();
        let session = self.session()?;
        session.columns = super::views::columns(shapes);
        let mut whole = BTreeSet::new();
        for shape in shapes {
            let plan = tables::plan(
                &session.schema,
                shape,
                session.held.get(&shape.name),
                session.ours.contains(&shape.name),
            )
            .map_err(|reason| TargetError::Foreign {
                target: name.clone(),
                what: format!("table `{}`", shape.name),
                reason,
            })?;
            let is_under_views = shape.custom.is_none();
            if is_under_views && plan.statements.iter().any(|sql| sql.contains(" TYPE ")) {
                views::step_aside(&session.client, &session.schema)
                    .await
                    .map_err(|error| failed(&name, "taking its views away", &error))?;
            }
            for sql in &plan.statements {
                session.client.batch_execute(sql).await.map_err(|error| {
                    failed(
                        &name,
                        &format!("make or widen the table `{}`", shape.name),
                        &error,
                    )
                })?;
            }
            if !session.ours.contains(&shape.name) {
                let written = format!("{}.{}", quote(&session.schema), quote(tables::WRITTEN));
                session
                    .client
                    .execute(
                        &format!("INSERT INTO {written} (name) VALUES ($1)"),
                        &[&shape.name],
                    )
                    .await
                    .map_err(|error| failed(&name, "noting a table", &error))?;
            }
            if plan.whole {
                whole.insert(shape.name.clone());
            }
            session.kinds.insert(shape.name.clone(), plan.kinds);
        }
        Ok(whole)
    }

    async fn write(
        &mut self,
        shape: &TableShape,
        extent: Extent,
        chunks: Chunks,
    ) -> Result<Counts, TargetError> {
        let name = self.name.clone();
        let session = self.session()?;
        let kinds = session.kinds.get(&shape.name).cloned().unwrap_or_default();
        let writing = rows::Writing {
            client: &session.client,
            target: &name,
            table: format!("{}.{}", quote(&session.schema), quote(&shape.name)),
            shape,
            kinds: &kinds,
        };
        writing.run(extent, chunks).await
    }

    async fn commit(&mut self, workspace: &str, position: &Position) -> Result<(), TargetError> {
        let name = self.name.clone();
        let fail = |error| failed(&name, "committing", &error);
        let session = self.session()?;
        views::renew(&session.client, &session.schema, &session.columns)
            .await
            .map_err(|error| failed(&name, "making its views", &error))?;
        session
            .client
            .execute(
                &format!(
                    "INSERT INTO {}.{} (one, format, workspace, feed, seq, mark, written_at) \
                     VALUES (true, $1, $2, $3, $4, $5, now()) ON CONFLICT (one) DO UPDATE SET \
                     format = excluded.format, workspace = excluded.workspace, feed = excluded.feed, \
                     seq = excluded.seq, mark = excluded.mark, written_at = excluded.written_at",
                    quote(&session.schema),
                    quote(tables::TARGET)
                ),
                &[&FORMAT, &workspace, &position.feed, &position.seq, &position.mark],
            )
            .await
            .map_err(fail)?;
        session.client.batch_execute("COMMIT").await.map_err(fail)?;
        self.session = None;
        Ok(())
    }
}

fn connecting<T>(config: Config, tls: T) -> Connecting
where
    T: MakeTlsConnect<Socket> + Send + 'static,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    Box::pin(async move {
        let (client, connection) = config.connect(tls).await?;
        let driver: BoxFuture<'static, ()> = Box::pin(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = reason(&error), "the connection to PostgreSQL ended");
            }
        });
        Ok((client, driver))
    })
}

/// The error in our words.
fn failed(target: &str, doing: &str, error: &Error) -> TargetError {
    let target = target.to_owned();
    let doing = doing.to_owned();
    match error.as_db_error().map(tokio_postgres::error::DbError::code) {
        Some(code) if *code == SqlState::DISK_FULL => TargetError::Full { target },
        Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => TargetError::Busy { target },
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => TargetError::Forbidden {
            target,
            doing,
            reason: reason(error),
        },
        _ if error.is_closed() => TargetError::Unreachable {
            target,
            reason: "the connection was closed".to_owned(),
        },
        _ => TargetError::Failed {
            target,
            doing,
            reason: reason(error),
        },
    }
}

/// What the server says. Details quote rows, and so do messages about values that cannot be: of those only the code is told.
fn reason(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) if db.code().code().starts_with("22") => {
            format!("a value does not fit (SQLSTATE {})", db.code().code())
        }
        Some(db) => db.message().to_owned(),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
    }
}

/// A name as SQL reads it.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What the columns of tables of custom attributes hold.
type Custom = BTreeMap<String, BTreeMap<String, CellKind>>;
