//! A contact as the API shows it.

use serde::Serialize;
use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{Shown, Summary, TextOrNumber, View};
use crate::{
    texts::{self, mix},
    workspace::contact::Contact,
};

/// The fields of a contact, in the platform's order.
#[derive(Debug, Serialize)]
pub(crate) struct ContactView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    workspace_id: &'a str,
    external_id: Option<String>,
    role: &'static str,
    email: Option<String>,
    email_domain: Option<String>,
    phone: Option<String>,
    name: Option<String>,
    avatar: Option<Value>,
    owner_id: TextOrNumber,
    social_profiles: SocialProfiles,
    has_hard_bounced: bool,
    marked_email_as_spam: bool,
    unsubscribed_from_emails: bool,
    created_at: i64,
    updated_at: i64,
    signed_up_at: Option<i64>,
    last_seen_at: Option<i64>,
    last_replied_at: Option<i64>,
    last_contacted_at: Option<i64>,
    last_email_opened_at: Option<i64>,
    last_email_clicked_at: Option<i64>,
    language_override: Option<String>,
    browser: Option<&'static str>,
    browser_version: Option<&'static str>,
    browser_language: Option<&'a str>,
    os: Option<&'static str>,
    location: Location,
    android_app_name: Option<String>,
    android_app_version: Option<String>,
    android_device: Option<String>,
    android_os_version: Option<String>,
    android_sdk_version: Option<String>,
    android_last_seen_at: Option<i64>,
    ios_app_name: Option<String>,
    ios_app_version: Option<String>,
    ios_device: Option<String>,
    ios_os_version: Option<String>,
    ios_sdk_version: Option<String>,
    ios_last_seen_at: Option<i64>,
    custom_attributes: Map<String, Value>,
    tags: Summary,
    notes: Summary,
    companies: Summary,
    opted_out_subscription_types: Summary,
    opted_in_subscription_types: Summary,
    utm_campaign: Option<String>,
    utm_content: Option<String>,
    utm_medium: Option<String>,
    utm_source: Option<String>,
    utm_term: Option<String>,
    referrer: Option<String>,
    enabled_push_messaging: Option<bool>,
}

/// Where a contact was seen.
#[derive(Debug, Serialize)]
struct Location {
    #[serde(rename = "type")]
    kind: &'static str,
    country: Option<&'static str>,
    region: Option<&'static str>,
    city: Option<&'static str>,
    country_code: Option<&'static str>,
    continent_code: Option<&'static str>,
}

/// Profiles elsewhere, of which the simulator knows none.
#[derive(Debug, Serialize)]
struct SocialProfiles {
    #[serde(rename = "type")]
    kind: &'static str,
    data: [&'static str; 0],
}

/// Shows a contact.
pub(crate) fn view<'a>(view: View<'a>, contact: &'a Contact) -> Shown<ContactView<'a>> {
    Shown::of(plain(view, contact), &contact.kept)
}

fn plain<'a>(view: View<'a>, contact: &'a Contact) -> ContactView<'a> {
    let workspace = view.workspace;
    let seed = workspace.seed;
    let id = contact.id(&workspace.ids);
    let email = contact.email(seed);
    let (city, region, country, country_code) = texts::place(mix(seed, 8, contact.row));
    // Whoever a call made was never on the website, and so was never anywhere.
    let seen = |text: &'static str| contact.generated.then_some(text);
    let reference = |kind: &str, id: String, path: &str| json!({ "type": kind, "id": id, "url": format!("/{path}/{id}") });
    let consents = |opted_in: bool| {
        let kinds: Vec<Value> = contact
            .consents
            .iter()
            .filter(|(_, is_in)| *is_in == opted_in)
            .map(|(number, _)| {
                reference(
                    "subscription",
                    workspace.reference.subscription_types[usize::from(*number)]["id"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    "subscription_types",
                )
            })
            .collect();
        Summary::of(
            kinds.into_iter(),
            format!("/contacts/{id}/subscriptions"),
            view.habits,
        )
    };
    ContactView {
        kind: "contact",
        workspace_id: &workspace.id_code,
        external_id: contact.external_id(seed),
        role: if contact.is_lead { "lead" } else { "user" },
        email_domain: email
            .as_ref()
            .and_then(|email| email.split_once('@'))
            .map(|(_, domain)| domain.to_owned()),
        email,
        phone: contact.phone(seed),
        name: contact.name(seed),
        avatar: contact
            .written_text("avatar")
            .map(|image_url| json!({ "type": "avatar", "image_url": image_url })),
        owner_id: owner(view, contact.owner),
        social_profiles: SocialProfiles {
            kind: "list",
            data: [],
        },
        has_hard_bounced: false,
        marked_email_as_spam: false,
        unsubscribed_from_emails: contact.flag("unsubscribed_from_emails"),
        created_at: contact.created_at,
        updated_at: contact.updated_at,
        signed_up_at: contact.signed_up_at(),
        last_seen_at: contact.last_seen_at(),
        last_replied_at: contact.time("last_replied_at", || None),
        last_contacted_at: contact.time("last_contacted_at", || None),
        last_email_opened_at: None,
        last_email_clicked_at: None,
        language_override: contact.written_text("language_override"),
        browser: contact.generated.then_some("chrome"),
        browser_version: contact.generated.then_some("129.0"),
        browser_language: contact.generated.then(|| contact.language(seed)),
        os: contact.generated.then_some("OS X 10.15.7"),
        location: Location {
            kind: "location",
            country: seen(country),
            region: seen(region),
            city: seen(city),
            country_code: seen(country_code),
            continent_code: None,
        },
        android_app_name: None,
        android_app_version: None,
        android_device: None,
        android_os_version: None,
        android_sdk_version: None,
        android_last_seen_at: None,
        ios_app_name: None,
        ios_app_version: None,
        ios_device: None,
        ios_os_version: None,
        ios_sdk_version: None,
        ios_last_seen_at: None,
        custom_attributes: contact.custom_attributes(seed),
        tags: Summary::of(
            contact
                .tags
                .iter()
                .map(|tag| reference("tag", workspace.tags[*tag as usize].id.to_string(), "tags")),
            format!("/contacts/{id}/tags"),
            view.habits,
        ),
        notes: Summary::of(
            contact.notes.iter().rev().map(|note| {
                reference(
                    "note",
                    workspace.notes[*note as usize].id(&workspace.ids),
                    "notes",
                )
            }),
            format!("/contacts/{id}/notes"),
            view.habits,
        ),
        companies: Summary::of(
            contact
                .companies
                .iter()
                .map(|company| reference("company", workspace.ids.company(*company), "companies")),
            format!("/contacts/{id}/companies"),
            view.habits,
        ),
        opted_out_subscription_types: consents(false),
        opted_in_subscription_types: consents(true),
        utm_campaign: None,
        utm_content: None,
        utm_medium: None,
        utm_source: None,
        utm_term: None,
        referrer: None,
        enabled_push_messaging: None,
        id,
    }
}

/// The owner is text from 2.16 on and a number before.
fn owner(view: View<'_>, owner: u16) -> TextOrNumber {
    match owner
        .checked_sub(1)
        .map(|number| view.workspace.ids.admin(number))
    {
        None => TextOrNumber::Null,
        Some(id) if view.version >= Version::V2_16 => TextOrNumber::Text(id.to_string()),
        Some(id) => TextOrNumber::Number(id),
    }
}
