//! What the state is kept in.

use trunkline_store::Role;

use crate::backends::{at, on_each};

#[tokio::test]
async fn a_store_says_what_it_is_and_how_much_room_it_takes() {
    on_each(async |store| {
        store.add_person("ann", Role::Read, at(0)).await.unwrap();
        let extent = store.extent().await.unwrap();
        assert!(["sqlite", "postgres"].contains(&extent.kind));
        assert!(extent.format >= 5, "{extent:?}");
        assert!(extent.bytes > 100_000, "{extent:?}");
    })
    .await;
}
