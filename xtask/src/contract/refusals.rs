//! What shall be refused: calls without a token, unknown ids, and the bodies that are shown for refusals.
//!
//! The one rule: only what the description documents is asked for; any code that its examples show will do.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::{
    difference::{Class, Difference},
    operations::{Example, Operation},
    probe::{NOTHING, Probe, Ready, with_places},
    session::{Answer, Body, Session},
};

/// An id that no workspace has, where ids are hexadecimal.
const NOBODY: &str = "ffffffffffffffffffffffff";

impl Probe<'_> {
    /// Calls without a token and with unknown ids, where the description says what comes then.
    pub(super) fn refusals(
        &self,
        session: &mut Session<'_>,
        operation: &Operation<'_>,
        ready: &Ready,
        found: &mut BTreeSet<Difference>,
    ) -> Result<()> {
        let query = ready.path.split_once('?').map(|(_, query)| query);
        if operation.documents(401) {
            let answer = session.call(&operation.method, &ready.path, &ready.body, false)?;
            self.refusal(operation, 401, &answer, "without a token", found)?;
        }
        if operation.documents(404) {
            for place in 0..ready.places.len() {
                let mut places = ready.places.clone();
                places[place] = unknown(&places[place]);
                let mut path = with_places(&operation.path, &places);
                if let Some(query) = query {
                    path = format!("{path}?{query}");
                }
                let answer = session.call(&operation.method, &path, &ready.body, true)?;
                let how = format!("with an unknown id at parameter {}", place + 1);
                self.refusal(operation, 404, &answer, &how, found)?;
            }
        }
        Ok(())
    }

    /// A body that is shown for a refusal, in place of a good one.
    pub(super) fn bad_body(
        &self,
        operation: &Operation<'_>,
        shown: &Example,
        status: u16,
        found: &mut BTreeSet<Difference>,
    ) -> Result<()> {
        let mut session = self.session()?;
        let Ok(mut ready) = self.prepare(&mut session, operation, Some(shown)) else {
            return Ok(());
        };
        if status == 404 {
            // The ids that it shows are unknown here, as they shall be.
            if !ready.places.is_empty() {
                return Ok(());
            }
            ready.body = Body::Json(shown.1.clone());
        }
        let answer = session.call(&operation.method, &ready.path, &ready.body, true)?;
        let how = format!("with the body `{}`", shown.0);
        self.refusal(operation, status, &answer, &how, found)
    }

    fn refusal(
        &self,
        operation: &Operation<'_>,
        status: u16,
        answer: &Answer,
        how: &str,
        found: &mut BTreeSet<Difference>,
    ) -> Result<()> {
        let mut add = |path: &str, place: &str, what: String| {
            found.insert(Difference {
                class: Class::Refusal,
                operation: operation.id,
                path: format!("{status} {path}"),
                place: place.to_owned(),
                what,
            });
        };
        if answer.status != status {
            add(
                "$",
                "",
                format!(
                    "{status} expected {how}, {} answered: {}",
                    answer.status,
                    answer.summary()
                ),
            );
            return Ok(());
        }
        let Some(response) = operation.response(status) else {
            return Ok(());
        };
        self.judge(
            operation,
            response,
            answer,
            None,
            &mut |class, path, place, what| {
                if class.is_strong() {
                    add(path, place, what);
                }
            },
        )?;
        let codes = response.codes();
        let code = answer
            .json
            .as_ref()
            .and_then(|json| json.pointer("/errors/0/code"));
        let code = code.and_then(Value::as_str).unwrap_or_default();
        if !codes.is_empty() && !codes.contains(&code) {
            let codes: BTreeSet<_> = codes.into_iter().collect();
            let codes: Vec<_> = codes.into_iter().collect();
            add(
                "$.errors[].code",
                "",
                format!("{} documented, {code} answered {how}", codes.join(" or ")),
            );
        }
        Ok(())
    }
}

/// An id of the same make that nothing has.
pub(super) fn unknown(id: &str) -> String {
    let hexadecimal = id.len() == NOBODY.len() && id.chars().all(|letter| letter.is_ascii_hexdigit());
    if hexadecimal { NOBODY } else { NOTHING }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_id_is_of_the_same_make() {
        assert_eq!(unknown("0123456789abcdef01234567"), NOBODY);
        assert_eq!(unknown("12"), NOTHING);
    }
}
