//! Calls of all services, one after the other, each with messages of its own.

use arbitrary::Unstructured;
use tonic::service::Routes;

use super::bench::{Bench, PATH};
use super::messages::{Known, Method, Schema};
use super::streams::Conversation;

/// Calls of one case.
const MOST_CALLS: usize = 8;
/// Messages that one of them sends, if it may send more than one.
const MOST_MESSAGES: usize = 4;
/// How sessions' ids begin, and how long they are.
const SESSION: &[u8] = b"ydb://session/3?node_id=1&id=";
const UUID: usize = 36;

/// Whatever is asked, it is answered, and sessions end with those who hold them.
pub(crate) fn grpc(data: &[u8]) {
    Bench::with(|bench| {
        crate::fuzzing::alone(async {
            let mut client = Client::new(bench);
            // Where the bytes end, the case ends.
            let _ended = client.talk(&mut Unstructured::new(data)).await;
            client.leave();
        });
    });
}

struct Client<'a> {
    bench: &'a Bench,
    routes: Routes,
    known: Known,
    /// Sessions that it was given.
    sessions: usize,
    /// Streams that hold something while they are open.
    open: Vec<Conversation>,
}

impl<'a> Client<'a> {
    fn new(bench: &'a Bench) -> Self {
        // It begins with one, since hardly anything can be asked without.
        let known = Known {
            session: bench.ydb.sessions().create(bench.database()),
            ..Known::default()
        };
        Self {
            bench,
            routes: bench.routes.clone(),
            known,
            sessions: 1,
            open: Vec::new(),
        }
    }

    async fn talk(&mut self, input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
        for _ in 0..MOST_CALLS {
            if input.is_empty() {
                break;
            }
            let method = input.choose(&Schema::get().methods)?;
            self.call(method, input).await?;
        }
        Ok(())
    }

    async fn call(
        &mut self,
        method: &Method,
        input: &mut Unstructured<'_>,
    ) -> arbitrary::Result<()> {
        let schema = Schema::get();
        let message = schema.request(method, &self.known, input)?;
        let token = &self.bench.token;
        let is_stream = method.is_stream;
        let path = &method.path;
        let mut call =
            Conversation::begin(&mut self.routes, path, token, &message, is_stream).await;
        if !is_stream && !path.ends_with("AttachSession") {
            let heard = call.hear_all().await;
            self.learn(path, &heard);
            return Ok(());
        }
        call.hear().await;
        for _ in 1..MOST_MESSAGES {
            if !is_stream || input.is_empty() {
                break;
            }
            let message = schema.request(method, &self.known, input)?;
            call.say(&message);
            call.hear().await;
        }
        self.open.push(call);
        Ok(())
    }

    /// Ids that later messages may name.
    fn learn(&mut self, path: &str, heard: &[u8]) {
        let session = heard
            .windows(SESSION.len())
            .position(|part| part == SESSION);
        if let Some(at) = session.filter(|_| path.ends_with("CreateSession")) {
            let id = &heard[at..heard.len().min(at + SESSION.len() + UUID)];
            self.known.session = String::from_utf8_lossy(id).into_owned();
            self.sessions += 1;
        } else if let Some(id) = heard.windows(UUID).find(|part| is_uuid(part)) {
            self.known.transaction = String::from_utf8_lossy(id).into_owned();
        }
    }

    fn leave(self) {
        drop(self.open);
        let sessions = self.bench.ydb.sessions();
        assert!(
            sessions.count() <= self.sessions,
            "requests left {} sessions behind",
            sessions.count()
        );
        sessions.delete_all(PATH);
    }
}

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}
