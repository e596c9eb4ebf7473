//! skops files: an object graph in JSON beside its arrays, in a zip archive.
//!
//! The graph becomes the same value tree that a pickle describes, so that whoever understands pickled objects
//! understands these. Every type that a load would make is listed with its place and loader.
//!
//! Specification: skops 0.16 `skops/io/_audit.py`, `skops/io/_general.py`, `skops/io/_numpy.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, MemorySource, ReadError, Window};
use serde_json::Value as Json;

use crate::archive::Archive;
use crate::npy;
use crate::numpy::DType;
use crate::pickle::{Bytes, Entries, Items, Node, Object, Pickle, Value};

/// How deep nodes may nest.
const DEPTH: u32 = 200;
/// The longest array that is kept when its member is compressed, in bytes.
const KEPT_MEMBER: u64 = 1 << 20;

/// A type that loading would make or refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Its module.
    pub module: String,
    /// Its name.
    pub name: String,
    /// The skops loader that would make it: `ObjectNode`, `FunctionNode` …
    pub loader: String,
    /// Where it stands in the graph: `steps[0][1]`.
    pub place: String,
}

/// A read skops file.
#[derive(Debug)]
pub struct Skops {
    /// The value tree. Offsets are those of the archive.
    pub pickle: Pickle,
    /// Every type, each once, in order of first appearance.
    pub types: Vec<Type>,
    /// Members of the archive that the schema does not name, in the order of the archive.
    pub unnamed: Vec<String>,
    /// `_skops_version`.
    pub version: Option<String>,
}

/// Reads the schema and the headers of the arrays.
///
/// # Errors
///
/// What the archive says; [`ErrorKind::Malformed`] for a schema that is no JSON object.
pub fn read(source: &Arc<dyn ByteSource>, budget: &mut Budget) -> Result<Skops, ReadError> {
    let mut archive = Archive::open(Arc::clone(source), budget)?;
    let limit = budget.limits().header_bytes;
    let bytes = archive.read("schema.json", limit, budget)?;
    let schema: Json = serde_json::from_slice(&bytes).map_err(|error| {
        let offset = archive.get("schema.json").and_then(|member| member.stored_at).unwrap_or(0);
        ReadError::new("skops", offset, ErrorKind::malformed("schema", "JSON", error.to_string()))
    })?;
    let mut named = BTreeSet::from(["schema.json"]);
    collect_files(&schema, &mut named);
    let members = archive.members().iter().map(|member| &member.name);
    let unnamed = members.filter(|name| !named.contains(name.as_str())).cloned().collect();
    let version = schema.get("_skops_version").and_then(Json::as_str).map(str::to_owned);
    let mut reader = Reader {
        source,
        archive,
        budget,
        pickle: Pickle::default(),
        types: Vec::new(),
        index: BTreeSet::new(),
        shared: BTreeMap::new(),
    };
    let root = reader.node(&schema, &mut String::new(), 0)?;
    reader.pickle.roots.push(root);
    Ok(Skops { pickle: reader.pickle, types: reader.types, unnamed, version })
}

/// Every member that a node of the schema keeps its data in. The parser bounds the depth.
fn collect_files<'j>(json: &'j Json, files: &mut BTreeSet<&'j str>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| collect_files(item, files)),
        Json::Object(entries) => {
            files.extend(entries.get("file").and_then(Json::as_str));
            entries.values().for_each(|value| collect_files(value, files));
        }
        _ => {}
    }
}

struct Reader<'r> {
    source: &'r Arc<dyn ByteSource>,
    archive: Archive,
    budget: &'r mut Budget,
    pickle: Pickle,
    types: Vec<Type>,
    index: BTreeSet<(String, String, String)>,
    shared: BTreeMap<i64, Value>,
}

