//! The fields of a code object by value. Its bytecode is not decompiled: only its layout is looked at, for the
//! Python version that wrote it.

use super::Pickle;
use super::by_value::Origin;
use super::value::{Node, Value};

/// The fields of a code object that say what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Code<'a> {
    /// The name of the function; `<lambda>` where it has none.
    pub name: &'a str,
    /// The name with the classes and functions around it, since Python 3.11.
    pub qualname: Option<&'a str>,
    /// The source file, as the interpreter was given it.
    pub filename: Option<&'a str>,
    /// The line in that file at which it starts.
    pub first_line: Option<i64>,
    /// The names of globals and attributes that it uses, in order of first use.
    pub names: Vec<&'a str>,
    /// Its constants, a tuple: code objects of functions inside are among them.
    pub consts: Value,
    /// Which versions of Python can have written it.
    pub python: PythonRange,
}

/// The minor versions of Python 3 that bytecode may belong to, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PythonRange {
    /// The oldest: 6 is Python 3.6.
    pub first: u32,
    /// The newest; `None` when there may be newer ones.
    pub last: Option<u32>,
}

impl PythonRange {
    /// The versions in both ranges; `None` when there are none.
    pub fn and(self, other: Self) -> Option<Self> {
        let first = self.first.max(other.first);
        let last = match (self.last, other.last) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        };
        last.is_none_or(|last| first <= last).then_some(Self { first, last })
    }

    fn exactly(minor: u32) -> Self {
        Self { first: minor, last: Some(minor) }
    }
}

/// Where the fields stand, by the number of arguments: the order of `types.CodeType` itself.
struct Layout {
    /// Fields before the bytecode.
    before: usize,
    has_qualname: bool,
    python: PythonRange,
}

impl Layout {
    fn of(n_args: usize) -> Option<Self> {
        let (before, has_qualname, first, last) = match n_args {
            15 => (5, false, 6, Some(7)),
            16 => (6, false, 8, Some(10)),
            18 => (6, true, 11, None),
            _ => return None,
        };
        Some(Self { before, has_qualname, python: PythonRange { first, last } })
    }
}

impl Pickle {
    /// The fields of a code object by value; `None` when the value is none, or of a layout that is not known.
    pub fn code(&self, value: Value) -> Option<Code<'_>> {
        if self.origin(value) != Origin::Code {
            return None;
        }
        let mut args = self.tree.items(self.tree.object(value)?.args)?;
        let is_dill = self.trace.global(self.tree.object(value)?.callee).is_some();
        // Since Python 3.10 dill puts the line table of older versions first.
        let has_both_tables = !matches!(args.first()?, Value::Int(_));
        if has_both_tables {
            args = args.get(1..)?;
        }
        let layout = Layout::of(args.len())?;
        let at = |index: usize| args.get(layout.before.saturating_add(index)).copied();
        let after_name = usize::from(layout.has_qualname);
        // The table that dill writes alone may be the old one under a new Python: it says nothing.
        let lines = if is_dill { None } else { self.kept(at(after_name.saturating_add(7))?) };
        let bytecode = self.kept(at(0)?).unwrap_or_default();
        let python = narrowed(layout.python, bytecode, lines);
        let python = match layout.python {
            PythonRange { last: Some(10), .. } if has_both_tables => PythonRange::exactly(10),
            _ => python,
        };
        Some(Code {
            name: self.tree.text(at(5)?)?,
            qualname: if layout.has_qualname { self.tree.text(at(6)?) } else { None },
            filename: self.tree.text(at(4)?),
            first_line: self.tree.int(at(after_name.saturating_add(6))?),
            names: self.tree.items(at(2)?)?.iter().filter_map(|name| self.tree.text(*name)).collect(),
            consts: at(1)?,
            python,
        })
    }

    fn kept(&self, value: Value) -> Option<&[u8]> {
        match self.tree.get(value)? {
            Node::Bytes(bytes) => bytes.kept.as_deref(),
            _ => None,
        }
    }

    /// The code object of a function by value, looked for in what wraps it: `classmethod`, `property`.
    pub fn code_of(&self, function: Value) -> Option<Value> {
        let mut function = function;
        for _ in 0..4 {
            let object = self.tree.object(function)?;
            function = self.argument(object, 0)?;
            if self.origin(function) == Origin::Code {
                return Some(function);
            }
        }
        None
    }

    /// The globals that a function by value is given, as dicts: what it refers to by name.
    pub fn globals_of(&self, function: Value) -> Vec<Value> {
        let Some(object) = self.tree.object(function) else {
            return Vec::new();
        };
        let mut dicts: Vec<Value> = [1, 2]
            .iter()
            .filter_map(|index| self.argument(object, *index))
            .filter(|dict| self.is_dict(*dict))
            .collect();
        if let Some(state) = object.state {
            let parts = match self.tree.get(state) {
                Some(Node::Tuple(parts)) => parts.to_vec(),
                _ => vec![state],
            };
            for part in parts {
                let named = ["__globals__", "globals"].iter().find_map(|key| self.tree.entry(part, key));
                dicts.extend(named.filter(|dict| self.is_dict(*dict)));
            }
        }
        dicts
    }

    fn is_dict(&self, value: Value) -> bool {
        matches!(self.tree.get(value), Some(Node::Dict(_)))
    }

    /// The name of a class by value.
    pub fn class_name(&self, class: Value) -> Option<&str> {
        let object = self.tree.object(class)?;
        let texts = [0, 1].iter().filter_map(|index| self.text_argument(object, *index));
        texts.into_iter().next()
    }

    /// What the namespace of a class by value says under a name.
    pub fn class_entry(&self, class: Value, name: &str) -> Option<Value> {
        let found = self
            .class_entries(class)
            .into_iter()
            .rev()
            .find(|(key, _)| self.tree.text(*key) == Some(name))?;
        Some(found.1)
    }

    /// The namespace of a class by value: what it is made with, and what is set on it afterwards.
    pub fn class_entries(&self, class: Value) -> Vec<(Value, Value)> {
        let Some(object) = self.tree.object(class) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        for dict in self.tree.items(object.args).unwrap_or_default() {
            if self.is_dict(*dict) {
                entries.extend_from_slice(self.tree.entries(*dict).unwrap_or_default());
            }
        }
        if let Some(state) = object.state {
            let parts = match self.tree.get(state) {
                Some(Node::Tuple(parts)) => parts.to_vec(),
                _ => vec![state],
            };
            for part in parts {
                entries.extend_from_slice(self.tree.entries(part).unwrap_or_default());
            }
        }
        entries.extend_from_slice(&object.entries.kept);
        entries
    }
}

