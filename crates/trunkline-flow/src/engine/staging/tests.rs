use std::{
    panic::resume_unwind,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use serde_json::json;

use crate::{
    Batch, ComponentError, Cursor, Delivered, Destination, Frontier, Item, Occasion, Read, Reader, Record,
    Source, Transform,
    document::Order,
    engine::{
        Ended, Flow, Pipeline, Way,
        testing::{Kept, Noted, flow, run, way},
    },
};

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What transforms that work side by side know of each other.
#[derive(Default)]
struct Met {
    greatest: Mutex<u64>,
    changed: Condvar,
    inside: AtomicUsize,
    most_inside: AtomicUsize,
}

/// Holds records below a number up until one of at least that number has come to another of its kind.
struct Meets {
    met: Arc<Met>,
    below: u64,
    remembers: bool,
}

impl Transform for Meets {
    fn apply(&mut self, record: Record, _: jiff::Timestamp) -> Result<Vec<Record>, ComponentError> {
        let inside = self.met.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.met.most_inside.fetch_max(inside, Ordering::SeqCst);
        let number = record.value["id"].as_u64().unwrap_or_default();
        let mut greatest = self.met.greatest.lock().unwrap();
        *greatest = number.max(*greatest);
        self.met.changed.notify_all();
        let (greatest, late) = self
            .met
            .changed
            .wait_timeout_while(greatest, PATIENCE, |greatest| {
                number < self.below && *greatest < self.below
            })
            .unwrap();
        drop(greatest);
        self.met.inside.fetch_sub(1, Ordering::SeqCst);
        if late.timed_out() {
            return Err(ComponentError::reject("TL0001", "nobody came", "Mend it."));
        }
        Ok(vec![record])
    }

    fn remembers(&self) -> bool {
        self.remembers
    }
}

fn meeting(noted: &Arc<Noted>, below: u64, remembers: bool) -> (Flow, Arc<Met>) {
    let met = Arc::new(Met::default());
    let mut flow = flow(12, 3, Vec::new, noted);
    flow.policy.order = Order::All;
    let shared = Arc::clone(&met);
    flow.transforms = Arc::new(move || {
        let meets = Meets {
            met: Arc::clone(&shared),
            below,
            remembers,
        };
        Pipeline::new(vec![("meets".to_owned(), Box::new(meets))])
    });
    (flow, met)
}

#[tokio::test(start_paused = true)]
async fn batches_side_by_side_arrive_in_their_order() {
    let noted = Arc::new(Noted::default());
    // The first batch is done only after the second has begun.
    let (flow, _) = meeting(&noted, 3, false);
    let ran = run(&flow, &Kept::default()).await;
    assert_eq!((ran.ended, ran.counts.dead), (Ended::Done, 0));
    assert_eq!(*noted.got(), (0..12).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_remembers_has_all_records_one_after_the_other() {
    let noted = Arc::new(Noted::default());
    let (flow, met) = meeting(&noted, 0, true);
    assert_eq!(run(&flow, &Kept::default()).await.ended, Ended::Done);
    assert_eq!(*noted.got(), (0..12).collect::<Vec<_>>());
    assert_eq!(met.most_inside.load(Ordering::SeqCst), 1);
}

/// A transform that breaks off at a record.
struct Breaks;

impl Transform for Breaks {
    fn apply(&mut self, record: Record, _: jiff::Timestamp) -> Result<Vec<Record>, ComponentError> {
        if record.value["id"] == json!(7) {
            resume_unwind(Box::new("broken"));
        }
        Ok(vec![record])
    }

    fn remembers(&self) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_is_not_done_with() {
    let noted = Arc::new(Noted::default());
    let mut flow = flow(12, 3, Vec::new, &noted);
    flow.transforms = Arc::new(|| Pipeline::new(vec![("breaks".to_owned(), Box::new(Breaks))]));
    let kept = Kept::default();
    let ran = run(&flow, &kept).await;
    assert!(
        matches!(&ran.ended, Ended::Failed(error) if error.code == "TL0812"),
        "{ran:?}"
    );
    let cursor = kept
        .cursor
        .lock()
        .unwrap()
        .as_ref()
        .and_then(|cursor| cursor.0.as_u64());
    assert!(cursor.unwrap_or(0) <= 6, "{cursor:?}");
}

#[test]
fn what_is_dropped_while_its_work_breaks_off_reaches_nothing() {
    let frontier = Frontier::default();
    let entered = frontier.enter(vec![Record::new(json!(1))], Some(Cursor(json!(1))));
    let work = std::thread::spawn(move || {
        let _held = entered;
        resume_unwind(Box::new("broken"));
    });
    assert!(work.join().is_err());
    assert_eq!(frontier.take_reached(), None);
}

/// Records of a megabyte, one in each batch; counts those that it gave.
struct Large(Arc<AtomicUsize>);

struct LargeReader(Arc<AtomicUsize>);

const LARGE: usize = 60;

impl Source for Large {
    fn open<'a>(
        &'a self,
        _: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        let reader = LargeReader(Arc::clone(&self.0));
        Box::pin(async { Ok(Box::new(reader) as Box<dyn Reader>) })
    }
}

impl Reader for LargeReader {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async {
            let given = self.0.load(Ordering::SeqCst);
            if given == LARGE {
                return Ok(Read::End);
            }
            self.0.store(given + 1, Ordering::SeqCst);
            Ok(Read::Batch(Batch {
                items: vec![Item::Record(Record::new(json!("m".repeat(1 << 20))))],
                behind: Some(Cursor(json!(given + 1))),
            }))
        })
    }
}

/// Takes its time with each record; notes how many were given meanwhile.
struct Slow {
    given: Arc<AtomicUsize>,
    ahead: Mutex<Vec<usize>>,
}

impl Destination for Slow {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let mut ahead = self.ahead.lock().unwrap();
            let done = ahead.len();
            ahead.extend(records.iter().map(|_| self.given.load(Ordering::SeqCst) - done));
            records.iter().map(|_| Ok(None)).collect()
        })
    }

    fn is_sequential(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn of_large_records_few_are_on_their_way() {
    let (noted, given) = (Arc::new(Noted::default()), Arc::new(AtomicUsize::new(0)));
    let slow = Arc::new(Slow {
        given: Arc::clone(&given),
        ahead: Mutex::default(),
    });
    let flow = Flow {
        source: Arc::new(Large(given)),
        ways: vec![Way {
            destination: Arc::clone(&slow) as Arc<dyn Destination>,
            ..way("slow", &noted)
        }],
        ..flow(0, 1, Vec::new, &noted)
    };
    let ran = run(&flow, &Kept::default()).await;
    assert_eq!(ran.ended, Ended::Done);
    let ahead = slow.ahead.lock().unwrap();
    assert_eq!(ahead.len(), LARGE);
    let most = ahead.iter().max().unwrap();
    assert!((6..12).contains(most), "{most} megabytes were on their way");
}

#[test]
fn a_flow_knows_whether_its_transforms_remember() {
    let noted = Arc::new(Noted::default());
    for (remembers, at_once) in [(true, 1), (false, super::LEAST_AT_ONCE)] {
        let (flow, _) = meeting(&noted, 0, remembers);
        let staging = super::Staging::of(&flow);
        assert!(staging.idle.len() >= at_once);
        assert_eq!(staging.idle.len() == 1, remembers);
    }
}
