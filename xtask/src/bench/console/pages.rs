//! What a page leads to.
//!
//! The one rule: of addresses of one shape only a few are taken, since a list of a million things leads to each of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many addresses of one shape are looked at.
const EACH: usize = 2;
/// What is typed where a form asks for words: one that nothing has, and one that a third of what was received has.
const WORDS: [&str; 2] = ["conversation.deleted", "contact.user.updated"];

/// The addresses that were found and not yet looked at.
#[derive(Debug)]
pub(super) struct Found {
    waiting: VecDeque<String>,
    seen: BTreeSet<String>,
    shapes: BTreeMap<String, usize>,
    choices: BTreeSet<String>,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            waiting: VecDeque::from(["/".to_owned()]),
            seen: BTreeSet::from(["/".to_owned()]),
            shapes: BTreeMap::new(),
            choices: BTreeSet::new(),
        }
    }
}

impl Found {
    /// The next address.
    pub(super) fn next(&mut self) -> Option<String> {
        self.waiting.pop_front()
    }

    /// Whether an address is what a form's choice leads to.
    pub(super) fn is_choice(&self, path: &str) -> bool {
        self.choices.contains(path)
    }

    /// Takes up what a page leads to, by its links and by what its filters have to choose from.
    pub(super) fn add(&mut self, page: &str) {
        let choices = choices(page);
        self.choices.extend(choices.iter().cloned());
        for path in values(page, "href=\"/").into_iter().chain(choices) {
            let is_page =
                !path.starts_with("/assets/") && !path.contains("/download") && !path.contains("/export");
            if !is_page || !self.seen.insert(path.clone()) {
                continue;
            }
            let count = self.shapes.entry(shape(&path)).or_default();
            *count += 1;
            if *count <= EACH {
                self.waiting.push_back(path);
            }
        }
    }
}

/// What of an address is no name of anything: every second part of the path, how many there are, and the names of what is asked.
fn shape(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let names: BTreeSet<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .collect();
    let kinds: Vec<&str> = parts.iter().step_by(2).copied().collect();
    format!("{kinds:?} {} {names:?}", parts.len())
}

/// What stands in the attribute that begins so, its slash included.
fn values(page: &str, attribute: &str) -> Vec<String> {
    page.split(attribute)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|value| format!("/{}", value.replace("&amp;", "&")))
        .map(|value| value.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

/// What each choice of a form that asks leads to, and each word that is typed there, by itself.
fn choices(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for form in page.split("<form ").skip(1) {
        let form = form.split("</form>").next().unwrap_or_default();
        let head = form.split('>').next().unwrap_or_default();
        let Some(action) = between(head, "action=\"").filter(|_| head.contains("method=\"get\"")) else {
            continue;
        };
        for choice in form.split("<select ").skip(1) {
            let choice = choice.split("</select>").next().unwrap_or_default();
            let Some(name) = between(choice, "name=\"") else {
                continue;
            };
            let options = choice.split("<option ").skip(1);
            let options = options.filter_map(|option| between(option, "value=\""));
            found.extend(
                options
                    .filter(|option| !option.is_empty())
                    .map(|option| format!("{action}?{name}={option}")),
            );
        }
        for typed in form.split("<input ").skip(1) {
            let typed = typed.split('>').next().unwrap_or_default();
            let is_text = between(typed, "type=\"").is_none_or(|kind| ["text", "search"].contains(&kind));
            if let Some(name) = between(typed, "name=\"").filter(|_| is_text) {
                found.extend(WORDS.map(|word| format!("{action}?{name}={word}")));
            }
        }
    }
    found
}

/// What stands from a mark to the next quotation mark.
fn between<'p>(text: &'p str, mark: &str) -> Option<&'p str> {
    let (_, rest) = text.split_once(mark)?;
    rest.split('"').next()
}

/// The files that a page fetches.
pub(super) fn assets(page: &str) -> BTreeSet<String> {
    let attributes = ["href=\"/", "src=\"/"];
    let values = attributes.iter().flat_map(|attribute| values(page, attribute));
    values.filter(|path| path.starts_with("/assets/")).collect()
}

/// What the forms of a page are sent with.
pub(super) fn token(page: &str) -> Option<&str> {
    between(page, "name=\"_token\" value=\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<link href="/assets/console.css?v=1"><script src="/assets/console.js?v=1"></script>
<input type="hidden" name="_token" value="abc"><a href="/things/1">one</a><a href="/things/2">two</a><a href="/things/3">three</a>
<a href="/things?after=3&amp;limit=5#list">more</a><a href="/things/export">all</a><a href="https://example.com/">away</a>
<a href="/data/a/contacts/1">1</a><a href="/data/a/contacts/2">2</a><a href="/data/a/contacts/3">3</a>
<form class="filter" method="get" action="/things"><select name="kind"><option value="">any</option><option value="one">1</option>
<option value="two" selected>2</option><option value="three">3</option></select><input id="t" name="topics"><input type="hidden" name="n" value="1">
</form>
<form method="post" action="/deeds"><select name="kind"><option value="one">1</option></select></form>
<svg><use href="/assets/icons.svg?v=1#bell"></use></svg>"##;

    #[test]
    fn a_few_addresses_of_each_shape_are_looked_at_once() {
        let mut found = Found::default();
        assert_eq!(found.next().as_deref(), Some("/"));
        found.add(PAGE);
        found.add(PAGE);
        let paths: Vec<String> = std::iter::from_fn(|| found.next()).collect();
        let expected = [
            "/things/1",
            "/things/2",
            "/things?after=3&limit=5",
            "/data/a/contacts/1",
            "/data/a/contacts/2",
            "/things?kind=one",
            "/things?kind=two",
            "/things?topics=conversation.deleted",
            "/things?topics=contact.user.updated",
        ];
        assert_eq!(paths, expected);
        let is_choice = |path: &&String| found.is_choice(path);
        assert_eq!(paths.iter().filter(is_choice).count(), 4);
    }

    #[test]
    fn a_page_says_what_it_fetches_and_what_its_forms_carry() {
        let assets: Vec<String> = assets(PAGE).into_iter().collect();
        let expected = [
            "/assets/console.css?v=1",
            "/assets/console.js?v=1",
            "/assets/icons.svg?v=1",
        ];
        assert_eq!(assets, expected);
        assert_eq!(token(PAGE), Some("abc"));
        assert_eq!(token("<form></form>"), None);
    }
}
