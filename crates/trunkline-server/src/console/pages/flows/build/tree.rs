//! A flow's text as a tree of steps, and what is done to them: added, removed, moved.
//!
//! The one rule: what is not touched stays as it is; a place is named in forms and addresses by letters and numbers, as in `d1t0`, the first
//! transform of the second destination.

use serde_json::{Value, json};
use trunkline_flow::document::{Key, Kind, Node};

/// Keys of a destination beside its component.
const BESIDE: [&str; 4] = ["name", "when", "route", "transforms"];

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Source,
    Transform(usize),
    Destination(usize),
    /// A transform of a destination's own.
    Own(usize, usize),
}

/// Where a step can be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Transforms,
    Destinations,
    /// The transforms of a destination's own.
    Own(usize),
}

impl Place {
    pub(super) fn of(name: &str) -> Option<Self> {
        if name == "s" {
            return Some(Self::Source);
        }
        if let Some(at) = name.strip_prefix('t') {
            return at.parse().ok().map(Self::Transform);
        }
        let rest = name.strip_prefix('d')?;
        match rest.split_once('t') {
            None => rest.parse().ok().map(Self::Destination),
            Some((way, at)) => Some(Self::Own(way.parse().ok()?, at.parse().ok()?)),
        }
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Source => "s".to_owned(),
            Self::Transform(at) => format!("t{at}"),
            Self::Destination(at) => format!("d{at}"),
            Self::Own(way, at) => format!("d{way}t{at}"),
        }
    }

    /// Which kind of component stands there.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Transform(_) | Self::Own(..) => "transform",
            Self::Destination(_) => "destination",
        }
    }
}

impl End {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "t" => Some(Self::Transforms),
            "d" => Some(Self::Destinations),
            _ => name
                .strip_prefix('d')?
                .strip_suffix('t')?
                .parse()
                .ok()
                .map(Self::Own),
        }
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Transforms => "t".to_owned(),
            Self::Destinations => "d".to_owned(),
            Self::Own(way) => format!("d{way}t"),
        }
    }

    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Transforms | Self::Own(_) => "transform",
            Self::Destinations => "destination",
        }
    }

    /// The key of its list.
    const fn key(self) -> &'static str {
        match self {
            Self::Transforms | Self::Own(_) => "transforms",
            Self::Destinations => "destinations",
        }
    }
}

/// The items of a list under a key.
pub(super) fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    match node.get(key).map(|node| &node.kind) {
        Some(Kind::List(all)) => all,
        _ => &[],
    }
}

/// The item at a place, which names a component.
pub(super) fn item(root: &Node, place: Place) -> Option<&Node> {
    match place {
        Place::Source => root.get("source"),
        Place::Transform(at) => items(root, "transforms").get(at),
        Place::Destination(at) => items(root, "destinations").get(at),
        Place::Own(way, at) => items(items(root, "destinations").get(way)?, "transforms").get(at),
    }
}

fn item_mut(root: &mut Node, place: Place) -> Option<&mut Node> {
    match place {
        Place::Source => root.get_mut("source"),
        Place::Transform(at) => list_mut(root, End::Transforms)?.get_mut(at),
        Place::Destination(at) => list_mut(root, End::Destinations)?.get_mut(at),
        Place::Own(way, at) => list_mut(root, End::Own(way))?.get_mut(at),
    }
}

fn list_mut(root: &mut Node, end: End) -> Option<&mut Vec<Node>> {
    let holder = match end {
        End::Own(way) => list_mut(root, End::Destinations)?.get_mut(way)?,
        _ => root,
    };
    match &mut holder.get_mut(end.key())?.kind {
        Kind::List(all) => Some(all),
        _ => None,
    }
}

/// All places that there are, in the order in which records go through them.
pub(super) fn places(root: &Node) -> Vec<Place> {
    let mut places = vec![Place::Source];
    places.extend((0..items(root, "transforms").len()).map(Place::Transform));
    for (way, item) in items(root, "destinations").iter().enumerate() {
        places.extend((0..items(item, "transforms").len()).map(|at| Place::Own(way, at)));
        places.push(Place::Destination(way));
    }
    places
}

