//! A bar for rows that are being published: how many, how fast, until when, and what is in the way.
//!
//! The one rule: nothing is drawn when standard error is not a terminal, or when a machine asked for JSON.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use trunkline_actions::publish::Live;

/// The bar.
#[derive(Debug)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    /// Starts drawing, if anyone looks: of `total` rows, where that is known, of which `done` are done with.
    pub(crate) fn start(wanted: bool, total: Option<u64>, done: u64) -> Self {
        let bar = wanted.then(|| {
            let bar = match total {
                Some(total) => ProgressBar::new(total).with_style(counted()),
                None => ProgressBar::new_spinner().with_style(uncounted()),
            };
            bar.set_position(done);
            bar.reset_eta();
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self(bar)
    }

    /// Shows how it goes.
    pub(crate) fn show(&self, live: &Live) {
        let Some(bar) = &self.0 else { return };
        let progress = &live.progress;
        bar.set_position(progress.rows);
        let mut message = format!("{} created, {} updated", progress.created, progress.updated);
        if progress.rejected > 0 {
            message.push_str(&format!(", {} rejected", progress.rejected));
        }
        if let Some(waiting) = &live.waiting {
            message.push_str(&format!("; waiting: {waiting}"));
        }
        bar.set_message(message);
    }

    /// Takes the bar away, so that what follows starts on a clean line.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn counted() -> ProgressStyle {
    ProgressStyle::with_template(
        "{bar:32.cyan/blue} {human_pos:>9} of {human_len} {per_sec:.dim} {eta:.dim} {wide_msg:.dim}",
    )
    .expect("the template is a constant that a test reads")
    .progress_chars("━╸─")
}

fn uncounted() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {human_pos:>9} {per_sec:.dim} {wide_msg:.dim}")
        .expect("the template is a constant that a test reads")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_templates_can_be_read() {
        super::counted();
        super::uncounted();
    }
}
