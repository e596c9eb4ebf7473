//! The architecture for a file of weights alone: which classes of the person's code could be it, with which arguments,
//! and whether its layers have the names that the weights have.

mod argument;
mod names;
#[cfg(test)]
mod tests;

pub use self::argument::{argument_text, argument_value};
pub(crate) use self::argument::{check, is_dotted, is_plain, python_value};
pub(crate) use self::names::{Names, Strip, compare};
use crate::code::CodeTree;
use crate::python_class::{Class, Constructor, Parameter, classes, runs};

/// Of a statement no more is shown than this, in characters.
const LONGEST_STATEMENT: usize = 40;

/// Deeper chains of base classes are no code that people write.
const MOST_BASES: usize = 8;

/// A class in the person's code that may be the architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchitectureClass {
    /// How it is imported: `net.Net`.
    pub class: String,
    /// The file in the package that defines it.
    pub file: String,
    /// Whether its bases say that it is a network.
    pub is_module: bool,
    /// What its constructor takes, as far as the text tells.
    pub parameters: Vec<Parameter>,
    /// Whether the constructor may take other arguments than those.
    pub takes_any: bool,
    pub(crate) names: Names,
}

/// The class that was chosen, or proposed, and what it is made with.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// How it is imported: `net.Net`.
    pub class: String,
    /// `you`, or why it is proposed.
    pub source: String,
    /// What its constructor is given.
    pub arguments: Vec<Argument>,
}

/// An argument of a constructor.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// The parameter's name.
    pub name: String,
    /// A JSON scalar or a list of them.
    pub value: serde_json::Value,
    /// `you`, or where the file has it.
    pub source: String,
}

/// What the person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchitectureChoice {
    pub(crate) class: String,
    pub(crate) arguments: Vec<(String, serde_json::Value)>,
}

impl ArchitectureClass {
    /// Its name without the module.
    pub fn name(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or(&self.class)
    }
}

/// The classes that the code defines where Python can import them, networks first.
pub(crate) fn candidates(tree: &CodeTree) -> Vec<ArchitectureClass> {
    let texts = tree.texts();
    let all: Vec<(&str, Class)> = texts
        .iter()
        .flat_map(|(path, text)| classes(text).into_iter().map(move |class| (path.as_str(), class)))
        .collect();
    let mut found: Vec<ArchitectureClass> = all
        .iter()
        .filter_map(|(path, class)| {
            let module = module_of(path)?;
            let whole = Whole::of(class, path, &all, 0);
            let constructor = whole.constructor.unwrap_or_default();
            Some(ArchitectureClass {
                class: format!("{module}.{}", class.name),
                file: (*path).to_owned(),
                is_module: whole.is_module,
                parameters: constructor.parameters,
                takes_any: constructor.takes_any,
                names: whole.names,
            })
        })
        .collect();
    found.sort_by_key(|class| !class.is_module);
    found
}

/// What importing the file of a class does besides defining it, in a sentence.
pub(crate) fn side_effect(tree: &CodeTree, class: &ArchitectureClass) -> Option<String> {
    let texts = tree.texts();
    let (path, text) = texts.iter().find(|(path, _)| *path == class.file)?;
    let statement = runs(text)?;
    let head: String = statement.chars().take(LONGEST_STATEMENT).collect();
    let dots = if head.len() < statement.len() { " …" } else { "" };
    Some(format!(
        "{path} is imported when the model is loaded, and then runs `{head}{dots}`: put such lines under `if __name__ == \
         \"__main__\":`."
    ))
}

/// The only candidate, if there is one, and why it is proposed.
pub(crate) fn only(candidates: &[ArchitectureClass]) -> Option<(&ArchitectureClass, String)> {
    let file = |class: &ArchitectureClass| class.file.trim_start_matches("code/").to_owned();
    if let [only] = candidates {
        return Some((only, format!("the only class in {}", file(only))));
    }
    let mut networks = candidates.iter().filter(|class| class.is_module);
    match (networks.next(), networks.next()) {
        (Some(only), None) => Some((only, format!("the only network in your code, in {}", file(only)))),
        _ => None,
    }
}

/// `shop.net` of `code/shop/net.py`; `None` where a part of the path is no name that Python can import.
fn module_of(path: &str) -> Option<String> {
    let below = path.strip_prefix("code/")?.strip_suffix(".py")?;
    let module = below.strip_suffix("/__init__").unwrap_or(below).replace('/', ".");
    is_dotted(&module).then_some(module)
}

/// A class with what it has of its bases.
#[derive(Debug, Default)]
struct Whole {
    is_module: bool,
    constructor: Option<Constructor>,
    names: Names,
}

impl Whole {
    fn of(class: &Class, path: &str, all: &[(&str, Class)], depth: usize) -> Self {
        let mut whole = Self {
            is_module: false,
            constructor: class.constructor.clone(),
            names: Names {
                attributes: class.attributes.clone(),
                is_container: false,
                is_open: class.is_open,
            },
        };
        for base in &class.bases {
            let name = base.split('[').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
            let own =
                all.iter().filter(|(at, other)| other.name == name && (*at != path || class.name != name));
            let own = own.max_by_key(|(at, _)| *at == path).filter(|_| depth < MOST_BASES);
            whole.add(match own {
                Some((at, other)) => Self::of(other, at, all, depth + 1),
                None => Self::of_library(name),
            });
        }
        whole
    }

    /// A class that is not in the person's code.
    fn of_library(name: &str) -> Self {
        let mut whole = Self { is_module: name.contains("Module"), ..Self::default() };
        match name {
            // These add no layers of their own.
            "Module" | "LightningModule" | "ABC" | "object" | "Generic" | "Protocol" => {}
            "Sequential" | "ModuleList" | "ModuleDict" => {
                (whole.is_module, whole.names.is_container) = (true, true);
            }
            _ => {
                whole.names.is_open = true;
                whole.constructor = Some(Constructor { parameters: Vec::new(), takes_any: true });
            }
        }
        whole
    }

    fn add(&mut self, base: Self) {
        self.is_module |= base.is_module;
        self.constructor = self.constructor.take().or(base.constructor);
        self.names.attributes.extend(base.names.attributes);
        self.names.is_container |= base.names.is_container;
        self.names.is_open |= base.names.is_open;
    }
}
