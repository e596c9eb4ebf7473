//! Naming what is not a model: a person who dropped the wrong thing wants to know what it is.

use packwright_source::Folder;

use crate::InspectError;
use crate::reader::Subject;

/// First bytes, what they mean, what to do.
const MAGICS: &[(&[u8], &str, &str)] = &[
    (
        b"version https://git-lfs",
        "it is a Git LFS pointer, not the file itself",
        "run git lfs pull and drop the real file",
    ),
    (b"\x7fELF", "it is a program or a native library", "drop the model file that it loads"),
    (b"MZ", "it is a Windows program or library", "drop the model file that it loads"),
    (b"%PDF", "it is a PDF document", "drop the model file"),
    (b"\x89PNG", "it is a PNG image", "drop the model file"),
    (b"\xff\xd8\xff", "it is a JPEG image", "drop the model file"),
    (b"GIF8", "it is a GIF image", "drop the model file"),
    (b"SQLite format 3", "it is an SQLite database", "drop the model file"),
    (b"PAR1", "it is a Parquet table", "it is no model; drop it on an open draft as its sample data"),
    (b"ARROW1", "it is an Arrow table", "it is no model; drop it on an open draft as its sample data"),
    (b"{\\rtf", "it is a text document", "drop the model file"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", "unpack it and drop the model inside"),
    (b"Rar!", "it is a RAR archive", "unpack it and drop the model inside"),
];

/// For models that other tools pack.
const OTHERS_WAY_OUT: &str =
    "convert it to ONNX and drop that, or save it with the MLflow flavor of its library";

/// Names what is certainly no model of any reader, before the readers are asked.
pub(crate) fn name_certain(subject: &Subject<'_>) -> Option<InspectError> {
    if subject.source.len_bytes() == 0 {
        return Some(not_a_model(
            "the file is empty",
            "the download or the save may have failed; get it again",
        ));
    }
    if subject.head.iter().all(|byte| *byte == 0) {
        return Some(not_a_model(
            "the file holds only zero bytes",
            "the download or the save may have failed; get it again",
        ));
    }
    let found = MAGICS.iter().find(|(magic, _, _)| subject.head.starts_with(magic));
    found.map(|(_, what, hint)| not_a_model(what, hint))
}

/// Names what a file is when no reader could read it.
pub(crate) fn name(subject: &Subject<'_>) -> Option<InspectError> {
    if subject.head.starts_with(b"PK\x03\x04") {
        let what = "it is a zip archive, and holds no model that this version reads";
        return Some(unread(what, "unpack it and drop the model file inside"));
    }
    let text = text_of(subject.head)?;
    let start = text.trim_start().to_lowercase();
    let extension = subject.extension();
    if extension == "py" {
        return Some(InspectError::Code { what: "it is a Python file" });
    }
    let (what, hint) = if start.starts_with("<!doctype html") || start.starts_with("<html") {
        ("it is a web page, perhaps saved in place of a download", "download the file itself")
    } else if start.starts_with("import ") || start.starts_with("from ") || start.starts_with("#!") {
        ("it is a script", "drop the model file that it writes")
    } else if extension == "csv" || extension == "tsv" || looks_like_csv(text) {
        ("it is a table of text (CSV)", "it is no model; drop it on an open draft as its sample data")
    } else if start.starts_with('{') || start.starts_with('[') {
        ("it is a JSON file, and no model that Packwright knows", "drop the model file")
    } else if start.starts_with('<') {
        ("it is an XML file, and no model that Packwright knows", "drop the model file")
    } else {
        ("it is a text file", "drop the model file")
    };
    Some(not_a_model(what, hint))
}

/// The last answer.
pub(crate) fn unknown(subject: &Subject<'_>) -> InspectError {
    let first: Vec<String> = subject.head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    unread(
        &format!("it is in no format that Packwright knows: its first bytes are {}", first.join(" ")),
        "drop the file that the library itself saved, or convert the model to ONNX",
    )
}

/// Names a folder.
pub(crate) fn name_folder(folder: &Folder) -> InspectError {
    let has = |name: &str| folder.get(name).is_some();
    let what = if has("MLmodel") {
        return mlflow_package("an MLflow package");
    } else if has("coremldata.bin") && (has("model.mil") || has("metadata.json") || has("model.espresso.net"))
    {
        return not_read(
            "a Core ML model that is compiled for a device (.mlmodelc)",
            "drop the .mlpackage or .mlmodel that it was compiled from",
        );
    } else if has("meta.json") && has("config.cfg") {
        "a spaCy pipeline"
    } else if folder.entries().iter().any(|entry| is_python(&entry.name)) {
        return InspectError::Code { what: "it is a folder with Python code" };
    } else {
        return not_a_model(
            "it is a folder that holds no model that Packwright knows",
            "drop the model file itself",
        );
    };
    not_read(what, OTHERS_WAY_OUT)
}

/// What is packed already.
pub(crate) fn mlflow_package(what: &str) -> InspectError {
    InspectError::Package {
        what: format!("it is {what}: it is packed already"),
        hint: "mlflow models serve takes it as it is, and packwright lint and verify check it; to change what it says, \
               edit a copy: packwright pack writes one"
            .into(),
    }
}

fn not_read(what: &str, hint: &str) -> InspectError {
    unread(&format!("it is {what}, which this version does not read"), hint)
}

/// What no reader reads.
pub(crate) fn unread(what: &str, hint: &str) -> InspectError {
    InspectError::Unknown { what: what.to_owned(), hint: hint.to_owned() }
}

fn is_python(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending == "py")
}

fn not_a_model(what: &str, hint: &str) -> InspectError {
    InspectError::NotAModel { what: what.to_owned(), hint: hint.to_owned() }
}

/// The head as text, unless it is binary. A character that is cut at the end of the head does not count.
fn text_of(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_text = text.chars().all(|char| !char.is_control() || matches!(char, '\n' | '\r' | '\t'));
    is_text.then_some(text)
}

fn looks_like_csv(text: &str) -> bool {
    let mut lines = text.lines().take(3).map(|line| line.matches([',', ';', '\t']).count());
    let Some(first) = lines.next().filter(|n| 0 < *n) else {
        return false;
    };
    let rest: Vec<usize> = lines.collect();
    !rest.is_empty() && rest.iter().all(|n| *n == first)
}
