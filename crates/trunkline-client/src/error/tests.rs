//! One line for people, no secrets, a page for each code.

use std::{collections::HashSet, path::Path};

use super::*;
use crate::{
    BuildError,
    oauth::{OAuthError, Told},
    testing,
};

#[test]
fn every_code_is_its_own_and_has_a_page() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let built = [
        BuildError::BaseUrl {
            url: String::new(),
            reason: String::new(),
        },
        BuildError::Token { reason: "" },
        BuildError::Setting {
            name: "",
            value: String::new(),
            allowed: "",
        },
        BuildError::Http {
            reason: String::new(),
        },
    ];
    let told = Told::default;
    let of_sign_in = [
        OAuthError::Address {
            what: "",
            url: String::new(),
            reason: String::new(),
        },
        OAuthError::App { part: "", reason: "" },
        OAuthError::CodeRefused(told()),
        OAuthError::GrantOver(told()),
        OAuthError::AppRefused(told()),
        OAuthError::BadAnswer(told()),
        OAuthError::Unavailable {
            told: told(),
            may_have_arrived: false,
        },
        OAuthError::Callback { reason: "".into() },
    ];
    let codes: Vec<&str> = ErrorKind::ALL
        .iter()
        .map(|kind| kind.code())
        .chain(built.iter().map(BuildError::code))
        .chain(of_sign_in.iter().map(OAuthError::code))
        .collect();
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
    for code in codes {
        let page = std::fs::read_to_string(pages.join(format!("{code}.md"))).unwrap_or_default();
        assert!(
            page.starts_with(&format!("# {code}: ")),
            "docs/errors/{code}.md is missing or has another heading"
        );
        assert!(
            page.contains("**What to do.**"),
            "docs/errors/{code}.md does not say what to do"
        );
    }
}

#[test]
fn an_error_is_one_clear_line_without_personal_data() {
    let mut error = CallError::of(
        testing::operation("test.get").unwrap(),
        ErrorKind::Conflict,
        "A contact matching ana@example.org already exists with id=5f1",
    );
    error.status = Some(409);
    error.intercom_code = Some("conflict".to_owned());
    error.request_id = Some("r9".to_owned());
    error.attempts = 3;
    error.elapsed = Duration::from_millis(2_500);
    assert_eq!(
        error.to_string(),
        "test.get (GET /things/{id}) failed: conflict with what exists, HTTP 409 conflict: A contact matching \
         [redacted] already exists with id=5f1 [request r9] after 3 attempts in 2.5 s"
    );
    assert!(!format!("{error:?}").contains("ana@"));
    assert_eq!(error.code(), "TL0107");
    assert_eq!(error.disposition(), Disposition::Reject);
}

#[test]
fn status_and_code_decide_the_kind() {
    for (status, code, kind) in [
        (400, Some("parameter_invalid"), ErrorKind::Invalid),
        (400, Some("intercom_version_invalid"), ErrorKind::VersionInvalid),
        (400, Some("scroll_exists"), ErrorKind::ScrollBusy),
        (401, Some("token_unauthorized"), ErrorKind::Unauthorized),
        (402, None, ErrorKind::PlanRestricted),
        (403, Some("api_plan_restricted"), ErrorKind::PlanRestricted),
        (403, Some("forbidden"), ErrorKind::Forbidden),
        (404, None, ErrorKind::NotFound),
        (405, None, ErrorKind::Invalid),
        (408, Some("request_timeout"), ErrorKind::Timeout),
        (409, Some("conflict"), ErrorKind::Conflict),
        (410, Some("contact_merged"), ErrorKind::Gone),
        (422, Some("data_invalid"), ErrorKind::Invalid),
        (429, Some("rate_limit_exceeded"), ErrorKind::RateLimited),
        (500, None, ErrorKind::Server),
        (504, None, ErrorKind::Server),
        (302, None, ErrorKind::BadAnswer),
    ] {
        assert_eq!(ErrorKind::of_answer(status, code), kind, "{status} {code:?}");
    }
}
