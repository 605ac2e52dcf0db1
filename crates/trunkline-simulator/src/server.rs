//! The socket: one fallback route that hands every request to the pipeline, and the workspace's own life beside it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, State as Shared},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::Response,
};
use futures::StreamExt as _;
use jiff::{Timestamp, tz::TimeZone};
use rand::SeedableRng as _;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Options, activity,
    clock::Clock,
    control,
    faults::Fault,
    folder::{self, FolderError},
    generator,
    heads::{Caller, Timed},
    hub::{self, Hub, Knock},
    intake,
    oauth::App,
    pipeline::{Incoming, State},
    reply::Reply,
    webhooks::{self, WebhookError, Webhooks},
};

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There is no such time zone.
    #[error("there is no time zone `{0}`")]
    TimeZone(String),
    /// An app cannot be as it was set up.
    #[error("an app cannot be set up: {0}")]
    App(String),
    /// A fault cannot be as it was asked for.
    #[error("a fault cannot be set: {0}")]
    Fault(String),
    /// The activity's pace cannot be kept.
    #[error("{0} steps a second is not a pace that activity can keep")]
    Live(f64),
    /// The workspace cannot be loaded.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A webhook cannot be set up.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
}

impl StartError {
    /// The error's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "TL0302",
            Self::TimeZone(_) => "TL0303",
            Self::Live(_) => "TL0304",
            Self::App(_) => "TL0308",
            Self::Fault(_) => "TL0309",
            Self::Folder(error) => error.code(),
            Self::Webhook(error) => error.code(),
        }
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Listen { .. } => {
                "Choose another address with `--listen`; port 0 picks a free one.".to_owned()
            }
            Self::TimeZone(_) => "Use a name such as Europe/Dublin or America/Los_Angeles.".to_owned(),
            Self::App(_) => {
                "Name permissions as `trunkline operations` prints them, and a version from 2.7 to 2.16."
                    .to_owned()
            }
            Self::Fault(_) => "docs/simulator/faults.md lists what a fault can be.".to_owned(),
            Self::Live(_) => "Use a number above 0 and up to 1000, such as `--live 2`.".to_owned(),
            Self::Folder(error) => error.advice(),
            Self::Webhook(error) => error.advice(),
        }
    }
}

/// A simulator that answers.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
    life: Option<JoinHandle<()>>,
    deliveries: JoinHandle<()>,
    first: Arc<State>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Saves the first workspace into the folder of the options, and tells how many files that made; `None` without a folder.
    ///
    /// # Errors
    /// When a file cannot be written; the folder is then as it was.
    pub fn save(&self) -> Result<Option<usize>, FolderError> {
        self.first.save()
    }

    /// Stops it; open connections are closed.
    pub async fn stop(self) {
        // Fails only when both tasks have ended already.
        self.stop.send(true).ok();
        self.server.abort();
        if let Some(life) = self.life {
            life.abort();
        }
        self.deliveries.abort();
    }
}

/// Builds the workspace and begins to listen.
///
/// # Errors
/// When the address cannot be listened on, or an option cannot be.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let time_zone =
        TimeZone::get(&options.time_zone).map_err(|_| StartError::TimeZone(options.time_zone.clone()))?;
    let pace = match options.live {
        None => None,
        Some(steps) if steps > 0.0 && steps <= 1_000.0 => Some(Duration::from_secs_f64(1.0 / steps)),
        Some(steps) => return Err(StartError::Live(steps)),
    };
    let listen = |source| StartError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    if let Some(fault) = options.apps.iter().find_map(App::fault) {
        return Err(StartError::App(fault));
    }
    if let Some(fault) = options.faults.iter().find_map(Fault::fault) {
        return Err(StartError::Fault(fault));
    }
    let clock = Arc::new(Clock::new(options.start, options.clock_stands));
    // Without a start, the same seed gives the same workspace at least within the hour.
    let moment = options.start.map_or_else(
        || clock.now() - clock.now().rem_euclid(3_600),
        Timestamp::as_second,
    );
    let directory = hub::directory(&options);
    let webhooks = Arc::new(Webhooks::new(&options, directory.installed()));
    let states: Vec<Arc<State>> = (0..u64::from(options.workspaces.max(1)))
        .map(|place| {
            let options = Options {
                seed: options.seed + place,
                listen: address,
                ..options.clone()
            };
            let workspace = match options.load.as_deref().filter(|_| place == 0) {
                Some(path) => folder::load(path, &options, time_zone.clone(), moment)?,
                None => generator::generate(&options, time_zone.clone(), moment),
            };
            clock.not_before(folder::newest(&workspace));
            Ok(Arc::new(State::new(
                options,
                Arc::clone(&clock),
                Arc::clone(&webhooks),
                workspace,
            )))
        })
        .collect::<Result<_, FolderError>>()?;
    let lives = pace.map(|pace| {
        let all = states
            .iter()
            .map(|state| live(Arc::clone(state), pace, state.options.seed));
        futures::future::join_all(all)
    });
    for subscription in options.webhooks {
        webhooks::subscribe(&states, subscription).await?;
    }
    let first = Arc::clone(&states[0]);
    let deliveries = tokio::spawn({
        let (sending, planning) = (
            webhooks::run(webhooks, Arc::clone(&clock)),
            webhooks::keep_plans(states.clone()),
        );
        async move {
            futures::future::join(sending, planning).await;
        }
    });
    let hub = Arc::new(Hub::new(states, directory, clock));
    let (stop, stopped) = watch::channel(false);
    let router = Router::new().fallback(serve).with_state(hub);
    let server = tokio::spawn(async move {
        let mut stopped = stopped;
        axum::serve(
            Timed(listener),
            router.into_make_service_with_connect_info::<Caller>(),
        )
        .with_graceful_shutdown(async move {
            stopped.wait_for(|stop| *stop).await.ok();
        })
        .await
    });
    let life = lives.map(|lives| {
        tokio::spawn(async move {
            lives.await;
        })
    });
    Ok(Running {
        address,
        stop,
        server,
        life,
        deliveries,
        first,
    })
}

