//! Which column is which field, what the first rows would do, and the button that begins.
//!
//! The one rule: what is begun is what was chosen on this page; every look at the table reads it anew.

use axum::{Extension, Json, extract::State};
use maud::{Markup, html};
use serde_json::{Map, Value};
use trunkline_store::Role;

use super::{guess, one};
use crate::{
    api::{
        actions::{self, ActionPage},
        batches::{self, NewBatch, Planned},
        read::{Body, Named},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        pages::actions::{caller, shown},
        parts::{self, Pick, Tone, badge},
        visit::{Visit, named},
        words,
    },
    imports,
    publishing::Peek,
    reply::Refusal,
};

/// A table that was uploaded.
pub(super) const MAP: &str = "/import/table/{upload}";
const PLAN: &str = "/import/table/{upload}/plan";
const BEGIN: &str = "/import/table/{upload}/begin";
/// How many rows are shown of the table.
const SHOWN: usize = 5;
/// The longest cell that is shown whole, in letters.
const LONGEST_CELL: usize = 60;

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("batches.map", MAP, Role::Operate, open),
        Page::deed("batches.plan", PLAN, Role::Operate, plan),
        Page::deed("batches.begin", BEGIN, Role::Operate, begin),
    ]
}

/// A table, and what its columns are to be.
struct Mapping {
    upload: String,
    page: ActionPage,
    peek: Peek,
    typed: Fields,
    refusal: Option<Refusal>,
    planned: Option<Planned>,
}

