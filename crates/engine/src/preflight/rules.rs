//! The rules, place by place.

use packwright_inspect::SourcedSchema;
use packwright_inspect::safety::Verdict;
use packwright_mlflow::schema::{ColumnType, DataType};

use super::{Check, Facts, Fix, Outcome, Place, image, names};
use crate::draft::{Draft, Section};
use crate::edit::Edit;

/// All rules of a place that say something of the draft.
pub(super) fn of(place: Place, facts: &Facts<'_>) -> Vec<Check> {
    let mut checks = vec![facts.loads.clone(), inputs(place, facts), environment(place, facts)];
    checks.extend(outputs(place, facts));
    checks.extend(name(place, facts));
    checks.extend(safety(place, facts));
    checks.extend(example(place, facts));
    match place {
        Place::Pyfunc | Place::AzureMl | Place::UnityCatalog => {}
        Place::Serve | Place::SageMaker => checks.push(mlflow(facts)),
        Place::MlServer => {
            checks.extend(codec(facts));
            checks.push(image::check(facts));
        }
        Place::SparkUdf => checks.extend(spark(facts)),
    }
    if matches!(place, Place::Serve | Place::SageMaker) {
        checks.extend(openmp(facts));
    }
    checks
}

pub(super) fn pass(text: impl Into<String>) -> Check {
    Check { outcome: Outcome::Pass, text: text.into(), fix: None }
}

pub(super) fn warn(text: impl Into<String>, section: Section) -> Check {
    Check { outcome: Outcome::Warn, text: text.into(), fix: Some(Fix::Section(section)) }
}

fn fail(text: impl Into<String>, section: Section) -> Check {
    Check { outcome: Outcome::Fail, text: text.into(), fix: Some(Fix::Section(section)) }
}

/// Whether MLflow loads the package at all.
pub(super) fn loads(draft: &Draft) -> Check {
    match draft.export_blocked() {
        Some(why) => fail(why, Section::Overview),
        None if draft.modules().iter().any(|module| !module.is_complete()) => fail(
            "Loading fails: the package lacks code of yours that the model imports.",
            Section::Environment,
        ),
        None if draft.trust().iter().any(|ty| !ty.is_trusted) => {
            fail("Loading fails: skops refuses types that you have not trusted.", Section::Safety)
        }
        None => pass("MLflow has a flavor that loads it."),
    }
}

fn inputs(place: Place, facts: &Facts<'_>) -> Check {
    if facts.signature.inputs.is_some() {
        return pass("The signature says what goes in.");
    }
    match place {
        Place::UnityCatalog => fail(
            "Unity Catalog refuses models whose signature does not say what goes in.",
            Section::Signature,
        ),
        Place::MlServer => fail(
            "Without inputs in the signature MLServer cannot choose how to decode a request.",
            Section::Signature,
        ),
        Place::AzureMl => {
            fail("Deploying without code needs a signature that says what goes in.", Section::Signature)
        }
        Place::Pyfunc | Place::Serve | Place::SageMaker => warn(
            "The signature does not say what goes in: MLflow passes on whatever callers send.",
            Section::Signature,
        ),
        Place::SparkUdf => warn(
            "Without inputs in the signature the columns must be given in the model's order.",
            Section::Signature,
        ),
    }
}

fn outputs(place: Place, facts: &Facts<'_>) -> Option<Check> {
    let is_known = facts.signature.outputs.is_some();
    match (place, is_known) {
        (Place::UnityCatalog, true) => Some(pass("The signature says what comes out.")),
        (Place::UnityCatalog, false) => {
            Some(fail("Unity Catalog refuses signatures that do not say what comes out.", Section::Signature))
        }
        (Place::SparkUdf, false) => Some(warn(
            "Without outputs in the signature spark_udf returns doubles, unless result_type names another type.",
            Section::Signature,
        )),
        _ => None,
    }
}

fn environment(place: Place, facts: &Facts<'_>) -> Check {
    let is_rebuilt = !matches!(place, Place::Pyfunc | Place::MlServer);
    if !facts.broken.is_empty() {
        let text = format!("These requirements do not install together: {}.", facts.broken.join(", "));
        return if is_rebuilt { fail(text, Section::Environment) } else { warn(text, Section::Environment) };
    }
    if is_rebuilt && !facts.elsewhere.is_empty() {
        let text = format!(
            "The environment can only be built where this can be reached: {}.",
            facts.elsewhere.join(", ")
        );
        return warn(text, Section::Environment);
    }
    match &facts.open_framework {
        Some(framework) => warn(
            format!(
                "No version of {framework} is asked for: the newest is installed, which may not load the model."
            ),
            Section::Environment,
        ),
        None => pass("The requirements name the versions that the model was made with."),
    }
}

fn mlflow(facts: &Facts<'_>) -> Check {
    if facts.has_mlflow {
        pass("The environment has MLflow, which answers the requests.")
    } else {
        fail("The environment lacks MLflow, which answers the requests.", Section::Environment)
    }
}

