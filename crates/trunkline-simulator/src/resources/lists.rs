//! The small lists as they are read: teammates, teams, tags, segments, types, knowledge and settings.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Handler;
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    presenter::{companies, reference},
    reply::{Answer, Reply},
    request::Request,
    workspace::{
        Workspace,
        reference::{Reference, find},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("me.get", Handler::Read(me)),
    (
        "admins.list",
        Handler::Read(|workspace, request| {
            let shown = |row: &Value| reference::admin(row, request.version);
            whole(
                "admin.list",
                "admins",
                &mapped(&workspace.reference.admins, shown),
            )
        }),
    ),
    (
        "admins.get",
        Handler::Read(|workspace, request| {
            find(&workspace.reference.admins, request.parameter("id"))
                .map(|row| Reply::json(&reference::admin(row, request.version)))
                .ok_or_else(|| Refusal::new(404, "admin_not_found", "Admin not found"))
        }),
    ),
    (
        "teams.list",
        Handler::Read(|workspace, request| {
            let shown = |row: &Value| reference::team(row, request.version);
            whole("team.list", "teams", &mapped(&workspace.reference.teams, shown))
        }),
    ),
    (
        "teams.get",
        Handler::Read(|workspace, request| {
            find(&workspace.reference.teams, request.parameter("id"))
                .map(|row| Reply::json(&reference::team(row, request.version)))
                .ok_or_else(|| Refusal::new(404, "team_not_found", "Team not found"))
        }),
    ),
    ("tags.list", Handler::Read(list_tags)),
    ("tags.get", Handler::Read(get_tag)),
    ("segments.list", Handler::Read(list_segments)),
    ("segments.get", Handler::Read(get_segment)),
    (
        "ticket_states.list",
        Handler::Read(|workspace, _| {
            let lists = &workspace.reference;
            let rows: Vec<Value> = lists
                .ticket_states
                .iter()
                .map(|state| reference::ticket_state(lists, state))
                .collect();
            whole("list", "data", &rows)
        }),
    ),
    ("ticket_types.list", Handler::Read(list_ticket_types)),
    (
        "subscription_types.list",
        Handler::Read(|workspace, _| whole("list", "data", &workspace.reference.subscription_types)),
    ),
    ("data_attributes.list", Handler::Read(list_data_attributes)),
    (
        "conversation_attributes.list",
        Handler::Read(|workspace, _| whole("list", "data", &workspace.reference.conversation_attributes)),
    ),
    ("articles.list", Handler::Read(list_articles)),
    (
        "collections.list",
        Handler::Read(|workspace, request| {
            let rows = reference::collections(&workspace.reference, request.version);
            numbered(request, &rows, 20)
        }),
    ),
    (
        "collections.get",
        Handler::Read(|workspace, request| {
            let rows = reference::collections(&workspace.reference, request.version);
            one(request, &rows, || Refusal::not_found("Resource"))
        }),
    ),
    (
        "help_centers.list",
        Handler::Read(|workspace, request| numbered(request, &workspace.reference.help_centers, 20)),
    ),
    (
        "help_centers.get",
        Handler::Read(|workspace, request| {
            one(request, &workspace.reference.help_centers, || {
                Refusal::not_found("Resource")
            })
        }),
    ),
    (
        "internal_articles.list",
        Handler::Read(|workspace, request| numbered(request, &workspace.reference.internal_articles, 25)),
    ),
    (
        "internal_articles.get",
        Handler::Read(|workspace, request| {
            one(request, &workspace.reference.internal_articles, || {
                Refusal::not_found("Resource")
            })
        }),
    ),
    (
        "news_items.list",
        Handler::Read(|workspace, request| numbered(request, &workspace.reference.news_items, 10)),
    ),
    (
        "news_items.get",
        Handler::Read(|workspace, request| {
            one(request, &workspace.reference.news_items, || {
                Refusal::not_found("Resource")
            })
        }),
    ),
    (
        "newsfeeds.list",
        Handler::Read(|workspace, request| numbered(request, &workspace.reference.newsfeeds, 10)),
    ),
    (
        "newsfeeds.get",
        Handler::Read(|workspace, request| {
            one(request, &workspace.reference.newsfeeds, || {
                Refusal::not_found("Resource")
            })
        }),
    ),
    (
        "away_status_reasons.list",
        Handler::Read(|workspace, _| whole("list", "data", &workspace.reference.away_status_reasons)),
    ),
    (
        "brands.list",
        Handler::Read(|workspace, _| whole("list", "data", &workspace.reference.brands)),
    ),
    (
        "brands.get",
        Handler::Read(|workspace, request| {
            one(request, &workspace.reference.brands, || {
                Refusal::not_found("Resource")
            })
        }),
    ),
    (
        "emails.list",
        Handler::Read(|workspace, _| whole("list", "data", &workspace.reference.emails)),
    ),
    (
        "emails.get",
        Handler::Read(|workspace, request| {
            one(request, &workspace.reference.emails, || {
                Refusal::not_found("Resource")
            })
        }),
    ),
    ("macros.list", Handler::Read(list_macros)),
    (
        "macros.get",
        Handler::Read(|workspace, request| {
            one(request, &workspace.reference.macros, || {
                Refusal::not_found("Resource")
            })
        }),
    ),
];

