//! Identities: of all who would make a contact one does, and what it left open is found out before the next one does.

use jiff::SignedDuration;
use trunkline_store::{HeldIdentity, LeftOpen, NewIdentity, Reserved, Store};

use crate::{
    backends::{Place, at, on_each, on_each_place},
    leases::join_all,
};

const LIFE: SignedDuration = SignedDuration::from_secs(30);
const HIDDEN: SignedDuration = SignedDuration::from_secs(600);
const ANN: &str = "ann@paper.example";

const fn wish<'a>(identity: &'a str, run: &'a str) -> NewIdentity<'a> {
    NewIdentity {
        workspace: "abcd1234",
        identity,
        run,
        is_guarded: false,
        hidden: HIDDEN,
    }
}

async fn reserve(store: &Store, run: &str, second: i64) -> Reserved {
    store
        .reserve_identity(&wish(ANN, run), LIFE, at(second))
        .await
        .unwrap()
}

async fn ours(store: &Store, run: &str, second: i64) -> HeldIdentity {
    match reserve(store, run, second).await {
        Reserved::Ours(held) => held,
        other => panic!("{run} at {second}: {other:?}"),
    }
}

async fn left(store: &Store, run: &str, second: i64) -> (HeldIdentity, String) {
    match reserve(store, run, second).await {
        Reserved::Left(held, LeftOpen { run, .. }) => (held, run),
        other => panic!("{run} at {second}: {other:?}"),
    }
}

fn led(contact: &str) -> Reserved {
    Reserved::Led(contact.to_owned())
}

#[tokio::test]
async fn an_identity_has_one_holder_and_then_leads_to_the_contact_for_as_long_as_that_may_be_hidden() {
    on_each(async |store| {
        let held = ours(store, "r1", 0).await;
        assert_eq!(reserve(store, "r2", 29).await, Reserved::Busy);
        assert!(store.keep_identity(&held, LIFE, at(20)).await.unwrap());
        assert_eq!(reserve(store, "r2", 49).await, Reserved::Busy, "it was kept");
        assert!(store.settle_identity(&held, "c1", at(49)).await.unwrap());
        for second in [49, 648] {
            assert_eq!(reserve(store, "r2", second).await, led("c1"), "{second}");
        }
        assert!(!store.keep_identity(&held, LIFE, at(50)).await.unwrap());
        store.release_identity(&held).await.unwrap();
        store.leave_identity(&held, at(50)).await.unwrap();
        assert_eq!(reserve(store, "r2", 51).await, led("c1"), "what is settled stays");
        let second = ours(store, "r2", 649).await;
        store.release_identity(&second).await.unwrap();
        ours(store, "r3", 650).await;
    })
    .await;
}

