//! Small lists that hardly change: teammates, teams, types, articles and settings, kept as the newest version shows them.

use serde_json::{Map, Value, json};

use crate::texts::{self, mix};

/// The reference lists of a workspace, each row as the newest version shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    pub(crate) admins: Vec<Value>,
    pub(crate) teams: Vec<Value>,
    pub(crate) ticket_types: Vec<Value>,
    pub(crate) ticket_states: Vec<Value>,
    pub(crate) subscription_types: Vec<Value>,
    pub(crate) data_attributes: Vec<Value>,
    pub(crate) conversation_attributes: Vec<Value>,
    pub(crate) articles: Vec<Value>,
    pub(crate) collections: Vec<Value>,
    pub(crate) help_centers: Vec<Value>,
    pub(crate) internal_articles: Vec<Value>,
    pub(crate) activity_logs: Vec<Value>,
    pub(crate) news_items: Vec<Value>,
    pub(crate) newsfeeds: Vec<Value>,
    pub(crate) away_status_reasons: Vec<Value>,
    pub(crate) brands: Vec<Value>,
    pub(crate) emails: Vec<Value>,
    pub(crate) macros: Vec<Value>,
    /// The last number given to a created row of any of these lists.
    pub(crate) last_id: u64,
    /// What only a few operations touch.
    pub(crate) extra: super::extra::Extra,
    /// Settings and content beside these.
    pub(crate) lists: super::lists::Lists,
}

/// The first admin's id; the others follow.
pub(crate) const FIRST_ADMIN: u64 = 991_267_460;
/// The first team's id.
pub(crate) const FIRST_TEAM: u64 = 6_810_100;
/// The labels of the ticket states, with their categories.
pub(crate) const STATES: [(&str, &str); 5] = [
    ("submitted", "Submitted"),
    ("in_progress", "In progress"),
    ("waiting_on_customer", "Waiting on you"),
    ("resolved", "Resolved"),
    ("in_progress", "With engineering"),
];
/// The categories and names of the ticket types.
pub(crate) const TICKET_TYPES: [(&str, &str); 3] = [
    ("Customer", "Bug report"),
    ("Back-office", "Refund"),
    ("Tracker", "Incident"),
];

const TEAMS: [&str; 4] = ["First line", "Billing", "Engineering support", "Onboarding"];

/// The id of the admin with this number.
pub(crate) fn admin_id(number: u16) -> u64 {
    FIRST_ADMIN + u64::from(number)
}

/// The id of the team with this number.
pub(crate) fn team_id(number: u16) -> u64 {
    FIRST_TEAM + u64::from(number)
}

impl Reference {
    /// A number for a row that a call creates.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The lists of a generated workspace that was opened at `opened` and stands at `now`.
    pub(crate) fn generate(seed: u64, id_code: &str, opened: i64, now: i64) -> Self {
        let mut lists = Self {
            last_id: 700_000,
            ..Self::default()
        };
        lists.people(seed);
        lists.tickets(id_code, opened);
        lists.attributes(opened);
        lists.knowledge(seed, id_code, opened, now);
        lists.settings(id_code, opened);
        lists.logs(seed, now);
        lists
    }

    fn people(&mut self, seed: u64) {
        let shift = (mix(seed, 31, 0) % 3) as u16;
        let is_member = |admin: u16, team: u16| (admin + team + shift).is_multiple_of(3);
        for number in 0..12_u16 {
            let name = texts::person(mix(seed, 30, u32::from(number)));
            let teams: Vec<u64> = (0..4)
                .filter(|team| is_member(number, *team))
                .map(team_id)
                .collect();
            self.admins.push(json!({
                "type": "admin",
                "email": format!("admin{number}@example.com"),
                "id": admin_id(number).to_string(),
                "name": name,
                "job_title": if number < 2 { "Head of support" } else { "Support engineer" },
                "away_mode_enabled": number == 5,
                "away_mode_reassign": false,
                "away_status_reason_id": Value::Null,
                "has_inbox_seat": number != 11,
                "team_ids": teams,
                "avatar": { "type": "avatar", "image_url": format!("https://static.example.com/avatars/{number}.png") },
                "team_priority_level": { "primary_team_ids": [], "secondary_team_ids": [] },
            }));
        }
        for (number, name) in TEAMS.iter().enumerate() {
            let number = number as u16;
            let admins: Vec<u64> = (0..12)
                .filter(|admin| is_member(*admin, number))
                .map(admin_id)
                .collect();
            self.teams.push(json!({
                "type": "team",
                "id": team_id(number).to_string(),
                "name": name,
                "admin_ids": admins,
                "admin_priority_level": { "primary_admin_ids": [], "secondary_admin_ids": [] },
                "assignment_limit": 10,
                "distribution_method": "round_robin",
            }));
        }
    }

