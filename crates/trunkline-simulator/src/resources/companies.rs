//! Companies, their scroll and who is attached to them (facts 4.3, 6.3).

use serde_json::{Value, json};

use super::{Handler, attribute_values, common, contacts};
use crate::{
    control::counts,
    errors::Refusal,
    paging::{self, LastPage},
    presenter::{self, companies as presented},
    reply::{Answer, Reply},
    request::{Request, as_text},
    texts,
    webhooks::topic::Topic,
    workspace::{Scroll, Workspace, company::Company},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("companies.find", Handler::Read(find)),
    ("companies.list", Handler::Read(list)),
    ("companies.scroll", Handler::Write(scroll)),
    ("companies.get", Handler::Read(get)),
    ("companies.upsert", Handler::Write(upsert)),
    ("companies.update", Handler::Write(update)),
    ("companies.delete", Handler::Write(delete)),
    ("companies.list_contacts", Handler::Read(list_contacts)),
    ("companies.list_segments", Handler::Read(list_segments)),
    ("companies.attach_to_contact", Handler::Write(attach)),
    ("companies.detach_from_contact", Handler::Write(detach)),
];

/// Rows of one page of the scroll.
const SCROLL_PAGE: usize = 100;
/// Idle seconds after which a scroll is gone.
const SCROLL_LIFE: i64 = 60;
/// Rows that the list gives out at most.
const LIST_END: usize = 10_000;

/// Companies that lists show.
pub(super) fn listed(workspace: &Workspace) -> impl Iterator<Item = &Company> {
    workspace
        .companies
        .iter()
        .filter(|company| counts::is_listed(workspace, company))
}

fn of_path<'w>(workspace: &'w Workspace, id: &str) -> Result<&'w Company, Refusal> {
    workspace
        .ids
        .company_row(id)
        .and_then(|row| workspace.companies.get(row as usize))
        .filter(|company| !company.deleted)
        .ok_or_else(|| Refusal::new(404, "company_not_found", "Company Not Found"))
}

fn shown(workspace: &Workspace, request: &Request<'_>, row: u32) -> Reply {
    Reply::json(&presented::view(
        request.view(workspace),
        &workspace.companies[row as usize],
    ))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let company = of_path(workspace, request.parameter("id"))?;
    Ok(shown(workspace, request, company.row))
}

fn page(workspace: &Workspace, request: &Request<'_>, companies: &[&Company]) -> Answer {
    let view = request.view(workspace);
    let all = companies.iter().map(|company| presented::view(view, company));
    Ok(Reply::json(&paging::offset_list(
        "list",
        "data",
        paging::offset(request, all, 15, 150, LastPage::Null)?,
    )))
}

fn find(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let seed = workspace.seed;
    let one = |wanted: &dyn Fn(&Company) -> bool| {
        let found = workspace
            .companies
            .iter()
            .find(|company| !company.deleted && wanted(company));
        found
            .map(|company| shown(workspace, request, company.row))
            .ok_or_else(|| Refusal::new(404, "company_not_found", "Company Not Found"))
    };
    if let Some(name) = request.query("name") {
        return one(&|company| company.name(seed).as_deref() == Some(name));
    }
    if let Some(id) = request.query("company_id") {
        return one(&|company| company.company_id().as_deref() == Some(id));
    }
    let tag = request
        .query("tag_id")
        .map(|id| workspace.tag(id).map(|(row, _)| row));
    let segment = request
        .query("segment_id")
        .map(|id| workspace.segments.iter().find(|segment| segment.id == id));
    let companies: Vec<&Company> = listed(workspace)
        .filter(|company| tag.is_none_or(|tag| tag.is_some_and(|tag| company.tags.contains(&tag))))
        .filter(|company| {
            segment.is_none_or(|segment| segment.is_some_and(|segment| segment.holds_company(company)))
        })
        .collect();
    page(workspace, request, &companies)
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let mut companies: Vec<&Company> = listed(workspace).collect();
    // Whoever was never active comes last in either order.
    companies.sort_by_key(|company| (std::cmp::Reverse(company.updated_at), company.row));
    let (mut active, idle): (Vec<&Company>, Vec<&Company>) = companies
        .into_iter()
        .partition(|company| presented::last_request_at(company).is_some());
    active.sort_by_key(|company| {
        (
            std::cmp::Reverse(presented::last_request_at(company)),
            company.row,
        )
    });
    match request.query("order") {
        None | Some("desc") => {}
        Some("asc") => active.reverse(),
        Some(_) => return Err(Refusal::invalid("order must be asc or desc")),
    }
    active.extend(idle);
    let companies = active;
    let start = request
        .query("page")
        .and_then(|page| page.parse::<usize>().ok())
        .unwrap_or(1)
        .saturating_sub(1)
        .saturating_mul(paging::per_page(request.query("per_page"), 15, 150)?);
    if start >= LIST_END {
        return Err(Refusal::new(
            400,
            "parameter_invalid",
            "page limit reached, please use scroll API",
        ));
    }
    page(workspace, request, &companies)
}

