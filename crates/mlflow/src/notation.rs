//! Column types in the notation in which MLflow prints them, in both directions: `double`, `Array(long)`,
//! `{city: string, zip?: long}`, `Map(string)`.

use std::fmt;

use crate::schema::{ColumnType, DataType, Property};

/// How deep a type may nest. MLflow's own end far earlier.
const DEEPEST: u32 = 32;

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.name()),
            Self::Array(item) => write!(f, "Array({item})"),
            Self::Map(value) => write!(f, "Map({value})"),
            Self::Any => f.write_str("any"),
            Self::SparkMlVector => f.write_str("sparkml_vector"),
            Self::Object(properties) => {
                f.write_str("{")?;
                for (index, property) in properties.iter().enumerate() {
                    let (comma, mark) =
                        (if index == 0 { "" } else { ", " }, if property.required { "" } else { "?" });
                    write!(f, "{comma}{}{mark}: {}", name_text(&property.name), property.ty)?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A name as it stands, or as a JSON text where it would be misread.
fn name_text(name: &str) -> String {
    let is_plain =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if is_plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

impl ColumnType {
    /// Reads such a text. `array<long>` and `map<string>` are read too.
    ///
    /// # Errors
    ///
    /// What is wrong, for a person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text.trim() };
        let ty = reader.ty(DEEPEST)?;
        if reader.rest.is_empty() {
            Ok(ty)
        } else {
            Err(format!("\"{}\" follows the type and means nothing", reader.rest))
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn ty(&mut self, depth: u32) -> Result<ColumnType, String> {
        let depth = depth.checked_sub(1).ok_or("the type nests too deep")?;
        if self.takes("{") {
            return self.object(depth);
        }
        let word = self.word();
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "array" | "list" => self.inner(depth).map(|inner| ColumnType::Array(Box::new(inner))),
            "map" => self.inner(depth).map(|inner| ColumnType::Map(Box::new(inner))),
            "object" if self.takes("{") => self.object(depth),
            "any" => Ok(ColumnType::Any),
            "sparkml_vector" => Ok(ColumnType::SparkMlVector),
            name => DataType::from_name(name).map(ColumnType::Scalar).ok_or_else(|| unknown(&word)),
        }
    }

    fn inner(&mut self, depth: u32) -> Result<ColumnType, String> {
        let close = if self.takes("(") {
            ")"
        } else if self.takes("<") {
            ">"
        } else {
            return Err("an array or a map names what it holds: Array(double)".to_owned());
        };
        let inner = self.ty(depth)?;
        if self.takes(close) { Ok(inner) } else { Err(format!("a \"{close}\" is missing")) }
    }

    fn object(&mut self, depth: u32) -> Result<ColumnType, String> {
        let mut properties: Vec<Property> = Vec::new();
        loop {
            let name = self.name()?;
            let required = !self.takes("?");
            if !self.takes(":") {
                return Err(format!("\"{name}\" has no type: write {{{name}: double}}"));
            }
            let ty = self.ty(depth)?;
            if properties.iter().any(|property| property.name == name) {
                return Err(format!("there are two properties \"{name}\""));
            }
            properties.push(Property { name, ty, required });
            if self.takes("}") {
                break;
            }
            if !self.takes(",") {
                return Err("a \"}\" is missing".to_owned());
            }
        }
        properties.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(ColumnType::Object(properties))
    }

    fn name(&mut self) -> Result<String, String> {
        if self.rest.starts_with('"') {
            let mut names = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
            let name = names.next().and_then(Result::ok).ok_or("a name in quotes does not end")?;
            let end = names.byte_offset();
            self.rest = self.rest.get(end..).unwrap_or_default().trim_start();
            return Ok(name);
        }
        let name = self.word();
        if name.is_empty() {
            Err("a record names its properties: {city: string, zip?: long}".to_owned())
        } else {
            Ok(name)
        }
    }

    fn word(&mut self) -> String {
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let end = self.rest.find(|c| !is_inside(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word.to_owned()
    }

    fn takes(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }
}

fn unknown(name: &str) -> String {
    let all = DataType::ALL.map(DataType::name).join(", ");
    format!("MLflow has no column type \"{name}\"; it has {all}, any, Array(…), Map(…) and {{name: type}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back_as_it_is_printed() {
        for text in [
            "double",
            "any",
            "Array(Array(long))",
            "Map(Array(string))",
            "{a: long, b?: {c: datetime}}",
            "{\"two words\": string}",
            "sparkml_vector",
        ] {
            assert_eq!(ColumnType::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(ColumnType::parse("array<long>").unwrap().to_string(), "Array(long)");
        assert_eq!(
            ColumnType::parse("object{ b:long,a? : string }").unwrap().to_string(),
            "{a?: string, b: long}"
        );
    }

    #[test]
    fn what_is_no_type_says_why() {
        let deep = format!("{}long{}", "Array(".repeat(40), ")".repeat(40));
        for (text, why) in [
            ("number", "no column type \"number\""),
            ("", "no column type"),
            ("Array", "what it holds"),
            ("Array(long", "\")\" is missing"),
            ("{a}", "has no type"),
            ("{}", "names its properties"),
            ("{a: long, a: long}", "two properties"),
            ("{a: long", "\"}\" is missing"),
            ("long long", "means nothing"),
            ("{\"a: long}", "does not end"),
            (&deep, "too deep"),
        ] {
            let error = ColumnType::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