/// The versions that the bytecode itself leaves. Each rule rests on opcodes that one version has and the other does
/// not, so that what it says is certain; where none applies the range stays.
fn narrowed(range: PythonRange, code: &[u8], lines: Option<&[u8]>) -> PythonRange {
    let pairs = || code.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
    let has = |opcodes: &[u8]| pairs().any(|(opcode, _)| opcodes.contains(&opcode));
    match range.first {
        // LOAD_METHOD is new in 3.7.
        6 if has(&[160, 161]) => PythonRange::exactly(7),
        8 => {
            // The line table of 3.10 covers all of the code; older ones end where the last line starts.
            let covered = lines.map(|lines| lines.iter().step_by(2).map(|delta| usize::from(*delta)).sum());
            let last = match covered {
                Some(covered) if covered == code.len() => return PythonRange::exactly(10),
                Some::<usize>(_) if !code.is_empty() => 9,
                _ => 10,
            };
            if pairs().any(|(opcode, arg)| opcode == 107 && 5 < arg) || has(&[81, 88]) {
                // COMPARE_OP with `in`, `is` and exceptions, WITH_CLEANUP_START, END_FINALLY.
                PythonRange::exactly(8)
            } else if has(&[82, 117, 118, 121]) {
                // LIST_TO_TUPLE, IS_OP, CONTAINS_OP, JUMP_IF_NOT_EXC_MATCH.
                PythonRange { first: 9, last: Some(last) }
            } else {
                PythonRange { first: 8, last: Some(last) }
            }
        }
        11 => match (code.first(), code.get(2)) {
            // RESUME, behind COPY_FREE_VARS in closures.
            (Some(151), _) | (Some(149), Some(151)) => {
                if has(&[160, 166]) {
                    // LOAD_METHOD, PRECALL.
                    PythonRange::exactly(11)
                } else if has(&[121, 141]) {
                    // RETURN_CONST, LOAD_SUPER_ATTR.
                    PythonRange::exactly(12)
                } else {
                    PythonRange { first: 11, last: Some(12) }
                }
            }
            (Some(149), _) | (Some(62), Some(149)) => PythonRange::exactly(13),
            (Some(128), _) => PythonRange { first: 14, last: None },
            _ => range,
        },
        _ => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_tells_the_version_where_only_one_can_have_written_it() {
        let range = |first, last| PythonRange { first, last };
        for (wide, code, lines, narrow) in [
            (range(6, Some(7)), &b"t\x00j\x01\x83\x00S\x00"[..], &b"\x00\x01"[..], range(6, Some(7))),
            (range(6, Some(7)), b"t\x00\xa0\x01\xa1\x00S\x00", b"\x00\x01", range(7, Some(7))),
            (range(8, Some(10)), b"|\x00S\x00", b"\x00\x01", range(8, Some(9))),
            (range(8, Some(10)), b"|\x00S\x00", b"\x04\x01", range(10, Some(10))),
            (range(8, Some(10)), b"|\x00d\x01k\x06S\x00", b"\x00\x01", range(8, Some(8))),
            (range(8, Some(10)), b"|\x00d\x01u\x00S\x00", b"\x00\x01", range(9, Some(9))),
            (range(11, None), b"\x97\x00|\x00S\x00", b"", range(11, Some(12))),
            (range(11, None), b"", b"", range(11, None)),
            (range(11, None), b"\x97\x00\xa6\x00\xab\x00S\x00", b"", range(11, Some(11))),
            (range(11, None), b"\x97\x00y\x00", b"", range(12, Some(12))),
            (range(11, None), b"\x95\x01\x97\x00y\x00", b"", range(12, Some(12))),
            (range(11, None), b"\x95\x00U\x00$\x00", b"", range(13, Some(13))),
            (range(11, None), b">\x01\x95\x00U\x00$\x00", b"", range(13, Some(13))),
        ] {
            assert_eq!(narrowed(wide, code, Some(lines)), narrow, "{}", code.escape_ascii());
        }
        let without_lines = narrowed(range(8, Some(10)), b"|\x00d\x01u\x00S\x00", None);
        assert_eq!(without_lines, range(9, Some(10)));
        assert_eq!(range(6, Some(7)).and(range(7, Some(7))), Some(range(7, Some(7))));
        assert_eq!(range(6, Some(7)).and(range(8, None)), None);
        assert_eq!(range(11, None).and(range(11, Some(12))), Some(range(11, Some(12))));
    }
}
