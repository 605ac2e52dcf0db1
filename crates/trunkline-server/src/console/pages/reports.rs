//! Reports: how the work goes, in figures and charts.
//!
//! The one rule: every chart has its numbers beside it as a table, for whoever cannot see it or does not trust it.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
#[cfg(test)]
use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use trunkline_mirror::analytics::{
    charts::{Bars, Heat, Lines, Series},
    figures::Times,
    plain,
    read::Report,
};
use trunkline_store::Role;

use crate::{
    api::{
        data::remembered::Soon,
        mirrors,
        reports::{self, ReportQuery},
    },
    console::{
        fields::Fields,
        page::{Asked, Group, Page, View},
        parts,
        visit::Visit,
        words,
    },
    reply::Refusal,
};

const PATH: &str = "/reports";
const FILE: &str = "/reports/file";
/// Lines of a table that are shown; the file has them all.
const LINES: usize = 40;
/// Where the report is shown.
const REPORT: &str = "report";
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("reports.show", PATH, Role::Read, show)
            .in_menu(Group::Data, "chart", "Reports")
            .live(),
        Page::file("reports.file", FILE, Role::Read, file),
    ]
}

/// A report, or what it can be made of.
#[derive(Default)]
struct One {
    mirrors: Vec<String>,
    asked: Fields,
    report: Option<Soon<Report>>,
    refusal: Option<Refusal>,
}

/// The fields of the form that narrow a report.
const FIELDS: [(&str, &str, &str); 6] = [
    ("from", "From", "2026-11-01"),
    ("to", "To", "2026-11-30"),
    ("team", "Team", "name or id"),
    ("tag", "Tag", "name or id"),
    ("company", "Company", "name or id"),
    ("time_zone", "Time zone", "Europe/Berlin"),
];

impl One {
    fn form(&self, visit: &Visit) -> Markup {
        let names: Vec<(&str, &str)> = self
            .mirrors
            .iter()
            .map(|name| (name.as_str(), name.as_str()))
            .collect();
        html! {
            form class="filter pairs" method="get" action=(visit.to(PATH)) {
                @if names.len() > 1 { (parts::choice("mirror", "Mirror", self.asked.get("mirror"), &names)) }
                @for (name, label, like) in FIELDS {
                    (parts::Field::text(name, label, self.asked.get(name)).like(like).wrong(self.refusal.as_ref()))
                }
                button { (parts::icon(visit, "chart")) "Show" }
            }
        }
    }
}

/// A card with a chart, what it shows, and its numbers as a table.
fn chart(
    id: &str,
    title: &str,
    what: &str,
    key: &[&str],
    svg: String,
    columns: &[&str],
    rows: Vec<Vec<String>>,
) -> Markup {
    let cells = rows
        .into_iter()
        .map(|row| row.into_iter().map(|cell| html! { (cell) }).collect())
        .collect();
    html! {
        (parts::section(id, title, &html! {
            p class="quiet" { (what) }
            @if key.len() > 1 { p class="key" { @for (at, name) in key.iter().enumerate() { span class={ "key-" (at + 1) } { (name) } } } }
            // Made by the charts of the reports, which escape every label.
            (PreEscaped(svg))
            details class="board" { summary { "The numbers" } (parts::table(title, columns, cells)) }
        }))
    }
}

fn times(id: &str, title: &str, what: &str, times: &Times) -> Markup {
    let mut series = vec![(
        "conversations".to_owned(),
        times.buckets.iter().map(|bucket| bucket.count).collect(),
    )];
    let mut key = vec!["by the clock"];
    let within: Option<Vec<u64>> = times.buckets.iter().map(|bucket| bucket.office_count).collect();
    if let Some(within) = within {
        series.push(("in office hours".to_owned(), within));
        key.push("within office hours");
    }
    let what = format!(
        "{what}: {}, median {}, nine in ten within {}.",
        words::some(times.count, "conversation"),
        plain::duration(times.minutes.median),
        plain::duration(times.minutes.within_90_percent)
    );
    let rows = times
        .buckets
        .iter()
        .map(|bucket| {
            let office = bucket.office_count.map_or_else(String::new, words::count);
            vec![bucket.label.to_owned(), words::count(bucket.count), office]
        })
        .collect();
    let svg = Bars {
        title: title.to_owned(),
        labels: times
            .buckets
            .iter()
            .map(|bucket| bucket.label.to_owned())
            .collect(),
        series,
    }
    .svg();
    chart(
        id,
        title,
        &what,
        &key,
        svg,
        &["Took", "Conversations", "In office hours"],
        rows,
    )
}

