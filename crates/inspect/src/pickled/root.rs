//! Which of the objects in a pickle is the model.

use packwright_formats::numpy::{ArrayData, NdArray};
use packwright_formats::pickle::{Node, Value};

use super::{Estimator, Kind, PickleFile, class_of, describe};

/// How deep inside dicts and lists a model is looked for.
const DEPTH: u32 = 3;
/// How many items of one container are looked at.
const ITEMS: usize = 64;

/// A model and the way to it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) estimator: Estimator,
    /// Python subscripts from the root: `["model"]`, `[1]`; empty when the root is the model.
    pub(super) path: String,
}

/// What a pickle returns.
#[derive(Debug)]
pub(super) enum Root {
    /// One model, or several; the first is the one that predicts.
    Models(Vec<Found>),
    /// No model: what it is, in words.
    Other(String),
}

/// Looks for models in the value that a load would return.
pub(super) fn find(file: &PickleFile, root: Value) -> Root {
    let mut found = Vec::new();
    walk(file, root, &mut String::new(), 0, &mut found);
    if found.is_empty() {
        return Root::Other(words(file, root));
    }
    // What predicts comes first; otherwise the order of the file.
    found.sort_by_key(|found| !predicts(found.estimator.kind));
    Root::Models(found)
}

fn predicts(kind: Kind) -> bool {
    !matches!(kind, Kind::Transformer | Kind::Unknown | Kind::FitOnlyClusterer)
}

fn walk(file: &PickleFile, value: Value, path: &mut String, depth: u32, found: &mut Vec<Found>) {
    if DEPTH < depth {
        return;
    }
    if let Some(estimator) = model(file, value, depth == 0) {
        found.push(Found { estimator, path: path.clone() });
        return;
    }
    let tree = &file.pickle.tree;
    let list = |value| -> Vec<(String, Value)> {
        let items = tree.items(value).unwrap_or_default().iter().take(ITEMS);
        items.enumerate().map(|(index, value)| (format!("[{index}]"), *value)).collect()
    };
    let objects = NdArray::from_value(&file.pickle, value).and_then(|array| match array.data {
        ArrayData::Objects(items) if array.shape.len() == 1 => Some(items),
        _ => None,
    });
    let steps: Vec<(String, Value)> = match (objects, tree.get(value)) {
        (Some(items), _) => list(items),
        (None, Some(Node::Dict(_) | Node::Object(_))) => tree
            .entries(value)
            .unwrap_or_default()
            .iter()
            .take(ITEMS)
            .filter_map(|(key, value)| Some((subscript(&file.scalar(*key)?)?, *value)))
            .collect(),
        (None, Some(Node::List(_) | Node::Tuple(_))) => list(value),
        _ => Vec::new(),
    };
    for (step, value) in steps {
        let len = path.len();
        path.push_str(&step);
        walk(file, value, path, depth.saturating_add(1), found);
        path.truncate(len);
    }
}

/// A key as a Python subscript.
fn subscript(key: &serde_json::Value) -> Option<String> {
    match key {
        serde_json::Value::String(_) | serde_json::Value::Number(_) => Some(format!("[{key}]")),
        _ => None,
    }
}

/// An object that is a model: of a library of models, or with the attributes of one.
fn model(file: &PickleFile, value: Value, is_root: bool) -> Option<Estimator> {
    let (module, name) = class_of(file, value)?;
    let library = super::library_of(module);
    if matches!(library, "numpy" | "pandas" | "scipy" | "joblib" | "pyarrow") || super::is_standard(module) {
        return None;
    }
    let estimator = describe(file, value, 0)?;
    let looks_like_one = estimator.kind != Kind::Unknown
        || estimator.version.is_some()
        || estimator.n_features.is_some()
        || matches!(library, "scikit-learn" | "xgboost" | "lightgbm" | "catboost");
    // At the root, an object of any class may be the model: there is nothing else that it could be.
    (looks_like_one || (is_root && name != "OrderedDict")).then_some(estimator)
}

/// What a value is, for a person.
fn words(file: &PickleFile, value: Value) -> String {
    let tree = &file.pickle.tree;
    if let Some(array) = NdArray::from_value(&file.pickle, value) {
        let shape: Vec<String> = array.shape.iter().map(u64::to_string).collect();
        return format!("a NumPy array of {} with shape ({})", array.dtype.name(), shape.join(", "));
    }
    if let Some((module, name)) = class_of(file, value) {
        return format!("a pickled {module}.{name}");
    }
    match tree.get(value) {
        Some(Node::Dict(entries)) => {
            let keys: Vec<String> = entries
                .kept
                .iter()
                .take(6)
                .filter_map(|(key, _)| file.scalar(*key))
                .map(|key| key.to_string())
                .collect();
            format!("a pickled dict of {} entries ({})", entries.len, keys.join(", "))
        }
        Some(Node::List(items)) => format!("a pickled list of {} items", items.len),
        Some(Node::Tuple(items)) => format!("a pickled tuple of {} items", items.len()),
        Some(Node::Set(_) | Node::FrozenSet(_)) => "a pickled set".to_owned(),
        Some(Node::Object(object)) => match file.pickle.trace.global(object.callee) {
            Some(callee) => format!("what {}.{} returns", callee.module, callee.name),
            None => "a computed object".to_owned(),
        },
        Some(Node::Text(_)) => "a pickled text".to_owned(),
        Some(Node::Bytes(_)) => "pickled bytes".to_owned(),
        _ => "a pickled constant".to_owned(),
    }
}
