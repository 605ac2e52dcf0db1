//! A report as Markdown, as CSV and as the cells of a table.
//!
//! The one rule: no cell can end its row or its column. In Markdown what could be markup is escaped; a cell of CSV that a
//! spreadsheet would take for a formula begins with an apostrophe.

use std::fmt::Write as _;

use super::{
    figures::{AdminLine, GroupLine, Times},
    read::Report,
};

/// A count with thousands apart.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Minutes as people say them: `12 min`, `3 h 20 min`, `2 d 4 h`.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "minutes of a conversation are far below 2^63"
)]
pub fn duration(minutes: Option<f64>) -> String {
    let Some(minutes) = minutes else {
        return "–".to_owned();
    };
    if minutes < 1.0 {
        return format!("{:.0} s", minutes * 60.0);
    }
    let whole = minutes.round() as i64;
    let (days, hours, rest) = (whole / 1_440, whole % 1_440 / 60, whole % 60);
    let two = |left: i64, unit: &str, right: i64, small: &str| {
        if right == 0 {
            format!("{left} {unit}")
        } else {
            format!("{left} {unit} {right} {small}")
        }
    };
    if days > 0 {
        two(days, "d", hours, "h")
    } else if hours > 0 {
        two(hours, "h", rest, "min")
    } else {
        format!("{rest} min")
    }
}

/// A mean of ratings.
#[must_use]
pub fn rating(average: Option<f64>) -> String {
    average.map_or_else(|| "–".to_owned(), |average| format!("{average:.2}"))
}

/// The names of columns, and rows of cells.
pub type Table<'h> = (Vec<&'h str>, Vec<Vec<String>>);

/// The cells of teams, tags or companies.
#[must_use]
pub fn groups<'h>(first: &'h str, lines: &[GroupLine], office: bool) -> Table<'h> {
    let mut heads = vec![first, "Conversations", "Answered", "First response"];
    if office {
        heads.push("in office hours");
    }
    heads.extend(["Closed", "Resolution"]);
    if office {
        heads.push("in office hours");
    }
    heads.extend(["Ratings", "Average"]);
    let rows = lines.iter().map(|line| {
        let mut row = vec![
            line.name.clone(),
            count(line.conversations),
            count(line.answered),
            duration(line.first_response),
        ];
        if office {
            row.push(duration(line.office_first_response));
        }
        row.extend([count(line.closed), duration(line.resolution)]);
        if office {
            row.push(duration(line.office_resolution));
        }
        row.extend([count(line.ratings), rating(line.average_rating)]);
        row
    });
    (heads, rows.collect())
}