fn days(report: &Report) -> Markup {
    let days = &report.figures.days;
    let line = |name: &str, filled, of: fn(&trunkline_mirror::analytics::figures::Day) -> u64| Series {
        name: name.to_owned(),
        values: days.iter().map(of).collect(),
        filled,
    };
    let lines = |title: &str, series| {
        Lines {
            title: title.to_owned(),
            days: days.iter().map(|day| day.date).collect(),
            series,
        }
        .svg()
    };
    let volume = lines(
        "Conversations by day",
        vec![
            line("began", true, |day| day.began),
            line("closed", false, |day| day.closed),
        ],
    );
    let backlog = lines(
        "Backlog by day",
        vec![
            line("open", true, |day| day.open),
            line("snoozed", false, |day| day.snoozed),
        ],
    );
    let rows = |one: fn(&trunkline_mirror::analytics::figures::Day) -> [u64; 2]| {
        days.iter()
            .map(|day| {
                let [first, second] = one(day);
                vec![day.date.to_string(), words::count(first), words::count(second)]
            })
            .collect()
    };
    html! {
        (chart("volume", "Volume", "Conversations that began and that were closed, by day.", &["began", "closed"], volume,
            &["Day", "Began", "Closed"], rows(|day| [day.began, day.closed])))
        (chart("backlog", "Backlog", "Conversations that were not closed at the end of each day.", &["open", "snoozed"], backlog,
            &["Day", "Open", "Snoozed"], rows(|day| [day.open, day.snoozed])))
    }
}

fn hours(report: &Report) -> Markup {
    let svg = Heat {
        title: "Conversations that contacts began, by weekday and hour".to_owned(),
        rows: WEEKDAYS.map(str::to_owned).into(),
        columns: (0..24).map(|hour| format!("{hour:02}")).collect(),
        cells: report.figures.hours.iter().map(|row| row.to_vec()).collect(),
    }
    .svg();
    let mut columns = vec!["Hour"];
    columns.extend(WEEKDAYS);
    let rows = (0..24)
        .map(|hour| {
            let mut row = vec![format!("{hour:02}:00")];
            row.extend(report.figures.hours.iter().map(|day| words::count(day[hour])));
            row
        })
        .collect();
    let what = format!(
        "When contacts began conversations, by the clock of {}; the darker, the more.",
        report.about.time_zone
    );
    chart("hours", "Busiest hours", &what, &[], svg, &columns, rows)
}

fn ratings(report: &Report) -> Markup {
    let ratings = &report.figures.ratings;
    if ratings.count == 0 {
        return parts::section(
            "ratings",
            "Ratings",
            &html! { p class="quiet" { "No conversation of this time was rated." } },
        );
    }
    let svg = Bars {
        title: "Ratings".to_owned(),
        labels: (1..=5).map(|value| value.to_string()).collect(),
        series: vec![("conversations".to_owned(), ratings.by_value.to_vec())],
    }
    .svg();
    let what = format!(
        "From 1 to 5: {}, {} in the mean.",
        words::some(ratings.count, "rating"),
        plain::rating(ratings.average)
    );
    let rows = (1..=5)
        .zip(ratings.by_value)
        .map(|(value, count)| vec![value.to_string(), words::count(count)])
        .collect();
    chart(
        "ratings",
        "Ratings",
        &what,
        &[],
        svg,
        &["Rating", "Conversations"],
        rows,
    )
}

fn figures(report: &Report) -> Markup {
    let (figures, totals) = (&report.figures, &report.figures.totals);
    let share = |part: u64, whole: u64| match whole {
        0 => "–".to_owned(),
        _ => format!("{:.0} %", part as f64 * 100.0 / whole as f64),
    };
    let tiles = [
        (
            "Conversations",
            words::count(totals.conversations),
            format!("{} begun by contacts", words::count(totals.begun_by_contacts)),
        ),
        (
            "First response",
            plain::duration(figures.first_response.minutes.median),
            "median".to_owned(),
        ),
        (
            "Resolution",
            plain::duration(figures.resolution.minutes.median),
            "median".to_owned(),
        ),
        (
            "Answered",
            share(totals.answered, totals.asked),
            format!("{} still waiting", words::count(totals.waiting)),
        ),
        (
            "Closed",
            share(totals.closed, totals.conversations),
            format!("{} reopened", words::count(totals.reopened)),
        ),
        (
            "Rating",
            plain::rating(figures.ratings.average),
            words::some(figures.ratings.count, "rating"),
        ),
    ];
    html! {
        dl class="figures" {
            @for (name, value, more) in tiles { div { dt { (name) } dd { (value) } dd class="more" { (more) } } }
        }
    }
}

