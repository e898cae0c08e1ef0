//! Where a chunked body ends, read strictly (RFC 9112, section 7.1).
//!
//! pingora decodes chunked bodies itself; this scanner only finds their end, so that what follows stays ours, and
//! refuses what servers read differently: sizes that are empty, signed or too long, bare line feeds, oversized
//! extensions and trailers. It can also hand out the decoded data, for inspection.

/// Extensions of all chunk lines together, bytes. Nothing real uses them; unbounded they are a way to keep a server busy.
const MAX_EXTENSIONS: usize = 16 << 10;
/// The trailer section, bytes.
const MAX_TRAILERS: usize = 64 << 10;

/// Follows a chunked body from its first byte to its last.
#[derive(Clone, Debug)]
pub struct ChunkScanner {
    state: State,
    extensions: usize,
    trailers: usize,
    /// Bytes of decoded data that passed.
    length: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the size; how many digits there were, and their value.
    Size { digits: u8, value: u64 },
    /// In white space or an extension behind the size.
    Extension { value: u64 },
    /// Behind the carriage return of a size line.
    SizeEnd { value: u64 },
    /// In the data; how much of it is left.
    Data { left: u64 },
    /// Behind the data.
    DataReturn,
    /// Behind the carriage return that follows the data.
    DataEnd,
    /// At the beginning of a trailer line.
    Trailer,
    /// In a trailer line.
    TrailerLine,
    /// Behind the carriage return of a trailer line.
    TrailerEnd,
    /// Behind the carriage return of the last, empty line.
    LastEnd,
    /// Behind the last byte.
    Done,
}

/// The framing is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Default for ChunkScanner {
    fn default() -> Self {
        ChunkScanner { state: State::Size { digits: 0, value: 0 }, extensions: 0, trailers: 0, length: 0 }
    }
}

impl ChunkScanner {
    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Decoded bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Takes in raw bytes and hands decoded data to `data`; says how many of them belong to the body.
    ///
    /// # Errors
    /// Where the framing is malformed.
    pub fn feed(&mut self, bytes: &[u8], mut data: impl FnMut(&[u8])) -> Result<usize, Malformed> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Done {
            if let State::Data { left } = self.state {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                data(&bytes[at..at + take]);
                self.length += take as u64;
                at += take;
                let left = left - take as u64;
                self.state = if left == 0 { State::DataReturn } else { State::Data { left } };
                continue;
            }
            self.state = self.step(bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8) -> Result<State, Malformed> {
        Ok(match (self.state, byte) {
            (State::Size { digits, value }, byte) if byte.is_ascii_hexdigit() => {
                // Sixteen digits fill 64 bits; more would wrap around in somebody's arithmetic.
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                if digits == 15 {
                    return Err(Malformed);
                }
                State::Size { digits: digits + 1, value: value << 4 | u64::from(digit) }
            }
            (State::Size { digits: 0, .. }, _) => return Err(Malformed),
            (State::Size { value, .. }, b'\r') => State::SizeEnd { value },
            (State::Size { value, .. }, b' ' | b'\t' | b';') => State::Extension { value },
            (State::Extension { value }, b'\r') => State::SizeEnd { value },
            (State::Extension { value }, byte) if is_text(byte) => {
                self.extensions += 1;
                if self.extensions > MAX_EXTENSIONS {
                    return Err(Malformed);
                }
                State::Extension { value }
            }
            (State::SizeEnd { value: 0 }, b'\n') => State::Trailer,
            (State::SizeEnd { value }, b'\n') => State::Data { left: value },
            (State::DataReturn, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::Size { digits: 0, value: 0 },
            (State::Trailer, b'\r') => State::LastEnd,
            (State::LastEnd, b'\n') => State::Done,
            (State::TrailerLine, b'\r') => State::TrailerEnd,
            (State::TrailerEnd, b'\n') => State::Trailer,
            (State::Trailer, byte) if is_text(byte) && !matches!(byte, b' ' | b'\t' | b':') => self.trailer()?,
            (State::TrailerLine, byte) if is_text(byte) => self.trailer()?,
            _ => return Err(Malformed),
        })
    }

    fn trailer(&mut self) -> Result<State, Malformed> {
        self.trailers += 1;
        if self.trailers > MAX_TRAILERS { Err(Malformed) } else { Ok(State::TrailerLine) }
    }
}

/// Visible characters, white space and bytes of other scripts; no control characters.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(bytes: &[u8], step: usize) -> Result<(usize, Vec<u8>, bool), Malformed> {
        let mut scanner = ChunkScanner::default();
        let mut decoded = Vec::new();
        let mut used = 0;
        for piece in bytes.chunks(step) {
            used += scanner.feed(piece, |data| decoded.extend_from_slice(data))?;
            if scanner.is_done() {
                break;
            }
        }
        Ok((used, decoded, scanner.is_done()))
    }

    #[test]
    fn the_end_is_found_however_the_bytes_are_cut() {
        let body = b"5;a=b\r\nhello\r\n0A \r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n";
        let bytes = [&body[..], b"GET / HTTP/1.1\r\n"].concat();
        for step in 1..bytes.len() {
            let (used, decoded, done) = scan(&bytes, step).unwrap();
            assert!(done);
            assert_eq!(used, body.len());
            assert_eq!(decoded, b"hello0123456789");
        }
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for bytes in [
            &b"\r\n\r\n"[..],
            b"+5\r\nhello\r\n",
            b"-1\r\n",
            b"0x5\r\nhello\r\n",
            b"5\nhello\r\n",
            b"5\r\nhelloX\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5 \n",
            b"1000000000000000\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\n: x\r\n\r\n",
            b"0\r\na\x00b: x\r\n\r\n",
            b";a\r\n",
        ] {
            assert_eq!(scan(bytes, 1), Err(Malformed), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let extension = [b"1;".to_vec(), vec![b'a'; MAX_EXTENSIONS + 1]].concat();
        assert_eq!(scan(&extension, 4096), Err(Malformed));
        let trailer = [b"0\r\n".to_vec(), vec![b'a'; MAX_TRAILERS + 1]].concat();
        assert_eq!(scan(&trailer, 4096), Err(Malformed));
    }

    #[test]
    fn an_incomplete_body_is_not_done() {
        let (_, decoded, done) = scan(b"5\r\nhel", 2).unwrap();
        assert!(!done);
        assert_eq!(decoded, b"hel");
    }
}