/// The names under which fields can be given as columns.
fn fields(page: &ActionPage) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = page
        .fields
        .iter()
        .filter(|field| !field.name.contains("[]") && field.name != "limit")
        .map(|field| field.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The name of a column's choice in the form.
fn chosen(index: usize) -> String {
    format!("to.{index}")
}

impl Mapping {
    /// The field that a column is to be; empty when it is left out.
    fn to(&self, index: usize) -> String {
        self.typed.whole(&chosen(index))
    }

    /// What is chosen for each column before anybody has chosen: what its name says.
    fn guessed(mut self) -> Self {
        let fields = fields(&self.page);
        let mut taken: Vec<&str> = Vec::new();
        for (index, column) in self.peek.columns.iter().enumerate() {
            if self.typed.has(&chosen(index)) {
                continue;
            }
            let field = guess::field(column, &fields, &self.page.names, &taken).unwrap_or_default();
            taken.push(field);
            self.typed = self.typed.and(&chosen(index), field);
        }
        self
    }

    fn columns(&self) -> Markup {
        let fields = fields(&self.page);
        let required: Vec<&str> = self
            .page
            .fields
            .iter()
            .filter(|field| field.required && field.alternative == 0)
            .map(|field| field.name)
            .collect();
        let has_own = fields.contains(&"custom_attributes");
        let rows = self
            .peek
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let own = format!("custom_attributes.{column}");
                let mut options = vec![(String::new(), "leave it out".to_owned())];
                options.extend(fields.iter().map(|field| {
                    let mark = if required.contains(field) {
                        " (required)"
                    } else {
                        ""
                    };
                    ((*field).to_owned(), format!("{field}{mark}"))
                }));
                if has_own {
                    options.push((own.clone(), format!("custom attribute {column}")));
                }
                let label = format!("Field of {column}");
                let chosen_name = chosen(index);
                let pick = Pick {
                    name: &chosen_name,
                    label: &label,
                    options,
                    chosen: vec![self.to(index)],
                    is_required: false,
                    ..Pick::default()
                };
                let examples: Vec<String> = self
                    .peek
                    .rows
                    .iter()
                    .filter_map(|row| row.as_ref().ok()?.get(index))
                    .filter(|cell| !cell.is_empty())
                    .take(3)
                    .map(|cell| cell.chars().take(LONGEST_CELL).collect())
                    .collect();
                vec![
                    html! { strong { @if column.is_empty() { "(no name)" } @else { (column) } } },
                    html! { (pick) },
                    html! { span class="quiet" { (examples.join(" · ")) } },
                ]
            })
            .collect();
        parts::table("Columns", &["Column", "Becomes", "For example"], rows)
    }

    fn form(&self, visit: &Visit) -> Markup {
        let whole = |name: &str| self.typed.whole(name);
        let (map, set, zone) = (whole("map"), whole("set"), whole("time_zone"));
        let refusal = self.refusal.as_ref();
        let is_open = [&map, &set, &zone].iter().any(|text| !text.is_empty())
            || refusal
                .and_then(|refusal| refusal.field.as_deref())
                .is_some_and(|field| ["map", "set", "time_zone"].contains(&field));
        parts::form(
            visit,
            &named(PLAN, &self.upload),
            &html! {
                @for name in ["action", "connection", "name"] { input type="hidden" name=(name) value=(whole(name)); }
                (self.columns())
                details class="more-fields" open[is_open] {
                    summary { "More" }
                    (parts::Field::text("set", "The same for every row", &set).long(3).like("{\"tag_name\": \"vip\"}").hint("A JSON object with fields that no column has.").wrong(refusal))
                    (parts::Field::text("map", "Expression", &map).long(4).like("{email: .Mail, custom_attributes: {plan: .Plan}}")
                        .hint("A jq expression that makes the action's fields of a row, instead of the choices above; nothing for a row leaves it out.").wrong(refusal))
                    (parts::choice("empty", "An empty cell", self.typed.get("empty"), &[("", "leaves the field as it is"), ("null", "takes the field's value away")]))
                    (parts::Field::text("time_zone", "Time zone", &zone).like("UTC").hint("Where times without one are, such as Europe/Dublin.").wrong(refusal))
                    (parts::tick("strict", "Send nothing when a row does not fit", self.typed.is_ticked("strict"), None))
                }
                div class="actions" {
                    button class=[self.planned.is_none().then_some("first")] { (parts::icon(visit, "search")) "Show what would be written" }
                    @if let Some(planned) = &self.planned {
                        button class="first" formaction=(visit.to(&named(BEGIN, &self.upload))) { (parts::icon(visit, "play")) "Import " (words::some(planned.rows - planned.misfits, "row")) }
                    }
                    (parts::link(visit, "/import", None, "Cancel"))
                }
            },
        )
    }

    fn plan(planned: &Planned) -> Markup {
        let minutes = planned.seconds.map(|seconds| seconds / 60.0);
        let rows = planned
            .lines
            .iter()
            .map(|line| {
                let (tone, word) = match line.outcome {
                    "created" => (Tone::Good, "makes"),
                    "updated" => (Tone::Warn, "changes"),
                    "unchanged" => (Tone::Quiet, "as it is"),
                    "skipped" => (Tone::Quiet, "left out"),
                    _ => (Tone::Bad, "rejected"),
                };
                vec![html! { (line.line) }, badge(tone, word), Self::writes(line)]
            })
            .collect();
        let body = html! {
            p {
                (words::some(planned.rows, "row")) ", "
                @if planned.misfits == 0 { "all fit. " }
                @else { span class="wrong" { (words::count(planned.misfits)) " do not fit" } " and would be left out, with the reason. " }
                "About " (words::some(planned.calls, "call"))
                @if let Some(minutes) = minutes { @if minutes >= 1.0 { ", about " (format!("{minutes:.0}")) " minutes at the workspace's limit" } }
                ". Nothing was written."
            }
            @if !planned.named.is_empty() { ul class="rows" { @for named in &planned.named { li { span class="wrong" { (named) } } } } }
            (parts::table("What the first rows would do", &["Line", "Outcome", "Fields"], rows))
        };
        parts::section("plan", "What the first rows would do", &body)
    }

    fn writes(line: &batches::PlannedLine) -> Markup {
        html! {
            @if let Some(error) = &line.error { span class="wrong" { (error) } br; }
            @for write in line.planned.iter().flat_map(|planned| &planned.writes) {
                @for field in &write.fields {
                    span class="quiet" { (field.field) ": " }
                    @if field.change == trunkline_actions::Change::Change { (shown::value(field.before.as_ref())) " → " }
                    (shown::value(Some(&field.after))) br;
                }
            }
        }
    }
}

