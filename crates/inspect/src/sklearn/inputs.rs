//! What goes into an estimator: names, counts, and the types that fitted encoders remember.

use packwright_formats::pickle::{Node, Value};
use packwright_mlflow::schema::DataType;

use crate::pickled::{
    Column, Estimator, Inputs, PickleFile, array_attr, attr, class_of, count_attr, describe, some_attr,
    texts_attr,
};
use crate::{Part, Sourced};

/// A learned array whose axis tells the number of features, for versions that did not record it.
const SHAPES: &[(&str, Axis)] = &[
    ("coef_", Axis::Last),
    ("components_", Axis::Last),
    ("cluster_centers_", Axis::Last),
    ("mean_", Axis::Only),
    ("scale_", Axis::Only),
    ("statistics_", Axis::Only),
    ("theta_", Axis::Last),
    ("feature_log_prob_", Axis::Last),
    ("means_", Axis::Last),
    ("centroids_", Axis::Last),
    ("_fit_X", Axis::Last),
    ("X_train_", Axis::Last),
    ("X_fit_", Axis::Last),
    ("variances_", Axis::Only),
];

/// Which axis of an array counts features.
#[derive(Debug, Clone, Copy)]
enum Axis {
    Last,
    /// The only axis of a one-dimensional array.
    Only,
}

/// How many features an estimator was fitted on.
pub(super) fn n_features(file: &PickleFile, value: Value) -> Option<Sourced<u64>> {
    for name in ["n_features_in_", "n_features_", "_n_features_in", "_n_features"] {
        if let Some(n) = count_attr(file, value, name) {
            return Some(Sourced::new(n, name));
        }
    }
    if let Some(names) = texts_attr(file, value, "feature_names_in_") {
        return Some(Sourced::new(u64::try_from(names.len()).ok()?, "feature_names_in_"));
    }
    let tree = &file.pickle.tree;
    if let Some(shape) = some_attr(file, value, "shape_fit_").and_then(|shape| tree.items(shape)) {
        let n = shape.get(1).and_then(|n| tree.int(*n)).and_then(|n| u64::try_from(n).ok());
        return Some(Sourced::new(n?, "shape_fit_"));
    }
    if let Some(first) = some_attr(file, value, "coefs_").and_then(|list| tree.items(list)?.first().copied())
    {
        let weights = packwright_formats::numpy::NdArray::from_value(&file.pickle, first)?;
        return Some(Sourced::new(*weights.shape.first()?, "shape of coefs_[0]"));
    }
    if let Some(categories) = some_attr(file, value, "categories_").and_then(|list| tree.len_of(list)) {
        return Some(Sourced::new(categories, "length of categories_"));
    }
    SHAPES.iter().find_map(|(name, axis)| {
        let array = array_attr(file, value, name)?;
        let n = match (axis, array.shape.as_slice()) {
            (Axis::Last, [.., n]) | (Axis::Only, [n]) => *n,
            _ => return None,
        };
        Some(Sourced::new(n, format!("shape of {name}")))
    })
}

/// What the estimator itself recorded of its input.
pub(super) fn own_inputs(file: &PickleFile, value: Value, estimator: &Estimator) -> Inputs {
    if reads_texts(file, value) {
        return Inputs::Texts(format!("{} reads one text per row", short(&estimator.class)));
    }
    for name in ["feature_names_in_", "_feature_names_in", "_df_columns", "feature_names_"] {
        let Some(names) = texts_attr(file, value, name) else {
            continue;
        };
        let types = encoder_types(file, value);
        let columns = names
            .into_iter()
            .enumerate()
            .map(|(index, name)| Column { ty: types.get(index).cloned().flatten(), ..Column::named(name) })
            .collect();
        return Inputs::Columns(Sourced::new(columns, name));
    }
    match &estimator.n_features {
        Some(n) => Inputs::Count(n.clone()),
        None => Inputs::Unknown,
    }
}

/// Vectorizers take a list of texts, not a table.
fn reads_texts(file: &PickleFile, value: Value) -> bool {
    matches!(
        class_of(file, value),
        Some((module, "CountVectorizer" | "TfidfVectorizer" | "HashingVectorizer"))
            if module.starts_with("sklearn.feature_extraction")
    )
}

