//! Rewriting a joblib file as a plain pickle.
//!
//! MLflow loads with `pickle.load`, which cannot read arrays that lie between the opcodes. The stream is copied
//! opcode by opcode, and every inline array becomes an ordinary pickled NumPy array at the same place. Nothing is
//! executed: a first reading finds the arrays symbolically, a second one copies.
//!
//! joblib's wrapper of an array goes: its description is put on the stack, so that memo numbers keep their meaning, and
//! taken off again, and no class of joblib is named. So nobody can take the result for a joblib file again.
//!
//! What changes besides: `PROTO` and `FRAME` are dropped (frames would have to be cut anew), memo numbers become explicit so
//! that what is inserted does not shift them, and the pickle inside an object array is inlined with its own range of
//! memo numbers. Everything else is copied byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError, read_up_to};

use super::{JoblibInline, Wrapper, is_array_wrapper, wrapper_of};
use crate::compress::Compression;
use crate::pickle::{self, Inline, InlineOutcome, OddityKind, Opcode, Pickle, Site, Value};

/// How much is copied at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Why a file could not be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum TranscodeError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The output could not be written, or the caller stopped it.
    #[error("the rewritten pickle could not be written: {0}")]
    Write(#[from] io::Error),
    /// It holds something that has no plain form known to us.
    #[error("the file cannot be rewritten as a plain pickle: {0}")]
    Unsupported(String),
}

/// Writes the first pickle of a joblib file, compressed or not, as a plain pickle and returns the number of bytes
/// written. To follow or to stop the work, watch the reads of `source`.
///
/// # Errors
///
/// [`TranscodeError`]. What was written by then is not a complete pickle.
#[expect(clippy::needless_pass_by_value, reason = "the decompressors keep handles of their own")]
pub fn transcode(
    source: Arc<dyn ByteSource>,
    limits: &Limits,
    out: &mut dyn Write,
) -> Result<u64, TranscodeError> {
    let mut head = [0; 16];
    let n = read_up_to(&*source, 0, &mut head)?;
    let compression = Compression::of(head.get(..n).unwrap_or_default());
    let budget = Budget::new(*limits);
    let cursor = || match compression {
        Some(compression) => {
            Cursor::forward("pickle", Box::new(compression.open(Arc::clone(&source), &budget)))
        }
        None => Cursor::over("pickle", &*source, 0),
    };
    let mut sites = Sites::default();
    let pickle = pickle::read(&mut cursor(), &mut budget.clone(), &mut sites);
    if pickle.roots.is_empty()
        && let Some(error) = pickle.error
    {
        return Err(error.into());
    }
    if let Some(reason) = sites.unsupported {
        return Err(TranscodeError::Unsupported(reason));
    }
    // An inlined pickle leaves on the stack what its own end would drop, and numbers that it never stored may be taken.
    let odd = |kind| pickle.trace.oddities().iter().any(|oddity| oddity.kind == kind);
    if odd(OddityKind::Leftovers) || odd(OddityKind::MemoMissing) {
        let reason = "it uses values in a way that no pickler writes".to_owned();
        return Err(TranscodeError::Unsupported(reason));
    }
    // Each wrapper goes with its array; one without would be made of nothing.
    let wrappers = pickle.trace.globals().iter().filter(|class| is_array_wrapper(&class.module, &class.name));
    let n_wrappers = wrappers.fold(0, |sum: u64, class| sum.saturating_add(class.uses));
    if u64::try_from(sites.made.len()).is_ok_and(|n_sites| n_sites != n_wrappers) {
        let reason = "it uses joblib's wrapper of arrays in a way of its own".to_owned();
        return Err(TranscodeError::Unsupported(reason));
    }
    let out = Counted { out, n: 0 };
    let mut copy = Copy { cursor: cursor(), out, sites };
    // Protocol 4 has every opcode that is inserted; a higher one is kept.
    copy.out.write_all(&[0x80, pickle.protocol.max(4)])?;
    copy.stream(0)?;
    copy.out.write_all(b".")?;
    Ok(copy.out.n)
}