async fn live(state: Arc<State>, pace: Duration, seed: u64) {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed ^ 0x11FE);
    let mut ticks = tokio::time::interval(pace);
    loop {
        ticks.tick().await;
        let now = state.clock.now();
        // A step that fails is told in the log; the next one is taken all the same.
        intake::guarded(|| state.change(|workspace| activity::step(workspace, now, &mut rng))).ok();
    }
}

async fn serve(
    Shared(hub): Shared<Arc<Hub>>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let _answering = caller.gate.passed();
    let taken = intake::whole(body, intake::MOST_BYTES, intake::PATIENCE).await;
    let (body, unread) = match taken {
        Ok(body) => (body, None),
        Err(refusal) => (Bytes::new(), Some(refusal)),
    };
    let path = uri.path();
    let query = uri.query().unwrap_or("");
    if hub.states[0].options.control && path.starts_with("/_sim/") {
        return match hub.place(path) {
            Some((state, path)) if method == Method::GET && path.starts_with("/_sim/truth/") => {
                intake::guarded(|| truth(Arc::clone(state), &path, query))
                    .unwrap_or_else(|refusal| send(Reply::refusal(&refusal, "")))
            }
            Some((_, path)) if unread.is_none() && webhooks::control::is_mine(&path) => {
                let answer = webhooks::control::answer(&hub.states, &method, &path, query, &body);
                let reply = intake::guarded_later(answer).await;
                send(reply.unwrap_or_else(|refusal| Reply::refusal(&refusal, "")))
            }
            _ => send(match &unread {
                Some(refusal) => Reply::refusal(refusal, ""),
                None => guarded(|| hub.control(&method, path, query, &body)),
            }),
        };
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let accepted: Vec<&str> = headers
        .get_all("accept")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let accepted = accepted.join(",");
    let incoming = Incoming {
        method: method.as_str(),
        path,
        query,
        version: header("intercom-version"),
        host: header("host"),
        content_type: header("content-type"),
        accept: Some(&accepted),
        caller: caller.address.ip(),
        user_agent: header("user-agent"),
        body: &body,
        unread: unread.as_ref(),
    };
    let knock = Knock {
        token: header("authorization").and_then(bearer),
        incoming,
    };
    let (state, reply) = intake::guarded(|| hub.answer(knock))
        .unwrap_or_else(|refusal| (&hub.states[0], Reply::refusal(&refusal, "")));
    let latency = state.options.latency + Duration::from_millis(reply.delay_ms);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    send(reply)
}

/// The token of an `Authorization` header; the scheme's name may be written in any case.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

/// What the control surface says, or that it made a mistake.
fn guarded(answer: impl FnOnce() -> Reply) -> Reply {
    intake::guarded(answer).unwrap_or_else(|refusal| Reply::refusal(&refusal, ""))
}

/// Streams the truth; the workspace is only locked while a span of it is written.
fn truth(state: Arc<State>, path: &str, query: &str) -> Response {
    let (question, first) = match control::question(&state, path, query) {
        Ok(found) => found,
        Err(reply) => return send(reply),
    };
    let rest = futures::stream::unfold((state, question), |(state, mut question)| async move {
        // A mistake cuts the stream short: its end says that something is missing.
        let span = match intake::guarded(|| question.next(&state)) {
            Ok(span) => Ok(span?),
            Err(_) => Err(io::Error::other("the truth could not be told")),
        };
        Some((span, (state, question)))
    });
    let spans = futures::stream::once(async { Ok(first) }).chain(rest);
    let mut response = Response::new(Body::from_stream(spans));
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/x-ndjson"));
    response
}

fn send(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(reply.content_type));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
