//! A file that holds a pickle, plain or compressed, and how to get at the bytes that the machine skipped.

use std::io::Read as _;
use std::sync::Arc;

use packwright_formats::compress::{Compression, Inflated, Trailing};
use packwright_formats::joblib::{JoblibInline, PlainLoader, UnpaddedLoader};
use packwright_formats::numpy::{ArrayData, NdArray};
use packwright_formats::pickle::{self, Bytes, Inline, InlineOutcome, Node, Pickle, Site, Value};
use packwright_formats::skops;
use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError, read_exact_at};

/// More bytes than any list of names or labels needs.
const READ_BACK: u64 = 32 << 20;

/// More opcodes than a file needs to do harm that is a pickle besides what it says it is.
const STRANGE_STEPS: u64 = 1_000_000;

/// Who loads a pickle, which decides what its names and its persistent ids mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dialect {
    /// `pickle.load` or joblib.
    #[default]
    Plain,
    /// `torch.load`: persistent ids stand for the storages beside the pickle.
    Torch,
    /// `torch.load` of a file from before PyTorch 1.6: five pickles and the bytes of the storages.
    TorchLegacy,
    /// `torch.load` of a tar archive from the time of PyTorch 0.1.1: persistent ids are the numbers of tensors.
    TorchTar,
    /// `torch.jit.load`, which is no Python: names of `__torch__` are classes of the script, those of
    /// `torch.jit._pickle` mark types.
    TorchScript,
}

/// A magic number, a version, what wrote it, the values, the keys of the storages.
#[derive(Debug)]
struct FivePickles;

impl Inline for FivePickles {
    fn after_build(&mut self, _pickle: &Pickle, _site: &Site<'_>) -> InlineOutcome {
        InlineOutcome::Nothing
    }

    fn n_pickles(&self) -> Option<usize> {
        Some(5)
    }
}

/// A pickle before other bytes.
#[derive(Debug)]
struct OnePickle;

impl Inline for OnePickle {
    fn after_build(&mut self, _pickle: &Pickle, _site: &Site<'_>) -> InlineOutcome {
        InlineOutcome::Nothing
    }

    fn n_pickles(&self) -> Option<usize> {
        Some(1)
    }
}

/// A read pickle and its source.
#[derive(Debug)]
pub(crate) struct PickleFile {
    pub(crate) pickle: Pickle,
    pub(crate) compression: Option<Compression>,
    pub(crate) dialect: Dialect,
    /// The types of a skops file; `None` for a pickle.
    pub(crate) skops: Option<Vec<skops::Type>>,
    /// What follows the compressed data; `None` without compression.
    pub(crate) trailing: Option<Trailing>,
    /// Members of a skops file that its schema does not name.
    pub(crate) unnamed: Vec<String>,
    /// The same bytes as other loaders read them, where that may differ: who it is, and what they read.
    pub(crate) others: Vec<(&'static str, PickleFile)>,
    source: Arc<dyn ByteSource>,
    budget: Budget,
}

impl PickleFile {
    /// Reads a file. Never fails: what went wrong is in [`Pickle::error`].
    pub(crate) fn read(source: Arc<dyn ByteSource>, head: &[u8], limits: &Limits) -> Self {
        Self::read_at(source, 0, Compression::of(head), limits)
    }

    /// Reads what `torch.save` wrote before PyTorch 1.6, and still writes for the tensors of a plain pickle.
    pub(crate) fn read_torch_legacy(source: Arc<dyn ByteSource>, limits: &Limits) -> Self {
        let mut budget = Budget::new(*limits);
        Self::read_as(&mut FivePickles, source, 0, None, &mut budget).in_dialect(Dialect::TorchLegacy)
    }

    /// Reads the one pickle at an offset; what follows it is something else.
    pub(crate) fn read_one(source: Arc<dyn ByteSource>, offset: u64, budget: &mut Budget) -> Self {
        Self::read_as(&mut OnePickle, source, offset, None, budget)
    }

    /// The same file, loaded by someone else.
    pub(crate) fn in_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Why nothing was read.
    pub(crate) fn error_or(mut self, why: &str) -> ReadError {
        let nothing = || ReadError::new("pickle", 0, ErrorKind::malformed("pickle", "a value", why));
        self.pickle.error.take().unwrap_or_else(nothing)
    }

