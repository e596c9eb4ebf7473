//! Commands for whoever receives a package, correct for this one.

use std::path::Path;

use packwright_mlflow::example::{InputExample, SERVING_FILE};
use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, DataType, Schema, TensorSpec};

use crate::draft::Draft;
use crate::environment;
use crate::flavors::{Layout, python_string as python};
use crate::receipt::{PackageKind, Snippet};
use crate::texts;

mod row;

use row::Row;

/// More columns than this are made by a loop in place of a list.
const LISTED_COLUMNS: usize = 12;

/// What the commands depend on.
pub(crate) struct Used<'a> {
    /// The version to serve with; empty when it is not known.
    pub(crate) mlflow: String,
    /// What goes in, as the MLmodel declares it.
    pub(crate) inputs: Option<&'a Schema>,
    /// The example that lies in it: what the commands send, in place of made-up values.
    pub(crate) example: Option<&'a InputExample>,
    /// Whether it can be loaded as the estimator itself.
    pub(crate) is_sklearn: bool,
}

/// The commands for the package of a draft at `path`.
pub(crate) fn snippets(draft: &Draft, layout: &Layout, path: &Path, kind: PackageKind) -> Vec<Snippet> {
    let signature = texts::written_signature(draft, layout);
    let example = draft.input_example();
    let used = Used {
        example: example.as_ref(),
        mlflow: environment::mlflow_version(&draft.requirements()),
        inputs: signature.as_ref().and_then(|signature| signature.inputs.as_ref()),
        is_sklearn: layout.blocks.iter().any(|(name, _)| *name == "sklearn"),
    };
    of_package(path, kind, &used)
}

/// The commands for any package at `path`.
pub(crate) fn of_package(path: &Path, kind: PackageKind, used: &Used<'_>) -> Vec<Snippet> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = match kind {
        PackageKind::Folder => name.clone(),
        PackageKind::Zip => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if stem == name { format!("{name}-package") } else { stem }
        }
    };
    let mut snippets = Vec::new();
    if kind == PackageKind::Zip {
        // Everywhere that Python is; `unzip` is not.
        let text = format!("python -m zipfile -e {} {}", shell(&name), shell(&folder));
        snippets.push(snippet("Unzip", text));
    }
    let quoted = python(&folder);
    let load = format!("import mlflow\n\nmodel = mlflow.pyfunc.load_model({quoted})");
    snippets.push(snippet("Load in Python", load.clone()));
    let inputs = used.inputs;
    let row = used.example.and_then(|example| Row::first(example, inputs));
    let data = match (&row, used.example) {
        (Some(row), _) => Data { import: "import pandas as pd\n", text: row.frame() },
        (None, Some(_)) => {
            Data { import: "", text: format!("data = model.metadata.load_input_example({quoted})") }
        }
        (None, None) => made_up(inputs),
    };
    snippets.push(snippet("Predict in Python", predict(&load, &data)));
    if used.is_sklearn {
        let text = format!("import mlflow.sklearn\n\nestimator = mlflow.sklearn.load_model({quoted})");
        snippets.push(snippet("Load the estimator itself", text));
    }
    let pin = if used.mlflow.is_empty() { String::new() } else { format!("=={}", used.mlflow) };
    let folder = shell(&if folder.starts_with('-') { format!("./{folder}") } else { folder });
    let serve =
        format!("pip install mlflow{pin} uv\nmlflow models serve -m {folder} --env-manager uv -p 5001");
    snippets.push(snippet("Serve", serve));
    let body = match (&row, used.example) {
        (Some(row), _) => Some(single_quoted(&row.request())),
        (None, Some(_)) => Some(format!("@{folder}/{SERVING_FILE}")),
        (None, None) => inputs.and_then(request).map(|body| single_quoted(&body)),
    };
    if let Some(body) = body {
        let text =
            format!("curl http://127.0.0.1:5001/invocations -H 'Content-Type: application/json' -d {body}");
        snippets.push(snippet("Ask the server", text));
    }
    snippets
}

