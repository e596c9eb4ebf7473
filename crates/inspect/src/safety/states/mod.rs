//! Classes that are known and yet run code for some states: what their `__setstate__` evaluates or calls is read here.
//!
//! statsmodels writes a formula model without its design and evaluates the formula again when it is loaded, with all
//! of Python at hand. A distribution of SciPy keeps the source of three of its methods and evaluates that. A few more classes call a method of their own that the state can replace.

use std::collections::BTreeMap;

use packwright_formats::pickle::{Call, Entries, Global, Node, Object, Tree, Value};

use super::{Finding, Severity};
use crate::pickled::PickleFile;

mod distribution;
mod formula;

/// Modules, a class of theirs (`*`: all), and the attributes that must not be in its state: its `__setstate__` or
/// `__del__` calls them, looks them up or opens what they name.
const REPLACEABLE: [(&str, &str, &[&str]); 8] = [
    ("catboost.core", "*", &["_load_from_string", "_set_test_evals"]),
    ("lightgbm.basic", "Booster", &["free_network"]),
    // `tmp_pkl_`: releases before 1.2 unpickled the file of that name.
    ("pmdarima.arima.arima", "ARIMA", &["_warn_for_older_version", "tmp_pkl_"]),
    ("scipy.optimize._optimize", "OptimizeResult", &["__setstate__"]),
    ("scipy.optimize.optimize", "OptimizeResult", &["__setstate__"]),
    ("scipy.optimize", "OptimizeResult", &["__setstate__"]),
    ("sklearn.isotonic", "IsotonicRegression", &["_build_f"]),
    ("statsmodels.discrete.discrete_model", "NegativeBinomial", &["_initialize"]),
];

/// What a pickled `DataFrame` holds when pandas wrote it; anything else could stand in for one of its methods.
const FRAME: [&str; 8] = ["_mgr", "_data", "_typ", "_metadata", "attrs", "_flags", "_item_cache", "_is_copy"];

/// The findings on states that a load would run, or that could not be read.
pub(super) fn judge(file: &PickleFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<u32, u64> = BTreeMap::new();
    for object in file.pickle.tree.objects() {
        let Value::Global(id) = object.callee else { continue };
        let Some(class) = file.pickle.trace.global(object.callee) else { continue };
        let rule = Rule::of(&class.module, &class.name);
        let Some(rule) = rule else { continue };
        let count = seen.entry(id).or_default();
        *count = count.saturating_add(1);
        let what = format!("{}.{}", class.module, class.name);
        findings.extend(rule.judge(file, object).map(|(severity, name, why)| Finding {
            rule: name,
            severity,
            what,
            place: format!("byte {}", object.offset),
            why,
        }));
    }
    // An object that was not kept has a state that was not read.
    for global in file.pickle.trace.globals() {
        if Rule::of(&global.module, &global.name).is_none() {
            continue;
        }
        let kept: u64 = seen
            .iter()
            .filter_map(|(id, n)| {
                let found = file.pickle.trace.global(Value::Global(*id))?;
                (found.module == global.module && found.name == global.name).then_some(*n)
            })
            .sum();
        if kept < global.uses {
            findings.push(Finding {
                rule: "pickle/state-not-read",
                severity: Severity::Review,
                what: format!("{}.{}", global.module, global.name),
                place: format!("byte {}", global.offset),
                why: "what loading runs depends on the state of each instance, and not all could be kept"
                    .to_owned(),
            });
        }
    }
    findings
}

/// Methods that models keep a reference to, bound to themselves: class and method.
const BOUND: [(&str, &str, &str); 1] = [("statsmodels.tsa.exponential_smoothing.ets", "ETSModel", "loglike")];

/// Whether every `getattr` in the file only takes a listed method of a listed model.
pub(super) fn takes_own_methods_alone(file: &PickleFile, getattr: &Global) -> bool {
    let (tree, trace) = (&file.pickle.tree, &file.pickle.trace);
    let is_own = |object: &Object| {
        let [owner, name] = tree.items(object.args)? else { return None };
        let class = trace.global(tree.object(*owner).filter(|owner| owner.call == Call::New)?.callee)?;
        let name = tree.text(*name)?;
        Some(BOUND.contains(&(class.module.as_str(), class.name.as_str(), name)))
    };
    let mut taken: u64 = 0;
    for object in tree.objects().filter(|object| trace.global(object.callee) == Some(getattr)) {
        if is_own(object) != Some(true) {
            return false;
        }
        taken = taken.saturating_add(1);
    }
    0 < taken && taken == getattr.uses
}