fn whole(kind: &str, key: &str, rows: &[Value]) -> Answer {
    Ok(Reply::json(&paging::whole_list(kind, key, rows.to_vec())))
}

fn mapped(rows: &[Value], shown: impl Fn(&Value) -> Value) -> Vec<Value> {
    rows.iter().map(shown).collect()
}

fn one(request: &Request<'_>, rows: &[Value], missing: impl FnOnce() -> Refusal) -> Answer {
    find(rows, request.parameter("id"))
        .map(Reply::json)
        .ok_or_else(missing)
}

fn numbered(request: &Request<'_>, rows: &[Value], default: usize) -> Answer {
    let page = paging::offset(request, rows.iter().cloned(), default, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn me(workspace: &Workspace, _: &Request<'_>) -> Answer {
    let admin = &workspace.reference.admins[0];
    Ok(Reply::json(&json!({
        "type": "admin",
        "id": admin["id"],
        "email": admin["email"],
        "name": admin["name"],
        "email_verified": true,
        "app": {
            "type": "app",
            "id_code": workspace.id_code,
            "name": workspace.name,
            "created_at": workspace.created_at,
            "secure": false,
            "identity_verification": false,
            "timezone": workspace.zone_name,
            "region": "US",
        },
        "avatar": admin["avatar"],
        "has_inbox_seat": true,
    })))
}

fn list_tags(workspace: &Workspace, _: &Request<'_>) -> Answer {
    let tags = workspace
        .tags
        .iter()
        .filter(|tag| !tag.deleted)
        .map(|tag| json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name }))
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", tags)))
}

fn get_tag(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let (_, tag) = workspace
        .tag(request.parameter("id"))
        .ok_or_else(|| Refusal::not_found("Resource"))?;
    Ok(Reply::json(&reference::tag(tag)))
}

fn list_segments(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let with_count = request.query("include_count") == Some("true");
    let segments = workspace
        .segments
        .iter()
        .map(|segment| {
            if with_count {
                companies::counted(workspace, segment)
            } else {
                companies::segment(segment)
            }
        })
        .collect();
    Ok(Reply::json(&paging::whole_list(
        "segment.list",
        "segments",
        segments,
    )))
}

fn get_segment(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let segment = workspace
        .segments
        .iter()
        .find(|segment| segment.id == request.parameter("id"))
        .ok_or_else(|| Refusal::not_found("Resource"))?;
    let with_count = request.query("include_count") == Some("true");
    Ok(Reply::json(&if with_count {
        companies::counted(workspace, segment)
    } else {
        companies::segment(segment)
    }))
}

fn list_ticket_types(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let key = if request.version >= Version::V2_12 {
        "data"
    } else {
        "ticket_types"
    };
    let lists = &workspace.reference;
    let rows = mapped(&lists.ticket_types, |row| {
        reference::ticket_type(lists, row, request.version)
    });
    whole("list", key, &rows)
}

fn list_data_attributes(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let lists: &Reference = &workspace.reference;
    let model = request.query("model");
    if model == Some("conversation") {
        if request.version >= Version::V2_16 {
            return Err(Refusal::new(
                422,
                "parameter_invalid",
                "model must be contact or company; conversations have their own list",
            ));
        }
        let rows: Vec<Value> = lists
            .conversation_attributes
            .iter()
            .map(reference::conversation_attribute_of_old)
            .collect();
        return whole("list", "data", &rows);
    }
    let with_archived = request.query("include_archived") == Some("true");
    let rows: Vec<Value> = lists
        .data_attributes
        .iter()
        .filter(|attribute| model.is_none_or(|model| attribute["model"] == model))
        .filter(|attribute| with_archived || attribute["archived"] != true)
        .cloned()
        .collect();
    whole("list", "data", &rows)
}

