//! The rows on their way to the engine: looked at once as a whole where that is possible, then read by a thread of their own.
//!
//! The one rule: a look changes nothing. What it finds is said before the first call; the rows are checked again as they come.

use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};
use trunkline_actions::{
    Action, CallOptions, Workspace,
    publish::{Original, Rejection, Row, Shape, check_columns},
};

use super::{
    Columns, Orders, PublishError,
    source::{Piece, Raw},
};

/// Rows that are read ahead.
const AHEAD: usize = 64;
/// How many rows that do not fit are named.
const NAMED: usize = 10;

/// What a look at the whole source found.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// How many rows there are.
    pub rows: u64,
    /// Rows that do not fit.
    pub misfits: u64,
    /// The first of them, in words.
    pub named: Vec<String>,
    /// Stands for the rows and for what they become.
    pub digest: String,
}

/// Everything that turns a source into rows.
#[derive(Clone, Debug)]
pub struct Reader {
    /// How it is done.
    pub orders: Orders,
    /// The action that takes the rows.
    pub action: &'static Action,
    /// How records become inputs.
    pub shape: Shape,
    /// The names of the columns, once something was read.
    pub columns: Columns,
}

impl Reader {
    /// Reads what `orders` say, for `action`.
    ///
    /// # Errors
    /// When the map is no expression.
    pub fn new(orders: Orders, action: &'static Action) -> Result<Self, PublishError> {
        Ok(Self {
            shape: orders.shape()?,
            orders,
            action,
            columns: Arc::new(OnceLock::new()),
        })
    }

    /// Looks at every row.
    ///
    /// # Errors
    /// When the source cannot be read, or its columns do not fit.
    pub fn look(&self, workspace: &Workspace, options: &CallOptions) -> Result<Look, PublishError> {
        let mut look = Look::default();
        let mut digest = self.orders.digest();
        self.read(&mut |raw| {
            look.rows += 1;
            add(&mut digest, &raw.original);
            let line = raw.line;
            let fits = match self.row(raw).input {
                Ok(None) => Ok(()),
                Ok(Some(input)) => workspace
                    .fits(self.action, input, options)
                    .map_err(|error| Rejection::of(&error)),
                Err(rejection) => Err(rejection),
            };
            if let Err(rejection) = fits {
                look.misfits += 1;
                if look.named.len() < NAMED {
                    look.named
                        .push(format!("line {line}: {} [{}]", rejection.message, rejection.code));
                }
            }
            true
        })?;
        look.digest = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(look)
    }

    /// Reads the rows behind the first `done` in a thread of its own, which ends with the source or with whoever takes them.
    pub fn start(self, done: u64) -> (mpsc::Receiver<Row>, oneshot::Receiver<Result<(), PublishError>>) {
        let (rows, taken) = mpsc::channel(AHEAD);
        let (told, outcome) = oneshot::channel();
        // A thread of the runtime would hold the process up while a terminal says nothing.
        std::thread::spawn(move || {
            let read = self.read(&mut |raw| raw.number <= done || rows.blocking_send(self.row(raw)).is_ok());
            drop(rows);
            told.send(read).ok();
        });
        (taken, outcome)
    }

    fn read(&self, each: &mut dyn FnMut(Raw) -> bool) -> Result<(), PublishError> {
        let limit = self.orders.limit();
        self.orders.source.read(&mut |piece| match piece {
            Piece::Columns(columns) => {
                self.check(&columns)?;
                self.columns.set(columns).ok();
                Ok(true)
            }
            Piece::Row(raw) if raw.number > limit => Ok(false),
            Piece::Row(raw) => Ok(each(raw)),
        })
    }

    fn check(&self, columns: &[String]) -> Result<(), PublishError> {
        check_columns(self.action, &self.shape, columns, self.orders.allows_unknown()).map_err(|bad| {
            PublishError::usage(
                "TL0784",
                format!("the columns of {} do not fit {}: {}", self.orders.source.name(), self.action.id, bad.0.join("; ")),
                format!(
                    "Rename columns with `--column field=column`, leave them out with `--ignore column`, or make fields with `--map`; \
                     `trunkline action {}` shows what it takes.",
                    self.action.id
                ),
            )
        })
    }

    fn row(&self, raw: Raw) -> Row {
        Row {
            number: raw.number,
            line: raw.line,
            original: raw.original,
            input: raw.record.and_then(|record| self.shape.input(record)),
        }
    }
}

/// Adds a row to a digest, so that no two lists of rows are alike.
fn add(digest: &mut Sha256, original: &Original) {
    let mut part = |text: &str| {
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    };
    match original {
        Original::Cells(cells) => cells.iter().for_each(|cell| part(cell)),
        Original::Record(record) => record.iter().for_each(|(name, value)| {
            part(name);
            part(&value.to_string());
        }),
        Original::Text(text) => part(text),
    }
    part("");
}
