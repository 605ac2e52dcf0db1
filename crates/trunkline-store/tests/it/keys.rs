//! Keys to the JSON API.

use secrecy::ExposeSecret as _;
use trunkline_store::Role;

use crate::backends::{at, on_each};

#[tokio::test]
async fn a_key_opens_by_its_word_alone_and_is_shown_once() {
    on_each(async |store| {
        assert!(!store.has_keys().await.unwrap());
        let word = store.add_key("ops", Role::Operate, at(0)).await.unwrap();
        assert!(store.has_keys().await.unwrap());
        assert!(!format!("{word:?}").contains("tlk_"));
        let found = store.key_of(word.expose_secret(), at(10)).await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.role), ("ops", Role::Operate));
        let wrong = [
            String::new(),
            "tlk_".to_owned(),
            word.expose_secret().replace("tlk_", ""),
            format!("{}0", word.expose_secret()),
            word.expose_secret().to_uppercase(),
            "tlk_' OR 1=1 --".to_owned(),
        ];
        for wrong in wrong {
            assert_eq!(store.key_of(&wrong, at(10)).await.unwrap(), None, "{wrong}");
        }
        let listed = store.keys().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].used_at, Some(at(10)));
        store.remove_key("ops").await.unwrap();
        assert_eq!(store.key_of(word.expose_secret(), at(11)).await.unwrap(), None);
        assert_eq!(store.remove_key("ops").await.unwrap_err().code(), "TL0507");
    })
    .await;
}

#[tokio::test]
async fn the_last_use_is_kept_to_the_minute() {
    on_each(async |store| {
        let word = store.add_key("ops", Role::Read, at(0)).await.unwrap();
        for (now, kept) in [(10, 10), (69, 10), (70, 70), (71, 70)] {
            store.key_of(word.expose_secret(), at(now)).await.unwrap();
            assert_eq!(store.keys().await.unwrap()[0].used_at, Some(at(kept)), "{now}");
        }
    })
    .await;
}

#[test]
fn each_role_may_do_what_those_before_it_may() {
    assert!(Role::Read < Role::Operate && Role::Operate < Role::Admin);
    for role in [Role::Read, Role::Operate, Role::Admin] {
        assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
    }
    assert_eq!("owner".parse::<Role>().unwrap_err().code(), "TL0510");
}
