//! The requirement lines: mlflow first, the artifact's own, and what those leave open but need.

use packwright_inspect::{
    Inspection, LoaderCall, Requirement, Serving, SourcedSchema, SourcedSignature, TorchWeightsForm,
};
use packwright_mlflow::requirement::Requirement as Line;

mod forecasters;

use super::{MLFLOW_VERSION, distribution, major_minor, mlflow_for, pinned};
use crate::flavors::is_beside_native;

/// The upper bounds that scikit-learn needs from a version on, newest first: its code of that time breaks on what
/// came later (`numpy.float` went in NumPy 1.24, `DataFrame.iteritems` in pandas 2, SciPy's private modules in 1.8
/// and 1.10, object-typed string columns in pandas 3). `None`: no bound is known to be needed.
const BOUNDS: [((u32, u32), Bounds); 7] = [
    ((1, 8), Bounds { numpy: None, scipy: None, pandas: None }),
    ((1, 5), Bounds { numpy: None, scipy: None, pandas: Some("3") }),
    ((1, 2), Bounds { numpy: Some("2"), scipy: Some("1.16"), pandas: Some("3") }),
    ((1, 1), Bounds { numpy: Some("2"), scipy: Some("1.12"), pandas: Some("2.1") }),
    ((1, 0), Bounds { numpy: Some("1.24"), scipy: Some("1.10"), pandas: Some("2") }),
    ((0, 22), Bounds { numpy: Some("1.24"), scipy: Some("1.8"), pandas: Some("2") }),
    ((0, 0), Bounds { numpy: Some("1.20"), scipy: Some("1.6"), pandas: Some("1.2") }),
];

/// Exclusive upper bounds.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    numpy: Option<&'static str>,
    scipy: Option<&'static str>,
    pandas: Option<&'static str>,
}

/// All lines for a package that runs on `python`: mlflow first, then the artifact's `own`, then what is added here with
/// the reason in each line's source.
pub(crate) fn requirements_for(
    inspection: &Inspection,
    own: &[Requirement],
    signature: &SourcedSignature,
    python: &str,
) -> Vec<Requirement> {
    let mlflow = mlflow_for(python);
    let mut lines = vec![line(format!("mlflow=={}", mlflow.value), mlflow.source)];
    lines.extend(own.iter().filter(|line| distribution(&line.requirement) != "mlflow").cloned());
    wrappers(&mut lines);
    forecasters::bounds(&mut lines);
    let sklearn = lines
        .iter()
        .find(|line| distribution(&line.requirement) == "scikit-learn")
        .and_then(|line| pinned(&line.requirement));
    let bounds = sklearn.as_deref().and_then(major_minor).and_then(bounds_of);
    let because = |what: &str| {
        let version = sklearn.as_deref().unwrap_or_default();
        format!("scikit-learn {version} does not run on later releases of {what}")
    };
    if let Some(bounds) = bounds {
        bound(&mut lines, "numpy", bounds.numpy, &because("NumPy"));
        bound(&mut lines, "scipy", bounds.scipy, &because("SciPy"));
        bound(&mut lines, "pandas", bounds.pandas, &because("pandas"));
    }
    if matches!(signature.inputs, Some(SourcedSchema::Columns(_))) {
        add(&mut lines, "pandas", "the inputs are columns, which MLflow hands over as a DataFrame");
    }
    if let Serving::PickleLoader { path, call, .. } = &inspection.serving {
        if !is_beside_native(path, *call) {
            add(&mut lines, "joblib", "the generated loader opens the file with it");
        }
        match call {
            LoaderCall::XgboostBooster => add(&mut lines, "xgboost", "the generated loader builds a DMatrix"),
            LoaderCall::LightgbmBooster => add(&mut lines, "lightgbm", "the model is a LightGBM booster"),
            LoaderCall::Pmdarima => add(&mut lines, "pandas", "the generated loader answers with a table"),
            LoaderCall::Predict
            | LoaderCall::TorchModule
            | LoaderCall::Transform
            | LoaderCall::FitPredict
            | LoaderCall::StatsmodelsSeries => {}
        }
    }
    if let Serving::SklearnSkops { .. } = inspection.serving {
        add(&mut lines, "skops", "MLflow opens the file with it");
    }
    match inspection.serving {
        Serving::Keras | Serving::KerasLoader { .. } | Serving::KerasWeights { .. } => {
            add(&mut lines, "tensorflow", "Keras runs on it unless KERAS_BACKEND names another library");
        }
        Serving::TensorflowKeras { .. } => {
            add(&mut lines, "tensorflow", "MLflow's tensorflow flavor imports it");
        }
        _ => {}
    }
    if let Serving::TorchWeights { allowed, .. } = &inspection.serving
        && !allowed.is_empty()
    {
        at_least(&mut lines, "torch", "2.6", "the generated code names the classes that the file may hold");
    }
    if let Serving::TorchWeights { form, .. } = inspection.serving {
        add(&mut lines, "numpy", "the generated code takes and gives arrays");
        if form == TorchWeightsForm::Safetensors {
            add(&mut lines, "torch", "the generated code builds the network with it");
            add(&mut lines, "safetensors", "the generated code opens the file with it");
        }
    }
    if inspection.format == "cloudpickle" {
        add(&mut lines, "cloudpickle", "the file was written with it");
    }
    lines
}

