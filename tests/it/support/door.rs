//! The front door: HTTP, as callers and gateways use it. Every test goes through here, so that the way in is
//! written once.

use std::net::SocketAddr;

use serde_json::{Map, Value as Json, json};

/// The secret by which the fake gateway's callbacks prove themselves.
pub const GATEWAY_SECRET: &str = "a-secret-of-the-gateway";

/// An answer to a caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body; `null` when there is none.
    pub body: Json,
}

impl Answer {
    /// The session's id, after a success.
    pub fn session_id(&self) -> String {
        assert!(matches!(self.status, 200 | 201), "{self:?}");
        self.body["id"].as_str().unwrap().to_owned()
    }

    /// The problem's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// An inbound SMS as a gateway posts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The gateway's id of it.
    pub id: Option<String>,
    /// Who texts.
    pub from: String,
    /// Our number.
    pub to: String,
    /// What.
    pub text: String,
    /// The SMS session it came in.
    pub thread: Option<String>,
}

impl Message {
    fn json(&self) -> Json {
        let mut item = Map::new();
        item.insert("from".to_owned(), json!(self.from));
        item.insert("to".to_owned(), json!(self.to));
        item.insert("text".to_owned(), json!(self.text));
        if let Some(id) = &self.id {
            item.insert("messageId".to_owned(), json!(id));
        }
        if let Some(thread) = &self.thread {
            item.insert("sessionId".to_owned(), json!(thread));
        }
        Json::Object(item)
    }
}

/// The way in to one server. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Door {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Door {
    /// To a server, with a key that may do everything.
    pub fn new(address: SocketAddr, key: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, base: format!("http://{address}"), key: key.to_owned() }
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// GET with the key.
    pub async fn get(&self, path: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.key);
        answered(request.send().await).await.unwrap()
    }

    /// Any request with the key; the answer as it comes.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// POST with the key.
    pub async fn post(&self, path: &str, body: &Json) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// PATCH with the key.
    pub async fn patch(&self, path: &str, body: &Json) -> Answer {
        let request = self.client.patch(format!("{}{path}", self.base)).bearer_auth(&self.key).json(body);
        answered(request.send().await).await.unwrap()
    }

    /// DELETE with the key.
    pub async fn delete(&self, path: &str) -> Answer {
        let request = self.client.delete(format!("{}{path}", self.base)).bearer_auth(&self.key);
        answered(request.send().await).await.unwrap()
    }

    /// POST with the key and an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, body: &Json, idempotency_key: &str) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.key).json(body);
        let request = request.header("Idempotency-Key", idempotency_key);
        answered(request.send().await).await.unwrap()
    }

    /// POST with the key, to a server that may be gone.
    pub async fn try_post(&self, path: &str, body: &Json) -> Result<Answer, reqwest::Error> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.key).json(body);
        answered(request.send().await).await
    }

    /// SMS from people, in one call of the fake gateway.
    pub async fn inbound(&self, messages: &[Message]) -> u16 {
        self.try_inbound(messages).await.unwrap()
    }

    /// As [`Self::inbound`], to a server that may be gone.
    pub async fn try_inbound(&self, messages: &[Message]) -> Result<u16, reqwest::Error> {
        let body = match messages {
            [one] => one.json(),
            many => many.iter().map(Message::json).collect(),
        };
        self.callback("inbound", &body).await
    }

    /// A delivery report of the fake gateway.
    pub async fn report(&self, message_id: &str, state: &str) -> u16 {
        let body = json!({"messageId": message_id, "state": state});
        self.callback("status", &body).await.unwrap()
    }

    /// Any callback of the fake gateway: `inbound` or `status`.
    pub async fn callback(&self, kind: &str, body: &Json) -> Result<u16, reqwest::Error> {
        self.call_back(kind, GATEWAY_SECRET, body).await
    }

    /// A callback of somebody who does not know the secret.
    pub async fn forged(&self, kind: &str, secret: &str, body: &Json) -> u16 {
        self.call_back(kind, secret, body).await.unwrap()
    }

    async fn call_back(&self, kind: &str, secret: &str, body: &Json) -> Result<u16, reqwest::Error> {
        let url = format!("{}/v1/gateways/fake/{kind}", self.base);
        let request = self.client.post(url).header("X-API-Key", secret).json(body);
        Ok(answered(request.send().await).await?.status)
    }
}

async fn answered(response: Result<reqwest::Response, reqwest::Error>) -> Result<Answer, reqwest::Error> {
    let response = response?;
    let status = response.status().as_u16();
    let body = response.text().await?;
    Ok(Answer { status, body: serde_json::from_str(&body).unwrap_or_default() })
}
