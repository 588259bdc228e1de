//! gRPC's messages within a body: a byte of flags, four of length, then so
//! many bytes.

use prost::bytes::{BufMut, Bytes, BytesMut};

const PREFIX: usize = 5;

/// Cuts a body into messages.
#[derive(Debug, Default)]
pub(super) struct Splitter(BytesMut);

impl Splitter {
    /// What came.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }

    fn length(&self) -> Option<usize> {
        let prefix = self.0.first_chunk::<PREFIX>()?;
        let [_flags, length @ ..] = *prefix;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        let whole = PREFIX.checked_add(length)?;
        (self.0.len() >= whole).then_some(whole)
    }

    /// The next message with its prefix, when all of it is there.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let whole = self.length()?;
        Some(self.0.split_to(whole).freeze())
    }

    /// The next message without its prefix; it stays.
    pub(super) fn peek(&self) -> Option<Bytes> {
        let whole = self.length()?;
        self.0.get(PREFIX..whole).map(Bytes::copy_from_slice)
    }

    /// What is left of a body that ended within a message.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        (!self.0.is_empty()).then(|| self.0.split().freeze())
    }
}

/// A message without its prefix.
pub(super) fn payload(message: &Bytes) -> &[u8] {
    message.get(PREFIX..).unwrap_or_default()
}

/// A message with its prefix.
pub(super) fn prefixed(payload: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(PREFIX + payload.len());
    message.put_u8(0);
    message.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
    message.extend_from_slice(payload);
    message.freeze()
}

#[cfg(test)]
mod tests {
    use super::{Splitter, payload, prefixed};

    #[test]
    fn messages_come_whole_however_they_were_cut() {
        let sent = [prefixed(b"one"), prefixed(b""), prefixed(&[7; 300])].concat();
        for size in [1, 4, 6, 1000] {
            let mut splitter = Splitter::default();
            let mut heard = Vec::new();
            for part in sent.chunks(size) {
                splitter.push(part);
                while let Some(message) = splitter.next() {
                    heard.push(payload(&message).to_vec());
                }
            }
            assert_eq!(heard, [b"one".to_vec(), Vec::new(), vec![7; 300]]);
            assert_eq!(splitter.rest(), None);
        }
    }

    #[test]
    fn what_ended_early_is_not_lost() {
        let mut splitter = Splitter::default();
        splitter.push(&prefixed(b"one")[..6]);
        assert_eq!((splitter.next(), splitter.peek()), (None, None));
        assert_eq!(splitter.rest().as_deref(), Some(&prefixed(b"one")[..6]));
    }
}
