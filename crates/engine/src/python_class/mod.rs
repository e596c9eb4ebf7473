//! The classes that the text of a Python file defines, without running it: their bases, what their constructor takes,
//! and which attributes their methods set.
//!
//! Strings, comments and brackets are followed, expressions are not understood. The answers are proposals and warnings,
//! never safety.

mod lines;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use self::lines::{Line, in_brackets, lines, split};

/// A class at the margin of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Class {
    pub(crate) name: String,
    /// As they are written: `nn.Module`.
    pub(crate) bases: Vec<String>,
    /// `None` where it has no `__init__` of its own.
    pub(crate) constructor: Option<Constructor>,
    /// What its methods set on `self`, and the names that they register modules, parameters and buffers under.
    pub(crate) attributes: BTreeSet<String>,
    /// Whether it sets attributes under names that the text does not tell.
    pub(crate) is_open: bool,
}

/// What an `__init__` takes after `self`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Constructor {
    pub(crate) parameters: Vec<Parameter>,
    /// Whether it takes keywords of any name.
    pub(crate) takes_any: bool,
}

/// A parameter of a constructor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its default as it is written; `None` where a value must be given.
    pub default: Option<String>,
}

/// What registers an attribute under the name that is its first argument.
const REGISTERS: [&str; 4] =
    ["self.add_module", "self.register_module", "self.register_buffer", "self.register_parameter"];

/// The first statement at the margin that does something when the file is imported: a loop, or a call whose result
/// nothing keeps. What stands under `if` is not looked at.
pub(crate) fn runs(text: &str) -> Option<String> {
    let does = |line: &Line| {
        let word = identifier(&line.text);
        let after = line.text.trim_start_matches(|c| is_name_sign(c) || c == '.');
        let is_call = !word.is_empty() && after.starts_with('(') && split(&line.text, '=').len() == 1;
        line.indent == 0 && (matches!(word, "for" | "while" | "with") || is_call)
    };
    lines(text).into_iter().find(does).map(|line| line.text)
}

/// The classes at the margin, in the order of the file.
pub(crate) fn classes(text: &str) -> Vec<Class> {
    let lines = lines(text);
    let heads = lines.iter().enumerate().filter(|(_, line)| line.indent == 0);
    heads
        .filter_map(|(at, line)| {
            let head = line.text.strip_prefix("class ")?.trim_start();
            let name = identifier(head);
            let body = lines.get(at + 1..).unwrap_or_default();
            let end = body.iter().position(|line| line.indent == 0).unwrap_or(body.len());
            let bases = in_brackets(head).map_or_else(Vec::new, |inside| split(inside, ','));
            let bases = bases.into_iter().filter(|base| !base.is_empty() && split(base, '=').len() == 1);
            let bases = bases.map(str::to_owned).collect();
            (!name.is_empty()).then(|| class(name, bases, body.get(..end).unwrap_or_default()))
        })
        .collect()
}

fn class(name: &str, bases: Vec<String>, body: &[Line]) -> Class {
    let mut class = Class { name: name.to_owned(), bases, ..Class::default() };
    let margin = body.iter().map(|line| line.indent).min().unwrap_or_default();
    for line in body {
        if line.indent == margin && line.text.starts_with("def __init__") {
            class.constructor = in_brackets(&line.text).map(constructor);
        }
        for statement in split(&line.text, ';') {
            class.attributes.extend(assigned(statement));
            class.register(statement);
        }
    }
    class
}

fn constructor(inside: &str) -> Constructor {
    let mut constructor = Constructor::default();
    for piece in split(inside, ',').into_iter().skip(1) {
        if piece.starts_with("**") {
            constructor.takes_any = true;
        } else if !piece.is_empty() && !piece.starts_with(['*', '/']) {
            let mut sides = split(piece, '=').into_iter();
            let name = identifier(sides.next().unwrap_or_default()).to_owned();
            constructor.parameters.push(Parameter { name, default: sides.next().map(str::to_owned) });
        }
    }
    constructor
}

/// `a` and `b` of `self.a = self.b = 1`.
fn assigned(statement: &str) -> Vec<String> {
    let mut sides = split(statement, '=');
    // What is assigned sets nothing.
    sides.pop();
    let mut names = Vec::new();
    for side in sides {
        for (at, _) in side.match_indices("self.") {
            let is_word =
                !side.get(..at).is_some_and(|before| before.ends_with(|c| is_name_sign(c) || c == '.'));
            let rest = side.get(at + "self.".len()..).unwrap_or_default();
            let name = identifier(rest);
            let after = rest.get(name.len()..).unwrap_or_default().trim_start();
            let is_target = after.is_empty() || after.starts_with([':', ',', ')', ']']);
            if is_word && is_target && !name.is_empty() {
                names.push(name.to_owned());
            }
        }
    }
    names
}

impl Class {
    fn register(&mut self, statement: &str) {
        if statement.contains("setattr(self") {
            self.is_open = true;
        }
        for call in REGISTERS {
            let Some(at) = statement.find(call) else { continue };
            let inside = statement.get(at..).and_then(in_brackets).unwrap_or_default();
            let first = split(inside, ',').into_iter().next().unwrap_or_default();
            match plain_string(first.strip_prefix("name=").unwrap_or(first)) {
                Some(name) => {
                    self.attributes.insert(name.to_owned());
                }
                None => self.is_open = true,
            }
        }
    }
}

/// The text of a string literal without prefixes and escapes.
fn plain_string(text: &str) -> Option<&str> {
    let inside = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))?;
    inside.chars().all(is_name_sign).then_some(inside)
}

/// The name that a text begins with; empty when it begins with none.
fn identifier(text: &str) -> &str {
    let end = text.find(|c| !is_name_sign(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn is_name_sign(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
