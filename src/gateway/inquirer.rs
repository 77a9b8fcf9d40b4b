//! [`Inquirer`]: asks one gateway by HTTP, as its profile says, what became of a message (RE19 b). It asks once, sends
//! no SMS, and decides nothing.

use super::http::{HttpClient, NoAnswer};
use super::item::Report;
use super::oauth2::TokenCache;
use super::profile::{Bound, BoundRequest, LookupAnswer};
use super::registry::OpenError;
use super::settings::HttpSettings;
use super::types::SendRequest;

/// Asks one gateway.
#[derive(Clone, Debug)]
pub struct Inquirer {
    client: HttpClient,
    tokens: Option<TokenCache>,
    request: BoundRequest,
    answer: LookupAnswer,
}

impl Inquirer {
    /// Opens the pooled client; `None` for a profile without `lookup`.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn open(bound: &Bound, settings: &HttpSettings) -> Result<Option<Self>, OpenError> {
        let (Some(request), Some(lookup)) = (&bound.lookup, &bound.profile.lookup) else {
            return Ok(None);
        };
        Ok(Some(Self {
            client: HttpClient::new(settings.timeouts)?,
            tokens: TokenCache::of(request, settings.timeouts)?,
            request: request.clone(),
            answer: lookup.answer.clone(),
        }))
    }

    /// Asks about the message with this reference; `None` = the gateway says nothing about it: it does not know it
    /// (404), or not yet. Ends within the request timeout.
    ///
    /// # Errors
    /// In words why the gateway does not answer the question.
    pub async fn ask(&self, client_ref: &str) -> Result<Option<Report>, &'static str> {
        let message = SendRequest::named(client_ref);
        let mut built =
            self.request.build(&message).map_err(|_| "the lookup of the profile cannot be built")?;
        let token = match &self.tokens {
            None => None,
            Some(tokens) => {
                let token = tokens.prove(&mut built).await.map_err(|_| "there is no token for the lookup")?;
                Some((tokens, token))
            }
        };
        let answer = match self.client.send(built).await {
            Ok(answer) => answer,
            Err(NoAnswer::NeverLeft(reason) | NoAnswer::Unknown(reason)) => return Err(reason),
        };
        if let (Some((tokens, token)), 401 | 403) = (token, answer.status) {
            tokens.forget(&token).await;
        }
        match answer.status {
            200..=299 => Ok(self.answer.read(&answer, client_ref)),
            404 => Ok(None),
            _ => Err("the gateway refuses the lookup"),
        }
    }
}
