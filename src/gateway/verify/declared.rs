//! [`Declared`]: a verifier as the `verify:` block of a profile names it, with its secrets resolved
//! (gateways.md 2.1, 2.4). [`Declared::open`] is the one way from there to a [`Verifier`]; it refuses what does not
//! go together and says what to change.

use std::fmt;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::mac::Algorithm;
use super::public_url::PublicUrl;
use super::{
    JwtHashes, Place, PlivoV3, PublicKeys, Secrets, SecretsFault, SortedParams, UrlParams, Verifier,
};
use crate::gateway::network::{Network, Networks};

/// The closed set of verifiers, as profiles name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// GW20, Twilio.
    HmacUrlParams,
    /// GW21, Plivo.
    HmacPlivoV3,
    /// GW22, Vonage.
    HmacSortedParams,
    /// GW23, Bird.
    JwtHashes,
    /// GW24, Telnyx.
    Ed25519TsBody,
    /// GW25, Sinch.
    HmacBodyNonceTs,
    /// GW26.
    StandardWebhooks,
    /// GW27.
    Static,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::HmacUrlParams,
        Self::HmacPlivoV3,
        Self::HmacSortedParams,
        Self::JwtHashes,
        Self::Ed25519TsBody,
        Self::HmacBodyNonceTs,
        Self::StandardWebhooks,
        Self::Static,
    ];

    /// The word of `verify.scheme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacUrlParams => "hmac_url_params",
            Self::HmacPlivoV3 => "hmac_plivo_v3",
            Self::HmacSortedParams => "hmac_sorted_params",
            Self::JwtHashes => "jwt_hashes",
            Self::Ed25519TsBody => "ed25519_ts_body",
            Self::HmacBodyNonceTs => "hmac_body_nonce_ts",
            Self::StandardWebhooks => "standard_webhooks",
            Self::Static => "static",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == word)
    }
}

/// A `verify:` block as plain data. Each field has the name it has there.
#[derive(Clone, Debug)]
pub struct Declared {
    /// `scheme`.
    pub scheme: Scheme,
    /// `secrets`: one, or two while they are changed over; of [`Scheme::Ed25519TsBody`] public keys in base64.
    pub secrets: Vec<DeclaredSecret>,
    /// `algorithm`, where the gateway's account chooses it: `md5`, `sha1`, `sha256` or `sha512` of
    /// [`Scheme::HmacSortedParams`]; `HS256`, `HS384` or `HS512` of [`Scheme::JwtHashes`]. For every secret that
    /// names none of its own.
    pub algorithm: Option<String>,
    /// `in` of [`Scheme::Static`]: `header`, `query`, `path`, `basic` or `bearer`.
    pub place: Option<String>,
    /// `name` of the header or query parameter, or the user of `basic`.
    pub name: Option<String>,
    /// `cidrs`: networks that the gateway calls from; none = from anywhere.
    pub cidrs: Vec<String>,
}

impl Declared {
    /// A block with nothing but its scheme.
    #[must_use]
    pub fn of(scheme: Scheme) -> Self {
        Self { scheme, secrets: Vec::new(), algorithm: None, place: None, name: None, cidrs: Vec::new() }
    }
}

/// A secret and the algorithm it is bound to (GW20).
#[derive(Clone, Debug)]
pub struct DeclaredSecret {
    /// `secret`, resolved.
    pub secret: SecretString,
    /// `algorithm`; `None` = the block's.
    pub algorithm: Option<String>,
}

impl From<SecretString> for DeclaredSecret {
    fn from(secret: SecretString) -> Self {
        Self { secret, algorithm: None }
    }
}

/// What is wrong with a block, and what to do about it. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredFault {
    /// The field of the block; `public_url` is `server.public_url` of the configuration.
    pub field: &'static str,
    /// What to change.
    pub problem: String,
}

