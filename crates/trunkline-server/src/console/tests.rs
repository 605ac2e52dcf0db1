//! Every page with all its samples, as everybody who may see it.
//!
//! The one rule: what is checked here holds for pages that are written later, so nothing here knows a page by name.
//!
//! `TRUNKLINE_SAMPLES=FOLDER` keeps the samples as somebody with the role admin sees them, to be looked at in a browser.

use std::{collections::BTreeSet, sync::Arc};

use trunkline_store::Role;

use super::{assets, page::Page, registry, visit::Visit};

const ROLES: [Option<Role>; 4] = [None, Some(Role::Read), Some(Role::Operate), Some(Role::Admin)];
/// The most that a browser loads for a first look, in bytes.
const FIRST_VIEW: usize = 150_000;

/// A rendered sample.
struct Shown {
    what: String,
    html: String,
    role: Option<Role>,
}

fn everything() -> Vec<Shown> {
    let menu = Arc::new(registry::menu());
    let mut all = Vec::new();
    for page in registry::pages() {
        for role in ROLES.into_iter().filter(|role| *role >= page.role) {
            let mut visit = Visit::sample(role, &menu);
            page.path.clone_into(&mut visit.path);
            for sample in (page.samples)(&visit) {
                let role_name = role.map_or("nobody", |role| role.as_str());
                all.push(Shown {
                    what: format!("{} ({}) as {role_name}", page.id, sample.name),
                    html: sample.html,
                    role,
                });
            }
        }
    }
    all
}

/// The values of an attribute, as a browser reads them.
fn values<'h>(html: &'h str, attribute: &str) -> impl Iterator<Item = String> + use<'h> {
    let start = format!(" {attribute}=\"");
    let length = start.len();
    let found: Vec<usize> = html.match_indices(&start).map(|(at, _)| at + length).collect();
    found.into_iter().map(move |at| {
        let value = html[at..].split('"').next().unwrap_or_default();
        value
            .replace("&amp;", "&")
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
    })
}

/// The opening tags of a name.
fn tags<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    html.match_indices(&format!("<{name}"))
        .map(|(at, _)| &html[at..at + html[at..].find('>').unwrap_or(0)])
        .filter(|tag| {
            tag[name.len() + 1..]
                .chars()
                .next()
                .is_none_or(|next| next.is_whitespace() || next == '/')
        })
        .collect()
}

fn leads_to(pages: &[Page], path: &str, is_deed: bool) -> Option<Option<Role>> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |page: &&Page| {
        let own: Vec<&str> = page.path.split('/').collect();
        page.is_deed == is_deed
            && own.len() == parts.len()
            && own
                .iter()
                .zip(&parts)
                .all(|(own, part)| own == part || (own.starts_with('{') && !part.is_empty()))
    };
    // A path without names in it comes before one with them, as in the router.
    let mut found: Vec<&Page> = pages.iter().filter(fits).collect();
    found.sort_by_key(|page| page.path.matches('{').count());
    found.first().map(|page| page.role)
}

