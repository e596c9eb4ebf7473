//! The Python version that code by value ties a file to: bytecode runs on the minor version that wrote it, and on no
//! other.

use packwright_formats::pickle::PythonRange;

use super::PickleFile;
use crate::Sourced;

/// The version, where the bytecode leaves only one; the newest of those that it leaves, as an assumption.
pub(super) fn python(file: &PickleFile) -> Option<Sourced<String>> {
    let (range, name) = range(file)?;
    let PythonRange { first, last } = range?;
    let last = last?;
    let source = if first == last {
        format!("bytecode of {name}: it runs on no other version")
    } else {
        format!("assumed: the bytecode is of one of 3.{first} to 3.{last}")
    };
    Some(Sourced::new(format!("3.{last}"), source))
}

/// What a person must know where the bytecode leaves several.
pub(super) fn warning(file: &PickleFile) -> Option<String> {
    let (range, _) = range(file)?;
    let begin = "The file carries bytecode, which runs only on the Python minor version that wrote it";
    match range {
        Some(PythonRange { first, last: Some(last) }) if first == last => None,
        Some(PythonRange { first, last: Some(last) }) => {
            Some(format!("{begin}: one of 3.{first} to 3.{last}. Which one is not in the file."))
        }
        Some(PythonRange { first, last: None }) => {
            Some(format!("{begin}: 3.{first} or newer. Which one is not in the file."))
        }
        None => Some(format!("{begin}. Which one can't be told from the file.")),
    }
}

/// The versions that all of the code allows, and the code that narrows them most; `None` when there is no code. The
/// range is `None` when no version allows all of it.
fn range(file: &PickleFile) -> Option<(Option<PythonRange>, String)> {
    let trace = &file.pickle.trace;
    let mut codes = trace.carried().iter().filter_map(|value| file.pickle.code(*value));
    let Some(first) = codes.next() else {
        return (0 < trace.n_carried() && has_code(file)).then(|| (None, String::new()));
    };
    let (mut range, mut name) = (Some(first.python), first.qualname.unwrap_or(first.name));
    for code in codes {
        let both = range.and_then(|range| range.and(code.python));
        if both != range {
            range = both;
            name = code.qualname.unwrap_or(code.name);
        }
    }
    Some((range, name.to_owned()))
}

/// Whether there is a code object, of whatever layout.
fn has_code(file: &PickleFile) -> bool {
    let is_code = |value: &_| file.pickle.origin(*value) == packwright_formats::pickle::Origin::Code;
    file.pickle.trace.carried().iter().any(is_code)
}
