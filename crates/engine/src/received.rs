//! A package that somebody sent: whether it is whole and whose seal it has, what it says of itself, and how to use it.
//!
//! What loading it would run is judged by [`crate::judgement`], whether it will run here told by [`crate::here`].

use std::path::Path;

use packwright_mlflow::example::{EXAMPLE_FILE, InputExample};
use packwright_mlflow::lint::{Problem, Severity};
use packwright_mlflow::mlmodel::MlModel;
use packwright_mlflow::package::PackageFiles as _;
use packwright_mlflow::schema::Schema;

use crate::card;
use crate::package::Package;
use crate::receipt::{PackageKind, Snippet};
use crate::seal::PublicKey;
use crate::snippets;
use crate::verify::{self, SealCheck, VerifyError};

/// The longest card, and the longest file of the environment, that is shown.
const LONGEST_TEXT_BYTES: u64 = 1 << 20;

/// What a receiver wants to know.
#[derive(Debug, Clone)]
pub struct Received {
    /// What it says it is called; the file's name otherwise.
    pub name: String,
    /// Everything that is wrong or risky, worst first.
    pub problems: Vec<Problem>,
    /// Whether anything in it says what its bytes should be: hashes, checksums or a seal.
    pub is_recorded: bool,
    /// The seal; `None` when it has none.
    pub seal: Option<SealCheck>,
    /// How many files it has.
    pub n_files: usize,
    /// Their lengths in all, unpacked.
    pub size_bytes: u64,
    /// The model card in Markdown, without its front matter.
    pub card: Option<String>,
    /// What goes in, one line a column or tensor; empty when that is not declared.
    pub inputs: Vec<String>,
    /// What comes out, likewise.
    pub outputs: Vec<String>,
    /// The lines of `requirements.txt`.
    pub requirements: Vec<String>,
    /// The Python version that it asks for.
    pub python: Option<String>,
    /// The flavors that can load it.
    pub flavors: Vec<String>,
    /// Commands for this package.
    pub snippets: Vec<Snippet>,
}

impl Received {
    /// Whether nothing is broken: every file is as it was packed and sealed, and MLflow loads it.
    pub fn is_whole(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity < Severity::Error)
    }
}

/// Reads a package, a folder or a zip, and checks it as [`verify::examine`] does.
///
/// # Errors
///
/// [`VerifyError`] when it is no package or cannot be read.
pub fn receive(path: &Path, key: Option<&PublicKey>) -> Result<Received, VerifyError> {
    let checked = verify::examine(path, key)?;
    let package = Package::open(path)?;
    let text = |name: &str| {
        let bytes = package.read(name, LONGEST_TEXT_BYTES).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let model = text("MLmodel").and_then(|text| MlModel::from_text(&text).ok());
    let named = model.as_ref().and_then(|model| model.get("metadata")?.get("name")?.as_str());
    let named = named.map(str::to_owned);
    let signature = model.as_ref().and_then(|model| model.signature().ok().flatten()).unwrap_or_default();
    let lines = |schema: Option<&Schema>| schema.map(card::formats_of).unwrap_or_default();
    let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let python_function = model.as_ref().and_then(|model| model.flavor("python_function"));
    let python = python_function.and_then(|block| block.get("python_version")?.as_str().map(str::to_owned));
    let flavors: Vec<String> =
        model.iter().flat_map(MlModel::flavors).map(|(name, _)| name.to_owned()).collect();
    let mlflow = model.as_ref().and_then(|model| model.text("mlflow_version")).unwrap_or_default();
    let kind = if path.is_dir() { PackageKind::Folder } else { PackageKind::Zip };
    let example = model.as_ref().and_then(|model| {
        let info = model.get("saved_input_example_info")?.as_mapping()?;
        InputExample::read(info, &text(EXAMPLE_FILE)?).ok()
    });
    let used = snippets::Used {
        example: example.as_ref(),
        mlflow: mlflow.to_owned(),
        inputs: signature.inputs.as_ref(),
        is_sklearn: flavors.iter().any(|name| name == "sklearn"),
    };
    Ok(Received {
        name: named.unwrap_or(file_name),
        snippets: snippets::of_package(path, kind, &used),
        is_recorded: checked.seal.is_some()
            || checked.problems.iter().all(|problem| problem.rule != "verify/no-hashes"),
        problems: checked.problems,
        seal: checked.seal,
        n_files: package.names().len(),
        size_bytes: package.names().iter().filter_map(|name| package.size(name)).sum(),
        card: text(card::README).map(|text| without_front_matter(&text).to_owned()),
        inputs: lines(signature.inputs.as_ref()),
        outputs: lines(signature.outputs.as_ref()),
        requirements: text("requirements.txt")
            .map(|text| text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
            .unwrap_or_default(),
        python,
        flavors,
    })
}

/// The text after the block of YAML between two lines of three dashes, where it begins with one.
fn without_front_matter(text: &str) -> &str {
    let rest = text.strip_prefix("---\n");
    rest.and_then(|rest| rest.split_once("\n---\n")).map_or(text, |(_, body)| body).trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;
    use crate::{Cancel, Edit, Journal, Target, Timestamp, export, open};

    #[test]
    fn what_was_packed_is_told_again_from_a_folder_and_from_a_zip() {
        let dir = tempfile::tempdir().unwrap();
        let mut draft = open::open(&fixture("sklearn/pipe_scaler_logreg_df.pkl")).unwrap();
        draft.apply(Edit::SetName { name: "iris".into() }).unwrap();
        for (name, kind) in [("m", PackageKind::Folder), ("m.zip", PackageKind::Zip)] {
            let target = Target { path: dir.path().join(name), kind, overwrite: false };
            let receipt =
                export(&draft, &target, Timestamp::EPOCH, &mut |_| {}, &Cancel::new(), &Journal::none())
                    .unwrap();
            let received = receive(&receipt.path, None).unwrap();
            assert!(
                received.is_recorded && received.is_whole() && received.seal.is_none(),
                "{:?}",
                received.problems
            );
            assert_eq!((received.name.as_str(), received.n_files), ("iris", receipt.files.len()));
            assert_eq!(received.inputs.first().map(String::as_str), Some("sepal_len: double"));
            assert!(received.card.is_some_and(|card| card.starts_with("# iris")));
            assert_eq!(received.snippets, receipt.snippets);
            assert!(received.requirements.iter().any(|line| line.starts_with("scikit-learn==")));
        }
        std::fs::write(dir.path().join("m/conda.yaml"), "x").unwrap();
        assert!(!receive(&dir.path().join("m"), None).unwrap().is_whole());
        assert!(receive(dir.path(), None).is_err());
        std::fs::create_dir(dir.path().join("foreign")).unwrap();
        std::fs::write(dir.path().join("foreign/MLmodel"), "flavors: {}\n").unwrap();
        assert!(!receive(&dir.path().join("foreign"), None).unwrap().is_recorded);
    }

    #[test]
    fn front_matter_is_for_machines() {
        assert_eq!(without_front_matter("---\na: b\n---\n\n# x\n"), "# x\n");
        assert_eq!(without_front_matter("# x\n---\n"), "# x\n---\n");
        assert_eq!(without_front_matter("---\nnever closed"), "---\nnever closed");
    }
}
