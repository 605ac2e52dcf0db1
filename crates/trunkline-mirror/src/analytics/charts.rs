//! Charts as SVG: bars, lines and a heat map.
//!
//! The one rule: numbers and labels in, SVG text out. A chart knows nothing of pages, conversations or databases; every
//! label is escaped here, and colours are the variables of [`STYLE`], so that one text is right in light and in dark. Each
//! chart says its numbers in titles too, which a pointer shows and a screen reader reads.

mod bars;
mod heat;
mod lines;
mod svg;

pub use bars::Bars;
pub use heat::Heat;
pub use lines::{Lines, Series};
pub use svg::escape;

/// The style that the charts need, once for each page that shows any.
pub const STYLE: &str = "\
:root{--chart-1:#2f6fde;--chart-2:#e08a00;--chart-3:#12926b;--chart-grid:#d9dee7;--chart-text:#5b6473}\
@media (prefers-color-scheme:dark){:root{--chart-1:#6ea3ff;--chart-2:#f2b23e;--chart-3:#4cc79c;\
--chart-grid:#323a49;--chart-text:#a3adbd}}\
svg.chart{display:block;width:100%;height:auto;font:11px system-ui,sans-serif}\
svg.chart text{fill:var(--chart-text)}\
svg.chart .grid{stroke:var(--chart-grid);stroke-width:1;shape-rendering:crispEdges}\
svg.chart .s1{fill:var(--chart-1)}svg.chart .s2{fill:var(--chart-2)}svg.chart .s3{fill:var(--chart-3)}\
svg.chart .l1{stroke:var(--chart-1)}svg.chart .l2{stroke:var(--chart-2)}svg.chart .l3{stroke:var(--chart-3)}\
svg.chart .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
svg.chart .hit{fill:transparent}svg.chart .hit:hover{fill:var(--chart-text);fill-opacity:.12}\
svg.chart .cell{stroke:var(--chart-grid);stroke-width:1}";

/// How wide every chart is drawn; it is shown at the width of what it stands in.
const WIDTH: f64 = 560.0;

#[cfg(test)]
mod tests;