/// Keeps the samples of a page, where that is asked for.
fn keep(page: &Page, menu: &Arc<registry::Menu>) {
    let Some(folder) = std::env::var_os("TRUNKLINE_SAMPLES").map(std::path::PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let mut visit = Visit::sample(Some(Role::Admin), menu);
    page.path.clone_into(&mut visit.path);
    for sample in (page.samples)(&visit) {
        let name = format!("{}-{}.html", page.id, sample.name.replace(' ', "-"));
        std::fs::write(folder.join(name), sample.html).unwrap();
    }
}

#[test]
fn every_page_has_samples_that_differ_and_a_name_of_its_own() {
    let menu = Arc::new(registry::menu());
    let mut addresses = BTreeSet::new();
    for page in registry::pages() {
        assert!(
            addresses.insert((page.path, page.is_deed)),
            "{} is there twice",
            page.path
        );
        let visit = Visit::sample(page.role, &menu);
        let samples = (page.samples)(&visit);
        let texts: BTreeSet<&str> = samples.iter().map(|sample| sample.html.as_str()).collect();
        assert_eq!(
            texts.len(),
            samples.len(),
            "{}: two samples are the same",
            page.id
        );
        keep(&page, &menu);
        assert!(
            page.is_deed || page.is_file || !samples.is_empty(),
            "{} has no samples",
            page.id
        );
    }
}

#[test]
fn every_link_and_form_leads_somewhere_that_whoever_sees_it_may_go() {
    let pages = registry::pages();
    for Shown { what, html, role } in everything() {
        for href in values(&html, "href").chain(values(&html, "src")) {
            if href.starts_with('#') || href.starts_with("https://") {
                continue;
            }
            let path = href
                .strip_prefix("/prefix")
                .unwrap_or_else(|| panic!("{what}: {href} was not made by `visit.to`"));
            let path = path.split(['?', '#']).next().unwrap_or_default();
            if assets::ALL.iter().any(|asset| asset.path == path) {
                continue;
            }
            let needed =
                leads_to(&pages, path, false).unwrap_or_else(|| panic!("{what}: nothing is at {path}"));
            assert!(needed <= role, "{what}: {path} needs {needed:?}");
        }
        for form in tags(&html, "form") {
            let action = values(form, "action").next().unwrap_or_default();
            let path = action
                .strip_prefix("/prefix")
                .unwrap_or_else(|| panic!("{what}: {action}"));
            let is_deed = form.contains("method=\"post\"");
            let needed = leads_to(&pages, path, is_deed)
                .unwrap_or_else(|| panic!("{what}: no form is taken at {path}"));
            assert!(needed <= role, "{what}: {path} needs {needed:?}");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_its_token() {
    for Shown { what, html, .. } in everything() {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let carries = form.contains("name=\"_token\"");
            assert_eq!(carries, form.contains("method=\"post\""), "{what}: {form}");
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_that_was_given_runs() {
    for Shown { what, html, .. } in everything() {
        let low = html.to_lowercase();
        for bad in [
            "<style",
            " style=",
            "javascript:",
            "<script>",
            "<b>",
            "<i>",
            "<img",
            "<iframe",
        ] {
            assert!(!low.contains(bad), "{what}: {bad}");
        }
        for script in tags(&html, "script") {
            assert!(script.contains(" src=\"/prefix/assets/"), "{what}: {script}");
        }
        for tag in html.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap_or_default();
            let handler = tag
                .split(' ')
                .skip(1)
                .find(|attribute| attribute.starts_with("on"));
            assert_eq!(handler, None, "{what}: {tag}");
        }
    }
}

#[test]
fn whoever_hears_or_types_finds_their_way() {
    for Shown { what, html, .. } in everything() {
        let ids: Vec<String> = values(&html, "id").collect();
        let once: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "{what}: an id is there twice: {ids:?}");
        for attribute in ["for", "aria-labelledby", "aria-describedby", "popovertarget"] {
            for value in values(&html, attribute) {
                for id in value.split(' ') {
                    assert!(once.contains(&id.to_owned()), "{what}: {attribute}={id}");
                }
            }
        }
        for kind in ["input", "select", "textarea"] {
            for tag in tags(&html, kind) {
                let is_labelled = tag.contains("type=\"hidden\"")
                    || tag.contains(" aria-label=")
                    || tag.contains("type=\"radio\"")
                    || values(tag, "id")
                        .next()
                        .is_some_and(|id| html.contains(&format!("for=\"{id}\"")));
                assert!(is_labelled, "{what}: {tag} has no label");
            }
        }
        for button in html.split("<button").skip(1) {
            let (tag, rest) = button.split_once('>').unwrap_or_default();
            let inner = rest.split("</button>").next().unwrap_or_default();
            let mut text = String::new();
            for part in inner.split('<') {
                text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
            }
            assert!(
                tag.contains("aria-label=") || !text.trim().is_empty(),
                "{what}: {tag} says nothing"
            );
        }
        assert_eq!(tags(&html, "h1").len(), 1, "{what}: one title");
        assert_eq!(tags(&html, "main").len(), 1, "{what}: one main part");
        assert!(html.contains("<html lang=\"en\""), "{what}");
    }
}

#[test]
fn every_region_that_is_sent_anew_is_on_the_page() {
    // The regions of a page are found by the ids that its markup has; this holds the two together.
    for Shown { what, html, .. } in everything() {
        for region in html.split("<div class=\"region\"").skip(1) {
            assert!(region.starts_with(" id=\""), "{what}: a region without an id");
        }
    }
}

#[test]
fn a_first_view_is_small() {
    let files: usize = assets::ALL.iter().map(|asset| asset.text.len()).sum();
    for Shown { what, html, .. } in everything() {
        let size = files + html.len();
        assert!(size < FIRST_VIEW, "{what}: {size} bytes");
    }
}

#[test]
fn every_icon_is_drawn() {
    for Shown { what, html, .. } in everything() {
        for href in values(&html, "href") {
            let Some((_, id)) = href.split_once('#').filter(|(path, _)| path.contains("/assets/")) else {
                continue;
            };
            let drawn = format!("<symbol id=\"{id}\"");
            assert!(assets::ICONS.text.contains(&drawn), "{what}: {id}");
        }
    }
}
