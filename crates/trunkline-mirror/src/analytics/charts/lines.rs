//! Lines over days.

use jiff::civil::Date;

use super::{
    WIDTH,
    svg::{Anchor, Svg, count, scale},
};

/// Lines: a value of each series for each day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// What the chart shows.
    pub title: String,
    /// The days, in order.
    pub days: Vec<Date>,
    /// At most three.
    pub series: Vec<Series>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// What it is called.
    pub name: String,
    /// A value for each day.
    pub values: Vec<u64>,
    /// Whether what is below it is filled.
    pub filled: bool,
}

const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 24.0;
/// How many days are written below, at most.
const MARKS: usize = 6;

impl Lines {
    /// The chart.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "places and counts that are drawn")]
    pub fn svg(&self) -> String {
        let mut svg = Svg::new(HEIGHT, &self.title);
        let values = self.series.iter().flat_map(|series| &series.values);
        let (step, steps) = scale(values.copied().max().unwrap_or(0));
        let floor = HEIGHT - BOTTOM;
        let tall = floor - TOP;
        for mark in 0..=steps {
            let y = floor - tall * mark as f64 / steps as f64;
            svg.level(y, LEFT, WIDTH - RIGHT);
            svg.text(LEFT - 6.0, y + 4.0, Anchor::End, &count(mark * step));
        }
        let gaps = self.days.len().saturating_sub(1).max(1) as f64;
        let wide = WIDTH - LEFT - RIGHT;
        let x = |place: usize| {
            if self.days.len() == 1 {
                LEFT + wide / 2.0
            } else {
                LEFT + wide * place as f64 / gaps
            }
        };
        let every = self.days.len().div_ceil(MARKS).max(1);
        for (place, day) in self.days.iter().enumerate().step_by(every) {
            let anchor = match place {
                0 if self.days.len() > 1 => Anchor::Start,
                place if place + 1 == self.days.len() && place > 0 => Anchor::End,
                _ => Anchor::Middle,
            };
            let form = if self.days.len() > 300 { "%b %Y" } else { "%b %-d" };
            svg.text(x(place), HEIGHT - 8.0, anchor, &day.strftime(form).to_string());
        }
        for (at, series) in self.series.iter().enumerate() {
            let points: Vec<String> = series
                .values
                .iter()
                .enumerate()
                .map(|(place, value)| {
                    let y = floor - tall * *value as f64 / (step * steps) as f64;
                    format!("{:.1},{y:.1}", x(place))
                })
                .collect();
            let (Some(last), number) = (points.len().checked_sub(1), at + 1) else {
                continue;
            };
            if series.filled {
                let (first, last) = (x(0), x(last));
                svg.raw(format_args!(
                    "<polygon class=\"s{number}\" fill-opacity=\".15\" points=\"{first:.1},{floor} {} {last:.1},{floor}\"/>",
                    points.join(" ")
                ));
            }
            if let [only] = points.as_slice() {
                let (x, y) = only.split_once(',').unwrap_or(("0", "0"));
                svg.raw(format_args!(
                    "<circle class=\"s{number}\" cx=\"{x}\" cy=\"{y}\" r=\"3\"/>"
                ));
            } else {
                svg.raw(format_args!(
                    "<polyline class=\"line l{number}\" points=\"{}\"/>",
                    points.join(" ")
                ));
            }
        }
        let half = wide / gaps / 2.0;
        for (place, day) in self.days.iter().enumerate() {
            let told: Vec<String> = self
                .series
                .iter()
                .map(|series| {
                    let value = series.values.get(place).copied().unwrap_or(0);
                    format!("{}: {}", series.name, count(value))
                })
                .collect();
            let left = (x(place) - half).max(LEFT);
            let right = (x(place) + half).min(WIDTH - RIGHT);
            let title = format!("{day}, {}", told.join(", "));
            svg.rect("hit", [left, TOP, right - left, tall], "", &title);
        }
        svg.end()
    }
}
