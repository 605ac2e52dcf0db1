//! A recipe's flow with its values filled in.
//!
//! The one rule: pieces of the text are replaced where they stand, so comments and order stay; what a value must not hold is refused
//! before, and the whole is checked like any flow's text after.

use std::collections::BTreeMap;

use trunkline_flow::document::{Key, Kind, Node, Spot};

use super::{AboutFlow, Blank, BlankKind, Recipe};

/// Components that mean a workspace, and so a connection.
const OF_A_WORKSPACE: [&str; 4] = ["intercom", "webhook", "mirror", "enrich"];

/// What a recipe's flow is filled in with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filling {
    /// What the flow is called; as it is shipped when it is none.
    pub(crate) name: Option<String>,
    /// The connection for every part that means a workspace; the default one when it is none.
    pub(crate) connection: Option<String>,
    /// The values, by the names of what is blank; as it is shipped where one is missing.
    pub(crate) values: BTreeMap<String, String>,
}

/// The text of a recipe's flow, filled in.
///
/// # Errors
///
/// The value that cannot be, by its name, and why.
pub(crate) fn fill(recipe: &Recipe, about: &AboutFlow, with: &Filling) -> Result<String, (String, String)> {
    let mut text = recipe.file(&about.file).unwrap_or_default().to_owned();
    if let Some(unknown) = with
        .values
        .keys()
        .find(|name| about.values.iter().all(|blank| blank.name != **name))
    {
        return Err((unknown.clone(), "is not asked for by this flow".to_owned()));
    }
    // First every piece is marked, so that a value which looks like another's piece is not taken for it.
    let mut marked = Vec::new();
    for (at, blank) in about.values.iter().enumerate() {
        let Some(value) = with.values.get(&blank.name).map(|value| value.trim()) else {
            continue;
        };
        if let Err(reason) = allowed(blank, value) {
            return Err((blank.name.clone(), reason));
        }
        let mark = format!("\u{0}{at}\u{0}");
        text = text.replace(&blank.piece(&blank.usual), &mark);
        marked.push((mark, blank.piece(value)));
    }
    for (mark, piece) in marked {
        text = text.replace(&mark, &piece);
    }
    if let Some(connection) = &with.connection {
        text = connected(&text, connection);
    }
    if let Some(name) = &with.name {
        // A flow begins with its name.
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        text = format!("flow: {name}\n{rest}");
    }
    Ok(text)
}

impl Blank {
    /// The piece of the text that holds a value.
    pub(crate) fn piece(&self, value: &str) -> String {
        self.at
            .as_ref()
            .map_or_else(|| value.to_owned(), |at| at.replace("{}", value))
    }
}

fn allowed(blank: &Blank, value: &str) -> Result<(), String> {
    let all = |fits: fn(char) -> bool| value.chars().all(fits);
    let (is_fine, what) = match blank.kind {
        BlankKind::Words => (
            all(|letter| letter.is_alphanumeric() || " _-./@:".contains(letter)),
            "letters, digits, spaces and any of _ - . / @ :",
        ),
        BlankKind::Number => (all(|letter| letter.is_ascii_digit()), "digits"),
        BlankKind::Span => (
            value.parse::<trunkline_flow::document::Span>().is_ok(),
            "a number and a unit, such as 30s, 15m, 2h or 1d",
        ),
        BlankKind::File => (
            all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter))
                && !value.starts_with('/')
                && !value.split('/').any(|part| part == ".."),
            "a path below the data folder, of letters, digits and _ - .",
        ),
        BlankKind::Address => (
            all(|letter| letter.is_ascii_alphanumeric() || "_-./:".contains(letter)),
            "a host's name or a path, without quotes and spaces",
        ),
    };
    if value.is_empty() {
        return Err("is empty".to_owned());
    }
    if is_fine {
        Ok(())
    } else {
        Err(format!("is not {what}"))
    }
}

/// The text with a connection for each part that means a workspace and names none.
fn connected(text: &str, connection: &str) -> String {
    let Ok(root) = Node::parse(text) else {
        return text.to_owned();
    };
    let mut spots = Vec::new();
    find(&root, &mut spots);
    // From the end, so that what stands before stays where it is.
    spots.sort_unstable_by_key(|spot| std::cmp::Reverse(spot.0));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (spot, is_within_braces) in spots {
        let Some(line) = usize::try_from(spot.line)
            .ok()
            .and_then(|line| lines.get_mut(line.checked_sub(1)?))
        else {
            continue;
        };
        let before = usize::try_from(spot.column).unwrap_or(1).saturating_sub(1);
        let at = line.char_indices().nth(before).map_or(line.len(), |(at, _)| at);
        let added = if is_within_braces {
            format!("connection: {connection}, ")
        } else {
            format!("connection: {connection}\n{}", " ".repeat(before))
        };
        line.insert_str(at, &added);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Where a connection is to be put, and whether the map there stands in braces.
fn find(node: &Node, spots: &mut Vec<(Spot, bool)>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::List(all) => all.iter().for_each(|one| find(one, spots)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                if key.text == "tests" {
                    continue;
                }
                if let Some((Key { spot, .. }, _)) = wants(key, value) {
                    spots.push((*spot, value.spot < *spot));
                }
                find(value, spots);
            }
        }
    }
}

/// The first setting of a part that means a workspace and does not say which.
fn wants<'n>(key: &Key, settings: &'n Node) -> Option<&'n (Key, Node)> {
    let is_meant = OF_A_WORKSPACE.contains(&key.text.as_str())
        && settings.get("connection").is_none()
        // An `enrich` that looks in a mirror says there which one.
        && (key.text != "enrich" || settings.get("operation").is_some())
        && (key.text != "intercom" || settings.get("action").or_else(|| settings.get("operation")).is_some());
    settings.entries().first().filter(|_| is_meant)
}