    fn tickets(&mut self, id_code: &str, opened: i64) {
        for (number, (category, label)) in STATES.iter().enumerate() {
            self.ticket_states.push(json!({
                "type": "ticket_state",
                "id": (8_000 + number).to_string(),
                "category": category,
                "internal_label": label,
                "external_label": label,
                "archived": false,
            }));
        }
        for (number, (category, name)) in TICKET_TYPES.iter().enumerate() {
            let id = 60 + number as u64;
            let attributes: Vec<Value> = [
                "_default_title_",
                "_default_description_",
                "Order: number",
                "Severity",
            ]
            .iter()
            .enumerate()
            .map(|(order, attribute)| ticket_attribute(id_code, id, order as u64, attribute, opened))
            .collect();
            self.ticket_types.push(json!({
                "type": "ticket_type",
                "id": id.to_string(),
                "name": name,
                "description": format!("{name}, for the team that handles it"),
                "icon": "🎟️",
                "workspace_id": id_code,
                "archived": false,
                "created_at": opened,
                "updated_at": opened + number as i64,
                "is_internal": *category == "Back-office",
                "ticket_type_attributes": { "type": "list", "data": attributes },
                "category": category,
            }));
        }
    }

    fn attributes(&mut self, opened: i64) {
        for (model, names) in [
            (
                "contact",
                ["name", "email", "phone", "external_id", "last_seen_at"].as_slice(),
            ),
            (
                "company",
                ["name", "company_id", "size", "monthly_spend"].as_slice(),
            ),
        ] {
            for name in names {
                self.data_attributes.push(standard_attribute(model, name));
            }
        }
        let custom = [
            ("contact", "Plan tier", "string"),
            ("contact", "Fin AI Agent: Preview", "boolean"),
            ("contact", "lifetime_value", "integer"),
            ("contact", "Signup \"source\"", "string"),
            ("contact", "order", "string"),
            ("company", "Account: tier", "string"),
            ("company", "renewal_month", "integer"),
        ];
        for (number, (model, name, data_type)) in custom.iter().enumerate() {
            let mut attribute = standard_attribute(model, name);
            let fields = attribute.as_object_mut().expect("an attribute is an object");
            fields.insert("id".to_owned(), json!(5_000 + number));
            fields.insert("full_name".to_owned(), json!(format!("custom_attributes.{name}")));
            fields.insert("data_type".to_owned(), json!(data_type));
            fields.insert("custom".to_owned(), json!(true));
            fields.insert("created_at".to_owned(), json!(opened));
            fields.insert("updated_at".to_owned(), json!(opened));
            fields.insert("admin_id".to_owned(), json!(FIRST_ADMIN.to_string()));
            self.data_attributes.push(attribute);
        }
        for (number, name) in ["Topic", "Copilot used", "Escalation: reason"].iter().enumerate() {
            self.conversation_attributes.push(json!({
                "type": "conversation_attribute",
                "id": 300 + number,
                "name": name,
                "description": "",
                "data_type": "string",
                "required": false,
                "visible_to_team_ids": [],
                "archived": false,
                "created_at": opened,
                "updated_at": opened,
                "admin_id": FIRST_ADMIN.to_string(),
                "multiline": false,
            }));
        }
        let mut order = self.conversation_attributes[0].clone();
        let fields = fields(&mut order);
        fields.insert("id".to_owned(), json!(300 + self.conversation_attributes.len()));
        fields.insert("name".to_owned(), json!("order"));
        fields.insert("data_type".to_owned(), json!("relationship"));
        fields.remove("multiline");
        self.conversation_attributes.push(order);
    }

