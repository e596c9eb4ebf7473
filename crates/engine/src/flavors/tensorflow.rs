//! The tensorflow flavor (`mlflow.tensorflow`): Keras models as `model_type: keras`, and `SavedModel` folders as
//! `model_type: tf1-estimator`. In spite of its name that one serves all that have a signature: it calls one by its
//! name. `tf2-module` needs an object that can be called, which most of them are not; it serves those without one.

use std::collections::BTreeSet;

use packwright_inspect::Inspection;
use serde_yaml::{Mapping, Value};

use super::{DataFile, Layout, block, copied, folder, put_version};
use crate::plan::PlanError;

/// The folder in the package.
const FOLDER: &str = "tfmodel";

/// A Keras model as it is. MLflow reads beside the file which module opens it and in which form it is.
pub(super) fn keras(inspection: &Inspection, keras_module: &'static str, is_h5: bool) -> Layout {
    let (path, format) = if is_h5 { ("data/model.h5", "h5") } else { ("data/model.keras", "tf") };
    let mut own = block([("data", Value::from("data")), ("model_type", Value::from("keras"))]);
    put_version(
        &mut own,
        "keras_version",
        inspection.framework_version.as_ref().map(|version| version.value.clone()),
    );
    own.insert(Value::from("keras_module"), Value::from(keras_module));
    own.insert(Value::from("save_format"), Value::from(format));
    let texts = vec![("data/keras_module.txt", keras_module), ("data/save_format.txt", format)];
    Layout {
        blocks: blocks(own, Some("data")),
        data: vec![copied(inspection, path)],
        texts: texts.into_iter().map(|(path, text): (&str, _)| (path.to_owned(), text)).collect(),
        ..Layout::default()
    }
}

/// A `SavedModel` with all of its files.
pub(super) fn saved_model(
    inspection: &Inspection,
    tags: &[String],
    signature: &str,
) -> Result<Layout, PlanError> {
    let tags = tags.iter().map(|tag| Value::from(tag.as_str())).collect();
    let own = block([
        ("saved_model_dir", Value::from(FOLDER)),
        ("model_type", Value::from("tf1-estimator")),
        ("meta_graph_tags", Value::Sequence(tags)),
        ("signature_def_key", Value::from(signature)),
    ]);
    Ok(Layout { blocks: blocks(own, None), data: files(inspection)?, ..Layout::default() })
}

/// The same where the saved object is called itself.
pub(super) fn module(inspection: &Inspection) -> Result<Layout, PlanError> {
    let own = block([("saved_model_dir", Value::from(FOLDER)), ("model_type", Value::from("tf2-module"))]);
    Ok(Layout { blocks: blocks(own, None), data: files(inspection)?, ..Layout::default() })
}

/// The files of the folder.
fn files(inspection: &Inspection) -> Result<Vec<DataFile>, PlanError> {
    let names: BTreeSet<&str> = inspection.artifact.side_files.iter().map(String::as_str).collect();
    let mut data = folder::files(inspection, FOLDER, |name| names.contains(name))?;
    let found: BTreeSet<&str> = data.iter().filter_map(|file| file.path.strip_prefix(FOLDER)).collect();
    let is_there = |name: &str| found.contains(format!("/{name}").as_str());
    if let Some(name) = names.iter().find(|name| !is_there(name) && !folder::is_bookkeeping(name)) {
        let reason = "it is not there any more".to_owned();
        return Err(PlanError::SideFile { name: (*name).to_owned(), reason });
    }
    // The file that says what the others are comes first.
    data.sort_by_key(|file| !file.path.ends_with("/saved_model.pb"));
    Ok(data)
}

fn blocks(own: Mapping, data: Option<&str>) -> Vec<(&'static str, Mapping)> {
    let mut python = Mapping::new();
    if let Some(data) = data {
        python.insert(Value::from("data"), Value::from(data));
    }
    python.insert(Value::from("loader_module"), Value::from("mlflow.tensorflow"));
    vec![("tensorflow", own), ("python_function", python)]
}
