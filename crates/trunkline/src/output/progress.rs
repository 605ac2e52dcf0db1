//! Progress of a run on standard error: a bar per stream with a known total, a spinner for the rest.
//!
//! The one rule: nothing is drawn when standard error is not a terminal, or when a machine asked for JSON.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use trunkline_mirror::sync::SyncEvent;

/// The bars of one run.
#[derive(Debug)]
pub(crate) struct Progress {
    bars: Option<Bars>,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    by_stream: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    /// Starts drawing, if anyone looks.
    pub(crate) fn start(wanted: bool) -> Self {
        let bars = wanted.then(|| Bars {
            all: MultiProgress::new(),
            by_stream: Mutex::default(),
        });
        Self { bars }
    }

    /// Shows what happened.
    pub(crate) fn show(&self, event: &SyncEvent) {
        let Some(bars) = &self.bars else { return };
        let mut by_stream = bars
            .by_stream
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            SyncEvent::StreamStarted { stream, expected } => {
                let bar = bars.all.add(match expected {
                    Some(total) => ProgressBar::new(*total).with_style(counted()),
                    None => ProgressBar::new_spinner().with_style(uncounted()),
                });
                bar.set_prefix(stream.to_string());
                bar.enable_steady_tick(Duration::from_millis(200));
                by_stream.insert(stream.to_string(), bar);
            }
            SyncEvent::Progress {
                stream,
                records,
                requests,
            } => {
                if let Some(bar) = by_stream.get(*stream) {
                    bar.set_position(*records);
                    bar.set_message(format!("{requests} requests"));
                }
            }
            SyncEvent::Expected { stream, total } => {
                if let Some(bar) = by_stream.get(*stream) {
                    bar.set_length(*total);
                    bar.set_style(counted());
                }
            }
            SyncEvent::StreamFinished { stream } => {
                if let Some(bar) = by_stream.remove(*stream) {
                    bar.finish_and_clear();
                }
            }
            SyncEvent::Waiting { reason } => {
                for bar in by_stream.values() {
                    bar.set_message(reason.clone());
                }
            }
        }
    }

    /// Takes the bars away, so that the report starts on a clean line.
    pub(crate) fn finish(&self) {
        if let Some(bars) = &self.bars {
            // Fails only when the terminal is gone, and then there is nothing left to clear.
            bars.all.clear().ok();
        }
    }
}

/// A line that says what is waited for, if anyone looks.
pub(crate) fn waiting(wanted: bool, what: &str) -> ProgressBar {
    if !wanted {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_style(uncounted());
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn counted() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:>24} {bar:32.cyan/blue} {human_pos:>9} of {human_len} {msg:.dim}")
        .expect("the template is a constant that a test reads")
        .progress_chars("━╸─")
}

fn uncounted() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:>24} {spinner} {human_pos:>9} {msg:.dim}")
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