fn snippet(title: &str, text: String) -> Snippet {
    Snippet { title: title.to_owned(), text }
}

/// Python that makes `data`, and what it imports.
struct Data {
    import: &'static str,
    text: String,
}

/// One made-up row.
fn made_up(inputs: Option<&Schema>) -> Data {
    match inputs {
        Some(Schema::Columns(columns)) => Data { import: "import pandas as pd\n", text: frame(columns) },
        Some(Schema::Tensors(tensors)) => Data { import: "import numpy as np\n", text: arrays(tensors) },
        None => Data {
            import: "",
            text: "# What goes in is not recorded; data is a DataFrame or array as the model was trained on.\ndata = ..."
                .into(),
        },
    }
}

/// Python that predicts.
fn predict(load: &str, data: &Data) -> String {
    let load = load.replacen("import mlflow\n", &format!("import mlflow\n{}", data.import), 1);
    format!("{load}\n\n{}\nprint(model.predict(data))", data.text)
}

fn frame(columns: &[ColSpec]) -> String {
    let named = columns.iter().all(|column| column.name.is_some());
    let required: Vec<&ColSpec> = columns.iter().filter(|column| column.required).collect();
    let shown = if required.is_empty() { columns.iter().collect() } else { required };
    if !named {
        let cells: Vec<String> = shown.iter().map(|column| cell(&column.ty)).collect();
        return format!("data = pd.DataFrame([[{}]])", cells.join(", "));
    }
    let first = shown.first().map(|column| &column.ty);
    if LISTED_COLUMNS < shown.len() && shown.iter().all(|column| Some(&column.ty) == first) {
        let value = first.map(cell).unwrap_or_default();
        return format!(
            "columns = model.metadata.get_input_schema().input_names()\ndata = pd.DataFrame([dict.fromkeys(columns, {value})]){}",
            first.map(cast).unwrap_or_default()
        );
    }
    let mut out = String::from("data = pd.DataFrame({\n");
    for column in shown {
        let name = match &column.name {
            Some(ColumnName::Text(text)) => python(text),
            Some(ColumnName::Index(index)) => index.to_string(),
            None => String::new(),
        };
        out.push_str(&format!("    {name}: {},\n", series(&column.ty)));
    }
    out.push_str("})");
    out
}

