//! What a LightGBM model says, whichever way it was stored.

use std::collections::BTreeMap;

use serde_json::Value;

/// Everything a LightGBM model says, except its trees.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LightgbmModel {
    /// The version of the text format (`v4`), not of the package.
    pub(crate) text_version: Option<String>,
    /// `num_class`: 1 unless the objective tells classes apart.
    pub(crate) n_classes: u64,
    /// How many trees one iteration makes, which is how many values a row gives.
    pub(crate) n_trees_per_iteration: u64,
    /// How many trees there are.
    pub(crate) n_trees: u64,
    /// `binary sigmoid:1`, `regression` …; none for an objective of the person's own.
    pub(crate) objective: Option<String>,
    /// Whether the trees are averaged: a random forest.
    pub(crate) is_averaged: bool,
    /// The names of the features in order. LightGBM makes up `Column_0` … where it was given none.
    pub(crate) feature_names: Vec<String>,
    /// What each feature looked like in training: `[min:max]`, `code:code:…` or `none`.
    pub(crate) feature_infos: Vec<String>,
    /// The parameters of the training.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The categories of each pandas column of categories, in their order; none when it was not trained on such.
    pub(crate) pandas_categorical: Vec<Vec<Value>>,
    /// What is missing at the end of the file, if anything.
    pub(crate) missing: Option<&'static str>,
}

impl LightgbmModel {
    /// The number of features.
    pub(crate) fn n_features(&self) -> usize {
        self.feature_names.len()
    }

    /// Whether the names are those that LightGBM makes up.
    pub(crate) fn has_made_up_names(&self) -> bool {
        let mut names = self.feature_names.iter().enumerate();
        names.all(|(index, name)| name.strip_prefix("Column_") == Some(index.to_string().as_str()))
    }

    /// The objective's name, without its parameters.
    pub(crate) fn objective_name(&self) -> Option<&str> {
        self.objective.as_deref()?.split(' ').next().filter(|name| !name.is_empty())
    }

    /// The positions of the categorical features: those the parameters name, else those that have a list of codes.
    pub(crate) fn categorical(&self) -> Vec<usize> {
        let declared = self.parameters.get("categorical_feature").map(String::as_str).unwrap_or_default();
        let declared: Option<Vec<usize>> = declared
            .split(',')
            .filter(|index| !index.is_empty())
            .map(|index| index.trim().parse().ok().filter(|index| *index < self.n_features()))
            .collect();
        match declared {
            Some(mut declared) if !declared.is_empty() => {
                declared.sort_unstable();
                declared.dedup();
                declared
            }
            _ => {
                let infos = self.feature_infos.iter().enumerate();
                let is_list = |info: &str| !info.starts_with('[') && info != "none" && !info.is_empty();
                infos.filter(|(_, info)| is_list(info)).map(|(index, _)| index).collect()
            }
        }
    }

    /// The categories of each pandas column of categories by its position, where it is clear which column is which.
    pub(crate) fn pandas_columns(&self) -> BTreeMap<usize, &[Value]> {
        let categorical = self.categorical();
        if categorical.len() != self.pandas_categorical.len() {
            return BTreeMap::new();
        }
        categorical.into_iter().zip(self.pandas_categorical.iter().map(Vec::as_slice)).collect()
    }
}