/// What stands behind one BUILD.
#[derive(Debug)]
enum Array {
    Raw {
        is_padded: bool,
        len: u64,
        dtype_memo: u64,
        shape: Vec<u64>,
        is_fortran: bool,
        class: (String, String),
    },
    /// A pickle of its own, for an array of objects. It is copied with its memo numbers raised above those of the outer one.
    Pickle,
}

/// Finds the inline arrays, by the offset behind their BUILD.
#[derive(Debug, Default)]
struct Sites {
    found: BTreeMap<u64, Array>,
    /// Where the wrappers are made.
    made: BTreeSet<u64>,
    /// Where the class of the wrappers is put on the stack first.
    classes: BTreeSet<u64>,
    dtypes: Vec<(Value, u64)>,
    unsupported: Option<String>,
}

impl Inline for Sites {
    fn after_build(&mut self, pickle: &Pickle, site: &Site<'_>) -> InlineOutcome {
        let outcome = JoblibInline.after_build(pickle, site);
        let array = match &outcome {
            InlineOutcome::Raw { pad, len } => match wrapper_of(pickle, site.object) {
                Some(Ok(wrapper)) => self.raw(pickle, site, &wrapper, (*pad, *len)),
                _ => Err("an array that describes itself twice".to_owned()),
            },
            InlineOutcome::Pickle => Ok(Array::Pickle),
            InlineOutcome::Nothing | InlineOutcome::Malformed(_) => return outcome,
        };
        let object = pickle.tree.object(site.object);
        self.made.extend(object.map(|object| object.offset));
        let class = object.and_then(|object| pickle.trace.global(object.callee));
        self.classes.extend(class.map(|class| class.offset));
        match array {
            Ok(array) => {
                self.found.insert(site.offset, array);
            }
            Err(reason) => self.unsupported = Some(reason),
        }
        outcome
    }
}

impl Sites {
    fn raw(
        &mut self,
        pickle: &Pickle,
        site: &Site<'_>,
        wrapper: &Wrapper,
        (is_padded, len): (bool, u64),
    ) -> Result<Array, String> {
        // The dtypes of a file are few: remember where the memo holds each.
        let known = self.dtypes.iter().find(|(value, _)| *value == wrapper.dtype_value);
        let dtype_memo =
            if let Some((_, number)) = known.filter(|(value, number)| site.is_memo(*number, *value)) {
                *number
            } else {
                let number = site.memo_number(wrapper.dtype_value).ok_or("a dtype outside the memo")?;
                self.dtypes.retain(|(value, _)| *value != wrapper.dtype_value);
                self.dtypes.push((wrapper.dtype_value, number));
                number
            };
        let class = match pickle.trace.global(wrapper.subclass) {
            Some(class) if class.name == "memmap" => ("numpy".to_owned(), "ndarray".to_owned()),
            Some(class) => (class.module.clone(), class.name.clone()),
            None => return Err("an array of a computed class".to_owned()),
        };
        let (shape, is_fortran) = (wrapper.shape.clone(), wrapper.is_fortran);
        Ok(Array::Raw { is_padded, len, dtype_memo, shape, is_fortran, class })
    }
}

/// The second reading.
struct Copy<'c, 'o> {
    cursor: Cursor<'c>,
    out: Counted<'o>,
    sites: Sites,
}