/// One value that MLflow accepts for the type, as Python.
fn cell(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Scalar(DataType::Boolean) => "True".into(),
        // Columns of any type take numbers, or the codes of categories, for which CatBoost refuses floats.
        ColumnType::Scalar(DataType::Integer | DataType::Long) | ColumnType::Any => "1".into(),
        ColumnType::Scalar(DataType::Float | DataType::Double) => "1.0".into(),
        ColumnType::Scalar(DataType::String) => "\"text\"".into(),
        ColumnType::Scalar(DataType::Binary) => "b\"bytes\"".into(),
        ColumnType::Scalar(DataType::Datetime) => "pd.Timestamp(\"2026-01-31\")".into(),
        ColumnType::Array(inner) => format!("[{}]", cell(inner)),
        ColumnType::Map(inner) => format!("{{\"key\": {}}}", cell(inner)),
        ColumnType::Object(properties) => {
            let pairs: Vec<String> = properties
                .iter()
                .map(|property| format!("{}: {}", python(&property.name), cell(&property.ty)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        ColumnType::SparkMlVector => "[1.0, 2.0]".into(),
    }
}

/// One column of a made-up value.
fn series(ty: &ColumnType) -> String {
    one_row(&cell(ty), Some(ty))
}

/// A column of one value; the narrow types must be asked for, because pandas makes 64-bit ones and MLflow does not narrow.
fn one_row(cell: &str, ty: Option<&ColumnType>) -> String {
    match ty {
        Some(ColumnType::Scalar(DataType::Integer)) => format!("pd.Series([{cell}], dtype=\"int32\")"),
        Some(ColumnType::Scalar(DataType::Float)) => format!("pd.Series([{cell}], dtype=\"float32\")"),
        _ => format!("[{cell}]"),
    }
}

fn cast(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Scalar(DataType::Integer) => ".astype(\"int32\")",
        ColumnType::Scalar(DataType::Float) => ".astype(\"float32\")",
        _ => "",
    }
}

fn arrays(tensors: &[TensorSpec]) -> String {
    if let [TensorSpec { name: None, dtype, shape }] = tensors {
        return format!("data = {}", array(dtype, shape));
    }
    let mut out = String::from("data = {\n");
    for tensor in tensors {
        let name = tensor.name.as_deref().unwrap_or_default();
        out.push_str(&format!("    {}: {},\n", python(name), array(&tensor.dtype, &tensor.shape)));
    }
    out.push('}');
    out
}

/// An array of the dtype with 1 for every variable dimension.
fn array(dtype: &str, shape: &[i64]) -> String {
    let dims: Vec<String> = shape.iter().map(|dim| dim.max(&1).to_string()).collect();
    let shape =
        if let [one] = dims.as_slice() { format!("({one},)") } else { format!("({})", dims.join(", ")) };
    match dtype {
        "str" | "object" => format!("np.full({shape}, \"text\", dtype=object)"),
        "bytes" => format!("np.full({shape}, b\"bytes\")"),
        _ => format!("np.zeros({shape}, dtype=\"{dtype}\")"),
    }
}

/// The body of a request with one made-up row; `None` where JSON would be longer than useful.
fn request(inputs: &Schema) -> Option<String> {
    match inputs {
        Schema::Columns(columns) if columns.len() <= LISTED_COLUMNS => {
            let mut record = serde_json::Map::new();
            for column in columns {
                record.insert(column.name.as_ref()?.to_string(), json_cell(&column.ty)?);
            }
            Some(serde_json::json!({ "dataframe_records": [record] }).to_string())
        }
        Schema::Tensors(tensors) => match tensors.as_slice() {
            [tensor] if tensor.name.is_none() && n_cells(&tensor.shape)? <= 32 => {
                Some(serde_json::json!({ "inputs": nested(&tensor.dtype, &tensor.shape)? }).to_string())
            }
            _ => None,
        },
        Schema::Columns(_) => None,
    }
}

fn json_cell(ty: &ColumnType) -> Option<serde_json::Value> {
    Some(match ty {
        ColumnType::Scalar(DataType::Boolean) => true.into(),
        ColumnType::Scalar(DataType::Integer | DataType::Long) | ColumnType::Any => 1.into(),
        ColumnType::Scalar(DataType::Float | DataType::Double) => 1.0.into(),
        ColumnType::Scalar(DataType::String) => "text".into(),
        ColumnType::Scalar(DataType::Binary) => "Ynl0ZXM=".into(),
        ColumnType::Scalar(DataType::Datetime) => "2026-01-31T00:00:00".into(),
        _ => return None,
    })
}

fn n_cells(shape: &[i64]) -> Option<i64> {
    shape.iter().try_fold(1_i64, |n, dim| n.checked_mul((*dim).max(1)))
}

fn nested(dtype: &str, shape: &[i64]) -> Option<serde_json::Value> {
    let Some((first, rest)) = shape.split_first() else {
        return Some(match dtype {
            "str" | "object" => "text".into(),
            "bool" => true.into(),
            float if float.starts_with("float") => 0.0.into(),
            int if int.starts_with("int") || int.starts_with("uint") => 0.into(),
            _ => return None,
        });
    };
    let n = usize::try_from((*first).max(1)).ok()?;
    Some(serde_json::Value::Array(vec![nested(dtype, rest)?; n]))
}

/// A word for a POSIX shell.
fn shell(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
    if is_plain { word.to_owned() } else { single_quoted(word) }
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
