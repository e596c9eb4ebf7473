//! LightGBM's text models: `key=value` lines, the trees, then feature importances, parameters and the categories of
//! pandas columns. The trees are skipped by the sizes that the head gives for them.

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, ReadError};

use super::model::LightgbmModel;

/// The format in the vocabulary of `inspect --json`.
pub(super) const FORMAT: &str = "lightgbm-text";

/// Reads a text model.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] when it is no such text or contradicts itself; [`ErrorKind::Truncated`] when it ends
/// before its trees do; [`ErrorKind::Limit`] for lines longer than [`Limits::header_bytes`].
pub(crate) fn read_text(source: &dyn ByteSource, limits: &Limits) -> Result<LightgbmModel, ReadError> {
    let mut text = Text {
        cursor: Cursor::over(FORMAT, source, 0),
        budget: Budget::new(*limits),
        model: LightgbmModel::default(),
    };
    match text.line()? {
        Some(line) if line == "tree" => {}
        other => {
            let found = other.map_or("nothing", |_| "something else");
            return Err(ReadError::new(FORMAT, 0, ErrorKind::malformed("first line", "tree", found)));
        }
    }
    let head = text.head()?;
    text.trees(&head)?;
    text.tail()?;
    Ok(text.model)
}

/// What the head says about the trees.
#[derive(Default)]
struct Head {
    max_feature_idx: Option<u64>,
    tree_sizes: Option<Vec<u64>>,
    /// Whether the trees end where the head does: there are none.
    has_end: bool,
}

struct Text<'a> {
    cursor: Cursor<'a>,
    budget: Budget,
    model: LightgbmModel,
}

