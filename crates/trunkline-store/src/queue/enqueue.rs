//! The way into the queue: a batch, in one transaction, each repeat left out.
//!
//! The one rule: numbers are given out by the lane, whose row a transaction holds from its first change to its end; so whoever adds
//! after somebody else has been answered is behind him, whichever process it is.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::{
    NEXT_AT, NewDelivery, kept_word,
    keys::slot,
    rows::{Type, in_lots},
};
use crate::{
    Store, StoreError,
    database::{Statement, Value},
    document,
    fates::written,
    flows,
    journal::check_word,
};

/// How often the number of slots may change under us before we say so.
const ATTEMPTS: usize = 16;
/// More lanes than this side by side nobody needs.
const MOST_SLOTS: u16 = 1_024;

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enqueued {
    /// Deliveries that wait now.
    pub new: u64,
    /// Those whose dedupe key is known: they wait already, or were delivered.
    pub repeats: u64,
}

/// What is done about a dedupe key that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The delivery is left out.
    LeftOut,
    /// The key is that of the delivery itself, on its way back.
    Taken,
}

/// The deliveries of one flow and destination.
type Queues<'d> = BTreeMap<(&'d str, &'d str), Vec<&'d NewDelivery>>;

impl Store {
    /// Adds deliveries, all of them or none; when this returns, they are on disk.
    ///
    /// `slots` says over how many lanes the keys of one flow and destination are spread, which is how many of its deliveries can be
    /// under way at once. Another number takes effect when nothing with a key waits there any more, so that no key changes its lane
    /// while it has deliveries in it.
    ///
    /// # Errors
    /// TL0507 when there is no such flow; TL0510 for names that cannot be kept, records that are not JSON, and slots that cannot be.
    pub async fn enqueue(
        &self,
        batch: &[NewDelivery],
        slots: u16,
        now: Timestamp,
    ) -> Result<Enqueued, StoreError> {
        for delivery in batch {
            delivery.check()?;
        }
        if slots == 0 || slots > MOST_SLOTS {
            return Err(StoreError::Invalid {
                what: format!("{slots} slots"),
                reason: "are none or more than 1024",
            });
        }
        let queues = by_queue(batch);
        if queues.is_empty() {
            return Ok(Enqueued::default());
        }
        let spread = self.spread();
        let mut chosen: BTreeMap<(&str, &str), u16> = BTreeMap::new();
        for _ in 0..ATTEMPTS {
            let mut statements = Vec::new();
            let mut adding = Vec::new();
            for (queue, deliveries) in &queues {
                let slots = chosen.get(queue).copied().unwrap_or(slots);
                let entering = entering(*queue, slots, deliveries, Repeats::LeftOut, (now, spread));
                adding.extend(entering.adding.clone().map(|index| statements.len() + index));
                statements.extend(entering.statements);
            }
            match self.write(statements).await {
                Ok(done) => {
                    let new = adding.iter().map(|index| done[*index].changed).sum();
                    return Ok(Enqueued {
                        new,
                        repeats: batch.len() as u64 - new,
                    });
                }
                Err(StoreError::Unmet) => {
                    for queue in queues.keys() {
                        if let Some(used) = self.slots_in_use(*queue).await? {
                            chosen.insert(*queue, used);
                        } else {
                            chosen.remove(queue);
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unmet)
    }

    /// Where the first delivery without a key goes; the others follow it, each into the next slot.
    pub(crate) fn spread(&self) -> u64 {
        u64::from_le_bytes(self.entropy.bytes())
    }

    /// Over how many lanes the keys are spread that wait for a destination now, if any do.
    ///
    /// # Errors
    /// TL0507 when there is no such flow.
    pub(crate) async fn slots_in_use(
        &self,
        (flow, destination): (&str, &str),
    ) -> Result<Option<u16>, StoreError> {
        self.find_flow(flow)
            .await?
            .ok_or_else(|| flows::not_found(flow))?;
        let question = Statement::new(
            "SELECT slots FROM flow_lanes WHERE flow = $1 AND destination = $2 AND is_loose = 0 AND pending > 0 LIMIT 1",
        )
        .bind(flow)
        .bind(destination);
        let Some(mut row) = self.read_one(question).await? else {
            return Ok(None);
        };
        let slots = row.int()?;
        u16::try_from(slots).map(Some).map_err(|_| StoreError::Damaged {
            what: format!("{slots} slots"),
        })
    }
}

impl NewDelivery {
    fn check(&self) -> Result<(), StoreError> {
        check_word("the flow's name", &self.flow)?;
        check_word("the destination's name", &self.destination)?;
        if let Some(run) = &self.run {
            check_word("the run's id", run)?;
        }
        document::check("the record", &self.record)?;
        for (what, text) in [
            ("the record's head", &self.head),
            ("the source's record", &self.source_record),
        ] {
            text.as_deref()
                .map_or(Ok(()), |text| document::check(what, text))?;
        }
        Ok(())
    }
}

/// A batch by queues; of several with one dedupe key the first.
fn by_queue(batch: &[NewDelivery]) -> Queues<'_> {
    let mut queues = Queues::new();
    let mut keys = HashSet::new();
    for delivery in batch {
        if let Some(key) = &delivery.dedupe_key
            && !keys.insert((&delivery.flow, &delivery.destination, key))
        {
            continue;
        }
        queues
            .entry((&delivery.flow, &delivery.destination))
            .or_default()
            .push(delivery);
    }
    queues
}

/// The statements that add deliveries to one queue.
pub(crate) struct Entering {
    pub(crate) statements: Vec<Statement>,
    /// Which of them add deliveries, one a changed row.
    pub(crate) adding: std::ops::Range<usize>,
}

/// A lane's share of a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    is_loose: bool,
    slot: i64,
}

/// How to add deliveries to one queue, inside somebody's transaction. Undone when there is no such flow, or other slots are in use.
pub(crate) fn entering(
    (flow, destination): (&str, &str),
    slots: u16,
    deliveries: &[&NewDelivery],
    repeats: Repeats,
    (now, spread): (Timestamp, u64),
) -> Entering {
    let mut statements = vec![
        Statement::new(
            "SELECT 1 FROM flows WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM flow_lanes \
             WHERE flow = $1 AND destination = $2 AND is_loose = 0 AND slots <> $3 AND pending > 0)",
        )
        .bind(flow)
        .bind(destination)
        .bind(i64::from(slots))
        .exactly(1),
    ];
    let queue: [Value; 2] = [flow.into(), destination.into()];
    let mut counts: BTreeMap<Lane, i64> = BTreeMap::new();
    let mut placed = Vec::with_capacity(deliveries.len());
    for (delivery, turn) in deliveries.iter().zip(0..) {
        let lane = lane(delivery, slots, spread.wrapping_add(turn));
        let count = counts.entry(lane).or_default();
        *count += 1;
        placed.push((lane, *count, *delivery));
    }
    // In one order, so that two who add to the same lanes do not wait for each other.
    let lanes: Vec<Vec<Value>> = counts
        .iter()
        .map(|(lane, count)| lane.values([i64::from(slots), *count].map(Value::Int)))
        .collect();
    statements.extend(in_lots(
        (
            "INSERT INTO flow_lanes (flow, destination, is_loose, slot, slots, last, pending, next_at, locked_until, fence, turn, fruitless) \
             SELECT $1, $2, v.column1, v.column2, v.column3, v.column4, 0, 0, 0, 0, 0, 0 FROM (VALUES ",
            ") AS v WHERE true ON CONFLICT (flow, destination, is_loose, slot) DO UPDATE SET last = flow_lanes.last + excluded.last, \
             slots = excluded.slots",
        ),
        &[Type::Int; 4],
        &queue,
        lanes,
    ));
    statements.extend(keys(&queue, &placed, &counts, repeats));
    let from = statements.len();
    statements.extend(records(&queue, &placed, &counts, now));
    let adding = from..statements.len();
    let lanes = counts
        .iter()
        .map(|(lane, count)| lane.values([Value::Int(*count)]))
        .collect();
    let after = ") AS v WHERE flow_lanes.flow = $1 AND flow_lanes.destination = $2 AND flow_lanes.is_loose = v.column1 \
         AND flow_lanes.slot = v.column2";
    let before = format!(
        "UPDATE flow_lanes SET pending = pending + (SELECT count(*) FROM deliveries AS n WHERE n.lane = flow_lanes.id \
         AND n.seq > flow_lanes.last - v.column3), next_at = {NEXT_AT} FROM (VALUES "
    );
    statements.extend(in_lots((&before, after), &[Type::Int; 3], &queue, lanes));
    Entering { statements, adding }
}

/// Each row with its lane. `CROSS` keeps SQLite from looking for the rows of each lane instead of the lane of each row.
const OF_ITS_LANE: &str = ") AS v CROSS JOIN flow_lanes AS l WHERE l.flow = $1 AND l.destination = $2 \
                           AND l.is_loose = v.column1 AND l.slot = v.column2";

/// What keeps the dedupe keys.
fn keys(
    queue: &[Value],
    placed: &[(Lane, i64, &NewDelivery)],
    counts: &BTreeMap<Lane, i64>,
    repeats: Repeats,
) -> Vec<Statement> {
    let mut keyed: Vec<_> = placed
        .iter()
        .filter_map(|(lane, number, delivery)| {
            let key = kept_word(delivery.dedupe_key.as_deref()?).into_owned();
            Some((key, *lane, counts[lane] - number))
        })
        .collect();
    // In one order, as with lanes.
    keyed.sort_by(|one, other| one.0.cmp(&other.0));
    let rows = keyed
        .into_iter()
        .map(|(key, lane, behind)| lane.values([Value::Int(behind), key.into()]))
        .collect();
    let known = match repeats {
        Repeats::LeftOut => "DO NOTHING",
        Repeats::Taken => "DO UPDATE SET lane = excluded.lane, seq = excluded.seq, done_at = NULL",
    };
    let after = format!("{OF_ITS_LANE} ON CONFLICT (flow, destination, dedupe_key) {known}");
    in_lots(
        (
            "INSERT INTO delivery_keys (flow, destination, dedupe_key, lane, seq) \
             SELECT l.flow, l.destination, v.column4, l.id, l.last - v.column3 FROM (VALUES ",
            &after,
        ),
        &[Type::Int, Type::Int, Type::Int, Type::Text],
        queue,
        rows,
    )
}

/// What keeps the deliveries themselves, but for those whose dedupe key is that of another one.
fn records(
    queue: &[Value],
    placed: &[(Lane, i64, &NewDelivery)],
    counts: &BTreeMap<Lane, i64>,
    now: Timestamp,
) -> Vec<Statement> {
    let rows = placed
        .iter()
        .map(|(lane, number, delivery)| {
            lane.values([
                Value::Int(counts[lane] - number),
                delivery.key.as_deref().map(kept_word).map(String::from).into(),
                delivery
                    .dedupe_key
                    .as_deref()
                    .map(kept_word)
                    .map(String::from)
                    .into(),
                (&delivery.record).into(),
                delivery.form.as_str().into(),
                delivery.run.clone().into(),
                delivery.due_at.into(),
                delivery.head.clone().into(),
                delivery.source_record.clone().into(),
                written(delivery.origins.as_ref()),
            ])
        })
        .collect();
    let after = format!(
        "{OF_ITS_LANE} AND (v.column5 IS NULL \
         OR EXISTS (SELECT 1 FROM delivery_keys AS k WHERE k.lane = l.id AND k.seq = l.last - v.column3))"
    );
    let mut first = queue.to_vec();
    first.push(now.into());
    in_lots(
        (
            "INSERT INTO deliveries (lane, seq, is_loose, key, dedupe_key, record, form, run, due_at, head, source_record, origins, \
             enqueued_at, attempts) SELECT l.id, l.last - v.column3, l.is_loose, v.column4, v.column5, v.column6, v.column7, v.column8, v.column9, \
             v.column10, v.column11, v.column12, CAST($3 AS BIGINT), 0 FROM (VALUES ",
            &after,
        ),
        &[
            Type::Int,
            Type::Int,
            Type::Int,
            Type::Text,
            Type::Text,
            Type::Text,
            Type::Text,
            Type::Text,
            Type::Int,
            Type::Text,
            Type::Text,
            Type::Text,
        ],
        &first,
        rows,
    )
}

fn lane(delivery: &NewDelivery, slots: u16, turn: u64) -> Lane {
    match &delivery.key {
        Some(key) => Lane {
            is_loose: false,
            slot: slot(key, slots),
        },
        None => Lane {
            is_loose: true,
            slot: i64::try_from(turn % u64::from(slots.max(1))).unwrap_or(0),
        },
    }
}

impl Lane {
    /// A row that begins with the lane.
    fn values<const N: usize>(self, more: [Value; N]) -> Vec<Value> {
        [self.is_loose.into(), Value::Int(self.slot)]
            .into_iter()
            .chain(more)
            .collect()
    }
}
