//! The budget against a server with fixed windows, its own clock, a changing way there and other users. Time is paused.

use std::sync::Arc;

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::stack::headers::RateWindow;

/// A server that counts arrivals in fixed windows.
#[derive(Debug)]
struct Server {
    origin: Instant,
    /// What its clock shows at the origin, in microseconds.
    clock: i64,
    limit: u32,
    window: i64,
    used: u32,
    counted: Vec<u32>,
    /// 429 answers and the window that each fell in, counted from the first request.
    refused: Vec<i64>,
    first: Option<i64>,
}

impl Server {
    fn new(clock: i64, limit: u32) -> Self {
        Self {
            origin: Instant::now(),
            clock,
            limit,
            window: i64::MIN,
            used: 0,
            counted: Vec::new(),
            refused: Vec::new(),
            first: None,
        }
    }

    fn arrives(&mut self) -> Rate {
        let now = self.clock + i64::try_from(self.origin.elapsed().as_micros()).unwrap();
        let window = now.div_euclid(10_000_000);
        if window != self.window {
            self.counted.push(self.used);
            (self.window, self.used) = (window, 0);
        }
        let first = *self.first.get_or_insert(window);
        let throttled = self.used >= self.limit;
        if throttled {
            self.refused.push(window - first);
        } else {
            self.used += 1;
        }
        Rate {
            window: Some(RateWindow {
                limit: self.limit,
                remaining: self.limit - self.used,
                reset: (window + 1) * 10,
            }),
            success: !throttled,
            throttled,
            retry_after: None,
        }
    }
}

struct Ways {
    shortest: u64,
    longest: u64,
}

/// One call: a way there, a way back, each of its own length.
async fn call(
    budget: &Budget,
    server: &Mutex<Server>,
    ways: &Ways,
    random: &mut ChaCha8Rng,
    priority: Priority,
) {
    let mut way = || Duration::from_micros(random.random_range(ways.shortest..=ways.longest) * 500);
    let (there, back) = (way(), way());
    let permit = budget.permit(priority).await;
    tokio::time::sleep(there).await;
    let rate = server.lock().unwrap().arrives();
    tokio::time::sleep(back).await;
    permit.settle(Outcome::Answered(rate));
}

