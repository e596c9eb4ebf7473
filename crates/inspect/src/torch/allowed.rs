//! What `torch.load(weights_only=True)` makes of a file: it reads tensors and plain values, and every other class only when
//! it is told to by name.
//!
//! `torch/_weights_only_unpickler.py` (`_get_allowed_globals`).

use crate::pickled::PickleFile;

/// Modules and the names in them that it always takes; a name that ends in `*` stands for all that begin so.
const TAKEN: &[(&str, &[&str])] = &[
    ("collections", &["OrderedDict", "Counter"]),
    ("_codecs", &["encode"]),
    ("builtins", &["bytearray", "set", "complex"]),
    ("__builtin__", &["bytearray", "set", "complex"]),
    ("torch.nn.parameter", &["Parameter"]),
    ("torch.serialization", &["_get_layout"]),
    ("torch._tensor", &["_rebuild_from_type_v2"]),
    ("torch.storage", &["TypedStorage", "UntypedStorage"]),
    (
        "torch._utils",
        &[
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
            "_rebuild_qtensor",
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
            "_rebuild_tensor_v3",
            "_rebuild_sparse_tensor",
            "_rebuild_meta_tensor_no_storage",
            "_rebuild_wrapper_subclass",
            "_rebuild_device_tensor_from_numpy",
            "_rebuild_device_tensor_from_cpu_tensor",
        ],
    ),
    // Types of tensors, storages and elements, and schemes of quantization. torch has functions too, which call what
    // they are given nothing of, but those are in lower case and no types.
    (
        "torch",
        &[
            "Size",
            "Tensor",
            "device",
            "bool",
            "bfloat16",
            "double",
            "half",
            "int*",
            "uint*",
            "float*",
            "complex*",
            "qint*",
            "quint*",
            "bits*",
            "per_tensor_*",
            "per_channel_*",
            "*Storage",
            "*Tensor",
        ],
    ),
];

/// The names beyond those, in the order of the file, each as `module.Name`.
pub(super) fn refused(file: &PickleFile) -> Vec<String> {
    let mut names = Vec::new();
    for global in file.pickle.trace.globals() {
        let name = format!("{}.{}", global.module, global.name);
        if !is_taken(&global.module, &global.name) && !names.contains(&name) && names.len() < MOST {
            names.push(name);
        }
    }
    names
}

/// More classes than any checkpoint keeps beside its weights.
const MOST: usize = 100;

fn is_taken(module: &str, name: &str) -> bool {
    let rows = TAKEN.iter().filter(|(taken, _)| *taken == module);
    rows.flat_map(|(_, names)| names.iter()).any(|taken| {
        match (taken.strip_suffix('*'), taken.strip_prefix('*')) {
            (Some(start), _) => name.starts_with(start),
            (_, Some(end)) => name.ends_with(end),
            _ => *taken == name,
        }
    })
}

/// Why it can't read the file whatever it is told; `None` when it can.
pub(super) fn unreadable(file: &PickleFile) -> Option<String> {
    // Its machine knows the opcodes of protocol 2 and no others.
    (2 < file.pickle.protocol).then(|| {
        format!(
            "The file was saved with pickle protocol {}, and torch.load reads weights without running code in protocol 2 \
             alone: load it where you trust it and save it again with torch.save.",
            file.pickle.protocol
        )
    })
}