/// The cells of teammates.
#[must_use]
pub fn admins(lines: &[AdminLine], office: bool) -> Table<'static> {
    let mut heads = vec!["Teammate", "First answers", "First response"];
    if office {
        heads.push("in office hours");
    }
    heads.extend(["Closed", "Resolution"]);
    if office {
        heads.push("in office hours");
    }
    heads.extend(["Assigned, not closed", "Ratings", "Average"]);
    let rows = lines.iter().map(|line| {
        let mut row = vec![
            line.name.clone(),
            count(line.first_responses),
            duration(line.first_response),
        ];
        if office {
            row.push(duration(line.office_first_response));
        }
        row.extend([count(line.closed), duration(line.resolution)]);
        if office {
            row.push(duration(line.office_resolution));
        }
        row.extend([
            count(line.assigned_not_closed),
            count(line.ratings),
            rating(line.average_rating),
        ]);
        row
    });
    (heads, rows.collect())
}

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let (about, figures) = (&report.about, &report.figures);
    let mut out = format!(
        "# {}: {} to {}\n\n",
        escaped(&about.workspace),
        about.first_day,
        about.last_day
    );
    let mut facts = vec![("Time zone", about.time_zone.clone())];
    for (name, value) in [
        ("Team", &about.team),
        ("Tag", &about.tag),
        ("Company", &about.company),
        ("Office hours", &about.office_hours),
    ] {
        facts.extend(value.clone().map(|value| (name, value)));
    }
    for (name, value) in facts {
        put(&mut out, format_args!("- {name}: {}\n", escaped(&value)));
    }
    for remark in &report.remarks {
        put(&mut out, format_args!("- {}\n", escaped(remark)));
    }
    out.push_str("\n## Conversations\n\n");
    let rows: Vec<Vec<String>> = totals(report)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), count(value)])
        .collect();
    table(&mut out, &["Conversations", "Number"], &rows);
    out.push_str("\n## Times\n\n");
    let rows: Vec<Vec<String>> = times(report)
        .into_iter()
        .map(|(name, times)| {
            let office = times.office_minutes.unwrap_or_default();
            vec![
                name.to_owned(),
                count(times.count),
                duration(times.minutes.median),
                duration(times.minutes.within_90_percent),
                duration(times.minutes.mean),
                duration(office.median),
                duration(office.within_90_percent),
            ]
        })
        .collect();
    let heads = [
        "Time",
        "Of",
        "Median",
        "9 in 10 within",
        "Mean",
        "Median in office hours",
        "9 in 10 within",
    ];
    table(&mut out, &heads, &rows);
    out.push_str("\n## How long\n\n");
    let rows: Vec<Vec<String>> = figures
        .first_response
        .buckets
        .iter()
        .zip(&figures.resolution.buckets)
        .map(|(response, resolution)| {
            let office = |count_of: Option<u64>| count_of.map_or_else(|| "–".to_owned(), count);
            vec![
                response.label.to_owned(),
                count(response.count),
                office(response.office_count),
                count(resolution.count),
                office(resolution.office_count),
            ]
        })
        .collect();
    table(
        &mut out,
        &[
            "Time",
            "First responses",
            "in office hours",
            "Resolutions",
            "in office hours",
        ],
        &rows,
    );
    out.push_str("\n## Ratings\n\n");
    let rows: Vec<Vec<String>> = (1..)
        .zip(figures.ratings.by_value)
        .map(|(value, number): (u64, u64)| vec![value.to_string(), count(number)])
        .chain([vec!["Average".to_owned(), rating(figures.ratings.average)]])
        .collect();
    table(&mut out, &["Rating", "Number"], &rows);
    out.push_str("\n## Days\n\n");
    let rows: Vec<Vec<String>> = figures
        .days
        .iter()
        .map(|day| {
            let mut row = vec![day.date.to_string()];
            row.extend([day.began, day.closed, day.open, day.snoozed].map(count));
            row
        })
        .collect();
    table(
        &mut out,
        &["Day", "Began", "Closed", "Open at its end", "Snoozed"],
        &rows,
    );
    out.push_str("\n## Busiest hours\n\n");
    let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
    let mut heads = vec!["Weekday"];
    heads.extend(hours.iter().map(String::as_str));
    let weekdays = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let rows: Vec<Vec<String>> = weekdays
        .iter()
        .zip(&figures.hours)
        .map(|(day, row)| {
            let mut cells = vec![(*day).to_owned()];
            cells.extend(row.iter().map(|number| {
                if *number == 0 {
                    "·".to_owned()
                } else {
                    count(*number)
                }
            }));
            cells
        })
        .collect();
    table(&mut out, &heads, &rows);
    let office = figures.first_response.office_minutes.is_some();
    for (name, (heads, rows)) in [
        ("By teammate", admins(&figures.admins, office)),
        ("By team", groups("Team", &figures.teams, office)),
        ("By tag", groups("Tag", &figures.tags, office)),
        ("By company", groups("Company", &figures.companies, office)),
    ] {
        if !rows.is_empty() {
            put(&mut out, format_args!("\n## {name}\n\n"));
            table(&mut out, &heads, &rows);
        }
    }
    out
}

