//! Weights in files beside the model: which files, how much of each, and names that lead elsewhere.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use crate::safety::{Finding, Severity};

/// What the tensors of a model say about the files that hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ExternalData {
    /// The files in the order in which the model names them.
    files: Vec<ExternalFile>,
    /// Where each location is in `files`.
    index: BTreeMap<String, usize>,
    /// Entries that the specification does not have, and the byte where the first tensor with each lies.
    odd_keys: BTreeMap<String, u64>,
}

/// One file, by the name that the model gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExternalFile {
    /// Relative to the model's folder, as written.
    pub(super) location: String,
    /// How many tensors lie in it.
    pub(super) n_tensors: u64,
    /// How long it must be for all of them.
    pub(super) needed_bytes: u64,
    /// Where the first tensor that names it lies in the model.
    pub(super) at: u64,
    /// What is wrong with the entries of a tensor in it.
    pub(super) damage: Option<String>,
}

/// What became of the files beside a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// Names of the files that are there and may travel with the model.
    pub(super) side_files: Vec<String>,
    /// Rows for the safety report.
    pub(super) findings: Vec<Finding>,
    /// What is missing, in sentences; the model cannot be loaded then.
    pub(super) problems: Vec<String>,
}

/// The keys of the specification, and the one under which old files kept their folder.
const KEYS: [&str; 5] = ["location", "offset", "length", "checksum", "basepath"];

/// What onnxruntime takes for an address in its own memory.
const MEMORY_MARK: &str = "_ORT_MEM_ADDR_";

impl ExternalData {
    /// Takes in the entries of one tensor that lies at the byte `at` and takes `size_bytes`, where its type tells.
    pub(super) fn add(&mut self, entries: &[(String, String)], at: u64, size_bytes: Option<u64>) {
        let values = |key: &'static str| {
            entries.iter().filter(move |entry| entry.0 == key).map(|entry| entry.1.as_str())
        };
        for (key, _) in entries {
            // onnxruntime's own prepacked copies of weights.
            if !KEYS.contains(&key.as_str()) && !key.starts_with("prepacked") {
                self.odd_keys.entry(key.clone()).or_insert(at);
            }
        }
        let mut damage = None;
        let mut number = |key: &'static str| -> Option<u64> {
            // Where a key stands twice, loaders take the last.
            let text = values(key).next_back()?;
            let number = text.trim().parse::<u64>().ok();
            if number.is_none() {
                damage = Some(format!("its {key} is {text:?} and no number of bytes"));
            }
            number
        };
        let (offset, length) = (number("offset").unwrap_or(0), number("length"));
        if let (Some(length), Some(size)) = (length, size_bytes)
            && length != size
            && damage.is_none()
        {
            damage = Some(format!("its length is {length} bytes, and its shape and type take {size}"));
        }
        let end = offset.saturating_add(length.or(size_bytes).unwrap_or(0));
        // Every name counts: two loaders may take different ones.
        let mut locations: Vec<&str> = values("location").collect();
        if locations.is_empty() {
            locations.push("");
        }
        if 1 < locations.len() {
            self.odd_keys.entry("a second location".to_owned()).or_insert(at);
        }
        for location in locations {
            let next = self.files.len();
            let index = *self.index.entry(location.to_owned()).or_insert(next);
            if index == next {
                let location = location.to_owned();
                let file = ExternalFile { location, n_tensors: 0, needed_bytes: 0, at, damage: None };
                self.files.push(file);
            }
            if let Some(file) = self.files.get_mut(index) {
                file.n_tensors = file.n_tensors.saturating_add(1);
                file.needed_bytes = file.needed_bytes.max(end);
                file.damage = file.damage.take().or_else(|| damage.clone());
            }
        }
    }

    /// The files in the order in which the model names them.
    pub(super) fn files(&self) -> &[ExternalFile] {
        &self.files
    }

    /// Looks for the files beside the model in `folder`. Names that lead out of it are never followed.
    pub(super) fn check(&self, folder: &Path) -> Checked {
        let mut checked = Checked::default();
        for (key, at) in &self.odd_keys {
            checked.findings.push(Finding {
                rule: "onnx/external-data-key",
                severity: Severity::Review,
                what: format!("external data entry {key:?}"),
                place: format!("byte {at}"),
                why: "the specification has no such entry; loaders have been tricked by unknown ones".into(),
            });
        }
        for file in &self.files {
            file.check(folder, &mut checked);
        }
        checked
    }
}

