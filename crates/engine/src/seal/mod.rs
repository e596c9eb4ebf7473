//! The seal: a signature over every file of a package, as OpenSSF Model Signing 1.0 writes it and `model_signing` checks it.
//!
//! A Sigstore bundle with an in-toto statement, signed with an elliptic-curve key of the person's own. The key is read
//! where it lies, used once and kept nowhere. Signatures are deterministic (RFC 6979): equal packages and the same key
//! give equal seals. Certificates and keyless signing are not made here; their seals are read, and named where only
//! `model_signing` can check them.

mod check;
mod key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub(crate) use self::check::check;
pub use self::key::{KeyError, PublicKey, SealKey};
use crate::receipt::WrittenFile;

/// The file of the seal, by the name that `model_signing` looks for.
pub const SEAL: &str = "model.sig";

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";

/// What may come and go in the package's root without breaking the seal: what `model_signing` leaves out by itself, and
/// what file managers leave behind.
const IGNORED: [&str; 8] =
    [".DS_Store", ".git", ".gitattributes", ".github", ".gitignore", "Thumbs.db", "desktop.ini", SEAL];

/// The seal of a package that is called `name` and holds these files.
pub(crate) fn sealed(key: &SealKey, name: &str, files: &[WrittenFile]) -> Vec<u8> {
    let mut files: Vec<&WrittenFile> = files.iter().collect();
    // By the parts of the path, as the reference implementation lists them.
    files.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    let root = root_digest(files.iter().map(|file| file.sha256.as_str()));
    let resources: Vec<_> = files
        .iter()
        .map(|file| json!({ "name": file.path, "algorithm": "sha256", "digest": file.sha256 }))
        .collect();
    let statement = json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "name": name, "digest": { "sha256": root } }],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": false,
                "ignore_paths": IGNORED,
            },
            "resources": resources,
        },
    });
    let payload = statement.to_string().into_bytes();
    let signature = key.sign(&signed_bytes(&payload));
    let bundle = json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": { "publicKey": { "hint": key.public().fingerprint() }, "tlogEntries": [] },
        "dsseEnvelope": {
            "payload": BASE64.encode(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{ "sig": BASE64.encode(signature), "keyid": "" }],
        },
    });
    bundle.to_string().into_bytes()
}

/// A seal of the same length, for a plan: the length of a signature differs by a byte or two.
pub(crate) fn planned_bytes(files: usize, names: usize) -> u64 {
    let statement = 600 + names + files * 120;
    u64::try_from(400 + statement * 4 / 3).unwrap_or(u64::MAX)
}

/// What is signed of a payload: the pre-authentication encoding of DSSE.
fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// SHA-256 over the digests, as bytes, one after the other.
fn root_digest<'a>(digests: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for digest in digests {
        hasher.update(bytes_of(digest));
    }
    crate::receipt::hex(&hasher.finalize())
}

/// The bytes of a hex text; what is no digit counts as nothing, so that it can only make digests differ.
fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect()
}

#[cfg(test)]
mod tests;
