//! The request log.

use trunkline_store::{Request, RequestFilter};

use crate::backends::{at, on_each};

#[tokio::test]
async fn requests_are_found_by_connection_status_and_time_and_forgotten_by_age() {
    on_each(async |store| {
        let request = |connection: &str, second, status| Request {
            seq: 0,
            connection: connection.to_owned(),
            at: at(second),
            status,
            record: format!("{{\"second\":{second}}}"),
        };
        let all = [
            request("a", 0, Some(200)),
            request("a", 1, Some(429)),
            request("b", 2, Some(404)),
            request("a", 3, None),
        ];
        store.log_requests(&all).await.unwrap();
        let any = RequestFilter::default;
        let cases = [
            (any(), vec![3, 2, 1, 0]),
            (
                RequestFilter {
                    connection: Some("a".into()),
                    ..any()
                },
                vec![3, 1, 0],
            ),
            (
                RequestFilter {
                    status: Some((400, 499)),
                    ..any()
                },
                vec![2, 1],
            ),
            (
                RequestFilter {
                    status: Some((0, 0)),
                    ..any()
                },
                vec![3],
            ),
            (
                RequestFilter {
                    since: Some(at(2)),
                    ..any()
                },
                vec![3, 2],
            ),
        ];
        for (filter, expected) in cases {
            let found = store.requests(&filter, 10).await.unwrap();
            let records: Vec<_> = found.iter().map(|request| request.record.clone()).collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|index: usize| all[index].record.clone())
                .collect();
            assert_eq!(records, expected, "{filter:?}");
        }
        let first = store.requests(&any(), 2).await.unwrap();
        let next = RequestFilter {
            before: Some(first[1].seq),
            ..any()
        };
        assert_eq!(store.requests(&next, 2).await.unwrap()[0].status, Some(429));
        assert_eq!(store.forget_requests(at(2)).await.unwrap(), 2);
        assert_eq!(store.requests(&any(), 10).await.unwrap().len(), 2);
    })
    .await;
}
