//! Where the frames of a WebSocket end (RFC 6455, section 5.2): a stop says goodbye between two of them.

/// A close frame that says "going away" (1001).
pub const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xe9];
/// The operation of a close frame.
const CLOSE: u8 = 0x8;

/// Follows the frames that the server side sends.
#[derive(Debug, Default)]
pub struct Frames {
    head: [u8; 14],
    /// How much of the head of the frame under way is there.
    got: usize,
    /// How much of its payload is still to come.
    left: u64,
    closed: bool,
}

impl Frames {
    /// Follows the next bytes.
    pub fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let step = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                bytes = &bytes[step..];
                self.left -= step as u64;
                continue;
            }
            self.head[self.got] = bytes[0];
            self.got += 1;
            bytes = &bytes[1..];
            if let Some(length) = self.length() {
                self.closed |= self.head[0] & 0x0f == CLOSE;
                (self.got, self.left) = (0, length);
            }
        }
    }

    /// The length of the payload, once the head is complete.
    fn length(&self) -> Option<u64> {
        let head = self.head.get(..self.got)?;
        let second = *head.get(1)?;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let wide = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if head.len() < 2 + wide + mask {
            return None;
        }
        let digits = &head[2..2 + wide];
        Some(match wide {
            0 => u64::from(second & 0x7f),
            _ => digits.iter().fold(0, |length, digit| (length << 8) | u64::from(*digit)),
        })
    }

    /// Whether a frame of our own may stand here: between two frames, and before the last.
    pub fn may_close(&self) -> bool {
        self.got == 0 && self.left == 0 && !self.closed
    }

    /// Notes that the last frame was sent.
    pub fn close(&mut self) {
        self.closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_followed_whatever_the_pieces_they_come_in() {
        let mut stream = vec![0x81, 5, b'h', b'e', b'l', b'l', b'o'];
        stream.extend([0x82, 126, 1, 0]);
        stream.extend([7; 256]);
        stream.extend([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1]);
        stream.extend([0x89, 0x80, 1, 2, 3, 4]); // masked and empty
        let ends = [7, 7 + 4 + 256, 7 + 4 + 256 + 12, stream.len()];
        let mut frames = Frames::default();
        for (at, byte) in stream.iter().enumerate() {
            assert_eq!(frames.may_close(), at == 0 || ends.contains(&at), "{at}");
            frames.follow(&[*byte]);
        }
        assert!(frames.may_close());
        frames.follow(&GOING_AWAY);
        assert!(!frames.may_close(), "nothing follows a close frame");
        let mut whole = Frames::default();
        whole.follow(&stream);
        assert!(whole.may_close());
    }
}
