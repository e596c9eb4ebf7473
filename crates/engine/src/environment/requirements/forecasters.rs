//! What releases of Prophet, pmdarima and PyTorch need that their own metadata does not say.

use packwright_inspect::Requirement;

use super::{bound, numbers};
use crate::environment::{distribution, pinned};

/// From which release on a library runs with the next release of another one: library, first release without the bound,
/// the other library, the bound.
const BOUNDS: [(&str, [u32; 3], &str, &str); 9] = [
    // The release notes and the conda recipe of Prophet; `np.float_` went in NumPy 2.
    ("prophet", [1, 1, 6], "numpy", "2"),
    ("prophet", [1, 2, 1], "cmdstanpy", "1.3.0"),
    ("prophet", [1, 2, 2], "pandas", "3"),
    // Compiled against NumPy 1, and built on functions of scikit-learn, SciPy and pandas that went.
    ("pmdarima", [2, 1, 0], "numpy", "2"),
    ("pmdarima", [2, 1, 0], "scikit-learn", "1.8"),
    ("pmdarima", [2, 1, 0], "pandas", "3"),
    ("pmdarima", [2, 1, 0], "scipy", "1.16"),
    ("pmdarima", [2, 1, 0], "setuptools", "81"),
    // The release notes of PyTorch: built against NumPy 1 until then, with which it shares arrays.
    ("torch", [2, 3, 0], "numpy", "2"),
];

/// Adds the bounds that the pinned lines need.
pub(super) fn bounds(lines: &mut Vec<Requirement>) {
    for (library, first, other, limit) in BOUNDS {
        let line = lines.iter().find(|line| distribution(&line.requirement) == library);
        let Some(version) = line.and_then(|line| pinned(&line.requirement)) else {
            continue;
        };
        if numbers(&version).is_some_and(|version| version < first) {
            let reason = format!("{library} {version} does not run on later releases of {other}");
            bound(lines, other, Some(limit), &reason);
        }
    }
}