/// The component that an item names, and its settings.
pub(super) fn part(item: &Node) -> (String, Node) {
    if let Kind::Scalar(Value::String(kind)) = &item.kind {
        return (kind.clone(), Node::of_json(json!({})));
    }
    let named = item
        .entries()
        .iter()
        .find(|(key, _)| !BESIDE.contains(&key.text.as_str()));
    match named {
        Some((key, settings)) if matches!(settings.kind, Kind::Scalar(Value::Null)) => {
            (key.text.clone(), Node::of_json(json!({})))
        }
        Some((key, settings)) => (key.text.clone(), settings.clone()),
        None => (String::new(), Node::of_json(json!({}))),
    }
}

/// Puts settings into the item at a place.
pub(super) fn put(root: &mut Node, place: Place, kind: &str, settings: Node) {
    if let Some(item) = item_mut(root, place) {
        if matches!(item.kind, Kind::Scalar(_)) {
            item.kind = Kind::Map(vec![(Key::of(kind), settings)]);
        } else {
            item.set(kind, settings);
        }
    }
}

/// Sets what stands beside a destination's component, or takes it away.
pub(super) fn put_beside(root: &mut Node, place: Place, key: &str, value: Option<&str>) {
    let Some(item) = item_mut(root, place) else {
        return;
    };
    if let (Kind::Scalar(Value::String(kind)), Some(_)) = (&item.kind, value) {
        item.kind = Kind::Map(vec![(Key::of(kind), Node::of_json(json!({})))]);
    }
    match value {
        Some(value) => item.set(key, Node::of_json(value.into())),
        None => item.remove(key),
    }
}

/// Puts another source in the place of the one that is there.
pub(super) fn replace_source(root: &mut Node, kind: &str) {
    root.set("source", fresh(kind));
}

/// Adds a step at the end of a list.
pub(super) fn add(root: &mut Node, end: End, kind: &str) {
    let holder = match end {
        End::Own(way) => list_mut(root, End::Destinations).and_then(|all| all.get_mut(way)),
        _ => Some(&mut *root),
    };
    let Some(holder) = holder else { return };
    if let Kind::Scalar(Value::String(own)) = &holder.kind {
        holder.kind = Kind::Map(vec![(Key::of(own), Node::of_json(json!({})))]);
    }
    if !matches!(holder.get(end.key()).map(|node| &node.kind), Some(Kind::List(_))) {
        let empty = Node::of_json(json!([]));
        // Transforms stand before destinations, as records go.
        match (&mut holder.kind, end) {
            (Kind::Map(entries), End::Transforms) => {
                entries.retain(|(key, _)| key.text != end.key());
                let before = entries.iter().position(|(key, _)| key.text == "destinations");
                let at = before.unwrap_or(entries.len());
                entries.insert(at, (Key::of(end.key()), empty));
            }
            _ => holder.set(end.key(), empty),
        }
    }
    if let Some(list) = list_mut(root, end) {
        list.push(fresh(kind));
    }
}

fn fresh(kind: &str) -> Node {
    Node::of_json(json!({ kind: {} }))
}

/// Takes a step away; the source stays.
pub(super) fn remove(root: &mut Node, place: Place) {
    if let Some((end, at)) = of_list(place)
        && let Some(list) = list_mut(root, end)
        && at < list.len()
    {
        list.remove(at);
        if list.is_empty() && end != End::Destinations {
            match end {
                End::Own(way) => {
                    if let Some(item) = item_mut(root, Place::Destination(way)) {
                        item.remove(end.key());
                    }
                }
                _ => root.remove(end.key()),
            }
        }
    }
}

/// Moves a step before the one before it, or behind the one behind it.
pub(super) fn shift(root: &mut Node, place: Place, is_up: bool) {
    if let Some((end, at)) = of_list(place)
        && let Some(list) = list_mut(root, end)
        && let Some(other) = if is_up {
            at.checked_sub(1)
        } else {
            at.checked_add(1)
        }
        && other < list.len()
        && at < list.len()
    {
        list.swap(at, other);
    }
}

const fn of_list(place: Place) -> Option<(End, usize)> {
    match place {
        Place::Source => None,
        Place::Transform(at) => Some((End::Transforms, at)),
        Place::Destination(at) => Some((End::Destinations, at)),
        Place::Own(way, at) => Some((End::Own(way), at)),
    }
}

