//! Lists of settings and content that are kept as the newest version shows them, and the small states of jobs and devices.
//!
//! The one rule: what is in here is small in every workspace; anything that grows with the people or the conversations has
//! a compact row of its own (`calls.rs`). Read `reference.rs` for the lists that other rows point at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::reference::{admin_id, iso};
use crate::texts::{self, mix};

/// The lists of a workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    pub(crate) audiences: Vec<Value>,
    pub(crate) banners: Vec<Value>,
    pub(crate) content_import_sources: Vec<Value>,
    pub(crate) content_snippets: Vec<Value>,
    pub(crate) data_connectors: Vec<Value>,
    /// Executions of data connectors, newest first.
    pub(crate) executions: Vec<Value>,
    pub(crate) external_pages: Vec<Value>,
    pub(crate) fin_voice_calls: Vec<Value>,
    pub(crate) folders: Vec<Value>,
    pub(crate) office_hours_exceptions: Vec<Value>,
    pub(crate) office_hours_schedules: Vec<Value>,
    pub(crate) secure_mode_secrets: Vec<Value>,
    pub(crate) workflows: Vec<Value>,
    /// Which banner views were dismissed.
    pub(crate) dismissals: BTreeSet<u64>,
    /// Fin's conversations by the id that the caller gave them.
    pub(crate) fin: BTreeMap<String, FinConversation>,
    /// Addresses and networks that may call; nobody is kept out while it is off or empty.
    pub(crate) ip_allowlist: IpAllowlist,
    pub(crate) exports: Vec<Export>,
    pub(crate) bulk_jobs: Vec<BulkJob>,
    /// The identifiers of the custom object types that the workspace has.
    pub(crate) custom_object_types: Vec<String>,
    pub(crate) custom_objects: Vec<CustomObject>,
    pub(crate) uploads: Vec<Upload>,
}

/// A conversation with Fin that an outside system began.
#[derive(Clone, Debug)]
pub(crate) struct FinConversation {
    pub(crate) user_id: String,
    /// When the last message came.
    pub(crate) asked_at: i64,
    pub(crate) escalated: bool,
    pub(crate) rating: Option<String>,
    pub(crate) has_remark: bool,
}

/// Who may call.
#[derive(Clone, Debug, Default)]
pub(crate) struct IpAllowlist {
    pub(crate) enabled: bool,
    pub(crate) entries: Vec<String>,
}

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {
    /// Deliveries of outbound content.
    Content,
    /// A dataset with these attributes.
    Reporting { dataset: usize, attributes: Vec<usize> },
}

/// An export job; its status follows from the clock.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) id: String,
    pub(crate) kind: ExportKind,
    pub(crate) asked_at: i64,
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) canceled: bool,
}

/// A bulk job with its tasks.
#[derive(Clone, Debug)]
pub(crate) struct BulkJob {
    /// `contacts` or `companies`.
    pub(crate) of: &'static str,
    pub(crate) created_at: i64,
    /// Per task: when it was given, how many items, how many of them failed.
    pub(crate) tasks: Vec<(i64, usize, usize)>,
}

/// An instance of a custom object type.
#[derive(Clone, Debug)]
pub(crate) struct CustomObject {
    pub(crate) id: u64,
    /// The identifier of its type.
    pub(crate) kind: Box<str>,
    pub(crate) external_id: Option<String>,
    pub(crate) external_created_at: Option<i64>,
    pub(crate) external_updated_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) attributes: Map<String, Value>,
    /// The contact that it belongs to.
    pub(crate) contact: Option<u32>,
}

/// A catalog that arrives in several parts.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) next_part: u64,
    /// When its synchronization began; `None` while parts are still to come.
    pub(crate) finalized_at: Option<i64>,
}

/// The identifiers of the custom object types that a generated workspace has.
const CUSTOM_OBJECT_TYPES: [&str; 2] = ["Order", "Subscription"];
/// The most custom objects that are generated.
const MOST_ORDERS: u32 = 2_000;

impl Lists {
    /// The lists of a workspace with so many contacts that was opened at `opened` and stands at `now`.
    pub(crate) fn generate(seed: u64, contacts: u32, opened: i64, now: i64) -> Self {
        let mut lists = Self {
            custom_object_types: CUSTOM_OBJECT_TYPES.map(str::to_owned).to_vec(),
            ..Self::default()
        };
        lists.knowledge(seed, opened);
        lists.connectors(seed, opened, now);
        lists.office_hours(opened);
        lists.orders(seed, contacts, opened);
        lists
    }

