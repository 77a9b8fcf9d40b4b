//! [`Sender`]: hands messages to one gateway by HTTP, as its profile says. It sends once, never repeats and never
//! paces.

use std::time::Duration;

use reqwest::{Method, Request, Url};

use super::http::{HttpClient, NoAnswer};
use super::oauth2::TokenCache;
use super::profile::{AnswerRules, Bound, BoundRequest, SmsCharset, Splits};
use super::registry::OpenError;
use super::settings::HttpSettings;
use super::types::{Detail, GatewaySession, SendClass, SendRequest, SendResult};
use crate::text::{self, Encoding};

/// Hands messages to one gateway.
#[derive(Clone, Debug)]
pub struct Sender {
    client: HttpClient,
    tokens: Option<TokenCache>,
    send: BoundRequest,
    answer: AnswerRules<SendClass>,
    parts_max: usize,
    charset: SmsCharset,
    splits: Splits,
    timeout: Duration,
}

impl Sender {
    /// Opens the pooled client; `None` for a profile that does not send.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn open(bound: &Bound, settings: &HttpSettings) -> Result<Option<Self>, OpenError> {
        let (Some(send), Some(answer)) = (&bound.send, &bound.answer) else {
            return Ok(None);
        };
        Ok(Some(Self {
            client: HttpClient::new(settings.timeouts)?,
            tokens: TokenCache::of(send, settings.timeouts)?,
            send: send.clone(),
            answer: answer.clone(),
            parts_max: bound.profile.limits.max_parts,
            charset: bound.profile.encoding.charset,
            splits: bound.profile.encoding.splits,
            timeout: settings.timeouts.request,
        }))
    }

    /// Hands one SMS over. Ends within the request timeout.
    pub async fn send(&self, request: &SendRequest) -> SendResult {
        if let Some(reason) = self.unsuited(request) {
            return SendResult::Permanent(Detail::plain(reason));
        }
        if self.splits == Splits::Gateway || request.segments <= 1 {
            return self.send_whole(request).await;
        }
        let late = |_| SendResult::Ambiguous(Detail::plain("the parts did not leave in time"));
        tokio::time::timeout(self.timeout, self.send_pieces(request)).await.unwrap_or_else(late)
    }

    /// One SMS after the other. The first that is taken stands for all; if a later one is not, nobody knows what the
    /// person has.
    async fn send_pieces(&self, request: &SendRequest) -> SendResult {
        let mut piece = SendRequest { segments: 1, ..request.clone() };
        let mut first = None;
        for text in text::pieces(&request.text) {
            piece.text = text;
            match (self.send_whole(&piece).await, &first) {
                (taken @ SendResult::Accepted { .. }, None) => {
                    if let SendResult::Accepted { session: Some(handle), .. } = &taken {
                        piece.session = GatewaySession::Existing(handle.clone());
                    }
                    first = Some(taken);
                }
                (SendResult::Accepted { .. } | SendResult::Duplicate(_), Some(_)) => {}
                (refused, None) => return refused,
                (refused, Some(_)) => {
                    let code = refused.detail().and_then(|detail| detail.code.clone());
                    return SendResult::Ambiguous(Detail {
                        code,
                        reason: "only a part of the text was taken",
                    });
                }
            }
        }
        first.unwrap_or(SendResult::Permanent(Detail::plain("there is no text")))
    }

    async fn send_whole(&self, request: &SendRequest) -> SendResult {
        let Ok(mut built) = self.send.build(request) else {
            return SendResult::Permanent(Detail::plain(
                "the profile of the gateway does not suit the message",
            ));
        };
        let token = match &self.tokens {
            None => None,
            Some(tokens) => match tokens.prove(&mut built).await {
                Ok(token) => Some((tokens, token)),
                Err(fault) => return fault.result(),
            },
        };
        let result = match self.client.send(built).await {
            Ok(answer) => self.answer.classify(&answer),
            Err(NoAnswer::NeverLeft(reason)) => SendResult::Retry(Detail::plain(reason)),
            Err(NoAnswer::Unknown(reason)) => SendResult::Ambiguous(Detail::plain(reason)),
        };
        if let (Some((tokens, token)), SendResult::Auth(_)) = (token, &result) {
            tokens.forget(&token).await;
        }
        result
    }

    /// Asks for the base URL. Every answer will do.
    ///
    /// # Errors
    /// In words why there is none.
    pub async fn ping(&self) -> Result<u16, &'static str> {
        let url = Url::parse(&self.send.base_url).map_err(|_| "the base URL cannot be read")?;
        match self.client.send(Request::new(Method::GET, url)).await {
            Ok(answer) => Ok(answer.status),
            Err(NoAnswer::NeverLeft(reason) | NoAnswer::Unknown(reason)) => Err(reason),
        }
    }

    /// Why the gateway cannot carry a message: nothing is dropped or replaced silently (GW92, GW93).
    fn unsuited(&self, request: &SendRequest) -> Option<&'static str> {
        let is_carried = match self.charset {
            SmsCharset::Gsm7OrUcs2 => true,
            SmsCharset::Gsm7Only => request.encoding == Encoding::Gsm7,
            SmsCharset::Ucs2Bmp => request.text.chars().all(|c| c.len_utf16() == 1),
        };
        if !is_carried {
            Some("the gateway cannot carry a character of the text")
        } else if request.segments > self.parts_max {
            Some("the text has more SMS parts than the gateway carries")
        } else {
            None
        }
    }
}
