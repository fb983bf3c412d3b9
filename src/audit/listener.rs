//! Listening to events as they happen.

use crate::audit::event::Event;

/// Hears of every event after its write was acknowledged, in the process that wrote it.
///
/// A listener cannot undo what has happened: `hear` returns nothing, and a panic in it is caught and changes no answer
/// (with `panic = "abort"` it ends the process like any other). The caller of [`TwoFactor`](crate::TwoFactor) waits
/// until `hear` returns, so it must not block: put what you need into a channel.
///
/// A listener does not hear of a write whose outcome is unknown, or whose caller went away at that moment, and nothing
/// is repeated after a crash. For what must not be lost, such as a mail to a user, use the
/// [`Outbox`](crate::store::Outbox); a listener can wake up the task that empties it.
///
/// ```
/// use std::sync::mpsc;
/// # use countersign::{Keyring, MemoryStore, OrgId, Person, Role, TwoFactor, UserId, audit::{Audience, Event}};
/// # struct Staff;
/// # impl countersign::Directory for Staff {
/// #     type Error = std::convert::Infallible;
/// #     async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, Self::Error> {
/// #         Ok(Some(Person::new(org.clone(), user.clone(), Role::Internal)))
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (directory, store, keyring) = (Staff, MemoryStore::new(), Keyring::new(countersign::KeyId(1), [7; 32]));
/// let (wake_the_mailer, _woken) = mpsc::sync_channel(1);
/// let two_factor = TwoFactor::builder(directory, store, keyring)
///     .deployment("production")
///     .issuer("Acme Portal")
///     .listener(move |event: &Event| {
///         if event.audience() != Audience::Nobody {
///             // Full means that it is awake already.
///             let _ = wake_the_mailer.try_send(());
///         }
///     })
///     .build()?;
/// # Ok(()) }
/// ```
pub trait Listener: Send + Sync + 'static {
    /// Hears of an event.
    fn hear(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> Listener for F {
    fn hear(&self, event: &Event) {
        self(event);
    }
}