impl fmt::Display for DeclaredFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl Declared {
    /// The verifier, and the networks that its callbacks come from. `public_url` is where the world reaches us: some
    /// gateways sign the URL they call.
    ///
    /// # Errors
    /// Every [`DeclaredFault`] there is.
    pub fn open(&self, public_url: Option<&Url>) -> Result<(Verifier, Networks), Vec<DeclaredFault>> {
        let mut opening = Opening { declared: self, faults: Vec::new() };
        let networks = opening.networks();
        opening.refuse_strangers();
        let verifier = match self.scheme {
            Scheme::HmacUrlParams => opening.url_params(public_url),
            Scheme::HmacPlivoV3 => opening.plivo(public_url),
            Scheme::HmacSortedParams => opening.sorted_params(),
            Scheme::JwtHashes => opening.jwt(public_url),
            Scheme::Ed25519TsBody => opening.ed25519(),
            Scheme::HmacBodyNonceTs => {
                opening.only_algorithm("sha256");
                opening.secrets(Secrets::given).map(Verifier::BodyNonce)
            }
            Scheme::StandardWebhooks => {
                opening.only_algorithm("sha256");
                opening.secrets(Secrets::signing).map(Verifier::StandardWebhooks)
            }
            Scheme::Static => opening.fixed(&networks),
        };
        match verifier {
            Some(verifier) if opening.faults.is_empty() => Ok((verifier, networks)),
            Some(_) | None => Err(opening.faults),
        }
    }
}

/// A block on its way, with the faults found so far.
struct Opening<'a> {
    declared: &'a Declared,
    faults: Vec<DeclaredFault>,
}