impl Copy<'_, '_> {
    /// Copies one pickle without its STOP. Memo numbers are raised by `base`.
    fn stream(&mut self, base: u64) -> Result<(), TranscodeError> {
        let mut memo = Numbers::default();
        loop {
            let at = self.cursor.position();
            let byte = self.cursor.byte("the next opcode")?;
            let Some(opcode) = Opcode::from_byte(byte) else {
                let kind =
                    ErrorKind::malformed("opcode", "one of the 68 pickle opcodes", format!("{byte:#04x}"));
                return Err(ReadError::new("pickle", at, kind).into());
            };
            match opcode {
                Opcode::Stop => return Ok(()),
                Opcode::Proto => self.cursor.skip(1, "the protocol")?,
                Opcode::Frame => self.cursor.skip(8, "a frame length")?,
                Opcode::Memoize => self.put(&mut memo, None, base)?,
                Opcode::BinPut => {
                    let number = self.cursor.byte("a memo number")?.into();
                    self.put(&mut memo, Some(number), base)?;
                }
                Opcode::LongBinPut => {
                    let number = u32::from_le_bytes(self.cursor.array("a memo number")?).into();
                    self.put(&mut memo, Some(number), base)?;
                }
                Opcode::Put => {
                    let number = self.number()?;
                    self.put(&mut memo, Some(number), base)?;
                }
                Opcode::BinGet => {
                    let number = u64::from(self.cursor.byte("a memo number")?);
                    self.get(number.saturating_add(base))?;
                }
                Opcode::LongBinGet => {
                    let number = u64::from(u32::from_le_bytes(self.cursor.array("a memo number")?));
                    self.get(number.saturating_add(base))?;
                }
                Opcode::Get => {
                    let number = self.number()?;
                    self.get(number.saturating_add(base))?;
                }
                Opcode::Build => {
                    let array = self.sites.found.remove(&self.cursor.position()).filter(|_| base == 0);
                    match array {
                        Some(array) => self.array(&array, memo.bound)?,
                        None => self.out.write_all(b"b")?,
                    }
                }
                // A tuple of the same things in place of the wrapper.
                Opcode::NewObj if base == 0 && self.sites.made.contains(&at) => {
                    self.out.write_all(b"\x86")?;
                }
                Opcode::NewObjEx if base == 0 && self.sites.made.contains(&at) => {
                    self.out.write_all(b"\x87")?;
                }
                // None in place of its class.
                Opcode::Global if base == 0 => {
                    let module = self.cursor.line("a module", 64 << 20)?;
                    let name = self.cursor.line("a name", 64 << 20)?;
                    let (text, has_sites) = (String::from_utf8_lossy, !self.sites.made.is_empty());
                    if has_sites && is_array_wrapper(&text(&module), &text(&name)) {
                        self.out.write_all(b"N")?;
                    } else {
                        for part in [b"c", module.as_slice(), b"\n", name.as_slice(), b"\n"] {
                            self.out.write_all(part)?;
                        }
                    }
                }
                Opcode::StackGlobal if base == 0 && self.sites.classes.contains(&at) => {
                    self.out.write_all(b"00N")?;
                }
                _ => {
                    self.out.write_all(&[byte])?;
                    self.argument(opcode)?;
                }
            }
        }
    }

    /// Copies the argument of an opcode as it is.
    fn argument(&mut self, opcode: Opcode) -> Result<(), TranscodeError> {
        match opcode {
            Opcode::BinInt1 | Opcode::Ext1 => self.copy(1),
            Opcode::BinInt2 | Opcode::Ext2 => self.copy(2),
            Opcode::BinInt | Opcode::Ext4 => self.copy(4),
            Opcode::BinFloat => self.copy(8),
            Opcode::Long1 | Opcode::ShortBinString | Opcode::ShortBinUnicode | Opcode::ShortBinBytes => {
                let [len] = self.copied()?;
                self.copy(len.into())
            }
            Opcode::Long4 | Opcode::BinString | Opcode::BinUnicode | Opcode::BinBytes => {
                let len = u32::from_le_bytes(self.copied()?);
                self.copy(len.into())
            }
            Opcode::BinUnicode8 | Opcode::BinBytes8 | Opcode::ByteArray8 => {
                let len = u64::from_le_bytes(self.copied()?);
                self.copy(len)
            }
            Opcode::Int
            | Opcode::Long
            | Opcode::Float
            | Opcode::String
            | Opcode::Unicode
            | Opcode::PersId => self.line(),
            Opcode::Global | Opcode::Inst => {
                self.line()?;
                self.line()
            }
            _ => Ok(()),
        }
    }

