//! The thread that writes: whatever waits goes into one transaction, each job undone by itself when it fails.
//!
//! The one rule: nobody is answered before the commit. A job that fails takes only its own changes with it; a commit that
//! fails takes all, and everybody in it hears so.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{failed, rows};
use crate::{
    StoreError,
    database::{Done, Statement},
};

/// Jobs that share one commit at most.
const TOGETHER: usize = 512;

type Answer = Result<Vec<Done>, StoreError>;

/// Statements that belong together, and who waits for them.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) statements: Vec<Statement>,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// Writes until nobody is left who could bring work.
pub(super) fn run(connection: &mut Connection, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(TOGETHER);
    while queue.blocking_recv_many(&mut jobs, TOGETHER) > 0 {
        let statements = jobs.iter().map(|job| job.statements.as_slice());
        let answers = together(connection, statements);
        for (job, answer) in jobs.drain(..).zip(answers) {
            // Whoever went away has no use for the answer; the work is done all the same.
            job.answer.send(answer).ok();
        }
    }
    connection.execute_batch("PRAGMA optimize").ok();
}

/// One transaction for all jobs, and an answer for each.
fn together<'j>(connection: &Connection, jobs: impl Iterator<Item = &'j [Statement]>) -> Vec<Answer> {
    let begun = quick(connection, "BEGIN IMMEDIATE");
    let mut answers: Vec<Answer> = jobs
        .map(|statements| match &begun {
            Ok(()) => one(connection, statements),
            Err(error) => Err(failed("begin a transaction", error)),
        })
        .collect();
    if begun.is_err() {
        return answers;
    }
    if let Err(error) = quick(connection, "COMMIT") {
        quick(connection, "ROLLBACK").ok();
        let error = failed("commit", &error);
        for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
            *answer = Err(error.clone());
        }
    }
    answers
}

/// One job inside the transaction.
fn one(connection: &Connection, statements: &[Statement]) -> Answer {
    // A full disk may have ended the whole transaction under an earlier job.
    if connection.is_autocommit() {
        return Err(StoreError::Full);
    }
    quick(connection, "SAVEPOINT job").map_err(|error| failed("begin", &error))?;
    let mut all = Vec::with_capacity(statements.len());
    for statement in statements {
        let outcome = match rows::all(connection, statement) {
            Ok(done) if statement.exactly.is_some_and(|rows| rows != done.changed) => Err(StoreError::Unmet),
            Ok(done) => Ok(done),
            Err(error) => Err(failed("write", &error)),
        };
        match outcome {
            Ok(done) => all.push(done),
            Err(error) => {
                quick(connection, "ROLLBACK TO job").ok();
                quick(connection, "RELEASE job").ok();
                return Err(error);
            }
        }
    }
    quick(connection, "RELEASE job").map_err(|error| failed("end", &error))?;
    Ok(all)
}

fn quick(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
