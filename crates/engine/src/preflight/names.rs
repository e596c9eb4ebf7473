//! What each place takes as the name of a model.

use super::Place;

/// The longest name that `SageMaker` takes.
const SAGEMAKER_LONGEST: usize = 63;

/// The longest name of an Azure model.
const AZURE_LONGEST: usize = 255;

/// A name that the place takes, as near as can be; `None` when it takes this one.
pub(super) fn better(place: Place, name: &str) -> Option<String> {
    let new = match place {
        // Letters, digits and hyphens, 63 of them, none at the ends.
        Place::SageMaker => shaped(name, '-', SAGEMAKER_LONGEST, |c| c.is_ascii_alphanumeric() || c == '-'),
        // Letters, digits, hyphens, underscores and dots, beginning with a letter or digit.
        Place::AzureMl => {
            shaped(name, '-', AZURE_LONGEST, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        }
        // A dot ends the schema's name; blanks and slashes are refused.
        Place::UnityCatalog => {
            shaped(name, '_', AZURE_LONGEST, |c| !matches!(c, '.' | '/' | ' ' | ':') && !c.is_control())
        }
        _ => return None,
    };
    (new != name).then_some(new)
}

/// The name with every other sign replaced, runs of replacements made one.
fn shaped(name: &str, instead: char, longest: usize, fits: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for c in name.chars().take(longest) {
        if fits(c) {
            out.push(c);
        } else if !out.ends_with(instead) {
            out.push(instead);
        }
    }
    let out = out.trim_matches(['-', '_', '.']);
    if out.is_empty() { "model".to_owned() } else { out.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_gets_a_name_that_it_takes() {
        for (place, name, wanted) in [
            (Place::SageMaker, "churn_model v1.2", Some("churn-model-v1-2")),
            (Place::SageMaker, "churn", None),
            (Place::AzureMl, "churn_model.v1", None),
            (Place::AzureMl, "Modèle été", Some("Mod-le-t")),
            (Place::UnityCatalog, "churn v1.2", Some("churn_v1_2")),
            (Place::UnityCatalog, "Modèle", None),
            (Place::Serve, "a b.c", None),
            (Place::SageMaker, "漢字", Some("model")),
        ] {
            assert_eq!(better(place, name).as_deref(), wanted, "{place:?} {name}");
        }
        assert_eq!(better(Place::SageMaker, &"a".repeat(70)).unwrap().len(), 63);
    }
}
