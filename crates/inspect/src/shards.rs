//! Weights in several files with an index: `model.safetensors.index.json`, `pytorch_model.bin.index.json`, outside of the
//! folder of a library that knows what they are the weights of.
//!
//! The index names a file for each tensor. Every file is read as if it had been dropped alone; the folder of the index is
//! never left.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::Arc;

use packwright_formats::json::JsonScanner;
use packwright_source::{ByteSource, FileSource, Folder, Limits};
use serde_json::{Value, json};

use crate::reader::{Claim, FolderReader, FolderSubject, Reader, Subject};
use crate::safety::{Finding, NOT_READ, Needs, Safety, Severity, Verdict};
use crate::{
    Artifact, ArtifactKind, Fact, InspectError, Inspection, Requirement, Serving, Sourced, Tensors,
    TorchWeightsForm, probe, strangers, tensors,
};

const FORMAT: &str = "weights-index";

const ENDING: &str = ".index.json";

/// A large model has some hundred files.
const MOST_FILES: usize = 2_000;

/// The index of a large model takes some megabytes.
const LONGEST_BYTES: u64 = 64 << 20;

/// Reads an index that was dropped.
#[derive(Debug)]
pub(crate) struct ShardsReader;

impl Reader for ShardsReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        let has_word = subject.head.windows(12).any(|window| window == b"\"weight_map\"");
        let is_named = subject.file_name().ends_with(ENDING);
        // The map may stand behind metadata that is longer than what is looked at.
        match (is_named, has_word, subject.head.first()) {
            (true, true, Some(b'{')) => Claim::Certain,
            (true, false, Some(b'{')) => Claim::Maybe,
            _ => Claim::No,
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let root = subject.artifact.path.parent().unwrap_or(Path::new(""));
        let index = Index::read(&*subject.source, subject.limits)?;
        Ok(index.inspection(subject.artifact, root, subject.limits))
    }
}

/// Reads a folder of such files without a configuration.
#[derive(Debug)]
pub(crate) struct ShardsFolderReader;

impl FolderReader for ShardsFolderReader {
    fn claims(&self, folder: &Folder) -> Claim {
        if index_of(folder).is_some() && folder.get("config.json").is_none() {
            Claim::Maybe
        } else {
            Claim::No
        }
    }

    fn read(&self, subject: &FolderSubject<'_>) -> Result<Inspection, InspectError> {
        let name = index_of(subject.folder).unwrap_or_default();
        let path = subject.folder.root().join(name);
        let open = |error| InspectError::Open { path: path.clone(), error };
        let source = subject.folder.open_file(name).map_err(open)?;
        let index = Index::read(&source, subject.limits)?;
        Ok(index.inspection(subject.artifact, subject.folder.root(), subject.limits))
    }
}

/// The index of a folder, that of safetensors files first.
fn index_of(folder: &Folder) -> Option<&str> {
    let is_index = |ending: &str| {
        let mut entries = folder.entries().iter().filter(|entry| !entry.is_link && !entry.name.contains('/'));
        entries.find(|entry| entry.name.ends_with(ending)).map(|entry| entry.name.as_str())
    };
    is_index(".safetensors.index.json").or_else(|| is_index(".bin.index.json"))
}

/// What an index says.
struct Index {
    /// The files, sorted.
    files: Vec<String>,
    /// The names of the tensors.
    names: BTreeSet<String>,
    total_bytes: Option<u64>,
}

/// What reading the files gave.
struct Found {
    tensors: Tensors,
    findings: Vec<Finding>,
    needs: Needs,
    unread: Vec<String>,
    problems: Vec<String>,
    allowed: Vec<String>,
    requirements: Vec<Requirement>,
}

