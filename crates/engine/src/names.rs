//! Names: of the package as the registry takes it, and of files as every system takes them.

use std::path::Path;

/// Endings of compressed files. What stands before one may have an ending of its own: `model.tar.gz`.
const COMPRESSED: [&str; 8] = [".gz", ".bz2", ".xz", ".lzma", ".lz4", ".zst", ".z", ".tgz"];

/// What a file name ends with and a model's name should not.
const ENDINGS: [&str; 36] = [
    ".weights.h5",
    ".safetensors",
    ".cloudpickle",
    ".joblib",
    ".keras",
    ".pickle",
    ".model",
    ".onnx",
    ".tflite",
    ".skops",
    ".hdf5",
    ".json",
    ".gguf",
    ".lgbm",
    ".dill",
    ".pkl",
    ".sav",
    ".jbl",
    ".ubj",
    ".lgb",
    ".txt",
    ".xgb",
    ".bst",
    ".bin",
    ".mdl",
    ".cbm",
    ".npz",
    ".zip",
    ".tar",
    ".h5",
    ".ckpt",
    ".pth",
    ".pt2",
    ".pt",
    ".pb",
    ".p",
];

/// The longest name that every version of the registry takes, in characters.
const LONGEST_NAME: usize = 250;

/// The longest file name we make, in bytes. Common file systems take 255; room is left for endings.
const LONGEST_FILE_NAME: usize = 120;

/// The package's name as the artifact's file name suggests it.
pub(crate) fn default_name(path: &Path) -> String {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = without(without(&file, &COMPRESSED), &ENDINGS);
    let mut name = String::new();
    for c in stem.chars().take(LONGEST_NAME) {
        let keep = c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
        let c = if keep { c } else { '-' };
        if !(c == '-' && name.ends_with('-')) {
            name.push(c);
        }
    }
    let name = name.trim_matches(|c: char| matches!(c, '-' | '.' | ' '));
    if name.is_empty() { "model".to_owned() } else { name.to_owned() }
}

/// The name without an ending of the list, whatever its case; as it is when nothing would be left.
fn without<'a>(name: &'a str, endings: &[&str]) -> &'a str {
    let cut = endings.iter().find_map(|ending| {
        let (stem, tail) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
        (!stem.is_empty() && tail.eq_ignore_ascii_case(ending)).then_some(stem)
    });
    cut.unwrap_or(name)
}

/// Why the registry would refuse a name, in a sentence with the way out; `None` when it takes it.
pub(crate) fn name_problem(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("a name needs at least one letter or digit".into());
    }
    if name.trim() != name {
        return Some("a name cannot begin or end with a space".into());
    }
    if let Some(c) = name.chars().find(|c| matches!(c, '/' | ':' | '\\') || c.is_control()) {
        let shown = if c.is_control() { "control characters".to_owned() } else { format!("\"{c}\"") };
        return Some(format!("a name cannot contain {shown}: MLflow's registry refuses it; use - instead"));
    }
    if matches!(name, "." | "..") {
        return Some(format!("\"{name}\" is not a name: MLflow's registry reads it as a path"));
    }
    let length = name.chars().count();
    if LONGEST_NAME < length {
        return Some(format!("the name has {length} characters; MLflow's registry takes {LONGEST_NAME}"));
    }
    None
}

/// Why the registry would refuse a tag key; `None` when it takes it.
pub(crate) fn key_problem(key: &str) -> Option<String> {
    if key.is_empty() {
        return Some("a tag needs a key".into());
    }
    if let Some(c) =
        key.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':' | '/')))
    {
        let shown = c.escape_default();
        return Some(format!(
            "a tag key cannot contain \"{shown}\": MLflow takes letters, digits and the signs _ - . : / and space"
        ));
    }
    let parts: Vec<&str> = key.split('/').collect();
    if parts.iter().any(|part| part.is_empty() || matches!(*part, "." | "..")) || key.starts_with("..") {
        return Some(format!("\"{key}\" is not a tag key: MLflow refuses keys that are not plain paths"));
    }
    if key.starts_with("mlflow.") {
        return Some(
            "tag keys that begin with \"mlflow.\" are MLflow's own; choose another beginning".into(),
        );
    }
    let length = key.chars().count();
    if LONGEST_NAME < length {
        return Some(format!("the tag key has {length} characters; MLflow takes {LONGEST_NAME}"));
    }
    None
}

/// A file name that every system and MLflow's URL parsing take, still recognisable: ASCII letters, digits, `_-.`.
pub(crate) fn portable(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' };
        if !(c == '_' && out.ends_with('_')) {
            out.push(c);
        }
    }
    let out = out.trim_start_matches(['.', '-']).trim_end_matches(['.', '_']);
    let mut out = cut(out);
    if out.is_empty() || out == "_" {
        out = "model".into();
    }
    // Windows keeps these for devices, with any ending.
    let stem = out.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let device = ["con", "prn", "aux", "nul"].contains(&stem.as_str())
        || (stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(char::is_numeric));
    if device { format!("model_{out}") } else { out }
}

