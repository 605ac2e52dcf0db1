//! From text to an expression.
//!
//! The one rule: every mistake in the text has a place in it.

use std::{sync::Arc, time::Duration};

use jaq_core::{
    Compiler, Filter,
    compile::Undefined,
    load::{self, Arena, Error as LoadError, File, Loader, lex, parse},
};

use super::{
    error::CompileError,
    natives::{self, Kind},
    position::Place,
    removed, toll,
    worker::{self, Lost},
};

/// How long an expression may be, in bytes.
pub const MAX_TEXT: usize = 16 << 10;

/// The name of the whole expression, where it must have one.
const WHOLE: &str = "trunkline_expression";

/// How long compiling may take; it takes milliseconds.
const TIME: Duration = Duration::from_secs(10);

/// An expression, compiled; cheap to clone, and usable from many threads at once.
#[derive(Clone, Debug)]
pub struct Expression(pub(super) Arc<Compiled>);

/// What is behind an expression.
pub(super) struct Compiled {
    pub(super) text: String,
    pub(super) filter: Filter<Kind>,
    /// The names of the variables, without `$`, in the order of their values.
    pub(super) variables: Vec<String>,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled")
            .field("text", &self.text)
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

impl Expression {
    /// Compiles an expression without variables.
    ///
    /// # Errors
    ///
    /// The text is not an expression, or names what is not there.
    pub fn compile(text: &str) -> Result<Self, CompileError> {
        Self::compile_with(text, &[])
    }

    /// Compiles an expression whose runs are given these variables, named without `$`. With `now` among them there is the
    /// function `now` too.
    ///
    /// # Errors
    ///
    /// The text is not an expression, or names what is not there; or a name is not one.
    pub fn compile_with(text: &str, variables: &[&str]) -> Result<Self, CompileError> {
        if text.len() > MAX_TEXT {
            return Err(CompileError::TooLong { length: text.len() });
        }
        if let Some(name) = variables.iter().find(|name| !is_name(name)) {
            return Err(CompileError::VariableName {
                name: (*name).to_owned(),
            });
        }
        let text = text.to_owned();
        let variables: Vec<String> = variables.iter().map(|name| (*name).to_owned()).collect();
        // On a worker for its stack: a parser calls itself for each thing that stands inside of another.
        worker::run(TIME, move |_| compile(text, variables)).unwrap_or_else(|lost| {
            Err(CompileError::Broken {
                why: match lost {
                    Lost::Late => format!("it took longer than {TIME:?}"),
                    Lost::Broken(why) => why,
                },
            })
        })
    }

    /// The text that it was compiled from.
    pub fn text(&self) -> &str {
        &self.0.text
    }
}

fn is_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

fn compile(text: String, variables: Vec<String>) -> Result<Expression, CompileError> {
    let filter = filter(&text, &variables)?;
    Ok(Expression(Arc::new(Compiled {
        text,
        filter,
        variables,
    })))
}

fn filter(text: &str, variables: &[String]) -> Result<Filter<Kind>, CompileError> {
    let arena = Arena::default();
    let modules = Loader::new(definitions(variables))
        .load(&arena, File { code: text, path: () })
        .map_err(|errors| first(errors, |error| not_loaded(error, text)))?;
    load::import(&modules, |import| Err((*import.path).to_owned()))
        .map_err(|errors| first(errors, |error| not_loaded(error, text)))?;
    let filter = finish(modules, text, variables)?;

    // The words of a module before the expression are all that can stand in the way here.
    let tokens = lex::Lexer::new(text).lex().unwrap_or_default();
    let mut term = parse::Parser::new(&tokens)
        .parse(parse::Parser::term)
        .map_err(|_| CompileError::LeftOut {
            name: "module".to_owned(),
            reason: removed::MODULES,
            place: Place::of(text, text),
        })?;
    if !toll::take(&mut term, &arena) {
        return Ok(filter);
    }
    let whole = parse::Def {
        name: WHOLE,
        args: Vec::new(),
        body: term,
    };
    let modules = Loader::new(definitions(variables).into_iter().chain([whole]))
        .load(
            &arena,
            File {
                code: WHOLE,
                path: (),
            },
        )
        .map_err(|errors| first(errors, |error| not_loaded(error, text)))?;
    finish(modules, text, variables)
}

/// What every expression can call.
fn definitions<'s>(variables: &[String]) -> Vec<parse::Def<&'s str>> {
    let own = |text| parse(text, |parser| parser.defs()).unwrap_or_default();
    let now = if variables.iter().any(|name| name == "now") {
        own("def now: $now;")
    } else {
        Vec::new()
    };
    jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .filter(|definition| !removed::is_left_out(definition.name))
        .chain(own(include_str!("prelude.jq")))
        .chain(now)
        .collect()
}

fn finish<'s>(
    modules: load::Modules<&'s str, ()>,
    text: &'s str,
    variables: &[String],
) -> Result<Filter<Kind>, CompileError> {
    let names: Vec<String> = variables.iter().map(|name| format!("${name}")).collect();
    Compiler::default()
        .with_funs(natives::all(removed::is_left_out))
        .with_global_vars(names.iter().map(String::as_str))
        .compile(modules)
        .map_err(|errors| {
            first(errors, |undefined| {
                undefined.into_iter().next().map(|error| unknown(error, text))
            })
        })
}

