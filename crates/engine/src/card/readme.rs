//! The model card: front matter as the Hugging Face Hub reads it, then what a person wants to know.
//!
//! Everything that comes from the artifact stands in code spans, so that no name in a file becomes a link or HTML. What
//! the person wrote stands as they wrote it.

use std::path::Path;

use packwright_inspect::{Sourced, SourcedSchema};
use packwright_mlflow::schema::{ColSpec, TensorSpec};

use super::{BOM, SUMS, tag_text};
use crate::draft::{Draft, sentence};
use crate::flavors::Layout;
use crate::metadata::{Author, MetadataField};
use crate::receipt::PackageKind;
use crate::{names, snippets};

/// More rows than this are left to the MLmodel.
const MOST_ROWS: usize = 200;

/// The card of a draft.
pub(crate) fn readme(draft: &Draft, layout: &Layout) -> Vec<u8> {
    let mut out = front_matter(draft, layout);
    out.push_str(&format!("\n# {}\n", plain(&draft.name().value)));
    if draft.description().is_empty() {
        out.push_str(&format!("\n{}\n", what_it_is(draft)));
    } else {
        out.push_str(&format!("\n{}\n", draft.description().trim()));
    }
    out.push_str(&details(draft));
    let metadata = draft.metadata();
    for (title, field) in [
        ("Intended use", MetadataField::IntendedUse),
        ("Limits", MetadataField::Limitations),
        ("Training data", MetadataField::TrainingData),
    ] {
        let text = metadata.text(field);
        if !text.is_empty() {
            out.push_str(&format!("\n## {title}\n\n{text}\n"));
        }
    }
    let metrics = metadata.metrics();
    if !metrics.is_empty() {
        out.push_str("\n## Metrics\n\n| metric | value | measured on |\n|---|---|---|\n");
        for metric in metrics {
            let dataset = metric.dataset.as_deref().unwrap_or("not said");
            out.push_str(&format!(
                "| {} | {} | {} |\n",
                plain(&metric.name),
                plain(&metric.value),
                plain(dataset)
            ));
        }
    }
    out.push_str(&signature(draft));
    out.push_str("\n## Use it\n");
    let folder = names::portable(&draft.name().value);
    for snippet in snippets::snippets(draft, layout, Path::new(&folder), PackageKind::Folder) {
        let language = if snippet.title.contains("Python") || snippet.title.contains("estimator") {
            "python"
        } else {
            "sh"
        };
        out.push_str(&format!("\n{}:\n\n```{language}\n{}\n```\n", snippet.title, snippet.text));
    }
    out.push_str(&safety(draft));
    out.push_str(&format!(
        "\n## Check it\n\n`{SUMS}` has the SHA-256 of every file, `{BOM}` is a CycloneDX bill of materials. In this folder:\n\n\
         ```sh\nsha256sum --quiet -c {SUMS}\n```\n\n\
         On Windows, in PowerShell:\n\n\
         ```powershell\nGet-Content {SUMS} | ForEach-Object {{ $h, $f = $_ -split '  ', 2; if ((Get-FileHash $f).Hash -ne $h) {{ \"$f is changed\" }} }}\n```\n"
    ));
    let links = metadata.links();
    if !links.is_empty() {
        out.push_str("\n## Links\n\n");
        for link in links {
            out.push_str(&format!("- [{}](<{}>)\n", plain(&link.label), link.url));
        }
    }
    out.into_bytes()
}

/// Only what is known: the Hub shows a missing key as missing.
fn front_matter(draft: &Draft, layout: &Layout) -> String {
    let metadata = draft.metadata();
    let mut out = String::from("---\n");
    let license = metadata.text(MetadataField::License);
    if !license.is_empty() {
        // The Hub knows single licences by their identifiers in lower case; everything else is `other` with a name.
        if spdx::license_id(license).is_some() {
            out.push_str(&format!("license: {}\n", quoted(&license.to_lowercase())));
        } else {
            out.push_str(&format!("license: other\nlicense_name: {}\n", quoted(license)));
        }
    }
    if let Some(library) = layout.blocks.iter().map(|(name, _)| *name).find(|name| *name != "python_function")
    {
        out.push_str(&format!("library_name: {}\n", quoted(library)));
    }
    let task = metadata.text(MetadataField::Task);
    if !task.is_empty() {
        out.push_str(&format!("pipeline_tag: {}\n", quoted(task)));
    }
    out.push_str("tags:\n- mlflow\n");
    for tag in draft.tags() {
        out.push_str(&format!("- {}\n", quoted(&tag_text(&tag.key, &tag.value))));
    }
    out.push_str("---\n");
    out
}

/// One sentence where the person wrote none.
fn what_it_is(draft: &Draft) -> String {
    let inspection = draft.inspection();
    let class = inspection.model_class.as_ref().map(|class| code(&class.value));
    let framework = inspection.framework.as_ref().map(|framework| plain(&framework.value));
    match (class, framework) {
        (Some(class), Some(framework)) => format!("A model of {framework}: {class}."),
        (None, Some(framework)) => format!("A model of {framework}."),
        _ => "A model.".to_owned(),
    }
}

