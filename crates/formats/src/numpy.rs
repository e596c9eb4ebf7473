//! NumPy's dtypes and arrays as they appear in pickles, and the `.npy` header.
//!
//! Specification: NumPy `numpy/core/src/multiarray/descriptor.c` (`arraydescr_reduce`),
//! `numpy/_core/numeric.py` (`_frombuffer`), NEP 1 (`.npy`).

use crate::pickle::{Bytes, InlineData, Node, Object, Pickle, Value};

/// How deep dtypes may nest, and calls that wrap bytes: NumPy and picklers stay below five.
const NESTED: u32 = 8;

/// A dtype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DType {
    /// The kind character: `b i u f c m M O S U V`.
    pub kind: char,
    /// The size of one item in bytes.
    pub item_size: u64,
    /// Whether items are big-endian.
    pub is_big_endian: bool,
    /// Whether items are or hold Python objects.
    pub has_objects: bool,
    /// The fields of a structured dtype, in order; empty otherwise.
    pub fields: Vec<String>,
    /// Whether each item is an array itself.
    pub is_subarray: bool,
}

/// An array as a pickle describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct NdArray {
    /// The dtype.
    pub dtype: DType,
    /// The shape in axis order.
    pub shape: Vec<u64>,
    /// Whether the data lies in Fortran order (first axis fastest).
    pub is_fortran: bool,
    /// The items.
    pub data: ArrayData,
}

/// The items of an [`NdArray`].
#[derive(Debug, Clone, PartialEq)]
pub enum ArrayData {
    /// Raw bytes in the stream.
    Raw(Bytes),
    /// A list of Python objects, or an array that describes itself.
    Objects(Value),
}

impl DType {
    /// The dtype that a code such as `f8`, `<U10`, `O8`, `M8[ns]` means. `None` for every other way to write one, as
    /// its size would be a guess.
    pub fn from_code(code: &str) -> Option<Self> {
        let (is_big_endian, code) = match code.strip_prefix(['<', '|', '=']) {
            Some(rest) => (false, rest),
            None => code.strip_prefix('>').map_or((false, code), |rest| (true, rest)),
        };
        let (kind, item_size) = match code {
            "?" | "b1" => ('b', 1),
            "b" | "i1" => ('i', 1),
            "h" | "i2" => ('i', 2),
            "i" | "i4" => ('i', 4),
            "q" | "i8" => ('i', 8),
            "B" | "u1" => ('u', 1),
            "H" | "u2" => ('u', 2),
            "I" | "u4" => ('u', 4),
            "Q" | "u8" => ('u', 8),
            "e" | "f2" => ('f', 2),
            "f" | "f4" => ('f', 4),
            "d" | "f8" => ('f', 8),
            "f16" => ('f', 16),
            "F" | "c8" => ('c', 8),
            "D" | "c16" => ('c', 16),
            "c32" => ('c', 32),
            "O" | "O8" => ('O', 8),
            _ => Self::sized_code(code)?,
        };
        let has_objects = kind == 'O';
        Some(Self { kind, item_size, is_big_endian, has_objects, fields: Vec::new(), is_subarray: false })
    }

    /// Kind and item size of texts, bytes and times.
    fn sized_code(code: &str) -> Option<(char, u64)> {
        let kind = code.chars().next()?;
        let rest = code.get(kind.len_utf8()..)?;
        match kind {
            'M' | 'm' => {
                let unit = rest.strip_prefix('8')?;
                let is_unit = unit.is_empty()
                    || unit.strip_prefix('[').and_then(|unit| unit.strip_suffix(']')).is_some_and(|unit| {
                        unit.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/')
                    });
                is_unit.then_some((kind, 8))
            }
            'S' | 'U' | 'V' => {
                let is_number = rest.bytes().all(|byte| byte.is_ascii_digit());
                let is_plain = is_number && (rest == "0" || !rest.starts_with('0'));
                let count: u64 = if is_plain { rest.parse().ok()? } else { return None };
                Some((kind, if kind == 'U' { count.checked_mul(4)? } else { count }))
            }
            _ => None,
        }
    }

    /// The dtype behind a value: `numpy.dtype(code, …)` with its state. `None` where the state contradicts the code
    /// or is not what NumPy writes.
    pub fn from_value(pickle: &Pickle, value: Value) -> Option<Self> {
        Self::nested(pickle, value, NESTED)
    }