fn scroll(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let now = request.now;
    workspace
        .scrolls
        .retain(|scroll| now - scroll.used_at <= SCROLL_LIFE);
    let place = match request.query("scroll_param") {
        None if request.habits.scroll_lock && !workspace.scrolls.is_empty() => {
            let message = "scroll already exists for this workspace";
            return Err(Refusal::new(400, "scroll_exists", message));
        }
        None => {
            workspace.scrolls_opened += 1;
            let number = texts::mix(workspace.seed, 71, workspace.scrolls_opened as u32);
            let param = texts::uuid(number, workspace.scrolls_opened as u32);
            workspace.scrolls.push(Scroll {
                param,
                next: 0,
                used_at: now,
            });
            workspace.scrolls.len() - 1
        }
        Some(param) => workspace
            .scrolls
            .iter()
            .position(|scroll| scroll.param == param)
            .ok_or_else(|| Refusal::not_found("Resource"))?,
    };
    let from = workspace.scrolls[place].next as usize;
    let view = request.view(workspace);
    let rows: Vec<&Company> = workspace
        .companies
        .iter()
        .skip(from)
        .filter(|company| counts::is_listed(workspace, company))
        .take(SCROLL_PAGE)
        .collect();
    let next = rows.last().map(|last| last.row + 1);
    let data: Vec<Value> = rows
        .into_iter()
        .map(|company| presented::view(view, company))
        .collect();
    let param = workspace.scrolls[place].param.clone();
    match next {
        Some(next) => {
            workspace.scrolls[place] = Scroll {
                param: param.clone(),
                next,
                used_at: now,
            }
        }
        // The empty page ends the scroll: its parameter is not found any more.
        None => {
            workspace.scrolls.remove(place);
        }
    }
    Ok(Reply::json(&json!({
        "type": "list", "data": data, "pages": Value::Null, "total_count": Value::Null, "scroll_param": param,
    })))
}

/// The keys that a company's body may have.
const KEYS: [&str; 9] = [
    "name",
    "company_id",
    "plan",
    "size",
    "website",
    "industry",
    "custom_attributes",
    "remote_created_at",
    "monthly_spend",
];

fn write(workspace: &mut Workspace, row: u32, body: &Value) -> Result<(), Refusal> {
    let sent = body.as_object().ok_or_else(|| Refusal::missing("company"))?;
    if let Some(key) = sent.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Refusal::new(400, "bad_request", format!("bad '{key}' parameter")));
    }
    common::short(body, &["name", "company_id", "plan", "website", "industry"])?;
    let attributes = attribute_values::of_model(workspace, "company", body)?;
    let company = &mut workspace.companies[row as usize];
    for field in ["name", "plan", "website", "industry", "remote_created_at"] {
        if let Some(value) = sent.get(field) {
            company.write(field, common::typed(field, value));
        }
    }
    if let Some(size) = sent.get("size") {
        company.size = size.as_i64();
    }
    if let Some(spend) = sent.get("monthly_spend").and_then(Value::as_f64) {
        company.monthly_spend = spend.trunc().min(2_147_483_647.0) as i64;
    }
    if !attributes.is_empty() {
        company.attributes.get_or_insert_default().extend(attributes);
    }
    Ok(())
}