/// Keeps `callers` busy for some windows; gives the server's books.
async fn saturate(
    limit: u32,
    clock: i64,
    ways: Ways,
    callers: u64,
    others: u32,
    seconds: u64,
    seed: u64,
) -> Server {
    let budget = Arc::new(Budget::new(1.0, 0.05));
    let server = Arc::new(Mutex::new(Server::new(clock, limit)));
    let ways = Arc::new(ways);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..callers {
        let (budget, server, ways) = (Arc::clone(&budget), Arc::clone(&server), Arc::clone(&ways));
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ (number << 20));
        tasks.spawn(async move {
            loop {
                call(&budget, &server, &ways, &mut random, Priority::Background).await;
            }
        });
    }
    if others > 0 {
        let server = Arc::clone(&server);
        let mut random = ChaCha8Rng::seed_from_u64(!seed);
        let apart = 10_000_000 / u64::from(others);
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_micros(
                    random.random_range(apart / 2..=apart * 3 / 2),
                ))
                .await;
                let mut server = server.lock().unwrap();
                server.arrives();
                // Only our own refusals are of interest; the others' are theirs.
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    tasks.shutdown().await;
    Arc::into_inner(server).unwrap().into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_limit_is_passed_after_the_first_window_and_none_is_wasted(
        limit in 100_u32..1_500,
        clock in 1_000_000_000_i64..2_000_000_000,
        shortest in 1_u64..150,
        spread in 0_u64..250,
        other_percent in prop_oneof![Just(0_u32), 1_u32..30],
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let ways = Ways { shortest, longest: shortest + spread };
        let others = limit * other_percent / 100;
        let server = runtime.block_on(saturate(limit, clock * 1_000, ways, 160, others, 75, seed));
        let late: Vec<_> = server.refused.iter().filter(|window| **window > 0).collect();
        prop_assert!(late.is_empty(), "refused in windows {late:?}");
        // The first two and the last window are not whole.
        let whole = &server.counted[3..];
        prop_assert!(whole.len() >= 4);
        for counted in whole {
            prop_assert!(f64::from(*counted) >= 0.9 * f64::from(limit), "{whole:?} of {limit}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_thousand_a_window_are_reached_with_150_ms_latency() {
    let ways = Ways {
        shortest: 150,
        longest: 150,
    };
    let server = saturate(5_000, 1_700_000_003_300_000, ways, 96, 0, 62, 7).await;
    assert!(server.refused.is_empty(), "{:?}", server.refused);
    assert!(
        server.counted[2..].iter().all(|counted| *counted >= 4_900),
        "{:?}",
        server.counted
    );
}

#[tokio::test(start_paused = true)]
async fn only_a_few_calls_go_out_before_the_first_answer() {
    let budget = Arc::new(Budget::new(1.0, 0.0));
    let mut permits = Vec::new();
    for _ in 0..4 {
        permits.push(budget.permit(Priority::Background).await);
    }
    let waiting =
        tokio::time::timeout(Duration::from_secs(3_600), budget.permit(Priority::Interactive)).await;
    assert!(waiting.is_err());
    let rate = Rate {
        window: None,
        success: true,
        throttled: false,
        retry_after: None,
    };
    permits.pop().unwrap().settle(Outcome::Answered(rate));
    // No headers: no limit, and nobody waits.
    for _ in 0..1_000 {
        permits.push(budget.permit(Priority::Background).await);
    }
    assert_eq!(budget.state().limit, None);
    drop(permits);
    assert_eq!(budget.state().in_flight, 0);
}

fn told(limit: u32, remaining: u32, reset: i64) -> Outcome {
    let window = Some(RateWindow {
        limit,
        remaining,
        reset,
    });
    Outcome::Answered(Rate {
        window,
        success: true,
        throttled: false,
        retry_after: None,
    })
}

#[tokio::test(start_paused = true)]
async fn interactive_calls_overtake_the_queue_and_have_a_reserve() {
    let budget = Arc::new(Budget::new(1.0, 0.2));
    budget
        .permit(Priority::Background)
        .await
        .settle(told(100, 99, 1_700_000_010));
    let done = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (budget, done) = (Arc::clone(&budget), Arc::clone(&done));
        tasks.spawn(async move {
            let permit = budget.permit(Priority::Background).await;
            done.lock().unwrap().push(number);
            permit.settle(told(100, 98, 1_700_000_010));
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = done.lock().unwrap().len();
    assert!((1..20).contains(&before), "{before}");
    let started = Instant::now();
    drop(budget.permit(Priority::Interactive).await);
    assert!(started.elapsed() < Duration::from_millis(5));
    while tasks.join_next().await.is_some() {}
    // Fair: first come, first served.
    assert_eq!(*done.lock().unwrap(), (0..50).collect::<Vec<_>>());

    // Somebody else used nearly all: only the reserve is left, and it is for people.
    let budget = Budget::new(1.0, 0.2);
    budget
        .permit(Priority::Background)
        .await
        .settle(told(100, 10, 1_700_000_010));
    let background = tokio::time::timeout(Duration::from_secs(1), budget.permit(Priority::Background)).await;
    assert!(background.is_err());
    drop(
        tokio::time::timeout(Duration::from_millis(1), budget.permit(Priority::Interactive))
            .await
            .unwrap(),
    );
}

#[tokio::test(start_paused = true)]
async fn the_share_bounds_what_this_process_uses() {
    let budget = Arc::new(Budget::new(0.5, 0.0));
    let server = Arc::new(Mutex::new(Server::new(1_700_000_000_000_000, 1_000)));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let (budget, server) = (Arc::clone(&budget), Arc::clone(&server));
        tasks.spawn(async move {
            let mut random = ChaCha8Rng::seed_from_u64(number);
            let ways = Ways {
                shortest: 100,
                longest: 120,
            };
            loop {
                call(&budget, &server, &ways, &mut random, Priority::Background).await;
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(52)).await;
    tasks.shutdown().await;
    let counted = &server.lock().unwrap().counted[2..];
    assert!(
        counted.iter().all(|counted| (450..=500).contains(counted)),
        "{counted:?}"
    );
}

#[test]
fn a_changed_limit_a_jump_of_the_clock_and_a_429_are_followed_at_once() {
    let mut window = Window::new(1.0, 0.0);
    let second = 1_000_000;
    let take = |window: &mut Window, now: i64| window.take(now, Priority::Interactive);
    let settle = |window: &mut Window, now: i64, outcome| window.settle(now, now - 1_000, 1, outcome);

    assert_eq!(take(&mut window, 0), Take::Now { number: 1 });
    settle(&mut window, 1_000, told(100, 99, 1_700_000_010));
    assert_eq!(window.state().limit, Some(100));
    assert_eq!(window.state().remaining, Some(99));

    assert_eq!(take(&mut window, second), Take::Now { number: 2 });
    settle(&mut window, second + 1_000, told(20, 18, 1_700_000_010));
    assert_eq!(
        (window.state().limit, window.state().remaining),
        (Some(20), Some(18))
    );

    // The server's clock jumps an hour back.
    assert!(matches!(take(&mut window, 2 * second), Take::Now { .. }));
    settle(&mut window, 2 * second + 1_000, told(20, 15, 1_699_996_410));
    assert_eq!(
        window.state().resets_at,
        Some(Timestamp::from_second(1_699_996_410).unwrap())
    );
    assert_eq!(window.state().remaining, Some(15));

    assert!(matches!(take(&mut window, 3 * second), Take::Now { .. }));
    let rate = RateWindow {
        limit: 20,
        remaining: 0,
        reset: 1_699_996_410,
    };
    let throttled = Rate {
        window: Some(rate),
        success: false,
        throttled: true,
        retry_after: None,
    };
    settle(&mut window, 3 * second + 1_000, Outcome::Answered(throttled));
    assert_eq!((window.state().remaining, window.state().throttled), (Some(0), 1));
    let Take::At(at) = take(&mut window, 4 * second) else {
        panic!("a full window lets nothing out")
    };
    assert!(at > 9 * second && at <= 13 * second, "{at}");
    assert!(matches!(take(&mut window, at), Take::Now { .. }));
}

#[test]
fn another_limit_than_the_windows_does_not_close_the_window() {
    let mut window = Window::new(1.0, 0.0);
    assert!(matches!(window.take(0, Priority::Background), Take::Now { .. }));
    let rate = RateWindow {
        limit: 100,
        remaining: 90,
        reset: 1_700_000_010,
    };
    let jobs = Rate {
        window: Some(rate),
        success: false,
        throttled: true,
        retry_after: None,
    };
    window.settle(1_000, 0, 1, Outcome::Answered(jobs));
    assert!(matches!(
        window.take(2_000, Priority::Interactive),
        Take::Now { .. }
    ));
}

/// A page in memory, whose store takes its time.
#[derive(Debug)]
struct Page {
    owner: String,
    shared: Arc<Mutex<(i64, String)>>,
    takes: Duration,
    is_down: Arc<std::sync::atomic::AtomicBool>,
    exchanges: Arc<AtomicU32>,
}

impl Page {
    async fn answers(&self) -> Result<(), crate::PortError> {
        tokio::time::sleep(self.takes).await;
        if self.is_down.load(Ordering::Relaxed) {
            return Err(crate::PortError {
                reason: "it is down".to_owned(),
            });
        }
        Ok(())
    }
}

impl RateLedger for Page {
    fn owner(&self) -> &str {
        &self.owner
    }

    fn read(&self) -> crate::Told<'_, Option<crate::LedgerPage>> {
        Box::pin(async {
            self.answers().await?;
            let (fence, text) = self.shared.lock().unwrap().clone();
            Ok((fence > 0).then_some(crate::LedgerPage { fence, text }))
        })
    }

    fn write(&self, seen: i64, text: String) -> crate::Told<'_, bool> {
        Box::pin(async move {
            self.answers().await?;
            self.exchanges.fetch_add(1, Ordering::Relaxed);
            let mut shared = self.shared.lock().unwrap();
            if shared.0 != seen {
                return Ok(false);
            }
            *shared = (seen + 1, text);
            Ok(true)
        })
    }
}

/// Several processes, each with a budget of its own, and one server.
struct Together {
    server: Arc<Mutex<Server>>,
    shared: Arc<Mutex<(i64, String)>>,
    is_down: Arc<std::sync::atomic::AtomicBool>,
    exchanges: Arc<AtomicU32>,
    clock: Arc<Moving>,
    started: u64,
}

/// The time of day as tokio's clock goes.
#[derive(Debug)]
struct Moving(Instant);

impl Clock for Moving {
    fn now(&self) -> Timestamp {
        let gone = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp::from_millisecond(1_700_000_003_000 + gone).unwrap()
    }
}

impl Together {
    fn new(limit: u32) -> Self {
        Self {
            server: Arc::new(Mutex::new(Server::new(1_700_000_003_000_000, limit))),
            shared: Arc::default(),
            is_down: Arc::default(),
            exchanges: Arc::default(),
            clock: Arc::new(Moving(Instant::now())),
            started: 0,
        }
    }

    fn budget(&mut self) -> Arc<Budget> {
        self.started += 1;
        let page = Page {
            owner: format!("process-{}", self.started),
            shared: Arc::clone(&self.shared),
            takes: Duration::from_millis(3),
            is_down: Arc::clone(&self.is_down),
            exchanges: Arc::clone(&self.exchanges),
        };
        let clock: Arc<dyn Clock> = Arc::<Moving>::clone(&self.clock);
        Arc::new(Budget::new(1.0, 0.05).sharing(Arc::new(page), clock))
    }

    /// A process with so many callers that make calls without a pause.
    fn process(&mut self, callers: u64) -> (Arc<Budget>, tokio::task::JoinSet<()>) {
        let budget = self.budget();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..callers {
            let (budget, server) = (Arc::clone(&budget), Arc::clone(&self.server));
            let mut random = ChaCha8Rng::seed_from_u64(self.started << 20 | number);
            tasks.spawn(async move {
                let ways = Ways {
                    shortest: 40,
                    longest: 160,
                };
                loop {
                    call(&budget, &server, &ways, &mut random, Priority::Background).await;
                }
            });
        }
        (budget, tasks)
    }

    fn late_refusals(&self) -> Vec<i64> {
        let server = self.server.lock().unwrap();
        server
            .refused
            .iter()
            .copied()
            .filter(|window| *window > 0)
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn processes_that_join_die_and_return_share_one_window_and_waste_little_of_it() {
    for limit in [60, 166, 1_667] {
        let mut together = Together::new(limit);
        let (_first, mut of_first) = together.process(40);
        tokio::time::sleep(Duration::from_secs(24)).await;
        let (_second, mut of_second) = together.process(40);
        let (_third, of_third) = together.process(40);
        tokio::time::sleep(Duration::from_secs(33)).await;
        // One dies without a word, one ends well; one comes back.
        of_second.shutdown().await;
        drop(of_third);
        tokio::time::sleep(Duration::from_secs(20)).await;
        let (_fourth, mut of_fourth) = together.process(40);
        tokio::time::sleep(Duration::from_secs(41)).await;
        assert_eq!(together.late_refusals(), Vec::<i64>::new(), "limit {limit}");
        {
            let server = together.server.lock().unwrap();
            let whole = &server.counted[2..];
            assert!(
                whole
                    .iter()
                    .all(|counted| f64::from(*counted) >= 0.88 * f64::from(limit)),
                "{whole:?} of {limit}"
            );
        }
        of_first.shutdown().await;
        of_fourth.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn exchanges_are_a_few_a_second_and_none_when_nothing_happens() {
    let mut together = Together::new(5_000);
    let (budget, mut tasks) = together.process(96);
    tokio::time::sleep(Duration::from_secs(52)).await;
    let exchanges = together.exchanges.load(Ordering::Relaxed);
    assert!(exchanges <= 52 * 10, "{exchanges} for 500 calls a second");
    {
        let server = together.server.lock().unwrap();
        assert!(
            server.counted[2..].iter().all(|counted| *counted >= 4_850),
            "{:?}",
            server.counted
        );
    }
    tasks.shutdown().await;
    budget.give_back().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let exchanges = together.exchanges.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(together.exchanges.load(Ordering::Relaxed), exchanges);
    // What was idle is at work again without delay.
    let began = Instant::now();
    call(
        &budget,
        &together.server,
        &Ways {
            shortest: 20,
            longest: 20,
        },
        &mut ChaCha8Rng::seed_from_u64(1),
        Priority::Interactive,
    )
    .await;
    assert!(
        began.elapsed() < Duration::from_millis(60),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_is_down_stops_nobody() {
    let mut together = Together::new(100);
    together.is_down.store(true, Ordering::Relaxed);
    let (_budget, mut tasks) = together.process(40);
    tokio::time::sleep(Duration::from_secs(32)).await;
    together.is_down.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(20)).await;
    together.is_down.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(together.late_refusals(), Vec::<i64>::new());
    {
        let server = together.server.lock().unwrap();
        assert!(
            server.counted[2..].iter().all(|counted| *counted >= 90),
            "{:?}",
            server.counted
        );
    }
    tasks.shutdown().await;
}