impl Reader<'_> {
    fn node(&mut self, json: &Json, place: &mut String, depth: u32) -> Result<Value, ReadError> {
        if DEPTH < depth {
            let (asked, limit) = (depth.into(), DEPTH.into());
            return Err(ReadError::new(
                "skops",
                0,
                ErrorKind::Limit { what: "the depth of the schema", asked, limit },
            ));
        }
        let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
        let (module, class, loader) = (text("__module__"), text("__class__"), text("__loader__"));
        self.list_type(module, class, loader, place);
        let content = json.get("content").unwrap_or(&Json::Null);
        let value = match loader {
            "CachedNode" => {
                let id = json.get("__id__").and_then(Json::as_i64);
                id.and_then(|id| self.shared.get(&id).copied()).unwrap_or(Value::Dropped)
            }
            "JsonNode" => self.constant(content),
            "DictNode" | "DefaultDictNode" | "OrderedDictNode" => self.dict(content, place, depth)?,
            "ListNode" | "SetNode" | "TupleNode" => {
                let items = self.items(content, place, depth)?;
                self.insert(match loader {
                    "ListNode" => Node::List(Box::new(Items::from_all(&items))),
                    "SetNode" => Node::Set(Box::new(Items::from_all(&items))),
                    _ => Node::Tuple(items.into()),
                })
            }
            "TypeNode" | "FunctionNode" => {
                let function = if content.is_object() { content } else { json };
                let name = |plain: &str, inner: &str| {
                    let found = function.get(inner).or_else(|| function.get(plain));
                    found.and_then(Json::as_str).unwrap_or_default().to_owned()
                };
                let (module, name) = (name("__module__", "module_path"), name("__class__", "function"));
                self.list_type(&module, &name, loader, place);
                self.global(&module, &name)
            }
            "NdArrayNode" => self.array(json, content, place, depth)?,
            _ => self.object((module, class), content, place, depth)?,
        };
        if let Some(id) = json.get("__id__").and_then(Json::as_i64) {
            self.shared.entry(id).or_insert(value);
        }
        Ok(value)
    }

    /// Types of the graph itself (`builtins.list` by a `ListNode`) say nothing; everything else is listed.
    fn list_type(&mut self, module: &str, class: &str, loader: &str, place: &str) {
        let key = (module.to_owned(), class.to_owned(), loader.to_owned());
        let is_plain = module == "builtins"
            && matches!(loader, "JsonNode" | "DictNode" | "ListNode" | "TupleNode" | "SetNode");
        if is_plain || loader == "CachedNode" || !self.index.insert(key) {
            return;
        }
        let (module, name, loader) = (module.to_owned(), class.to_owned(), loader.to_owned());
        self.types.push(Type { module, name, loader, place: place.to_owned() });
    }

    fn insert(&mut self, node: Node) -> Value {
        if self.budget.value()
            && let Some(value) = self.pickle.tree.push(node)
        {
            return value;
        }
        self.pickle.is_cut = true;
        Value::Dropped
    }

    fn text(&mut self, text: &str) -> Value {
        self.insert(Node::Text(text.into()))
    }

    fn global(&mut self, module: &str, name: &str) -> Value {
        self.pickle.trace.name(module, name, 0).unwrap_or(Value::Dropped)
    }

    /// JSON text inside JSON.
    fn constant(&mut self, content: &Json) -> Value {
        let Some(text) = content.as_str() else {
            return Value::Dropped;
        };
        match serde_json::from_str::<Json>(text) {
            Ok(Json::Null) => Value::None,
            Ok(Json::Bool(bool)) => Value::Bool(bool),
            Ok(Json::Number(number)) => number
                .as_i64()
                .map_or_else(|| number.as_f64().map_or(Value::Dropped, Value::Float), Value::Int),
            Ok(Json::String(text)) => self.text(&text),
            // NaN and Infinity, which Python writes bare.
            _ if text == "NaN" => Value::Float(f64::NAN),
            _ if text == "Infinity" => Value::Float(f64::INFINITY),
            _ if text == "-Infinity" => Value::Float(f64::NEG_INFINITY),
            _ => Value::Dropped,
        }
    }

    fn dict(&mut self, content: &Json, place: &mut String, depth: u32) -> Result<Value, ReadError> {
        let mut flat = Vec::new();
        for (key, value) in content.as_object().into_iter().flatten() {
            let len = place.len();
            if !place.is_empty() {
                place.push('.');
            }
            place.push_str(key);
            let value = self.node(value, place, depth.saturating_add(1))?;
            place.truncate(len);
            flat.extend([self.text(key), value]);
        }
        Ok(self.insert(Node::Dict(Box::new(Entries::from_flat(&flat)))))
    }

    fn items(&mut self, content: &Json, place: &mut String, depth: u32) -> Result<Vec<Value>, ReadError> {
        let mut items = Vec::new();
        for (index, item) in content.as_array().into_iter().flatten().enumerate() {
            let len = place.len();
            place.push_str(&format!("[{index}]"));
            items.push(self.node(item, place, depth.saturating_add(1))?);
            place.truncate(len);
        }
        Ok(items)
    }

    fn object(
        &mut self,
        (module, class): (&str, &str),
        content: &Json,
        place: &mut String,
        depth: u32,
    ) -> Result<Value, ReadError> {
        let callee = self.global(module, class);
        self.pickle.trace.made(callee, 0);
        let state = if content.is_object() && content.get("__loader__").is_some() {
            Some(self.node(content, place, depth.saturating_add(1))?)
        } else {
            // Some nodes keep their parts in a plain map of nodes (a Tree's reduce, a partial's func and args).
            let parts = content.as_object().into_iter().flatten();
            for (_, part) in parts.filter(|(_, part)| part.get("__loader__").is_some()) {
                self.node(part, place, depth.saturating_add(1))?;
            }
            None
        };
        let args = self.insert(Node::Tuple(Box::default()));
        let object = Object { state, ..Object::made_by(callee, crate::pickle::Call::New, args, 0) };
        Ok(self.insert(Node::Object(Box::new(object))))
    }

    /// An array as NumPy itself would pickle it.
    fn array(
        &mut self,
        json: &Json,
        content: &Json,
        place: &mut String,
        depth: u32,
    ) -> Result<Value, ReadError> {
        let (dtype, shape, data) = if let Some(name) = json.get("file").and_then(Json::as_str) {
            let Some((header, bytes)) = self.member(name)? else {
                return Ok(Value::Dropped);
            };
            let Some(dtype) = header.dtype else {
                return Ok(Value::Dropped);
            };
            let order = if dtype.is_big_endian { '>' } else { '<' };
            let size =
                if dtype.kind == 'U' { dtype.item_size.checked_div(4).unwrap_or(0) } else { dtype.item_size };
            let code = format!("{order}{}{size}", dtype.kind);
            (code, header.shape, self.insert(Node::Bytes(Box::new(bytes))))
        } else {
            let items = self.items(content, place, depth)?;
            let shape = json.get("shape").and_then(|shape| shape.get("content")).and_then(Json::as_array);
            let dims: Vec<u64> = shape
                .into_iter()
                .flatten()
                .filter_map(|dim| dim.get("content").and_then(Json::as_str)?.parse().ok())
                .collect();
            let dims = if dims.is_empty() { vec![u64::try_from(items.len()).unwrap_or(0)] } else { dims };
            ("O8".to_owned(), dims, self.insert(Node::List(Box::new(Items::from_all(&items)))))
        };
        let Some(made_of) = DType::from_code(&dtype) else {
            return Ok(Value::Dropped);
        };
        let code = self.text(&code_without_order(&dtype));
        let order = self.text(if dtype.starts_with('>') { ">" } else { "<" });
        let class = self.global("numpy", "dtype");
        let args = self.insert(Node::Tuple([code, Value::Bool(false), Value::Bool(true)].into()));
        // As NumPy writes it: sizes of texts and bytes only, and whether there are objects.
        let is_sized = matches!(made_of.kind, 'S' | 'U' | 'V');
        let size = if is_sized { i64::try_from(made_of.item_size).unwrap_or(-1) } else { -1 };
        let flags = Value::Int(if made_of.has_objects { 63 } else { 0 });
        let (none, size) = (Value::None, Value::Int(size));
        let state = [Value::Int(3), order, none, none, none, size, Value::Int(-1), flags];
        let state = self.insert(Node::Tuple(state.into()));
        let made =
            Object { state: Some(state), ..Object::made_by(class, crate::pickle::Call::Function, args, 0) };
        let dtype = self.insert(Node::Object(Box::new(made)));
        let dims: Vec<Value> =
            shape.iter().map(|dim| Value::Int(i64::try_from(*dim).unwrap_or(i64::MAX))).collect();
        let shape = self.insert(Node::Tuple(dims.into()));
        let state = self.insert(Node::Tuple([Value::Int(1), shape, dtype, Value::Bool(false), data].into()));
        let callee = self.global("numpy", "_reconstruct");
        let args = self.insert(Node::Tuple(Box::default()));
        let array =
            Object { state: Some(state), ..Object::made_by(callee, crate::pickle::Call::Function, args, 0) };
        Ok(self.insert(Node::Object(Box::new(array))))
    }

    /// The header of a member array, and where its data lies.
    fn member(&mut self, name: &str) -> Result<Option<(npy::Header, Bytes)>, ReadError> {
        let Some(member) = self.archive.get(name).cloned() else {
            return Ok(None);
        };
        let limits = *self.budget.limits();
        if let Some(start) = member.stored_at {
            let window = Window::new(Arc::clone(self.source), start, member.len);
            let header = npy::read_header(&mut Cursor::over("npy", &window, 0), &limits)?;
            let offset = start.saturating_add(header.data_offset);
            let len = member.len.saturating_sub(header.data_offset);
            return Ok(Some((header, Bytes::at(offset, len))));
        }
        if KEPT_MEMBER < member.len {
            return Ok(None);
        }
        let bytes = MemorySource::new(self.archive.read(name, KEPT_MEMBER, self.budget)?);
        let mut cursor = Cursor::over("npy", &bytes, 0);
        let header = npy::read_header(&mut cursor, &limits)?;
        let data = cursor.take(cursor.remaining().unwrap_or(0), "the data of an array")?;
        let len = u64::try_from(data.len()).unwrap_or(0);
        Ok(Some((header, Bytes { kept: Some(data.into()), ..Bytes::at(0, len) })))
    }
}

fn code_without_order(code: &str) -> String {
    code.trim_start_matches(['<', '>', '|', '=']).to_owned()
}
