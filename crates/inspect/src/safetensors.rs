//! safetensors files: weights and nothing else. What they are the weights of is not in the file.

use packwright_formats::safetensors::{self, Header};
use serde_json::{Map, Value};

use crate::reader::{Claim, Reader, Subject};
use crate::safety::{Finding, Needs, Safety, Severity};
use crate::shards;
use crate::tensors::{self, Tensors};
use crate::{Fact, InspectError, Inspection, Serving, Sourced, TorchWeightsForm};

/// The format's name in `inspect --json`.
const FORMAT: &str = "safetensors";

/// What `format` in the metadata says about the library that saved the file.
const LIBRARIES: [(&str, &str); 6] = [
    ("pt", "torch"),
    ("tf", "tensorflow"),
    ("flax", "flax"),
    ("jax", "jax"),
    ("mlx", "mlx"),
    ("np", "numpy"),
];

/// Reads safetensors files.
#[derive(Debug)]
pub(crate) struct SafetensorsReader;

impl Reader for SafetensorsReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        let is_named = subject.extension() == "safetensors";
        match (safetensors::is_start(subject.head, subject.source.len_bytes()), is_named) {
            (true, true) => Claim::Certain,
            (true, false) => Claim::Likely,
            // A length that lies still leaves a file that is meant to be one.
            (false, true) if subject.head.get(8) == Some(&b'{') => Claim::Likely,
            (false, true) => Claim::Maybe,
            (false, false) => Claim::No,
        }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let header = safetensors::read(&subject.source, subject.limits)?;
        Ok(inspection(subject, &header))
    }
}

fn inspection(subject: &Subject<'_>, header: &Header) -> Inspection {
    let all: Tensors = tensors::of_safetensors(header).collect();
    let mut facts = tensors::facts(&all, "header of the file");
    if !header.metadata.is_empty() {
        let entries = header.metadata.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        facts.push(Fact {
            name: "metadata",
            value: Value::Object(entries.collect::<Map<_, _>>()),
            source: "__metadata__".into(),
        });
    }
    if is_lora(header) {
        let source = "names of the tensors".to_owned();
        facts.push(Fact { name: "adapter_type", value: Value::from("LORA"), source });
    }
    let safety = safety(header, all.n);
    let framework = framework(header);
    // Weights of PyTorch, or of nobody who says so, fit a module of PyTorch; those of other libraries do not.
    let part = shards::part_of(&subject.file_name());
    let fits = matches!(framework.value.as_str(), "torch" | FORMAT) && !is_lora(header);
    let serving = if fits && part.is_none() && header.problems.is_empty() {
        Serving::TorchWeights {
            form: TorchWeightsForm::Safetensors,
            path: String::new(),
            allowed: Vec::new(),
            shards: Vec::new(),
        }
    } else {
        Serving::No
    };
    Inspection {
        framework: Some(framework),
        serving,
        tensors: Some(all),
        facts,
        warnings: warnings(header, part),
        ..Inspection::blank(subject.artifact.clone(), FORMAT, safety)
    }
}

fn framework(header: &Header) -> Sourced<String> {
    let format = header.meta("format");
    match LIBRARIES.iter().find(|row| Some(row.0) == format) {
        Some((word, library)) => {
            Sourced::new((*library).to_owned(), format!("format {word:?} in __metadata__"))
        }
        None => Sourced::new(FORMAT.to_owned(), "the structure of the file; it does not say what saved it"),
    }
}

/// Low-rank pairs in place of whole layers, under the names that the usual trainers give them.
fn is_lora(header: &Header) -> bool {
    const PARTS: [&str; 4] = ["lora_A.", "lora_down.", ".lora_A", ".lora.down"];
    header.tensors.iter().any(|tensor| PARTS.iter().any(|part| tensor.name.contains(part)))
}

fn warnings(header: &Header, part: Option<(u64, u64)>) -> Vec<String> {
    let mut warnings = vec![if let Some(part) = part {
        shards::whole(part)
    } else if is_lora(header) {
        "The file holds an adapter (LoRA) and not the model that it changes, so it cannot be loaded alone: merge it into \
         its base model and drop the folder that save_pretrained writes."
            .to_owned()
    } else {
        "The file holds weights and not the architecture that they belong to, so nothing can be loaded from it alone. Drop \
         the whole folder when a config.json lies beside it, or add the Python file that defines the network."
            .to_owned()
    }];
    if let Some(first) = header.problems.first() {
        let more = match header.problems.len().saturating_sub(1) {
            0 => String::new(),
            1 => ", and one more thing is wrong".to_owned(),
            n => format!(", and {n} more things are wrong"),
        };
        warnings.push(format!("The safetensors library refuses to load the file: {}{more}.", first.what));
    }
    warnings
}

fn safety(header: &Header, n_tensors: u64) -> Safety {
    let findings = header.problems.iter().map(|problem| Finding {
        rule: "safetensors/malformed",
        severity: Severity::Info,
        what: problem.what.clone(),
        place: format!("byte {}", problem.at),
        why: "the safetensors library refuses such a file; nothing of it is run by any loader".into(),
    });
    Safety {
        needs: Needs::DataOnly,
        unread: Vec::new(),
        findings: findings.collect(),
        summary: format!("data only: {n_tensors} tensors; loading runs no code from the file"),
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::safety::Verdict;

    fn inspect(name: &str, header: &str, n_data: usize) -> Result<Inspection, InspectError> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.resize(bytes.len() + n_data, 0);
        crate::tests::inspect(name, &bytes)
    }

    #[test]
    fn the_library_is_what_the_metadata_says_or_unknown() {
        for (metadata, framework) in [
            (r#""__metadata__":{"format":"pt"},"#, "torch"),
            (r#""__metadata__":{"format":"flax"},"#, "flax"),
            (r#""__metadata__":{"format":"os"},"#, "safetensors"),
            ("", "safetensors"),
        ] {
            let header =
                format!(r#"{{{metadata}"a":{{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}}}"#);
            // The content decides, whatever the name.
            for name in ["model.safetensors", "weights.dat"] {
                let inspection = inspect(name, &header, 12).unwrap();
                assert_eq!(inspection.framework.unwrap().value, framework, "{metadata}");
                assert_eq!(inspection.tensors.unwrap().n_elements, 6);
                let is_served = matches!(inspection.serving, Serving::TorchWeights { .. });
                assert_eq!(is_served, framework != "flax", "{metadata}");
                assert_eq!(inspection.safety.verdict(), Verdict::Safe);
            }
        }
    }

    #[test]
    fn what_is_missing_is_said_first_and_what_is_wrong_next() {
        let whole =
            inspect("a.safetensors", r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1).unwrap();
        assert!(whole.warnings[0].contains("config.json"), "{:?}", whole.warnings);
        assert_eq!(whole.warnings.len(), 1);
        let lora = r#"{"x.lora_A.weight":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
        let lora = inspect("a.safetensors", lora, 3).unwrap();
        assert!(lora.warnings[0].contains("base model"), "{:?}", lora.warnings);
        assert!(lora.warnings[1].contains("2 bytes after the last tensor"), "{:?}", lora.warnings);
        assert_eq!(lora.safety.findings[0].severity, Severity::Info);
    }
}
