//! What loading a configuration would import and call.
//!
//! Keras makes an object of every dictionary with a `class_name`, wherever it stands: layers, initializers, losses,
//! wrappers, arguments. So every dictionary is looked at. Known are the names that Keras gives to what models are made
//! of; what is code by design (`Lambda`), what reaches other files and what comes from elsewhere is told.

use serde_json::{Map, Value};

use super::lambda;
use super::names::{PACKAGES, is_builtin, is_keras, is_own, is_part, is_path};
use crate::OwnModule;
use crate::safety::harm::harm;
use crate::safety::{Finding, Severity};

/// How many rows one configuration gets.
const ROWS: usize = 300;

/// Names of Keras that reach files, the network or other settings when they are called.
const REACHING: [&str; 12] = [
    "enable_unsafe_deserialization",
    "get_file",
    "load_img",
    "load_model",
    "load_weights",
    "model_from_json",
    "save_img",
    "save_model",
    "save_weights",
    "deserialize_keras_object",
    "image_dataset_from_directory",
    "text_dataset_from_directory",
];

/// What was found in one configuration.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    /// Why a part was not read.
    pub(super) unread: Vec<String>,
    /// Classes and functions that no known library brings.
    pub(super) own: Vec<OwnModule>,
    /// The same, each as the file uses it.
    pub(super) customs: Vec<Custom>,
    /// Whether layers hold code.
    pub(super) holds_code: bool,
    /// What MLflow cannot load, for a person.
    pub(super) refused: Option<&'static str>,
}

/// A class or function of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Custom {
    /// What the file calls it.
    pub(super) name: String,
    /// Its import path, where the file says it.
    pub(super) path: Option<String>,
    /// Whether only training needs it: losses, metrics and the optimizer.
    pub(super) is_for_training: bool,
}

/// Looks at every dictionary of a configuration that is called `place`.
pub(super) fn walk(root: &Value, place: &str, judged: &mut Judged) {
    let mut waiting: Vec<(String, &Value)> = vec![(place.to_owned(), root)];
    while let Some((place, value)) = waiting.pop() {
        match value {
            Value::Object(object) => {
                judge_object(object, &place, judged);
                let inner = object.iter().rev().filter(|(_, value)| may_hold(value));
                waiting.extend(inner.map(|(key, value)| (format!("{place}.{key}"), value)));
            }
            Value::Array(items) => {
                let inner = items.iter().enumerate().rev().filter(|(_, item)| may_hold(item));
                waiting.extend(inner.map(|(i, item)| (format!("{place}[{i}]"), item)));
            }
            _ => {}
        }
    }
    judged.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
}

