//! Looking into pickled objects: classes, attributes, arrays.

use packwright_formats::numpy::NdArray;
use packwright_formats::pickle::{Call, Node, Value};

use super::file::{Labels, PickleFile};

/// An object's class as `module.Name`.
pub(crate) fn class_of(file: &PickleFile, value: Value) -> Option<(&str, &str)> {
    let object = file.pickle.tree.object(value)?;
    let class = file.pickle.trace.global(object.callee)?;
    (object.call == Call::New || object.state.is_some())
        .then_some((class.module.as_str(), class.name.as_str()))
}

/// An attribute of an object, from the dict that `__setstate__` is given.
pub(crate) fn attr(file: &PickleFile, value: Value, name: &str) -> Option<Value> {
    let tree = &file.pickle.tree;
    let state = tree.object(value)?.state?;
    match tree.get(state)? {
        Node::Dict(_) => tree.entry(state, name),
        // (dict, slots) or a tuple that holds the dict.
        Node::Tuple(parts) => parts.iter().find_map(|part| tree.entry(*part, name)),
        _ => None,
    }
}

/// The names of all attributes that were kept, in order.
pub(crate) fn attr_names(file: &PickleFile, value: Value) -> Vec<(&str, Value)> {
    let tree = &file.pickle.tree;
    let Some(state) = tree.object(value).and_then(|object| object.state) else {
        return Vec::new();
    };
    let dict = match tree.get(state) {
        Some(Node::Tuple(parts)) => parts.iter().copied().find(|part| tree.entries(*part).is_some()),
        _ => Some(state),
    };
    let entries = dict.and_then(|dict| tree.entries(dict)).unwrap_or_default();
    entries.iter().filter_map(|(name, value)| Some((tree.text(*name)?, *value))).collect()
}

/// An attribute that is not `None`.
pub(crate) fn some_attr(file: &PickleFile, value: Value, name: &str) -> Option<Value> {
    attr(file, value, name).filter(|value| *value != Value::None)
}

/// An attribute that is a non-negative integer, Python's or NumPy's.
pub(crate) fn count_attr(file: &PickleFile, value: Value, name: &str) -> Option<u64> {
    file.scalar(some_attr(file, value, name)?)?.as_u64()
}

/// An attribute that is a text.
pub(crate) fn text_attr<'a>(file: &'a PickleFile, value: Value, name: &str) -> Option<&'a str> {
    file.pickle.tree.text(attr(file, value, name)?)
}

/// An attribute that is an array.
pub(crate) fn array_attr(file: &PickleFile, value: Value, name: &str) -> Option<NdArray> {
    NdArray::from_value(&file.pickle, some_attr(file, value, name)?)
}

/// An attribute that is a list of class labels, or a list of such lists (several outputs).
pub(crate) fn labels_attr(file: &PickleFile, value: Value, name: &str) -> Option<Vec<Labels>> {
    let found = some_attr(file, value, name)?;
    if let Some(labels) = file.labels(found) {
        return Some(vec![labels]);
    }
    let lists = file.pickle.tree.items(found)?;
    lists.iter().map(|list| file.labels(*list)).collect()
}

/// An attribute that is a list of texts: an array, a list, or a pandas Index around one.
pub(crate) fn texts_attr(file: &PickleFile, value: Value, name: &str) -> Option<Vec<String>> {
    let found = some_attr(file, value, name)?;
    file.texts(found).or_else(|| super::frame::index_texts(file, found))
}