/// The types of the columns that a fitted encoder remembers the categories of.
fn encoder_types(file: &PickleFile, value: Value) -> Vec<Option<Sourced<DataType>>> {
    let tree = &file.pickle.tree;
    let Some(categories) = some_attr(file, value, "categories_").and_then(|list| tree.items(list)) else {
        return Vec::new();
    };
    categories.iter().map(|column| category_type(file, *column)).collect()
}

fn category_type(file: &PickleFile, categories: Value) -> Option<Sourced<DataType>> {
    let labels = file.labels(categories)?;
    let ty = match labels.dtype.as_deref()? {
        "bool" => DataType::Boolean,
        "int64" | "uint32" => DataType::Long,
        "int8" | "int16" | "int32" | "uint8" | "uint16" => DataType::Integer,
        "float16" | "float32" => DataType::Float,
        "float64" => DataType::Double,
        "str" => DataType::String,
        "object" => object_type(&labels.values)?,
        _ => return None,
    };
    Some(Sourced::new(ty, "categories_"))
}

/// An object array is as good as its items: texts (missing values aside), or booleans.
fn object_type(values: &[serde_json::Value]) -> Option<DataType> {
    let mut known = values.iter().filter(|value| !value.is_null() && **value != "nan").peekable();
    known.peek()?;
    let known: Vec<_> = known.collect();
    if known.iter().all(|value| value.is_string()) {
        Some(DataType::String)
    } else if known.iter().all(|value| value.is_boolean()) {
        Some(DataType::Boolean)
    } else {
        None
    }
}

/// The inputs of a part as those of the whole.
pub(super) fn from_part(inputs: &Inputs, part: &str) -> Inputs {
    match inputs {
        Inputs::Columns(columns) => Inputs::Columns(columns.clone().below(part)),
        Inputs::Unnamed(columns) => Inputs::Unnamed(columns.clone().below(part)),
        Inputs::Count(count) => Inputs::Count(count.clone().below(part)),
        Inputs::Texts(source) => Inputs::Texts(format!("{part}: {source}")),
        Inputs::Unknown => Inputs::Unknown,
    }
}

/// Whether `inner` names the same columns as `outer` and knows types that `outer` does not.
pub(super) fn knows_more_types(inner: &Inputs, outer: &Inputs) -> bool {
    let (Inputs::Columns(inner), Inputs::Columns(outer)) = (inner, outer) else {
        return false;
    };
    let types = |columns: &[Column]| columns.iter().filter(|column| column.ty.is_some()).count();
    inner.value.iter().map(|column| &column.name).eq(outer.value.iter().map(|column| &column.name))
        && types(&outer.value) < types(&inner.value)
}

/// One branch of a `ColumnTransformer`: which columns go where.
#[derive(Debug)]
pub(crate) struct Branch {
    name: String,
    transformer: Value,
    columns: Vec<usize>,
    /// Whether it is given one column as a series: what text vectorizers want.
    is_scalar: bool,
}

/// Describes a `ColumnTransformer`: its branches, and the column types that they imply.
pub(crate) fn column_transformer(file: &PickleFile, value: Value, depth: u32, estimator: &mut Estimator) {
    let names: Vec<String> = match &estimator.inputs {
        Inputs::Columns(columns) => columns.value.iter().map(|column| column.name.clone()).collect(),
        _ => Vec::new(),
    };
    let mut types: Vec<Option<Sourced<DataType>>> = vec![None; names.len()];
    for branch in branches(file, value, &names) {
        let part = describe(file, branch.transformer, depth.saturating_add(1));
        let implied = implied_types(file, branch.transformer, 0);
        for (position, column) in branch.columns.iter().enumerate() {
            let text = || Some(Sourced::new(DataType::String, format!("{}: reads texts", branch.name)));
            let ty = match &part {
                Some(part) if branch.is_scalar && matches!(part.inputs, Inputs::Texts(_)) => text(),
                _ => implied.get(position).cloned().flatten().map(|ty| ty.below(&branch.name)),
            };
            if let (Some(slot), Some(ty)) = (types.get_mut(*column), ty) {
                slot.get_or_insert(ty);
            }
        }
        let shown: Vec<&str> =
            branch.columns.iter().filter_map(|c| names.get(*c)).map(String::as_str).collect();
        let detail = (!shown.is_empty()).then(|| shown.join(", "));
        let part = match part {
            Some(part) => Part { name: branch.name, detail, ..part.part },
            None => Part {
                name: branch.name,
                class: file.pickle.tree.text(branch.transformer).unwrap_or("unknown").to_owned(),
                detail,
                ..Part::default()
            },
        };
        estimator.part.parts.push(part);
    }
    if let Inputs::Columns(columns) = &mut estimator.inputs {
        for (column, ty) in columns.value.iter_mut().zip(types) {
            column.ty = ty.or_else(|| column.ty.take());
        }
    }
}

