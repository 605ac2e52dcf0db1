use proptest::prelude::*;

use super::*;
use crate::webhooks::topic::Topic;

fn notification(number: usize) -> Notification {
    Notification {
        subscription: 1,
        topic: Topic::ContactUserCreated,
        id: Some(number.to_string()),
        app_id: String::new(),
        item: "{}".into(),
        created_at: 0,
    }
}

fn lane(terms: Terms) -> Lane {
    Lane::new(terms, 7)
}

/// Sends everything that is due and answers all of it alike; gives the ids in the order of sending.
fn drain(lane: &mut Lane, now: i64, outcome: Outcome) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(due) = lane.next(now) {
        sent.push(due.notification.id.clone().unwrap_or_default());
        lane.settle(now, due, outcome);
    }
    sent
}

/// Everything that was offered, and where it is now.
fn balance(lane: &Lane, in_flight: u64) -> (u64, u64) {
    let counts = lane.counts();
    (
        counts.offered + counts.duplicated,
        counts.delivered + counts.lost + counts.dropped + lane.len() as u64 + in_flight,
    )
}

#[test]
fn only_one_notification_is_on_its_way_at_a_time() {
    let mut lane = lane(Terms::default());
    for number in 0..2 {
        lane.offer(0, notification(number));
    }
    let first = lane.next(0).unwrap();
    assert!(lane.next(0).is_none());
    lane.settle(0, first, Outcome::Status(200));
    assert!(lane.next(0).is_some());
}

#[test]
fn the_queue_has_an_end_and_drops_the_oldest() {
    let mut lane = lane(Terms::default());
    for number in 0..MOST_WAITING + 5 {
        lane.offer(0, notification(number));
    }
    assert_eq!((lane.len(), lane.counts().dropped), (MOST_WAITING, 5));
    assert_eq!(lane.next(0).unwrap().notification.id.as_deref(), Some("5"));
}

#[test]
fn after_a_throttle_the_newest_goes_first() {
    let mut lane = lane(Terms::default());
    for number in 0..4 {
        lane.offer(0, notification(number));
    }
    let due = lane.next(0).unwrap();
    lane.settle(0, due, Outcome::Status(429));
    assert!(drain(&mut lane, 59, Outcome::Status(200)).is_empty());
    assert_eq!(drain(&mut lane, 60, Outcome::Status(200)), ["3", "2", "1", "0"]);
    for number in 4..6 {
        lane.offer(61, notification(number));
    }
    assert_eq!(drain(&mut lane, 61, Outcome::Status(200)), ["4", "5"]);
}

#[test]
fn a_throttle_grows_to_two_hours_and_ends_with_a_success() {
    let mut lane = lane(Terms::default());
    let mut now = 0;
    let mut spans = Vec::new();
    for number in 0..9 {
        lane.offer(now, notification(number));
        let due = lane.next(now).unwrap();
        lane.settle(now, due, Outcome::Status(429));
        let until = lane.throttled_until().unwrap();
        spans.push(until - now);
        now = until;
    }
    assert_eq!(spans, [60, 120, 240, 480, 960, 1_920, 3_840, 7_200, 7_200]);
    drain(&mut lane, now, Outcome::Status(204));
    assert_eq!(lane.throttled_until(), None);
}

#[test]
fn a_week_of_errors_suspends_until_it_is_enabled() {
    let mut lane = lane(Terms::default());
    let day = 86_400;
    for number in 0..7 {
        lane.offer(day * number, notification(0));
        drain(&mut lane, day * number, Outcome::NoAnswer);
        drain(&mut lane, day * number + 60, Outcome::Status(500));
        assert_eq!(lane.standing(day * number + 60), Standing::Live, "day {number}");
    }
    lane.offer(day * 7, notification(0));
    drain(&mut lane, day * 7, Outcome::NoAnswer);
    assert_eq!(lane.standing(day * 100), Standing::Suspended);
    lane.enable();
    lane.offer(day * 100, notification(1));
    assert_eq!(drain(&mut lane, day * 100, Outcome::Status(200)), ["1"]);
}

