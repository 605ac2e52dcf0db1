//! `mail` against a small server that answers by plan.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use trunkline_components::Site;
use trunkline_flow::Verdict;

use crate::harness::{self, refusal, variables};

/// A server that takes mails and keeps what was said to it.
pub(crate) struct Post {
    pub(crate) port: u16,
    said: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<String>>>,
}

/// What it answers instead of what is usual, by the beginning of what was said.
type Plan = &'static [(&'static str, &'static str)];

impl Post {
    pub(crate) async fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let post = Self {
            port: listener.local_addr().unwrap().port(),
            said: Arc::default(),
            mails: Arc::default(),
        };
        let (said, mails) = (Arc::clone(&post.said), Arc::clone(&post.mails));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (said, mails) = (Arc::clone(&said), Arc::clone(&mails));
                tokio::spawn(async move { talk(stream, plan, &said, &mails).await.ok() });
            }
        });
        post
    }

    /// The mails that were taken, as they came.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }
}

async fn talk(
    mut stream: TcpStream,
    plan: Plan,
    said: &Mutex<Vec<String>>,
    mails: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 post ready\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        said.lock().unwrap().push(line.clone());
        let planned = plan
            .iter()
            .find(|(begin, _)| line.starts_with(begin))
            .map(|(_, answer)| *answer);
        let usual = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-post\r\n250 AUTH PLAIN LOGIN",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            "AUTH" => "235 in",
            _ => "250 well",
        };
        write
            .write_all(format!("{}\r\n", planned.unwrap_or(usual)).as_bytes())
            .await?;
        if line == "DATA" && planned.is_none() {
            let mut mail = Vec::new();
            while let Some(line) = lines.next_line().await? {
                if line == "." {
                    break;
                }
                mail.push(line.strip_prefix('.').map_or(line.clone(), str::to_owned));
            }
            mails.lock().unwrap().push(mail.join("\n"));
            write.write_all(b"250 kept\r\n").await?;
        }
    }
    Ok(())
}

fn settings(port: u16, more: &str) -> String {
    format!(
        r#"mail: {{ server: 127.0.0.1, port: {port}, from: "Trunkline <t@example.test>", to: '.to', subject: '.subject', text: '.text'{more} }}"#
    )
}

fn site() -> Site {
    harness::site(std::path::Path::new("/"), &variables([("PASSWORD", "s3cret")]))
}

fn mail(subject: &str) -> Value {
    json!({ "to": ["ada@example.test", "Bob <bob@example.test>"], "subject": subject, "text": "All is well.\nEven this: ü." })
}

#[tokio::test]
async fn a_mail_is_what_the_expressions_make_and_has_the_same_id_when_it_is_sent_again() {
    let post = Post::start(&[]).await;
    let destination = harness::destination(&settings(post.port, ", security: none"), &site());
    let preview = destination
        .preview(&harness::records(&[mail("Hello")])[0])
        .unwrap();
    assert_eq!(preview["to"][0], "ada@example.test");
    assert_eq!(post.said(), "", "a preview calls nobody");
    for _ in 0..2 {
        harness::bring(&*destination, &[mail("Hello\r\nBcc: eve@example.test")])
            .await
            .remove(0)
            .unwrap();
    }
    let mails = post.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1]);
    for part in [
        "From: Trunkline <t@example.test>",
        "To: ada@example.test, Bob <bob@example.test>",
        "Subject: Hello  Bcc: eve@example.test",
        "Date: Fri, 02 Jan 2026 03:04:05 +0000",
        "Message-ID: <",
        "All is well.",
    ] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    let said = post.said();
    assert!(
        said.contains("RCPT TO:<bob@example.test>") && !said.contains("RCPT TO:<eve"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_that_cannot_do_tls_gets_neither_a_mail_nor_a_password() {
    let post = Post::start(&[]).await;
    let with_password = ", user: t, password: { env: PASSWORD }";
    let destination = harness::destination(&settings(post.port, with_password), &site());
    let error = refusal(&*destination, &mail("Hello")).await;
    assert_eq!(
        (error.code, error.verdict),
        ("TL0913", Verdict::Retry(None)),
        "{error}"
    );
    assert!(
        !post.said().contains("AUTH") && !post.said().contains("MAIL"),
        "{}",
        post.said()
    );
}

#[tokio::test]
async fn a_refusal_says_whether_it_passes() {
    let check = async |plan: Plan, code: &str, verdict: Verdict| {
        let post = Post::start(plan).await;
        let destination =
            harness::destination(&settings(post.port, ", security: none, timeout: 1s"), &site());
        let error = refusal(&*destination, &mail("Hello")).await;
        assert_eq!((error.code, error.verdict), (code, verdict), "{plan:?}: {error}");
        assert!(!error.advice.is_empty());
        assert_eq!(error.request.as_ref().unwrap()["subject"], "Hello");
    };
    check(&[("RCPT", "550 nobody of this name")], "TL0914", Verdict::Reject).await;
    check(&[("MAIL", "421 come back later")], "TL0914", Verdict::Retry(None)).await;
    check(&[("MAIL", "530 sign in first")], "TL0914", Verdict::Stop).await;
    check(&[("DATA", "554 spam")], "TL0914", Verdict::Reject).await;
    check(&[("EHLO", "what is this")], "TL0913", Verdict::Retry(None)).await;
    // Nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let destination = harness::destination(&settings(port, ", security: none"), &site());
    let error = refusal(&*destination, &mail("Hello")).await;
    assert_eq!(
        (error.code, error.verdict),
        ("TL0913", Verdict::Retry(None)),
        "{error}"
    );
    // One that takes the connection and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = mute.local_addr().unwrap().port();
    let destination = harness::destination(&settings(port, ", security: none, timeout: 100ms"), &site());
    let error = refusal(&*destination, &mail("Hello")).await;
    assert_eq!(error.code, "TL0913", "{error}");
}

#[tokio::test]
async fn what_makes_no_mail_is_the_record_s_own_fault() {
    let post = Post::start(&[]).await;
    let destination = harness::destination(&settings(post.port, ", security: none"), &site());
    for (record, part) in [
        (
            json!({ "to": "a@example.test", "subject": "x", "text": " " }),
            "no text",
        ),
        (json!({ "to": [], "subject": "x", "text": "y" }), "0 addresses"),
        (json!({ "to": null, "subject": "x", "text": "y" }), "0 addresses"),
        (json!({ "to": [7], "subject": "x", "text": "y" }), "is no text"),
        (
            json!({ "to": "nobody", "subject": "x", "text": "y" }),
            "is no address",
        ),
        (
            json!({ "to": vec!["a@example.test"; 51], "subject": "x", "text": "y" }),
            "51 addresses",
        ),
    ] {
        let error = refusal(&*destination, &record).await;
        assert_eq!(
            (error.code, error.verdict),
            ("TL0915", Verdict::Reject),
            "{record}: {error}"
        );
        assert!(error.message.contains(part), "{record}: {error}");
    }
    assert!(post.mails().is_empty());
}