fn table(id: &str, title: &str, (heads, rows): plain::Table<'_>) -> Markup {
    let count = rows.len();
    let cells = rows
        .into_iter()
        .take(LINES)
        .map(|row| {
            row.into_iter()
                .map(|cell| html! { span class="short" { (cell) } })
                .collect()
        })
        .collect();
    html! {
        @if count > 0 {
            (parts::section(id, title, &html! {
                (parts::table(title, &heads, cells))
                @if count > LINES { p class="quiet" { "And " (words::count((count - LINES) as u64)) " more, which the file has." } }
            }))
        }
    }
}

/// A report as far as it is known.
fn made(visit: &Visit, report: &Soon<Report>) -> Markup {
    match report {
        Soon::Known(report) => whole(report),
        Soon::Older(report, at) => html! {
            p class="quiet" role="status" { "As it was " (parts::moment(*at, visit.now())) "; the report of now is being made and takes this one's place." }
            (whole(report))
        },
        Soon::NotYet => html! {
            div role="status" {
                (parts::empty(visit, "clock", "The report is being made", "It appears here by itself.", Some(html! {
                    noscript { "Without scripts: load this page again in a moment." }
                })))
            }
        },
    }
}

fn whole(report: &Report) -> Markup {
    let about = &report.about;
    html! {
        p class="quiet" { (about.workspace) ", " (about.first_day) " to " (about.last_day) ", " (about.time_zone) "." }
        @for remark in &report.remarks { p class="quiet" { (remark) } }
        (figures(report))
        div class="charts" {
            (times("first-response", "Time to first response", "From the contact's first message to a teammate's first answer", &report.figures.first_response))
            (times("resolution", "Time to resolution", "From the beginning to the last close", &report.figures.resolution))
            (days(report))
            (hours(report))
            (ratings(report))
        }
        @let office = report.figures.first_response.office_minutes.is_some();
        (table("admins", "By teammate", plain::admins(&report.figures.admins, office)))
        (table("teams", "By team", plain::groups("Team", &report.figures.teams, office)))
        (table("tags", "By tag", plain::groups("Tag", &report.figures.tags, office)))
        (table("companies", "By company", plain::groups("Company", &report.figures.companies, office)))
        p class="hint" { "Figures are of conversations that began in this time, as they stand in the mirror; the backlog is of all of them. Bots and notes are no answer." }
    }
}

impl View for One {
    fn title(&self) -> String {
        "Reports".to_owned()
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        self.report.as_ref().map(|_| {
            let path = format!("{}?{}", visit.to(FILE), self.asked.with("format", "csv"));
            html! { a class="button" href=(path) download { (parts::icon(visit, "out")) "CSV" } }
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        if self.mirrors.is_empty() {
            let next = visit
                .may(Role::Admin)
                .then(|| parts::first_link(visit, "/mirrors/new", Some("plus"), "Mirror a workspace"));
            let text = "When a workspace's conversations are mirrored, how the work goes is shown here: answers, backlog, busy hours, ratings.";
            return parts::empty(visit, "chart", "Nothing is mirrored yet", text, next);
        }
        let fields = FIELDS.map(|(name, _, _)| name);
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &fields))
            (self.form(visit))
            @if let Some(report) = &self.report { (parts::region(REPORT, &made(visit, report))) }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        let report = self.report.as_ref();
        report
            .map(|report| (REPORT, made(visit, report)))
            .into_iter()
            .collect()
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let mirrors = || vec!["main".to_owned(), "se<c>ond".to_owned()];
        let wrong = Refusal::of_field("from", "\"soon\" is no day");
        vec![
            ("none", Self::default()),
            (
                "wrong",
                Self {
                    mirrors: mirrors(),
                    asked: Fields::of(&[("from", "soon\"><i>")]),
                    refusal: Some(wrong),
                    ..Self::default()
                },
            ),
            (
                "usual",
                Self {
                    mirrors: mirrors(),
                    report: Some(Soon::Known(sample(12))),
                    ..Self::default()
                },
            ),
            (
                "older",
                Self {
                    mirrors: mirrors(),
                    report: Some(Soon::Older(sample(12), Timestamp::UNIX_EPOCH)),
                    ..Self::default()
                },
            ),
            (
                "not yet",
                Self {
                    mirrors: mirrors(),
                    report: Some(Soon::NotYet),
                    ..Self::default()
                },
            ),
            (
                "nothing",
                Self {
                    mirrors: mirrors(),
                    report: Some(Soon::Known(sample(0))),
                    ..Self::default()
                },
            ),
        ]
    }
}