/// The first mistake of all: the others are often only what follows from it.
fn first<P, E>(errors: Vec<(File<&str, P>, E)>, tell: impl Fn(E) -> Option<CompileError>) -> CompileError {
    errors
        .into_iter()
        .find_map(|(_, error)| tell(error))
        .unwrap_or_else(|| CompileError::Broken {
            why: "nobody says why".to_owned(),
        })
}

fn not_loaded(error: LoadError<&str>, text: &str) -> Option<CompileError> {
    match error {
        LoadError::Io(files) => files.first().map(|(path, _)| CompileError::LeftOut {
            name: format!("import \"{path}\""),
            reason: removed::MODULES,
            place: Place::of(path, text),
        }),
        LoadError::Lex(errors) => errors
            .into_iter()
            .next()
            .map(|(expected, found)| CompileError::Syntax {
                what: match expected {
                    lex::Expect::Delim(open) => format!("`{open}` is never closed"),
                    lex::Expect::Token => format!("`{}` means nothing here", one(found)),
                    other => format!("a {} is expected", other.as_str()),
                },
                place: Place::of(found, text),
            }),
        LoadError::Parse(errors) => errors
            .into_iter()
            .next()
            .map(|(expected, found)| CompileError::Syntax {
                what: match expected {
                    parse::Expect::Nothing => format!("{} is more than was expected", shown(found)),
                    parse::Expect::Just(token) => format!("`{token}` is expected, {} is there", shown(found)),
                    parse::Expect::Term => format!("a value is expected, {} is there", shown(found)),
                    other => format!("{} is expected, {} is there", other.as_str(), shown(found)),
                },
                place: Place::of(found, text),
            }),
    }
}

fn unknown((name, what): (&str, Undefined), text: &str) -> CompileError {
    let place = Place::of(name, text);
    if let Some(reason) = removed::reason(name) {
        return CompileError::LeftOut {
            name: name.to_owned(),
            reason,
            place,
        };
    }
    let (kind, name) = match what {
        Undefined::Filter(arguments) => ("function", format!("{name}/{arguments}")),
        Undefined::Mod => ("module", name.to_owned()),
        Undefined::Label => ("label", name.to_owned()),
        _ => ("variable", name.to_owned()),
    };
    CompileError::Unknown { kind, name, place }
}

fn shown(found: &str) -> String {
    if found.is_empty() {
        "the end".to_owned()
    } else {
        format!(
            "`{}`",
            super::text::shortened(found.lines().next().unwrap_or_default())
        )
    }
}

fn one(found: &str) -> String {
    found.chars().take(1).collect()
}
