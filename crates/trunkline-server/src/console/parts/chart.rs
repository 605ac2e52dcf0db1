//! Small drawings: bars over time, a gauge.
//!
//! The one rule: a drawing says in words what it shows, and is drawn with attributes alone, since the pages' policy allows no inline style.

use maud::{Markup, html};

use crate::console::words;

const WIDTH: u64 = 600;
const HEIGHT: u64 = 96;

/// A series of a chart: its name and a value for each step, oldest first.
pub(crate) struct Series<'s> {
    pub(crate) name: &'s str,
    pub(crate) values: Vec<u64>,
}

/// Bars side by side, each step's series on top of each other; `from` and `to` stand at the ends.
pub(crate) fn bars(title: &str, series: &[Series<'_>], from: &str, to: &str) -> Markup {
    let steps = series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    let total = |step: usize| -> u64 { series.iter().filter_map(|series| series.values.get(step)).sum() };
    let most = (0..steps).map(total).max().unwrap_or(0);
    let sums: Vec<String> = series
        .iter()
        .map(|series| format!("{} {}", words::count(series.values.iter().sum()), series.name))
        .collect();
    let said = format!(
        "{title}: {}; at most {} a minute",
        sums.join(", "),
        words::count(most)
    );
    let boxes = stacked(series, steps, most);
    html! {
        figure class="chart" {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(said) {
                line class="ground" x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
                @for part in &boxes {
                    rect class={ "series-" (part.series) } x=(part.x) y=(part.y) width=(part.width) height=(part.height) rx="1.5" {}
                }
            }
            figcaption {
                span { (from) }
                span class="key" {
                    @for (index, sum) in sums.iter().enumerate() { span class={ "key-" (index + 1) } { (sum) } }
                }
                span { (to) }
            }
        }
    }
}

/// A drawn part of a bar.
struct Part {
    series: usize,
    x: String,
    y: String,
    width: String,
    height: String,
}

fn stacked(series: &[Series<'_>], steps: usize, most: u64) -> Vec<Part> {
    let step_width = WIDTH as f64 / steps.max(1) as f64;
    let scale = HEIGHT as f64 / most.max(1) as f64;
    let mut parts = Vec::new();
    for step in 0..steps {
        let mut below = 0.0;
        for (index, series) in series.iter().enumerate() {
            let height = series.values.get(step).copied().unwrap_or(0) as f64 * scale;
            if height > 0.0 {
                below += height;
                parts.push(Part {
                    series: index + 1,
                    x: short((step as f64 + 0.15) * step_width),
                    y: short(HEIGHT as f64 - below),
                    width: short(step_width * 0.7),
                    height: short(height),
                });
            }
        }
    }
    parts
}

/// A few bars in a line of text: how much, and whether it failed.
pub(crate) fn spark(said: &str, values: &[(u64, bool)]) -> Markup {
    const STEP: usize = 6;
    const HIGH: f64 = 20.0;
    let most = values.iter().map(|(value, _)| *value).max().unwrap_or(0).max(1);
    let width = values.len().max(1) * STEP;
    html! {
        svg class="spark" width=(width) height="20" viewBox={ "0 0 " (width) " 20" } role="img" aria-label=(said) {
            @for (at, (value, failed)) in values.iter().enumerate() {
                // Nothing is a thin line, so that every step is seen.
                @let height = (*value as f64 / most as f64 * HIGH).max(2.0);
                rect class=(if *failed { "failed" } else { "series-1" }) x=(at * STEP) y=(short(HIGH - height)) width=(STEP - 2) height=(short(height)) rx="1" {}
            }
        }
    }
}

/// How much of something is used.
pub(crate) fn gauge(name: &str, used: u64, limit: u64) -> Markup {
    let share = if limit == 0 {
        0.0
    } else {
        (used as f64 / limit as f64).min(1.0)
    };
    // Half a circle of radius 52: its length is what a whole gauge would be.
    let length = std::f64::consts::PI * 52.0;
    let tone = if share > 0.95 {
        "bad"
    } else if share > 0.8 {
        "warn"
    } else {
        "good"
    };
    html! {
        figure class="gauge" {
            svg viewBox="0 0 120 66" role="img" aria-label={ (name) ": " (words::count(used)) " of " (words::count(limit)) " used" } {
                path class="track" d="M8 60a52 52 0 0 1 104 0" {}
                @if share > 0.0 {
                    path class={ "value " (tone) } d="M8 60a52 52 0 0 1 104 0" stroke-dasharray={ (short(length * share)) " " (short(length * 2.0)) } {}
                }
                text x="60" y="56" text-anchor="middle" { (words::count(used)) }
            }
            figcaption { strong { (name) } span class="quiet" { "of " (words::count(limit)) " calls in 10 seconds" } }
        }
    }
}

/// Values with their labels, a line for each; what is below nothing is drawn to the left of it. The table beside it says the same.
pub(crate) fn ranked(title: &str, values: &[(String, f64)]) -> Markup {
    const LINE: f64 = 24.0;
    const LEFT: f64 = 180.0;
    const RIGHT: f64 = 80.0;
    const LONGEST: usize = 26;
    let wide = WIDTH as f64 - LEFT - RIGHT;
    let finite = || {
        values
            .iter()
            .map(|(_, value)| *value)
            .filter(|value| value.is_finite())
    };
    let (least, most) = (finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
    let scale = wide / (most - least).max(f64::MIN_POSITIVE);
    let zero = LEFT - least * scale;
    let height = LINE * values.len() as f64;
    html! {
        figure class="chart ranked" {
            svg viewBox={ "0 0 " (WIDTH) " " (short(height)) } role="img" aria-label={ (title) ", " (words::some(values.len() as u64, "value")) "; the table below says them" } {
                line class="ground" x1=(short(zero)) x2=(short(zero)) y1="0" y2=(short(height)) {}
                @for (at, (label, value)) in values.iter().enumerate() {
                    @let y = LINE * at as f64;
                    @let size = if value.is_finite() { (value * scale).abs() } else { 0.0 };
                    @let from = if *value < 0.0 { zero - size } else { zero };
                    g {
                        title { (label) ": " (value) }
                        text x=(short(LEFT - 8.0)) y=(short(y + 16.0)) text-anchor="end" {
                            @if label.chars().count() > LONGEST { (label.chars().take(LONGEST).collect::<String>()) "…" } @else { (label) }
                        }
                        rect class="series-1" x=(short(from)) y=(short(y + 4.0)) width=(short(size.max(1.0))) height=(short(LINE - 8.0)) rx="2" {}
                        text x=(short(from + size + 6.0)) y=(short(y + 16.0)) { (value) }
                    }
                }
            }
        }
    }
}

fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}
