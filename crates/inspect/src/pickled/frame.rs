//! pandas tables inside pickles: the names and types of their columns, in the layouts of pandas 0.25 to 3.

use packwright_formats::numpy::{NdArray, bytes_of};
use packwright_formats::pickle::{Node, Object, Value};
use packwright_mlflow::schema::DataType;

use super::file::PickleFile;
use super::objects::{attr, some_attr};

/// What a pickled `DataFrame` says of itself without its cells.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Frame {
    /// Each column's name and its type; `None` for types that MLflow has no scalar for.
    pub(crate) columns: Vec<(String, Option<DataType>)>,
    /// The number of rows, where an index or a block tells.
    pub(crate) n_rows: Option<u64>,
}

/// Reads a `DataFrame`.
pub(crate) fn frame(file: &PickleFile, value: Value) -> Option<Frame> {
    let manager = some_attr(file, value, "_mgr").or_else(|| some_attr(file, value, "_data"))?;
    let tree = &file.pickle.tree;
    let object = tree.object(manager)?;
    // pandas 1.3 and later call the manager with (blocks, axes); earlier ones give it a state tuple of which the last
    // part holds the same under the name of the layout.
    let (axes, blocks) = if let Some(parts) = object.state.and_then(|state| tree.items(state)) {
        let layout = tree.entry(*parts.last()?, "0.14.1")?;
        (tree.entry(layout, "axes")?, tree.entry(layout, "blocks")?)
    } else {
        let args = tree.items(object.args)?;
        (*args.get(1)?, *args.first()?)
    };
    let names = index_texts(file, *tree.items(axes)?.first()?)?;
    let mut frame = Frame { columns: names.into_iter().map(|name| (name, None)).collect(), n_rows: None };
    for block in tree.items(blocks)? {
        place(file, *block, &mut frame);
    }
    Some(frame)
}

/// Sets the types of the columns that one block holds.
fn place(file: &PickleFile, block: Value, frame: &mut Frame) {
    let tree = &file.pickle.tree;
    let (values, places) = match tree.get(block) {
        Some(Node::Dict(_)) => (tree.entry(block, "values"), tree.entry(block, "mgr_locs")),
        Some(Node::Object(object)) => {
            let args = tree.items(object.args).unwrap_or_default();
            (args.first().copied(), args.get(1).copied())
        }
        _ => return,
    };
    let (Some(values), Some(places)) = (values, places) else { return };
    if let Some([.., n_rows]) = NdArray::from_value(&file.pickle, values).map(|array| array.shape).as_deref()
    {
        frame.n_rows = Some(*n_rows);
    }
    let ty = type_of(file, values);
    for place in positions(file, places) {
        if let Some((_, slot)) = frame.columns.get_mut(place) {
            *slot = ty;
        }
    }
}

/// The column numbers that a block covers: a slice, or an array.
fn positions(file: &PickleFile, places: Value) -> Vec<usize> {
    let tree = &file.pickle.tree;
    if let Some(labels) = file.labels(places) {
        return labels.values.iter().filter_map(|n| usize::try_from(n.as_u64()?).ok()).collect();
    }
    let bounds = tree.object(places).and_then(|slice| tree.items(slice.args));
    let bounds: Option<Vec<i64>> = bounds.map(|args| args.iter().filter_map(|arg| tree.int(*arg)).collect());
    let Some([start, stop, step]) = bounds.as_deref() else { return Vec::new() };
    let (Ok(start), Ok(stop), Ok(step)) =
        (usize::try_from(*start), usize::try_from(*stop), usize::try_from(*step))
    else {
        return Vec::new();
    };
    if step == 0 { Vec::new() } else { (start..stop.min(65_536)).step_by(step).collect() }
}

/// The type of a block's values.
fn type_of(file: &PickleFile, values: Value) -> Option<DataType> {
    if let Some(array) = NdArray::from_value(&file.pickle, values) {
        return match (array.dtype.kind, array.dtype.item_size) {
            ('f', 8) => Some(DataType::Double),
            ('f', _) => Some(DataType::Float),
            ('i', 8) | ('u', 4) => Some(DataType::Long),
            ('i', _) | ('u', 1 | 2) => Some(DataType::Integer),
            ('b', _) => Some(DataType::Boolean),
            ('M', _) => Some(DataType::Datetime),
            ('O', _) => {
                first_item(file, &array).filter(serde_json::Value::is_string).map(|_| DataType::String)
            }
            _ => None,
        };
    }
    match array_class(file, values)? {
        "DatetimeArray" => Some(DataType::Datetime),
        "ArrowStringArray" | "ArrowStringArrayNumpySemantics" | "StringArray" => Some(DataType::String),
        "Categorical" => {
            let dtype = attr(file, values, "_dtype").or_else(|| file.pickle.tree.object(values)?.state);
            let categories = dtype.and_then(|dtype| some_attr(file, dtype, "categories"))?;
            index_texts(file, categories).map(|_| DataType::String)
        }
        _ => None,
    }
}