/// Cuts in the middle so that the ending stays.
fn cut(name: &str) -> String {
    if name.len() <= LONGEST_FILE_NAME {
        return name.to_owned();
    }
    let ending = name
        .rfind('.')
        .and_then(|dot| name.get(dot..))
        .filter(|ending| ending.len() <= 16)
        .unwrap_or_default();
    let head = name.get(..LONGEST_FILE_NAME - ending.len()).unwrap_or(name);
    format!("{head}{ending}")
}

/// The path of a file inside the package with an ending of our choice: `model.v2.bin` and `json` give `model.v2.json`.
pub(crate) fn with_extension(name: &str, extension: &str) -> String {
    let safe = portable(name);
    if safe.to_ascii_lowercase().ends_with(&format!(".{extension}")) {
        // The ending must be lower case: XGBoost compares it exactly.
        let stem = safe.get(..safe.len() - extension.len() - 1).unwrap_or("model");
        let stem = if stem.is_empty() { "model" } else { stem };
        return format!("{stem}.{extension}");
    }
    let stem = match safe.rfind('.') {
        Some(dot) if 0 < dot && safe.len() - dot <= 12 => safe.get(..dot).unwrap_or(&safe),
        _ => &safe,
    };
    format!("{stem}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_name_is_the_file_name_without_what_says_how_it_is_stored() {
        let cases = [
            ("churn_v3.joblib", "churn_v3"),
            ("churn.joblib.gz", "churn"),
            ("Churn Model (final).PKL", "Churn Model -final"),
            ("model.onnx", "model"),
            ("digits.keras", "digits"),
            ("digits.weights.h5", "digits"),
            ("digits.hdf5", "digits"),
            ("two_models.tar.gz", "two_models"),
            ("churn.TGZ", "churn"),
            ("net.pt2", "net"),
            ("a/b:c.pkl", "b-c"),
            ("no_extension", "no_extension"),
            (".pkl", "pkl"),
            ("preis\u{e4}nderung.pkl", "preis\u{e4}nderung"),
            ("???", "model"),
            ("v1.2.json", "v1.2"),
        ];
        for (file, name) in cases {
            assert_eq!(default_name(Path::new(file)), name, "{file}");
            assert_eq!(name_problem(name), None, "{name}");
        }
        let long = default_name(Path::new(&"x".repeat(400)));
        assert_eq!(name_problem(&long), None);
    }

    #[test]
    fn names_that_the_registry_refuses_are_refused_with_the_reason() {
        for name in ["", "  ", " a", "a ", "a/b", "a:b", "a\\b", ".", "..", "a\nb", &"x".repeat(251)] {
            assert!(name_problem(name).is_some(), "{name:?}");
        }
        for name in ["a", "Churn v2.1", "\u{540d}\u{524d}", "a@b"] {
            assert_eq!(name_problem(name), None, "{name}");
        }
    }

    #[test]
    fn tag_keys_follow_the_registry() {
        for key in ["", "a@b", "/a", "a//b", "a/", ".", "a(b)", "..a", "mlflow.runName", "a/../b"] {
            assert!(key_problem(key).is_some(), "{key:?}");
        }
        for key in ["a b", "a.b", "a/b", "a:b", "\u{e9}", "stage"] {
            assert_eq!(key_problem(key), None, "{key}");
        }
    }

    #[test]
    fn file_names_become_portable_and_stay_recognisable() {
        let cases = [
            ("my model #3 (50%).joblib", "my_model_3_50_.joblib"),
            ("..hidden.pkl", "hidden.pkl"),
            ("pr\u{e9}vision.pkl", "pr_vision.pkl"),
            ("CON.pkl", "model_CON.pkl"),
            ("com1.onnx", "model_com1.onnx"),
            ("\u{1f600}", "model"),
            ("a?b\\c%d.json", "a_b_c_d.json"),
        ];
        for (name, safe) in cases {
            assert_eq!(portable(name), safe, "{name}");
        }
        let long = portable(&format!("{}.joblib", "x".repeat(300)));
        assert!(long.len() <= LONGEST_FILE_NAME && long.ends_with(".joblib"), "{long}");
    }

    #[test]
    fn the_ending_that_a_loader_needs_replaces_the_artifact_s() {
        let cases = [
            ("booster", "json", "booster.json"),
            ("booster.model", "ubj", "booster.ubj"),
            ("booster.JSON", "json", "booster.json"),
            ("v1.2.3-final-release-candidate", "json", "v1.2.3-final-release-candidate.json"),
            (".json", "json", "json.json"),
        ];
        for (name, extension, expected) in cases {
            assert_eq!(with_extension(name, extension), expected, "{name}");
        }
    }
}