    fn knowledge(&mut self, seed: u64, opened: i64) {
        for (number, name) in ["Enterprise accounts", "French speakers"].iter().enumerate() {
            let role = json!({ "attribute": "role", "type": "role", "comparison": "eq", "value": "user" });
            self.audiences.push(json!({
                "type": "audience",
                "id": (900 + number).to_string(),
                "name": name,
                "predicates": [{
                    "attribute": if number == 0 { "custom_attributes.Plan tier" } else { "language_override" },
                    "type": "string",
                    "comparison": "eq",
                    "value": if number == 0 { "enterprise" } else { "fr" },
                }],
                "role_predicates": [role],
                "created_at": opened,
                "updated_at": opened + number as i64,
            }));
        }
        for (number, (url, behavior)) in [
            ("https://docs.example.com", "automatic"),
            ("https://wiki.example.com", "api"),
        ]
        .iter()
        .enumerate()
        {
            self.content_import_sources.push(json!({
                "id": 33 + number,
                "type": "content_import_source",
                "last_synced_at": opened + 86_400,
                "status": "active",
                "url": url,
                "sync_behavior": behavior,
                "created_at": opened,
                "updated_at": opened,
                "audience_ids": [],
            }));
        }
        for number in 0..12_u32 {
            let source = number as usize % 2;
            let text = texts::replies::line(mix(seed, 91, number));
            self.external_pages.push(json!({
                "id": (1_700 + number).to_string(),
                "type": "external_page",
                "title": format!("Page {}", number + 1),
                "html": format!("<h1>Page {}</h1><p>{text}</p>", number + 1),
                "url": format!("{}/pages/{number}", self.content_import_sources[source]["url"].as_str().unwrap_or_default()),
                "ai_agent_availability": true,
                "ai_copilot_availability": true,
                "ai_sales_agent_availability": true,
                "fin_availability": true,
                "locale": "en",
                "source_id": 33 + source,
                "external_id": format!("page-{number}"),
                "created_at": opened,
                "updated_at": opened + i64::from(number),
                "last_ingested_at": opened + i64::from(number),
            }));
        }
        for number in 0..9_u32 {
            let text = texts::replies::line(mix(seed, 92, number));
            let title = format!("Snippet {}", number + 1);
            self.content_snippets.push(json!({
                "type": "content_snippet",
                "id": (2_400 + number).to_string(),
                "title": title,
                "locale": "en",
                "json_blocks": [{ "type": "paragraph", "text": text }],
                "body_markdown": format!("# {title}\n\n{text}\n"),
                "chatbot_availability": 1,
                "copilot_availability": 1,
                "ai_chatbot_availability": true,
                "ai_copilot_availability": true,
                "ai_sales_agent_availability": true,
                "created_at": opened,
                "updated_at": opened + i64::from(number),
                "audience_ids": [],
            }));
        }
        for (number, (title, style)) in [("We have moved", "inline"), ("Scheduled maintenance", "floating")]
            .iter()
            .enumerate()
        {
            self.banners.push(json!({
                "type": "banner",
                "id": (486_517 + number).to_string(),
                "title": title,
                "body": format!("<p class=\"no-margin\">{title}</p>"),
                "style": style,
                "position": "top",
                "show_dismiss_button": true,
                "action": Value::Null,
                "client_targeting": Value::Null,
                "created_at": opened,
            }));
        }
        for (number, name) in ["Policies", "Runbooks", "Old"].iter().enumerate() {
            self.folders.push(json!({
                "id": 41 + number,
                "name": name,
                "description": Value::Null,
                "emoji": "📁",
                "parent_folder_id": if number == 2 { json!(41) } else { Value::Null },
                "created_at": opened,
                "updated_at": opened,
            }));
        }
        self.secure_mode_secrets.push(json!({
            "type": "identity_verification_secret",
            "id": "102",
            "name": "Web",
            "supports_android": false,
            "supports_ios": false,
            "supports_web": true,
            "created_at": opened,
        }));
    }

