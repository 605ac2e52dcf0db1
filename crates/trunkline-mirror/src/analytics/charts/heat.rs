//! A heat map: the more, the darker.

use super::{
    WIDTH,
    svg::{Anchor, Svg, count},
};

/// A grid of counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heat {
    /// What the chart shows.
    pub title: String,
    /// What each row is.
    pub rows: Vec<String>,
    /// What each column is; every third is written above.
    pub columns: Vec<String>,
    /// A row of counts for each row.
    pub cells: Vec<Vec<u64>>,
}

const LEFT: f64 = 44.0;
const TOP: f64 = 18.0;
const ROW: f64 = 24.0;

impl Heat {
    /// The chart.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "places and counts that are drawn")]
    pub fn svg(&self) -> String {
        let mut svg = Svg::new(TOP + ROW * self.rows.len() as f64 + 4.0, &self.title);
        let most = self.cells.iter().flatten().copied().max().unwrap_or(0).max(1);
        let wide = (WIDTH - LEFT) / self.columns.len().max(1) as f64;
        for (place, column) in self.columns.iter().enumerate().step_by(3) {
            svg.text(LEFT + wide * place as f64 + 1.0, TOP - 6.0, Anchor::Start, column);
        }
        for (at, row) in self.rows.iter().enumerate() {
            let y = TOP + ROW * at as f64;
            svg.text(LEFT - 6.0, y + ROW / 2.0 + 4.0, Anchor::End, row);
            for (place, column) in self.columns.iter().enumerate() {
                let value = self
                    .cells
                    .get(at)
                    .and_then(|cells| cells.get(place))
                    .copied()
                    .unwrap_or(0);
                // The least that is not nothing can be told from nothing.
                let dark = if value == 0 {
                    0.0
                } else {
                    0.12 + 0.88 * value as f64 / most as f64
                };
                svg.rect(
                    "cell s1",
                    [LEFT + wide * place as f64, y, wide - 2.0, ROW - 2.0],
                    &format!(" rx=\"2\" fill-opacity=\"{dark:.2}\""),
                    &format!("{row} {column}: {}", count(value)),
                );
            }
        }
        svg.end()
    }
}
