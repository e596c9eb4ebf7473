//! The state of a SciPy distribution, which holds the source of three of its methods.
//!
//! `rv_generic.__setstate__` evaluates `_parse_arg_template` (SciPy 1.6 to 1.18, `stats/_distn_infrastructure.py`). SciPy
//! fills a fixed text with the names of the shape parameters; only that text, to the letter, is what it wrote.

use packwright_formats::pickle::{Tree, Value};

use super::super::Severity;
use super::Judged;

/// What `__setstate__` calls on the object itself.
const CALLED: [&str; 2] = ["_attach_methods", "_attach_argparser_methods"];

const TEMPLATE: &str = "_parse_arg_template";

/// What loading a distribution would evaluate or call that SciPy did not write.
pub(super) fn judge(tree: &Tree, state: Value, keys: &[&str]) -> Judged {
    if let Some(called) = CALLED.iter().find(|name| keys.contains(name)) {
        let why = format!("its state holds {called}, which loading would call");
        return Some((Severity::Dangerous, "pickle/replaced-method", why));
    }
    let n_templates = keys.iter().filter(|key| **key == TEMPLATE).count();
    let template = tree.entry(state, TEMPLATE).and_then(|template| tree.text(template));
    match template {
        Some(template) if n_templates == 1 && is_of_scipy(template) => None,
        Some(template) if n_templates == 1 => {
            let shown: String = template.chars().take(120).collect();
            let why = format!("loading evaluates {shown:?} as Python code, which is not what SciPy writes");
            Some((Severity::Dangerous, "pickle/template", why))
        }
        _ => {
            let why = "loading evaluates a text as Python code, and which one cannot be told".to_owned();
            Some((Severity::Review, "pickle/template", why))
        }
    }
}

/// Whether a template is SciPy's own, with nothing but names filled in.
fn is_of_scipy(template: &str) -> bool {
    let filled = || {
        let given = template.strip_prefix("\ndef _parse_args(self, ")?.split_once("):\n")?.0;
        let scaled =
            given.strip_suffix(" loc=0, scale=1").map(|shapes| (shapes, "loc=0, scale=1", "loc, scale"));
        let (shapes, takes, gives) =
            scaled.or_else(|| given.strip_suffix(" loc=0").map(|shapes| (shapes, "loc=0", "loc, 1")))?;
        are_names(shapes).then(|| written(shapes, takes, gives))
    };
    filled().is_some_and(|filled| filled == template)
}

/// `a, b, `: every name with what follows it.
fn are_names(shapes: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    shapes.is_empty() || shapes.strip_suffix(", ").is_some_and(|names| names.split(", ").all(is_name))
}

fn written(shapes: &str, takes: &str, gives: &str) -> String {
    format!(
        "\ndef _parse_args(self, {shapes} {takes}):\n    return ({shapes}), {gives}\n\n\
         def _parse_args_rvs(self, {shapes} {takes}, size=None):\n    \
         return self._argcheck_rvs({shapes} {gives}, size=size)\n\n\
         def _parse_args_stats(self, {shapes} {takes}, moments='mv'):\n    return ({shapes}), {gives}, moments\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIFORM: &str = "\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\n\
        def _parse_args_rvs(self,  loc=0, scale=1, size=None):\n    \
        return self._argcheck_rvs( loc, scale, size=size)\n\n\
        def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):\n    return (), loc, scale, moments\n";

    #[test]
    fn only_the_text_that_scipy_writes_is_its_template() {
        assert!(is_of_scipy(UNIFORM));
        assert!(is_of_scipy(&written("a, b, ", "loc=0, scale=1", "loc, scale")));
        assert!(is_of_scipy(&written("mu, ", "loc=0", "loc, 1")));
        for (old, new) in [
            ("(self,  loc", "(self, a=print(1),  loc"),
            ("(), loc, scale\n", "(), loc, scale\nprint(1)\n"),
            ("moments\n", "moments\nimport os\n"),
            ("scale=1", "scale=2"),
            ("\ndef", "import os\ndef"),
        ] {
            assert!(!is_of_scipy(&UNIFORM.replacen(old, new, 1)), "{new}");
        }
        for shapes in ["a=print(1), ", "a b, ", "a", "1a, ", "a,, ", ", "] {
            assert!(!is_of_scipy(&written(shapes, "loc=0", "loc, 1")), "{shapes}");
        }
        assert!(!is_of_scipy(""));
    }
}