    fn knowledge(&mut self, seed: u64, id_code: &str, opened: i64, now: i64) {
        self.help_centers.push(json!({
            "id": "11",
            "workspace_id": id_code,
            "created_at": opened,
            "updated_at": opened,
            "identifier": "help",
            "website_turned_on": true,
            "display_name": "Help",
            "url": "https://help.example.com",
            "custom_domain": Value::Null,
        }));
        for (number, name) in ["Getting started", "Billing", "Integrations"].iter().enumerate() {
            self.collections.push(json!({
                "id": (150 + number).to_string(),
                "workspace_id": id_code,
                "name": name,
                "url": format!("https://help.example.com/collections/{}", 150 + number),
                "order": number,
                "created_at": opened,
                "updated_at": opened,
                "description": format!("All about: {name}"),
                "icon": "bookmark",
                "parent_id": Value::Null,
                "help_center_id": 11,
            }));
        }
        for number in 0..30_u32 {
            let updated = now - i64::from(number) * 86_400 - 3_600;
            self.articles.push(article(
                id_code,
                u64::from(200 + number),
                &ArticleText {
                    title: format!(
                        "How to {}",
                        ["start", "pay", "invite people", "export", "connect"][number as usize % 5]
                    ),
                    body: format!(
                        "<p class=\"no-margin\">{}</p>",
                        texts::replies::line(mix(seed, 40, number))
                    ),
                    author: admin_id((number % 12) as u16),
                    state: if number % 6 == 5 { "draft" } else { "published" },
                    parent: (number % 4 < 3).then(|| u64::from(150 + number % 4)),
                    created_at: opened + i64::from(number) * 3_600,
                    updated_at: updated,
                },
            ));
        }
        for number in 0..8_u64 {
            self.internal_articles.push(json!({
                "type": "internal_article",
                "id": (500 + number).to_string(),
                "title": format!("Playbook {}", number + 1),
                "body": format!("<p>{}</p>", texts::note(number)),
                "body_markdown": texts::note(number),
                "ai_chatbot_availability": true,
                "ai_copilot_availability": true,
                "ai_sales_agent_availability": true,
                "audience_ids": [],
                "owner_id": admin_id(number as u16),
                "author_id": admin_id(number as u16),
                "created_at": opened,
                "updated_at": opened + number as i64,
                "locale": "en",
            }));
        }
        for number in 0..2_u64 {
            self.newsfeeds.push(json!({
                "id": (68 + number).to_string(),
                "type": "newsfeed",
                "name": if number == 0 { "Visitors" } else { "Customers" },
                "created_at": opened,
                "updated_at": opened,
            }));
        }
        for number in 0..12_u64 {
            self.news_items.push(json!({
                "id": (29 + number).to_string(),
                "type": "news-item",
                "workspace_id": id_code,
                "title": format!("Release {}", number + 1),
                "body": format!("<p>{}</p>", texts::replies::line(number)),
                "sender_id": FIRST_ADMIN,
                "state": if number % 4 == 3 { "draft" } else { "live" },
                "labels": ["Product"],
                "cover_image_url": Value::Null,
                "reactions": [Value::Null],
                "deliver_silently": false,
                "created_at": opened,
                "updated_at": opened + number as i64,
                "newsfeed_assignments": [{ "newsfeed_id": 68, "published_at": opened }],
            }));
        }
    }

    fn settings(&mut self, id_code: &str, opened: i64) {
        for (number, (name, consent)) in [("Newsletter", "opt_out"), ("Product news", "opt_in")]
            .iter()
            .enumerate()
        {
            let translation =
                json!({ "name": name, "description": format!("{name} by e-mail"), "locale": "en" });
            self.subscription_types.push(json!({
                "type": "subscription",
                "id": (135 + number).to_string(),
                "state": "live",
                "consent_type": consent,
                "default_translation": translation,
                "translations": [translation],
                "content_types": ["email"],
            }));
        }
        for (number, label) in ["Lunch", "Holiday", "Training"].iter().enumerate() {
            self.away_status_reasons.push(json!({
                "type": "away_status_reason",
                "id": (11_000 + number).to_string(),
                "label": label,
                "emoji": "🌴",
                "order": number,
                "deleted": number == 2,
                "created_at": opened,
                "updated_at": opened,
            }));
        }
        self.brands.push(brand(id_code, "Main brand", true, opened));
        self.brands.push(brand("42", "Side brand", false, opened));
        for number in 1..=2 {
            self.emails.push(json!({
                "type": "email_setting",
                "id": number.to_string(),
                "email": format!("support{number}@example.com"),
                "verified": true,
                "domain": "example.com",
                "brand_id": id_code,
                "forwarding_enabled": true,
                "forwarded_email_last_received_at": opened,
                "created_at": opened,
                "updated_at": opened,
            }));
        }
        for number in 0..6 {
            let stamp = iso(opened + number * 86_400);
            self.macros.push(json!({
                "type": "macro",
                "id": (120 + number).to_string(),
                "name": format!("Answer {}", number + 1),
                "body": "<p>Hi <attribute key=\"user.name\" default=\"there\"/>, it is fixed.</p>",
                "body_text": "Hi {{user.name|fallback:\"there\"}}, it is fixed.",
                "created_at": stamp,
                "updated_at": stamp,
                "visible_to": "everyone",
                "visible_to_team_ids": [],
                "available_on": ["inbox"],
            }));
        }
    }

