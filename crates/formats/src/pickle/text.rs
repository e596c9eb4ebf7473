//! The text encodings of pickles.

/// UTF-8 with lone surrogates as pickle allows them; Python 2 byte strings as Latin-1.
pub(super) fn text_from(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|not_utf8| not_utf8.into_bytes().into_iter().map(char::from).collect())
}

/// `raw-unicode-escape`: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
pub(super) fn raw_unicode(line: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((byte, after)) = rest.split_first() {
        if let (b'\\', Some(b'\\')) = (byte, after.first()) {
            // A pair stays a pair; the second never begins an escape.
            text.push_str("\\\\");
            rest = after.get(1..).unwrap_or_default();
            continue;
        }
        let digits = match (byte, after.first()) {
            (b'\\', Some(b'u')) => after.get(1..5),
            (b'\\', Some(b'U')) => after.get(1..9),
            _ => None,
        };
        let escaped = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        if let (Some(char), Some(digits)) = (escaped, digits) {
            text.push(char);
            rest = after.get(digits.len().saturating_add(1)..).unwrap_or_default();
        } else {
            text.push(char::from(*byte));
            rest = after;
        }
    }
    text
}

/// The escapes that Python 2's `repr` of a byte string uses.
pub(super) fn unescape(quoted: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((byte, after)) = rest.split_first() {
        let (out, used) = match (byte, after) {
            (b'\\', [b'x', high, low, ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high.saturating_mul(16).saturating_add(low), 3),
                _ => (*byte, 0),
            },
            (b'\\', [b'0'..=b'7', ..]) => octal(after),
            (b'\\', [letter, ..]) => match letter {
                b'a' => (7, 1),
                b'b' => (8, 1),
                b't' => (b'\t', 1),
                b'n' => (b'\n', 1),
                b'v' => (11, 1),
                b'f' => (12, 1),
                b'r' => (b'\r', 1),
                b'\\' | b'\'' | b'"' => (*letter, 1),
                _ => (*byte, 0),
            },
            _ => (*byte, 0),
        };
        bytes.push(out);
        rest = after.get(used..).unwrap_or_default();
    }
    bytes
}

/// Up to three octal digits; only the lowest byte counts.
fn octal(after: &[u8]) -> (u8, usize) {
    let digits = after.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
    let value =
        digits.clone().fold(0_u16, |value, digit| value.wrapping_mul(8).wrapping_add(u16::from(digit & 7)));
    (u8::try_from(value & 0xff).unwrap_or(0), digits.count())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
