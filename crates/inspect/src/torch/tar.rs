//! What `torch.save` wrote in the time of PyTorch 0.1.1: a tar archive of the pickle of the values, and two members in which
//! pickles and the bytes of storages or the shapes of tensors take turns. Loaders unpickle all of them.
//!
//! `torch/serialization.py` (`legacy_load`).

use std::collections::BTreeMap;
use std::sync::Arc;

use packwright_formats::container::{Container, Kind};
use packwright_formats::pickle::{Node, Value};
use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, ReadError};
use serde_json::json;

use super::tensor::{STATISTICS, TensorValue, storage_type};
use super::{Described, training};
use crate::container::{self, Role};
use crate::pickled::{Dialect, PickleFile, class_of};
use crate::reader::{Claim, Reader, Subject};
use crate::safety::{self, Finding, Safety, Severity};
use crate::{InspectError, Inspection, Tensor, Tensors};

const FORMAT: &str = "torch-tar";

/// More sides than a tensor may have.
const SIDES: i32 = 64;

/// Why such a file is not served.
const NOT_SERVED: &str = "PyTorch reads the tar archives of its version 0.1.1 only when it may run what is in them: load the file \
                          where you trust it with torch.load(path, weights_only=False), save the model's state_dict with \
                          torch.save, and drop that.";

/// Reads PyTorch's tar archives.
#[derive(Debug)]
pub(crate) struct TarReader;

impl Reader for TarReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if Kind::of(subject.head) != Some(Kind::Tar) {
            return Claim::No;
        }
        let mut budget = Budget::new(*subject.limits);
        let opened = Container::open(Kind::Tar, Arc::clone(&subject.source), &mut budget);
        let has = |opened: &Container, name: &str| opened.members().iter().any(|member| member.name == name);
        let is_torch = opened
            .is_ok_and(|opened| ["pickle", "storages", "tensors"].iter().all(|name| has(&opened, name)));
        if is_torch { Claim::Certain } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let mut budget = Budget::new(*subject.limits);
        let role = |name: &str| match name {
            "sys_info" | "pickle" => Some(Role::Pickle(Dialect::TorchTar)),
            "storages" | "tensors" => Some(Role::Bytes),
            _ => None,
        };
        let mut safety = container::scanned(subject, Kind::Tar, Some(&role))?;
        let opened = Container::open(Kind::Tar, Arc::clone(&subject.source), &mut budget)?;
        let mut walk =
            Walk { budget, storages: BTreeMap::new(), tensors: BTreeMap::new(), safety: &mut safety };
        if let Err(error) = walk.storages(&opened).and_then(|()| walk.tensors(&opened)) {
            walk.not_read(&error);
        }
        let (tensors, mut budget) = (walk.tensors, walk.budget);
        let found = member(&opened, "pickle", &mut budget)
            .map(|source| PickleFile::read_at(source, 0, None, subject.limits).in_dialect(Dialect::TorchTar));
        let described = match found {
            Ok(file) => describe(&file, &tensors),
            Err(error) => Err(InspectError::Damaged(error)),
        };
        match described {
            Ok(described) => super::inspections(subject, vec![described], &safety),
            Err(_) if safety.verdict() != safety::Verdict::Safe => {
                let warnings = vec!["No model could be read. A package can't be made.".to_owned()];
                let described = Described { warnings, ..Described::blank(FORMAT) };
                super::inspections(subject, vec![described], &safety)
            }
            Err(error) => Err(error),
        }
    }
}

fn member(opened: &Container, name: &str, budget: &mut Budget) -> Result<Arc<dyn ByteSource>, ReadError> {
    let gone = || ReadError::new(FORMAT, 0, ErrorKind::Unsupported(format!("an archive without {name}")));
    let member = opened.members().iter().find(|member| member.name == name).ok_or_else(gone)?;
    let found = opened.member(member, budget)?;
    found.error.map_or(Ok(found.source), Err)
}

/// The walk through the members in which pickles and other bytes take turns.
struct Walk<'a> {
    budget: Budget,
    /// The types of the elements of storages, by their numbers: NumPy's name and the bytes of one.
    storages: BTreeMap<String, Option<(&'static str, u64)>>,
    tensors: BTreeMap<String, TensorValue>,
    safety: &'a mut Safety,
}

