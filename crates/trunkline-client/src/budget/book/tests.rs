//! The page against a model: processes that join, send, hear late, die and return, at random, and a server that counts.

use proptest::prelude::*;

use super::*;
use crate::budget::window::WINDOW;

const SECOND: i64 = 1_000;

fn seen(limit: u32, window: i64, used: u32) -> Option<Seen> {
    Some(Seen {
        limit,
        reset: window * WINDOW,
        used,
    })
}

fn asks(seen: Option<Seen>, ask: u32) -> Report {
    Report {
        seen,
        ask,
        is_busy: true,
        ..Report::default()
    }
}

#[test]
fn one_process_alone_may_have_the_whole_window() {
    let mut book = Book::default();
    let share = book.enter("a", &asks(seen(100, 1, 0), 80), 0);
    assert_eq!((share.extra, share.part, share.busy), (80, 100, 1));
    let more = Report {
        counted: 70,
        in_flight: 5,
        keep: 5,
        ..asks(seen(100, 1, 70), 40)
    };
    let share = book.enter("a", &more, SECOND);
    assert_eq!((share.extra, share.part), (20, 25));
}

#[test]
fn what_is_given_back_goes_to_whoever_asks_and_what_others_used_is_not_granted() {
    let mut book = Book::default();
    book.enter("a", &asks(seen(100, 1, 0), 90), 0);
    assert_eq!(book.enter("b", &asks(seen(100, 1, 0), 50), 0).extra, 10);
    let back = Report {
        counted: 20,
        is_last: true,
        ..asks(seen(100, 1, 20), 0)
    };
    book.enter("a", &back, SECOND);
    let share = book.enter(
        "b",
        &Report {
            keep: 10,
            ..asks(seen(100, 1, 20), 50)
        },
        SECOND,
    );
    assert_eq!((share.extra, share.busy), (50, 1));
    // 75 are used, of which 20 and at most 60 are of the two.
    let share = book.enter(
        "b",
        &Report {
            counted: 30,
            keep: 0,
            ..asks(seen(100, 1, 75), 50)
        },
        SECOND,
    );
    assert_eq!((share.foreign, share.extra), (25, 25));
}

#[test]
fn a_dead_process_is_charged_in_full_until_its_window_ends_and_not_after() {
    let mut book = Book::default();
    book.enter("dead", &asks(seen(100, 1, 0), 60), 0);
    let later = LIFE_MS + SECOND;
    assert_eq!(book.enter("b", &asks(seen(100, 1, 0), 100), later).extra, 40);
    assert_eq!(book.enter("b", &asks(seen(100, 2, 0), 100), later).extra, 100);
    // One that lives is carried over with what may yet arrive.
    let mut book = Book::default();
    let report = Report {
        counted: 30,
        in_flight: 10,
        ..asks(seen(100, 1, 30), 20)
    };
    assert_eq!(book.enter("lives", &report, 0).extra, 20);
    assert_eq!(book.enter("b", &asks(seen(100, 2, 0), 100), SECOND).extra, 70);
}

#[test]
fn who_knows_no_window_yet_waits_for_the_end_of_one_that_is_used_up() {
    let mut book = Book::default();
    let end = WINDOW / 1_000;
    let all = Report {
        counted: 100,
        is_last: true,
        ..asks(seen(100, 1, 100), 0)
    };
    book.enter("a", &all, end - 8 * SECOND);
    for (now, granted) in [(end - 7 * SECOND, 0), (end, 0), (end + LAG_MS + 1, 4)] {
        assert_eq!(book.enter("new", &asks(None, 4), now).extra, granted, "at {now}");
    }
    // Nobody knows a limit: all may look.
    assert_eq!(book.enter("newer", &asks(None, 4), end + 2 * SECOND).extra, 4);
}

#[test]
fn who_comes_back_with_calls_in_flight_sends_no_more_of_them_again_than_others_left() {
    let back = Report {
        in_flight: 16,
        ..asks(seen(20, 1, 0), 0)
    };
    // Its row ended while it was away, and others were granted what it had.
    let mut book = Book::default();
    assert_eq!(book.enter("other", &asks(seen(20, 1, 0), 5), 0).extra, 5);
    let share = book.enter("away", &back, 0);
    assert_eq!((share.extra, share.open), (0, 15));
    // All of the sixteen may yet arrive in this window, so nobody gets more.
    assert_eq!(book.enter("third", &asks(seen(20, 1, 0), 5), 0).extra, 0);
    assert_eq!(Book::default().enter("away", &back, 0).open, 16);
}