impl Index {
    fn read(source: &dyn ByteSource, limits: &Limits) -> Result<Self, InspectError> {
        let no_index = || strangers::unread("it is a JSON file without a weight_map", "drop the model file");
        if LONGEST_BYTES < source.len_bytes() {
            return Err(strangers::unread("it is too long for an index of weights", "drop the model file"));
        }
        let mut json = JsonScanner::over(FORMAT, source, 0, limits);
        let value = json.value()?;
        json.finish()?;
        let map = value.get("weight_map").and_then(Value::as_object).ok_or_else(no_index)?;
        let mut files = BTreeSet::new();
        let mut names = BTreeSet::new();
        for (name, file) in map {
            names.insert(name.clone());
            files.insert(file.as_str().ok_or_else(no_index)?.to_owned());
        }
        if files.is_empty() || MOST_FILES < files.len() {
            return Err(strangers::unread(
                "its weight_map names no file, or too many",
                "drop the model file",
            ));
        }
        let total_bytes = value.pointer("/metadata/total_size").and_then(Value::as_u64);
        Ok(Self { files: files.into_iter().collect(), names, total_bytes })
    }

    fn inspection(self, artifact: &Artifact, root: &Path, limits: &Limits) -> Inspection {
        let mut found = Found {
            tensors: Tensors::default(),
            findings: Vec::new(),
            needs: Needs::DataOnly,
            unread: Vec::new(),
            problems: Vec::new(),
            allowed: Vec::new(),
            requirements: Vec::new(),
        };
        for name in &self.files {
            found.file(root, name, limits);
        }
        found.compare(&self.names);
        let ending = |ending: &str| {
            let has = |name: &String| Path::new(name).extension().is_some_and(|found| found == ending);
            self.files.iter().all(has)
        };
        let form =
            if ending("safetensors") { TorchWeightsForm::Safetensors } else { TorchWeightsForm::Torch };
        let serving = if found.problems.is_empty() {
            let (path, allowed, shards) = (String::new(), found.allowed.clone(), self.files.clone());
            Serving::TorchWeights { form, path, allowed, shards }
        } else {
            Serving::No
        };
        let mut facts = vec![
            Fact { name: "kind", value: json!("weights in several files"), source: "the index".into() },
            Fact { name: "weight_files", value: json!(self.files), source: "weight_map in the index".into() },
        ];
        if let Some(total) = self.total_bytes {
            facts.push(Fact {
                name: "total_size",
                value: tensors::count(total),
                source: "metadata in the index".into(),
            });
        }
        facts.extend(tensors::facts(&found.tensors, "the files that the index names"));
        let mut artifact = artifact.clone();
        if artifact.kind == ArtifactKind::File {
            artifact.side_files.clone_from(&self.files);
        }
        let n = self.files.len();
        let (requirements, all) =
            (std::mem::take(&mut found.requirements), std::mem::take(&mut found.tensors));
        let warnings = std::mem::take(&mut found.problems);
        Inspection {
            framework: Some(Sourced::new("torch".to_owned(), "the names of the files in the index")),
            serving,
            requirements,
            tensors: (0 < all.n).then_some(all),
            facts,
            warnings,
            ..Inspection::blank(artifact, FORMAT, found.safety(n))
        }
    }
}

impl Found {
    /// Reads one file.
    fn file(&mut self, root: &Path, name: &str, limits: &Limits) {
        let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !is_inside || name.contains(['\\', ':', '\0']) {
            self.problems.push(format!(
                "The index names {name:?}, which lies outside its folder; it is neither read nor packed."
            ));
            let why = "loading the weights would read a file outside their folder".to_owned();
            return self.finding("weights/escapes", Severity::Dangerous, name, why);
        }
        let path = root.join(name);
        let is_link = root.ancestors().count() < path.ancestors().count()
            && path.ancestors().take_while(|part| *part != root).any(Path::is_symlink);
        if is_link {
            self.problems.push(format!("{name} is a link: put the file itself beside the index."));
            let why = "it is reached through a link, which is not followed".to_owned();
            return self.unseen("weights/link", name, why);
        }
        // An index among the files would be read for ever.
        let is_index = Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let source = match FileSource::open(&path) {
            Ok(source) if path.is_file() && !is_index => source,
            _ => {
                self.problems.push(format!("{name} is missing: put it beside the index."));
                return self.unseen("weights/missing", name, "the file is not there".to_owned());
            }
        };
        let head = probe::head_of(&source).unwrap_or_default();
        // By another name: of a part alone it is said that the others are missing.
        let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let artifact = Artifact {
            path: root.join(format!("part.{ending}")),
            kind: ArtifactKind::File,
            size_bytes: source.len_bytes(),
            side_files: Vec::new(),
            member: None,
        };
        let subject = Subject { artifact: &artifact, source: Arc::new(source), head: &head, limits };
        match probe::inspect_subject(&subject) {
            Ok(inspection) => self.take(name, inspection),
            Err(error) => {
                self.problems.push(format!("{name} cannot be read: {error}."));
                self.unseen("weights/not-read", name, error.to_string());
            }
        }
    }

