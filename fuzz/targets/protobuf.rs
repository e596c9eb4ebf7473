//! Any bytes, read as an ONNX model in each of its forms, as a file of onnxruntime and as a Core ML model, give an
//! inspection or a located error; what a form made for people becomes is whole protobuf.
#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use packwright_formats::protobuf::Wire;
use packwright_inspect::{inspect, onnx_binary};
use packwright_source::{Limits, MemorySource};

/// The endings by which a reader takes what its structure does not claim.
const NAMES: [&str; 3] = ["m.onnx", "m.mlmodel", "m.ort"];

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        header_bytes: 1 << 20,
        kept_bytes: 4 << 20,
        values: 10_000,
        steps: 1_000_000,
        ..Limits::default()
    };
    if let Ok(binary) = onnx_binary(&MemorySource::new(bytes), &limits) {
        let source = MemorySource::new(binary);
        let mut wire = Wire::over("protobuf", &source, &limits);
        while wire.field().expect("what was written is whole").is_some() {}
    }
    let folder: PathBuf = std::env::temp_dir().join(format!("packwright-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the file");
    for name in NAMES {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("a file");
        drop(inspect(&path, &limits));
    }
});