    /// Reads a pickle that begins at an offset.
    pub(crate) fn read_at(
        source: Arc<dyn ByteSource>,
        offset: u64,
        compression: Option<Compression>,
        limits: &Limits,
    ) -> Self {
        let mut budget = Budget::new(*limits);
        let mut file = Self::read_as(&mut JoblibInline, source, offset, compression, &mut budget);
        // What a loader that breaks at the first array reads is a part of what joblib reads.
        if file.pickle.plain_goes_on == Some(true) {
            let source = Arc::clone(&file.source);
            let other = Self::read_as(&mut PlainLoader, source, offset, compression, &mut budget);
            file.others.push(("a plain pickle.load", other));
        }
        if file.pickle.unpadded_goes_on == Some(true) {
            let source = Arc::clone(&file.source);
            let other = Self::read_as(&mut UnpaddedLoader, source, offset, compression, &mut budget);
            file.others.push(("joblib below 1.2", other));
        }
        file
    }

    /// Reads a file that is no pickle by its format as `pickle.load` would. The steps of such a reading are few.
    pub(crate) fn read_plain(source: Arc<dyn ByteSource>, limits: &Limits) -> Self {
        let mut budget = Budget::new(Limits { steps: limits.steps.min(STRANGE_STEPS), ..*limits });
        Self::read_as(&mut PlainLoader, source, 0, None, &mut budget)
    }

    /// One reading; what it costs is taken from the budget of all.
    fn read_as(
        inline: &mut dyn Inline,
        source: Arc<dyn ByteSource>,
        offset: u64,
        compression: Option<Compression>,
        budget: &mut Budget,
    ) -> Self {
        let inflated = compression.map(|compression| compression.open(Arc::clone(&source), budget));
        let trailing = inflated.as_ref().map(Inflated::trailing);
        let mut cursor = match inflated {
            Some(inflated) => Cursor::forward("pickle", Box::new(inflated)),
            None => Cursor::over("pickle", &*source, offset),
        };
        let pickle = pickle::read(&mut cursor, budget, inline);
        drop(cursor);
        let budget = budget.clone();
        let (skops, unnamed, others) = (None, Vec::new(), Vec::new());
        Self {
            pickle,
            compression,
            dialect: Dialect::Plain,
            skops,
            trailing,
            unnamed,
            others,
            source,
            budget,
        }
    }

    /// Reads a skops file.
    ///
    /// # Errors
    ///
    /// What the archive and its schema say.
    pub(crate) fn read_skops(source: Arc<dyn ByteSource>, limits: &Limits) -> Result<Self, ReadError> {
        let mut budget = Budget::new(*limits);
        let read = skops::read(&source, &mut budget)?;
        Ok(Self {
            pickle: read.pickle,
            compression: None,
            dialect: Dialect::Plain,
            skops: Some(read.types),
            trailing: None,
            unnamed: read.unnamed,
            others: Vec::new(),
            source,
            budget,
        })
    }

    /// What reading may cost.
    pub(crate) fn limits(&self) -> &Limits {
        self.budget.limits()
    }

    /// The bytes of a value in the stream: kept ones from memory, skipped ones by reading again. `None` beyond a
    /// limit, or when the second reading fails.
    pub(crate) fn bytes(&self, bytes: &Bytes) -> Option<Vec<u8>> {
        if let Some(kept) = &bytes.kept {
            return Some(kept.to_vec());
        }
        if READ_BACK < bytes.len {
            return None;
        }
        let mut buffer = vec![0; usize::try_from(bytes.len).ok()?];
        match self.compression {
            None => read_exact_at(&*self.source, bytes.offset, &mut buffer).ok()?,
            Some(compression) => {
                let mut inflated = compression.open(Arc::clone(&self.source), &self.budget);
                packwright_source::Input::skip(&mut inflated, bytes.offset).ok()?;
                inflated.read_exact(&mut buffer).ok()?;
            }
        }
        Some(buffer)
    }

    /// The bytes of a value as a source of their own: an embedded model.
    pub(crate) fn window(&self, bytes: &Bytes) -> Option<Arc<dyn ByteSource>> {
        if bytes.kept.is_none() && self.compression.is_none() {
            let window = packwright_source::Window::new(Arc::clone(&self.source), bytes.offset, bytes.len);
            return Some(Arc::new(window));
        }
        Some(Arc::new(packwright_source::MemorySource::new(self.bytes(bytes)?)))
    }

    /// A list, tuple or array of texts.
    pub(crate) fn texts(&self, value: Value) -> Option<Vec<String>> {
        let labels = self.labels(value)?;
        labels.values.iter().map(|label| label.as_str().map(str::to_owned)).collect()
    }

