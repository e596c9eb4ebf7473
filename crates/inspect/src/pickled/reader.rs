//! The reader of pickles and joblib files.

use std::sync::Arc;

use packwright_formats::compress::Compression;
use packwright_formats::pickle::{self, Value};
use packwright_source::ReadError;
use serde_json::json;

use super::root::{Found, Root, find};
use super::{Estimator, Kind, Labels, PickleFile, interpreter, requirements, signature::signature};
use crate::reader::{Claim, Reader, Subject};
use crate::{Fact, InspectError, Inspection, LoaderCall, Serving, Sourced, safety, strangers, torch};

/// Reads pickles of every protocol, plain or compressed, joblib's included.
#[derive(Debug)]
pub(crate) struct PickleReader;

const EXTENSIONS: &[&str] =
    &[".pkl", ".pickle", ".p", ".pk", ".sav", ".joblib", ".jl", ".dill", ".cloudpickle", ".model", ".bin"];

impl Reader for PickleReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        let name = subject.file_name();
        let is_named = EXTENSIONS.iter().any(|extension| name.ends_with(extension))
            || name.contains(".joblib.")
            || name.contains(".pkl.");
        match subject.head {
            [0x80, 0..=5, ..] => Claim::Certain,
            // Protocols 0 and 1 are text: they begin with a mark, a global or an empty container.
            [b'(', b'd' | b'l' | b't' | b'i' | b'c' | b']' | b'}' | b'(' | b'S' | b'I', ..]
            | [b']' | b'}', b'q' | b'p' | b'(' | b'.', ..] => Claim::Likely,
            [b'c', rest @ ..] if is_global_line(rest) => Claim::Certain,
            head if Compression::of(head).is_some() => {
                if is_named {
                    Claim::Likely
                } else {
                    Claim::Maybe
                }
            }
            [] => Claim::No,
            _ if is_named => Claim::Maybe,
            _ => Claim::No,
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let mut file = PickleFile::read(Arc::clone(&subject.source), subject.head, subject.limits);
        let error = file.pickle.error.take();
        let safety = safety::pickle::judge(&file, error.as_ref());
        let Some(root) = file.pickle.root() else {
            return unreadable(subject, &file, error, safety);
        };
        described(subject, &file, root, safety)
    }
}

/// Reads skops files.
#[derive(Debug)]
pub(crate) struct SkopsReader;

impl Reader for SkopsReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        let is_zip = subject.head.starts_with(b"PK\x03\x04");
        if !is_zip {
            return Claim::No;
        }
        let budget = packwright_source::Budget::new(*subject.limits);
        let archive = packwright_formats::archive::Archive::open(Arc::clone(&subject.source), &budget);
        let is_skops = archive.is_ok_and(|archive| archive.get("schema.json").is_some());
        if is_skops { Claim::Likely } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let file = PickleFile::read_skops(Arc::clone(&subject.source), subject.limits)?;
        let safety = safety::skops::judge(&file);
        let Some(root) = file.pickle.root() else {
            return Err(strangers::unread("its schema describes no object", "save the fitted model again"));
        };
        described(subject, &file, root, safety)
    }
}

/// `module\nname\n` after the opcode of a text pickle.
fn is_global_line(rest: &[u8]) -> bool {
    let mut lines = rest.split(|byte| *byte == b'\n');
    lines.next().is_some_and(is_name) && lines.next().is_some_and(is_name)
}

fn is_name(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() < 200
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte))
}

/// The inspection of what a load would return.
fn described(
    subject: &Subject<'_>,
    file: &PickleFile,
    root: Value,
    safety: safety::Safety,
) -> Result<Inspection, InspectError> {
    let mut models = match find(file, root) {
        Root::Models(models) => models,
        // What would run code is worth showing whatever it returns.
        Root::Other(_) if safety::Verdict::Safe < safety.verdict() => {
            return Ok(opaque(subject, file, safety));
        }
        Root::Other(what) => {
            let hint = "Packwright packs models; save the fitted model itself".to_owned();
            return Err(InspectError::NotAModel { what: format!("it is {what}, not a model"), hint });
        }
    };
    models.truncate(Inspection::MOST_MODELS);
    let inspections = (0..models.len())
        .filter_map(|index| inspection(subject, file, &models, index, safety.clone()))
        .collect();
    Inspection::first_of(inspections).ok_or_else(|| {
        strangers::unread("it is a pickle that holds no value", "save the fitted model itself")
    })
}

