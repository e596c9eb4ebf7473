//! What loading a folder would run: code that its configurations name, pickles, chat templates.

use serde_json::Value;

use super::files::{Files, has_ending, text_of};
use crate::reader::Subject;
use crate::safety::{Finding, Needs, Safety, Severity, Verdict, template};
use crate::{Artifact, ArtifactKind, InspectError, probe};

/// Configurations that may name code of the folder's own, or hold a chat template; parts of a model have theirs in folders
/// of their own.
const CONFIGS: [&str; 6] = [
    "config.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "generation_config.json",
    "chat_template.json",
];

/// More of them than any folder has.
const MOST_CONFIGS: usize = 256;

/// What pickles are called.
const PICKLES: [&str; 7] = ["bin", "pt", "pth", "pkl", "pickle", "ckpt", "joblib"];

/// More pickles than any folder has.
const MOST_PICKLES: usize = 64;

/// What was found so far.
#[derive(Debug)]
pub(super) struct Scan {
    findings: Vec<Finding>,
    needs: Needs,
    unread: Vec<String>,
    /// The classes that the folder brings along itself, as its configurations write them.
    pub(super) own_code: Vec<String>,
    /// The chat template, and the file that holds it.
    pub(super) template: Option<(String, String)>,
}

impl Scan {
    /// Looks through the whole folder.
    pub(super) fn of(files: &Files<'_>) -> Result<Self, InspectError> {
        let mut scan = Self {
            findings: Vec::new(),
            needs: Needs::DataOnly,
            unread: Vec::new(),
            own_code: Vec::new(),
            template: None,
        };
        scan.configs(files);
        scan.template_files(files);
        scan.code_files(files);
        scan.pickles(files)?;
        for entry in files.folder.entries().iter().filter(|entry| entry.is_link) {
            scan.add(Finding {
                rule: "folder/link",
                severity: Severity::Info,
                what: format!("the link {}", entry.name),
                place: entry.name.clone(),
                why: "links are neither followed nor packed".into(),
            });
        }
        Ok(scan)
    }

    /// Takes in what cannot be read.
    pub(super) fn unread(&mut self, reasons: &[String]) {
        self.unread.extend(reasons.iter().cloned());
    }

    /// Adds a row.
    pub(super) fn add(&mut self, finding: Finding) {
        self.needs = self.needs.max(finding.severity.needs(Needs::DataOnly));
        self.findings.push(finding);
    }

    /// The report. `data` says in a few words what the folder is when nothing was found.
    pub(super) fn finish(mut self, data: &str) -> Safety {
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let worst = self.findings.first().map(|finding| finding.what.clone()).unwrap_or_default();
        let summary = match self.needs {
            Needs::DangerousCalls => format!("loading or using it would do harm: {worst}"),
            Needs::UnknownCode if !self.own_code.is_empty() => {
                "loading it runs Python code that lies in the folder".to_owned()
            }
            Needs::UnknownCode => format!("it holds what is not known: {worst}"),
            Needs::KnownLibraries => format!("{data}; its pickles load known classes only"),
            Needs::DataOnly => format!("{data}; loading runs no code from the folder"),
        };
        Safety { needs: self.needs, unread: self.unread, findings: self.findings, summary }
    }

    /// `auto_map` names classes in files of the folder, or in another repository; loaders that trust remote code import
    /// them.
    fn auto_map(&mut self, file: &str, json: &Value) {
        let maps = [json.get("auto_map"), json.get("custom_pipelines")];
        for (key, value) in maps.into_iter().flatten().filter_map(Value::as_object).flatten() {
            let mut names = Vec::new();
            strings(value, &mut names);
            for name in names {
                let (what, why) = if name.contains("--") {
                    (
                        "code of another repository",
                        "loading it downloads and runs Python code of another repository",
                    )
                } else {
                    (
                        "code in the folder",
                        "loading it with trust_remote_code, as MLflow does, runs this Python code",
                    )
                };
                self.add(Finding {
                    rule: "huggingface/auto-map",
                    severity: Severity::Review,
                    what: name.to_owned(),
                    place: format!("{file}: {key}"),
                    why: format!("{what}: {why}"),
                });
                self.own_code.push(name.to_owned());
            }
        }
    }