impl Opening<'_> {
    fn fault(&mut self, field: &'static str, problem: impl Into<String>) {
        self.faults.push(DeclaredFault { field, problem: problem.into() });
    }

    fn networks(&mut self) -> Networks {
        let mut networks = Vec::new();
        for text in &self.declared.cidrs {
            match Network::parse(text) {
                Ok(network) => networks.push(network),
                Err(fault) => self.fault("cidrs", format!("{text}: {fault}")),
            }
        }
        Networks::new(networks)
    }

    /// Fields that belong to other schemes.
    fn refuse_strangers(&mut self) {
        let declared = self.declared;
        let scheme = declared.scheme.as_str();
        if declared.scheme != Scheme::Static {
            for (field, given) in [("in", &declared.place), ("name", &declared.name)] {
                if given.is_some() {
                    self.fault(field, format!("leave it out: {scheme} says itself where the proof stands"));
                }
            }
        }
        let own_algorithms = declared.secrets.iter().any(|secret| secret.algorithm.is_some());
        if own_algorithms && declared.scheme != Scheme::HmacUrlParams {
            let problem = format!("leave `algorithm` out of the secrets: {scheme} has one for all of them");
            self.fault("secrets", problem);
        }
    }

    /// Refuses any algorithm but the one that the scheme has.
    fn only_algorithm(&mut self, only: &str) {
        if self.declared.algorithm.as_deref().is_some_and(|given| given != only) {
            let scheme = self.declared.scheme.as_str();
            self.fault("algorithm", format!("leave it out: {scheme} is always {only}"));
        }
    }

    /// The algorithm that the account of the gateway has.
    fn algorithm(&mut self, known: &[(&str, Algorithm)]) -> Option<Algorithm> {
        let given = self.declared.algorithm.as_deref();
        let found = known.iter().find(|(word, _)| Some(*word) == given).map(|(_, algorithm)| *algorithm);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let problem = format!("say what the gateway's account signs with: {}", words.join(", "));
            self.fault("algorithm", problem);
        }
        found
    }

    fn secrets(&mut self, read: fn(&[SecretString]) -> Result<Secrets, SecretsFault>) -> Option<Secrets> {
        let texts: Vec<SecretString> =
            self.declared.secrets.iter().map(|secret| secret.secret.clone()).collect();
        self.read_secrets(&texts, read)
    }

    fn read_secrets(
        &mut self,
        texts: &[SecretString],
        read: fn(&[SecretString]) -> Result<Secrets, SecretsFault>,
    ) -> Option<Secrets> {
        read(texts)
            .map_err(|fault| match fault {
                SecretsFault::None => self.fault("secrets", "give the secret that the gateway signs with"),
                SecretsFault::TooMany
                | SecretsFault::TooShort
                | SecretsFault::NotBase64
                | SecretsFault::Empty => self.fault("secrets", fault.to_string()),
            })
            .ok()
    }

    fn public_url(&mut self, url: Option<&Url>) -> Option<PublicUrl> {
        if url.is_none() {
            let scheme = self.declared.scheme.as_str();
            let problem =
                format!("{scheme} signs the URL: set server.public_url to where the gateway reaches us");
            self.fault("public_url", problem);
        }
        url.map(PublicUrl::new)
    }

    /// GW20: each secret is bound to one algorithm.
    fn url_params(&mut self, url: Option<&Url>) -> Option<Verifier> {
        let declared = self.declared;
        let (mut sha1, mut sha256) = (Vec::new(), Vec::new());
        for secret in &declared.secrets {
            match secret.algorithm.as_deref().or(declared.algorithm.as_deref()).unwrap_or("sha1") {
                "sha1" => sha1.push(secret.secret.clone()),
                "sha256" => sha256.push(secret.secret.clone()),
                other => self.fault("secrets", format!("{other}: a secret is for sha1 or for sha256")),
            }
        }
        if declared.secrets.is_empty() {
            self.fault("secrets", "give the secret that the gateway signs with");
        }
        let mut of_algorithm = |texts: &[SecretString]| match texts {
            [] => None,
            texts => self.read_secrets(texts, Secrets::given),
        };
        let (sha1, sha256) = (of_algorithm(&sha1), of_algorithm(&sha256));
        Some(Verifier::UrlParams(UrlParams { public_url: self.public_url(url)?, sha1, sha256 }))
    }

    fn plivo(&mut self, url: Option<&Url>) -> Option<Verifier> {
        self.only_algorithm("sha256");
        let secrets = self.secrets(Secrets::given);
        let public_url = self.public_url(url);
        Some(Verifier::PlivoV3(PlivoV3 { public_url: public_url?, secrets: secrets? }))
    }

    fn sorted_params(&mut self) -> Option<Verifier> {
        let algorithm = self.algorithm(&[
            ("md5", Algorithm::Md5),
            ("sha1", Algorithm::Sha1),
            ("sha256", Algorithm::Sha256),
            ("sha512", Algorithm::Sha512),
        ]);
        let secrets = self.secrets(Secrets::given);
        Some(Verifier::SortedParams(SortedParams { algorithm: algorithm?, secrets: secrets? }))
    }

    fn jwt(&mut self, url: Option<&Url>) -> Option<Verifier> {
        let algorithm = self.algorithm(&[
            ("HS256", Algorithm::Sha256),
            ("HS384", Algorithm::Sha384),
            ("HS512", Algorithm::Sha512),
        ]);
        let secrets = self.secrets(Secrets::given);
        let public_url = self.public_url(url);
        let jwt = JwtHashes { public_url: public_url?, algorithm: algorithm?, secrets: secrets? };
        Some(Verifier::JwtHashes(jwt))
    }

    fn ed25519(&mut self) -> Option<Verifier> {
        self.only_algorithm("ed25519");
        let texts: Vec<&str> =
            self.declared.secrets.iter().map(|secret| secret.secret.expose_secret()).collect();
        if !(1..=2).contains(&texts.len()) {
            self.fault("secrets", "give the gateway's public key, or two while it changes over");
            return None;
        }
        let keys = PublicKeys::read(&texts);
        if keys.is_none() {
            self.fault("secrets", "a public key is 32 bytes in base64, as the gateway's portal shows it");
        }
        keys.map(Verifier::Ed25519)
    }

    /// GW27: a secret, networks, or both.
    fn fixed(&mut self, networks: &Networks) -> Option<Verifier> {
        let declared = self.declared;
        if declared.algorithm.is_some() {
            self.fault("algorithm", "leave it out: a fixed secret is compared as it stands");
        }
        if declared.secrets.is_empty() {
            if networks.is_empty() {
                self.fault(
                    "secrets",
                    "anybody could send us replies: give a secret of at least 16 characters, cidrs, or both",
                );
            }
            return Some(Verifier::Network);
        }
        let place = self.place();
        let secrets = self.secrets(Secrets::plain);
        Some(Verifier::Static(place?, secrets?))
    }

    fn place(&mut self) -> Option<Place> {
        let name = self.declared.name.clone().filter(|name| !name.is_empty());
        let place = self.declared.place.as_deref();
        match (place, name) {
            (Some("header"), Some(name)) => {
                if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
                    self.fault("name", "write the name of an HTTP header such as X-API-Key");
                }
                Some(Place::Header(name))
            }
            (Some("query"), Some(name)) => Some(Place::Query(name)),
            (Some("basic"), Some(name)) if !name.contains(':') => Some(Place::Basic(name)),
            (Some("path"), None) => Some(Place::Path),
            (Some("bearer"), None) => Some(Place::Bearer),
            (Some("path" | "bearer"), Some(_)) => {
                self.fault("name", "leave it out: the secret stands alone there");
                None
            }
            (Some("header" | "query" | "basic"), _) => {
                self.fault("name", "name the header, the query parameter, or the user of basic");
                None
            }
            (Some(_) | None, _) => {
                self.fault("in", "say where the secret stands: header, query, path, basic or bearer");
                None
            }
        }
    }
}