impl View for Mapping {
    fn title(&self) -> String {
        format!("Import {}", self.typed.get("name"))
    }

    fn lead(&self) -> Option<String> {
        Some(format!("Which field of {} each column is.", self.page.line.id))
    }

    fn main(&self, visit: &Visit) -> Markup {
        let broken = self.peek.rows.iter().filter_map(|row| row.as_ref().err()).next();
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &["map", "set", "time_zone"]))
            @if let Some(broken) = broken {
                p class="hint" { "Some rows cannot be read and would be left out, such as: " (broken) }
            }
            @if let Some(planned) = &self.planned { (Self::plan(planned)) }
            section class="card" aria-label="Columns" { (self.form(visit)) }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        samples::all()
    }
}

async fn opened(asked: &Asked, typed: Fields) -> Result<Mapping, Refusal> {
    let upload = asked.name();
    let Json(page) = actions::show(Named(typed.get("action").to_owned())).await?;
    let peek = imports::peek(&asked.shared, &upload, SHOWN).await?;
    let mapping = Mapping {
        upload,
        page,
        peek,
        typed,
        refusal: None,
        planned: None,
    };
    Ok(mapping.guessed())
}

impl Mapping {
    fn batch(&self) -> Result<NewBatch, Refusal> {
        let map = self.typed.given("map");
        let (mut columns, mut ignore) = (Map::new(), Vec::new());
        if map.is_none() {
            for (index, column) in self.peek.columns.iter().enumerate() {
                match self.to(index) {
                    field if field.is_empty() => ignore.push(column.clone()),
                    field => {
                        columns.insert(column.clone(), Value::from(field));
                    }
                }
            }
        }
        let set = match self.typed.given("set") {
            None => Map::new(),
            Some(text) => match trunkline_actions::read_record(&text) {
                Ok(Value::Object(set)) => set,
                Ok(_) => return Err(Refusal::of_field("set", "is not a JSON object")),
                Err(problem) => return Err(Refusal::of_field("set", problem.what)),
            },
        };
        Ok(NewBatch {
            text: None,
            upload: Some(self.upload.clone()),
            name: self.typed.whole("name"),
            action: self.page.line.id.to_owned(),
            connection: self.typed.given("connection"),
            columns,
            ignore,
            set,
            map,
            empty_is_null: self.typed.get("empty") == "null",
            time_zone: self.typed.given("time_zone"),
            strict: self.typed.is_ticked("strict"),
        })
    }

    fn again(mut self, refusal: Refusal) -> Again<Self> {
        self.refusal = Some(refusal);
        Again::form(self)
    }
}

async fn open(asked: Asked) -> Result<Mapping, Refusal> {
    opened(&asked, asked.query.clone()).await
}

async fn plan(asked: Asked) -> Result<Done, Again<Mapping>> {
    let mut mapping = opened(&asked, asked.form.clone()).await?;
    let batch = match mapping.batch() {
        Ok(batch) => batch,
        Err(refusal) => return Err(mapping.again(refusal)),
    };
    let who = Extension(caller(&asked.visit));
    match batches::plan(State(asked.shared.clone()), who, Body(batch)).await {
        Ok(Json(planned)) => {
            mapping.planned = Some(planned);
            let subject = mapping.upload.clone();
            Err(Again::shown(mapping, subject))
        }
        Err(refusal) => Err(mapping.again(refusal)),
    }
}

async fn begin(asked: Asked) -> Result<Done, Again<Mapping>> {
    let mapping = opened(&asked, asked.form.clone()).await?;
    let batch = match mapping.batch() {
        Ok(batch) => batch,
        Err(refusal) => return Err(mapping.again(refusal)),
    };
    let who = Extension(caller(&asked.visit));
    match batches::begin(State(asked.shared.clone()), who, Body(batch)).await {
        Ok((_, Json(batch))) => {
            let note = "It is under way. You can leave this page; it goes on.";
            Ok(Done::to(named(one::ONE, &batch.id), batch.id, note))
        }
        Err(refusal) => Err(mapping.again(refusal)),
    }
}

#[cfg(test)]
mod samples;
