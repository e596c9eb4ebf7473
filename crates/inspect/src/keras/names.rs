//! Which names in a configuration are of Keras, of libraries around it, or of nobody known.

use crate::safety::harm::harm;

/// What Keras calls its own, see the file.
const BUILTINS: &str = include_str!("builtins.txt");

/// Packages whose modules Keras imports by itself when a configuration names them.
pub(super) const PACKAGES: [&str; 4] = ["keras_core", "keras_cv", "keras_hub", "keras_nlp"];

/// Whether a module is of Keras itself.
pub(super) fn is_keras(module: &str) -> bool {
    let is_below =
        |root: &str| module.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    ["keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "tf.keras"]
        .iter()
        .any(|root| is_below(root))
}

/// Whether a name is of no known library and does no known harm.
pub(super) fn is_own(module: &str, name: &str) -> bool {
    let root = module.split('.').next().unwrap_or_default();
    !is_keras(module) && !PACKAGES.contains(&root) && harm(module, name).is_none()
}

/// Whether a name is one that Keras gives to what a model is made of.
pub(super) fn is_builtin(name: &str) -> bool {
    let lines = BUILTINS.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).any(|known| known == name)
}

/// Whether a class is an operation or another part of a model, by the module that Keras has it in. Their modules hold
/// functions as well, which are not capitalized.
pub(super) fn is_part(module: &str, name: &str) -> bool {
    let parts = [
        "keras.src.ops.",
        "keras.src.layers.",
        "keras.src.models.",
        "tf_keras.src.engine.",
        "tf_keras.src.layers.",
        "keras.src.engine.",
        "keras.engine.",
        "tensorflow.python.keras.engine.",
    ];
    let is_below = parts.iter().any(|part| module.starts_with(part));
    is_below
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Whether a text is a dotted path of Python names.
pub(super) fn is_path(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
