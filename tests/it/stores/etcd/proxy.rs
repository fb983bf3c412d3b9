//! A way to a node on which answers get lost.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What becomes of the node's answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    Passed,
    /// They vanish, and the connection stays as it is.
    Swallowed,
    /// The connection is cut where the first would come.
    Cut,
}

pub(super) struct Proxy {
    pub(super) endpoint: String,
    answers: Arc<Mutex<Answers>>,
    /// All that was sent to the node.
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    pub(super) fn to(endpoint: &str) -> Self {
        let node = endpoint.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            endpoint: format!("http://{}", listener.local_addr().unwrap()),
            answers: Arc::new(Mutex::new(Answers::Passed)),
            sent: Arc::default(),
        };
        let (answers, sent) = (Arc::clone(&proxy.answers), Arc::clone(&proxy.sent));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, node) = (client.unwrap(), TcpStream::connect(&node).unwrap());
                let (answers, sent) = (Arc::clone(&answers), Arc::clone(&sent));
                let back = (node.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || forward(client, node, |bytes| sent.lock().unwrap().extend(bytes)));
                thread::spawn(move || pass_answers(back.0, back.1, &answers));
            }
        });
        proxy
    }

    pub(super) fn answers_are(&self, answers: Answers) {
        *self.answers.lock().unwrap() = answers;
    }

    pub(super) fn times_sent(&self, bytes: &[u8]) -> usize {
        self.sent.lock().unwrap().windows(bytes.len()).filter(|window| *window == bytes).count()
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, mut see: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        see(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

fn pass_answers(mut node: TcpStream, mut client: TcpStream, answers: &Mutex<Answers>) {
    let mut buffer = [0; 16 * 1024];
    let mut swallowed = false;
    while let Ok(length @ 1..) = node.read(&mut buffer) {
        match *answers.lock().unwrap() {
            // What went missing cannot be made up for: the connection is of no more use.
            Answers::Passed if swallowed => break,
            Answers::Passed if client.write_all(&buffer[..length]).is_err() => break,
            Answers::Passed => {}
            Answers::Swallowed => swallowed = true,
            Answers::Cut => break,
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = node.shutdown(Shutdown::Both);
}