#[test]
fn a_page_of_another_format_or_of_none_is_not_read() {
    let page = Book::default().write();
    assert!(Book::read(&page).is_some());
    for bad in [
        "",
        "{}",
        "[]",
        "{\"version\":1}",
        &page.replace("\"version\":1", "\"version\":2"),
        &page[1..],
    ] {
        assert!(Book::read(bad).is_none(), "{bad}");
    }
}

/// A process of the model: what it may send, and what it sent that has not arrived or was not heard of.
#[derive(Clone, Debug)]
struct Process {
    name: String,
    window: i64,
    counted: u32,
    /// Sent, and not yet arrived; arrived in a window, and not yet heard of.
    on_the_way: u32,
    heard_later: Vec<i64>,
    unspent: u32,
    /// The most that may be its own of the window of the last grant.
    ceiling: u32,
    /// What of the last grant may be sent in a later window.
    open: u32,
    until: i64,
    /// When its row ends.
    ends: i64,
}

impl Process {
    fn in_flight(&self) -> u32 {
        self.on_the_way + u32::try_from(self.heard_later.len()).expect("a few")
    }

    /// A later window begins: what was counted is forgotten, what may be in flight is not.
    fn roll(&mut self, window: i64) {
        self.window = window;
        self.counted = 0;
        self.ceiling = self.open;
        self.unspent = self.open.saturating_sub(self.in_flight());
    }
}

