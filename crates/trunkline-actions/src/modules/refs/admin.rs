//! The teammate in whose name something is done.
//!
//! The one rule: when nobody is named it is the one whose token it is, and the outcome says so.

use trunkline_client::Call;

use super::id_of;
use crate::{ActionError, Run};

/// The id of the acting teammate: the given one, else whose token this is.
pub(crate) async fn acting_admin(run: &mut Run, given: Option<&str>) -> Result<String, ActionError> {
    if let Some(id) = given {
        return Ok(id.to_owned());
    }
    let me = run.read(Call::new("me.get")).await?;
    let id = id_of(&me).filter(|_| me["type"] == "admin").ok_or_else(|| {
        ActionError::refused(
            "TL0754",
            "no teammate is named, and the token belongs to none",
            "Name who acts with `admin_id` (`trunkline lookup admins`).",
        )
    })?;
    run.note(format!(
        "Done in the name of teammate {id}, whose token this is; `admin_id` names another."
    ));
    Ok(id)
}
