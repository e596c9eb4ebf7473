//! YAML text to a value, as `safe_load` would see it.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Mapping, Value};

use super::scalar::resolve;

/// Why a text is not the YAML that `safe_load` takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// The scanner or the parser gave up; the message carries line and column.
    #[error("{0}")]
    Syntax(String),
    /// A tag that names a Python object. `safe_load` refuses it; an unsafe loader would run code.
    #[error("line {line} carries the tag {tag}, which names a Python object to be made on loading")]
    Tag {
        /// The line, counted from 1.
        line: usize,
        /// The tag, cut after 80 characters.
        tag: String,
    },
}

/// Reads one YAML document. An empty text is null. A repeated key keeps its last value, `<<` merges, aliases are expanded
/// within `serde_yaml`'s bound on repetition.
///
/// # Errors
///
/// - [`YamlError::Syntax`]: not YAML, several documents, a local tag, an unquoted `=`, too deep (128) or too many aliases.
///   Also a key without a value inside brackets, `[x:]`, which `PyYAML` takes and libyaml does not.
/// - [`YamlError::Tag`]: a tag such as `!!python/object/apply:os.system`.
pub fn read(text: &str) -> Result<Value, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    refuse_python_tags(text)?;
    let bare = |line: &str| matches!(line.trim(), "" | "---") || line.trim_start().starts_with('#');
    if text.lines().all(bare) {
        return Ok(Value::Null);
    }
    // Two passes: the first finds the shape, the second asks for the text of every scalar, which serde_yaml
    // gives only to a caller that knows that a scalar comes.
    let shape: Shape = serde_yaml::from_str(text)
        .map_err(|error: serde_yaml::Error| YamlError::Syntax(error.to_string()))?;
    let document = serde_yaml::Deserializer::from_str(text);
    let node = Texts { shape: &shape, input: text }
        .deserialize(document)
        .map_err(|error: serde_yaml::Error| YamlError::Syntax(error.to_string()))?;
    Ok(node.value)
}

/// `serde_yaml` drops the tags it does not know, so they are found in the text: at the start of a value, outside comments.
fn refuse_python_tags(text: &str) -> Result<(), YamlError> {
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices('!') {
            let (before, tag) = line.split_at(at);
            let python = tag.starts_with("!!python/") || tag.starts_with("!<tag:yaml.org,2002:python/");
            let starts_value = before.is_empty() || before.ends_with([' ', '\t', '[', '{', ',', ':']);
            let quoted = before.contains(['\'', '"', '#']);
            if python && starts_value && !quoted {
                let tag = tag.split([' ', '\t']).next().unwrap_or(tag).chars().take(80).collect();
                return Err(YamlError::Tag { line: index.saturating_add(1), tag });
            }
        }
    }
    Ok(())
}

/// What kind of node stands where.
enum Shape {
    Null,
    Plain,
    Text,
    List(Vec<Shape>),
    Map(Vec<(Shape, Shape)>),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Shape::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Shape::Map(map))
    }
}

/// A value, and whether it is the plain scalar `<<`.
struct Node {
    value: Value,
    is_merge: bool,
}

/// Reads a node of a known shape, taking each scalar as text.
#[derive(Clone, Copy)]
struct Texts<'a, 'de> {
    shape: &'a Shape,
    input: &'de str,
}

impl<'de> DeserializeSeed<'de> for Texts<'_, 'de> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match self.shape {
            Shape::List(_) => deserializer.deserialize_seq(self),
            Shape::Map(_) => deserializer.deserialize_map(self),
            Shape::Null | Shape::Plain | Shape::Text => deserializer.deserialize_str(self),
        }
    }
}

impl Texts<'_, '_> {
    /// Whether a scalar that lies in the input as it is was written without quotes.
    fn is_plain(&self, text: &str) -> bool {
        let start = text.as_ptr().addr().checked_sub(self.input.as_ptr().addr());
        let before = start.and_then(|start| start.checked_sub(1));
        let before = before.and_then(|before| self.input.as_bytes().get(before));
        !matches!(before, Some(b'\'' | b'"'))
    }
}

impl<'de> Visitor<'de> for Texts<'_, 'de> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same document as before")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Node, E> {
        let (value, is_merge) = match self.shape {
            Shape::Null => (Value::Null, false),
            Shape::Text if !self.is_plain(text) => (Value::String(text.to_owned()), false),
            // A type of YAML 1.1 for which `safe_load` has no constructor.
            _ if text == "=" => return Err(E::custom("an unquoted `=`, which PyYAML refuses")),
            _ => (resolve(text), text == "<<"),
        };
        Ok(Node { value, is_merge })
    }

    // Not in the input as it is: unescaped, folded or a block scalar. None of these is a number to serde_yaml
    // or to PyYAML.
    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        let value = match self.shape {
            Shape::Null => Value::Null,
            Shape::Plain => resolve(text),
            _ => Value::String(text.to_owned()),
        };
        Ok(Node { value, is_merge: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        if let Shape::List(shapes) = self.shape {
            for shape in shapes {
                let Some(node) = items.next_element_seed(Texts { shape, input: self.input })? else { break };
                list.push(node.value);
            }
        }
        // Takes the end of the list off the stream.
        let rest: Option<serde::de::IgnoredAny> = items.next_element()?;
        debug_assert!(rest.is_none(), "both passes see the same list");
        Ok(Node { value: Value::Sequence(list), is_merge: false })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut own = Mapping::new();
        let mut merged = Vec::new();
        if let Shape::Map(shapes) = self.shape {
            for (key_shape, value_shape) in shapes {
                let seed = Texts { shape: key_shape, input: self.input };
                let Some(key) = entries.next_key_seed(seed)? else { break };
                let value = entries.next_value_seed(Texts { shape: value_shape, input: self.input })?.value;
                match value {
                    Value::Mapping(map) if key.is_merge => merged.push(map),
                    Value::Sequence(maps) if key.is_merge => {
                        merged.extend(maps.into_iter().filter_map(|map| match map {
                            Value::Mapping(map) => Some(map),
                            _ => None,
                        }));
                    }
                    value => drop(own.insert(key.value, value)),
                }
            }
        }
        let rest: Option<(serde::de::IgnoredAny, serde::de::IgnoredAny)> = entries.next_entry()?;
        debug_assert!(rest.is_none(), "both passes see the same map");
        for (key, value) in merged.into_iter().flatten() {
            own.entry(key).or_insert(value);
        }
        Ok(Node { value: Value::Mapping(own), is_merge: false })
    }
}
