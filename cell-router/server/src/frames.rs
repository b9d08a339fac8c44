//! Walks over what a WebSocket says, frame by frame, to know where a word of ours may stand.

/// Bytes of the longest head of a frame.
const HEAD_BYTES_MAX: usize = 14;
/// The kind of frame that ends a conversation.
const CLOSE: u8 = 8;
/// Closed because the service restarts: whoever wants goes on with a new connection.
const SERVICE_RESTART: u16 = 1012;

/// One direction of a WebSocket, as far as it has been walked over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frames {
    head: [u8; HEAD_BYTES_MAX],
    /// Bytes of a head that have been seen.
    seen: usize,
    /// Bytes of a payload that are still to come.
    left: u64,
    closed: bool,
}

impl Frames {
    /// Walks on.
    pub(crate) fn walk(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let here = bytes.len();
                let step = usize::try_from(self.left).map_or(here, |left| left.min(here));
                self.left -= step as u64;
                bytes = &bytes[step..];
                continue;
            }
            self.head[self.seen] = bytes[0];
            self.seen += 1;
            bytes = &bytes[1..];
            if self.seen == head_len(&self.head[..self.seen]) {
                self.left = payload_len(&self.head);
                self.closed |= self.head[0] & 0x0f == CLOSE;
                self.seen = 0;
            }
        }
    }

    /// The frame that ends the conversation and asks for a new one, if one may stand here.
    pub(crate) fn farewell(&self) -> Option<Vec<u8>> {
        let between = self.seen == 0 && self.left == 0;
        if !between || self.closed {
            return None;
        }
        let reason = b"please reconnect";
        let [high, low] = SERVICE_RESTART.to_be_bytes();
        // Shorter than 126 bytes, as every frame of this kind.
        let len = u8::try_from(2 + reason.len()).unwrap_or(u8::MAX);
        Some([&[0x80 | CLOSE, len, high, low][..], reason].concat())
    }
}

/// How long a head is that begins so: longer than what is there until its second byte is.
fn head_len(head: &[u8]) -> usize {
    let Some(second) = head.get(1) else { return 2 };
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    2 + length + mask
}

fn payload_len(head: &[u8; HEAD_BYTES_MAX]) -> u64 {
    match head[1] & 0x7f {
        126 => u64::from(u16::from_be_bytes([head[2], head[3]])),
        127 => head[2..10].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        short => u64::from(short),
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    fn between(bytes: &[u8]) -> Vec<usize> {
        let mut frames = Frames::default();
        let at_start = frames.farewell().is_some().then_some(0);
        let rest = bytes.iter().enumerate().filter_map(|(at, byte)| {
            frames.walk(&[*byte]);
            frames.farewell().map(|_| at + 1)
        });
        at_start.into_iter().chain(rest).collect()
    }

    #[test]
    fn a_word_of_ours_stands_only_between_frames() {
        assert_eq!(between(b"\x81\x02hi\x89\x00\x81\x82mask\x01\x02"), [0, 4, 6, 14]);
        let long = [&b"\x82\x7e\x00\x80"[..], &[7; 128]].concat();
        assert_eq!(between(&long), [0, 132]);
        let longer = [&b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"[..], &vec![7; 65_536]].concat();
        assert_eq!(between(&longer), [0, 65_546]);
        let mut whole = Frames::default();
        whole.walk(&longer);
        assert!(whole.farewell().is_some());
    }

    #[test]
    fn nothing_is_said_after_the_cell_said_goodbye() {
        assert_eq!(between(b"\x88\x02\x03\xe8\x81\x00"), [0]);
    }

    #[test]
    fn the_farewell_is_one_frame_with_its_code() {
        let word = Frames::default().farewell().unwrap();
        assert_eq!(word[..4], [0x88, 18, 0x03, 0xf4]);
        assert_eq!(word.len(), 20);
    }
}
