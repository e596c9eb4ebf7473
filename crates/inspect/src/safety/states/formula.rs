//! Whether a formula of patsy or formulaic is only arithmetic on columns and the functions that formulas are made of.
//!
//! Both evaluate each factor as Python code. Text that holds nothing but names, numbers, quoted levels, operators and
//! calls of the listed functions cannot do more than that.

use crate::safety::harm::harm;

/// What a formula may call: the libraries' own transforms and contrasts, and NumPy's and Python's plain functions.
#[rustfmt::skip]
const FUNCTIONS: [&str; 45] = [
    "C", "Diff", "Helmert", "I", "Poly", "Q", "Sum", "Treatment", "abs", "bs", "cc", "center", "cr", "cs", "exp",
    "float", "int", "log", "np.abs", "np.absolute", "np.cbrt", "np.cos", "np.exp", "np.expm1", "np.floor", "np.log",
    "np.log10", "np.log1p", "np.log2", "np.maximum", "np.minimum", "np.power", "np.round", "np.sign", "np.sin",
    "np.sqrt", "np.square", "np.tan", "np.tanh", "np.where", "poly", "pow", "scale", "standardize", "te",
];

/// Words of Python that a bracket may follow without a call.
const WORDS: [&str; 7] = ["and", "or", "not", "in", "is", "if", "else"];

/// Words of Python that make functions or loops.
const CODE: [&str; 5] = ["lambda", "for", "yield", "await", "import"];

/// Short names that formulas are written with.
const SHORT: [(&str, &str); 2] = [("np", "numpy"), ("pd", "pandas")];

/// Whether a formula that is not plain does what only an attacker writes: it reaches for underscored attributes, or
/// names what does harm.
pub(super) fn is_harmful(formula: &str) -> bool {
    let names = formula.split(|c| !is_name(c) && c != '.').filter(|name| !name.is_empty());
    formula.contains("__")
        || names.into_iter().any(|name| match name.rsplit_once('.') {
            None => harm("builtins", name).is_some(),
            Some((module, name)) => {
                let module =
                    SHORT.iter().find(|(short, _)| *short == module).map_or(module, |(_, long)| long);
                harm(module, name).is_some()
            }
        })
}

/// The first piece that is not part of a plain formula; `None` when there is none.
pub(super) fn beyond_known(formula: &str) -> Option<String> {
    let mut rest = formula;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            c if is_name_start(c) => {
                let name = take(rest, |c| is_name(c) || c == '.');
                let after = rest.strip_prefix(name)?;
                if after.starts_with(['"', '\'']) {
                    return Some(format!("a quoted text with the prefix {name}"));
                }
                if let Some(odd) = odd_name(name, after.trim_start().starts_with('(')) {
                    return Some(odd);
                }
                name
            }
            '0'..='9' => take(rest, |c| c.is_ascii_digit() || c == '.'),
            '"' | '\'' => match quoted(rest, first) {
                Some(text) => text,
                None => return Some("a quoted text with a backslash or without an end".to_owned()),
            },
            // `)(` and `](` call what the brackets hold.
            ')' if calls_what_is_before(rest) => return Some("a call of something computed".to_owned()),
            ' ' | '\t' | '\n' | '~' | '+' | '-' | '*' | '/' | ':' | '(' | ')' | ',' | '=' | '%' | '^'
            | '|' | '<' | '>' | '&' | '!' => take(rest, |c| c == first).get(..1).unwrap_or_default(),
            other => return Some(format!("{other:?}")),
        };
        rest = rest.get(taken.len()..)?;
    }
    None
}

fn odd_name(name: &str, is_called: bool) -> Option<String> {
    if WORDS.contains(&name) {
        return None;
    }
    if CODE.contains(&name) {
        return Some(name.to_owned());
    }
    if is_called {
        return (!FUNCTIONS.contains(&name)).then(|| format!("a call of {name}"));
    }
    let is_plain =
        !name.contains('.') || (name.starts_with("np.") && FUNCTIONS.contains(&name)) || name == "np.pi";
    (!is_plain || name.starts_with("__")).then(|| name.to_owned())
}

fn calls_what_is_before(rest: &str) -> bool {
    rest.strip_prefix(')').is_some_and(|after| {
        let after = after.trim_start();
        after.starts_with('(') || after.starts_with('.') || after.starts_with('[')
    })
}

/// A quoted text without escapes, quotes included. Python's triple quotes and prefixes do not come up in formulas.
fn quoted(rest: &str, quote: char) -> Option<&str> {
    let inside = rest.strip_prefix(quote)?;
    let end = inside.find(quote)?;
    let text = inside.get(..end)?;
    let whole = rest.get(..end.checked_add(2)?)?;
    let after = rest.get(whole.len()..)?;
    let is_plain = !text.contains('\\') && !text.contains('\n');
    (is_plain && !after.starts_with(['"', '\'', '.', '[', '('])).then_some(whole)
}

fn take(text: &str, fits: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_that_people_write_are_plain() {
        for formula in [
            "y ~ x1 + x2",
            "y ~ C(g, Treatment(reference='b')) * x1 - 1",
            "np.log(y) ~ np.log1p(x1) + I(x1 ** 2) + x1:x2 + bs(x2, df=4)",
            "Q('my column') ~ standardize(x) + C(größe) + np.power(x, 2.5) + 0",
            "y ~ x1 % x2 + (a + b)^2 + I(x > 3)",
        ] {
            assert_eq!(beyond_known(formula), None, "{formula}");
        }
    }

    #[test]
    fn anything_else_is_named() {
        for (formula, odd) in [
            ("y ~ __import__('os').system('ls')", "a call of __import__"),
            ("y ~ eval('1')", "a call of eval"),
            ("y ~ x.__class__", "x.__class__"),
            ("y ~ np.load('a')", "a call of np.load"),
            ("y ~ np.log.__self__", "np.log.__self__"),
            ("y ~ (C)('a')", "a call of something computed"),
            ("y ~ (x).a", "a call of something computed"),
            ("y ~ [x][0]", "'['"),
            ("y ~ {x}", "'{'"),
            ("y ~ 'a\\'", "a quoted text with a backslash or without an end"),
            ("y ~ `x`", "'`'"),
            ("y ~ x @ x", "'@'"),
            ("y ~ x; x", "';'"),
            ("y ~ (lambda: 1)", "lambda"),
            ("y ~ np . load('a')", "'.'"),
            ("y ~ f'{x}'", "a quoted text with the prefix f"),
            ("y ~ 1..__class__", "__class__"),
            ("y ~ my_transform(x)", "a call of my_transform"),
        ] {
            assert_eq!(beyond_known(formula).as_deref(), Some(odd), "{formula}");
        }
    }

    #[test]
    fn only_what_does_harm_is_harmful() {
        for formula in [
            "y ~ __import__('os')",
            "y ~ eval(x)",
            "y ~ os.system('ls')",
            "y ~ np.load('a')",
            "y ~ pd.read_csv('a')",
        ] {
            assert!(is_harmful(formula), "{formula}");
        }
        for formula in ["y ~ my_transform(x)", "y ~ x[0]", "y ~ np.interp(x, x, x)", "y ~ `my column`"] {
            assert!(!is_harmful(formula), "{formula}");
        }
    }
}