fn may_hold(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn judge_object(object: &Map<String, Value>, place: &str, judged: &mut Judged) {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let config = object.get("config").unwrap_or(&Value::Null);
    let module = text("module").filter(|module| !module.is_empty());
    let registered = text("registered_name");
    if let Some(class) = text("class_name") {
        judge_class((class, module, registered), config, place, judged);
    } else if module.is_some() && (registered.is_some() || object.contains_key("config")) {
        judge_name(module, registered.unwrap_or_default(), place, judged);
    }
    // `Lambda` of old files: the function as `[code, defaults, closure]`.
    if text("function_type") == Some("lambda")
        || text("output_shape_type") == Some("lambda")
        || text("mask_type") == Some("lambda")
    {
        judge_lambda(&Value::Object(object.clone()), place, judged);
    }
}

fn judge_class(
    (class, module, registered): (&str, Option<&str>, Option<&str>),
    config: &Value,
    place: &str,
    judged: &mut Judged,
) {
    match class {
        "__lambda__" => judge_lambda(config, place, judged),
        // What Keras writes for plain values.
        "__keras_tensor__" | "__tensor__" | "__numpy__" | "__bytes__" | "__ellipsis__" | "__slice__"
        | "__typespec__" | "__tuple__" | "TensorShape" | "CompositeTensor" => {}
        "function" => judge_function(module, registered, config, place, judged),
        "Lambda" => {
            // The function inside is a dictionary of its own, or an entry of old files: judged there. A name is not.
            let function = config.get("function");
            if let Some(name) = function.and_then(Value::as_str) {
                judge_custom(module, name, place, judged);
            }
        }
        "TorchModuleWrapper" => {
            judged.refused = Some("it holds a pickled PyTorch module, which Keras refuses to load");
            let why = "the layer holds a pickled PyTorch module, which loading unpickles; the pickle inside is not read";
            judged.unread.push(format!("{place}: {why}"));
            judged.add(("keras/torch-module", Severity::Unscanned), class, place, why);
        }
        "TFSMLayer" => {
            judged.refused = Some("it uses a SavedModel that is not in the file");
            let path = config.get("filepath").and_then(Value::as_str).unwrap_or("a path that is not text");
            let why = format!("loading opens a TensorFlow SavedModel that is not in the file: {path}");
            judged.add(("keras/other-file", Severity::Review), class, place, &why);
        }
        "TFOpLambda" | "TensorFlowOpLayer" | "SlicingOpLambda" | "ClassMethod" | "InstanceMethod"
        | "InstanceProperty" => {
            judge_op(class, config, place, judged);
        }
        _ => judge_name_of(class, module, registered, place, judged),
    }
    for key in ["vocabulary", "idf_weights"] {
        if let Some(path) = config.get(key).and_then(Value::as_str) {
            let why = format!("loading reads the file or address {path}, which is not in the model");
            judged.add(
                ("keras/other-file", Severity::Review),
                &format!("{class} with {key}={path:?}"),
                place,
                &why,
            );
        }
    }
}

/// A class by its module and name.
fn judge_name_of(
    class: &str,
    module: Option<&str>,
    registered: Option<&str>,
    place: &str,
    judged: &mut Judged,
) {
    let (package, name) =
        class.rsplit_once('>').map_or((None, class), |(package, name)| (Some(package), name));
    let is_builtin = is_builtin(name);
    // Keras 2 registers its own optimizers and metrics as `Custom` too.
    if package.is_some_and(|package| package != "Custom" || !is_builtin) {
        return judge_custom(module, class, place, judged);
    }
    match module {
        None if is_builtin => judge_registered(None, name, registered, place, judged),
        None => judge_custom(None, class, place, judged),
        Some(module) if is_keras(module) => {
            if is_builtin || is_part(module, name) {
                judge_registered(Some(module), name, registered, place, judged);
            } else {
                judge_name(Some(module), name, place, judged);
            }
        }
        // Keras looks for it under its registered name.
        Some(module) if is_own(module, name) => {
            judge_own(Some(module), (registered.unwrap_or(name), name), place, judged);
        }
        Some(module) => judge_name(Some(module), name, place, judged),
    }
}

/// A class of Keras under another registered name is made by what is registered there.
fn judge_registered(
    module: Option<&str>,
    name: &str,
    registered: Option<&str>,
    place: &str,
    judged: &mut Judged,
) {
    match registered {
        Some(registered) if registered != name && !registered.ends_with(&format!(">{name}")) => {
            judge_custom(module, registered, place, judged);
        }
        Some(registered)
            if registered.contains('>')
                && !registered.starts_with("Custom>")
                && !registered.starts_with("keras") =>
        {
            judge_custom(module, registered, place, judged);
        }
        _ => {}
    }
}

/// `{"class_name": "function", "config": "relu", "module": "builtins"}`.
fn judge_function(
    module: Option<&str>,
    registered: Option<&str>,
    config: &Value,
    place: &str,
    judged: &mut Judged,
) {
    let name = config
        .as_str()
        .or_else(|| config.get("name").and_then(Value::as_str))
        .or(registered)
        .unwrap_or_default();
    match module {
        None | Some("builtins") if is_builtin(name) => {}
        None | Some("builtins") => {
            let registered = registered.filter(|registered| registered.contains('>'));
            judge_custom(None, registered.unwrap_or(name), place, judged);
        }
        Some(module) if is_keras(module) && is_builtin(name) && !REACHING.contains(&name) => {}
        Some(module) => judge_name(Some(module), name, place, judged),
    }
}

/// A layer around a function of TensorFlow, by its name there: `math.add`.
fn judge_op(class: &str, config: &Value, place: &str, judged: &mut Judged) {
    let name = ["function", "node_def", "cls_symbol", "method_name"]
        .iter()
        .find_map(|key| config.get(*key)?.as_str());
    let name = name.unwrap_or_default();
    let reaches = [
        "io.",
        "py_function",
        "numpy_function",
        "py_func",
        "load_op_library",
        "raw_ops",
        "data.",
        "saved_model",
        "ReadFile",
        "WriteFile",
        "print",
        "debugging.",
    ];
    if reaches.iter().any(|part| name.contains(part)) {
        let why = "the layer calls a function of TensorFlow that reaches files or runs Python code";
        judged.add(
            ("keras/unsafe-function", Severity::Dangerous),
            &format!("tf.{name} in {class}"),
            place,
            why,
        );
    }
}

/// A name that is imported.
fn judge_name(module: Option<&str>, name: &str, place: &str, judged: &mut Judged) {
    let module = module.unwrap_or_default();
    let what = if name.is_empty() { module.to_owned() } else { format!("{module}.{name}") };
    if let Some(why) = harm(module, name) {
        return judged.add(("keras/unsafe-module", Severity::Dangerous), &what, place, &format!("it {why}"));
    }
    if is_keras(module) {
        if REACHING.contains(&name) || ["keras.utils", "keras.config", "keras.saving"].contains(&module) {
            let why = "it is no part of a model: it reaches files, the network or the settings of Keras";
            return judged.add(("keras/unsafe-function", Severity::Dangerous), &what, place, why);
        }
        let why = "it is not among the names of Keras that models are made of";
        return judged.add(("keras/unknown-name", Severity::Review), &what, place, why);
    }
    let root = module.split('.').next().unwrap_or_default();
    if PACKAGES.contains(&root) {
        let why = "it is a part of another library, which must be installed";
        return judged.add(("keras/other-library", Severity::Review), &what, place, why);
    }
    judge_custom(Some(module), name, place, judged);
}

/// A class or function of one's own.
fn judge_custom(module: Option<&str>, name: &str, place: &str, judged: &mut Judged) {
    let short = name.rsplit_once('>').map_or(name, |(_, last)| last);
    judge_own(module, (name, short), place, judged);
}

/// The same, by the name that the file calls it and by its own.
fn judge_own(module: Option<&str>, (name, short): (&str, &str), place: &str, judged: &mut Judged) {
    // What is no name is imported by nobody.
    let is_name = |module: &&str| is_path(module) && is_path(short);
    let module = module.filter(|module| !is_keras(module) && *module != "builtins").filter(is_name);
    let what = module.map_or_else(|| name.to_owned(), |module| format!("{module}.{short}"));
    let why = "the model needs code that is not in the file; only use code that you trust";
    judged.add(("keras/custom-object", Severity::Review), &what, place, why);
    let custom = Custom {
        name: name.to_owned(),
        path: module.map(|module| format!("{module}.{short}")),
        is_for_training: place.contains(".compile_config") || place.starts_with("training_config"),
    };
    if !judged.customs.contains(&custom) && judged.customs.len() < ROWS {
        judged.customs.push(custom);
    }
    // A registered name says the package that was chosen, not the module.
    let Some(module) = module else { return };
    match judged.own.iter_mut().find(|own| own.module == module) {
        Some(own) if own.names.iter().any(|known| known == short) => {}
        Some(own) => {
            own.names.push(short.to_owned());
            own.names.sort();
        }
        None => judged.own.push(OwnModule { module: module.to_owned(), names: vec![short.to_owned()] }),
    }
}

/// Code in the file.
fn judge_lambda(config: &Value, place: &str, judged: &mut Judged) {
    judged.holds_code = true;
    let code = config.get("code").or_else(|| config.pointer("/function/0")).and_then(Value::as_str);
    let Some(names) = code.and_then(lambda::names) else {
        let why = "it is Python code that is not read";
        judged.unread.push(format!("{place}: {why}"));
        return judged.add(("keras/lambda", Severity::Unscanned), "Lambda", place, why);
    };
    let harmful = lambda::harmful(&names);
    if harmful.is_empty() {
        let refers =
            if names.is_empty() { String::new() } else { format!("; it refers to {}", listed(&names)) };
        let why =
            format!("the layer holds Python bytecode, which runs when the model is built and used{refers}");
        judged.add(("keras/lambda", Severity::Review), "Lambda", place, &why);
    } else {
        let why = format!(
            "the layer holds Python bytecode that refers to {}, and building the model runs it",
            listed(&harmful)
        );
        judged.add(("keras/lambda-dangerous", Severity::Dangerous), "Lambda", place, &why);
    }
}

fn listed(names: &[String]) -> String {
    names.iter().take(8).cloned().collect::<Vec<_>>().join(", ")
}

impl Judged {
    fn add(&mut self, (rule, severity): (&'static str, Severity), what: &str, place: &str, why: &str) {
        let is_kept = self.findings.len() < ROWS || Severity::Review < severity;
        if is_kept
            && !self
                .findings
                .iter()
                .any(|known| known.rule == rule && known.what == what && known.place == place)
        {
            self.findings.push(Finding {
                rule,
                severity,
                what: what.to_owned(),
                place: place.to_owned(),
                why: why.to_owned(),
            });
        }
    }
}