fn list_articles(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let mut rows: Vec<&Value> = workspace.reference.articles.iter().collect();
    rows.sort_by_key(|article| std::cmp::Reverse(article["updated_at"].as_i64()));
    let shown = rows
        .into_iter()
        .map(|article| reference::article(&workspace.reference, article, request.version));
    let page = paging::offset(request, shown, 25, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn list_macros(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let per_page = paging::per_page(request.query("per_page"), 50, 150)?;
    let since = match request.query("updated_since") {
        None => i64::MIN,
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::invalid("Invalid updated_since timestamp"))?,
    };
    let updated_at = |row: &Value| {
        row["updated_at"]
            .as_str()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map(jiff::Timestamp::as_second)
    };
    let rows: Vec<&Value> = workspace
        .reference
        .macros
        .iter()
        .filter(|row| updated_at(row) > Some(since))
        .collect();
    let first = match request.query("starting_after") {
        None => 0,
        Some(text) => paging::Cursor::decode(text)?.row as usize,
    };
    let shown: Vec<&Value> = rows.iter().skip(first).take(per_page).copied().collect();
    let end = first + shown.len();
    let mut pages = json!({ "type": "pages", "per_page": per_page });
    if end < rows.len() {
        let cursor = paging::Cursor {
            value: -1,
            row: end as u32,
            page: 2,
        };
        pages["next"] = json!({ "starting_after": cursor.encode() });
    }
    Ok(Reply::json(
        &json!({ "type": "list", "data": shown, "pages": pages }),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::TestSim;

    #[test]
    fn a_contact_search_pages_through_everyone_exactly_once() {
        let sim = TestSim::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut after = serde_json::Value::Null;
        loop {
            let mut body = json!({
                "query": { "field": "updated_at", "operator": ">", "value": 0 },
                "pagination": { "per_page": 50 },
                "sort": { "field": "updated_at", "order": "ascending" },
            });
            if !after.is_null() {
                body["pagination"]["starting_after"] = after.clone();
            }
            let (status, page) = sim.json("POST", "/contacts/search", Some(&body));
            assert_eq!(status, 200, "{page}");
            for contact in page["data"].as_array().unwrap() {
                assert!(seen.insert(contact["id"].as_str().unwrap().to_owned()));
            }
            after = page["pages"]["next"]["starting_after"].clone();
            if after.is_null() {
                assert_eq!(page["total_count"], seen.len());
                break;
            }
        }
        assert!(seen.len() > 250, "{}", seen.len());
    }

    #[test]
    fn a_request_is_refused_as_the_platform_refuses_it() {
        let sim = TestSim::with(|options| options.tokens = vec!["t".to_owned()]);
        for (version, method, target, status, code) in [
            ("9.9", "GET", "/me", 400, "intercom_version_invalid"),
            ("2.14", "GET", "/macros", 400, "intercom_version_invalid"),
            (
                "2.16",
                "GET",
                "/contacts/5f7f0d217289f8d2f4262080",
                404,
                "not_found",
            ),
            (
                "2.16",
                "GET",
                "/data_attributes?model=conversation",
                422,
                "parameter_invalid",
            ),
            ("2.16", "POST", "/fin/start", 400, "parameter_invalid"),
            (
                "2.16",
                "GET",
                "/companies/scroll?scroll_param=gone",
                404,
                "not_found",
            ),
        ] {
            let mut sim_at = TestSim::with(|_| {});
            sim_at.version = version;
            let (found, body) = sim_at.json(method, target, None);
            assert_eq!(
                (found, body["errors"][0]["code"].as_str()),
                (status, Some(code)),
                "{method} {target} {body}"
            );
        }
        let mut wrong = TestSim::with(|options| options.tokens = vec!["other".to_owned()]);
        wrong.version = "2.16";
        assert_eq!(wrong.json("GET", "/me", None).0, 401);
        assert_eq!(sim.json("GET", "/me", None).0, 200);
        assert_eq!(sim.call("GET", "/no/such/path", None).content_type, "text/html");
    }

    #[test]
    fn a_second_scroll_waits_for_sixty_idle_seconds() {
        let sim = TestSim::new();
        assert_eq!(sim.json("GET", "/companies/scroll", None).0, 200);
        let (status, body) = sim.json("GET", "/companies/scroll", None);
        assert_eq!(
            (status, body["errors"][0]["code"].as_str()),
            (400, Some("scroll_exists"))
        );
        sim.state.clock.advance(61);
        assert_eq!(sim.json("GET", "/companies/scroll", None).0, 200);
    }

    #[test]
    fn a_merged_lead_is_gone_and_what_it_had_is_the_users() {
        let sim = TestSim::new();
        let lead = json!({ "role": "lead", "name": "Lee", "email": "same@example.com" });
        let user = json!({ "role": "user", "email": "same@example.com", "external_id": "u-1" });
        let (_, lead) = sim.json("POST", "/contacts", Some(&lead));
        let (_, user) = sim.json("POST", "/contacts", Some(&user));
        let (from, into) = (lead["id"].as_str().unwrap(), user["id"].as_str().unwrap());
        let (status, merged) = sim.json(
            "POST",
            "/contacts/merge",
            Some(&json!({ "from": from, "into": into })),
        );
        assert_eq!((status, merged["name"].as_str()), (200, Some("Lee")), "{merged}");
        let gone = sim.call("GET", &format!("/contacts/{from}"), None);
        assert_eq!(gone.status, 410);
        assert!(
            gone.headers
                .iter()
                .any(|(name, value)| *name == "link" && value.contains(into)),
            "{gone:?}"
        );
    }

    #[test]
    fn a_second_contact_with_the_same_address_is_refused_with_the_first_ones_id() {
        let sim = TestSim::new();
        let body = json!({ "role": "user", "email": "twice@example.com" });
        let (_, first) = sim.json("POST", "/contacts", Some(&body));
        let (status, second) = sim.json("POST", "/contacts", Some(&body));
        assert_eq!(status, 409);
        let message = second["errors"][0]["message"].as_str().unwrap();
        assert!(message.ends_with(first["id"].as_str().unwrap()), "{message}");
    }
}
