//! Connections whose requests have to arrive in time: whoever sends the head of a request byte by byte is cut off.
//!
//! The one rule: only the head is timed here. A body has its own patience in `intake.rs`, and a connection that waits between
//! two requests is left alone.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Sleep,
};

/// How long the head of a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// The head of a request is awaited or arrives.
const HEAD: u8 = 0;
/// A request is being answered.
const ANSWERING: u8 = 1;
/// An answer was given; the next request may take its time to begin.
const RESTING: u8 = 2;

/// What the handler of a request tells its connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<AtomicU8>);

impl Gate {
    /// The head has arrived; until the result is dropped, the request is being answered.
    pub(crate) fn passed(&self) -> Answering {
        self.0.store(ANSWERING, Ordering::Relaxed);
        Answering(self.clone())
    }
}

/// A request is being answered.
#[derive(Debug)]
pub(crate) struct Answering(Gate);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.store(RESTING, Ordering::Relaxed);
    }
}

/// Who is connected.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
}

impl Connected<IncomingStream<'_, Timed>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Timed>) -> Self {
        Self {
            address: *stream.remote_addr(),
            gate: stream.io().gate.clone(),
        }
    }
}

/// A listener whose connections are timed.
#[derive(Debug)]
pub(crate) struct Timed(pub(crate) TcpListener);

impl Listener for Timed {
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // A connection that is gone already is found out by the first read.
        stream.set_nodelay(true).ok();
        (Connection::new(stream), address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A connection that ends when the head of a request takes too long.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    gate: Gate,
    /// Runs while a head is awaited; made only when one does not come at once.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Connection<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            gate: Gate::default(),
            timer: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let held = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let has_come = buffer.filled().len() > held;
        match self.gate.0.load(Ordering::Relaxed) {
            HEAD => {}
            RESTING if has_come => {
                self.gate.0.store(HEAD, Ordering::Relaxed);
                self.timer = None;
                return polled;
            }
            _ => {
                self.timer = None;
                return polled;
            }
        }
        if polled.is_pending() {
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
            if timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::{Instant, sleep},
    };

    use super::*;

    /// Reads from a connection whose other end sends a byte so often, and tells after how many seconds it was cut off.
    async fn cut_after(pace: Option<u64>) -> u64 {
        let (mut sender, receiver) = duplex(16);
        let mut connection = Connection::new(receiver);
        let sending = async {
            if let Some(pace) = pace {
                while sender.write_all(b"x").await.is_ok() {
                    sleep(Duration::from_secs(pace)).await;
                }
            }
            std::future::pending::<()>().await;
        };
        let began = Instant::now();
        let reading = async {
            let mut byte = [0];
            loop {
                if let Err(error) = connection.read_exact(&mut byte).await {
                    return error.kind();
                }
            }
        };
        let kind = tokio::select! {
            kind = reading => kind,
            () = sending => unreachable!("it never ends"),
        };
        assert_eq!(kind, io::ErrorKind::TimedOut);
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_or_never_comes_is_not_waited_for() {
        for pace in [None, Some(1), Some(7), Some(29)] {
            assert_eq!(cut_after(pace).await, PATIENCE.as_secs(), "{pace:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_bodies_and_rests_may_take_longer_but_the_next_head_may_not() {
        let (mut sender, receiver) = duplex(16);
        let mut connection = Connection::new(receiver);
        let gate = connection.gate.clone();
        let mut byte = [0];
        let long = PATIENCE * 3;
        sender.write_all(b"h").await.unwrap();
        connection.read_exact(&mut byte).await.unwrap();
        let answering = gate.passed();
        for _ in 0..2 {
            let (_, read) = tokio::join!(
                async {
                    sleep(long).await;
                    sender.write_all(b"b").await
                },
                connection.read_exact(&mut byte)
            );
            read.expect("a body is not timed here");
        }
        drop(answering);
        let (_, read) = tokio::join!(
            async {
                sleep(long).await;
                sender.write_all(b"h").await
            },
            connection.read_exact(&mut byte)
        );
        read.expect("a rest is not timed");
        let began = Instant::now();
        let cut = connection.read_exact(&mut byte).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    }
}