/// A pickle that stops before its end: an error, unless it already shows what it would run.
fn unreadable(
    subject: &Subject<'_>,
    file: &PickleFile,
    error: Option<ReadError>,
    safety: safety::Safety,
) -> Result<Inspection, InspectError> {
    let globals = file.pickle.trace.globals();
    // Any text that begins with `i` or `c` looks like an import. A name that nothing can import, in a stream that breaks at
    // once, is no pickle.
    let is_text = error.as_ref().is_some_and(|error| error.offset() == 0)
        && !globals.iter().any(|global| is_name(global.module.as_bytes()) && is_name(global.name.as_bytes()));
    if !globals.is_empty() && !is_text {
        return Ok(opaque(subject, file, safety));
    }
    match error {
        Some(error) => Err(InspectError::Damaged(error)),
        None => Err(strangers::unread("it is a pickle that holds no value", "save the fitted model itself")),
    }
}

fn format_of(file: &PickleFile) -> &'static str {
    if file.skops.is_some() {
        return "skops";
    }
    let globals = file.pickle.trace.globals();
    if 0 < file.pickle.n_inline || file.compression.is_some() {
        "joblib"
    } else if globals.iter().any(|global| pickle::is_cloudpickle(&global.module)) {
        "cloudpickle"
    } else if globals.iter().any(|global| pickle::is_dill(&global.module)) {
        "dill"
    } else {
        "pickle"
    }
}

/// A file that gave no model, but a safety report.
pub(crate) fn opaque(subject: &Subject<'_>, file: &PickleFile, safety: safety::Safety) -> Inspection {
    let warnings = vec![match safety.unread.first() {
        Some(reason) => format!(
            "No model could be read: {reason}. A package can't be made; if the file was cut short on its way, get it again."
        ),
        None => "No model could be found in the file. A package can't be made.".to_owned(),
    }];
    Inspection {
        compression: file.compression.map(Compression::name),
        python: interpreter::python(file),
        facts: stream_facts(file),
        warnings,
        ..Inspection::blank(subject.artifact.clone(), format_of(file), safety)
    }
}

/// The inspection with the model at `index` chosen among those in the file.
fn inspection(
    subject: &Subject<'_>,
    file: &PickleFile,
    models: &[Found],
    index: usize,
    safety: safety::Safety,
) -> Option<Inspection> {
    let chosen = models.get(index)?;
    let others: Vec<&Found> =
        models.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, found)| found).collect();
    let estimator = &chosen.estimator;
    let mut warnings = estimator.warnings.clone();
    let mut facts = facts(estimator);
    if !chosen.path.is_empty() {
        facts.push(Fact {
            name: "path_in_file",
            value: chosen.path.clone().into(),
            source: "structure of the file".into(),
        });
        warnings.push(format!(
            "The file holds a container; the model is at {} and is served through a generated loader.",
            chosen.path
        ));
    }
    if !others.is_empty() {
        let paths: Vec<&str> = others.iter().map(|found| found.path.as_str()).collect();
        facts.push(Fact {
            name: "other_models",
            value: json!(paths),
            source: "structure of the file".into(),
        });
    }
    facts.extend(stream_facts(file));
    let module = torch::is_of_torch(file, estimator, &chosen.path).then(|| torch::pickled(file)).flatten();
    if estimator.is_fitted == Some(false) && module.is_none() {
        warnings.push("The estimator is not fitted: loading works, predicting fails.".to_owned());
    }
    if 1 < file.pickle.roots.len() {
        let n = file.pickle.roots.len();
        warnings.push(format!("The file holds {n} pickles one after another; loaders read only the first."));
    }
    let own = requirements::own_modules(file);
    facts.extend(requirements::own_modules_fact(&own));
    let python = interpreter::python(file);
    warnings.extend(interpreter::warning(file));
    let serving = serving(file, estimator, &chosen.path);
    if serving == Serving::No {
        // The first warning is the reason that an export is refused with.
        warnings.insert(
            0,
            match &estimator.unservable {
                Some(why) => format!("MLflow cannot serve {}: {why}.", estimator.class),
                None => format!("{} has no method that MLflow could call.", estimator.class),
            },
        );
    }
    let named = |value: String| Sourced::new(value, "class of the pickled object");
    let framework = (!estimator.framework.is_empty()).then(|| named(estimator.framework.to_owned()));
    Some(Inspection {
        compression: file.compression.map(Compression::name),
        framework,
        framework_version: estimator.version.clone(),
        model_class: Some(named(estimator.class.clone())),
        serving,
        signature: module.as_ref().map_or_else(|| signature(estimator), |module| module.signature.clone()),
        requirements: requirements::requirements(file, estimator),
        python,
        structure: Some(
            module.as_ref().map_or_else(|| estimator.part.clone(), |module| module.structure.clone()),
        ),
        tensors: module.map(|module| module.tensors),
        facts,
        warnings,
        own_modules: own,
        path_in_file: chosen.path.clone(),
        ..Inspection::blank(
            subject.artifact.clone(),
            match (format_of(file), subject.extension().as_str()) {
                // Without arrays joblib writes a plain pickle; only the name tells.
                ("pickle", "joblib" | "jl") => "joblib",
                (format, _) => format,
            },
            safety,
        )
    })
}