    fn connectors(&mut self, seed: u64, opened: i64, now: i64) {
        for (number, (name, method, state)) in [
            ("Order status", "get", "live"),
            ("Refund", "post", "live"),
            ("Warehouse", "get", "draft"),
        ]
        .iter()
        .enumerate()
        {
            let id = (12_345 + number).to_string();
            let stamp = iso(opened + number as i64 * 86_400);
            let admin = admin_id(number as u16).to_string();
            self.data_connectors.push(json!({
                "type": "data_connector",
                "id": id,
                "name": name,
                "description": format!("{name} from the shop"),
                "state": state,
                "url": format!("https://shop.example.com/{number}/{{{{order_id}}}}"),
                "body": "",
                "headers": [{ "name": "Content-Type", "value": "application/json" }],
                "http_method": method,
                "direct_fin_usage": number == 0,
                "audiences": ["users", "leads"],
                "execution_type": "server_side",
                "configuration_response_type": "test_response_type",
                "data_transformation_type": "full_access",
                "client_function_name": Value::Null,
                "client_function_timeout_ms": Value::Null,
                "data_inputs": [{
                    "name": "order_id", "type": "string", "description": "The order's number",
                    "required": true, "default_value": "",
                }],
                "response_fields": [{ "path": "status", "type": "string", "example_value": "ok", "redacted": false }],
                "object_mappings": [],
                "token_ids": [],
                "customer_authentication": false,
                "bypass_authentication": false,
                "validate_missing_attributes": Value::Null,
                "created_by_admin_id": admin,
                "updated_by_admin_id": admin,
                "created_at": stamp,
                "updated_at": stamp,
                "execution_results_url": format!("/data_connectors/{id}/execution_results"),
            }));
        }
        for number in 0..40_u32 {
            let connector = 12_345 + u64::from(number % 2);
            let worked = !mix(seed, 93, number).is_multiple_of(5);
            let method = if number % 2 == 0 { "get" } else { "post" };
            self.executions.push(json!({
                "type": "data_connector.execution",
                "id": (99_000 - number).to_string(),
                "data_connector_id": connector.to_string(),
                "success": worked,
                "http_status": if worked { json!(200) } else { Value::Null },
                "http_method": method,
                "error_type": if worked { Value::Null } else { json!("3rd_party_error") },
                "error_message": if worked { Value::Null } else { json!("The connection was refused") },
                "execution_time_ms": 40 + mix(seed, 94, number) % 400,
                "source_type": "workflow",
                "source_id": "67890",
                "conversation_id": Value::Null,
                "created_at": iso(now - i64::from(number) * 240 - 30),
                "request_url": format!("https://shop.example.com/{}/{number}", number % 2),
                "request_body": if method == "post" { json!("{\"refund\":true}") } else { Value::Null },
                "response_body": if worked { json!("{\"status\":\"ok\"}") } else { Value::Null },
                "raw_response_body": if worked { json!("{\"status\":\"ok\"}") } else { Value::Null },
            }));
        }
        for (number, (title, state)) in [("Welcome", "live"), ("After hours", "paused")]
            .iter()
            .enumerate()
        {
            self.workflows.push(json!({
                "id": (67_890 + number).to_string(),
                "title": title,
                "description": Value::Null,
                "trigger_type": "inbound_conversation",
                "state": state,
                "target_channels": ["chat"],
                "preferred_devices": ["desktop", "mobile"],
                "created_at": iso(opened),
                "updated_at": iso(opened + number as i64),
                "targeting": {},
                "snapshot": { "steps": [{ "type": "send_message", "text": format!("{title}!") }] },
                "attributes": [],
                "embedded_rules": [],
            }));
        }
    }

    fn office_hours(&mut self, opened: i64) {
        let weekdays: Vec<Value> = (0..5)
            .map(|day| {
                json!({
                    "start_minute": day * 1_440 + 540,
                    "end_minute": day * 1_440 + 1_020,
                    "day_of_week": day,
                })
            })
            .collect();
        self.office_hours_schedules.push(json!({
            "type": "office_hours_schedule",
            "id": "123",
            "name": "Weekdays",
            "time_zone_name": "America/New_York",
            "time_intervals": weekdays,
            "twenty_four_seven": false,
            "created_at": opened,
            "updated_at": opened,
        }));
        self.office_hours_exceptions.push(json!({
            "type": "office_hours_exception",
            "id": "456",
            "office_hours_schedule_id": "123",
            "exception_date": "2026-12-25",
            "exception_type": "closed",
            "name": "Christmas Day",
            "time_intervals": Value::Null,
            "recurring_annually": true,
            "created_at": opened,
            "updated_at": opened,
        }));
    }

    fn orders(&mut self, seed: u64, contacts: u32, opened: i64) {
        for number in 0..(contacts / 5).min(MOST_ORDERS) {
            let amount = mix(seed, 95, number) % 50_000;
            let mut attributes = Map::new();
            attributes.insert(
                "order_number".to_owned(),
                json!(format!("ORDER-{}", 10_000 + number)),
            );
            attributes.insert("total_amount".to_owned(), json!(amount as f64 / 100.0));
            let at = opened + i64::from(number) * 1_800;
            self.custom_objects.push(CustomObject {
                id: u64::from(number) + 1,
                kind: CUSTOM_OBJECT_TYPES[0].into(),
                external_id: Some(format!("order-{number}")),
                external_created_at: Some(at - 60),
                external_updated_at: Some(at - 60),
                created_at: at,
                updated_at: at,
                attributes,
                contact: Some((mix(seed, 96, number) % u64::from(contacts)) as u32),
            });
        }
    }
}
