//! Who is at runs and batches: each process under a lease of its own, by which it is known to live.
//!
//! The one rule: a run whose holder has no lease that lasts was left by a process that died. A holder's name is never used twice, so
//! a lease that ended may be forgotten.

use jiff::{SignedDuration, Timestamp};

use crate::{Lease, Store, StoreError, database::Statement};

const PREFIX: &str = "holder/";
/// A lease that ended so long ago says nothing that its absence would not.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// Whether the holder of the row that is called `held` lives at the moment `$1`.
pub(crate) const IS_ALIVE: &str =
    "EXISTS (SELECT 1 FROM leases WHERE leases.name = 'holder/' || held.owner AND leases.expires_at > $1)";

impl Store {
    /// Makes this process known as one that begins runs and batches, under a name of its own. It has to be renewed well before
    /// it ends, with [`keep_holder`](Self::keep_holder).
    pub async fn be_holder(&self, life: SignedDuration, now: Timestamp) -> Result<Lease, StoreError> {
        let forgotten = Statement::new("DELETE FROM leases WHERE name LIKE 'holder/%' AND expires_at < $1")
            .bind(now - FORGOTTEN);
        self.write_one(forgotten).await?;
        let owner = self.entropy.id(now);
        let name = format!("{PREFIX}{owner}");
        self.take_lease(&name, &owner, life, now)
            .await?
            .ok_or(StoreError::Unmet)
    }

    /// Keeps a holder's lease for longer, also after it ended: what nobody took over meanwhile is still held.
    pub async fn keep_holder(
        &self,
        holder: &mut Lease,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        *holder = self
            .take_lease(&holder.name, &holder.owner, life, now)
            .await?
            .ok_or(StoreError::Unmet)?;
        Ok(())
    }

    /// Says that this process goes. What it still holds counts as interrupted from now on.
    pub async fn leave_holder(&self, holder: &Lease) -> Result<(), StoreError> {
        let left = Statement::new("DELETE FROM leases WHERE name = $1 AND owner = $2")
            .bind(&holder.name)
            .bind(&holder.owner);
        self.write_one(left).await.map(drop)
    }
}
