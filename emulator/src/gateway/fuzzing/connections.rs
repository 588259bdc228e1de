//! A client's connection: a request, and frames after an upgrade.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::super::Gateways;
use super::super::listener::exchange;
use crate::clock::Clock;
use crate::functions::Functions;
use crate::fuzzing::alone;
use crate::iam::{Iam, IamSettings};
use crate::ids::Ids;
use crate::inspect::Inspector;
use crate::security::Security;
use crate::traffic::Traffic;

const HANDSHAKE: &[u8] = b"GET /ws?user_id=a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
/// More than a test case holds, so that writing never waits for reading.
const PIPE: usize = 1 << 20;

/// What a client sends.
#[derive(Debug, Arbitrary)]
enum Case<'a> {
    /// Instead of a handshake.
    Anything(&'a [u8]),
    /// After one.
    Frames(Vec<Frame<'a>>),
}

/// A frame, well formed or not.
#[derive(Debug, Arbitrary)]
enum Frame<'a> {
    /// Its first byte as it is.
    Whole {
        start: u8,
        mask: [u8; 4],
        payload: &'a [u8],
    },
    /// A text that says something to a chat.
    Text(&'a str),
    /// So many bytes in one frame.
    Long { start: u8, length: u32 },
    /// Neither.
    Raw(&'a [u8]),
}

impl Frame<'_> {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Whole {
                start,
                mask,
                payload,
            } => masked(*start, *mask, payload, bytes),
            Self::Text(text) => masked(0x81, [0; 4], text.as_bytes(), bytes),
            // As large as a message may be, and a little more.
            Self::Long { start, length } => {
                let length = usize::try_from(length % (160 << 10)).unwrap_or_default();
                masked(*start, [0; 4], &vec![b'a'; length], bytes);
            }
            Self::Raw(raw) => bytes.extend_from_slice(raw),
        }
    }
}

fn masked(start: u8, mask: [u8; 4], payload: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(start);
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => bytes.push(0x80 | short),
        (_, Ok(medium)) => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(medium.to_be_bytes());
        }
        (_, Err(_)) => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    if mask == [0; 4] {
        bytes.extend_from_slice(payload);
        return;
    }
    let keys = mask.iter().cycle();
    bytes.extend(payload.iter().zip(keys).map(|(byte, key)| byte ^ key));
}

/// Whatever a client sends, its connection ends with it and nothing stays.
pub(crate) fn frames(data: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let mut bytes = Vec::new();
    match case {
        Case::Anything(raw) => bytes.extend_from_slice(raw),
        Case::Frames(frames) => {
            bytes.extend_from_slice(HANDSHAKE);
            for frame in frames.iter().take(16) {
                frame.write(&mut bytes);
            }
            bytes.truncate(PIPE);
        }
    }
    alone(async {
        let gateways = gateways();
        converse(&gateways, bytes).await;
        gateways.0.tasks.close();
        gateways.0.tasks.wait().await;
        assert_eq!(gateways.connections(), [], "sockets that nobody has");
    });
}

async fn converse(gateways: &Gateways, bytes: Vec<u8>) {
    let (client, server) = tokio::io::duplex(PIPE);
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let gateway = Arc::new(super::gateway());
    let serving = exchange(gateways.clone(), gateway, server, peer);
    tokio::join!(serving, ask(client, bytes));
}

/// Says everything, hears everything.
async fn ask(mut client: DuplexStream, bytes: Vec<u8>) {
    // The server may have hung up before.
    drop(client.write_all(&bytes).await);
    drop(client.shutdown().await);
    let mut heard = Vec::new();
    drop(client.read_to_end(&mut heard).await);
}

fn gateways() -> Gateways {
    let iam = Iam::new(IamSettings::default(), Clock::default(), Ids::new(7));
    // Nothing is deployed, so that neither of them is used.
    let nowhere = PathBuf::from("/nonexistent");
    let inspector = Inspector::new(iam);
    let functions = Functions::new(inspector.clone(), nowhere.clone(), nowhere, None);
    Gateways::new(inspector, functions, Security::Plain, Traffic::default())
}