    fn nested(pickle: &Pickle, value: Value, depth: u32) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let object = pickle.tree.object(value)?;
        let callee = pickle.trace.global(object.callee)?;
        let is_changed = object.is_rebuilt || 0 < object.items.len || 0 < object.entries.len;
        if callee.name != "dtype" || !is_numpy(&callee.module) || object.kwargs.is_some() || is_changed {
            return None;
        }
        let code = *pickle.tree.items(object.args)?.first()?;
        let dtype = Self::from_code(pickle.tree.text(code)?)?;
        match object.state {
            None => Some(dtype),
            Some(_) if !takes_state(pickle, object) => None,
            Some(state) => dtype.with_state(pickle, pickle.tree.items(state)?, depth),
        }
    }

    /// State: (version, byte order, subdtype, names, fields, item size, alignment, flags), and metadata since version 4.
    fn with_state(mut self, pickle: &Pickle, state: &[Value], depth: u32) -> Option<Self> {
        let tree = &pickle.tree;
        let [Value::Int(3 | 4), order, sub, names, fields, size, _, flags, ..] = state else {
            return None;
        };
        if 9 < state.len() {
            return None;
        }
        self.is_big_endian = tree.text(*order)? == ">";
        // NumPy goes by the size in the state for texts, bytes and structures, and ignores it for all others.
        match (self.kind, tree.int(*size)?) {
            ('S' | 'U' | 'V', size) if u64::try_from(size).ok()? == self.item_size => {}
            ('S' | 'U' | 'V', _) => return None,
            (_, -1) => {}
            (_, size) if u64::try_from(size).ok()? == self.item_size => {}
            _ => return None,
        }
        // NPY_ITEM_HASOBJECT, the lowest bit of the flags, is what NumPy itself goes by.
        let is_flagged = tree.int(*flags)?.rem_euclid(2) == 1;
        let mut holds_objects = self.kind == 'O';
        if *sub != Value::None {
            let base = Self::nested(pickle, *tree.items(*sub)?.first()?, depth)?;
            holds_objects |= base.has_objects;
            self.is_subarray = true;
        }
        if *fields != Value::None {
            let names = tree.items(*names)?;
            self.fields = names.iter().filter_map(|name| tree.text(*name)).map(str::to_owned).collect();
            for (_, field) in tree.entries(*fields)? {
                let inner = Self::nested(pickle, *tree.items(*field)?.first()?, depth)?;
                holds_objects |= inner.has_objects;
            }
        }
        let is_plain = self.kind == 'V' || !self.is_subarray && self.fields.is_empty();
        self.has_objects = holds_objects;
        (is_plain && is_flagged == holds_objects).then_some(self)
    }

    /// NumPy's own name: `float64`, `int32`, `str`, `object` …
    pub fn name(&self) -> String {
        let bits = self.item_size.saturating_mul(8);
        match self.kind {
            'b' => "bool".into(),
            'i' => format!("int{bits}"),
            'u' => format!("uint{bits}"),
            'f' => format!("float{bits}"),
            'c' => format!("complex{bits}"),
            'U' => "str".into(),
            'S' => "bytes".into(),
            'O' => "object".into(),
            'M' => "datetime64".into(),
            'm' => "timedelta64".into(),
            _ => "void".into(),
        }
    }
}

impl NdArray {
    /// The array behind a value: an ordinary pickled array of any NumPy version, or an inline one of joblib.
    pub fn from_value(pickle: &Pickle, value: Value) -> Option<Self> {
        match pickle.tree.get(value)? {
            Node::Array(array) => {
                let dtype = DType::from_value(pickle, pickle.tree.entry(array.state, "dtype")?)?;
                let shape = shape_of(pickle, pickle.tree.entry(array.state, "shape")?)?;
                let order = pickle.tree.entry(array.state, "order").and_then(|order| pickle.tree.text(order));
                match &array.data {
                    InlineData::Raw(bytes) => Some(Self {
                        dtype,
                        shape,
                        is_fortran: order == Some("F"),
                        data: ArrayData::Raw(bytes.clone()),
                    }),
                    InlineData::Pickle(root) => {
                        let inner = Self::from_value(pickle, *root)?;
                        Some(Self { shape, is_fortran: inner.is_fortran, ..inner })
                    }
                }
            }
            Node::Object(object) => Self::from_object(pickle, object),
            _ => None,
        }
    }

