//! NumPy's `.npy` files: data, unless their items are Python objects. Then a pickle takes the place of the data, and
//! `numpy.load` with `allow_pickle` runs what it holds.

use std::sync::Arc;

use packwright_formats::npy::{Header, read_header};
use packwright_source::Cursor;
use serde_json::json;

use crate::pickled::{PickleFile, opaque};
use crate::reader::{Claim, Reader, Subject};
use crate::{Fact, InspectError, Inspection, safety};

/// Reads `.npy` files.
#[derive(Debug)]
pub(crate) struct NpyReader;

impl Reader for NpyReader {
    fn claims(&self, subject: &Subject<'_>) -> Claim {
        if subject.head.starts_with(b"\x93NUMPY") { Claim::Certain } else { Claim::No }
    }

    fn read(&self, subject: &Subject<'_>) -> Result<Inspection, InspectError> {
        let mut cursor = Cursor::over("npy", &*subject.source, 0);
        let header = read_header(&mut cursor, subject.limits)?;
        let what = words(&header);
        if !header.has_objects {
            let hint = "an array is sample data for a model: drop it on an open draft".to_owned();
            return Err(InspectError::NotAModel { what: format!("it is {what}, not a model"), hint });
        }
        let mut file =
            PickleFile::read_at(Arc::clone(&subject.source), header.data_offset, None, subject.limits);
        let error = file.pickle.error.take();
        let safety = safety::pickle::judge(&file, error.as_ref());
        if safety.verdict() == safety::Verdict::Safe {
            let hint = "numpy.load opens it only with allow_pickle; save the fitted model itself".to_owned();
            return Err(InspectError::NotAModel { what: format!("it is {what}, not a model"), hint });
        }
        let mut inspection = opaque(subject, &file, safety);
        inspection.format = "npy";
        inspection.facts.push(Fact { name: "array", value: json!(what), source: "NumPy header".into() });
        inspection.warnings = vec![format!(
            "It is {what}, kept as a pickle: a package can't be made. numpy.load runs what it holds when it is asked to \
             allow pickles."
        )];
        Ok(inspection)
    }
}

/// An array for a person.
fn words(header: &Header) -> String {
    let shape: Vec<String> = header.shape.iter().map(u64::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let of = match &header.dtype {
        _ if header.has_objects => "Python objects".to_owned(),
        Some(dtype) => dtype.name(),
        None => "records".to_owned(),
    };
    format!("a NumPy array of {of} with shape ({}{comma})", shape.join(", "))
}