impl ExternalFile {
    fn check(&self, folder: &Path, checked: &mut Checked) {
        let name = &self.location;
        let finding = |rule, severity, why: String| Finding {
            rule,
            severity,
            what: format!("external data {name:?}"),
            place: format!("byte {}", self.at),
            why,
        };
        if name.contains(MEMORY_MARK) {
            let why = "it names an address in memory in place of a file; onnxruntime would read from there";
            checked.findings.push(finding("onnx/external-data-memory", Severity::Dangerous, why.into()));
            checked.problems.push(format!("The external data {name:?} is an address, not a file."));
            return;
        }
        if let Some(reason) = leads_out(name) {
            let why = format!("{reason}, so loading the model would read a file outside its folder");
            checked.findings.push(finding("onnx/external-data-escapes", Severity::Dangerous, why));
            checked.problems.push(format!(
                "The external data {name:?} lies outside the model's folder; it is neither read nor packed."
            ));
            return;
        }
        if let Some(damage) = &self.damage {
            let why = format!("{damage}, so loaders refuse it");
            checked.findings.push(finding("onnx/external-data-entry", Severity::Unscanned, why));
            checked
                .problems
                .push(format!("A tensor in the external data {name:?} cannot be loaded: {damage}."));
        }
        match find(folder, name) {
            Found::Link(part) => {
                let why = format!("{part} is a symbolic link; ONNX refuses to follow links to external data");
                checked.findings.push(finding("onnx/external-data-link", Severity::Review, why));
                checked.problems.push(format!(
                    "The external data {name:?} is reached through a symbolic link, which ONNX does not follow. Put \
                     the file itself beside the model."
                ));
            }
            Found::Nothing => {
                let why = "the file is not there, so these weights were not seen".to_owned();
                checked.findings.push(finding("onnx/external-data-missing", Severity::Unscanned, why));
                checked.problems.push(format!(
                    "The external data {name:?} is missing. Put it beside the model: {} of its weights lie in it.",
                    self.n_tensors
                ));
            }
            Found::File(length) if length < self.needed_bytes => {
                let short = self.needed_bytes.saturating_sub(length);
                let why = format!("the file is {short} bytes too short for the weights in it");
                checked.findings.push(finding("onnx/external-data-truncated", Severity::Unscanned, why));
                checked.problems.push(format!(
                    "The external data {name:?} is {short} bytes too short: it is cut off, or belongs to another model."
                ));
            }
            Found::File(_) => checked.side_files.push(name.clone()),
        }
    }
}

enum Found {
    File(u64),
    Link(String),
    Nothing,
}

/// Walks from `folder` to the file part by part, so that a link on the way is seen before it is followed.
fn find(folder: &Path, name: &str) -> Found {
    let mut path = folder.to_path_buf();
    let mut found = Found::Nothing;
    for part in Path::new(name).components() {
        let Component::Normal(part) = part else { continue };
        path.push(part);
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { return Found::Nothing };
        if metadata.file_type().is_symlink() {
            return Found::Link(part.to_string_lossy().into_owned());
        }
        found = if metadata.is_file() { Found::File(metadata.len()) } else { Found::Nothing };
    }
    found
}

/// Why a name leads out of the model's folder on some system, if it does.
fn leads_out(name: &str) -> Option<&'static str> {
    let is_drive = |name: &str| {
        let mut chars = name.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':')
    };
    if name.is_empty() {
        Some("it is empty")
    } else if name.contains('\0') {
        Some("it holds a zero byte")
    } else if name.starts_with(['/', '\\']) || is_drive(name) {
        Some("it is an absolute path")
    } else if name.split(['/', '\\']).any(|part| part == "..") {
        Some("it climbs out with ..")
    } else if name.contains('\\') {
        Some("it holds a backslash, which separates folders on Windows")
    } else {
        None
    }
}
