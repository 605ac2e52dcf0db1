//! What was measured, beside what was promised.

use anyhow::Result;
use serde::Serialize;

/// One measured number.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Figure {
    scenario: String,
    figure: String,
    value: f64,
    unit: String,
    /// The promise, when there is one.
    limit: Option<f64>,
    /// Whether `value` keeps it.
    kept: Option<bool>,
}

/// All numbers of a bench.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Figures {
    figures: Vec<Figure>,
}

impl Figures {
    /// A number without a promise.
    pub(super) fn note(&mut self, scenario: &str, figure: &str, value: f64, unit: &str) {
        self.add(scenario, figure, value, unit, None, None);
    }

    /// A number that must not be above `limit`.
    pub(super) fn at_most(&mut self, scenario: &str, figure: &str, value: f64, unit: &str, limit: f64) {
        self.add(scenario, figure, value, unit, Some(limit), Some(value <= limit));
    }

    /// A number that must not be below `limit`.
    pub(super) fn at_least(&mut self, scenario: &str, figure: &str, value: f64, unit: &str, limit: f64) {
        self.add(scenario, figure, value, unit, Some(limit), Some(value >= limit));
    }

    /// A table for people, or JSON.
    pub(super) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
        } else {
            println!("\n{}", self.table());
        }
        Ok(())
    }

    fn add(
        &mut self,
        scenario: &str,
        figure: &str,
        value: f64,
        unit: &str,
        limit: Option<f64>,
        kept: Option<bool>,
    ) {
        let (scenario, figure, unit) = (scenario.to_owned(), figure.to_owned(), unit.to_owned());
        self.figures.push(Figure {
            scenario,
            figure,
            value,
            unit,
            limit,
            kept,
        });
    }

    fn table(&self) -> String {
        let mut text = String::from(
            "| scenario | figure | measured | promised | kept |\n| --- | --- | ---: | ---: | --- |\n",
        );
        for figure in &self.figures {
            let limit = figure
                .limit
                .map_or_else(String::new, |limit| told(limit, &figure.unit));
            let kept = figure.kept.map_or("", |kept| if kept { "yes" } else { "NO" });
            text += &format!(
                "| {} | {} | {} | {limit} | {kept} |\n",
                figure.scenario,
                figure.figure,
                told(figure.value, &figure.unit)
            );
        }
        text
    }
}

/// Counts as they are, ratios and small measures to the hundredth, the rest to the tenth.
fn told(value: f64, unit: &str) -> String {
    let number = if value.fract() == 0.0 && unit.is_empty() {
        format!("{value:.0}")
    } else if value < 10.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    };
    format!("{number} {unit}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_shows() {
        let mut figures = Figures::default();
        figures.at_most("a", "memory", 65.0, "MB", 64.0);
        figures.at_least("b", "speed", 6_000.0, "/s", 5_000.0);
        figures.note("c", "wall", 1.25, "s");
        figures.note("d", "requests", 20_010.0, "");
        let table = figures.table();
        assert!(
            table.contains("| a | memory | 65.0 MB | 64.0 MB | NO |"),
            "{table}"
        );
        assert!(
            table.contains("| b | speed | 6000.0 /s | 5000.0 /s | yes |"),
            "{table}"
        );
        assert!(table.contains("| d | requests | 20010 |  |  |"), "{table}");
        assert!(table.contains("| c | wall | 1.25 s |  |  |"), "{table}");
    }
}