    fn from_object(pickle: &Pickle, object: &Object) -> Option<Self> {
        let callee = pickle.trace.global(object.callee)?;
        if !is_numpy(&callee.module) {
            return None;
        }
        let args = pickle.tree.items(object.args)?;
        match callee.name.as_str() {
            "_reconstruct" => {
                // State: (version, shape, dtype, is Fortran, data).
                let state = pickle.tree.items(object.state?)?;
                let [_, shape, dtype, is_fortran, data] = state else {
                    return None;
                };
                Some(Self {
                    dtype: DType::from_value(pickle, *dtype)?,
                    shape: shape_of(pickle, *shape)?,
                    is_fortran: *is_fortran == Value::Bool(true),
                    data: data_of(pickle, *data)?,
                })
            }
            "_frombuffer" => {
                let [buffer, dtype, shape, order] = args else {
                    return None;
                };
                Some(Self {
                    dtype: DType::from_value(pickle, *dtype)?,
                    shape: shape_of(pickle, *shape)?,
                    is_fortran: pickle.tree.text(*order) == Some("F"),
                    data: data_of(pickle, *buffer)?,
                })
            }
            _ => None,
        }
    }

    /// How many items there are; `None` when the product overflows.
    pub fn n_items(&self) -> Option<u64> {
        self.shape.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))
    }
}

/// The bytes behind a value, through what pickles of protocol 2 and below wrap them in.
pub fn bytes_of(pickle: &Pickle, value: Value) -> Option<Bytes> {
    bytes_at(pickle, value, 0)
}

fn bytes_at(pickle: &Pickle, value: Value, depth: u32) -> Option<Bytes> {
    match pickle.tree.get(value)? {
        Node::Bytes(bytes) => Some((**bytes).clone()),
        // A Python 2 string, or bytes as protocol 2 of Python 3 writes them: _codecs.encode(text, "latin1").
        Node::Text(text) => {
            let kept: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
            let kept = kept?;
            let len = u64::try_from(kept.len()).ok()?;
            Some(Bytes { offset: 0, len, kept: Some(kept.into()), is_text: false })
        }
        Node::Object(object) if depth < NESTED => {
            let callee = pickle.trace.global(object.callee)?;
            let args = pickle.tree.items(object.args)?;
            match (callee.module.as_str(), callee.name.as_str()) {
                ("_codecs", "encode") | ("builtins" | "__builtin__", "bytearray" | "bytes") => {
                    match args.first() {
                        Some(first) => bytes_at(pickle, *first, depth.saturating_add(1)),
                        None => Some(Bytes { offset: 0, len: 0, kept: Some(Box::default()), is_text: false }),
                    }
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a module is part of NumPy.
pub fn is_numpy(module: &str) -> bool {
    module == "numpy" || module.starts_with("numpy.")
}

fn data_of(pickle: &Pickle, value: Value) -> Option<ArrayData> {
    match pickle.tree.get(value)? {
        Node::List(_) => Some(ArrayData::Objects(value)),
        _ => bytes_of(pickle, value).map(ArrayData::Raw),
    }
}

fn shape_of(pickle: &Pickle, value: Value) -> Option<Vec<u64>> {
    let dims = pickle.tree.items(value)?;
    dims.iter().map(|dim| u64::try_from(dimension(pickle, *dim)?).ok()).collect()
}

/// A dimension: an integer, or a NumPy scalar of one.
fn dimension(pickle: &Pickle, value: Value) -> Option<i64> {
    pickle.tree.int(value)
}

/// Whether NumPy takes a state for a dtype: not for those that it has one of, like `numpy.dtype('V')`. It writes
/// `numpy.dtype('f8', False, True)`, which is a copy.
fn takes_state(pickle: &Pickle, dtype: &Object) -> bool {
    let copy = pickle.tree.items(dtype.args).and_then(|args| args.get(2)).copied();
    copy.and_then(|copy| pickle.tree.int(copy)) == Some(1)
}

#[cfg(test)]
mod tests {
    use super::DType;

    #[test]
    fn a_code_is_read_as_numpy_reads_it_or_not_at_all() {
        for (code, size) in [
            ("<f8", Some(8)),
            (">i4", Some(4)),
            ("|b1", Some(1)),
            ("<U3", Some(12)),
            ("O8", Some(8)),
            ("<M8[ns]", Some(8)),
            ("V16", Some(16)),
            ("f4,V96", None),
            ("M8[s],V96", None),
            ("f", Some(4)),
            ("f8x", None),
            ("(2,)f4", None),
        ] {
            assert_eq!(DType::from_code(code).map(|dtype| dtype.item_size), size, "{code}");
        }
    }
}
