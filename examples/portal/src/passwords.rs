//! The first factor. Passwords are kept as Argon2id hashes. Checking one is slow on purpose, so it happens outside the
//! threads that serve, and only a few at once.

use std::sync::Arc;

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use countersign::{BoxError, OsRandom, SecureRandom};
use tokio::sync::Semaphore;

/// NIST SP 800-63B-4 §3.1.1.2: at least 15 characters if the password is the only factor, as it is when
/// the org has not switched the second factor on.
pub(crate) const FEWEST_CHARACTERS: usize = 15;

#[derive(Clone)]
pub(crate) struct Passwords {
    params: Params,
    /// Verified for unknown login names, so that the time it takes does not reveal them.
    nobodys: Arc<str>,
    /// Each check takes 19 MiB. A burst of sign-ins may wait; it must not take the server's memory.
    turnstile: Arc<Semaphore>,
    /// The places in the queue before it. Whoever comes when all are taken is sent away at once.
    queue: Arc<Semaphore>,
}

/// So many passwords wait to be checked that another one is not taken in.
#[derive(Debug)]
pub(crate) struct Busy;

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many passwords wait to be checked")
    }
}

impl std::error::Error for Busy {}

impl Passwords {
    /// With the parameters that argon2 recommends (those of OWASP: 19 MiB, two passes).
    pub(crate) fn new() -> Result<Self, BoxError> {
        Self::with(Params::default())
    }

    pub(crate) fn with(params: Params) -> Result<Self, BoxError> {
        let nobodys = hash(&params, draw()?.as_bytes())?.into();
        Ok(Self {
            params,
            nobodys,
            turnstile: Arc::new(Semaphore::new(4)),
            queue: Arc::new(Semaphore::new(64)),
        })
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String, BoxError> {
        let (params, password) = (self.params.clone(), password.to_owned());
        self.aside(move || hash(&params, password.as_bytes())).await?
    }

    /// Returns whether this is the password with this hash. `None`, nobody's hash, takes as long and never matches.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, BoxError> {
        let somebody = hash.is_some();
        let (hash, password) = (hash.unwrap_or(&self.nobodys).to_owned(), password.to_owned());
        self.aside(move || {
            let hash = PasswordHash::new(&hash)?;
            // The parameters are those of the hash.
            let matches = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
            Ok(matches && somebody)
        })
        .await?
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BoxError> {
        let place = self.queue.try_acquire().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.turnstile).acquire_owned().await?;
        drop(place);
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even if the browser has gone away.
            let _turn = turn;
            work()
        });
        Ok(done.await?)
    }
}

fn hash(params: &Params, password: &[u8]) -> Result<String, BoxError> {
    let argon2 = Argon2::from(params.clone());
    let hash: PasswordHash = argon2.hash_password(password)?;
    Ok(hash.to_string())
}

/// Draws a random password that can be read out over the telephone: 100 bits in four groups.
pub(crate) fn draw() -> Result<String, BoxError> {
    // 32 letters and digits, none of which looks like another.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 20];
    OsRandom.fill(&mut bytes)?;
    let letters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    Ok(letters.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-"))
}