impl Text<'_> {
    fn head(&mut self) -> Result<Head, ReadError> {
        let mut head = Head::default();
        self.model.n_trees_per_iteration = 1;
        self.model.n_classes = 1;
        loop {
            let at = self.cursor.position();
            // Looked at before it is taken: the line belongs to the first tree.
            if self.cursor.peek_bytes(5)? == b"Tree=" {
                break;
            }
            let Some(line) = self.line()? else { break };
            let (key, value) = line.split_once('=').unwrap_or((line.as_str(), ""));
            let count = |what| {
                let malformed = || ErrorKind::malformed(what, "a count", value.to_owned());
                value.trim().parse::<u64>().map_err(|_not_a_count| ReadError::new(FORMAT, at, malformed()))
            };
            match key {
                "version" => self.model.text_version = Some(value.to_owned()),
                "num_class" => self.model.n_classes = count("num_class")?,
                "num_tree_per_iteration" => {
                    self.model.n_trees_per_iteration = count("num_tree_per_iteration")?;
                }
                "max_feature_idx" => head.max_feature_idx = Some(count("max_feature_idx")?),
                "objective" => self.model.objective = Some(value.to_owned()),
                "average_output" => self.model.is_averaged = true,
                "feature_names" => self.model.feature_names = self.words(value)?,
                "feature_infos" => self.model.feature_infos = self.words(value)?,
                "tree_sizes" => {
                    let sizes: Option<Vec<u64>> =
                        value.split(' ').map(|size| size.trim().parse().ok()).collect();
                    if !value.trim().is_empty() && sizes.is_none() {
                        let kind = ErrorKind::malformed("tree_sizes", "counts", "something else");
                        return Err(ReadError::new(FORMAT, at, kind));
                    }
                    head.tree_sizes = Some(sizes.unwrap_or_default());
                }
                END => {
                    head.has_end = true;
                    break;
                }
                _ => {}
            }
        }
        Ok(head)
    }

    /// Moves past the trees: by their sizes where the head gives them, else line by line.
    fn trees(&mut self, head: &Head) -> Result<(), ReadError> {
        if head.has_end {
            return self.check(head);
        }
        if let Some(sizes) = &head.tree_sizes {
            self.model.n_trees = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
            let total = sizes.iter().fold(0_u64, |sum, size| sum.saturating_add(*size));
            self.cursor.skip(total, "its trees")?;
        }
        loop {
            let at = self.cursor.position();
            match self.line()? {
                // Version 2 and before had no line at the end of the trees.
                None if matches!(self.model.text_version.as_deref(), Some("v3" | "v4")) => {
                    let kind = ErrorKind::Truncated { what: "the end of its trees", missing: 1 };
                    return Err(self.cursor.error(kind));
                }
                None => return self.check(head),
                Some(line) if line == END || line.starts_with("feature importances:") => {
                    return self.check(head);
                }
                Some(line) if line.is_empty() => {}
                // Sizes that were counted before an editor or a checkout changed the line ends. LightGBM goes by
                // them too and cannot load such a file.
                Some(_) if head.tree_sizes.is_some() => {
                    let kind = ErrorKind::malformed("trees", "their end, by tree_sizes", "something else");
                    return Err(ReadError::new(FORMAT, at, kind));
                }
                Some(line) if line.starts_with("Tree=") => {
                    self.model.n_trees = self.model.n_trees.saturating_add(1);
                }
                Some(_) => {}
            }
        }
    }

    /// Whether what the head says about features agrees with itself.
    fn check(&self, head: &Head) -> Result<(), ReadError> {
        let n_features = u64::try_from(self.model.n_features()).unwrap_or(u64::MAX);
        let expected = head.max_feature_idx.map_or(n_features, |last| last.saturating_add(1));
        if expected == n_features && n_features != 0 {
            return Ok(());
        }
        let kind = ErrorKind::malformed("feature_names", format!("{expected} names"), n_features.to_string());
        Err(ReadError::new(FORMAT, 0, kind))
    }

    /// What comes after the trees.
    fn tail(&mut self) -> Result<(), ReadError> {
        let mut is_inside = false;
        while let Some(line) = self.line()? {
            if let Some(json) = line.strip_prefix("pandas_categorical:") {
                self.pandas_categorical(json)?;
            } else if line == "parameters:" {
                is_inside = true;
            } else if line == "end of parameters" {
                is_inside = false;
            } else if is_inside
                && let Some(pair) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'))
            {
                let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
                self.model.parameters.insert(key.to_owned(), value.trim().to_owned());
            }
        }
        if is_inside {
            self.model.missing = Some("the end of its parameters");
        }
        Ok(())
    }

    fn pandas_categorical(&mut self, json: &str) -> Result<(), ReadError> {
        let at = self.cursor.position();
        for _ in json.bytes().filter(|byte| *byte == b',') {
            self.pay()?;
        }
        // `null` where it was not trained on a frame.
        let lists: Option<Vec<Vec<serde_json::Value>>> = serde_json::from_str(json).map_err(|error| {
            let kind = ErrorKind::malformed("pandas_categorical", "lists of categories", error.to_string());
            ReadError::new(FORMAT, at, kind)
        })?;
        self.model.pandas_categorical = lists.unwrap_or_default();
        Ok(())
    }

    fn words(&mut self, text: &str) -> Result<Vec<String>, ReadError> {
        let mut words = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            self.pay()?;
            words.push(word.to_owned());
        }
        Ok(words)
    }

    fn pay(&mut self) -> Result<(), ReadError> {
        if self.budget.value() {
            return Ok(());
        }
        let limit = self.budget.limits().values;
        Err(self.cursor.error(ErrorKind::Limit { what: "values", asked: limit.saturating_add(1), limit }))
    }

    /// The next line without its end; `None` at the end of the text.
    fn line(&mut self) -> Result<Option<String>, ReadError> {
        let start = self.cursor.position();
        let limit = self.budget.limits().header_bytes;
        let mut line = Vec::new();
        loop {
            let at_hand = self.cursor.buffer()?;
            if at_hand.is_empty() {
                if line.is_empty() {
                    return Ok(None);
                }
                break;
            }
            let end = at_hand.iter().position(|byte| *byte == b'\n');
            let n = end.unwrap_or(at_hand.len());
            line.extend_from_slice(at_hand.get(..n).unwrap_or_default());
            self.cursor.consume(n.saturating_add(usize::from(end.is_some())));
            let asked = u64::try_from(line.len()).unwrap_or(u64::MAX);
            if limit < asked {
                return Err(ReadError::new(FORMAT, start, ErrorKind::Limit { what: "a line", asked, limit }));
            }
            if end.is_some() {
                break;
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        // Names may be in any encoding.
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }
}

/// The line after the last tree.
const END: &str = "end of trees";