/// The scikit-learn wrappers of XGBoost and LightGBM break on scikit-learn 1.6's tags before the releases named here;
/// without a recorded scikit-learn the line would resolve to the newest.
fn wrappers(lines: &mut [Requirement]) {
    let version = |lines: &[Requirement], name: &str| {
        let line = lines.iter().find(|line| distribution(&line.requirement) == name)?;
        numbers(&pinned(&line.requirement)?)
    };
    let old_xgboost = version(lines, "xgboost").is_some_and(|version| version < [2, 1, 4]);
    let old_lightgbm = version(lines, "lightgbm").is_some_and(|version| version < [4, 6, 0]);
    let (name, first) = match (old_xgboost, old_lightgbm) {
        (true, _) => ("XGBoost", "2.1.4"),
        (_, true) => ("LightGBM", "4.6.0"),
        _ => return,
    };
    if let Some(line) = lines.iter_mut().find(|line| line.requirement == "scikit-learn") {
        line.requirement.push_str("<1.6");
        line.source = format!("{}; {name} runs on scikit-learn 1.6 from {first} on", line.source);
    }
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut out = [0; 3];
    for (slot, part) in out.iter_mut().zip(version.split('.')) {
        *slot = part.parse().ok()?;
    }
    Some(out)
}

fn bounds_of(version: (u32, u32)) -> Option<Bounds> {
    BOUNDS.iter().find(|(from, _)| *from <= version).map(|(_, bounds)| *bounds)
}

/// Adds `name<bound`, or puts the bound on an existing line that has none. A line with any version of its own wins:
/// it was read from the file.
fn bound(lines: &mut Vec<Requirement>, name: &str, bound: Option<&str>, reason: &str) {
    let Some(bound) = bound else { return };
    match lines.iter_mut().find(|line| distribution(&line.requirement) == name) {
        None => lines.push(line(format!("{name}<{bound}"), reason)),
        Some(line) if line.requirement == name => {
            line.requirement = format!("{name}<{bound}");
            line.source = format!("{}; {reason}", line.source);
        }
        // NumPy's name in a pickle only says 1 or 2; the tighter bound includes it.
        Some(line) if line.requirement == "numpy<2" && bound != "2" => {
            line.requirement = format!("{name}<{bound}");
            line.source = format!("{}; {reason}", line.source);
        }
        Some(_) => {}
    }
}

/// Raises the lower bound of a line that pins no version.
fn at_least(lines: &mut [Requirement], name: &str, least: &str, reason: &str) {
    if let Some(line) = lines.iter_mut().find(|line| distribution(&line.requirement) == name)
        && pinned(&line.requirement).is_none()
    {
        line.requirement = format!("{name}>={least}");
        line.source = format!("{}; {reason}", line.source);
    }
}

/// Adds a line for a distribution that has none.
pub(crate) fn add(lines: &mut Vec<Requirement>, name: &str, reason: &str) {
    if !lines.iter().any(|line| distribution(&line.requirement) == name) {
        lines.push(line(name, reason));
    }
}

fn line(requirement: impl Into<String>, source: impl Into<String>) -> Requirement {
    Requirement { requirement: requirement.into(), source: source.into() }
}

/// Why a text is no requirement line; `None` when it is one. Judges the shape, not whether it can be installed.
pub(crate) fn requirement_problem(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("a requirement is one line".into());
    }
    if !text.is_ascii() {
        return Some(
            "a requirement is plain ASCII: other signs break on systems with another encoding".into(),
        );
    }
    if text.starts_with('-') || text.starts_with('#') {
        return Some(format!(
            "\"{text}\" is an option, and a package carries only --index-url, --extra-index-url and --find-links; write a \
             package like pandas==2.2.3"
        ));
    }
    let Some(requirement) = Line::parse(text) else {
        return Some(format!(
            "\"{text}\" is not a package and its versions; write it like pandas==2.2.3 or pandas>=2,<3"
        ));
    };
    let versions = requirement.specifiers.as_str();
    let fits = versions.is_empty() || versions.split(',').all(is_clause);
    let name = requirement.name;
    (!fits).then(|| format!("\"{versions}\" is not a version; write it like {name}==1.2.3 or {name}>=1.2,<2"))
}

/// An operator and one version.
fn is_clause(clause: &str) -> bool {
    let operators = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];
    let version =
        operators.into_iter().find_map(|operator| clause.strip_prefix(operator)).unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '*' | '+' | '!' | '-' | '_');
    !version.is_empty() && version.chars().all(fits)
}

/// Whether the lines install MLflow at all.
pub(crate) fn installs_mlflow(lines: &[Requirement]) -> bool {
    lines.iter().any(|line| distribution(&line.requirement) == "mlflow")
}

/// The MLflow version that the package says it was written by: the required one where it is pinned.
pub(crate) fn mlflow_version(lines: &[Requirement]) -> String {
    let line = lines.iter().find(|line| distribution(&line.requirement) == "mlflow");
    line.and_then(|line| pinned(&line.requirement)).unwrap_or_else(|| MLFLOW_VERSION.to_owned())
}

#[cfg(test)]
mod tests;
