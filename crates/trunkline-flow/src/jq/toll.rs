//! Functions that call themselves with filters for arguments pay more for each call.
//!
//! The one rule: what jaq drops recursively must be short against a worker's stack. With each such call
//! (`def f(g): f(g | . + 1);`) jaq makes a chain one link longer for each argument, at the price of a step, without using any
//! stack until it drops the chain. So each call costs [`TOLL`] steps for each argument: in its body, `B` becomes
//! `if toll then B end`, which is true and leaves the call in its place.

use jaq_core::load::{
    Arena,
    lex::StrPart,
    parse::{BinaryOp, Def, Pattern, Term},
};
use jaq_core::path::Part;

/// What a call costs for each of its arguments that is a filter, in steps.
pub(super) const TOLL: u64 = 64;

/// The name of the native function that takes the toll; no expression can name it.
pub(super) const NAME: &str = "!toll";

/// Puts the toll into each function of the term that needs it. Whether any does.
pub(super) fn take<'s>(term: &mut Term<&'s str>, arena: &'s Arena) -> bool {
    let mut is_taken = false;
    each(term, &mut |term| {
        if let Term::Def(definitions, _) = term {
            for definition in definitions {
                is_taken |= charge(definition, arena);
            }
        }
    });
    is_taken
}

fn charge<'s>(definition: &mut Def<&'s str>, arena: &'s Arena) -> bool {
    let filters = definition
        .args
        .iter()
        .filter(|name| !name.starts_with('$'))
        .count();
    let mut calls_itself = false;
    let (name, arity) = (definition.name, definition.args.len());
    each(&mut definition.body, &mut |term| {
        calls_itself |=
            matches!(term, Term::Call(called, arguments) if *called == name && arguments.len() == arity);
    });
    if filters == 0 || !calls_itself {
        return false;
    }
    let body = std::mem::take(&mut definition.body);
    let count: &'s str = arena.alloc(filters.to_string());
    definition.body = Term::IfThenElse(vec![(Term::Call(NAME, vec![Term::Num(count)]), body)], None);
    true
}

/// Visits a term and all that is inside of it.
fn each<'s>(term: &mut Term<&'s str>, visit: &mut impl FnMut(&mut Term<&'s str>)) {
    visit(term);
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Arr(None) | Term::Break(_) | Term::Var(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(inner) = part {
                    each(inner, visit);
                }
            }
        }
        Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => each(inner, visit),
        Term::Obj(entries) => {
            for (key, value) in entries {
                each(key, visit);
                if let Some(value) = value {
                    each(value, visit);
                }
            }
        }
        Term::BinOp(left, operation, right) => {
            each(left, visit);
            if let BinaryOp::Pipe(Some(bound)) = operation {
                each_of_pattern(bound, visit);
            }
            each(right, visit);
        }
        Term::Fold(_, items, bound, arguments) => {
            each(items, visit);
            each_of_pattern(bound, visit);
            arguments.iter_mut().for_each(|argument| each(argument, visit));
        }
        Term::TryCatch(tried, caught) => {
            each(tried, visit);
            if let Some(caught) = caught {
                each(caught, visit);
            }
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                each(condition, visit);
                each(then, visit);
            }
            if let Some(otherwise) = otherwise {
                each(otherwise, visit);
            }
        }
        Term::Def(definitions, rest) => {
            for definition in definitions {
                each(&mut definition.body, visit);
            }
            each(rest, visit);
        }
        Term::Call(_, arguments) => arguments.iter_mut().for_each(|argument| each(argument, visit)),
        Term::Path(start, path) => {
            each(start, visit);
            for (part, _) in &mut path.0 {
                match part {
                    Part::Index(index) => each(index, visit),
                    Part::Range(from, upto) => {
                        [from, upto]
                            .into_iter()
                            .flatten()
                            .for_each(|end| each(end, visit));
                    }
                }
            }
        }
    }
}

fn each_of_pattern<'s>(pattern: &mut Pattern<&'s str>, visit: &mut impl FnMut(&mut Term<&'s str>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(inner) => inner.iter_mut().for_each(|inner| each_of_pattern(inner, visit)),
        Pattern::Obj(entries) => {
            for (key, inner) in entries {
                each(key, visit);
                each_of_pattern(inner, visit);
            }
        }
    }
}
