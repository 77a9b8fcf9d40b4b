//! HMACs by the name of their hash.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// The hash of an HMAC. MD5 and SHA-1 are broken as hashes, not as HMACs; a gateway's account may know no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-MD5.
    Md5,
    /// HMAC-SHA1.
    Sha1,
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA384.
    Sha384,
    /// HMAC-SHA512.
    Sha512,
}

impl Algorithm {
    /// The HMAC of these pieces, one after the other.
    pub fn mac(self, key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md5 => run::<Hmac<Md5>>(key, pieces),
            Self::Sha1 => run::<Hmac<Sha1>>(key, pieces),
            Self::Sha256 => run::<Hmac<Sha256>>(key, pieces),
            Self::Sha384 => run::<Hmac<Sha384>>(key, pieces),
            Self::Sha512 => run::<Hmac<Sha512>>(key, pieces),
        }
    }
}

fn run<M: Mac + KeyInit>(key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length, so the error arm cannot be reached; an empty MAC equals no signature, since
    // empty ones are refused before they are compared.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        return Vec::new();
    };
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().to_vec()
}
