//! The management side of the API, through the real server.

mod channels;
mod consents;
mod customers;
mod keys;
mod phones;
mod surveys;
mod triggers;

use antiphon::app::api_key::Scope;
use antiphon::app::audit::{self, Actor};
use antiphon::app::manage_keys::{NewKey, create_key};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestApp;

/// An answer of the server.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    text: String,
}

impl Reply {
    fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Pointers and codes of the faults.
    fn faults(&self) -> Vec<(String, String)> {
        let text = |fault: &Json, name: &str| fault[name].as_str().unwrap().to_owned();
        let faults = self.json()["errors"].as_array().cloned().unwrap_or_default();
        faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (given, value) = line.split_once(": ")?;
            given.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

/// A caller with a key.
struct Caller<'a> {
    app: &'a TestApp,
    key: String,
}

impl<'a> Caller<'a> {
    /// With a new key of these scopes.
    async fn with(app: &'a TestApp, scopes: &[Scope]) -> Self {
        let ids = app.engine().ids.clone();
        let new = NewKey {
            name: format!("test {}", ids.next(app.now())),
            scopes: scopes.to_vec(),
            surveys: Vec::new(),
            channels: Vec::new(),
            expires_at: None,
            env: "test".to_owned(),
        };
        let made = app.engine().store.change(
            move |connection, now| create_key(connection, &new, &ids.random_bytes(), &Actor::command(), now),
            |_| {},
        );
        Self { app, key: made.await.unwrap().unwrap().key.reveal().to_owned() }
    }

    /// With every scope.
    async fn almighty(app: &'a TestApp) -> Self {
        Self::with(app, Scope::ALL).await
    }

    /// The same server with another key.
    fn using(&self, key: &str) -> Self {
        Self { app: self.app, key: key.to_owned() }
    }

    async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    async fn post(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, &[], body).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\n",
            self.key,
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = TcpStream::connect(self.app.address()).await.unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.replace("\r\n", "\n"), text: text.to_owned() }
    }
}

/// What was audited, in order; the chain itself must hold.
async fn audited(app: &TestApp) -> Vec<String> {
    let read = |connection: &mut antiphon::store::AnyConnection| {
        let verified = audit::verify(connection)?;
        let rows = antiphon::store::audit::after(connection, 0, 1_000)?;
        assert_eq!(verified, Ok(i64::try_from(rows.len()).unwrap()));
        Ok(rows.into_iter().map(|row| row.action).filter(|action| action != "key.created").collect())
    };
    app.engine().store.read(read).await.unwrap()
}
