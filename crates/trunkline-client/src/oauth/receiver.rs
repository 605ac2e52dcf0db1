//! Waits for the browser to come back to this machine, for a command line that has no server.
//!
//! The one rule: only a GET of the callback's own path, under this machine's name and with the state that was begun, ends
//! the waiting. Everything else is answered and forgotten: browsers open connections that they never use, and other pages
//! can send requests here too.

use std::{io, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

use super::{
    CALLBACK_PATH, OAuthError,
    callback::{read_callback, same_state},
};

/// The longest head of a request that is read, and the longest that it may take.
const HEAD: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);
/// The most connections that are read at a time.
const AT_A_TIME: usize = 32;

/// A listener on this machine that receives one callback.
#[derive(Debug)]
pub struct Receiver {
    listener: TcpListener,
    redirect_uri: Url,
    hosts: [String; 2],
}

/// What a request on the loopback port is.
#[derive(Debug)]
enum Incoming {
    /// The callback that was waited for.
    Ended(Result<SecretString, OAuthError>),
    /// Anything else, with the status and the words that it is answered with.
    Other(&'static str, &'static str),
}

impl Receiver {
    /// Listens on 127.0.0.1; port 0 picks a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let redirect_uri =
            Url::parse(&format!("http://127.0.0.1:{port}{CALLBACK_PATH}")).map_err(io::Error::other)?;
        Ok(Self {
            listener,
            redirect_uri,
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        })
    }

    /// What the app must have registered, and what the sign-in is begun with.
    #[must_use]
    pub const fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// The code of the callback that brings `state` back. It waits for as long as it is polled: the caller sets the limit.
    ///
    /// # Errors
    /// When the person refused, or when what came back with the right state cannot be used.
    pub async fn code(&self, state: &SecretString) -> Result<SecretString, OAuthError> {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if open.len() < AT_A_TIME => {
                    // A connection that broke while it was accepted is nobody's loss.
                    if let Ok((stream, _)) = accepted {
                        open.push(tokio::time::timeout(PATIENCE, self.serve(stream, state)));
                    }
                }
                Some(ended) = open.next() => {
                    if let Ok(Some(result)) = ended {
                        return result;
                    }
                }
            }
        }
    }

    /// Answers one request; the outcome when it was the callback.
    async fn serve(
        &self,
        mut stream: TcpStream,
        state: &SecretString,
    ) -> Option<Result<SecretString, OAuthError>> {
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD {
            match stream.read_buf(&mut head).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
        let (status, text, ended) = match self.understand(&head, state) {
            Incoming::Ended(Ok(code)) => (
                "200 OK",
                "Access is granted. You can close this page and go back to the terminal.",
                Some(Ok(code)),
            ),
            Incoming::Ended(Err(error)) => (
                "200 OK",
                "Access is not granted. The terminal says more; you can close this page.",
                Some(Err(error)),
            ),
            Incoming::Other(status, text) => (status, text, None),
        };
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Trunkline</title><p>{text}</p></html>"
        );
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
             referrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
        // Whether the page is seen changes nothing about the outcome.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        ended
    }

    fn understand(&self, head: &[u8], state: &SecretString) -> Incoming {
        let Some((target, host)) = std::str::from_utf8(head).ok().and_then(request_line) else {
            return Incoming::Other("400 Bad Request", "This is no request that can be answered here.");
        };
        // Another name for this machine is how a page elsewhere reaches a loopback port.
        if !self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return Incoming::Other("400 Bad Request", "This address is not known here.");
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != CALLBACK_PATH {
            return Incoming::Other("404 Not Found", "There is nothing at this address.");
        }
        let not_ours = Incoming::Other("400 Bad Request", "This sign-in was not begun here, or is over.");
        match read_callback(query) {
            Ok(callback)
                if callback
                    .state
                    .as_ref()
                    .is_some_and(|brought| same_state(state, brought)) =>
            {
                Incoming::Ended(callback.into_code())
            }
            _ => not_ours,
        }
    }
}

/// The target and the host of a GET request.
fn request_line(head: &str) -> Option<(&str, &str)> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if method != "GET"
        || words.next().is_some()
        || !version.starts_with("HTTP/1.")
        || !target.starts_with('/')
    {
        return None;
    }
    let host = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("host"))?
        .1
        .trim();
    Some((target, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(receiver: &Receiver, text: &str) -> String {
        let mut stream = TcpStream::connect(receiver.listener.local_addr().unwrap())
            .await
            .unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A connection that is closed with bytes unread may be reset after its answer.
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    fn get(target: &str, host: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n")
    }

    #[tokio::test]
    async fn only_the_right_state_at_the_right_path_ends_the_waiting() {
        let receiver = Receiver::bind(0).await.unwrap();
        let host = receiver.hosts[0].clone();
        let path = CALLBACK_PATH;
        let state = SecretString::from("right");
        let waiting = receiver.code(&state);
        let others = async {
            let mut silent = Vec::new();
            for _ in 0..3 {
                silent.push(
                    TcpStream::connect(receiver.listener.local_addr().unwrap())
                        .await
                        .unwrap(),
                );
            }
            for (text, status) in [
                (get("/favicon.ico", &host), "404"),
                (get(&format!("{path}?code=a&state=wrong"), &host), "400"),
                (get(&format!("{path}?code=a"), &host), "400"),
                (get(&format!("{path}?error=access_denied"), &host), "400"),
                (
                    get(&format!("{path}?code=a&state=right&state=right"), &host),
                    "400",
                ),
                (
                    get(&format!("{path}?code=a&state=right"), "evil.example.org"),
                    "400",
                ),
                (
                    format!("POST {path}?code=a&state=right HTTP/1.1\r\nhost: {host}\r\n\r\n"),
                    "400",
                ),
                (format!("GET {path}?code=a&state=right HTTP/1.1\r\n\r\n"), "400"),
                (
                    format!("GET http://x{path} HTTP/1.1\r\nhost: {host}\r\n\r\n"),
                    "400",
                ),
                ("\u{0}\r\n\r\n".to_owned(), "400"),
                (format!("GET /{} HTTP/1.1\r\n", "a".repeat(HEAD)), "400"),
            ] {
                let answer = send(&receiver, &text).await;
                assert!(
                    answer.starts_with(&format!("HTTP/1.1 {status} ")),
                    "{text}: {answer}"
                );
            }
            let answer = send(&receiver, &get(&format!("{path}?code=ab%3D&state=right"), &host)).await;
            assert!(
                answer.starts_with("HTTP/1.1 200 ") && answer.contains("granted"),
                "{answer}"
            );
            assert!(!answer.contains("ab="), "{answer}");
            drop(silent);
        };
        let (code, ()) = tokio::join!(waiting, others);
        assert_eq!(secrecy::ExposeSecret::expose_secret(&code.unwrap()), "ab=");
    }

    #[tokio::test]
    async fn a_person_who_refuses_ends_the_waiting_too() {
        let receiver = Receiver::bind(0).await.unwrap();
        let state = SecretString::from("right");
        let target = format!("{CALLBACK_PATH}?error=access_denied&state=right");
        let request = get(&target, &receiver.hosts[1]);
        let (code, answer) = tokio::join!(receiver.code(&state), send(&receiver, &request));
        assert_eq!(code.unwrap_err().code(), "TL0129");
        assert!(answer.contains("not granted"), "{answer}");
    }
}
