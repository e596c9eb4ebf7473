//! NumPy's dtypes and arrays as they appear in pickles, and the `.npy` header.
//!
//! Specification: NumPy `numpy/core/src/multiarray/descriptor.c` (`arraydescr_reduce`),
//! `numpy/_core/numeric.py` (`_frombuffer`), NEP 1 (`.npy`).

use crate::pickle::{Bytes, InlineData, Node, Object, Pickle, Value};

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
    /// The dtype that a code such as `f8`, `<U10`, `O8` means.
    pub fn from_code(code: &str) -> Option<Self> {
        let (is_big_endian, code) = match code.strip_prefix(['<', '|', '=']) {
            Some(rest) => (false, rest),
            None => code.strip_prefix('>').map_or((false, code), |rest| (true, rest)),
        };
        let mut chars = code.chars();
        let kind = chars.next()?;
        let digits: String = chars.take_while(char::is_ascii_digit).collect();
        let count: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        // `f4,V96` and the like are codes of another dtype.
        let rest = code.get(kind.len_utf8().checked_add(digits.len())?..)?;
        let is_unit = matches!(kind, 'M' | 'm') && rest.starts_with('[') && !rest.contains(',');
        if !rest.is_empty() && !is_unit {
            return None;
        }
        let (kind, item_size) = match kind {
            '?' => ('b', 1),
            'U' => ('U', count.checked_mul(4)?),
            'M' | 'm' => (kind, 8),
            'b' if count <= 1 => ('b', 1),
            'S' | 'V' => (kind, count),
            'i' | 'u' | 'f' | 'c' if 0 < count => (kind, count),
            'a' => ('S', count),
            'O' => ('O', 8),
            _ => return None,
        };
        Some(Self { kind, item_size, is_big_endian, has_objects: kind == 'O', fields: Vec::new() })
    }

    /// The dtype behind a value: `numpy.dtype(code, …)` with its state, or a scalar class as joblib 0.9 wrote it.
    pub fn from_value(pickle: &Pickle, value: Value) -> Option<Self> {
        let object = pickle.tree.object(value)?;
        let callee = pickle.trace.global(object.callee)?;
        if callee.name != "dtype" && !callee.name.ends_with("DType") || !is_numpy(&callee.module) {
            return None;
        }
        let code = *pickle.tree.items(object.args)?.first()?;
        let mut dtype = match pickle.tree.get(code)? {
            Node::Text(code) => Self::from_code(code)?,
            _ => return None,
        };
        if callee.name == "dtype" && object.state.is_some() && !takes_state(pickle, object) {
            return None;
        }
        // State: (version, byte order, subdtype, names, fields, item size, alignment, flags).
        let Some(state) = object.state.and_then(|state| pickle.tree.items(state)) else {
            return Some(dtype);
        };
        if let Some(order) = state.get(1).and_then(|order| pickle.tree.text(*order)) {
            dtype.is_big_endian = order == ">";
        }
        if let Some(names) = state.get(3).and_then(|names| pickle.tree.items(*names)) {
            dtype.fields =
                names.iter().filter_map(|name| pickle.tree.text(*name)).map(str::to_owned).collect();
        }
        if let Some(size) = state.get(5).and_then(|size| pickle.tree.int(*size))
            && 0 < size
        {
            let size = u64::try_from(size).ok()?;
            // NumPy takes a size for these kinds alone. A file that states another one wants to be read differently here
            // and there: joblib goes by it to find the end of an array.
            if !matches!(dtype.kind, 'S' | 'U' | 'V') && size != dtype.item_size {
                return None;
            }
            dtype.item_size = size;
        }
        if let Some(sub) = state.get(2).and_then(|sub| pickle.tree.items(*sub))
            && let Some(base) = sub.first().and_then(|base| Self::from_value(pickle, *base))
        {
            dtype.has_objects |= base.has_objects;
        }
        for (_, field) in state.get(4).and_then(|fields| pickle.tree.entries(*fields)).unwrap_or_default() {
            let inner = pickle.tree.items(*field).and_then(|field| field.first().copied());
            dtype.has_objects |= inner
                .and_then(|inner| Self::from_value(pickle, inner))
                .is_some_and(|inner| inner.has_objects);
        }
        // NPY_ITEM_HASOBJECT, the lowest bit of the flags, is what NumPy itself goes by. It never differs from the fields
        // unless somebody wants joblib to read an array where there is a pickle, or a pickle where there is an array.
        if let Some(flags) = state.get(7).and_then(|flags| pickle.tree.int(*flags))
            && dtype.has_objects != (flags.rem_euclid(2) == 1)
        {
            return None;
        }
        Some(dtype)
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
    match pickle.tree.get(value)? {
        Node::Bytes(bytes) => Some((**bytes).clone()),
        // A Python 2 string, or bytes as protocol 2 of Python 3 writes them: _codecs.encode(text, "latin1").
        Node::Text(text) => {
            let kept: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
            let kept = kept?;
            let len = u64::try_from(kept.len()).ok()?;
            Some(Bytes { offset: 0, len, kept: Some(kept.into()), is_text: false })
        }
        Node::Object(object) => {
            let callee = pickle.trace.global(object.callee)?;
            let args = pickle.tree.items(object.args)?;
            match (callee.module.as_str(), callee.name.as_str()) {
                ("_codecs", "encode") | ("builtins" | "__builtin__", "bytearray" | "bytes") => {
                    match args.first() {
                        Some(first) => bytes_of(pickle, *first),
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
            ("f", None),
            ("f8x", None),
            ("(2,)f4", None),
        ] {
            assert_eq!(DType::from_code(code).map(|dtype| dtype.item_size), size, "{code}");
        }
    }
}
