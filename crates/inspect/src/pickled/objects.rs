//! Looking into pickled objects: classes, attributes, arrays.

use packwright_formats::numpy::NdArray;
use packwright_formats::pickle::{Call, Node, Origin, Value};

use super::file::{Labels, PickleFile};

/// An object's class as `module.Name`.
pub(crate) fn class_of(file: &PickleFile, value: Value) -> Option<(&str, &str)> {
    let object = file.pickle.tree.object(value)?;
    if file.pickle.origin(value) == Origin::Instance {
        let module = file.pickle.class_entry(object.callee, "__module__");
        let module = module.and_then(|module| file.pickle.tree.text(module)).unwrap_or("__main__");
        return Some((module, file.pickle.class_name(object.callee)?));
    }
    // A function or a class by value is no instance of what makes it.
    let class = file.pickle.trace.global(object.callee).filter(|class| class.maker.is_none())?;
    (object.call == Call::New || object.state.is_some())
        .then_some((class.module.as_str(), class.name.as_str()))
}

/// The importable classes that an object's class by value derives from, nearest first; empty for any other object.
pub(crate) fn bases_by_value(file: &PickleFile, value: Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    if let Some(class) = class_by_value(file, value) {
        collect_bases(file, class, 0, &mut found);
    }
    found
}

fn collect_bases<'a>(file: &'a PickleFile, class: Value, depth: u32, found: &mut Vec<(&'a str, &'a str)>) {
    let Some(object) = file.pickle.tree.object(class).filter(|_| depth < 8) else {
        return;
    };
    for base in file.pickle.bases_of(object) {
        match file.pickle.trace.global(*base) {
            Some(global) => found.push((&global.module, &global.name)),
            None => collect_bases(file, *base, depth.saturating_add(1), found),
        }
    }
}

/// Whether an object's class by value, or one by value that it derives from, has a method; `None` when its class is
/// no such class.
pub(crate) fn has_method_by_value(file: &PickleFile, value: Value, name: &str) -> Option<bool> {
    let mut open = vec![class_by_value(file, value)?];
    for _ in 0..16 {
        let Some(class) = open.pop() else { break };
        if file.pickle.class_entry(class, name).is_some() {
            return Some(true);
        }
        let bases = file.pickle.tree.object(class).map(|object| file.pickle.bases_of(object));
        open.extend(bases.unwrap_or_default());
    }
    Some(false)
}

fn class_by_value(file: &PickleFile, value: Value) -> Option<Value> {
    let object = file.pickle.tree.object(value)?;
    (file.pickle.origin(value) == Origin::Instance).then_some(object.callee)
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