/// The fitted branches, or the unfitted ones.
fn branches(file: &PickleFile, value: Value, names: &[String]) -> Vec<Branch> {
    let tree = &file.pickle.tree;
    let list = some_attr(file, value, "transformers_").or_else(|| some_attr(file, value, "transformers"));
    let Some(triples) = list.and_then(|list| tree.items(list)) else {
        return Vec::new();
    };
    triples
        .iter()
        .filter_map(|triple| {
            let [name, transformer, columns] = tree.items(*triple)? else {
                return None;
            };
            let is_scalar = tree.text(*columns).is_some() || tree.int(*columns).is_some();
            Some(Branch {
                name: tree.text(*name)?.to_owned(),
                transformer: *transformer,
                columns: selected(file, *columns, names),
                is_scalar,
            })
        })
        .collect()
}

/// The indices of the columns that a selection means: names, positions, a mask.
fn selected(file: &PickleFile, selection: Value, names: &[String]) -> Vec<usize> {
    let one = |item: &serde_json::Value| match item {
        serde_json::Value::String(name) => names.iter().position(|known| known == name),
        serde_json::Value::Number(index) => {
            let index = index.as_i64()?;
            let len = i64::try_from(names.len()).ok()?;
            let index = if index < 0 { index.checked_add(len)? } else { index };
            usize::try_from(index).ok()
        }
        _ => None,
    };
    if let Some(item) = file.scalar(selection) {
        return one(&item).into_iter().collect();
    }
    let Some(labels) = file.labels(selection) else {
        return Vec::new();
    };
    if labels.values.iter().all(serde_json::Value::is_boolean) {
        let chosen = labels.values.iter().enumerate().filter(|(_, chosen)| **chosen == true);
        return chosen.map(|(index, _)| index).collect();
    }
    labels.values.iter().filter_map(one).collect()
}

/// The types that a transformer implies for the columns it takes, in their order.
fn implied_types(file: &PickleFile, transformer: Value, depth: u32) -> Vec<Option<Sourced<DataType>>> {
    let Some((_, name)) = class_of(file, transformer) else {
        return Vec::new();
    };
    let tree = &file.pickle.tree;
    if name == "Pipeline" && depth < 4 {
        // Imputers and the like pass a column's type on; the first step that knows it decides.
        let steps =
            some_attr(file, transformer, "steps").and_then(|steps| tree.items(steps)).unwrap_or_default();
        return steps
            .iter()
            .filter_map(|step| tree.items(*step)?.get(1).copied())
            .map(|step| implied_types(file, step, depth.saturating_add(1)))
            .find(|types| types.iter().any(Option::is_some))
            .unwrap_or_default();
    }
    if attr(file, transformer, "categories_").is_some() {
        return encoder_types(file, transformer);
    }
    // An imputer for texts keeps its fill values as objects.
    if let Some(Node::Object(_) | Node::Array(_)) =
        some_attr(file, transformer, "statistics_").and_then(|s| tree.get(s))
        && let Some(labels) = some_attr(file, transformer, "statistics_").and_then(|s| file.labels(s))
        && labels.dtype.as_deref() == Some("object")
    {
        return labels
            .values
            .iter()
            .map(|fill| fill.is_string().then(|| Sourced::new(DataType::String, "statistics_")))
            .collect();
    }
    Vec::new()
}

fn short(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}
