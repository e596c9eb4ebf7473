//! Tensors as PyTorch's pickles describe them: a call of a rebuild function over a persistent id, which names the
//! storage with the bytes.
//!
//! `torch/_utils.py` (`_rebuild_tensor_v2` and its kin), `torch/serialization.py` (persistent ids).

use std::collections::BTreeSet;

use packwright_formats::pickle::{Node, Value};

use crate::Tensor;
use crate::pickled::PickleFile;

/// What a tensor is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TensorValue {
    pub(super) dtype: &'static str,
    pub(super) shape: Vec<u64>,
    pub(super) is_parameter: bool,
    /// The key of its storage, and where in it the tensor begins, in elements.
    place: (String, u64),
    item_bytes: u64,
}

/// Which bytes of a file were counted: tensors may share them.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeSet<(String, u64)>);

/// Names of storages, NumPy's name of their elements, and how many bytes one takes.
const STORAGES: &[(&str, &str, u64)] = &[
    ("BFloat16Storage", "bfloat16", 2),
    ("BoolStorage", "bool", 1),
    ("ByteStorage", "uint8", 1),
    ("CharStorage", "int8", 1),
    ("ComplexDoubleStorage", "complex128", 16),
    ("ComplexFloatStorage", "complex64", 8),
    ("DoubleStorage", "float64", 8),
    ("FloatStorage", "float32", 4),
    ("HalfStorage", "float16", 2),
    ("IntStorage", "int32", 4),
    ("LongStorage", "int64", 8),
    ("QInt32Storage", "qint32", 4),
    ("QInt8Storage", "qint8", 1),
    ("QUInt8Storage", "quint8", 1),
    ("ShortStorage", "int16", 2),
];

/// What layers of PyTorch call the statistics that they keep beside their parameters: where a file does not tell buffers
/// from parameters, these are known by name.
pub(super) const STATISTICS: [&str; 3] = ["running_mean", "running_var", "num_batches_tracked"];

/// Types of elements that have no storage of their own: the tensor names them.
const DTYPES: &[(&str, u64)] = &[
    ("complex32", 4),
    ("float4_e2m1fn_x2", 1),
    ("float8_e4m3fn", 1),
    ("float8_e4m3fnuz", 1),
    ("float8_e5m2", 1),
    ("float8_e5m2fnuz", 1),
    ("float8_e8m0fnu", 1),
    ("uint16", 2),
    ("uint32", 4),
    ("uint64", 8),
];

/// Reads a value as a tensor or a parameter; `None` when it is neither.
pub(super) fn tensor(file: &PickleFile, value: Value) -> Option<TensorValue> {
    let (name, args) = rebuilt(file, value)?;
    match name {
        "_rebuild_parameter" | "_rebuild_parameter_with_state" => {
            let (name, args) = rebuilt(file, *args.first()?)?;
            Some(TensorValue { is_parameter: true, ..plain_tensor(file, name, args)? })
        }
        _ => plain_tensor(file, name, args),
    }
}

/// The function of `torch._utils` that makes a value, and what it is given.
fn rebuilt(file: &PickleFile, value: Value) -> Option<(&str, &[Value])> {
    let object = file.pickle.tree.object(value)?;
    let callee = file.pickle.trace.global(object.callee)?;
    let args = file.pickle.tree.items(object.args)?;
    (callee.module == "torch._utils").then_some((callee.name.as_str(), args))
}

fn plain_tensor(file: &PickleFile, name: &str, args: &[Value]) -> Option<TensorValue> {
    match name {
        "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" | "_rebuild_qtensor" => {
            let [storage, offset, size, ..] = args else { return None };
            let (key, stored) = match file.pickle.tree.get(*storage)? {
                Node::Persistent(id) => storage_of(file, *id)?,
                _ => storage_in_bytes(file, *storage)?,
            };
            let named = (name == "_rebuild_tensor_v3").then(|| dtype(file, *args.get(6)?)).flatten();
            let (dtype, item_bytes) = named.or(stored)?;
            let sides = file.pickle.tree.items(*size)?;
            let shape = sides.iter().map(|side| u64::try_from(file.pickle.tree.int(*side)?).ok());
            let offset = u64::try_from(file.pickle.tree.int(*offset)?).ok()?;
            Some(TensorValue {
                dtype,
                shape: shape.collect::<Option<_>>()?,
                is_parameter: false,
                place: (key, offset),
                item_bytes,
            })
        }
        // Shape and type of a layer that was never given memory.
        "_rebuild_meta_tensor_no_storage" => {
            let [ty, size, ..] = args else { return None };
            let (dtype, _) = dtype(file, *ty)?;
            Some(TensorValue::at((format!("meta {size:?}"), 0), (dtype, 0), sides(file, *size)?))
        }
        // The layout, and the parts with the shape behind them.
        "_rebuild_sparse_tensor" => {
            let parts = file.pickle.tree.items(*args.get(1)?)?;
            let shape = parts.iter().rev().find_map(|part| sides(file, *part))?;
            let mut values = parts.iter().filter_map(|part| tensor(file, *part));
            let found = values.find(|values| !values.dtype.starts_with("int"))?;
            Some(TensorValue { shape, ..found })
        }
        _ => None,
    }
}