impl Walk<'_> {
    /// How many storages; for each its number, place and type, the count of its elements and their bytes; then the views.
    fn storages(&mut self, opened: &Container) -> Result<(), ReadError> {
        const PLACE: &str = "storages";
        let source = member(opened, PLACE, &mut self.budget)?;
        let (count, mut at) = self.pickle(&source, 0, PLACE)?;
        for _ in 0..n_of(&count, at)? {
            let (file, end) = self.pickle(&source, at, PLACE)?;
            let items = file.pickle.root().and_then(|root| file.pickle.tree.items(root)).unwrap_or_default();
            let [key, _, ty] = items else { return Err(malformed(at, "a number, a place and a type")) };
            let Some(key) = key_of(&file, *key) else { return Err(malformed(at, "the number of a storage")) };
            let dtype = file.pickle.trace.global(*ty).and_then(|ty| storage_type(&ty.name));
            let mut cursor = Cursor::over(FORMAT, &*source, end);
            let n = u64::from_le_bytes(cursor.array("the count of a storage")?);
            let Some((_, item_bytes)) = dtype else { return Err(malformed(end, "a known type of storage")) };
            cursor.skip(n.saturating_mul(item_bytes), "a storage")?;
            at = cursor.position();
            self.storages.insert(key, dtype);
        }
        let (views, _) = self.pickle(&source, at, PLACE)?;
        let rows = views.pickle.root().and_then(|root| views.pickle.tree.items(root)).unwrap_or_default();
        for row in rows {
            if let Some([target, root, ..]) = views.pickle.tree.items(*row)
                && let (Some(target), Some(root)) = (key_of(&views, *target), key_of(&views, *root))
            {
                let dtype = self.storages.get(&root).copied().flatten();
                self.storages.insert(target, dtype);
            }
        }
        Ok(())
    }

    /// How many tensors; for each its number, its storage and type, then how many sides, their lengths and strides, and
    /// where in the storage it begins.
    fn tensors(&mut self, opened: &Container) -> Result<(), ReadError> {
        const PLACE: &str = "tensors";
        let source = member(opened, PLACE, &mut self.budget)?;
        let (count, mut at) = self.pickle(&source, 0, PLACE)?;
        for _ in 0..n_of(&count, at)? {
            let (file, end) = self.pickle(&source, at, PLACE)?;
            let items = file.pickle.root().and_then(|root| file.pickle.tree.items(root)).unwrap_or_default();
            let [key, storage, _] = items else {
                return Err(malformed(at, "a number, a storage and a type"));
            };
            let (Some(key), Some(storage)) = (key_of(&file, *key), key_of(&file, *storage)) else {
                return Err(malformed(at, "the numbers of a tensor and a storage"));
            };
            let mut cursor = Cursor::over(FORMAT, &*source, end);
            let n_sides = i32::from_le_bytes(cursor.array("the sides of a tensor")?);
            if !(0..=SIDES).contains(&n_sides) {
                return Err(malformed(end, "a count of sides"));
            }
            cursor.skip(4, "the sides of a tensor")?;
            let mut shape = Vec::new();
            for _ in 0..n_sides {
                shape.push(u64::from_le_bytes(cursor.array("a side of a tensor")?));
            }
            cursor.skip(8_u64.saturating_mul(u64::try_from(n_sides).unwrap_or(0)), "the strides")?;
            let offset = u64::from_le_bytes(cursor.array("the place of a tensor")?);
            at = cursor.position();
            if let Some((dtype, item_bytes)) = self.storages.get(&storage).copied().flatten() {
                self.tensors.insert(key, TensorValue::at((storage, offset), (dtype, item_bytes), shape));
            }
        }
        Ok(())
    }

    /// Reads and judges the pickle at an offset; gives where it ends.
    fn pickle(
        &mut self,
        source: &Arc<dyn ByteSource>,
        at: u64,
        place: &str,
    ) -> Result<(PickleFile, u64), ReadError> {
        let mut file =
            PickleFile::read_one(Arc::clone(source), at, &mut self.budget).in_dialect(Dialect::TorchTar);
        let error = file.pickle.error.take();
        let judged = safety::pickle::judge(&file, error.as_ref());
        let before = self.safety.verdict();
        self.safety.needs = self.safety.needs.max(judged.needs);
        let is_news = before < self.safety.verdict();
        // What every storage is made of is no news.
        let seen = &self.safety.findings;
        let is_seen =
            |found: &Finding| seen.iter().any(|row| row.rule == found.rule && row.what == found.what);
        let new =
            judged.findings.into_iter().filter(|found| Severity::Info < found.severity && !is_seen(found));
        let rows = new.map(|found| Finding { place: format!("{place}, {}", found.place), ..found });
        let rows: Vec<Finding> = rows.collect();
        self.safety.findings.extend(rows);
        if is_news {
            self.safety.summary = judged.summary;
            self.safety.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        }
        let end = file.pickle.end;
        error.map_or(Ok((file, end)), Err)
    }

    fn not_read(&mut self, error: &ReadError) {
        self.safety.unread.push(error.to_string());
        if self.safety.verdict() == safety::Verdict::Unscanned {
            safety::NOT_READ.clone_into(&mut self.safety.summary);
        }
    }
}

