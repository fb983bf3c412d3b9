//! Remembered devices: what a browser keeps so that no code is asked for on it, and what is shown of it in lists.
//!
//! The token alone opens nothing. It counts together with a first factor that was just accepted, for the user, the
//! generation and the epoch in which it was made, and only while the user's record lists its device.

use zeroize::Zeroizing;

use crate::{
    audit::Origin,
    policy::Epoch,
    seal::{Damaged, Generation, Kind, Reader, Writer},
    time::Timestamp,
    tokens::{
        id::id,
        token::{Claims, token},
    },
    who::{OrgId, UserId},
};

token! {
    /// What a remembered device keeps, for [`FirstFactor::on_device`](crate::FirstFactor::on_device).
    ///
    /// Keep it in a cookie that is `HttpOnly`, `Secure` and `SameSite`, until [`RememberedDevice::expires_at`]. Any
    /// text can be made into one. One that is forged, changed, expired or forgotten makes no difference: the code is
    /// asked for.
    DeviceToken
}

/// A device that was just remembered.
#[derive(Debug)]
#[must_use = "the token is shown once; the device is remembered only if it keeps it"]
pub struct RememberedDevice {
    /// The token for the device's cookie.
    pub token: DeviceToken,
    /// Until when no code is asked for on it.
    pub expires_at: Timestamp,
}

/// A device as it is listed to its owner and to Master Admins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// The id, for [`forget_device`](crate::SignedIn::forget_device).
    pub id: DeviceId,
    /// The name that the host gave it.
    pub name: Origin,
    /// Since when it is remembered.
    pub since: Timestamp,
    /// When it was last used instead of a code.
    pub last_used: Option<Timestamp>,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
    /// The counter of the feature (R14).
    pub(crate) granted_under: u32,
}

id! {
    /// The id of a device, which tells a user's devices apart. It is no secret and opens nothing.
    ///
    /// Its text, 32 hexadecimal digits, goes into the form with the button that forgets the device.
    ///
    /// ```
    /// use countersign::tokens::DeviceId;
    /// let text = "000102030405060708090a0b0c0d0e0f";
    /// assert_eq!(text.parse::<DeviceId>()?.to_string(), text);
    /// assert!("00".parse::<DeviceId>().is_err());
    /// # Ok::<(), countersign::tokens::InvalidDeviceId>(())
    /// ```
    DeviceId(16),
    /// A text that is no device's id.
    InvalidDeviceId("a device", 32)
}

/// The content of a token.
#[derive(Clone, Debug)]
pub(crate) struct DeviceClaims {
    pub(crate) id: DeviceId,
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) generation: Generation,
    pub(crate) epoch: Epoch,
}

impl Claims for DeviceClaims {
    const KIND: Kind = Kind::Device;
    type Text = DeviceToken;

    fn write(&self, plain: &mut Writer) {
        plain.array(self.id.0);
        plain.bytes(self.org.as_str().as_bytes());
        plain.bytes(self.user.as_str().as_bytes());
        plain.generation(self.generation);
        plain.epoch(self.epoch);
    }

    fn read(plain: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            id: DeviceId(plain.array()?),
            org: plain.org()?,
            user: plain.user()?,
            generation: plain.generation()?,
            epoch: plain.epoch()?,
        })
    }
}
