//! Walks over a body in chunks byte by byte, so strictly that its end is where every other reader sees it.

use crate::head::{is_control, is_token};

/// Bytes of one chunk's extensions, which nobody here reads.
const EXTENSION_BYTES_MAX: u16 = 256;
/// Bytes of all trailer fields.
const TRAILER_BYTES_MAX: u16 = 8 * 1024;
/// Hexadecimal digits of a chunk's size: more than any body has.
const SIZE_DIGITS_MAX: u8 = 12;

/// Why a body is not one.
pub(crate) type Wrong = &'static str;

/// Where in the body the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size { digits: u8, size: u64 },
    Extension { size: u64, left: u16 },
    SizeEnd { size: u64 },
    Payload { left: u64 },
    PayloadReturn,
    PayloadEnd,
    TrailerStart { left: u16 },
    TrailerName { left: u16 },
    TrailerValue { left: u16 },
    TrailerEnd { left: u16 },
    LastEnd,
    Over,
}

/// A body in chunks, as far as it has been walked over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunks(Place);

impl Chunks {
    pub(crate) fn new() -> Self {
        Self(Place::Size { digits: 0, size: 0 })
    }

    pub(crate) fn is_over(self) -> bool {
        self.0 == Place::Over
    }

    /// Walks on; says how many of the bytes belong to the body.
    pub(crate) fn walk(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        let mut at = 0;
        while at < bytes.len() && !self.is_over() {
            if let Place::Payload { left } = self.0 {
                let here = &bytes[at..];
                let step = usize::try_from(left).map_or(here.len(), |left| left.min(here.len()));
                self.0 = match left - step as u64 {
                    0 => Place::PayloadReturn,
                    left => Place::Payload { left },
                };
                at += step;
            } else {
                self.0 = self.0.after(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }
}

impl Place {
    /// The place after one byte that is not payload.
    fn after(self, byte: u8) -> Result<Self, Wrong> {
        match (self, byte) {
            (Self::Size { digits, size }, byte) => after_size(digits, size, byte),
            (Self::Extension { size, .. }, b'\r') => Ok(Self::SizeEnd { size }),
            (Self::Extension { .. }, byte) if is_control(byte) => {
                Err("the extension of a chunk has a control character")
            }
            (Self::Extension { left: 0, .. }, _) => Err("the extension of a chunk is too long"),
            (Self::Extension { size, left }, _) => Ok(Self::Extension { size, left: left - 1 }),
            (Self::SizeEnd { size: 0 }, b'\n') => {
                Ok(Self::TrailerStart { left: TRAILER_BYTES_MAX })
            }
            (Self::SizeEnd { size }, b'\n') => Ok(Self::Payload { left: size }),
            (Self::PayloadReturn, b'\r') => Ok(Self::PayloadEnd),
            (Self::PayloadEnd, b'\n') => Ok(Self::Size { digits: 0, size: 0 }),
            (Self::PayloadReturn | Self::PayloadEnd, _) => {
                Err("a chunk does not end where its size says")
            }
            (Self::TrailerStart { .. }, b'\r') => Ok(Self::LastEnd),
            (Self::LastEnd, b'\n') => Ok(Self::Over),
            (Self::TrailerName { left }, b':') => Ok(Self::TrailerValue { left }),
            (Self::TrailerStart { left } | Self::TrailerName { left }, byte) if is_token(byte) => {
                Ok(Self::TrailerName { left: shorter(left)? })
            }
            (Self::TrailerValue { left }, b'\r') => Ok(Self::TrailerEnd { left }),
            (Self::TrailerValue { left }, byte) if !is_control(byte) => {
                Ok(Self::TrailerValue { left: shorter(left)? })
            }
            (Self::TrailerEnd { left }, b'\n') => Ok(Self::TrailerStart { left }),
            (
                Self::TrailerStart { .. } | Self::TrailerName { .. } | Self::TrailerValue { .. },
                _,
            ) => Err("a trailer field cannot be read"),
            _ => Err("a line of the body's framing ends without a line feed"),
        }
    }
}

fn after_size(digits: u8, size: u64, byte: u8) -> Result<Place, Wrong> {
    match (byte, char::from(byte).to_digit(16)) {
        (_, Some(_)) if digits == SIZE_DIGITS_MAX => Err("the size of a chunk has too many digits"),
        (_, Some(digit)) => {
            Ok(Place::Size { digits: digits + 1, size: size * 16 + u64::from(digit) })
        }
        (b'\r', None) if digits > 0 => Ok(Place::SizeEnd { size }),
        (b';', None) if digits > 0 => Ok(Place::Extension { size, left: EXTENSION_BYTES_MAX }),
        _ => Err("the size of a chunk is not a hexadecimal number"),
    }
}

fn shorter(left: u16) -> Result<u16, Wrong> {
    left.checked_sub(1).ok_or("the trailer fields are too long")
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    fn walk(body: &[u8]) -> Result<(usize, bool), &'static str> {
        let mut chunks = Chunks::new();
        let len = chunks.walk(body)?;
        // In pieces it must be the same walk.
        let (mut pieces, mut sum) = (Chunks::new(), 0);
        for byte in body {
            sum += pieces.walk(&[*byte])?;
        }
        assert_eq!((sum, pieces.is_over()), (len, chunks.is_over()));
        Ok((len, chunks.is_over()))
    }

    #[test]
    fn the_end_is_found_and_what_follows_is_left() {
        assert_eq!(walk(b"0\r\n\r\nGET"), Ok((5, true)));
        assert_eq!(walk(b"3\r\nabc\r\n0\r\n\r\n"), Ok((13, true)));
        assert_eq!(walk(b"A;x=\"y\"\r\n0123456789\r\n000\r\nx-sum: 1\r\n\r\nG"), Ok((38, true)));
        assert_eq!(walk(b"3\r\nab"), Ok((5, false)));
    }

    #[test]
    fn what_two_readers_could_end_at_different_places_is_refused() {
        for body in [
            &b"3\nabc\n0\n\n"[..],
            b"3\r\nabc\n0\r\n\r\n",
            b"3;x\nabc\r\n0\r\n\r\n",
            b"3;\n\r\nabc\r\n0\r\n\r\n",
            b"3\r\rabc",
            b"3 \r\nabc\r\n0\r\n\r\n",
            b"+3\r\nabc\r\n0\r\n\r\n",
            b"0x3\r\nabc\r\n0\r\n\r\n",
            b"-1\r\nabc",
            b"\r\n\r\n",
            b";x\r\n\r\n",
            b"3\r\nabcd\r\n0\r\n\r\n",
            b"3\r\nab\r\n0\r\n\r\n",
            b"ffffffffffffffffff\r\n",
            b"0\r\nbad field: 1\r\n\r\n",
            b"0\r\nx: a\nb: c\r\n\r\n",
            b"0\r\n x: a\r\n\r\n",
            b"0\r\nx\r\n\r\n",
            b"0\r\n\n",
            b"3;x\0\r\nabc\r\n0\r\n\r\n",
        ] {
            assert!(walk(body).is_err(), "{:?}", String::from_utf8_lossy(body));
        }
        let long = [&b"3;"[..], &[b'x'; 300], b"\r\nabc\r\n0\r\n\r\n"].concat();
        assert!(walk(&long).is_err());
        let long = [&b"0\r\nx: "[..], &[b'x'; 9_000], b"\r\n\r\n"].concat();
        assert!(walk(&long).is_err());
    }
}