/// A report of so many conversations.
#[cfg(test)]
fn sample(count: u64) -> Report {
    use trunkline_mirror::analytics::{
        figures::{BUCKETS, Bucket, Day, Figures, GroupLine, Ratings, Spread, Totals},
        read::About,
    };
    let times = || Times {
        count,
        minutes: Spread {
            median: Some(12.5),
            ..Spread::default()
        },
        office_minutes: Some(Spread::default()),
        buckets: BUCKETS
            .iter()
            .map(|(_, label)| Bucket {
                label,
                count,
                office_count: Some(count / 2),
            })
            .collect(),
    };
    let line = |name: &str| GroupLine {
        id: "1".to_owned(),
        name: name.to_owned(),
        conversations: count,
        answered: count,
        first_response: Some(3.0),
        office_first_response: None,
        closed: count,
        resolution: None,
        office_resolution: None,
        ratings: 1,
        average_rating: Some(4.5),
    };
    let day = |date: &str| Day {
        date: date.parse().expect("a day"),
        began: count,
        closed: count / 2,
        open: count,
        snoozed: 1,
    };
    Report {
        about: About {
            workspace: "Ducks <b>".to_owned(),
            from: "2026-02-01T00:00:00Z".parse().expect("a moment"),
            to: "2026-03-01T00:00:00Z".parse().expect("a moment"),
            first_day: "2026-02-01".to_owned(),
            last_day: "2026-02-28".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            team: None,
            tag: None,
            company: None,
            office_hours: None,
            mirrored_at: None,
        },
        remarks: vec!["Not <all> of it.".to_owned()],
        figures: Figures {
            totals: Totals {
                conversations: count,
                asked: count,
                answered: count / 2,
                ..Totals::default()
            },
            first_response: times(),
            resolution: times(),
            days: vec![day("2026-02-01"), day("2026-02-02")],
            hours: [[count; 24]; 7],
            ratings: Ratings {
                count,
                by_value: [count; 5],
                ..Ratings::default()
            },
            teams: vec![line("<script>Team"); 3],
            admins: Vec::new(),
            tags: vec![line("tag"); 50],
            companies: Vec::new(),
        },
    }
}

fn query(fields: &Fields) -> ReportQuery {
    ReportQuery {
        from: fields.given("from"),
        to: fields.given("to"),
        team: fields.given("team"),
        tag: fields.given("tag"),
        company: fields.given("company"),
        time_zone: fields.given("time_zone"),
        office_hours: fields.given("office_hours"),
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(all) = mirrors::list(State(asked.shared.clone())).await?;
    let mut one = One {
        mirrors: all.items.into_iter().map(|mirror| mirror.name).collect(),
        asked: asked.query,
        ..One::default()
    };
    let Some(mirror) = one.asked.given("mirror").or_else(|| one.mirrors.first().cloned()) else {
        return Ok(one);
    };
    match reports::report_soon(&asked.shared, &mirror, query(&one.asked)).await {
        Ok(report) => one.report = Some(report),
        // What cannot be reported is said above the form, which holds what was asked.
        Err(refusal) if refusal.status.is_client_error() => one.refusal = Some(refusal),
        Err(refusal) => return Err(refusal),
    }
    Ok(one)
}

async fn file(asked: Asked) -> Result<Response, Refusal> {
    let Json(all) = mirrors::list(State(asked.shared.clone())).await?;
    let first = all.items.into_iter().next().map(|mirror| mirror.name);
    let mirror = asked.query.given("mirror").or(first).unwrap_or_default();
    let report = reports::report(&asked.shared, &mirror, query(&asked.query)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"report.csv\""),
    ];
    Ok((headers, plain::csv(&report)).into_response())
}
