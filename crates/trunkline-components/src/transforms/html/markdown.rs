//! Markdown of HTML, by the library htmd on the tree of html5ever.
//!
//! The one rule: the tree is measured while it grows ([`Measured`]), since a few bytes can ask for many elements; what is too much
//! unwinds to the one place that catches it.

use std::{
    borrow::Cow,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
};

use htmd::{
    HtmlToMarkdown,
    options::{BulletListMarker, Options},
};
use html5ever::{
    Attribute, ExpandedName, ParseOpts, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    parse_document,
    tendril::{StrTendril, TendrilSink as _},
};
use markup5ever_rcdom::{Node, NodeData, RcDom};

/// The longest HTML, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// The most elements and texts.
const MOST_NODES: usize = 20_000;
/// How many elements may stand inside of each other.
const MOST_DEPTH: usize = 200;
/// What the rows of tables may grow to when they are made even.
const MOST_TABLE: usize = 8 << 20;
/// What links may begin with.
const SCHEMES: [&str; 5] = ["http", "https", "mailto", "tel", "sms"];

/// Markdown of it; or why not, as the end of a sentence.
pub(super) fn of(html: &str) -> Result<String, &'static str> {
    if html.len() > MOST_BYTES {
        return Err("is longer than 1 MiB");
    }
    let made = catch_unwind(AssertUnwindSafe(|| {
        let tree = tree(html)?;
        let mut widest = Widest::default();
        look(&tree, 0, &mut widest)?;
        if widest
            .rows
            .saturating_mul(widest.cells)
            .saturating_mul(widest.cell)
            > MOST_TABLE
        {
            return Err("has a table that is too large");
        }
        let options = Options {
            bullet_list_marker: BulletListMarker::Dash,
            ul_bullet_spacing: 1,
            ol_number_spacing: 1,
            ..Options::default()
        };
        let converter = HtmlToMarkdown::builder()
            .options(options)
            .skip_tags(vec![
                "script", "style", "noscript", "template", "title", "iframe", "svg",
            ])
            .build();
        Ok(converter.tree_to_markdown(&tree))
    }));
    match made {
        Ok(made) => made,
        Err(panic) => Err(match panic.downcast_ref::<TooMuch>() {
            Some(TooMuch) => "has too many elements, or too many inside of each other",
            None => "could not be read",
        }),
    }
}

struct TooMuch;

fn tree(html: &str) -> Result<Rc<Node>, &'static str> {
    let sink = Measured {
        tree: RcDom::default(),
        nodes: Cell::new(0),
    };
    Ok(parse_document(sink, ParseOpts::default()).one(html).document)
}

#[derive(Default)]
struct Widest {
    rows: usize,
    cells: usize,
    cell: usize,
}

/// Measures tables, and takes out links that would run something. The length of the text inside.
fn look(node: &Rc<Node>, depth: usize, widest: &mut Widest) -> Result<usize, &'static str> {
    if depth > MOST_DEPTH {
        return Err("has too many elements inside of each other");
    }
    let mut length = match &node.data {
        NodeData::Text { contents } => contents.borrow().len(),
        _ => 0,
    };
    let mut tag = "";
    if let NodeData::Element { name, attrs, .. } = &node.data {
        tag = &*name.local;
        attrs.borrow_mut().retain(|attribute| {
            let is_link = matches!(&*attribute.name.local, "href" | "src");
            length += attribute.value.len();
            !is_link || is_harmless(&attribute.value)
        });
    }
    let mut cells = 0;
    for child in node.children.borrow().iter() {
        length += look(child, depth + 1, widest)?;
        cells += 1;
    }
    match tag {
        "tr" => {
            widest.rows += 1;
            widest.cells = widest.cells.max(cells);
        }
        "td" | "th" => widest.cell = widest.cell.max(length),
        _ => {}
    }
    Ok(length)
}

/// Whether a link leads somewhere and runs nothing: it is relative, or begins as links to places do.
fn is_harmless(link: &str) -> bool {
    // Browsers pass over what cannot be seen.
    let link: String = link
        .chars()
        .filter(|letter| !letter.is_control() && !letter.is_whitespace())
        .take(64)
        .collect();
    match link.split_once(':') {
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) => {
            SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known))
        }
        _ => true,
    }
}

/// A tree that does not grow without end.
struct Measured {
    tree: RcDom,
    nodes: Cell<usize>,
}

impl Measured {
    fn count(&self) {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MOST_NODES {
            resume_unwind(Box::new(TooMuch));
        }
    }

    /// Looks how deep what is put under a node would stand.
    fn under(&self, parent: &Rc<Node>) {
        let mut depth = 0;
        let mut at = Some(Rc::clone(parent));
        while let Some(node) = at {
            depth += 1;
            if depth > MOST_DEPTH {
                resume_unwind(Box::new(TooMuch));
            }
            let above = node.parent.take();
            at = above.as_ref().and_then(std::rc::Weak::upgrade);
            node.parent.set(above);
        }
    }
}

impl TreeSink for Measured {
    type Handle = Rc<Node>;
    type Output = RcDom;
    type ElemName<'a>
        = ExpandedName<'a>
    where
        Self: 'a;

    fn finish(self) -> RcDom {
        self.tree
    }

    // What is wrong with the HTML is of no interest, and may be much.
    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Rc<Node> {
        self.tree.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a Rc<Node>) -> ExpandedName<'a> {
        self.tree.elem_name(target)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> Rc<Node> {
        self.count();
        self.tree.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> Rc<Node> {
        self.count();
        self.tree.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> Rc<Node> {
        self.count();
        self.tree.create_pi(target, data)
    }

    fn append(&self, parent: &Rc<Node>, child: NodeOrText<Rc<Node>>) {
        if let NodeOrText::AppendNode(_) = child {
            self.under(parent);
        }
        self.tree.append(parent, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Rc<Node>,
        before: &Rc<Node>,
        child: NodeOrText<Rc<Node>>,
    ) {
        self.under(before);
        self.tree.append_based_on_parent_node(element, before, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.tree.append_doctype_to_document(name, public, system);
    }

    fn get_template_contents(&self, target: &Rc<Node>) -> Rc<Node> {
        self.tree.get_template_contents(target)
    }

    fn same_node(&self, one: &Rc<Node>, other: &Rc<Node>) -> bool {
        self.tree.same_node(one, other)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.tree.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &Rc<Node>, child: NodeOrText<Rc<Node>>) {
        self.count();
        self.tree.append_before_sibling(sibling, child);
    }

    fn add_attrs_if_missing(&self, target: &Rc<Node>, attributes: Vec<Attribute>) {
        self.tree.add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &Rc<Node>) {
        self.tree.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &Rc<Node>, parent: &Rc<Node>) {
        self.under(parent);
        self.tree.reparent_children(node, parent);
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &Rc<Node>) -> bool {
        self.tree.is_mathml_annotation_xml_integration_point(target)
    }
}