    /// A list, tuple or one-dimensional array of scalars. `None` when an item is anything else, or when not all
    /// items were kept.
    pub(crate) fn labels(&self, value: Value) -> Option<Labels> {
        let tree = &self.pickle.tree;
        if let Some(array) = NdArray::from_value(&self.pickle, value) {
            let dtype = array.dtype.name();
            let values = match &array.data {
                ArrayData::Objects(list) => self.scalars(*list)?,
                ArrayData::Raw(bytes) => decode(&array, &self.bytes(bytes)?)?,
            };
            return Some(Labels { values, dtype: Some(dtype) });
        }
        // An Index or an array-like that wraps its data.
        if matches!(tree.get(value)?, Node::List(_) | Node::Tuple(_)) {
            return Some(Labels { values: self.scalars(value)?, dtype: None });
        }
        None
    }

    fn scalars(&self, list: Value) -> Option<Vec<serde_json::Value>> {
        let items = self.pickle.tree.items(list)?;
        if self.pickle.tree.len_of(list) != u64::try_from(items.len()).ok() {
            return None;
        }
        items.iter().map(|item| self.scalar(*item)).collect()
    }

    /// A Python or NumPy scalar as JSON.
    pub(crate) fn scalar(&self, value: Value) -> Option<serde_json::Value> {
        let tree = &self.pickle.tree;
        match value {
            Value::None => Some(serde_json::Value::Null),
            Value::Bool(bool) => Some(bool.into()),
            Value::Int(int) => Some(int.into()),
            Value::Float(float) => Some(float_json(float)),
            _ => match tree.get(value)? {
                Node::Text(text) => Some((**text).into()),
                Node::Object(object) => {
                    let callee = self.pickle.trace.global(object.callee)?;
                    if callee.name != "scalar" || !packwright_formats::numpy::is_numpy(&callee.module) {
                        return None;
                    }
                    let args = tree.items(object.args)?;
                    let dtype = packwright_formats::numpy::DType::from_value(&self.pickle, *args.first()?)?;
                    let bytes = packwright_formats::numpy::bytes_of(&self.pickle, *args.get(1)?)?;
                    let array = NdArray {
                        dtype,
                        shape: vec![1],
                        is_fortran: false,
                        data: ArrayData::Raw(bytes.clone()),
                    };
                    decode(&array, &self.bytes(&bytes)?)?.pop()
                }
                _ => None,
            },
        }
    }
}

/// Scalars and the dtype of the array that they came from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Labels {
    pub(crate) values: Vec<serde_json::Value>,
    /// NumPy's dtype name; `None` for a plain list.
    pub(crate) dtype: Option<String>,
}

/// Finite floats as numbers, the others as the words that Python prints.
pub(crate) fn float_json(float: f64) -> serde_json::Value {
    match serde_json::Number::from_f64(float) {
        Some(number) => number.into(),
        None if float.is_nan() => "nan".into(),
        None => (if float < 0.0 { "-inf" } else { "inf" }).into(),
    }
}

/// The items of a raw array in storage order; `None` for dtypes that have no JSON form.
fn decode(array: &NdArray, bytes: &[u8]) -> Option<Vec<serde_json::Value>> {
    let size = usize::try_from(array.dtype.item_size).ok()?;
    if size == 0 {
        // `U0`: as many empty texts as the shape says.
        let n = usize::try_from(array.n_items()?).ok().filter(|n| *n <= 65_536)?;
        return Some(vec![serde_json::Value::from(""); n]);
    }
    bytes.chunks_exact(size).map(|item| decode_item(array, item)).collect()
}

fn decode_item(array: &NdArray, item: &[u8]) -> Option<serde_json::Value> {
    let mut little = item.to_vec();
    if array.dtype.is_big_endian && array.dtype.kind != 'U' {
        little.reverse();
    }
    let value = match array.dtype.kind {
        'b' => (little.first().copied()? != 0).into(),
        'i' => {
            let fill = if little.last().is_some_and(|byte| 0x80 <= *byte) { 0xff } else { 0 };
            i64::from_le_bytes(widen(&little, fill)?).into()
        }
        'u' => u64::from_le_bytes(widen(&little, 0)?).into(),
        'f' => match little.len() {
            4 => float_json(f32::from_le_bytes(little.try_into().ok()?).into()),
            8 => float_json(f64::from_le_bytes(little.try_into().ok()?)),
            _ => return None,
        },
        'U' => {
            let mut text = String::new();
            for unit in little.chunks_exact(4) {
                let unit: [u8; 4] = unit.try_into().ok()?;
                let code = if array.dtype.is_big_endian {
                    u32::from_be_bytes(unit)
                } else {
                    u32::from_le_bytes(unit)
                };
                text.push(char::from_u32(code)?);
            }
            text.trim_end_matches('\0').into()
        }
        'S' => String::from_utf8_lossy(item).trim_end_matches('\0').into(),
        _ => return None,
    };
    Some(value)
}

fn widen(bytes: &[u8], fill: u8) -> Option<[u8; 8]> {
    let mut wide = [fill; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(wide)
}