    fn config_template(&mut self, file: &str, json: &Value) {
        match json.get("chat_template") {
            Some(Value::String(text)) => self.take_template(text, file),
            // Several, each with its name.
            Some(Value::Array(all)) => {
                for one in all {
                    if let Some(text) = text_of(one, "template") {
                        self.take_template(text, file);
                    }
                }
            }
            _ => {}
        }
    }

    /// What cannot be read may name anything.
    fn configs(&mut self, files: &Files<'_>) {
        let is_config = |name: &&str| name.rsplit('/').next().is_some_and(|last| CONFIGS.contains(&last));
        for (index, name) in files.names().filter(is_config).enumerate() {
            if MOST_CONFIGS <= index {
                self.unread
                    .push(format!("there are more than {MOST_CONFIGS} configurations; {name} was not read"));
                break;
            }
            match files.json(name) {
                Ok(Some(json)) => {
                    self.auto_map(name, &json);
                    self.config_template(name, &json);
                }
                Ok(None) => {}
                Err(error) => self.unread.push(format!("{name}: {error}")),
            }
        }
    }

    fn template_files(&mut self, files: &Files<'_>) {
        for name in files.names().filter(|name| has_ending(name, "jinja")).take(MOST_CONFIGS) {
            match files.text(name) {
                Ok(Some(text)) => self.take_template(&text, name),
                Ok(None) => {}
                Err(error) => self.unread.push(format!("{name}: {error}")),
            }
        }
    }

    fn take_template(&mut self, text: &str, file: &str) {
        for finding in template::judge(text, file) {
            self.add(finding);
        }
        self.template.get_or_insert_with(|| (text.to_owned(), file.to_owned()));
    }

    fn code_files(&mut self, files: &Files<'_>) {
        let named = !self.own_code.is_empty();
        for name in files.names().filter(|name| has_ending(name, "py")) {
            let why = if named {
                "Python code in the folder: read it before you trust it"
            } else {
                "Python code in the folder, which no configuration names: loading does not run it"
            };
            let severity = if named { Severity::Review } else { Severity::Info };
            self.add(Finding {
                rule: "huggingface/python-file",
                severity,
                what: name.to_owned(),
                place: name.to_owned(),
                why: why.into(),
            });
        }
    }

    /// Pickles are judged as if each had been dropped alone.
    fn pickles(&mut self, files: &Files<'_>) -> Result<(), InspectError> {
        let is_pickle = |name: &&str| PICKLES.iter().any(|ending| has_ending(name, ending));
        for (index, name) in files.names().filter(is_pickle).enumerate() {
            if MOST_PICKLES <= index {
                self.unread.push(format!("there are more than {MOST_PICKLES} pickles; {name} was not read"));
                break;
            }
            self.pickle(files, name)?;
        }
        Ok(())
    }

    fn pickle(&mut self, files: &Files<'_>, name: &str) -> Result<(), InspectError> {
        let source = files.open(name)?;
        let path = files.folder.root().join(name);
        let artifact = Artifact {
            path: path.clone(),
            kind: ArtifactKind::File,
            size_bytes: source.len_bytes(),
            side_files: Vec::new(),
            member: None,
        };
        let head = probe::head_of(&*source).map_err(|error| InspectError::Open { path, error })?;
        let subject = Subject { artifact: &artifact, source, head: &head, limits: files.limits };
        match probe::inspect_subject(&subject) {
            Ok(inspection) => self.take(name, inspection.safety),
            Err(InspectError::Damaged(error)) => self.unread.push(format!("{name}: {error}")),
            // Data that is no pickle, whatever its name.
            Err(_) => {}
        }
        Ok(())
    }

    fn take(&mut self, name: &str, safety: Safety) {
        let verdict = safety.verdict();
        self.needs = self.needs.max(safety.needs);
        self.unread.extend(safety.unread.into_iter().map(|reason| format!("{name}: {reason}")));
        // What a harmless pickle loads is of no interest in a folder of files.
        let shown = safety.findings.into_iter().filter(|_| verdict != Verdict::Safe);
        self.findings
            .extend(shown.map(|finding| Finding { place: format!("{name}: {}", finding.place), ..finding }));
    }
}

/// All texts in a value.
fn strings<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        Value::Object(map) => map.values().for_each(|item| strings(item, into)),
        _ => {}
    }
}