fn first_item(file: &PickleFile, array: &NdArray) -> Option<serde_json::Value> {
    let packwright_formats::numpy::ArrayData::Objects(list) = array.data else { return None };
    let items = file.pickle.tree.items(list)?;
    items.iter().filter_map(|item| file.scalar(*item)).find(|item| !item.is_null() && *item != "nan")
}

/// The class name of a pandas array; compiled ones name it in their first argument.
fn array_class(file: &PickleFile, value: Value) -> Option<&str> {
    let object = file.pickle.tree.object(value)?;
    let callee = file.pickle.trace.global(object.callee)?;
    if callee.name.starts_with("__pyx_unpickle_") {
        let class = *file.pickle.tree.items(object.args)?.first()?;
        return file.pickle.trace.global(class).map(|class| class.name.as_str());
    }
    Some(callee.name.as_str())
}

/// The names in an `Index`, all texts.
pub(crate) fn index_texts(file: &PickleFile, value: Value) -> Option<Vec<String>> {
    file.texts(index_data(file, value)?).or_else(|| string_array(file, index_data(file, value)?))
}

/// The data inside a pickled `Index`.
fn index_data(file: &PickleFile, value: Value) -> Option<Value> {
    let tree = &file.pickle.tree;
    let object = tree.object(value)?;
    if file.pickle.trace.global(object.callee)?.name != "_new_Index" {
        return None;
    }
    tree.entry(*tree.items(object.args)?.get(1)?, "data")
}

/// The texts of the arrays that pandas 3 keeps names in: NumPy objects, or Arrow buffers.
fn string_array(file: &PickleFile, value: Value) -> Option<Vec<String>> {
    let tree = &file.pickle.tree;
    match array_class(file, value)? {
        "StringArray" => {
            let state = tree.items(tree.object(value)?.state?)?;
            state.iter().find_map(|part| file.texts(*part))
        }
        "ArrowStringArray" | "ArrowStringArrayNumpySemantics" => {
            arrow_texts(file, tree.object(some_attr(file, value, "_pa_array")?)?)
        }
        _ => None,
    }
}

/// The texts of `pyarrow.lib._restore_array((type, length, nulls, offset, [validity, offsets, bytes], children))`.
///
/// Specification: Arrow columnar format, variable-size binary layout.
fn arrow_texts(file: &PickleFile, array: &Object) -> Option<Vec<String>> {
    let tree = &file.pickle.tree;
    if file.pickle.trace.global(array.callee)?.name != "_restore_array" {
        return None;
    }
    let [ty, length, nulls, offset, buffers, ..] = tree.items(*tree.items(array.args)?.first()?)? else {
        return None;
    };
    let width: usize = match tree.text(*tree.items(tree.object(*ty)?.args)?.first()?)? {
        "large_string" => 8,
        "string" => 4,
        _ => return None,
    };
    let count = |value: Value| usize::try_from(tree.int(value)?).ok();
    // A missing name, or a window into a longer array, is nothing that pandas writes for column names.
    if count(*nulls)? != 0 || count(*offset)? != 0 {
        return None;
    }
    let [_, offsets, data] = tree.items(*buffers)? else { return None };
    let buffer = |value: Value| {
        let bytes = bytes_of(&file.pickle, *tree.items(tree.object(value)?.args)?.first()?)?;
        file.bytes(&bytes)
    };
    let (offsets, data) = (buffer(*offsets)?, buffer(*data)?);
    let mut ends = offsets.chunks_exact(width).map(|chunk| {
        let mut wide = [0; 8];
        wide.get_mut(..width)?.copy_from_slice(chunk);
        usize::try_from(u64::from_le_bytes(wide)).ok()
    });
    let mut start = ends.next()??;
    let mut texts = Vec::new();
    for end in ends.take(count(*length)?) {
        let end = end?;
        texts.push(std::str::from_utf8(data.get(start..end)?).ok()?.to_owned());
        start = end;
    }
    (texts.len() == count(*length)?).then_some(texts)
}
