//! The weights in an HDF5 file, and what in it leads elsewhere.

use packwright_formats::hdf5::{File, Object, Storage};

use crate::safety::{Finding, Severity};
use crate::{Tensor, Tensors};

/// How many rows one file gets.
const FINDINGS: usize = 100;

/// How the weights are laid out in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Beside the configuration, in `model_weights`, one group for each layer.
    Whole,
    /// One group for each layer.
    Layers,
    /// As Keras 3 nests its objects: `layers/dense/vars/0`.
    Objects,
}

/// How weights without a model are laid out; `None` when it is no file of Keras.
pub(super) fn layout(file: &File) -> Option<Layout> {
    let root = file.get("")?;
    if root.texts("layer_names").is_some() || root.texts("layer_names0").is_some() {
        return Some(Layout::Layers);
    }
    let has_vars = file.objects.iter().any(|object| {
        let is_vars = object.path == "vars" || object.path.ends_with("/vars");
        is_vars && object.dataset.is_none()
    });
    if has_vars {
        return Some(Layout::Objects);
    }
    root.text("keras_version").is_some().then_some(Layout::Layers)
}

/// The weights of the model, without those of its optimizer.
pub(super) fn tensors(file: &File, layout: Layout) -> Tensors {
    file.objects.iter().filter_map(|object| tensor(object, layout)).collect()
}

/// The weights of a model with the paths of their groups below the model's own.
pub(super) fn placed(file: &File, layout: Layout) -> impl Iterator<Item = (&str, Tensor)> {
    file.objects.iter().filter_map(move |object| {
        let path = object.path.as_str();
        let path = if layout == Layout::Whole { path.strip_prefix("model_weights/")? } else { path };
        Some((path, tensor(object, layout)?))
    })
}

fn tensor(object: &Object, layout: Layout) -> Option<Tensor> {
    let dataset = object.dataset.as_ref()?;
    let path = object.path.as_str();
    // The group of a layer holds its weights under their own full names.
    let name = match layout {
        Layout::Whole => path.strip_prefix("model_weights/")?.split_once('/')?.1,
        Layout::Layers => path.split_once('/')?.1,
        Layout::Objects => Some(path).filter(|path| !path.starts_with("optimizer/"))?,
    };
    let dtype = dataset.dtype.clone().unwrap_or_else(|| "object".to_owned());
    let is_state =
        ["moving_mean", "moving_variance", "seed_generator"].iter().any(|part| name.contains(part));
    Some(Tensor {
        is_parameter: !is_state && dtype.contains("float"),
        name: name.to_owned(),
        dtype,
        shape: dataset.shape.clone(),
        size_bytes: dataset.size_bytes,
    })
}

/// Links to other files, and data that lies in them: reading the weights would read those.
pub(super) fn judge(file: &File, place: &str) -> Vec<Finding> {
    let links = file.links.iter().filter_map(|link| {
        let other = link.file.as_ref()?;
        let is_below = !other.starts_with(['/', '\\'])
            && !other.contains(':')
            && !other.split(['/', '\\']).any(|part| part == "..");
        Some(Finding {
            rule: "hdf5/external-link",
            severity: if is_below { Severity::Review } else { Severity::Dangerous },
            what: format!("a link to {} in {other}", link.to),
            place: format!("{} in {place}", link.path),
            why: "loading follows it and reads that file".to_owned(),
        })
    });
    let data = file.objects.iter().filter_map(|object| {
        let (what, why) = match object.dataset.as_ref()?.storage {
            Storage::Inside => return None,
            Storage::External => ("data in other files", "loading reads the files that the dataset names"),
            Storage::Virtual => ("a view of other datasets", "loading may read other files through it"),
        };
        Some(Finding {
            rule: "hdf5/external-data",
            severity: Severity::Review,
            what: what.to_owned(),
            place: format!("{} in {place}, byte {}", object.path, object.offset),
            why: why.to_owned(),
        })
    });
    let unread = file.unread.iter().map(|what| Finding {
        rule: "hdf5/not-read",
        severity: Severity::Unscanned,
        what: what.clone(),
        place: place.to_owned(),
        why: "it is kept in a way that is not read here".to_owned(),
    });
    links.chain(data).chain(unread).take(FINDINGS).collect()
}