    /// What describes the array, and stands for its wrapper, makes way for it.
    fn array(&mut self, array: &Array, memo_bound: u64) -> Result<(), TranscodeError> {
        self.out.write_all(b"00")?;
        match array {
            Array::Pickle => self.stream(memo_bound.max(1)),
            Array::Raw { is_padded, len, dtype_memo, shape, is_fortran, class } => {
                if *is_padded {
                    let padding = self.cursor.byte("the padding of an array")?;
                    self.cursor.skip(padding.into(), "the padding of an array")?;
                }
                self.out.write_all(b"cnumpy.core.multiarray\n_reconstruct\n")?;
                self.out.write_all(format!("c{}\n{}\n", class.0, class.1).as_bytes())?;
                // _reconstruct(class, (0,), b"b")
                self.out.write_all(b"K\x00\x85C\x01b\x87R")?;
                // The state: (1, shape, dtype, is Fortran, data).
                self.out.write_all(b"(K\x01(")?;
                for dim in shape {
                    self.out.write_all(b"\x8a\x09")?;
                    self.out.write_all(&dim.to_le_bytes())?;
                    self.out.write_all(b"\x00")?;
                }
                self.out.write_all(b"t")?;
                self.get(*dtype_memo)?;
                self.out.write_all(if *is_fortran { b"\x88\x8e" } else { b"\x89\x8e" })?;
                self.out.write_all(&len.to_le_bytes())?;
                self.copy(*len)?;
                self.out.write_all(b"tb")?;
                Ok(())
            }
        }
    }

    fn put(&mut self, memo: &mut Numbers, number: Option<u64>, base: u64) -> Result<(), TranscodeError> {
        let number = memo.put(number).saturating_add(base);
        self.memo(number, b'q', b'r')
    }

    fn get(&mut self, number: u64) -> Result<(), TranscodeError> {
        self.memo(number, b'h', b'j')
    }

    fn memo(&mut self, number: u64, short: u8, long: u8) -> Result<(), TranscodeError> {
        if let Ok(number) = u8::try_from(number) {
            return Ok(self.out.write_all(&[short, number])?);
        }
        let Ok(number) = u32::try_from(number) else {
            return Err(TranscodeError::Unsupported(format!("memo number {number}")));
        };
        self.out.write_all(&[long])?;
        Ok(self.out.write_all(&number.to_le_bytes())?)
    }

    fn number(&mut self) -> Result<u64, TranscodeError> {
        let at = self.cursor.position();
        let line = self.cursor.line("a memo number", 32)?;
        let text = String::from_utf8_lossy(&line);
        text.trim().parse().map_err(|_no_number| {
            let kind = ErrorKind::malformed("memo number", "decimal digits", format!("{text:?}"));
            ReadError::new("pickle", at, kind).into()
        })
    }

    fn line(&mut self) -> Result<(), TranscodeError> {
        let line = self.cursor.line("a line", 64 << 20)?;
        self.out.write_all(&line)?;
        Ok(self.out.write_all(b"\n")?)
    }

    fn copied<const N: usize>(&mut self) -> Result<[u8; N], TranscodeError> {
        let bytes = self.cursor.array("a length")?;
        self.out.write_all(&bytes)?;
        Ok(bytes)
    }

    fn copy(&mut self, len: u64) -> Result<(), TranscodeError> {
        let mut buffer = vec![0; usize::try_from(len).unwrap_or(usize::MAX).min(CHUNK_BYTES)];
        let mut left = len;
        while 0 < left {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let part = buffer.get_mut(..most).unwrap_or_default();
            let n = self.cursor.read_into(part)?;
            if n == 0 {
                let kind = ErrorKind::Truncated { what: "an argument", missing: left };
                return Err(self.cursor.error(kind).into());
            }
            self.out.write_all(part.get(..n).unwrap_or_default())?;
            left = left.saturating_sub(u64::try_from(n).unwrap_or(left));
        }
        Ok(())
    }
}

/// The memo numbers that a reader of the original would use.
#[derive(Debug, Default)]
struct Numbers {
    used: u64,
    sparse: BTreeSet<u64>,
    bound: u64,
}

impl Numbers {
    /// The number of the next entry: the given one, or the count of entries.
    fn put(&mut self, number: Option<u64>) -> u64 {
        let n_sparse = u64::try_from(self.sparse.len()).unwrap_or(u64::MAX);
        let number = number.unwrap_or_else(|| self.used.saturating_add(n_sparse));
        if number == self.used {
            self.used = self.used.saturating_add(1);
            self.sparse.remove(&number);
        } else if self.used < number {
            self.sparse.insert(number);
        }
        self.bound = self.bound.max(number.saturating_add(1));
        number
    }
}

/// Counts what is written.
struct Counted<'o> {
    out: &'o mut dyn Write,
    n: u64,
}

impl Counted<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.n = self.n.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
        Ok(())
    }
}
