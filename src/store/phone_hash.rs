//! [`PhoneHasher`]: the keyed hash under which an erased phone is remembered (RS11). Without the installation's
//! secret nobody can tell which number a hash belongs to, although there are few enough numbers to try them all.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{AnyConnection, StoreError, meta};
use crate::hex;
use crate::ids::Ids;

/// The secret in `meta`.
const SECRET: &str = "phone_hash_secret";
/// Its length: as long as the hash.
const SECRET_BYTES: usize = 32;

/// HMAC-SHA256 under the secret of this installation. Cloning is cheap; `Debug` shows nothing of the secret.
#[derive(Clone)]
pub struct PhoneHasher {
    keyed: Hmac<Sha256>,
}

impl PhoneHasher {
    /// Reads the secret; makes it at the first start. Call it in a write transaction.
    pub(super) fn open(connection: &mut AnyConnection, ids: &Ids) -> Result<Self, StoreError> {
        let secret = match meta::get(connection, SECRET)? {
            Some(known) => known,
            None => {
                let new = ids.secret(SECRET_BYTES);
                meta::set(connection, SECRET, &new)?;
                new
            }
        };
        let keyed = Hmac::new_from_slice(secret.as_bytes())
            .map_err(|error| StoreError::Corrupt(format!("{SECRET}: {error}")))?;
        Ok(Self { keyed })
    }

    /// That of a database, for a command beside a running server.
    ///
    /// # Errors
    /// [`StoreError`] of a statement.
    pub fn for_command(connection: &mut AnyConnection, ids: &Ids) -> Result<Self, StoreError> {
        connection.write(|connection| Self::open(connection, ids))
    }

    /// The keyed hash of a phone, 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self, phone: &str) -> String {
        let mut keyed = self.keyed.clone();
        keyed.update(phone.as_bytes());
        hex::encode(&keyed.finalize().into_bytes())
    }
}

impl std::fmt::Debug for PhoneHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneHasher(..)")
    }
}