/// What to look at in a state.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// A formula is evaluated.
    Formula,
    /// The template of a distribution's methods is evaluated.
    Distribution,
    /// These attributes would be called, or opened.
    Absent(&'static [&'static str]),
}

type Judged = Option<(Severity, &'static str, String)>;

impl Rule {
    fn of(module: &str, name: &str) -> Option<Self> {
        if module == "statsmodels.base.data" {
            return Some(Self::Formula);
        }
        if matches!(module, "scipy.stats._continuous_distns" | "scipy.stats._discrete_distns") {
            return Some(Self::Distribution);
        }
        let found = REPLACEABLE
            .iter()
            .find(|(of, class, _)| *of == module && (matches!(*class, "*") || *class == name))?;
        Some(Self::Absent(found.2))
    }

    fn judge(self, file: &PickleFile, object: &Object) -> Judged {
        let tree = &file.pickle.tree;
        let keys = match object.state {
            Some(state) => text_keys(tree, state),
            None => Some(Vec::new()),
        };
        // A dict's items answer for its attributes in some classes.
        let (Some(mut keys), Some(items)) = (keys, item_keys(tree, &object.entries)) else {
            let why = "loading runs what its state says, and the state is no plain dict of names".to_owned();
            return Some((Severity::Review, "pickle/odd-state", why));
        };
        keys.extend(items);
        match self {
            Self::Distribution => distribution::judge(tree, object.state?, &keys),
            Self::Absent(names) => {
                let bad = names.iter().find(|name| keys.contains(name))?;
                let why = format!("its state holds {bad}, which loading would call or open");
                Some((Severity::Dangerous, "pickle/replaced-method", why))
            }
            Self::Formula => {
                let restores = ["restore_design_info", "restore_model_spec"];
                if !keys.iter().any(|key| restores.contains(key)) {
                    return None;
                }
                evaluated(tree, file, object.state?)
            }
        }
    }
}

/// A formula that loading would evaluate.
fn evaluated(tree: &Tree, file: &PickleFile, state: Value) -> Judged {
    let formula = tree.entry(state, "formula").and_then(|formula| tree.text(formula));
    let Some(formula) = formula else {
        let why = "loading evaluates its formula, and the formula is no plain text".to_owned();
        return Some((Severity::Review, "pickle/formula", why));
    };
    let shown: String = formula.chars().take(120).collect();
    if let Some(odd) = formula::beyond_known(formula) {
        let why = format!(
            "loading evaluates its formula {shown:?} as Python code; {odd} is not part of a plain formula"
        );
        let severity = if formula::is_harmful(formula) { Severity::Dangerous } else { Severity::Review };
        return Some((severity, "pickle/formula", why));
    }
    // The columns come first when the formula's names are looked up, so only a real table may hold them.
    let frame = tree.entry(state, "frame");
    if frame.is_some_and(|frame| is_table(tree, file, frame)) {
        return None;
    }
    let why = format!("loading evaluates its formula {shown:?} over something that is not a plain table");
    Some((Severity::Review, "pickle/formula", why))
}

fn is_table(tree: &Tree, file: &PickleFile, frame: Value) -> bool {
    let Some(object) = tree.object(frame) else { return false };
    let Some(class) = file.pickle.trace.global(object.callee) else { return false };
    let is_class =
        class.name == "DataFrame" && matches!(class.module.as_str(), "pandas" | "pandas.core.frame");
    let keys = object.state.and_then(|state| text_keys(tree, state));
    is_class
        && object.call == Call::New
        && keys.is_some_and(|keys| keys.iter().all(|key| FRAME.contains(key)))
}

/// The keys of a dict whose entries are all kept and all texts.
fn text_keys(tree: &Tree, state: Value) -> Option<Vec<&str>> {
    let Some(Node::Dict(entries)) = tree.get(state) else { return None };
    item_keys(tree, entries)
}

fn item_keys<'a>(tree: &'a Tree, entries: &Entries) -> Option<Vec<&'a str>> {
    if u64::try_from(entries.kept.len()).ok() != Some(entries.len) {
        return None;
    }
    entries.kept.iter().map(|(key, _)| tree.text(*key)).collect()
}
