//! Results as records: a list that may come page by page, or one value, in the shape that the flags ask for.
//!
//! The one rule: nothing is held longer than its shape needs. Lines of JSON, CSV and arrays go out as the items come; a
//! table has a most of rows; only an expression over the whole list keeps the list. A reader that went away (`| head`)
//! ends the printing quietly.

mod csv;
mod sink;
mod table;

use std::{io, ops::ControlFlow, path::Path, time::Duration};

use serde_json::Value;
use trunkline_flow::jq::{Expression, Limits, MAX_STEPS};

use self::{csv::Csv, sink::Sink, table::Table};
use crate::{
    cli::{More, Shape},
    failure::Failure,
    output::errors,
};

/// How far an expression of the command line may go: it is its user's own.
const LIMITS: Limits = Limits {
    steps: MAX_STEPS,
    memory: 2 << 30,
    outputs: 10_000_000,
    time: Duration::from_secs(120),
};

/// Where records go.
pub(crate) struct Records {
    sink: Sink,
    form: Form,
    expression: Option<Expression>,
    /// What an expression over the whole list waits for.
    list: Vec<Value>,
    /// Whether an expression sees items, not the list.
    is_each: bool,
    is_first: bool,
    items: u64,
}

enum Form {
    /// One array, indented.
    Array,
    /// Values below each other, indented.
    Values,
    /// A line for each.
    Lines,
    Csv(Csv),
    Table(Table),
}

impl Shape {
    /// Begins to print what the flags ask for.
    pub(crate) fn open(&self) -> Result<Records, Failure> {
        self.more.open(self.json)
    }
}

impl More {
    /// Begins to print what the flags ask for; `--json` is the command's own.
    pub(crate) fn open(&self, as_json: bool) -> Result<Records, Failure> {
        let expression = self.jq.as_deref().map(Expression::compile).transpose()?;
        let form = if self.csv {
            Form::Csv(Csv::default())
        } else if self.jsonl || self.each {
            Form::Lines
        } else if expression.is_some() {
            Form::Values
        } else if as_json {
            if self.first { Form::Values } else { Form::Array }
        } else {
            Form::Table(Table::default())
        };
        Ok(Records {
            sink: Sink::open(self.output.as_deref())?,
            form,
            expression,
            list: Vec::new(),
            is_each: self.each,
            is_first: self.first,
            items: 0,
        })
    }
}

impl Records {
    /// Prints the items of a list that is there already.
    pub(crate) fn all(mut self, items: impl IntoIterator<Item = Value>) -> Result<(), Failure> {
        for item in items {
            if self.item(item)?.is_break() {
                break;
            }
        }
        self.finish()
    }

    /// Prints one value that is not a list.
    pub(crate) fn one(mut self, value: Value) -> Result<(), Failure> {
        if matches!(self.form, Form::Array) {
            self.form = Form::Values;
        }
        let shown = match &self.expression {
            Some(expression) => self.through(&expression.clone(), value),
            None => match &mut self.form {
                Form::Table(table) => {
                    let text = table.one(&value);
                    quiet(self.sink.line(&text))
                }
                _ => self.put(&value),
            },
        };
        // The end is quiet too when the reader went away.
        let _ = shown?;
        self.end()
    }

    /// One more item of a list. After a break nobody wants the next.
    pub(crate) fn item(&mut self, item: Value) -> Result<ControlFlow<()>, Failure> {
        self.items += 1;
        let goes_on = match self.expression.clone() {
            Some(expression) if self.is_each || self.is_first => self.through(&expression, item)?,
            Some(_) => {
                self.list.push(item);
                ControlFlow::Continue(())
            }
            None => self.put(&item)?,
        };
        Ok(if self.is_first {
            ControlFlow::Break(())
        } else {
            goes_on
        })
    }

    /// The end of a list.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        if let Some(expression) = self.expression.clone()
            && !self.is_each
            && !self.is_first
        {
            let list = Value::Array(std::mem::take(&mut self.list));
            // Whoever went away needs no end either.
            let _ = self.through(&expression, list)?;
        }
        self.end()
    }

    /// What the expression makes of a value. What it gave before it failed is printed, as jq does.
    fn through(&mut self, expression: &Expression, value: Value) -> Result<ControlFlow<()>, Failure> {
        let (outputs, failure) = match expression.run(value, &LIMITS) {
            Ok(outputs) => (outputs, None),
            Err(mut error) => (std::mem::take(&mut error.before), Some(error)),
        };
        for output in outputs {
            // Rows are what a list of rows is made of.
            let rows = match (&self.form, output) {
                (Form::Csv(_), Value::Array(rows)) => rows,
                (_, output) => vec![output],
            };
            for row in rows {
                if self.put(&row)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        match failure {
            Some(error) => {
                // What is held back for the header would be lost.
                if let Form::Csv(csv) = &mut self.form {
                    let _ = quiet(csv.finish(&mut self.sink))?;
                }
                let _ = quiet(self.sink.flush())?;
                Err(error.into())
            }
            None => Ok(ControlFlow::Continue(())),
        }
    }

    fn put(&mut self, value: &Value) -> Result<ControlFlow<()>, Failure> {
        let is_first_item = self.items <= 1;
        quiet(match &mut self.form {
            Form::Array => {
                let before = if is_first_item { "[" } else { "," };
                let text = pretty(value).replace('\n', "\n  ");
                self.sink.text(&format!("{before}\n  {text}"))
            }
            Form::Values => self.sink.line(&pretty(value)),
            Form::Lines => self.sink.line(&value.to_string()),
            Form::Csv(csv) => csv.row(value, &mut self.sink),
            Form::Table(table) => return Ok(table.row(value)),
        })
    }

    fn end(mut self) -> Result<(), Failure> {
        let ended = match &mut self.form {
            Form::Array if self.items == 0 => self.sink.line("[]"),
            Form::Array => self.sink.line("\n]"),
            Form::Values | Form::Lines => Ok(()),
            Form::Csv(csv) => csv.finish(&mut self.sink),
            Form::Table(table) if self.is_first => table.first().map_or(Ok(()), |text| self.sink.line(&text)),
            Form::Table(table) => table.all().map_or(Ok(()), |text| self.sink.line(&text)),
        };
        if quiet(ended)?.is_continue() {
            let _ = quiet(self.sink.finish())?;
        }
        let note = match &self.form {
            Form::Csv(csv) => csv.note(),
            Form::Table(table) => table.note(),
            _ => None,
        };
        if let Some(note) = note {
            errors::note(&note);
        }
        Ok(())
    }
}

fn pretty(value: &Value) -> String {
    // A JSON value always has a text.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Writes a whole text to standard output or to a file; a reader that went away is no failure.
pub(crate) fn write(text: &str, output: Option<&Path>) -> Result<(), Failure> {
    let mut sink = Sink::open(output)?;
    match quiet(sink.text(text))? {
        ControlFlow::Continue(()) => quiet(sink.finish()).map(drop),
        ControlFlow::Break(()) => Ok(()),
    }
}

/// A reader that went away is no failure.
fn quiet(written: Result<(), (String, io::Error)>) -> Result<ControlFlow<()>, Failure> {
    match written {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err((_, error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err((place, error)) => Err(Failure::new(
            "TL0008",
            format!("{place}: {error}"),
            "Check where the output goes: the folder, its permissions, the space on the disk.",
        )),
    }
}
