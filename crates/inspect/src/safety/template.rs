//! Chat templates: Jinja that programs render with what callers send. Programs without a sandbox have run what such a
//! template says (CVE-2024-34359, CVE-2026-5760).
//!
//! Nothing is rendered. What stands between the braces is looked through for the ways out of Jinja: attributes with
//! double underscores, by their name or by one that is put together.

use super::{Finding, Severity};

/// Names through which Jinja reaches Python without an attribute of the caller's.
const REACHES: [&str; 4] = ["lipsum", "cycler", "joiner", "self"];

/// What a template does that none needs.
pub(crate) fn judge(template: &str, place: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |rule, severity, what: String, why: &str| {
        let finding = Finding { rule, severity, what, place: place.to_owned(), why: why.to_owned() };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    };
    for code in code_of(template) {
        let words = words_of(&code);
        if let Some(name) = words.iter().find(|word| is_dunder(word)) {
            add(
                "template/dunder",
                Severity::Dangerous,
                format!("{name} in the chat template"),
                "it leads from a value to Python's own objects: a program that renders it without a sandbox runs what \
                 follows",
            );
        } else if code.contains("__")
            || code.contains("\\x5f")
            || code.contains("\\137")
            || code.contains("\\u005f")
        {
            add(
                "template/hidden-dunder",
                Severity::Dangerous,
                "a hidden name with underscores in the chat template".to_owned(),
                "no template needs to hide a name; it may lead to Python's own objects",
            );
        }
        let squeezed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if squeezed.contains("|attr(") {
            add(
                "template/attr",
                Severity::Review,
                "the filter attr in the chat template".to_owned(),
                "it reads attributes by computed names, which no template needs",
            );
        }
        if let Some(name) = words.iter().find(|word| REACHES.contains(&word.as_str())) {
            add(
                "template/reach",
                Severity::Review,
                format!("{name} in the chat template"),
                "it is an object of Jinja's own through which templates have reached Python",
            );
        }
        if let Some(word) =
            words.first().filter(|word| matches!(word.as_str(), "import" | "include" | "extends" | "from"))
        {
            add(
                "template/import",
                Severity::Review,
                format!("{word} in the chat template"),
                "it loads another template, which is not in the file",
            );
        }
    }
    findings
}

/// What stands in `{{ }}` and `{% %}`. A block that is not closed reaches to the end.
fn code_of(template: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let closer = match after.chars().next() {
            Some('{') => "}}",
            Some('%') => "%}",
            Some('#') => "#}",
            _ => {
                rest = after;
                continue;
            }
        };
        let mut chars = after.chars();
        chars.next();
        let (inside, behind) = chars.as_str().split_once(closer).unwrap_or((chars.as_str(), ""));
        if closer != "#}" {
            blocks.push(inside.trim_start_matches(['-', '+']).trim().to_owned());
        }
        rest = behind;
    }
    blocks
}

/// The names and the texts of a piece of Jinja, texts that are put together as one.
fn words_of(code: &str) -> Vec<String> {
    let joined: String = code
        .chars()
        .filter(|c| !c.is_whitespace() || *c == ' ')
        .collect::<String>()
        .replace("' ~ '", "")
        .replace("'~'", "")
        .replace("' + '", "")
        .replace("'+'", "")
        .replace("\"~\"", "")
        .replace("\"+\"", "");
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    joined.split(|c| !is_part(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn is_dunder(word: &str) -> bool {
    word.starts_with("__") && 4 < word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_out_of_jinja_are_found_and_ordinary_templates_are_not() {
        let cases: [(&str, Option<(&str, Severity)>); 12] = [
            ("{{ ''.__class__.__mro__ }}", Some(("template/dunder", Severity::Dangerous))),
            ("{{ x['__cla' ~ 'ss__'] }}", Some(("template/dunder", Severity::Dangerous))),
            ("{{ x['__cla'+'ss__'] }}", Some(("template/dunder", Severity::Dangerous))),
            (r"{{ x['\x5f\x5fclass'] }}", Some(("template/hidden-dunder", Severity::Dangerous))),
            ("{{ x | attr('y') }}", Some(("template/attr", Severity::Review))),
            ("{% for x in lipsum.f %}", Some(("template/reach", Severity::Review))),
            ("{%- include 'a' %}", Some(("template/import", Severity::Review))),
            ("{% for m in messages %}{{ '<|im_start|>' + m['role'] }}{% endfor %}", None),
            ("{% set ns = namespace(a=false) %}{{ raise_exception('No') }}{{ x | tojson | trim }}", None),
            ("{# __class__ #} __init__ in text", None),
            ("{{ messages[0].content.split('</think>')[-1] }}", None),
            ("{", None),
        ];
        for (template, expected) in cases {
            let found = judge(template, "here");
            let first = found.first().map(|finding| (finding.rule, finding.severity));
            assert_eq!(first, expected, "{template}");
        }
        assert_eq!(judge("{{ ''.__class__", "here").len(), 1);
    }
}
