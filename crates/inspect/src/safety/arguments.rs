//! The verdict on what calls, instances and states are given.
//!
//! Some known calls run one of their arguments or make an instance of it: `numpy.random`'s makers, `pandas`'s
//! `_new_Index`, `copyreg._reconstructor`. What they were seen to be given is on the lists, by place; any other name,
//! and anything computed at such a place, is not known.

use std::collections::BTreeSet;

use packwright_formats::pickle::{Argument, Given, Global, To};

use super::names::{Known, Use, look_up};
use super::{Finding, Severity, known};
use crate::pickled::PickleFile;

/// Calls whose first argument is the class to make. The reader follows it, and it is judged as made.
const MAKERS: [&str; 6] = [
    "copyreg.__newobj__",
    "copyreg.__newobj_ex__",
    "copyreg._reconstructor",
    "copy_reg.__newobj__",
    "copy_reg.__newobj_ex__",
    "copy_reg._reconstructor",
];

/// Keeps a function and its arguments for whoever calls it.
const PARTIAL: &str = "functools.partial";

/// What pandas 1.3 keeps in a partial for each block of a table, and calls at once.
const BLOCK: &str = "pandas.core.internals.blocks.new_block";

/// What list items may be appended to: it has no attributes that could stand in for `append`.
const LISTS: [&str; 5] =
    ["builtins.list", "builtins.set", "collections.deque", "__builtin__.list", "__builtin__.set"];

/// What may be a state as a whole: it is a dict or keeps plain data, and is never a pair of attributes and slots.
const STATES: [&str; 6] = [
    "builtins.dict",
    "collections.OrderedDict",
    "collections.defaultdict",
    "sklearn.utils.Bunch",
    "sklearn.utils._bunch.Bunch",
    "statsmodels.tools.tools.Bunch",
];

/// Takes a pair as its state in `__setstate__`: a dict and a seed.
const PAIR_STATES: [&str; 1] = ["numpy.random._pickle.__bit_generator_ctor"];

/// Give their second argument back for a dtype of objects: another name for something that the reader knows by its own.
const GIVE_BACK: [&str; 2] = ["numpy._core.multiarray.scalar", "numpy.core.multiarray.scalar"];

/// Makes bytes of a text, as protocols 0 to 2 write them.
const ENCODE: &str = "_codecs.encode";

/// Arrays, which are no attributes: BUILD would break on them.
const ARRAYS: [&str; 4] = [
    "numpy._core.multiarray._reconstruct",
    "numpy._core.numeric._frombuffer",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.numeric._frombuffer",
];

/// The findings on what known names are given. What is not known is judged by its name already.
pub(super) fn judge(file: &PickleFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for global in file.pickle.trace.globals() {
        let usage = if global.called_at.is_some() { Use::Called } else { Use::Made };
        if look_up(&global.module, &global.name, usage) != Known::Yes {
            continue;
        }
        let full = full_name(global);
        let mut whys: BTreeSet<String> = BTreeSet::new();
        for given in &global.given {
            whys.extend(complaint(file, &full, given));
        }
        let offset = global.called_at.or(global.made_at).unwrap_or(global.offset);
        let found = |rule, offset, why| Finding {
            rule,
            severity: Severity::Review,
            what: full.clone(),
            place: format!("byte {offset}"),
            why,
        };
        findings.extend(whys.into_iter().map(|why| found("pickle/unknown-argument", offset, why)));
        if let Some(at) = global.appended_at
            && !LISTS.contains(&full.as_str())
        {
            let why =
                "items are appended to it, and it is no list: what it does with them is not known".to_owned();
            findings.push(found("pickle/odd-target", at, why));
        }
    }
    findings
}

/// Why something that a known name is given is not known.
fn complaint(file: &PickleFile, taker: &str, given: &Given) -> Option<String> {
    let named = |id| file.pickle.trace.globals().get(usize::try_from(id).ok()?).map(full_name);
    let name = match given.what {
        Argument::Global(id) | Argument::MadeBy(id) => named(id),
        Argument::Container | Argument::Unknown => None,
    };
    let name = name.as_deref();
    match (given.to, given.what) {
        (To::Call | To::State, Argument::Global(_)) if taker == PARTIAL && given.place == 0 => {
            let is_plain = name.is_some_and(|name| name == BLOCK || known::only_computes(name));
            (!is_plain).then(|| format!("it keeps {} to be called", name.unwrap_or("something")))
        }
        (To::Call | To::State, _) if taker == PARTIAL => {
            (given.place == 0).then(|| "it keeps something computed to be called".to_owned())
        }
        (To::Call, Argument::MadeBy(_)) if GIVE_BACK.contains(&taker) && name == Some(ENCODE) => None,
        (To::Call, _) if GIVE_BACK.contains(&taker) && given.place == 1 => {
            Some("it gives back what it is given: what is done to it can't be told from the file".to_owned())
        }
        (To::State, _) | (To::Call, Argument::Container) => None,
        (To::Call, _) if given.place == 0 && MAKERS.contains(&taker) => None,
        (To::Call, Argument::Global(_)) => {
            let is_known = name.is_some_and(|name| known::accepts(taker, given.place, name));
            (!is_known)
                .then(|| format!("it is given {}, which it never is in a model", name.unwrap_or("a name")))
        }
        (To::Call, _) => known::takes_names(taker, given.place)
            .then(|| "it is given something computed where a class or function belongs".to_owned()),
        (To::Arguments, _) => Some("its arguments are computed: they can't be told from the file".to_owned()),
        (To::Slots, _) => (!PAIR_STATES.contains(&taker) && !name.is_some_and(|name| ARRAYS.contains(&name)))
            .then(|| "the attributes that it gets are computed: they can't be told from the file".to_owned()),
        (To::WholeState, _) => (!name.is_some_and(|name| STATES.contains(&name))).then(|| {
            "its state is computed: what it does to the object can't be told from the file".to_owned()
        }),
    }
}

fn full_name(global: &Global) -> String {
    format!("{}.{}", global.module, global.name)
}
