//! Checks a seal against the files that it is said to seal.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::Value;

use super::{
    BASE64, PAYLOAD_TYPE, PREDICATE_TYPE, PublicKey, SEAL, STATEMENT_TYPE, root_digest, signed_bytes,
};

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The fingerprint of the key that the seal says it was made with; empty when it says none.
    pub(crate) fingerprint: String,
    /// Whether the signature is the key's; `None` without a key.
    pub(crate) is_signed: Option<bool>,
    /// What differs, in sentences, each with the file that it is about.
    pub(crate) problems: Vec<(String, String)>,
}

/// Reads a seal and compares it with the files of the package. `hash` gives the SHA-256 of one.
///
/// # Errors
///
/// A sentence, when it is no seal that can be checked here.
pub(crate) fn check(
    seal: &[u8],
    key: Option<&PublicKey>,
    names: &[String],
    hash: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Checked, String> {
    let bundle: Value =
        serde_json::from_slice(seal).map_err(|error| format!("the seal is no JSON: {error}"))?;
    let media_type = text(&bundle, "/mediaType");
    if !media_type.starts_with("application/vnd.dev.sigstore.bundle") {
        return Err("the seal is no Sigstore bundle".into());
    }
    let envelope = bundle.get("dsseEnvelope").ok_or("the seal holds no signed statement")?;
    let signatures = envelope.get("signatures").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let [signature] = signatures else {
        return Err(format!("the seal holds {} signatures; one is expected", signatures.len()));
    };
    let decoded = |value: &str| {
        BASE64.decode(value).map_err(|error| format!("the seal is damaged: it is no base64 ({error})"))
    };
    let payload = decoded(text(envelope, "/payload"))?;
    let signature = decoded(text(signature, "/sig"))?;
    if text(envelope, "/payloadType") != PAYLOAD_TYPE {
        return Err("what the seal signs is no in-toto statement".into());
    }
    let fingerprint = text(&bundle, "/verificationMaterial/publicKey/hint").to_owned();
    if bundle.pointer("/verificationMaterial/publicKey").is_none() && key.is_some() {
        return Err(
            "the seal was made with a certificate, not with a key; check it with `model_signing verify certificate` or `verify sigstore`"
                .into(),
        );
    }
    let is_signed = key.map(|key| key.verifies(&signed_bytes(&payload), &signature));
    let statement: Value = serde_json::from_slice(&payload)
        .map_err(|error| format!("the seal's statement is no JSON: {error}"))?;
    let problems = compare(&statement, names, hash)?;
    Ok(Checked { fingerprint, is_signed, problems })
}

/// What the statement says against what is there.
fn compare(
    statement: &Value,
    names: &[String],
    hash: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Vec<(String, String)>, String> {
    if text(statement, "/_type") != STATEMENT_TYPE || text(statement, "/predicateType") != PREDICATE_TYPE {
        return Err("the seal's statement is of a kind that is not read here".into());
    }
    let serialization = statement.pointer("/predicate/serialization").unwrap_or(&Value::Null);
    let (method, algorithm) = (text(serialization, "/method"), text(serialization, "/hash_type"));
    if method != "files" || algorithm != "sha256" {
        return Err(format!(
            "the seal hashes by {method} with {algorithm}; here files with sha256 are checked, `model_signing verify` checks others"
        ));
    }
    let sealed = resources(statement)?;
    let subjects = statement.get("subject").and_then(Value::as_array).map_or(0, Vec::len);
    let root = root_digest(sealed.iter().map(|(_, digest)| digest.as_str()));
    if subjects != 1 || text(statement, "/subject/0/digest/sha256") != root {
        return Err("the seal's list of files does not have the digest that it states".into());
    }
    let ignored: Vec<&str> = serialization
        .get("ignore_paths")
        .and_then(Value::as_array)
        .map(|paths| paths.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let is_ignored = |name: &str| {
        name == SEAL
            || ignored.iter().any(|path| {
                let rest = name.strip_prefix(path.trim_start_matches("./").trim_end_matches('/'));
                !path.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    };
    let by_name: BTreeMap<&str, &str> =
        sealed.iter().map(|(name, digest)| (name.as_str(), digest.as_str())).collect();
    let mut problems = Vec::new();
    for (name, digest) in &sealed {
        let found = if names.iter().any(|known| known == name) {
            hash(name)
        } else {
            Err("the file is missing".to_owned())
        };
        match found {
            Ok(found) if found == *digest => {}
            Ok(_) => {
                problems.push((name.clone(), "the file was changed after the package was sealed".to_owned()));
            }
            Err(problem) => problems.push((name.clone(), problem)),
        }
    }
    for name in names {
        if !by_name.contains_key(name.as_str()) && !is_ignored(name) {
            problems.push((name.clone(), "the file was added after the package was sealed".to_owned()));
        }
    }
    Ok(problems)
}

/// Names and digests, in the order of the seal.
fn resources(statement: &Value) -> Result<Vec<(String, String)>, String> {
    let listed = statement.pointer("/predicate/resources").and_then(Value::as_array);
    let mut out: Vec<(String, String)> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for resource in listed.ok_or("the seal lists no files")? {
        let name = text(resource, "/name");
        let is_inside = !name.is_empty()
            && !name.contains('\\')
            && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_inside {
            return Err(format!("the seal names a file outside the package: {name}"));
        }
        if !known.insert(name.to_owned()) {
            return Err(format!("the seal names a file twice: {name}"));
        }
        if text(resource, "/algorithm") != "sha256" {
            return Err(format!("the seal hashes {name} with another algorithm than it says"));
        }
        out.push((name.to_owned(), text(resource, "/digest").to_owned()));
    }
    Ok(out)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
