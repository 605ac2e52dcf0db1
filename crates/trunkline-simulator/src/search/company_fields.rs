//! The fields that a search for companies knows (Preview).

use super::fields::{Kind, Value};
use crate::{
    presenter::companies,
    workspace::{Workspace, company::Company},
};

/// The kind of a field; `None` when there is no such field.
pub(crate) fn kind(field: &str) -> Option<Kind> {
    Some(match field {
        "created_at" | "updated_at" | "last_request_at" | "remote_created_at" => Kind::Time,
        "size" | "monthly_spend" | "user_count" => Kind::Number,
        "tag_id" => Kind::Tag,
        "id" | "company_id" | "name" | "website" | "industry" | "plan" => Kind::Text,
        custom if custom.starts_with("custom_attributes.") => Kind::Any,
        _ => return None,
    })
}

/// What a company holds in a field.
pub(crate) fn value(workspace: &Workspace, company: &Company, field: &str) -> Value {
    let seed = workspace.seed;
    match field {
        "updated_at" => Value::Number(company.updated_at),
        "created_at" => Value::Number(company.created_at),
        "size" => company.size.into(),
        "monthly_spend" => Value::Number(company.monthly_spend),
        "user_count" => Value::Number(workspace.contacts_of_company(company.row).count() as i64),
        "id" => Value::Text(company.id(&workspace.ids)),
        "company_id" => company.company_id().into(),
        "name" => company.name(seed).into(),
        "last_request_at" => companies::last_request_at(company).into(),
        "remote_created_at" => Value::from(&companies::remote_created_at(company)),
        "tag_id" => Value::List(
            company
                .tags
                .iter()
                .map(|tag| workspace.tags[*tag as usize].id.to_string())
                .collect(),
        ),
        other => match other.strip_prefix("custom_attributes.") {
            Some(name) => company
                .custom_attributes(seed)
                .get(name)
                .map_or(Value::Null, Value::from),
            None => companies::text(company, other).into(),
        },
    }
}
