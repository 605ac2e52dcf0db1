//! A report as one HTML file: no script, nothing from elsewhere, light and dark.
//!
//! The one rule: whatever comes from the workspace (names of teams, tags, companies, people) passes through
//! [`escape`]. Read `page/style.css` for how it looks.

use std::fmt::Write as _;

use super::{
    charts::{self, Bars, Heat, Lines, Series, escape},
    figures::{AdminLine, GroupLine, Times},
    plain::{count, duration, rating},
    read::Report,
};

/// Rows of a table that the page shows; the JSON has them all.
const ROWS: usize = 40;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The page.
#[must_use]
pub fn html(report: &Report) -> String {
    let figures = &report.figures;
    let mut page = Page::default();
    page.head(report);
    page.tiles(report);
    page.raw("<div class=\"charts\">");
    page.times(
        "Time to first response",
        "after the contact's first message",
        &figures.first_response,
    );
    page.times(
        "Time to resolution",
        "from the beginning to the last close",
        &figures.resolution,
    );
    let days = || figures.days.iter().map(|day| day.date).collect();
    page.chart(
        "Volume",
        "conversations that began and that were closed, by day",
        &["began", "closed"],
        &Lines {
            title: "Conversations by day".to_owned(),
            days: days(),
            series: vec![
                line("began", figures.days.iter().map(|day| day.began), true),
                line("closed", figures.days.iter().map(|day| day.closed), false),
            ],
        }
        .svg(),
    );
    page.chart(
        "Backlog",
        "conversations that were not closed at the end of each day",
        &["open", "snoozed"],
        &Lines {
            title: "Backlog by day".to_owned(),
            days: days(),
            series: vec![
                line("open", figures.days.iter().map(|day| day.open), true),
                line("snoozed", figures.days.iter().map(|day| day.snoozed), false),
            ],
        }
        .svg(),
    );
    page.chart(
        "Busiest hours",
        "when contacts began conversations",
        &[],
        &Heat {
            title: "Conversations that contacts began, by weekday and hour".to_owned(),
            rows: WEEKDAYS.map(str::to_owned).into(),
            columns: (0..24).map(|hour| format!("{hour:02}")).collect(),
            cells: figures.hours.iter().map(|row| row.to_vec()).collect(),
        }
        .svg(),
    );
    page.ratings(report);
    page.raw("</div>");
    let office = figures.first_response.office_minutes.is_some();
    page.admins(&figures.admins, office);
    page.groups("By team", "Team", &figures.teams, office);
    page.groups("By tag", "Tag", &figures.tags, office);
    page.groups("By company", "Company", &figures.companies, office);
    page.foot(report);
    page.text
}

fn line(name: &str, values: impl Iterator<Item = u64>, filled: bool) -> Series {
    Series {
        name: name.to_owned(),
        values: values.collect(),
        filled,
    }
}