    fn logs(&mut self, seed: u64, now: i64) {
        for number in 0..60_u32 {
            let admin = (number % 12) as u16;
            let limit = 5 + number % 7;
            let (kind, description, metadata) = match number % 10 {
                4 => (
                    "admin_conversation_assignment_limit_change",
                    "changed the assignment limit",
                    json!({ "conversation_assignment_limit": limit }),
                ),
                8 => (
                    "admin_ticket_assignment_limit_change",
                    "changed the assignment limit",
                    json!({ "ticket_assignment_limit": limit }),
                ),
                _ => (
                    "app_name_change",
                    "The app was called Paper Plane and is called Paper Planes now.",
                    json!({ "before": "Paper Plane", "after": "Paper Planes" }),
                ),
            };
            self.activity_logs.push(json!({
                "id": texts::uuid(mix(seed, 50, number), number),
                "performed_by": {
                    "type": "admin",
                    "id": admin_id(admin).to_string(),
                    "email": format!("admin{admin}@example.com"),
                    "ip": "127.0.0.1",
                },
                "metadata": metadata,
                "created_at": now - i64::from(number) * 7_200 - 3_000,
                "activity_type": kind,
                "activity_description": description,
            }));
        }
    }
}

/// What an article says.
#[derive(Clone, Debug)]
pub(crate) struct ArticleText {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) author: u64,
    pub(crate) state: &'static str,
    pub(crate) parent: Option<u64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// The text of HTML paragraphs, as Markdown.
pub(crate) fn markdown(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for letter in html.replace("</p>", "\n\n").replace("<br>", "\n").chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    text.trim_end().to_owned()
}

/// An article as the newest version shows it.
pub(crate) fn article(id_code: &str, id: u64, text: &ArticleText) -> Value {
    let published = text.state == "published";
    json!({
        "id": id.to_string(),
        "type": "article",
        "workspace_id": id_code,
        "parent_ids": text.parent.into_iter().collect::<Vec<_>>(),
        "tags": { "type": "tag.list", "tags": [] },
        "title": text.title,
        "description": "",
        "body": text.body,
        "body_markdown": markdown(&text.body),
        "ai_chatbot_availability": true,
        "ai_copilot_availability": true,
        "ai_sales_agent_availability": true,
        "author_id": text.author,
        "state": text.state,
        "created_at": text.created_at,
        "updated_at": text.updated_at,
        "url": if published { json!(format!("https://help.example.com/articles/{id}")) } else { Value::Null },
    })
}

fn ticket_attribute(id_code: &str, ticket_type: u64, order: u64, name: &str, opened: i64) -> Value {
    json!({
        "type": "ticket_type_attribute",
        "id": (ticket_type * 100 + order).to_string(),
        "workspace_id": id_code,
        "name": name,
        "description": "",
        "data_type": "string",
        "input_options": { "multiline": name == "_default_description_" },
        "order": order,
        "required_to_create": order == 0,
        "required_to_create_for_contacts": false,
        "visible_on_create": true,
        "visible_to_contacts": true,
        "default": order < 2,
        "ticket_type_id": ticket_type,
        "archived": false,
        "created_at": opened,
        "updated_at": opened,
    })
}

fn standard_attribute(model: &str, name: &str) -> Value {
    json!({
        "type": "data_attribute",
        "name": name,
        "full_name": name,
        "label": name,
        "description": "",
        "data_type": "string",
        "api_writable": true,
        "ui_writable": true,
        "messenger_writable": false,
        "custom": false,
        "archived": false,
        "model": model,
    })
}

fn brand(id: &str, name: &str, is_default: bool, opened: i64) -> Value {
    json!({
        "type": "brand",
        "id": id,
        "name": name,
        "is_default": is_default,
        "created_at": opened,
        "updated_at": opened,
        "help_center_id": "11",
        "default_address_settings_id": "1",
    })
}

/// Unix seconds as ISO 8601 with milliseconds.
pub(crate) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |moment| format!("{moment:.3}"))
}

/// The row of a list with this id.
pub(crate) fn find<'a>(rows: &'a [Value], id: &str) -> Option<&'a Value> {
    rows.iter().find(|row| matches_id(row, id))
}

/// The place in a list of the row with this id.
pub(crate) fn position(rows: &[Value], id: &str) -> Option<usize> {
    rows.iter().position(|row| matches_id(row, id))
}

fn matches_id(row: &Value, id: &str) -> bool {
    match &row["id"] {
        Value::String(text) => text == id,
        Value::Number(number) => number.to_string() == id,
        _ => false,
    }
}

/// The fields of a row that is known to be an object.
pub(crate) fn fields(row: &mut Value) -> &mut Map<String, Value> {
    row.as_object_mut().expect("reference rows are objects")
}