/// A shape: a tuple of numbers, or a `torch.Size` of one.
fn sides(file: &PickleFile, value: Value) -> Option<Vec<u64>> {
    let tree = &file.pickle.tree;
    let inner = tree.object(value).and_then(|object| tree.items(object.args)?.first().copied());
    let sides = tree.items(inner.unwrap_or(value)).filter(|sides| !sides.is_empty())?;
    sides.iter().map(|side| u64::try_from(tree.int(*side)?).ok()).collect()
}

/// `('storage', torch.FloatStorage, '0', 'cpu', 32)`: the key, and what its elements are when the type says it.
fn storage_of(file: &PickleFile, id: Value) -> Option<(String, Option<(&'static str, u64)>)> {
    let [kind, ty, key, ..] = file.pickle.tree.items(id)? else { return None };
    if file.pickle.tree.text(*kind)? != "storage" {
        return None;
    }
    let name = &file.pickle.trace.global(*ty)?.name;
    Some((file.pickle.tree.text(*key)?.to_owned(), storage_type(name)))
}

/// What the elements of a type of storage are, and how many bytes one takes.
pub(super) fn storage_type(name: &str) -> Option<(&'static str, u64)> {
    STORAGES.iter().find(|(storage, _, _)| *storage == name).map(|(_, dtype, bytes)| (*dtype, *bytes))
}

/// `torch.storage._load_from_bytes(bytes)`, as a plain pickle keeps a storage: the bytes are a file of PyTorch's own.
fn storage_in_bytes(file: &PickleFile, storage: Value) -> Option<(String, Option<(&'static str, u64)>)> {
    /// The values of such a file are the fourth pickle.
    const VALUES: usize = 3;
    let object = file.pickle.tree.object(storage)?;
    let callee = file.pickle.trace.global(object.callee)?;
    let [bytes] = file.pickle.tree.items(object.args)? else { return None };
    let Node::Bytes(bytes) = file.pickle.tree.get(*bytes)? else { return None };
    if callee.module != "torch.storage" || callee.name != "_load_from_bytes" {
        return None;
    }
    let inner = PickleFile::read_torch_legacy(file.window(bytes)?, file.limits());
    let Some(Node::Persistent(id)) = inner.pickle.tree.get(*inner.pickle.roots.get(VALUES)?) else {
        return None;
    };
    let (_, stored) = storage_of(&inner, *id)?;
    Some((format!("byte {}", bytes.offset), stored))
}

/// `torch.float8_e4m3fn`, or a type that has a storage too.
fn dtype(file: &PickleFile, value: Value) -> Option<(&'static str, u64)> {
    let global = file.pickle.trace.global(value)?;
    let own = DTYPES.iter().find(|(dtype, _)| *dtype == global.name).copied();
    own.or_else(|| {
        STORAGES.iter().find(|(_, dtype, _)| *dtype == global.name).map(|(_, dtype, bytes)| (*dtype, *bytes))
    })
}

impl TensorValue {
    /// A tensor over a storage that is known by its key and the place in it.
    pub(super) fn at(
        place: (String, u64),
        (dtype, item_bytes): (&'static str, u64),
        shape: Vec<u64>,
    ) -> Self {
        Self { dtype, shape, is_parameter: false, place, item_bytes }
    }

    /// As a row of the list of tensors.
    pub(super) fn named(self, name: String, seen: &mut Seen) -> Tensor {
        let mut tensor = Tensor {
            name,
            dtype: self.dtype.to_owned(),
            shape: self.shape,
            size_bytes: 0,
            is_parameter: self.is_parameter,
        };
        if seen.0.insert(self.place) {
            tensor.size_bytes = tensor.n_elements().saturating_mul(self.item_bytes);
        }
        tensor
    }
}
