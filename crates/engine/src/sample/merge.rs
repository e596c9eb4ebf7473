//! What the model and its sample say together. The best source wins, cell by cell: names from the model, types from
//! the sample where the model's are only assumed. Where both know and disagree, the model's stands and the difference is
//! shown.

use packwright_inspect::sample::SampleData;
use packwright_inspect::{Inspection, Serving, Sourced, SourcedSchema};
use packwright_mlflow::frame::{Array, Frame, FrameColumn, infer_arrays, infer_column, infer_json};
use packwright_mlflow::schema::{ColSpec, ColumnName, ColumnType, Schema, TensorSpec};

use super::SampleChoice;
use super::role::{Role, columns, known_count, known_names, matches_by_position, placed};

/// Something that the model and the sample say differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The column; empty when it is about the whole.
    pub column: String,
    /// What each says, and what follows.
    pub text: String,
}

/// The inputs of the model with the sample's types.
pub(crate) fn inputs(choice: &SampleChoice, inspection: &Inspection) -> Option<SourcedSchema> {
    let read = inspection.signature.inputs.as_ref();
    let file = &choice.sample.file_name;
    match &choice.sample.data {
        SampleData::Frame(frame) => {
            let given = input_columns(choice, inspection);
            match read {
                Some(SourcedSchema::Columns(own)) => {
                    let typed = own.iter().enumerate().map(|(index, column)| {
                        let found = given.iter().find(|(position, _)| *position == Some(index));
                        found.map_or_else(|| column.clone(), |(_, sampled)| with_type(column, sampled, file))
                    });
                    Some(SourcedSchema::Columns(typed.collect()))
                }
                Some(own @ SourcedSchema::Tensors(_)) => {
                    let fits = known_count(Some(own)).is_none_or(|n| n == given.len());
                    let has_names = !known_names(Some(own)).is_empty();
                    if has_names || !fits || given.is_empty() || !takes_tables(&inspection.serving) {
                        return Some(own.clone());
                    }
                    Some(from_frame(&given, file))
                }
                None if given.is_empty() || frame.n_rows == 0 => None,
                None => Some(from_frame(&given, file)),
            }
        }
        SampleData::Arrays(arrays) => match read {
            Some(SourcedSchema::Tensors(own)) => {
                let assumed = |tensor: &Sourced<TensorSpec>| is_assumed(&tensor.source);
                match (own.as_slice(), arrays.as_slice()) {
                    ([tensor], [array]) if assumed(tensor) => {
                        let spec = TensorSpec { dtype: array.dtype.clone(), ..tensor.value.clone() };
                        let source = format!("{}; its type from {file}", without_assumption(&tensor.source));
                        Some(SourcedSchema::Tensors(vec![Sourced::new(spec, source)]))
                    }
                    _ => Some(SourcedSchema::Tensors(own.clone())),
                }
            }
            Some(own) => Some(own.clone()),
            None => Some(sourced(infer_arrays(arrays).ok()?, file)),
        },
        SampleData::Json(fields) => match read {
            Some(own) => Some(own.clone()),
            None => Some(sourced(infer_json(fields).ok()?, file)),
        },
    }
}

/// The outputs, where a column is marked: what the model gave, else what it was trained to give.
pub(crate) fn outputs(choice: &SampleChoice, inspection: &Inspection) -> Option<SourcedSchema> {
    let frame = choice.frame()?;
    let all = placed(choice, frame, inspection);
    let of = |role| -> Vec<&FrameColumn> {
        all.iter()
            .zip(&frame.columns)
            .filter(|(column, _)| column.role == role)
            .map(|(_, data)| data)
            .collect()
    };
    let (marked, word) = match of(Role::Prediction) {
        predictions if predictions.is_empty() => (of(Role::Target), "the target"),
        predictions => (predictions, "the prediction"),
    };
    let file = &choice.sample.file_name;
    let spec = |column: &&FrameColumn| {
        let mut spec = spec_of(column);
        spec.required = true;
        Sourced::new(spec, format!("{word} in {file}"))
    };
    (!marked.is_empty()).then(|| SourcedSchema::Columns(marked.iter().map(spec).collect()))
}

