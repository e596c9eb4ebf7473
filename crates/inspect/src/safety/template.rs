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
    let mut add = |(rule, severity, why): (&'static str, Severity, &str), what: String| {
        let finding = Finding { rule, severity, what, place: place.to_owned(), why: why.to_owned() };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    };
    for code in code_of(template) {
        let tokens = tokens_of(code);
        for (index, token) in tokens.iter().enumerate() {
            let before = |n: usize| index.checked_sub(n).and_then(|index| tokens.get(index));
            match token {
                Token::Name(name) if is_dunder(name) => add(DUNDER, format!("{name} in the chat template")),
                Token::Name(name) if name == "attr" && before(1) == Some(&Token::Sign('|')) => {
                    add(ATTR, "the filter attr in the chat template".to_owned());
                }
                Token::Name(name)
                    if REACHES.contains(&name.as_str()) && before(1) != Some(&Token::Sign('.')) =>
                {
                    add(REACH, format!("{name} in the chat template"));
                }
                Token::Name(name) if index == 0 && LOADS.contains(&name.as_str()) => {
                    add(LOAD, format!("{name} in the chat template"));
                }
                Token::Text(text) if text.contains("__") => {
                    let is_key = before(1) == Some(&Token::Sign('['))
                        || before(2) == Some(&Token::Name("attr".to_owned()));
                    let what = format!("the text {text:?} in the chat template");
                    add(if is_key { DUNDER } else { TEXT }, what);
                }
                Token::Text(text) if text.contains("%c") => {
                    add(TEXT, format!("the text {text:?} in the chat template"));
                }
                _ => {}
            }
        }
    }
    findings
}

/// The rules: id, severity, reason.
const DUNDER: (&str, Severity, &str) = (
    "template/dunder",
    Severity::Dangerous,
    "it leads from a value to Python's own objects: a program that renders it without a sandbox runs what follows",
);
const TEXT: (&str, Severity, &str) = (
    "template/text",
    Severity::Review,
    "it may be a part of a name with underscores, which leads to Python's own objects",
);
const ATTR: (&str, Severity, &str) =
    ("template/attr", Severity::Review, "it reads attributes by computed names, which no template needs");
const REACH: (&str, Severity, &str) = (
    "template/reach",
    Severity::Review,
    "it is an object of Jinja's own through which templates have reached Python",
);
const LOAD: (&str, Severity, &str) =
    ("template/import", Severity::Review, "it loads another template, which is not in the file");

/// What loads other templates, at the start of a block.
const LOADS: [&str; 4] = ["import", "include", "extends", "from"];

/// What stands in `{{ }}` and `{% %}`. A block that is not closed reaches to the end.
fn code_of(template: &str) -> Vec<&str> {
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
        let is_comment = closer == "#}";
        let (inside, behind) = split_at_closer(chars.as_str(), closer, is_comment);
        if !is_comment {
            blocks.push(inside.trim_start_matches(['-', '+']));
        }
        rest = behind;
    }
    blocks
}

/// What comes before and after the closer. One in a text closes nothing, except in a comment, which has no texts.
fn split_at_closer<'a>(code: &'a str, closer: &str, is_comment: bool) -> (&'a str, &'a str) {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in code.char_indices() {
        let rest = code.get(at..).unwrap_or_default();
        if quote.is_none()
            && let Some(behind) = rest.strip_prefix(closer)
        {
            return (code.get(..at).unwrap_or_default(), behind);
        }
        match quote {
            _ if is_escaped => is_escaped = false,
            Some(_) if c == '\\' => is_escaped = true,
            Some(open) if c == open => quote = None,
            None if !is_comment && (c == '\'' || c == '"') => quote = Some(c),
            _ => {}
        }
    }
    (code, "")
}

/// A piece of Jinja.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    /// A text without its quotes, its escapes resolved; texts that are put together are one.
    Text(String),
    Sign(char),
}

fn tokens_of(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' || c == '"' {
            let mut raw = String::new();
            while let Some(inner) = chars.next().filter(|inner| *inner != c) {
                raw.push(inner);
                if inner == '\\' {
                    raw.extend(chars.next());
                }
            }
            push_text(&mut tokens, &unescaped(&raw));
        } else if c.is_alphanumeric() || c == '_' {
            let mut name = c.to_string();
            while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || *next == '_') {
                name.push(next);
            }
            tokens.push(Token::Name(name));
        } else if !c.is_whitespace() {
            tokens.push(Token::Sign(c));
        }
    }
    tokens
}

/// Adds a text, or puts it to the one that it is joined to: by a sign, or by standing behind it.
fn push_text(tokens: &mut Vec<Token>, text: &str) {
    if matches!(tokens.last(), Some(Token::Sign('~' | '+')))
        && matches!(tokens.iter().rev().nth(1), Some(Token::Text(_)))
    {
        tokens.pop();
    }
    match tokens.last_mut() {
        Some(Token::Text(before)) => before.push_str(text),
        _ => tokens.push(Token::Text(text.to_owned())),
    }
}

/// The one sign that names are hidden with. Python has three ways to write it as a number.
fn unescaped(raw: &str) -> String {
    let mut text = raw.to_owned();
    for escape in ["\\x5f", "\\x5F", "\\u005f", "\\u005F", "\\U0000005f", "\\137"] {
        text = text.replace(escape, "_");
    }
    text
}

fn is_dunder(word: &str) -> bool {
    word.starts_with("__") && 4 < word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_out_of_jinja_are_found_and_ordinary_templates_are_not() {
        let cases: [(&str, Option<(&str, Severity)>); 20] = [
            ("{{ ''.__class__.__mro__ }}", Some(("template/dunder", Severity::Dangerous))),
            ("{{ x['__cla' ~ 'ss__'] }}", Some(("template/dunder", Severity::Dangerous))),
            ("{{ x['__cla'+'ss__'] }}", Some(("template/dunder", Severity::Dangerous))),
            (r"{{ x['\x5f\x5fclass'] }}", Some(("template/dunder", Severity::Dangerous))),
            ("{{ x | attr('__class__') }}", Some(("template/attr", Severity::Review))),
            ("{% set a = '__cla' %}", Some(("template/text", Severity::Review))),
            ("{{ x['%c' | format(95)] }}", Some(("template/text", Severity::Review))),
            ("{{ 'a }}' }}{{ b.__init__ }}", Some(("template/dunder", Severity::Dangerous))),
            ("{{ x | attr('y') }}", Some(("template/attr", Severity::Review))),
            ("{% for x in lipsum.f %}", Some(("template/reach", Severity::Review))),
            ("{%- include 'a' %}", Some(("template/import", Severity::Review))),
            ("{% for m in messages %}{{ '<|im_start|>' + m['role'] }}{% endfor %}", None),
            ("{% set ns = namespace(a=false) %}{{ raise_exception('No') }}{{ x | tojson | trim }}", None),
            ("{# __class__ #} __init__ in text", None),
            ("{{ messages[0].content.split('</think>')[-1] }}", None),
            ("{{ \"}}\" ~ x.__class__ }}", Some(("template/dunder", Severity::Dangerous))),
            (r"{{ 'it\'s }}' ~ x.__class__ }}", Some(("template/dunder", Severity::Dangerous))),
            ("{# it's #}{{ x.__class__ }}", Some(("template/dunder", Severity::Dangerous))),
            ("{{ tool.self }}{{ message.from }}{{ x['from'] }}", None),
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
