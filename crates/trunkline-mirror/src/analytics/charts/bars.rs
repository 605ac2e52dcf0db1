//! Bars that stand side by side.

use super::{
    WIDTH,
    svg::{Anchor, Svg, count, scale},
};

/// Bars: a group for each label, a bar for each series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bars {
    /// What the chart shows.
    pub title: String,
    /// What each group is.
    pub labels: Vec<String>,
    /// What each series is called, and its value for each label; at most three.
    pub series: Vec<(String, Vec<u64>)>,
}

const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 24.0;

impl Bars {
    /// The chart.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "places and counts that are drawn")]
    pub fn svg(&self) -> String {
        let mut svg = Svg::new(HEIGHT, &self.title);
        let most = self
            .series
            .iter()
            .flat_map(|(_, values)| values)
            .copied()
            .max()
            .unwrap_or(0);
        let (step, steps) = scale(most);
        let floor = HEIGHT - BOTTOM;
        let tall = floor - TOP;
        for mark in 0..=steps {
            let y = floor - tall * mark as f64 / steps as f64;
            svg.level(y, LEFT, WIDTH);
            svg.text(LEFT - 6.0, y + 4.0, Anchor::End, &count(mark * step));
        }
        let wide = (WIDTH - LEFT) / self.labels.len().max(1) as f64;
        let bar = (wide * 0.7 / self.series.len().max(1) as f64).min(48.0);
        for (place, label) in self.labels.iter().enumerate() {
            let middle = LEFT + wide * (place as f64 + 0.5);
            svg.text(middle, HEIGHT - 8.0, Anchor::Middle, label);
            let first = middle - bar * self.series.len() as f64 / 2.0;
            for (at, (name, values)) in self.series.iter().enumerate() {
                let value = values.get(place).copied().unwrap_or(0);
                let high = tall * value as f64 / (step * steps) as f64;
                let title = format!("{label}, {name}: {}", count(value));
                let x = first + bar * at as f64;
                svg.rect(
                    &format!("s{}", at + 1),
                    [x, floor - high, (bar - 2.0).max(1.0), high],
                    " rx=\"2\"",
                    &title,
                );
            }
        }
        svg.end()
    }
}