fn serving(file: &PickleFile, estimator: &Estimator, path: &str) -> Serving {
    let is_joblib = 0 < file.pickle.n_inline || file.compression.is_some();
    if estimator.unservable.is_some() {
        return Serving::No;
    }
    if torch::is_of_torch(file, estimator, path) {
        return Serving::PickleLoader { is_joblib, path: path.to_owned(), call: LoaderCall::TorchModule };
    }
    let call = match (estimator.class.as_str(), estimator.kind) {
        (_, Kind::Forecaster) if estimator.framework == "statsmodels" => LoaderCall::StatsmodelsSeries,
        (_, Kind::Forecaster) if estimator.framework == "pmdarima" => LoaderCall::Pmdarima,
        ("xgboost.core.Booster", _) => LoaderCall::XgboostBooster,
        ("lightgbm.basic.Booster", _) => LoaderCall::LightgbmBooster,
        (_, Kind::Transformer) => LoaderCall::Transform,
        (_, Kind::FitOnlyClusterer) => LoaderCall::FitPredict,
        (_, Kind::Unknown) if estimator.has_predict == Some(false) => return Serving::No,
        (_, Kind::Unknown)
            if estimator.has_predict.is_none()
                && estimator.n_features.is_none()
                && estimator.version.is_none() =>
        {
            return Serving::No;
        }
        _ => LoaderCall::Predict,
    };
    if let Some(types) = &file.skops {
        return Serving::SklearnSkops { types: safety::skops::types(types), path: path.to_owned(), call };
    }
    match estimator.framework {
        "statsmodels" if path.is_empty() => return Serving::Statsmodels { is_joblib },
        "pmdarima" if path.is_empty() => {
            let model_type = estimator.class.rsplit('.').next().unwrap_or_default().to_owned();
            return Serving::Pmdarima { model_type, is_joblib };
        }
        _ => {}
    }
    // The prophet flavor takes the JSON text alone.
    if call != LoaderCall::Predict || estimator.framework == "prophet" || !path.is_empty() {
        return Serving::PickleLoader { path: path.to_owned(), call, is_joblib };
    }
    if estimator.framework == "lightgbm" {
        return Serving::LightgbmPickle { model_class: estimator.class.clone(), is_joblib };
    }
    if is_joblib {
        Serving::SklearnJoblib { predict_fn: "predict" }
    } else {
        Serving::SklearnPickle { predict_fn: "predict" }
    }
}

/// The facts of a described model.
pub(crate) fn facts(estimator: &Estimator) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name: &'static str, value: serde_json::Value, source: &str| {
        facts.push(Fact { name, value, source: source.to_owned() });
    };
    if estimator.kind != Kind::Unknown {
        fact("model_kind", estimator.kind.word().into(), "class of the model");
    }
    if let Some(n) = &estimator.n_features {
        fact("n_features", n.value.into(), &n.source);
    }
    if let super::Inputs::Columns(columns) = &estimator.inputs {
        let names: Vec<&str> = columns.value.iter().map(|column| column.name.as_str()).collect();
        fact("feature_names", json!(names), &columns.source);
    }
    if let Some(labels) = &estimator.labels {
        let lists: Vec<serde_json::Value> =
            labels.value.iter().map(|Labels { values, .. }| json!(values)).collect();
        let value = if let [one] = lists.as_slice() { one.clone() } else { json!(lists) };
        fact("class_labels", value, &labels.source);
        if let Some(n) = estimator.n_classes() {
            fact("n_classes", n.into(), &labels.source);
        }
    }
    if !estimator.hyperparameters.is_empty() {
        fact("hyperparameters", estimator.hyperparameters.clone().into(), "attributes of the model");
    }
    facts.extend(estimator.facts.iter().cloned());
    facts
}

fn stream_facts(file: &PickleFile) -> Vec<Fact> {
    if file.skops.is_some() {
        return Vec::new();
    }
    let pickle = &file.pickle;
    let mut facts =
        vec![Fact { name: "pickle_protocol", value: pickle.protocol.into(), source: "PROTO opcode".into() }];
    if 0 < pickle.n_inline {
        facts.push(Fact { name: "n_arrays", value: pickle.n_inline.into(), source: "inline arrays".into() });
    }
    facts
}