/// What the model and the sample say differently.
pub(crate) fn differences(choice: &SampleChoice, inspection: &Inspection) -> Vec<Difference> {
    match &choice.sample.data {
        SampleData::Frame(frame) => frame_differences(choice, frame, inspection),
        SampleData::Arrays(arrays) => match arrays.as_slice() {
            [array] => {
                array_difference(array, inspection.signature.inputs.as_ref(), &choice.sample.file_name)
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        },
        SampleData::Json(_) => Vec::new(),
    }
}

fn about(column: &str, text: String) -> Difference {
    Difference { column: column.to_owned(), text }
}

fn frame_differences(choice: &SampleChoice, frame: &Frame, inspection: &Inspection) -> Vec<Difference> {
    let read = inspection.signature.inputs.as_ref();
    let file = &choice.sample.file_name;
    let given = input_columns(choice, inspection);
    let mut all = Vec::new();
    if matches_by_position(choice, frame, &known_names(read)) {
        let text =
            format!("No column of {file} has a name that the model knows; they are matched by position.");
        all.push(about("", text));
    }
    for column in columns(choice, inspection) {
        if let (Role::Input, Err(problem)) = (column.role, &column.ty) {
            let text = format!(
                "MLflow finds no type for it ({problem}) and would give up on the whole table. Here it is any, which is not \
                 checked."
            );
            all.push(about(&column.name, text));
        }
    }
    match read {
        Some(SourcedSchema::Columns(own)) => {
            for (index, column) in own.iter().enumerate() {
                let sampled =
                    given.iter().find(|(position, _)| *position == Some(index)).map(|(_, data)| *data);
                all.extend(column_difference(index, column, sampled, file));
            }
        }
        Some(SourcedSchema::Tensors(_)) | None => {
            if let Some(n) = known_count(read).filter(|n| *n != given.len()) {
                let text = format!(
                    "The model takes {n} columns, and {} of {file} are marked as inputs. Mark the target and what the \
                     model does not take.",
                    given.len()
                );
                all.push(about("", text));
            }
        }
    }
    all
}

fn column_difference(
    index: usize,
    column: &Sourced<ColSpec>,
    sampled: Option<&FrameColumn>,
    file: &str,
) -> Option<Difference> {
    let own = &column.value;
    let name = own.name.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
    let Some(sampled) = sampled else {
        return Some(about(&name, format!("The model takes it, and {file} has no such column.")));
    };
    let ty = infer_column(sampled).ty.ok()?;
    let differs = ty != own.ty && ty != ColumnType::Any && !is_assumed(&column.source);
    differs.then(|| {
        let text =
            format!("The model says {} ({}), {file} holds {ty}. The model's stands.", own.ty, column.source);
        about(&name, text)
    })
}

fn array_difference(array: &Array, read: Option<&SourcedSchema>, file: &str) -> Option<Difference> {
    match read {
        Some(SourcedSchema::Columns(own)) => {
            let fits = array.shape.get(1).copied() == u64::try_from(own.len()).ok();
            (!fits).then(|| {
                about(
                    "",
                    format!(
                        "The model takes {} columns, {file} holds an array of shape {:?}.",
                        own.len(),
                        array.shape
                    ),
                )
            })
        }
        Some(SourcedSchema::Tensors(own)) => {
            let tensor = own.first()?;
            let name = tensor.value.name.clone().unwrap_or_default();
            if !shape_fits(&tensor.value.shape, &array.shape) {
                let text = format!(
                    "The model takes the shape {:?}, {file} holds {:?}.",
                    tensor.value.shape, array.shape
                );
                return Some(about(&name, text));
            }
            let differs = tensor.value.dtype != array.dtype && !is_assumed(&tensor.source);
            differs.then(|| {
                let text = format!(
                    "The model takes {}, {file} holds {}. MLflow does not convert one to the other for callers that send \
                     arrays.",
                    tensor.value.dtype, array.dtype
                );
                about(&name, text)
            })
        }
        None => None,
    }
}

fn shape_fits(spec: &[i64], shape: &[u64]) -> bool {
    let fits = |(dim, size): (&i64, &u64)| *dim == -1 || u64::try_from(*dim) == Ok(*size);
    spec.len() == shape.len() && spec.iter().zip(shape).all(fits)
}

/// The sample's input columns, each with its place among the model's.
pub(super) fn input_columns<'a>(
    choice: &'a SampleChoice,
    inspection: &Inspection,
) -> Vec<(Option<usize>, &'a FrameColumn)> {
    let Some(frame) = choice.frame() else { return Vec::new() };
    let placed = placed(choice, frame, inspection).into_iter().zip(&frame.columns);
    placed
        .filter(|(placed, _)| placed.role == Role::Input)
        .map(|(placed, data)| (placed.position, data))
        .collect()
}

/// The model's column with the type of the sample's, where the model only assumed one.
fn with_type(column: &Sourced<ColSpec>, sampled: &FrameColumn, file: &str) -> Sourced<ColSpec> {
    let inferred = infer_column(sampled);
    if !is_assumed(&column.source) && column.value.ty != ColumnType::Any {
        return column.clone();
    }
    match inferred.ty {
        Ok(ty) if ty != ColumnType::Any => {
            // Whether callers may leave the column out is the model's to say: a missing value does not make it optional.
            let spec = ColSpec { ty, ..column.value.clone() };
            Sourced::new(spec, format!("{}; its type from {file}", without_assumption(&column.source)))
        }
        _ => column.clone(),
    }
}

fn from_frame(given: &[(Option<usize>, &FrameColumn)], file: &str) -> SourcedSchema {
    let column = |(_, data): &(Option<usize>, &FrameColumn)| Sourced::new(spec_of(data), file);
    SourcedSchema::Columns(given.iter().map(column).collect())
}

fn spec_of(column: &FrameColumn) -> ColSpec {
    let inferred = infer_column(column);
    let name: ColumnName = column.name.clone();
    ColSpec { name: Some(name), ty: inferred.ty.unwrap_or(ColumnType::Any), required: inferred.required }
}

fn sourced(schema: Schema, file: &str) -> SourcedSchema {
    match schema {
        Schema::Columns(columns) => {
            SourcedSchema::Columns(columns.into_iter().map(|column| Sourced::new(column, file)).collect())
        }
        Schema::Tensors(tensors) => {
            SourcedSchema::Tensors(tensors.into_iter().map(|tensor| Sourced::new(tensor, file)).collect())
        }
    }
}

/// Whether a column's type is a convention and not read.
fn is_assumed(source: &str) -> bool {
    source.contains("assumed")
}

/// `feature_names_in_` of `feature_names_in_; double is assumed: …`.
fn without_assumption(source: &str) -> &str {
    source.split(';').find(|part| !part.contains("assumed")).unwrap_or("assumed by the model").trim()
}

/// Whether the flavor hands the model a table as well as an array, so that the sample's columns can name its inputs.
fn takes_tables(serving: &Serving) -> bool {
    matches!(
        serving,
        Serving::SklearnPickle { .. }
            | Serving::SklearnJoblib { .. }
            | Serving::SklearnSkops { .. }
            | Serving::PickleLoader { .. }
            | Serving::Xgboost { .. }
            | Serving::LightgbmText
            | Serving::LightgbmPickle { .. }
            | Serving::Catboost { .. }
    )
}
