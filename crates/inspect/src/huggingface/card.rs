//! The front matter of a model card: a few lines of YAML at the top of `README.md`.
//!
//! Read: keys at the margin with a text or a list of texts. Everything nested is passed over.

/// Keys and their texts, in the order of the file.
pub(super) fn front_matter(text: &str) -> Vec<(String, Vec<String>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return Vec::new();
    }
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        if line.trim_end() == "---" {
            return entries;
        }
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            if let Some((_, items)) = entries.last_mut().filter(|_| !item.contains(": ")) {
                items.push(plain(item));
            }
        } else if !line.starts_with([' ', '\t', '#'])
            && let Some((key, value)) = line.split_once(':')
        {
            entries.push((key.trim().to_owned(), values(value.trim())));
        }
    }
    // Without its end it is no front matter but a rule and text.
    Vec::new()
}

fn values(value: &str) -> Vec<String> {
    if value.is_empty() {
        return Vec::new();
    }
    match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        Some(list) => list.split(',').map(plain).filter(|item| !item.is_empty()).collect(),
        None => vec![plain(value)],
    }
}

/// A text without the quotes around it.
fn plain(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_lists_at_the_margin_are_read_and_what_is_nested_is_not() {
        let text = "---\nlicense: apache-2.0\ntags:\n- a\n  - \"b c\"\nlanguage: [en, 'de']\nempty:\nmodel-index:\n- name: x\n  \
                    results: 3\n---\n# Title\nkey: value\n";
        let entries = front_matter(text);
        let shown: Vec<_> = entries.iter().map(|(key, items)| (key.as_str(), items.join("|"))).collect();
        let expected = [
            ("license", "apache-2.0"),
            ("tags", "a|b c"),
            ("language", "en|de"),
            ("empty", ""),
            ("model-index", ""),
        ];
        assert_eq!(shown, expected.map(|(key, items)| (key, items.to_owned())));
        for text in ["", "# Title\n", "---\nlicense: mit\n", "----\na: b\n---\n"] {
            assert_eq!(front_matter(text), [], "{text:?}");
        }
    }
}
