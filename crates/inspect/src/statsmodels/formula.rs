//! The columns that a formula of patsy or formulaic reads.

/// Words that are no columns.
const WORDS: [&str; 8] = ["True", "False", "None", "and", "or", "not", "in", "if"];

/// The names on the right of `~`, in order of appearance: no functions, no keyword arguments, no attributes. Names in
/// `Q("…")` and in back ticks count.
pub(super) fn variables(formula: &str) -> Vec<String> {
    let right = formula.split_once('~').map_or(formula, |(_, right)| right);
    let mut names: Vec<String> = Vec::new();
    let mut rest = right;
    let mut before = String::new();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '"' | '\'' | '`' => {
                let inside = rest.get(1..).unwrap_or_default();
                let text = inside.split(first).next().unwrap_or_default();
                if first == '`' || before.ends_with("Q(") {
                    names.push(text.to_owned());
                }
                text.len().saturating_add(2)
            }
            c if c.is_alphabetic() || c == '_' => {
                let name = word(rest);
                let after = rest.get(name.len()..).unwrap_or_default().trim_start();
                let is_keyword = after.starts_with('=') && !after.starts_with("==");
                let is_column = !after.starts_with('(') && !after.starts_with('.') && !before.ends_with('.');
                // np.log, Treatment(reference="b")
                if is_column && !is_keyword && !WORDS.contains(&name) {
                    names.push(name.to_owned());
                }
                name.len()
            }
            c if c.is_ascii_digit() => number(rest),
            c => c.len_utf8(),
        };
        let (taken, left) = rest.split_at_checked(len).unwrap_or((rest, ""));
        before.push_str(taken.trim());
        rest = left;
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// A number with its exponent: the `e` of `1e-3` is no name.
fn number(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_formula_are_its_names_without_its_functions() {
        for (formula, names) in [
            ("y ~ x1 + x2", &["x1", "x2"][..]),
            ("y ~ C(g, Treatment(reference='b')) * x1 - 1", &["g", "x1"]),
            ("np.log(y) ~ np.log1p(x1) + I(x1 ** 2) + bs(x2, df=4)", &["x1", "x2"]),
            ("y ~ Q('my column') + Q(\"other\") + `third one`", &["my column", "other", "third one"]),
            ("y ~ center(größe) + 1e-3 * x + 0", &["größe", "x"]),
            ("y ~ I(a == 3) + (b + c) ** 2", &["a", "b", "c"]),
            ("y ~ 1", &[]),
        ] {
            assert_eq!(variables(formula), names, "{formula}");
        }
    }
}
