//! Servers for tests: one that nobody asks, and one that says what it is told to say.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use super::client::Client;
use super::server::{Flavour, Server, Way};
use crate::protocol::ThoughtFormat;

/// A server that nobody asks.
pub(super) fn a_server(flavour: Flavour, way: Way) -> Server {
    Server {
        client: Client::new("http://h/v1", 1, 1),
        flavour,
        model: "m".into(),
        way,
        alternatives: 5,
        context: None,
        thoughts: ThoughtFormat::None,
        vocabulary: RefCell::default(),
        notices: Vec::new(),
    }
}

/// A client of a server that answers one request after the other: by a status, a content type and a body.
pub(super) fn answering(answers: Vec<(u16, &'static str, String)>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(&format!("http://{}/v1", listener.local_addr().unwrap()), 1, 10_000);
    std::thread::spawn(move || {
        for ((status, kind, body), stream) in answers.into_iter().zip(listener.incoming()) {
            let mut stream = stream.unwrap();
            // All of it: a connection that is closed with something unread is reset.
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
                    length = value.trim().parse().unwrap();
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Type: {kind}\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    client
}
