//! Leases: one of several processes does a thing, for as long as it keeps saying that it is there.
//!
//! The one rule: every time that a lease changes hands its fence grows, and who writes under a lease names its fence; a process
//! that was asleep finds its fence old and its write refused.

use jiff::{SignedDuration, Timestamp};

use crate::{Store, StoreError, database::Statement};

/// A lease that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for, such as `scroll/abcd1234`.
    pub name: String,
    /// Who holds it.
    pub owner: String,
    /// Grows with every change of hands.
    pub fence: i64,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
}

impl Lease {
    /// A statement that undoes its transaction unless the lease is still held. It locks the lease's row until the end.
    pub(crate) fn held(&self) -> Statement {
        Statement::new("UPDATE leases SET fence = fence WHERE name = $1 AND owner = $2 AND fence = $3")
            .bind(&self.name)
            .bind(&self.owner)
            .bind(self.fence)
            .exactly(1)
    }
}

impl Store {
    /// Takes a lease that is free or has ended, or renews one's own. None when somebody else holds it.
    pub async fn take_lease(
        &self,
        name: &str,
        owner: &str,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        let expires_at = now + life;
        let taken = Statement::new(
            "INSERT INTO leases (name, owner, fence, expires_at) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (name) DO UPDATE SET \
             fence = CASE WHEN leases.owner = excluded.owner THEN leases.fence ELSE leases.fence + 1 END, \
             owner = excluded.owner, expires_at = excluded.expires_at \
             WHERE leases.owner = excluded.owner OR leases.expires_at <= $4 RETURNING fence",
        )
        .bind(name)
        .bind(owner)
        .bind(expires_at)
        .bind(now);
        let Some(mut row) = self.write_one(taken).await?.rows.pop() else {
            return Ok(None);
        };
        Ok(Some(Lease {
            name: name.to_owned(),
            owner: owner.to_owned(),
            fence: row.int()?,
            expires_at,
        }))
    }

    /// Until when somebody holds a lease, or last held it; none when nobody ever did.
    pub async fn lease_ends(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let question = Statement::new("SELECT expires_at FROM leases WHERE name = $1").bind(name);
        self.read_one(question)
            .await?
            .map(|mut row| row.moment())
            .transpose()
    }

    /// Keeps a lease for longer; false when it was lost.
    pub async fn renew_lease(
        &self,
        lease: &mut Lease,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let expires_at = now + life;
        let renewed =
            Statement::new("UPDATE leases SET expires_at = $1 WHERE name = $2 AND owner = $3 AND fence = $4")
                .bind(expires_at)
                .bind(&lease.name)
                .bind(&lease.owner)
                .bind(lease.fence);
        let is_held = self.write_one(renewed).await?.changed == 1;
        if is_held {
            lease.expires_at = expires_at;
        }
        Ok(is_held)
    }

    /// Gives a lease back. One that was lost stays with whoever has it now.
    pub async fn end_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let ended =
            Statement::new("UPDATE leases SET expires_at = 0 WHERE name = $1 AND owner = $2 AND fence = $3")
                .bind(&lease.name)
                .bind(&lease.owner)
                .bind(lease.fence);
        self.write_one(ended).await.map(drop)
    }
}