fn details(draft: &Draft) -> String {
    let inspection = draft.inspection();
    let metadata = draft.metadata();
    let mut rows: Vec<(&str, String)> = Vec::new();
    let mut said = |label, field| {
        let text = metadata.text(field);
        if !text.is_empty() {
            rows.push((label, plain(text)));
        }
    };
    said("Version", MetadataField::Version);
    said("Licence", MetadataField::License);
    said("Task", MetadataField::Task);
    let authors: Vec<String> = metadata.authors().iter().map(author).collect();
    if !authors.is_empty() {
        rows.push(("Authors", authors.join(", ")));
    }
    let version = inspection.framework_version.as_ref();
    if let Some(framework) = &inspection.framework {
        let version = version.map_or_else(|| "version unknown".to_owned(), |version| version.value.clone());
        rows.push(("Framework", code(&format!("{} {version}", framework.value))));
    }
    if let Some(class) = &inspection.model_class {
        rows.push(("Class", code(&class.value)));
    }
    rows.push(("Python", code(&draft.python().value)));
    rows.push(("Made from", code(&draft.made_from().0)));
    let mut out = String::from("\n| | |\n|---|---|\n");
    for (label, value) in rows {
        out.push_str(&format!("| {label} | {value} |\n"));
    }
    out
}

fn author(author: &Author) -> String {
    match &author.email {
        Some(email) => format!("{} ({})", plain(&author.name), plain(email)),
        None => plain(&author.name),
    }
}

fn signature(draft: &Draft) -> String {
    let signature = draft.signature();
    let mut out = String::from("\n## What goes in and what comes out\n");
    for (title, side) in [("Inputs", &signature.inputs), ("Outputs", &signature.outputs)] {
        match side {
            None => out.push_str(&format!("\n{title}: not known.\n")),
            Some(SourcedSchema::Columns(columns)) => {
                out.push_str(&format!("\n{title}:\n\n| column | type | source |\n|---|---|---|\n"));
                for Sourced { value, source } in columns.iter().take(MOST_ROWS) {
                    out.push_str(&format!(
                        "| {} | {} | {} |\n",
                        column(value),
                        code(&value.ty.to_string()),
                        plain(source)
                    ));
                }
                out.push_str(&rest(columns.len()));
            }
            Some(SourcedSchema::Tensors(tensors)) => {
                out.push_str(&format!("\n{title}:\n\n| tensor | type and shape | source |\n|---|---|---|\n"));
                for Sourced { value, source } in tensors.iter().take(MOST_ROWS) {
                    let shape = code(&format!("{}{:?}", value.dtype, value.shape));
                    out.push_str(&format!("| {} | {shape} | {} |\n", tensor(value), plain(source)));
                }
                out.push_str(&rest(tensors.len()));
            }
        }
    }
    out
}

fn rest(n_rows: usize) -> String {
    match n_rows.checked_sub(MOST_ROWS) {
        Some(more) if 0 < more => format!("\nand {more} more, in the `MLmodel`.\n"),
        _ => String::new(),
    }
}

fn column(column: &ColSpec) -> String {
    let name = column.name.as_ref().map_or_else(|| "unnamed".to_owned(), |name| code(&name.to_string()));
    if column.required { name } else { format!("{name} (optional)") }
}

fn tensor(tensor: &TensorSpec) -> String {
    tensor.name.as_ref().map_or_else(|| "unnamed".to_owned(), |name| code(name))
}

fn safety(draft: &Draft) -> String {
    let safety = &draft.inspection().safety;
    format!(
        "\n## What loading it runs\n\nRead without running it, the model was judged **{}**. {}\n",
        safety.verdict().word(),
        plain(&sentence(&safety.summary))
    )
}

/// Text that means itself in Markdown and in a cell of a table.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_control() => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A code span, whatever stands in it.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A YAML string that is read as itself.
fn quoted(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::draft;
    use crate::{Edit, flavors};

    fn card(edits: Vec<Edit>) -> String {
        let mut draft = draft(|_| {});
        for edit in edits {
            draft.apply(edit).unwrap();
        }
        let layout = flavors::layout(&draft, None).unwrap();
        String::from_utf8(readme(&draft, &layout)).unwrap()
    }

    #[test]
    fn what_was_not_said_is_not_in_the_card() {
        let text = card(Vec::new());
        for absent in ["license", "pipeline_tag", "## Intended use", "## Metrics", "## Links", "Authors"] {
            assert!(!text.contains(absent), "{absent}\n{text}");
        }
        assert!(
            text.starts_with("---\n") && text.contains("## Use it") && text.contains("sha256sum"),
            "{text}"
        );
    }

    #[test]
    fn what_the_person_said_is_in_the_card() {
        let said = [
            (MetadataField::License, "Apache-2.0"),
            (MetadataField::Task, "tabular-classification"),
            (MetadataField::Authors, "Ada Lovelace <ada@example.org>"),
            (MetadataField::IntendedUse, "For **teaching**."),
            (MetadataField::Metrics, "accuracy = 0.97 on the test set"),
            (MetadataField::Links, "Paper: https://example.org/p"),
        ];
        let mut edits: Vec<Edit> = said
            .iter()
            .map(|(field, value)| Edit::SetMetadata { field: *field, value: (*value).into() })
            .collect();
        edits.push(Edit::SetTag { key: "team".into(), value: "it's: risk".into() });
        let text = card(edits);
        for present in [
            "license: 'apache-2.0'\n",
            "pipeline_tag: 'tabular-classification'\n",
            "- 'team:it''s: risk'\n",
            "| Authors | Ada Lovelace (ada@example.org) |",
            "## Intended use\n\nFor **teaching**.\n",
            "| accuracy | 0.97 | the test set |",
            "- [Paper](<https://example.org/p>)",
        ] {
            assert!(text.contains(present), "{present}\n{text}");
        }
        let text = card(vec![Edit::SetMetadata {
            field: MetadataField::License,
            value: "MIT OR Apache-2.0".into(),
        }]);
        assert!(text.contains("license: other\nlicense_name: 'MIT OR Apache-2.0'\n"), "{text}");
    }

    #[test]
    fn names_of_a_file_stay_names() {
        assert_eq!(code("a`b``c|d\ne"), "```a`b``c\\|d e```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(plain("<img src=x> [a](b) | c"), "\\<img src=x\\> \\[a\\](b) \\| c");
    }
}