#[tokio::test]
async fn others_are_others_by_identity_and_by_workspace() {
    on_each(async |store| {
        let held = ours(store, "r1", 0).await;
        store.settle_identity(&held, "c1", at(0)).await.unwrap();
        let elsewhere = NewIdentity {
            workspace: "other123",
            ..wish(ANN, "r2")
        };
        for new in [wish("ben@paper.example", "r2"), elsewhere] {
            let found = store.reserve_identity(&new, LIFE, at(1)).await.unwrap();
            assert!(matches!(found, Reserved::Ours(_)), "{new:?}: {found:?}");
        }
        // The same letters cut elsewhere are another pair.
        let shifted = NewIdentity {
            workspace: "abcd1234a",
            ..wish("nn@paper.example", "r3")
        };
        let found = store.reserve_identity(&shifted, LIFE, at(1)).await.unwrap();
        assert!(matches!(found, Reserved::Ours(_)), "{found:?}");
        for (workspace, run) in [("", "r"), ("abcd1234", ""), ("ab\u{0}", "r")] {
            let new = NewIdentity {
                workspace,
                ..wish(ANN, run)
            };
            let refused = store.reserve_identity(&new, LIFE, at(1)).await.unwrap_err();
            assert_eq!(refused.code(), "TL0510", "{new:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_process_left_open_is_told_to_each_who_takes_it_over_until_it_is_settled() {
    on_each(async |store| {
        let dead = ours(store, "r1", 0).await;
        let (second, of) = left(store, "r2", 30).await;
        assert_eq!(of, "r1");
        assert!(!store.keep_identity(&dead, LIFE, at(31)).await.unwrap());
        assert!(!store.settle_identity(&dead, "c9", at(31)).await.unwrap());
        let late = store.begin_identity(&dead, "r1", false).await.unwrap_err();
        assert_eq!(late.code(), "TL0518");
        // Whoever could not find it out leaves it as it was found, also by dying.
        store.leave_identity(&second, at(40)).await.unwrap();
        let (third, of) = left(store, "r3", 40).await;
        assert_eq!(of, "r1");
        let (fourth, of) = left(store, "r4", 75).await;
        assert_eq!(of, "r1");
        assert!(!store.settle_identity(&third, "c9", at(76)).await.unwrap());
        // Found out, and made by somebody who dies too.
        store.begin_identity(&fourth, "r4", true).await.unwrap();
        let found = reserve(store, "r5", 110).await;
        let Reserved::Left(fifth, open) = found else {
            panic!("{found:?}")
        };
        assert_eq!(
            open,
            LeftOpen {
                run: "r4".to_owned(),
                is_guarded: true
            }
        );
        assert!(store.settle_identity(&fifth, "c1", at(111)).await.unwrap());
        assert_eq!(reserve(store, "r6", 112).await, led("c1"));
    })
    .await;
}

#[tokio::test]
async fn what_was_left_open_so_long_ago_that_it_would_be_shown_says_nothing() {
    on_each(async |store| {
        ours(store, "r1", 0).await;
        let (held, of) = left(store, "r2", 570).await;
        assert_eq!(of, "r1");
        store.leave_identity(&held, at(600)).await.unwrap();
        let (held, of) = left(store, "r3", 630).await;
        assert_eq!(of, "r1");
        store.leave_identity(&held, at(631)).await.unwrap();
        // Looking does not make it younger: nothing was sent after second 30.
        ours(store, "r4", 631).await;
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_nobody_up_and_makes_nothing_free() {
    on_each(async |store| {
        ours(store, "r1", 100_000).await;
        let (held, of) = left(store, "r2", 0).await;
        assert_eq!(of, "r1", "it was left a moment ago, as far as can be told");
        store.settle_identity(&held, "c1", at(100_000)).await.unwrap();
        let held = ours(store, "r3", 1).await;
        store.settle_identity(&held, "c2", at(1)).await.unwrap();
        // Clocks of two machines are never quite the same.
        assert_eq!(reserve(store, "r4", -5).await, led("c2"));
    })
    .await;
}

#[tokio::test]
async fn a_contact_that_went_away_is_led_to_by_nobody_until_it_comes_back() {
    on_each(async |store| {
        let held = ours(store, "r1", 0).await;
        store.settle_identity(&held, "c1", at(0)).await.unwrap();
        store.hide_contact("abcd1234", "c1", true).await.unwrap();
        store.hide_contact("abcd1234", "c1", false).await.unwrap();
        store.hide_contact("other123", "c1", true).await.unwrap();
        store.unlead_identity("abcd1234", ANN, "c2").await.unwrap();
        assert_eq!(reserve(store, "r2", 1).await, led("c1"));
        store.hide_contact("abcd1234", "c1", true).await.unwrap();
        let held = ours(store, "r2", 2).await;
        store.settle_identity(&held, "c2", at(2)).await.unwrap();
        store.forget_contact("abcd1234", "c1").await.unwrap();
        assert_eq!(reserve(store, "r3", 3).await, led("c2"));
        store.unlead_identity("abcd1234", ANN, "c2").await.unwrap();
        let held = ours(store, "r3", 4).await;
        store.settle_identity(&held, "c3", at(4)).await.unwrap();
        // Who is erased is not led to either, and nothing of it is left.
        store.erase_subject("abcd1234", "contacts/c3").await.unwrap();
        let held = ours(store, "r4", 5).await;
        store.settle_identity(&held, "c4", at(5)).await.unwrap();
        store.forget_contact("abcd1234", "c4").await.unwrap();
        ours(store, "r5", 6).await;
    })
    .await;
}

#[tokio::test]
async fn of_many_owners_in_two_processes_one_makes_the_contact_and_one_takes_over_what_it_left() {
    on_each_place(async |place| {
        let first = place.open().await.unwrap();
        let second = place
            .open_with(trunkline_store::KeySource::File(place.key_file()), 8)
            .await
            .unwrap();
        for round in 0..10 {
            let identity = format!("{round}@paper.example");
            for second_of_race in [0, 30] {
                let runs: Vec<String> = (0..24).map(|number| format!("r{number}")).collect();
                let wishes: Vec<_> = runs.iter().map(|run| wish(&identity, run)).collect();
                let all = wishes.iter().enumerate().map(|(number, wish)| {
                    let store = if number % 2 == 0 { &first } else { &second };
                    store.reserve_identity(wish, LIFE, at(second_of_race))
                });
                let found: Vec<_> = join_all(all.collect()).await;
                let found: Vec<Reserved> = found.into_iter().map(Result::unwrap).collect();
                let busy = found.iter().filter(|one| **one == Reserved::Busy).count();
                let is_taken_over = found.iter().any(|one| matches!(one, Reserved::Left(..)));
                assert_eq!((busy, is_taken_over), (23, second_of_race > 0), "{found:?}");
            }
        }
        first.close().await;
        second.close().await;
    })
    .await;
}

#[tokio::test]
async fn identities_are_forgotten_when_the_search_shows_their_contacts_in_pieces() {
    on_each(async |store| {
        for number in 0..1_100 {
            let identity = format!("{number}@paper.example");
            let reserved = store
                .reserve_identity(&wish(&identity, "r1"), LIFE, at(0))
                .await
                .unwrap();
            let Reserved::Ours(held) = reserved else {
                panic!("{reserved:?}")
            };
            if number % 2 == 0 {
                store.settle_identity(&held, "c1", at(0)).await.unwrap();
            }
        }
        assert_eq!(store.forget_identities(HIDDEN, at(630)).await.unwrap(), 0);
        // What was left open for so long would be shown too.
        assert_eq!(store.forget_identities(HIDDEN, at(631)).await.unwrap(), 550);
        assert_eq!(store.forget_identities(HIDDEN, at(1_201)).await.unwrap(), 550);
        let held = ours(store, "r1", 100_000).await;
        store.settle_identity(&held, "c1", at(100_000)).await.unwrap();
        assert_eq!(
            store.forget_identities(HIDDEN, at(0)).await.unwrap(),
            1,
            "written by a clock that was set back since"
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_who_reads_the_file_finds_an_address_and_the_key_changes_nothing() {
    let place = Place::sqlite();
    let store = place.open().await.unwrap();
    let held = ours(&store, "r1", 0).await;
    store.settle_identity(&held, "c1", at(0)).await.unwrap();
    store.rotate_keys().await.unwrap();
    assert_eq!(reserve(&store, "r2", 1).await, led("c1"));
    store.close().await;
    let again = place.open().await.unwrap();
    assert_eq!(reserve(&again, "r2", 2).await, led("c1"));
    again.close().await;
    let digest = {
        use sha2::Digest as _;
        let plain = sha2::Sha256::digest(ANN.as_bytes());
        plain.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    for file in std::fs::read_dir(place.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("ann@") && !text.contains("paper.example"));
        assert!(!text.contains(&digest), "a plain hash could be guessed");
    }
}