    fn take(&mut self, name: &str, inspection: Inspection) {
        let safety = inspection.safety;
        self.needs = self.needs.max(safety.needs);
        self.unread.extend(safety.unread.iter().map(|reason| format!("{name}: {reason}")));
        let is_safe = safety.verdict() == Verdict::Safe;
        let shown = safety.findings.into_iter().filter(|_| !is_safe);
        self.findings
            .extend(shown.map(|finding| Finding { place: format!("{name}: {}", finding.place), ..finding }));
        for tensor in inspection.tensors.into_iter().flat_map(|tensors| tensors.listed) {
            self.tensors.push(tensor);
        }
        match inspection.serving {
            Serving::TorchWeights { path, allowed, .. } if path.is_empty() => {
                let new = allowed.into_iter().filter(|name| !self.allowed.contains(name));
                self.allowed.extend(new.collect::<Vec<_>>());
            }
            _ => self.problems.push(format!("{name} holds no weights that a network can be given.")),
        }
        for line in inspection.requirements {
            if !self.requirements.contains(&line) {
                self.requirements.push(line);
            }
        }
    }

    /// The tensors of the index that no file has.
    fn compare(&mut self, names: &BTreeSet<String>) {
        let is_listed = u64::try_from(self.tensors.listed.len()).is_ok_and(|n| n == self.tensors.n);
        let here: BTreeSet<&str> = self.tensors.listed.iter().map(|tensor| tensor.name.as_str()).collect();
        let gone: Vec<&String> = names.iter().filter(|name| !here.contains(name.as_str())).collect();
        if let (true, true, Some(first)) = (is_listed, self.problems.is_empty(), gone.first()) {
            self.problems.push(format!(
                "The index names {} tensors that none of its files holds, {first} first: the files belong to another model.",
                gone.len()
            ));
        }
    }

    fn finding(&mut self, rule: &'static str, severity: Severity, what: &str, why: String) {
        self.needs = self.needs.max(severity.needs(Needs::DataOnly));
        let place = "weight_map in the index".to_owned();
        self.findings.push(Finding { rule, severity, what: what.to_owned(), place, why });
    }

    fn unseen(&mut self, rule: &'static str, name: &str, why: String) {
        self.unread.push(format!("{name}: {why}"));
        self.finding(rule, Severity::Unscanned, name, why);
    }

    fn safety(mut self, n_files: usize) -> Safety {
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let worst = self.findings.first().map(|finding| finding.what.clone()).unwrap_or_default();
        let summary = match self.needs {
            Needs::DangerousCalls => format!("loading would do harm: {worst}"),
            _ if !self.unread.is_empty() => NOT_READ.to_owned(),
            Needs::UnknownCode => format!("loading needs code that is on no known list: {worst}"),
            Needs::KnownLibraries => format!("weights in {n_files} files; they load known classes only"),
            Needs::DataOnly => format!("weights in {n_files} files; loading runs no code from them"),
        };
        Safety { needs: self.needs, unread: self.unread, findings: self.findings, summary }
    }
}