#[test]
fn errors_that_are_spread_out_or_broken_by_a_success_do_not_pause() {
    for (step, breaks, pauses) in [(0, false, true), (1, false, false), (0, true, false)] {
        let mut lane = lane(Terms::default());
        let mut now = 0;
        for number in 0..1_200_usize {
            now += step;
            lane.offer(now, notification(number));
            let due = lane.next(now).unwrap();
            let outcome = if breaks && number == 600 {
                Outcome::Status(200)
            } else {
                Outcome::Status(500)
            };
            lane.settle(now, due, outcome);
            if lane.standing(now) != Standing::Live {
                assert_eq!(number, MANY_ERRORS, "step {step}");
                break;
            }
        }
        assert_eq!(
            lane.standing(now) != Standing::Live,
            pauses,
            "step {step} breaks {breaks}"
        );
    }
}

#[derive(Clone, Debug)]
enum Step {
    Offer(u8),
    Advance(i64),
    Send(Outcome),
    Release,
    Enable,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        5 => Just(Outcome::Status(200)),
        2 => Just(Outcome::Status(500)),
        1 => Just(Outcome::Status(429)),
        1 => Just(Outcome::NoAnswer),
        1 => Just(Outcome::Status(410)),
    ];
    let step = prop_oneof![
        3 => (1..20_u8).prop_map(Step::Offer),
        2 => (-5..10_000_i64).prop_map(Step::Advance),
        6 => outcome.prop_map(Step::Send),
        1 => Just(Step::Release),
        1 => Just(Step::Enable),
    ];
    prop::collection::vec(step, 0..200)
}

fn terms() -> impl Strategy<Value = Terms> {
    (0.0..1.0_f64, 0..4_u32, 0..20_u32, 0.0..1.0_f64).prop_map(|(duplicates, every, reorder, lost)| Terms {
        duplicates,
        duplicate_every: every,
        reorder,
        lost,
    })
}

proptest! {
    #[test]
    fn whatever_happens_every_notification_is_in_one_place(steps in steps(), terms in terms()) {
        let mut lane = lane(terms);
        let (mut now, mut number) = (1_000_000, 0);
        for step in steps {
            match step {
                Step::Offer(count) => {
                    for _ in 0..count {
                        number += 1;
                        lane.offer(now, notification(number));
                    }
                }
                Step::Advance(seconds) => now += seconds,
                Step::Send(outcome) => {
                    if let Some(due) = lane.next(now) {
                        prop_assert!(due.failures < MOST_FAILURES);
                        prop_assert!(lane.next(now).is_none());
                        let (offered, found) = balance(&lane, 1);
                        prop_assert_eq!(offered, found);
                        lane.settle(now, due, outcome);
                    }
                }
                Step::Release => lane.release(),
                Step::Enable => lane.enable(),
            }
            let (offered, found) = balance(&lane, 0);
            prop_assert_eq!(offered, found);
            prop_assert!(lane.len() <= MOST_WAITING);
        }
    }

    #[test]
    fn a_good_receiver_gets_everything_and_nothing_much_later_than_agreed(
        count in 1..200_usize,
        reorder in 0..30_u32,
    ) {
        let mut lane = lane(Terms { reorder, ..Terms::default() });
        let mut sent = Vec::new();
        for number in 0..count {
            lane.offer(0, notification(number));
            sent.extend(drain(&mut lane, 0, Outcome::Status(200)));
        }
        lane.release();
        sent.extend(drain(&mut lane, 0, Outcome::Status(200)));
        let places: Vec<usize> = sent.iter().map(|id| id.parse().unwrap()).collect();
        prop_assert_eq!(places.len(), count);
        for (place, number) in places.iter().enumerate() {
            prop_assert!(place.abs_diff(*number) <= reorder as usize, "{place} {number}");
        }
    }
}
