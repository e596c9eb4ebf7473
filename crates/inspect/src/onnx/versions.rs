//! Which releases first understand an IR version and an operator set.

/// ONNX releases: version, IR version, operator sets of `ai.onnx` and `ai.onnx.ml` (`onnx.helper.VERSION_TABLE`,
/// onnx 1.23).
const ONNX: [(&str, u64, u64, u64); 22] = [
    ("1.2", 3, 7, 1),
    ("1.3", 3, 8, 1),
    ("1.4.1", 4, 9, 1),
    ("1.5", 5, 10, 1),
    ("1.6", 6, 11, 2),
    ("1.7", 7, 12, 2),
    ("1.8", 7, 13, 2),
    ("1.9", 7, 14, 2),
    ("1.10", 8, 15, 2),
    ("1.11", 8, 16, 3),
    ("1.12", 8, 17, 3),
    ("1.13", 8, 18, 3),
    ("1.14", 9, 19, 3),
    ("1.15", 9, 20, 4),
    ("1.16", 10, 21, 5),
    ("1.17", 10, 22, 5),
    ("1.18", 11, 23, 5),
    ("1.19", 12, 24, 5),
    ("1.20", 13, 25, 5),
    ("1.21", 13, 26, 5),
    ("1.22", 13, 27, 5),
    ("1.23", 14, 28, 5),
];

/// onnxruntime releases and what they load: version, IR version, operator set of `ai.onnx`. Up to 1.14 from the
/// compatibility table of its documentation; from 1.15 on measured by loading models in each release.
const ONNXRUNTIME: [(&str, u64, u64); 15] = [
    ("1.4", 7, 12),
    ("1.6", 7, 13),
    ("1.8", 7, 14),
    ("1.10", 8, 15),
    ("1.11", 8, 16),
    ("1.13", 8, 17),
    ("1.14", 8, 18),
    ("1.15", 9, 19),
    ("1.17", 9, 20),
    ("1.18", 10, 21),
    ("1.21", 10, 22),
    ("1.23", 11, 23),
    ("1.24", 13, 25),
    ("1.26", 13, 26),
    ("1.32", 14, 28),
];

/// The first onnx release with this IR version and these operator sets; `None` when they are newer than the table.
pub(super) fn onnx(ir_version: u64, opset: u64, ml_opset: u64) -> Option<&'static str> {
    let row = ONNX.iter().find(|row| ir_version <= row.1 && opset <= row.2 && ml_opset <= row.3);
    row.map(|row| row.0)
}

/// The first onnxruntime release that loads this IR version and operator set; `None` when they are newer than the
/// table.
pub(super) fn onnxruntime(ir_version: u64, opset: u64) -> Option<&'static str> {
    let row = ONNXRUNTIME.iter().find(|row| ir_version <= row.1 && opset <= row.2);
    row.map(|row| row.0)
}
