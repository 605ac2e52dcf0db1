//! SVG text, with everything that was not written here escaped.

use std::fmt::Write as _;

use super::WIDTH;

/// Text as HTML and SVG read it, in elements and in attributes with double or single quotes. Characters that no document
/// may hold become U+FFFD.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            // What turns the direction of text around could show a name as something that it is not.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            character if character.is_control() => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}

/// An SVG that is being written.
pub(super) struct Svg {
    text: String,
}

/// Where a text stands at its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// `title` is what the chart shows, for whoever cannot see it.
    pub(super) fn new(height: f64, title: &str) -> Self {
        Self {
            text: format!(
                "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">",
                escape(title)
            ),
        }
    }

    pub(super) fn raw(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a string does not fail.
        let _ = self.text.write_fmt(text);
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.raw(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    pub(super) fn level(&mut self, y: f64, left: f64, right: f64) {
        self.raw(format_args!(
            "<line class=\"grid\" x1=\"{left:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>"
        ));
    }

    /// A box with a title of its own.
    pub(super) fn rect(&mut self, class: &str, place: [f64; 4], rest: &str, title: &str) {
        let [x, y, width, height] = place;
        let title = escape(title);
        self.raw(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"{rest}>\
             <title>{title}</title></rect>"
        ));
    }

    pub(super) fn end(mut self) -> String {
        self.text.push_str("</svg>");
        self.text
    }
}

/// A scale from 0 on: the step of its marks, and how many there are.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "steps are 1, 2 or 5 times a power of ten, and there are at most six"
)]
pub(super) fn scale(most: u64) -> (u64, u64) {
    let wanted = (most.max(1) as f64 / 5.0).max(1.0);
    let power = 10_f64.powf(wanted.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= wanted - 1e-9)
        .unwrap_or(10.0 * power)
        .round()
        .max(1.0) as u64;
    (step, most.max(1).div_ceil(step))
}

/// A count with thousands apart.
pub(super) fn count(value: u64) -> String {
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