fn name(place: Place, facts: &Facts<'_>) -> Option<Check> {
    let name = facts.draft.name().value;
    if !matches!(place, Place::UnityCatalog | Place::SageMaker | Place::AzureMl) {
        return None;
    }
    let Some(better) = names::better(place, &name) else {
        return Some(pass(format!("\u{201c}{name}\u{201d} is a name that it takes.")));
    };
    Some(Check {
        outcome: Outcome::Fail,
        text: format!("{} does not take \u{201c}{name}\u{201d} as a name.", place.name()),
        fix: Some(Fix::Edit { label: format!("Name it {better}"), edit: Edit::SetName { name: better } }),
    })
}

fn safety(place: Place, facts: &Facts<'_>) -> Option<Check> {
    let is_remote = !matches!(place, Place::Pyfunc | Place::SparkUdf);
    match facts.draft.inspection().safety.verdict() {
        Verdict::Dangerous => Some(fail("Loading it runs what can do harm.", Section::Safety)),
        Verdict::Unscanned => Some(warn(
            "A part of it could not be read: what loading it runs is not known in full.",
            Section::Safety,
        )),
        Verdict::Review if is_remote && !facts.is_reviewed => {
            Some(warn("Loading it runs code that nobody has looked at yet.", Section::Safety))
        }
        Verdict::Review | Verdict::Safe => None,
    }
}

/// The example is the call that people try first: as a table where the model is loaded, as a request where it answers.
fn example(place: Place, facts: &Facts<'_>) -> Option<Check> {
    let is_in_python = match place {
        Place::Pyfunc => true,
        Place::Serve | Place::SageMaker | Place::AzureMl => false,
        Place::UnityCatalog | Place::MlServer | Place::SparkUdf => return None,
    };
    let problems = || facts.example_problems.iter().filter(|problem| problem.is_in_python == is_in_python);
    let worst = problems().find(|problem| problem.is_refused).or_else(|| problems().next());
    let Some(worst) = worst else {
        // A table alone is checked value by value, and only as a request is every example known.
        let is_known = facts.is_example_checked && !is_in_python;
        return is_known.then(|| pass("The example passes the signature."));
    };
    let at = if worst.column.is_empty() { String::new() } else { format!("{}: ", worst.column) };
    let others = match problems().count().saturating_sub(1) {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let what = if is_in_python { "sample" } else { "example" };
    Some(if worst.is_refused {
        fail(format!("MLflow refuses the {what}. {at}{}{others}.", worst.text), Section::Signature)
    } else {
        warn(
            format!("The model gets something else than the {what} says. {at}{}{others}.", worst.text),
            Section::Signature,
        )
    })
}

/// `MLServer` has no codec for these.
fn codec(facts: &Facts<'_>) -> Option<Check> {
    let SourcedSchema::Columns(columns) = facts.signature.inputs.as_ref()? else { return None };
    let nested = columns.iter().filter(|column| {
        matches!(column.value.ty, ColumnType::Array(_) | ColumnType::Object(_) | ColumnType::Map(_))
    });
    let names: Vec<String> = nested
        .map(|column| column.value.name.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string))
        .collect();
    (!names.is_empty()).then(|| {
        warn(
            format!("MLServer decodes plain columns alone; these are nested: {}.", names.join(", ")),
            Section::Signature,
        )
    })
}

fn spark(facts: &Facts<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    match &facts.signature.inputs {
        Some(SourcedSchema::Tensors(tensors)) => {
            let text = if tensors.len() == 1 {
                "The input is a tensor: pass one column of arrays, not the features as columns."
            } else {
                "The inputs are tensors: pass a struct with an array for each."
            };
            checks.push(warn(text, Section::Signature));
        }
        Some(SourcedSchema::Columns(columns)) => {
            let is_unnamed = columns.iter().any(|column| column.value.name.is_none());
            let has_any = columns.iter().any(|column| matches!(column.value.ty, ColumnType::Any));
            let has_binary =
                columns.iter().any(|column| matches!(column.value.ty, ColumnType::Scalar(DataType::Binary)));
            if is_unnamed {
                checks.push(warn(
                    "The columns have no names: they must be given in the model's order.",
                    Section::Signature,
                ));
            }
            if has_any {
                checks.push(warn("Spark checks no column whose type is unknown.", Section::Signature));
            }
            if !is_unnamed && !has_any && !has_binary {
                checks.push(pass("Spark matches its columns by their names."));
            }
        }
        None => {}
    }
    checks
}

/// `MLflow` adds the library to its slim image for LightGBM's and Paddle's flavors alone.
fn openmp(facts: &Facts<'_>) -> Option<Check> {
    let needs = facts.distributions.iter().find(|name| matches!(name.as_str(), "xgboost" | "lightgbm"))?;
    let has_flavor = facts.draft.inspection().flavor() == Some("lightgbm");
    (!has_flavor).then(|| Check {
        outcome: Outcome::Warn,
        text: format!("In a slim image {needs} needs the system library libgomp1, which MLflow does not add: install it in the Dockerfile."),
        fix: None,
    })
}
