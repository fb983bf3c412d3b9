//! The portal's folder: one SQLite file for the portal and the library, one file with the keyring.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
};

use countersign::{BoxError, KeyId, Keyring, OrgId, OsRandom, Role, store::sqlite::SqliteStore};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};

use crate::{
    passwords,
    people::{People, User},
};

/// What the folder holds.
pub(crate) struct Data {
    pub(crate) pool: SqlitePool,
    pub(crate) keyring: Keyring,
}

impl Data {
    /// Opens the folder, and makes it at the first start.
    pub(crate) async fn open(folder: &Path) -> Result<Self, BoxError> {
        make_private_folder(folder)?;
        let database = folder.join("portal.sqlite");
        let first_start = !database.exists();
        let keyring = keyring(&folder.join("keyring.txt"), first_start)?;
        if first_start {
            // SQLite would make it readable for everybody.
            create_private(&database)?;
        }
        // The library's own options (commits that survive a power cut, waiting for a busy file), and one pool for
        // both: sessions, users and second factors are backed up together.
        let options = SqliteStore::options(&database);
        let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await?;
        Ok(Self { pool, keyring })
    }
}

/// Reads the keyring, or draws one at the first start, when there is nothing yet to open.
fn keyring(file: &Path, first_start: bool) -> Result<Keyring, BoxError> {
    match fs::read_to_string(file) {
        Ok(text) => {
            must_be_private(file)?;
            Ok(Keyring::from_text(&text)?)
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        // A new key would open none of the stored records. Everybody would be locked out, and the mistake would be
        // harder to see.
        Err(_) if !first_start => {
            Err(format!("{} is missing. Bring it back from its backup.", file.display()).into())
        }
        Err(_) => {
            let text = Keyring::draw_text(KeyId(1), &OsRandom)?;
            let mut file = create_private(file)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(Keyring::from_text(&text)?)
        }
    }
}

/// Refuses a file that others can read: whoever has it and the database has everybody's secrets.
fn must_be_private(file: &Path) -> Result<(), BoxError> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file)?.permissions());
        if mode & 0o077 != 0 {
            return Err(format!("{0} can be read by others: chmod 600 {0}", file.display()).into());
        }
    }
    let _ = file;
    Ok(())
}

/// Makes a file that only its owner can read. Fails if there is one already.
fn create_private(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Adds the people of the first start, each with a password. Does nothing if there are users already.
pub(crate) async fn seed(
    pool: &SqlitePool,
    people: &People,
    password: Option<&str>,
) -> Result<Vec<(User, String)>, BoxError> {
    const ACME: [(&str, &str, Role); 6] = [
        ("morgan", "Morgan Hale", Role::MasterAdmin),
        ("riley", "Riley Chen", Role::MasterAdmin),
        ("sam", "Sam Okafor", Role::Internal),
        ("jamie", "Jamie Novak", Role::Internal),
        ("robin", "Robin Duarte", Role::Internal),
        ("casey", "Casey Brandt", Role::Customer),
    ];
    if people.anybody().await? {
        return Ok(Vec::new());
    }
    let org = OrgId::new("acme")?;
    let mut newcomers = Vec::new();
    let mut all = pool.begin().await?;
    for (login, name, role) in ACME {
        let password = password.map_or_else(passwords::draw, |text| Ok(text.to_owned()))?;
        newcomers.push((people.add(&mut all, &org, login, name, role, &password).await?, password));
    }
    all.commit().await?;
    Ok(newcomers)
}