fn totals(report: &Report) -> [(&'static str, u64); 11] {
    let totals = &report.figures.totals;
    [
        ("all", totals.conversations),
        ("begun by contacts", totals.begun_by_contacts),
        ("in which a contact wrote", totals.asked),
        ("answered", totals.answered),
        ("waiting", totals.waiting),
        ("closed unanswered", totals.closed_unanswered),
        ("closed by a bot", totals.closed_by_bot),
        ("closed", totals.closed),
        ("open", totals.open),
        ("snoozed", totals.snoozed),
        ("reopened", totals.reopened),
    ]
}

fn times(report: &Report) -> [(&'static str, &Times); 2] {
    [
        ("First response", &report.figures.first_response),
        ("Resolution", &report.figures.resolution),
    ]
}

/// The report as CSV: one figure a row, so that one file holds them all.
#[must_use]
pub fn csv(report: &Report) -> String {
    let figures = &report.figures;
    let mut out = "section,id,name,figure,value\r\n".to_owned();
    let mut put = |section: &str, id: &str, name: &str, figure: &str, value: String| {
        let cells = [section, id, name, figure, &value].map(cell);
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    };
    for (name, value) in totals(report) {
        put("conversations", "", "", name, value.to_string());
    }
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for (name, times) in times(report) {
        put("times", "", name, "count", times.count.to_string());
        let office = times.office_minutes.unwrap_or_default();
        for (figure, value) in [
            ("median minutes", times.minutes.median),
            ("minutes of 90 percent", times.minutes.within_90_percent),
            ("mean minutes", times.minutes.mean),
            ("median office minutes", office.median),
            ("office minutes of 90 percent", office.within_90_percent),
            ("mean office minutes", office.mean),
        ] {
            put("times", "", name, figure, number(value));
        }
        for bucket in &times.buckets {
            put("times", "", name, bucket.label, bucket.count.to_string());
        }
    }
    for (value, count) in (1..).zip(figures.ratings.by_value) {
        let value: u64 = value;
        put("ratings", "", "", &value.to_string(), count.to_string());
    }
    put("ratings", "", "", "average", number(figures.ratings.average));
    for day in &figures.days {
        for (figure, value) in [
            ("began", day.began),
            ("closed", day.closed),
            ("open", day.open),
            ("snoozed", day.snoozed),
        ] {
            put("days", "", &day.date.to_string(), figure, value.to_string());
        }
    }
    for (weekday, row) in (1..).zip(&figures.hours) {
        let weekday: u64 = weekday;
        for (hour, value) in row.iter().enumerate() {
            put(
                "hours",
                "",
                &weekday.to_string(),
                &format!("{hour:02}"),
                value.to_string(),
            );
        }
    }
    for (section, lines) in [
        ("teams", &figures.teams),
        ("tags", &figures.tags),
        ("companies", &figures.companies),
    ] {
        for line in lines {
            for (figure, value) in [
                ("conversations", line.conversations.to_string()),
                ("answered", line.answered.to_string()),
                ("median minutes to first response", number(line.first_response)),
                (
                    "median office minutes to first response",
                    number(line.office_first_response),
                ),
                ("closed", line.closed.to_string()),
                ("median minutes to resolution", number(line.resolution)),
                (
                    "median office minutes to resolution",
                    number(line.office_resolution),
                ),
                ("ratings", line.ratings.to_string()),
                ("average rating", number(line.average_rating)),
            ] {
                put(section, &line.id, &line.name, figure, value);
            }
        }
    }
    for line in &figures.admins {
        for (figure, value) in [
            ("first responses", line.first_responses.to_string()),
            ("median minutes to first response", number(line.first_response)),
            (
                "median office minutes to first response",
                number(line.office_first_response),
            ),
            ("closed", line.closed.to_string()),
            ("median minutes to resolution", number(line.resolution)),
            (
                "median office minutes to resolution",
                number(line.office_resolution),
            ),
            ("assigned, not closed", line.assigned_not_closed.to_string()),
            ("ratings", line.ratings.to_string()),
            ("average rating", number(line.average_rating)),
        ] {
            put("teammates", &line.id, &line.name, figure, value);
        }
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string does not fail.
    let _ = out.write_fmt(text);
}

fn table(out: &mut String, heads: &[&str], rows: &[Vec<String>]) {
    put(out, format_args!("| {} |\n", heads.join(" | ")));
    put(
        out,
        format_args!("| --- |{}\n", " ---: |".repeat(heads.len().saturating_sub(1))),
    );
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        put(out, format_args!("| {} |\n", cells.join(" | ")));
    }
}

/// Text in which Markdown, and the HTML inside it, sees nothing of its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let is_word = |character: Option<&char>| character.is_some_and(|character| character.is_alphanumeric());
    let characters: Vec<char> = text.chars().collect();
    for (place, character) in characters.iter().copied().enumerate() {
        let inside = |at: Option<usize>| is_word(at.and_then(|at| characters.get(at)));
        match character {
            // Within a word it marks nothing.
            '_' if inside(place.checked_sub(1)) && inside(place.checked_add(1)) => out.push('_'),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(character);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

fn cell(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok();
    let guard = if !is_number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if guard.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
