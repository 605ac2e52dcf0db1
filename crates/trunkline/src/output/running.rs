//! The line that shows how a flow's run goes; nothing where nobody looks.

use indicatif::{ProgressBar, ProgressStyle};
use trunkline_flow::engine::Counts;

use super::tables::grouped;

/// A line on standard error.
#[derive(Debug)]
pub(crate) struct Line(Option<ProgressBar>);

impl Line {
    pub(crate) fn start(wanted: bool) -> Self {
        Self(wanted.then(|| {
            let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style)
        }))
    }

    pub(crate) fn show(&self, counts: &Counts) {
        let Some(bar) = &self.0 else { return };
        let delivered: u64 = counts.delivered.values().sum();
        let mut message = format!("{} read, {} delivered", grouped(counts.read), grouped(delivered));
        if counts.dead > 0 {
            message.push_str(&format!(", {} dead letters", grouped(counts.dead)));
        }
        bar.set_message(message);
        bar.tick();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
