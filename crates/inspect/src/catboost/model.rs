//! What both forms of a CatBoost model hold, as far as it is read.

use super::info::Info;

/// More features than any model we know of has.
pub(super) const MAX_FEATURES: u64 = 250_000;

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Cbm,
    Json,
}

/// A model without its trees.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CatboostModel {
    pub(super) container: Container,
    /// In the order of the columns; those that the file does not describe are [`FeatureKind::Undescribed`].
    pub(super) features: Vec<Feature>,
    pub(super) n_trees: u64,
    /// How many numbers the trees give per row.
    pub(super) n_dimensions: u64,
    pub(super) info: Info,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feature {
    pub(super) kind: FeatureKind,
    /// The column's position.
    pub(super) flat_index: u64,
    /// `None` where the model was trained on data without names.
    pub(super) name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeatureKind {
    Number(Borders),
    Categorical,
    Text,
    Embedding,
    /// The file is silent about this column.
    Undescribed,
}

/// What the borders at which trees split a number tell of the values in training: each lies between two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Borders {
    /// The trees do not use the feature.
    None,
    /// Wholes and halves, as between whole numbers.
    Halves,
    /// At least one that does not lie between whole numbers.
    Fractions,
}

impl Borders {
    /// What some of the borders tell.
    pub(super) fn of(borders: impl IntoIterator<Item = f64>) -> Self {
        let mut seen = Self::None;
        for border in borders {
            seen = if (border * 2.0).fract() == 0.0 { Self::Halves } else { return Self::Fractions };
        }
        seen
    }
}

impl CatboostModel {
    /// Puts the features into the order of the columns; `Err` says what is wrong with their positions.
    pub(super) fn in_order(mut features: Vec<Feature>) -> Result<Vec<Feature>, String> {
        features.sort_by_key(|feature| feature.flat_index);
        let mut out: Vec<Feature> = Vec::with_capacity(features.len());
        for feature in features {
            if MAX_FEATURES <= feature.flat_index {
                return Err(format!("column {}", feature.flat_index));
            }
            let next = |out: &Vec<Feature>| u64::try_from(out.len()).unwrap_or(u64::MAX);
            if feature.flat_index < next(&out) {
                return Err(format!("two features in column {}", feature.flat_index));
            }
            while next(&out) < feature.flat_index {
                out.push(Feature { kind: FeatureKind::Undescribed, flat_index: next(&out), name: None });
            }
            out.push(feature);
        }
        Ok(out)
    }

    /// Whether the names say no more than the positions do.
    pub(super) fn has_made_up_names(&self) -> bool {
        self.features.iter().all(|feature| feature.name.is_none())
    }

    pub(super) fn is_numbers_only(&self) -> bool {
        self.features.iter().all(|feature| matches!(feature.kind, FeatureKind::Number(_)))
    }
}

impl Feature {
    /// A column; names that are empty or its own position are none, as in training data without names.
    pub(super) fn new(kind: FeatureKind, flat_index: u64, name: Option<String>) -> Self {
        let name = name.filter(|name| !name.is_empty() && *name != flat_index.to_string());
        Self { kind, flat_index, name }
    }

    /// What CatBoost calls it: its position when it has no name.
    pub(super) fn called(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.flat_index.to_string())
    }
}
