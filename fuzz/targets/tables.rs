//! Any bytes, read as a data file under each ending that decides how, give a sample whose types MLflow could infer, or an
//! error, within the limits.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use packwright_inspect::sample::{self, SampleData};
use packwright_mlflow::enforce;
use packwright_mlflow::frame;

/// A folder of this process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("packwright-fuzz-tables-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
    folder
});

/// The endings that decide where the first bytes do not.
const ENDINGS: [&str; 5] = ["csv", "tsv", "json", "jsonl", "arrows"];

/// What the first bytes decide: one ending is as good as five.
const MAGICS: [&[u8]; 4] = [b"PAR1", b"ARROW1", b"\x93NUMPY", b"PK\x03\x04"];

fuzz_target!(
    // The crates for Parquet and Arrow panic here and there and are guarded; libFuzzer's hook would end the process
    // before the guard. A panic that no guard catches still ends it.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let is_clear = MAGICS.iter().any(|magic| bytes.starts_with(magic));
        for ending in ENDINGS.iter().take(if is_clear { 1 } else { ENDINGS.len() }) {
            let path = FOLDER.join("rows").with_extension(ending);
            std::fs::write(&path, bytes).expect("the temporary folder can be written to");
            match sample::read(&path) {
                Ok(sample) => look(&sample.data),
                Err(error) => drop(error.to_string()),
            }
        }
    }
);

/// What the window does with a sample.
fn look(data: &SampleData) {
    match data {
        SampleData::Frame(frame) => {
            let columns: Vec<_> = frame::infer_frame(frame).into_iter().map(|(column, _)| column).collect();
            std::hint::black_box(enforce::table(&columns, frame));
        }
        SampleData::Arrays(arrays) => drop(frame::infer_arrays(arrays)),
        SampleData::Json(fields) => drop(frame::infer_json(fields)),
    }
}