/// Which part of how many a file of weights is by its name: `model-00002-of-00003.safetensors`.
pub(crate) fn part_of(file_name: &str) -> Option<(u64, u64)> {
    let (stem, _) = file_name.rsplit_once('.')?;
    let (before, of) = stem.rsplit_once("-of-")?;
    let (_, part) = before.rsplit_once('-')?;
    let number = |text: &str| (text.len() == 5).then(|| text.parse().ok()).flatten();
    Some((number(part)?, number(of)?)).filter(|(part, of)| part <= of && 1 < *of)
}

/// What to do with such a part, in a sentence.
pub(crate) fn whole((part, of): (u64, u64)) -> String {
    format!(
        "The file is part {part} of {of} of a model's weights: drop the index beside it (its name ends in .index.json) or the \
         whole folder to have all of them."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safetensors(name: &str) -> Vec<u8> {
        let header = format!(r#"{{"{name}":{{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}}"#);
        let len = (header.len() as u64).to_le_bytes();
        [&len[..], header.as_bytes(), &[7]].concat()
    }

    fn inspect(index: &str, files: &[(&str, &[u8])]) -> Result<Inspection, InspectError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let path = folder.path().join("model.safetensors.index.json");
        std::fs::write(&path, index).unwrap();
        let alone = probe::inspect(&path, &Limits::default());
        let whole = probe::inspect(folder.path(), &Limits::default());
        let verdict = |found: &Result<Inspection, InspectError>| {
            found.as_ref().ok().map(|found| (found.safety.verdict(), found.serving != Serving::No))
        };
        assert_eq!(verdict(&alone), verdict(&whole), "the index and its folder");
        alone
    }

    #[test]
    fn the_files_of_an_index_are_one_set_of_weights() {
        let (a, b) = (safetensors("a"), safetensors("b"));
        let index = r#"{"metadata":{"total_size":2},"weight_map":{"a":"x-00001-of-00002.safetensors","b":"x-00002-of-00002.safetensors"}}"#;
        let files: [(&str, &[u8]); 2] =
            [("x-00001-of-00002.safetensors", &a), ("x-00002-of-00002.safetensors", &b)];
        let found = inspect(index, &files).unwrap();
        assert_eq!((found.safety.verdict(), found.tensors.unwrap().n), (Verdict::Safe, 2));
        assert_eq!(found.artifact.side_files.len(), 2);
        assert!(matches!(found.serving, Serving::TorchWeights { shards, .. } if shards.len() == 2));
        let missing = inspect(index, &files[..1]).unwrap();
        assert_eq!((missing.safety.verdict(), missing.serving), (Verdict::Unscanned, Serving::No));
        assert!(missing.warnings[0].contains("x-00002-of-00002.safetensors is missing"));
        let other = inspect(&index.replace(r#""a":"#, r#""c":"#), &files).unwrap();
        assert!(other.warnings[0].contains("c first"), "{:?}", other.warnings);
    }

    #[test]
    fn an_index_reads_nothing_outside_its_folder_and_no_index() {
        for name in ["../model.safetensors", "/etc/passwd", "a/../../b.bin", "c:\\\\x.bin", ""] {
            let found = inspect(&format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#), &[]).unwrap();
            assert_eq!((found.safety.verdict(), found.serving), (Verdict::Dangerous, Serving::No), "{name}");
        }
        let own = inspect(r#"{"weight_map":{"a":"model.safetensors.index.json"}}"#, &[]).unwrap();
        assert_eq!(own.safety.verdict(), Verdict::Unscanned);
        assert!(inspect(r#"{"weight_map":{}}"#, &[]).is_err());
        let payload = b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R.";
        let found = inspect(r#"{"weight_map":{"a":"a.bin"}}"#, &[("a.bin", payload)]).unwrap();
        assert_eq!(found.safety.verdict(), Verdict::Dangerous);
    }

    #[test]
    fn parts_are_known_by_their_names() {
        assert_eq!(part_of("model-00002-of-00003.safetensors"), Some((2, 3)));
        for name in ["model.safetensors", "a-of-b.bin", "x-00004-of-00003.bin", "x-00001-of-00001.bin"] {
            assert_eq!(part_of(name), None, "{name}");
        }
    }
}