fn malformed(at: u64, expected: &'static str) -> ReadError {
    ReadError::new(FORMAT, at, ErrorKind::malformed("pickle", expected, "something else"))
}

fn n_of(file: &PickleFile, at: u64) -> Result<u64, ReadError> {
    let n = file.pickle.root().and_then(|root| file.pickle.tree.int(root));
    n.and_then(|n| u64::try_from(n).ok()).ok_or_else(|| malformed(at, "a count"))
}

/// The number of a tensor or a storage, which the values have as text.
fn key_of(file: &PickleFile, value: Value) -> Option<String> {
    let tree = &file.pickle.tree;
    tree.text(value).map(str::to_owned).or_else(|| Some(tree.int(value)?.to_string()))
}

/// Describes the values: a dict of tensors, one that holds such dicts, or a module.
fn describe(file: &PickleFile, tensors: &BTreeMap<String, TensorValue>) -> Result<Described, InspectError> {
    let Some(root) = file.pickle.root() else {
        return Err(crate::strangers::unread("its member pickle holds no value", "save the model again"));
    };
    let tree = &file.pickle.tree;
    let tensor = |value: Value| match tree.get(value)? {
        Node::Persistent(id) => tensors.get(&key_of(file, *id)?).cloned(),
        _ => None,
    };
    let mut all = Tensors::default();
    let mut seen = super::tensor::Seen::default();
    let mut add = |prefix: &str, dict: Value| {
        for (name, value) in tree.entries(dict).unwrap_or_default() {
            if let (Some(name), Some(mut found)) = (tree.text(*name), tensor(*value)) {
                found.is_parameter = !STATISTICS.iter().any(|statistic| name.ends_with(statistic));
                let row: Tensor = found.named(format!("{prefix}{name}"), &mut seen);
                all.push(row);
            }
        }
        all.n
    };
    let source = "the values in the member pickle";
    let mut described = Described { warnings: vec![NOT_SERVED.to_owned()], ..Described::blank(FORMAT) };
    if 0 < add("", root) {
        described.add("kind", json!("a state dict"), source);
    } else {
        for (name, inner) in tree.entries(root).unwrap_or_default() {
            if let Some(name) = tree.text(*name) {
                add(&format!("{name}."), *inner);
            }
        }
        let is_module = super::module::is_module(file, root);
        if let Some((module, class)) = class_of(file, root).filter(|_| is_module) {
            described.add("kind", json!("a whole module"), source);
            let class = format!("{module}.{class}");
            described.class = Some(crate::Sourced::new(class, "class of the pickled module"));
        } else {
            described.add("kind", json!("a checkpoint"), source);
            described.facts.extend(training::facts(file, root));
        }
    }
    if all.n == 0 && described.class.is_none() {
        let what = "it is a PyTorch file of the time of 0.1.1, and no weights that can be told";
        return Err(crate::strangers::unread(what, "save the model's state_dict with torch.save"));
    }
    described.tensors = all;
    Ok(described)
}
