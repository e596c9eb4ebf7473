//! The words of ONNX's text form: identifiers, literals, punctuation.

use packwright_source::{Budget, ErrorKind, Limits, ReadError};

use super::Form;

/// How deep graphs and types may nest. As binary they may nest 100 messages deep, and each takes three of them.
const DEPTH: u32 = 24;

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Int(String),
    Float(String),
    Text(Vec<u8>),
}

/// A forward walk through the words of a text.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    budget: Budget,
}

impl<'a> Scan<'a> {
    pub(super) fn over(bytes: &'a [u8], limits: &Limits) -> Self {
        Self { bytes, at: 0, depth: 0, budget: Budget::new(*limits) }
    }

    /// Goes one level deeper; `leave` comes back.
    pub(super) fn enter(&mut self) -> Result<(), ReadError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth <= DEPTH {
            return Ok(());
        }
        let (asked, limit) = (self.depth.into(), DEPTH.into());
        Err(self.error(ErrorKind::Limit { what: "nesting", asked, limit }))
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Pays for bytes that are written.
    pub(super) fn pay(&mut self, n: usize) -> Result<(), ReadError> {
        let n = u64::try_from(n).unwrap_or(u64::MAX).saturating_add(12);
        self.budget.keep("the binary form", n).map_err(|kind| self.error(kind))
    }

    /// The next byte that is neither white space nor in a comment, without moving past it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b'#' => {
                    self.run(|byte| byte != b'\n');
                }
                byte if byte.is_ascii_whitespace() => self.step(),
                byte => return Some(byte),
            }
        }
    }

    /// Moves past `byte` if it comes next.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        if is_it {
            self.step();
        }
        is_it
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.takes(byte) { Ok(()) } else { Err(self.malformed(&format!("{:?}", char::from(byte)))) }
    }

    /// `=>`.
    pub(super) fn expect_arrow(&mut self) -> Result<(), ReadError> {
        self.expect(b'=')?;
        if self.bytes.get(self.at) == Some(&b'>') {
            self.step();
            return Ok(());
        }
        Err(self.malformed("\"=>\""))
    }

    /// The identifier that comes next, empty when none does.
    pub(super) fn optional_word(&mut self) -> String {
        self.peek();
        let is_start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
        if !self.bytes.get(self.at).is_some_and(is_start) {
            return String::new();
        }
        self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_').iter().map(|b| char::from(*b)).collect()
    }

    /// The same without moving past it.
    pub(super) fn peek_word(&mut self) -> String {
        self.peek();
        let at = self.at;
        let word = self.optional_word();
        self.at = at;
        word
    }

    pub(super) fn word(&mut self) -> Result<String, ReadError> {
        let word = self.optional_word();
        if word.is_empty() { Err(self.malformed("an identifier")) } else { Ok(word) }
    }

    /// An identifier, or any text in quotes.
    pub(super) fn name(&mut self) -> Result<String, ReadError> {
        match self.optional_name()? {
            Some(name) => Ok(name),
            None => Err(self.malformed("a name")),
        }
    }

    /// The same; `None` when neither comes next.
    pub(super) fn optional_name(&mut self) -> Result<Option<String>, ReadError> {
        if self.peek() == Some(b'"') {
            return self.text().map(Some);
        }
        let word = self.optional_word();
        Ok((!word.is_empty()).then_some(word))
    }

    /// A quoted text.
    pub(super) fn text(&mut self) -> Result<String, ReadError> {
        match self.literal()? {
            Literal::Text(bytes) => {
                String::from_utf8(bytes).ok().ok_or_else(|| self.malformed("a text in UTF-8"))
            }
            _ => Err(self.malformed("a quoted text")),
        }
    }

    pub(super) fn int(&mut self) -> Result<i64, ReadError> {
        let parsed = match self.literal()? {
            Literal::Int(digits) => digits.parse().ok(),
            _ => None,
        };
        parsed.ok_or_else(|| self.malformed("an integer of 64 bits"))
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, ReadError> {
        let parsed = match self.literal()? {
            Literal::Int(digits) => digits.parse().ok(),
            _ => None,
        };
        parsed.ok_or_else(|| self.malformed("a positive integer of 64 bits"))
    }

    /// A number for `float` or `double`.
    pub(super) fn float<T: std::str::FromStr>(&mut self) -> Result<T, ReadError> {
        let parsed = match self.literal()? {
            Literal::Int(digits) | Literal::Float(digits) => digits.parse().ok(),
            Literal::Text(_) => None,
        };
        parsed.ok_or_else(|| self.malformed("a number"))
    }

    /// Whether a number that is written in letters comes next.
    pub(super) fn is_float_word(&mut self) -> bool {
        let word = self.peek_word().to_ascii_lowercase();
        matches!(word.as_str(), "inf" | "infinity" | "nan")
    }

    pub(super) fn literal(&mut self) -> Result<Literal, ReadError> {
        if self.takes(b'"') {
            return self.rest_of_text().map(Literal::Text);
        }
        let sign = if self.takes(b'-') { "-" } else { "" };
        if self.is_float_word() {
            // Rust knows the same words.
            let word = self.optional_word();
            return Ok(Literal::Float(format!("{sign}{word}")));
        }
        self.peek();
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let mut number = digits(self.run(|byte| byte.is_ascii_digit()));
        if number.is_empty() {
            return Err(self.malformed("a number or a text"));
        }
        let mut is_float = false;
        if self.bytes.get(self.at) == Some(&b'.') {
            self.step();
            number.push('.');
            number.push_str(&digits(self.run(|byte| byte.is_ascii_digit())));
            is_float = true;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.step();
            number.push('e');
            if let Some(sign @ (b'+' | b'-')) = self.bytes.get(self.at) {
                number.push(char::from(*sign));
                self.step();
            }
            number.push_str(&digits(self.run(|byte| byte.is_ascii_digit())));
            is_float = true;
        }
        let number = format!("{sign}{number}");
        Ok(if is_float { Literal::Float(number) } else { Literal::Int(number) })
    }

    /// A text whose opening quote is behind. A backslash stands for the byte after it.
    fn rest_of_text(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(self.run(|byte| !matches!(byte, b'"' | b'\\')));
            let end = self.bytes.get(self.at).copied();
            self.step();
            match end {
                Some(b'"') => return Ok(text),
                Some(_) if self.at < self.bytes.len() => {
                    text.extend(self.bytes.get(self.at));
                    self.step();
                }
                _ => return Err(self.error(ErrorKind::Truncated { what: "a text", missing: 1 })),
            }
        }
    }

    /// The bytes from here on of which `is_in` holds.
    fn run(&mut self, is_in: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let n = rest.iter().position(|byte| !is_in(*byte)).unwrap_or(rest.len());
        self.at = self.at.saturating_add(n);
        rest.get(..n).unwrap_or_default()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn error(&self, kind: ErrorKind) -> ReadError {
        ReadError::new(Form::Text.format(), u64::try_from(self.at).unwrap_or(u64::MAX), kind)
    }

    pub(super) fn malformed(&self, expected: &str) -> ReadError {
        let found = match self.bytes.get(self.at) {
            Some(byte) if byte.is_ascii_graphic() || *byte == b' ' => format!("{:?}", char::from(*byte)),
            Some(byte) => format!("byte 0x{byte:02x}"),
            None => "the end".to_owned(),
        };
        self.error(ErrorKind::malformed("model", expected, found))
    }
}
