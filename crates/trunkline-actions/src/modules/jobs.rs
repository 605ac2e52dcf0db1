//! A job that Intercom does by and by: looked at until it is done.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};
use trunkline_client::Call;

use crate::{ActionError, Run};

/// How long a job is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is looked at, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// Whether every item of the job was done, once it is over.
pub(crate) async fn wait(run: &mut Run, operation: &'static str, job: &Value) -> Result<bool, ActionError> {
    let id = job["id"].as_str().unwrap_or_default().to_owned();
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let now = run.read(Call::new(operation).path("id", &id)).await?;
        match now["state"].as_str() {
            Some("completed") => return Ok(true),
            Some("completed_with_errors") => return Ok(false),
            _ if began.elapsed() + pause > PATIENCE => {
                return Err(ActionError::refused(
                    "TL0744",
                    format!(
                        "the job {id} is not done after {} minutes",
                        PATIENCE.as_secs() / 60
                    ),
                    format!(
                        "Look again later with `trunkline call {operation} id={id}`; its rows may still be done."
                    ),
                ));
            }
            _ => sleep(pause).await,
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}