pub(super) fn upsert(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let wanted = as_text(&request.body["company_id"]);
    let found = workspace
        .companies
        .iter()
        .find(|company| !company.deleted && wanted.is_some() && company.company_id() == wanted)
        .map(|company| company.row);
    let row = match found {
        Some(row) => row,
        None => workspace.companies.len() as u32,
    };
    if found.is_none() {
        workspace.companies.push(Company::new(row, request.now));
    }
    if let Err(refusal) = write(workspace, row, &request.body) {
        if found.is_none() {
            workspace.companies.pop();
        }
        return Err(refusal);
    }
    let company = &mut workspace.companies[row as usize];
    if found.is_none() {
        let own = wanted.unwrap_or_else(|| workspace.ids.company(row));
        company.write("company_id", json!(own));
    }
    company.updated_at = request.now;
    workspace.changed();
    let topic = if found.is_none() {
        Topic::CompanyCreated
    } else {
        Topic::CompanyUpdated
    };
    workspace.tell_company(topic, row, request.now);
    Ok(shown(workspace, request, row))
}

pub(super) fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request.parameter("id"))?.row;
    write(workspace, row, &request.body)?;
    workspace.companies[row as usize].updated_at = request.now;
    workspace.changed();
    workspace.tell_company(Topic::CompanyUpdated, row, request.now);
    Ok(shown(workspace, request, row))
}

pub(super) fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request.parameter("id"))?.row;
    let id = workspace.ids.company(row);
    let people = std::mem::take(&mut workspace.companies[row as usize].contacts);
    for contact in people {
        workspace.contacts[contact as usize]
            .companies
            .retain(|company| *company != row);
        let at = workspace.contacts[contact as usize].updated_at.max(request.now);
        workspace.touch_contact(contact, at);
    }
    workspace.companies[row as usize].deleted = true;
    workspace.changed();
    workspace.tell_company(Topic::CompanyDeleted, row, request.now);
    Ok(Reply::json(
        &json!({ "id": id, "object": "company", "deleted": true }),
    ))
}

fn list_contacts(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let company = of_path(workspace, request.parameter("id"))?;
    let view = request.view(workspace);
    let people: Vec<Value> = workspace
        .contacts_of_company(company.row)
        .map(|(_, contact)| presenter::value(&presenter::contacts::view(view, contact)))
        .collect();
    Ok(Reply::json(&paging::offset_list(
        "list",
        "data",
        paging::offset(request, people.into_iter(), 50, 150, LastPage::Null)?,
    )))
}

fn list_segments(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let company = of_path(workspace, request.parameter("id"))?;
    let segments = workspace
        .segments_of_company(company)
        .map(presented::segment)
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", segments)))
}

/// The most companies of one contact.
const MOST_COMPANIES: usize = 1_000;

pub(super) fn attach(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contacts::find(workspace, request, request.parameter("id"))?;
    let id = request
        .required("id")
        .map_err(|_| Refusal::new(400, "parameter_not_found", "company not specified"))?;
    let company = of_path(workspace, &id)?.row;
    let companies = &mut workspace.contacts[contact as usize].companies;
    if !companies.contains(&company) {
        if companies.len() >= MOST_COMPANIES {
            return Err(Refusal::new(
                400,
                "contact_company_limit_exceeded",
                "A contact can have 1000 companies",
            ));
        }
        companies.push(company);
        workspace.companies[company as usize].contacts.push(contact);
        workspace.touch_contact(contact, request.now);
        workspace.tell_company_contact(company, contact, true, request.now);
    }
    Ok(shown(workspace, request, company))
}

pub(super) fn detach(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contacts::find(workspace, request, request.parameter("contact_id"))?;
    let company = of_path(workspace, request.parameter("id"))?.row;
    if !workspace.contacts[contact as usize].companies.contains(&company) {
        return Err(Refusal::new(404, "company_not_found", "Company Not Found"));
    }
    workspace.contacts[contact as usize]
        .companies
        .retain(|row| *row != company);
    workspace.companies[company as usize]
        .contacts
        .retain(|row| *row != contact);
    workspace.touch_contact(contact, request.now);
    workspace.tell_company_contact(company, contact, false, request.now);
    Ok(shown(workspace, request, company))
}
