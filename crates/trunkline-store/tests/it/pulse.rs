//! How much happened lately.

use trunkline_store::{FlowRunCause, FlowRunCounts, FlowRunState, NewFlowRun, NewNotification};

use crate::backends::{at, on_each};

#[tokio::test]
async fn each_of_the_last_minutes_says_how_much_came_and_arrived() {
    on_each(async |store| {
        for (number, seconds) in [-400, 1, 2, 62].into_iter().enumerate() {
            let new = NewNotification {
                workspace: "abcd1234".to_owned(),
                notification: Some(format!("notif_{number}")),
                topic: "contact.user.created".to_owned(),
                via: "acme".to_owned(),
                body: b"{}".to_vec(),
                created_at: None,
                waits: false,
            };
            store.receive(new, at(seconds)).await.unwrap();
        }
        let new = NewFlowRun {
            flow: "f".to_owned(),
            version: 1,
            cause: FlowRunCause::Manual,
        };
        let run = store.begin_flow_run(&new, at(0)).await.unwrap();
        let counts = FlowRunCounts {
            delivered: 7,
            ..FlowRunCounts::default()
        };
        store
            .end_flow_run(&run, FlowRunState::Done, &counts, at(70))
            .await
            .unwrap();
        let pulse = store.pulse(3, at(100)).await.unwrap();
        let figures: Vec<_> = pulse
            .iter()
            .map(|minute| (minute.received, minute.delivered))
            .collect();
        assert_eq!(figures, [(0, 0), (2, 0), (1, 7)]);
        assert_eq!(pulse[2].at, at(60));
        assert!(store.pulse(0, at(100)).await.unwrap().is_empty());
    })
    .await;
}
