//! How often a login talks to the server, counted on the wire.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use countersign::{Attempt, store::postgres::PostgresStore};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

use super::Schema;
use crate::world::{World, granted};

/// What a server was asked through a [`door`].
#[derive(Debug, Default)]
struct Asked {
    /// Prepared statements that were run: each is one round trip.
    statements: AtomicUsize,
    /// What makes it more than one: statements that had to be prepared first, or that were not prepared, such as BEGIN.
    others: AtomicUsize,
}

impl Asked {
    fn take(&self) -> (usize, usize) {
        (self.statements.swap(0, Ordering::SeqCst), self.others.swap(0, Ordering::SeqCst))
    }
}

/// A door to the server that counts what goes in.
async fn door(server: (String, u16), asked: Arc<Asked>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) =
                TcpStream::connect(server.clone()).await.unwrap().into_split();
            let asked = Arc::clone(&asked);
            tokio::spawn(async move { pass_on(&mut from_client, &mut to_server, &asked).await });
            tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
        }
    });
    port
}

/// Message by message: <https://www.postgresql.org/docs/current/protocol-message-formats.html>. The first one has no
/// letter.
async fn pass_on(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, asked: &Asked) -> std::io::Result<()> {
    let mut letter = None;
    loop {
        let length = from.read_u32().await?;
        let mut message = vec![0; usize::try_from(length).unwrap() - 4];
        from.read_exact(&mut message).await?;
        if let Some(letter) = letter {
            to.write_u8(letter).await?;
        }
        to.write_all(&[&length.to_be_bytes(), &*message].concat()).await?;
        letter = Some(from.read_u8().await?);
        match letter {
            Some(b'B') => asked.statements.fetch_add(1, Ordering::SeqCst),
            Some(b'P' | b'Q') => asked.others.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
    }
}

/// The first two at the same time (`record_and_settings_are_read_at_the_same_time`), and then the third: so a
/// verification waits twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_is_two_reads_and_one_write() {
    let Some(schema) = Schema::fresh().await else { return };
    let asked = Arc::new(Asked::default());
    let schema = schema.through(door(schema.address(), Arc::clone(&asked)).await);
    let store = PostgresStore::new(schema.pool().await).await.unwrap();
    let world = World::over(store);
    world.switch_on().await;
    let (phone, _) = world.enroll("ian").await;
    let mut fewest = (usize::MAX, usize::MAX);
    // Each connection prepares each statement once.
    for _ in 0..20 {
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let code = phone.code(&world.clock);
        asked.take();
        let _ = granted(world.two_factor.verify(Attempt::new(&ticket, &code)).await.unwrap());
        fewest = fewest.min(asked.take());
    }
    assert_eq!(fewest, (3, 0));
}