/// What happens next, to the process with this number.
#[derive(Clone, Debug)]
enum Step {
    Enter { who: usize, ask: u32, keeps: u32 },
    Send { who: usize, count: u32 },
    Arrive { who: usize, count: u32 },
    Hear { who: usize, count: u32 },
    Die { who: usize },
    Foreign { count: u32 },
    Wait { millis: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..4_usize;
    prop_oneof![
        6 => (who.clone(), 0..60_u32, 0..30_u32).prop_map(|(who, ask, keeps)| Step::Enter { who, ask, keeps }),
        5 => (who.clone(), 1..40_u32).prop_map(|(who, count)| Step::Send { who, count }),
        5 => (who.clone(), 1..40_u32).prop_map(|(who, count)| Step::Arrive { who, count }),
        5 => (who.clone(), 1..40_u32).prop_map(|(who, count)| Step::Hear { who, count }),
        1 => who.prop_map(|who| Step::Die { who }),
        1 => (0..5_u32).prop_map(|count| Step::Foreign { count }),
        3 => (1..2_500_i64).prop_map(|millis| Step::Wait { millis }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ours_never_pass_the_limit_of_any_window(
        limit in 20_u32..200,
        steps in proptest::collection::vec(step(), 1..400),
    ) {
        let mut book = Book::default();
        let mut now = 10 * SECOND;
        let window_at = |now: i64| now / (10 * SECOND) + 1;
        let mut ours = std::collections::BTreeMap::<i64, u32>::new();
        let mut foreign = std::collections::BTreeMap::<i64, u32>::new();
        let mut unknown = std::collections::BTreeSet::new();
        let mut lives = 0;
        let mut fresh = || {
            lives += 1;
            Process {
                name: format!("p{lives}"),
                window: 0,
                counted: 0,
                on_the_way: 0,
                heard_later: Vec::new(),
                unspent: 0,
                ceiling: 0,
                open: 0,
                until: 0,
                ends: 0,
            }
        };
        let mut processes: Vec<Process> = (0..4).map(|_| fresh()).collect();
        for step in steps {
            match step {
                Step::Wait { millis } => {
                    // A process with requests on the way renews its row; here they arrive before it ends.
                    for process in processes.iter_mut().filter(|process| process.ends <= now + millis) {
                        let count = std::mem::take(&mut process.on_the_way);
                        *ours.entry(window_at(now)).or_default() += count;
                        process.heard_later.extend(std::iter::repeat_n(window_at(now), count as usize));
                    }
                    now += millis;
                }
                Step::Foreign { count } => *foreign.entry(window_at(now)).or_default() += count,
                Step::Die { who } => {
                    // What is on the way of a dead one arrives all the same, at the last moment of its window.
                    let dead = std::mem::replace(&mut processes[who], fresh());
                    *ours.entry(window_at(now)).or_default() += dead.on_the_way;
                }
                Step::Send { who, count } => {
                    let process = &mut processes[who];
                    if now < process.until {
                        let count = count.min(process.unspent);
                        process.unspent -= count;
                        process.on_the_way += count;
                    }
                }
                Step::Arrive { who, count } => {
                    let process = &mut processes[who];
                    let count = count.min(process.on_the_way);
                    process.on_the_way -= count;
                    let window = window_at(now);
                    *ours.entry(window).or_default() += count;
                    process.heard_later.extend(std::iter::repeat_n(window, count as usize));
                }
                Step::Hear { who, count } => {
                    let process = &mut processes[who];
                    let count = (count as usize).min(process.heard_later.len());
                    for _ in 0..count {
                        let window = process.heard_later[0];
                        if window > process.window {
                            process.roll(window);
                        }
                        process.heard_later.remove(0);
                        if window == process.window {
                            process.counted += 1;
                        } else {
                            // Counted before: it may be sent once more, where it fits.
                            let own = process.counted + process.in_flight();
                            process.unspent = if now < process.until { process.ceiling.saturating_sub(own) } else { 0 };
                        }
                    }
                }
                Step::Enter { who, ask, keeps } => {
                    let process = &mut processes[who];
                    // It knows the window that has begun for certain.
                    if process.window > 0 && window_at(now) > process.window {
                        process.roll(window_at(now));
                    }
                    let in_flight = process.in_flight();
                    let unspent = if now < process.until { process.unspent } else { 0 };
                    let used = ours.get(&process.window).unwrap_or(&0) + foreign.get(&process.window).unwrap_or(&0);
                    let keep = keeps.min(unspent);
                    let report = Report {
                        seen: (process.window > 0).then_some(Seen { limit, reset: process.window * WINDOW, used }),
                        counted: process.counted,
                        in_flight,
                        keep,
                        ask: if process.window > 0 { ask } else { ask.min(4) },
                        margin: 0,
                        is_busy: true,
                        is_last: false,
                    };
                    let share = book.enter(&process.name, &report, now);
                    process.unspent = share.open.saturating_sub(in_flight);
                    process.ceiling = process.counted + share.open;
                    process.open = share.open;
                    process.until = now + LIFE_MS * 3 / 5;
                    process.ends = now + LIFE_MS;
                    book = Book::read(&book.write()).expect("it is read as it was written");
                }
            }
            if book.limit == 0 {
                // Nobody knows the limit: each of those that look for it may send a few calls.
                unknown.extend([window_at(now), window_at(now) + 1]);
            }
            for (window, count) in ours.iter().filter(|(window, _)| !unknown.contains(window)) {
                prop_assert!(*count <= limit, "{count} of {limit} in window {window}");
            }
        }
    }
}

#[test]
fn a_page_says_how_much_of_the_window_is_used_to_whoever_only_looks() {
    let now = 1_800_000_000_000;
    let at = |millis: i64| Timestamp::from_millisecond(now + millis).unwrap();
    let mut book = Book::default();
    let seen = Seen {
        limit: 100,
        reset: (now + 8_000) * 1_000,
        used: 10,
    };
    let report = Report {
        seen: Some(seen),
        counted: 7,
        in_flight: 2,
        ask: 20,
        ..Report::default()
    };
    book.enter("one", &report, now);
    let page = book.write();
    let used = |millis| BudgetUse::of_page(&page, at(millis)).map(|found| (found.limit, found.used));
    // What others used of the ten that were seen is theirs.
    assert_eq!(used(0), Some((100, 10)));
    assert_eq!(used(9_000), Some((100, 0)), "that window is over");
    for page in [
        "",
        "{}",
        "[]",
        r#"{"version":9,"limit":1,"reset":0,"foreign":0,"rows":[]}"#,
    ] {
        assert_eq!(BudgetUse::of_page(page, at(0)), None, "{page}");
    }
    assert_eq!(
        BudgetUse::of_page(&Book::default().write(), at(0)),
        None,
        "nobody knows the limit"
    );
}
