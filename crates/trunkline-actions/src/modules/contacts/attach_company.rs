//! A contact's membership of a company: begun or ended.
//!
//! The one rule: what is so already is left so, and undoing leaves it so too.

use serde_json::{Value, json};
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Group, Input, Inverse, Run, Write,
    modules::{
        companies,
        refs::{contact, id_of},
    },
};

pub(super) fn actions() -> Vec<Action> {
    let company = Group {
        name: "company",
        required: true,
    };
    vec![
        Action::module(
            "contacts.attach_company",
            "Makes a contact a member of a company, or ends that.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::contact(true))
        .takes([
            Field::text("company_id", "The company, by Intercom's id.")
                .in_group(company)
                .picked_from("companies"),
            Field::text(
                "company_external_id",
                "The company, by the id that your own system gave.",
            )
            .in_group(company),
            Field::choice(
                "action",
                &["attach", "detach"],
                "Whether the membership begins or ends.",
            )
            .default_to("attach"),
        ])
        .calls(&[
            "contacts.search",
            "contacts.list_companies",
            "companies.find",
            "companies.attach_to_contact",
            "companies.detach_from_contact",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let contact = contact(run, &input).await?;
    let company = match (input.text("company_id"), input.text("company_external_id")) {
        (Some(id), _) => id.to_owned(),
        (None, external) => {
            let found = companies::by_external_id(run, external.unwrap_or_default()).await?;
            let found = found.as_ref().and_then(id_of);
            found.ok_or_else(|| companies::nowhere("company_external_id"))?
        }
    };
    let held = membership(run, &contact.id, &company).await?;
    if input.text("action") != Some("detach") {
        return attach(run, &contact.id, &company, held).await;
    }
    if held.is_none() {
        run.note("The contact does not belong to this company; nothing was ended.");
        return Ok(Value::Null);
    }
    run.write(
        Write::new("companies.detach_from_contact")
            .path("contact_id", &contact.id)
            .path("id", &company)
            .before(state(&contact.id, &company, true))
            .put_back_by(Inverse::Call {
                operation: "companies.attach_to_contact".to_owned(),
                path: vec![("id".to_owned(), contact.id.clone())],
                payload: Some(json!({ "id": company })),
            }),
    )
    .await
}

/// The company, if the contact belongs to it.
async fn membership(run: &mut Run, contact: &str, company: &str) -> Result<Option<Value>, ActionError> {
    let all = run
        .rows(Call::new("contacts.list_companies").path("id", contact), None)
        .await?;
    Ok(all.into_iter().find(|one| id_of(one).as_deref() == Some(company)))
}

/// Makes the contact a member; `held` is the company if it is one already.
async fn attach(
    run: &mut Run,
    contact: &str,
    company: &str,
    held: Option<Value>,
) -> Result<Value, ActionError> {
    if let Some(company) = held {
        run.note("The contact belongs to this company already.");
        return Ok(company);
    }
    run.write(
        Write::new("companies.attach_to_contact")
            .path("id", contact)
            .payload(json!({ "id": company }))
            .makes_new()
            .put_back_by(Inverse::Call {
                operation: "companies.detach_from_contact".to_owned(),
                path: vec![
                    ("contact_id".to_owned(), contact.to_owned()),
                    ("id".to_owned(), company.to_owned()),
                ],
                payload: None,
            }),
    )
    .await
}

/// Makes a contact a member of a company, unless it is one.
pub(crate) async fn ensure(run: &mut Run, contact: &str, company: &str) -> Result<(), ActionError> {
    let held = membership(run, contact, company).await?;
    if held.is_none() {
        attach(run, contact, company, None).await?;
    }
    Ok(())
}

/// Makes a contact a member of a company that was made just now, so that nobody belongs to it yet.
pub(crate) async fn join_new(run: &mut Run, contact: &str, company: &str) -> Result<(), ActionError> {
    attach(run, contact, company, None).await.map(|_| ())
}

fn state(contact: &str, company: &str, belongs: bool) -> Value {
    json!({ "type": "contact", "id": contact, "company": company, "belongs": belongs })
}