/// The page as far as it is written.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a string does not fail.
        let _ = self.text.write_fmt(text);
    }

    fn head(&mut self, report: &Report) {
        let about = &report.about;
        let workspace = escape(if about.workspace.is_empty() {
            "Workspace"
        } else {
            &about.workspace
        });
        let span = format!("{} to {}", escape(&about.first_day), escape(&about.last_day));
        self.put(format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>{workspace}: {span}</title><style>{}\n{}</style></head><body>\
             <header><h1>{workspace}</h1><p>{span}, {}",
            charts::STYLE,
            include_str!("page/style.css"),
            escape(&about.time_zone),
        ));
        for (what, value) in [
            ("team", &about.team),
            ("tag", &about.tag),
            ("company", &about.company),
            ("office hours", &about.office_hours),
        ] {
            if let Some(value) = value {
                self.put(format_args!(" · {what}: <b>{}</b>", escape(value)));
            }
        }
        self.raw("</p>");
        for remark in &report.remarks {
            self.put(format_args!("<p class=\"remark\">{}</p>", escape(remark)));
        }
        self.raw("</header><main>");
    }

    fn tile(&mut self, name: &str, value: &str, more: &str) {
        self.put(format_args!(
            "<div class=\"tile\"><span>{}</span><b>{}</b><small>{}</small></div>",
            escape(name),
            escape(value),
            escape(more)
        ));
    }

    fn tiles(&mut self, report: &Report) {
        let (figures, totals) = (&report.figures, &report.figures.totals);
        self.raw("<section class=\"tiles\">");
        self.tile(
            "Conversations",
            &count(totals.conversations),
            &format!("{} begun by contacts", count(totals.begun_by_contacts)),
        );
        for (name, times, whose) in [
            ("First response", &figures.first_response, "answered"),
            ("Resolution", &figures.resolution, "closed"),
        ] {
            let office = times.office_minutes.and_then(|spread| spread.median);
            let more = office.map_or_else(
                || format!("median of {} {whose}", count(times.count)),
                |minutes| format!("median; {} in office hours", duration(Some(minutes))),
            );
            self.tile(name, &duration(times.minutes.median), &more);
        }
        self.tile(
            "Answered",
            &share(totals.answered, totals.asked),
            &format!("{} of {}", count(totals.answered), count(totals.asked)),
        );
        self.tile(
            "Still waiting",
            &count(totals.waiting),
            &format!("{} closed unanswered", count(totals.closed_unanswered)),
        );
        self.tile(
            "Closed",
            &share(totals.closed, totals.conversations),
            &format!("{} reopened", count(totals.reopened)),
        );
        self.tile(
            "Rating",
            &rating(figures.ratings.average),
            &figures.ratings.positive_percent.map_or_else(
                || "none yet".to_owned(),
                |percent| format!("{percent:.0} % of {} are 4 or 5", count(figures.ratings.count)),
            ),
        );
        self.raw("</section>");
    }

    fn chart(&mut self, name: &str, what: &str, legend: &[&str], svg: &str) {
        self.put(format_args!(
            "<figure><figcaption><h2>{}</h2><p>{}</p>",
            escape(name),
            escape(what)
        ));
        if !legend.is_empty() {
            self.raw("<p class=\"legend\">");
            for (place, name) in legend.iter().enumerate() {
                self.put(format_args!(
                    "<span class=\"k{}\">{}</span>",
                    place + 1,
                    escape(name)
                ));
            }
            self.raw("</p>");
        }
        self.put(format_args!("</figcaption>{svg}</figure>"));
    }

    fn times(&mut self, name: &str, what: &str, times: &Times) {
        let mut series = vec![(
            "minutes that passed".to_owned(),
            times.buckets.iter().map(|bucket| bucket.count).collect(),
        )];
        let within: Option<Vec<u64>> = times.buckets.iter().map(|bucket| bucket.office_count).collect();
        let mut legend = vec!["by the clock"];
        if let Some(within) = within {
            series.push(("minutes in office hours".to_owned(), within));
            legend.push("within office hours");
        }
        let what = format!(
            "{what}; {} conversations, median {}, nine in ten within {}",
            count(times.count),
            duration(times.minutes.median),
            duration(times.minutes.within_90_percent)
        );
        self.chart(
            name,
            &what,
            &legend,
            &Bars {
                title: name.to_owned(),
                labels: times
                    .buckets
                    .iter()
                    .map(|bucket| bucket.label.to_owned())
                    .collect(),
                series,
            }
            .svg(),
        );
    }

    fn ratings(&mut self, report: &Report) {
        let ratings = &report.figures.ratings;
        let svg = if ratings.count == 0 {
            "<p class=\"empty\">No conversation of this time was rated.</p>".to_owned()
        } else {
            Bars {
                title: "Ratings".to_owned(),
                labels: (1..=5).map(|value| value.to_string()).collect(),
                series: vec![("conversations".to_owned(), ratings.by_value.to_vec())],
            }
            .svg()
        };
        let what = format!(
            "from 1 to 5; {} ratings, {} on average",
            count(ratings.count),
            rating(ratings.average)
        );
        self.chart("Ratings", &what, &[], &svg);
    }

    /// A table: its heads, and a row of cells for each line. The first column is text, the others are numbers.
    fn table(&mut self, name: &str, heads: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        self.put(format_args!(
            "<section class=\"table\"><h2>{}</h2><div class=\"scroll\"><table><thead><tr>",
            escape(name)
        ));
        for head in heads {
            self.put(format_args!("<th>{}</th>", escape(head)));
        }
        self.raw("</tr></thead><tbody>");
        for row in rows.iter().take(ROWS) {
            self.raw("<tr>");
            for cell in row {
                self.put(format_args!("<td>{}</td>", escape(cell)));
            }
            self.raw("</tr>");
        }
        self.raw("</tbody></table></div>");
        if rows.len() > ROWS {
            self.put(format_args!(
                "<p class=\"more\">and {} more, which the JSON has</p>",
                count((rows.len() - ROWS) as u64)
            ));
        }
        self.raw("</section>");
    }

    fn groups(&mut self, name: &str, first: &str, lines: &[GroupLine], office: bool) {
        let (heads, rows) = super::plain::groups(first, lines, office);
        self.table(name, &heads, &rows);
    }

    fn admins(&mut self, lines: &[AdminLine], office: bool) {
        let (heads, rows) = super::plain::admins(lines, office);
        self.table("By teammate", &heads, &rows);
    }

    fn foot(&mut self, report: &Report) {
        self.raw(
            "</main><footer><p>Figures are of conversations that began in this time, as they stand in the mirror; the backlog is of \
             all. First response: from the contact's first message to the first answer that a teammate wrote; bots and notes do \
             not count. Resolution: from the beginning to the last close, of conversations that are closed.</p>",
        );
        if let Some(at) = report.about.mirrored_at {
            self.put(format_args!(
                "<p>Mirror of {}. Made by Trunkline.</p>",
                escape(&at.to_string())
            ));
        }
        self.raw("</footer></body></html>\n");
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of conversations are far below 2^52"
)]
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.0} %", part as f64 * 100.0 / whole as f64)
}

#[cfg(test)]
mod tests;