/// The step that a line of the text is in.
pub(super) fn place_at(root: &Node, line: u64) -> Option<Place> {
    let mut starts: Vec<(u64, Option<Place>)> = root
        .entries()
        .iter()
        .map(|(key, _)| (key.spot.line, None))
        .collect();
    for place in places(root) {
        // A destination begins before its own transforms, although records come to them first.
        let spot = match place {
            Place::Source => root
                .entries()
                .iter()
                .find(|(key, _)| key.text == "source")
                .map(|(key, _)| key.spot),
            _ => item(root, place).map(|item| item.spot),
        };
        starts.extend(spot.map(|spot| (spot.line, Some(place))));
    }
    starts.sort_by_key(|(line, place)| (*line, place.is_some()));
    starts
        .into_iter()
        .take_while(|(start, _)| *start <= line)
        .last()
        .and_then(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "flow: x\nsource:\n  file:\n    path: in.jsonl\ntransforms:\n  - filter: .a\n  - jq: .b\n\
                        destinations:\n  - stdout\n  - name: big\n    transforms:\n      - jq: .c\n    file:\n      path: out.jsonl\n";

    fn tree() -> Node {
        Node::parse(TEXT).unwrap()
    }

    fn kinds(root: &Node) -> Vec<String> {
        let of = |place| format!("{} {}", place_name(place), part(item(root, place).unwrap()).0);
        places(root).into_iter().map(of).collect()
    }

    fn place_name(place: Place) -> String {
        assert_eq!(Place::of(&place.name()), Some(place));
        place.name()
    }

    #[test]
    fn every_step_has_its_place() {
        assert_eq!(
            kinds(&tree()),
            ["s file", "t0 filter", "t1 jq", "d0 stdout", "d1t0 jq", "d1 file"]
        );
        for name in ["", "x", "t", "d", "t-1", "d1t", "dt0", "t1x"] {
            assert_eq!(Place::of(name), None, "{name}");
        }
        for end in [End::Transforms, End::Destinations, End::Own(3)] {
            assert_eq!(End::of(&end.name()), Some(end));
        }
    }

    #[test]
    fn steps_are_added_removed_and_moved() {
        let mut root = tree();
        add(&mut root, End::Transforms, "map");
        add(&mut root, End::Own(0), "split");
        add(&mut root, End::Destinations, "http");
        shift(&mut root, Place::Transform(2), true);
        shift(&mut root, Place::Transform(0), true);
        remove(&mut root, Place::Transform(0));
        remove(&mut root, Place::Own(1, 0));
        remove(&mut root, Place::Source);
        replace_source(&mut root, "webhook");
        assert_eq!(
            kinds(&root),
            [
                "s webhook",
                "t0 map",
                "t1 jq",
                "d0t0 split",
                "d0 stdout",
                "d1 file",
                "d2 http"
            ]
        );
        assert!(
            item(&root, Place::Destination(1))
                .unwrap()
                .get("transforms")
                .is_none()
        );
        for beyond in [Place::Transform(9), Place::Own(9, 0), Place::Destination(9)] {
            remove(&mut root, beyond);
            shift(&mut root, beyond, false);
        }
        assert_eq!(places(&root).len(), 7);
    }

    #[test]
    fn the_first_transform_stands_before_the_destinations() {
        let mut root = Node::parse("flow: x\nsource: stdin\ndestinations: [stdout]\n").unwrap();
        add(&mut root, End::Transforms, "jq");
        let keys: Vec<&str> = root.entries().iter().map(|(key, _)| key.text.as_str()).collect();
        assert_eq!(keys, ["flow", "source", "transforms", "destinations"]);
        remove(&mut root, Place::Transform(0));
        assert!(root.get("transforms").is_none());
    }

    #[test]
    fn a_line_of_the_text_is_in_a_step() {
        let root = tree();
        for (line, place) in [
            (1, None),
            (2, Some(Place::Source)),
            (4, Some(Place::Source)),
            (5, None),
            (7, Some(Place::Transform(1))),
            (9, Some(Place::Destination(0))),
            (10, Some(Place::Destination(1))),
            (12, Some(Place::Own(1, 0))),
        ] {
            assert_eq!(place_at(&root, line), place, "{line}");
        }
    }
}
