//! Keys in PEM files: P-256, P-384 and P-521, the curves of Model Signing.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, EncryptedPrivateKeyInfoRef, LineEnding,
};
use sha2::{Digest as _, Sha256};

use crate::receipt::hex;

/// A longer file is no key.
const LONGEST_KEY_BYTES: u64 = 64 << 10;

/// Why a key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read.
    #[error("the key {} could not be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The key is encrypted and no passphrase was given.
    #[error("the key is protected; give its passphrase")]
    Locked,
    /// The passphrase opens it not, or the file is damaged.
    #[error("the passphrase does not open the key")]
    Passphrase,
    /// It is no key, or one that cannot be used here; the text says which are and what to do.
    #[error("{0}")]
    Unusable(String),
}

/// A private key. Its bytes are wiped from memory with it.
#[derive(Clone)]
pub struct SealKey(Private);

#[derive(Clone)]
enum Private {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

/// A public key.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicKey(Public);

#[derive(Debug, Clone, PartialEq)]
enum Public {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

impl SealKey {
    /// Reads a PEM file: PKCS #8, also encrypted, or SEC 1.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; `Locked` asks for the passphrase.
    pub fn open(path: &Path, passphrase: Option<&str>) -> Result<Self, KeyError> {
        Self::from_pem(&read(path)?, passphrase)
    }

    /// Reads the text of a PEM file.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; `Locked` asks for the passphrase.
    pub fn from_pem(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let unusable = |problem: &str| KeyError::Unusable(problem.to_owned());
        // openssl writes the parameters of the curve first.
        let block = blocks(text).into_iter().find(|(label, _)| *label != "EC PARAMETERS");
        let Some((label, block)) = block else {
            return Err(unusable("this is no key: a private key in PEM begins with -----BEGIN"));
        };
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(|kind| kind.pem(&block)),
            "ENCRYPTED PRIVATE KEY" => {
                let passphrase = passphrase.filter(|text| !text.is_empty()).ok_or(KeyError::Locked)?;
                let (_, document) = pkcs8::SecretDocument::from_pem(&block).map_err(|error| {
                    KeyError::Unusable(format!("the key is damaged: its text is no PEM ({error})"))
                })?;
                let info = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|error| {
                    KeyError::Unusable(format!(
                        "the key is protected in a way that is not read here ({error})"
                    ))
                })?;
                // What it says tells no more: a wrong passphrase gives bytes that are no key.
                let Ok(open) = info.decrypt(passphrase) else { return Err(KeyError::Passphrase) };
                Self::from_pkcs8(|kind| kind.der(open.as_bytes()))
            }
            "EC PRIVATE KEY" if block.contains("ENCRYPTED") => Err(unusable(
                "the key is protected in an old way; write it anew with: openssl pkcs8 -topk8 -in KEY -out NEW",
            )),
            "EC PRIVATE KEY" => {
                let p256 = || Some(Private::P256(p256::SecretKey::from_sec1_pem(&block).ok()?.into()));
                let p384 = || Some(Private::P384(p384::SecretKey::from_sec1_pem(&block).ok()?.into()));
                let p521 = || Some(Private::P521(p521::SecretKey::from_sec1_pem(&block).ok()?.into()));
                p256().or_else(p384).or_else(p521).map(Self).ok_or_else(wrong_kind)
            }
            "PUBLIC KEY" | "CERTIFICATE" => Err(unusable(
                "this is the public half; a seal is made with the private key that belongs to it",
            )),
            other => Err(KeyError::Unusable(format!(
                "a key of the kind {} is not used for Model Signing; make one with: openssl ecparam -name prime256v1 -genkey -noout -out key.pem",
                other.to_lowercase()
            ))),
        }
    }

    fn from_pkcs8(read: impl Fn(Kind) -> Option<Private>) -> Result<Self, KeyError> {
        [Kind::P256, Kind::P384, Kind::P521].into_iter().find_map(read).map(Self).ok_or_else(wrong_kind)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(match &self.0 {
            Private::P256(key) => Public::P256(*key.verifying_key()),
            Private::P384(key) => Public::P384(*key.verifying_key()),
            Private::P521(key) => Public::P521(*key.verifying_key()),
        })
    }

    /// The signature of these bytes, as DER.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match &self.0 {
            Private::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(bytes);
                signature.as_bytes().to_vec()
            }
            Private::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign(bytes);
                signature.as_bytes().to_vec()
            }
            Private::P521(key) => {
                let signature: p521::ecdsa::DerSignature = key.sign(bytes);
                signature.as_bytes().to_vec()
            }
        }
    }
}

/// Nothing of the key but which it is.
impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey").field("fingerprint", &self.public().fingerprint()).finish_non_exhaustive()
    }
}

impl PublicKey {
    /// Reads a PEM file with the public key.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        Self::from_pem(&read(path)?)
    }

    /// Reads the text of a PEM file.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let mut blocks = blocks(text);
        blocks.retain(|(label, _)| *label != "EC PARAMETERS");
        match blocks.as_slice() {
            [("PUBLIC KEY", block), ..] => {
                let p256 = || p256::ecdsa::VerifyingKey::from_public_key_pem(block).ok().map(Public::P256);
                let p384 = || p384::ecdsa::VerifyingKey::from_public_key_pem(block).ok().map(Public::P384);
                let p521 = || p521::ecdsa::VerifyingKey::from_public_key_pem(block).ok().map(Public::P521);
                p256().or_else(p384).or_else(p521).map(Self).ok_or_else(wrong_kind)
            }
            [(label, _), ..] if label.contains("PRIVATE") => Err(KeyError::Unusable(
                "this is a private key; a seal is checked with the public one: openssl pkey -in KEY -pubout -out PUBLIC".into(),
            )),
            [(label, _), ..] => Err(KeyError::Unusable(format!("this is no public key but: {}", label.to_lowercase()))),
            [] => Err(KeyError::Unusable(
                "this is no public key: a key in PEM begins with -----BEGIN PUBLIC KEY-----".into(),
            )),
        }
    }

    /// The key as PEM, with the newline at its end.
    pub fn pem(&self) -> String {
        let pem = match &self.0 {
            Public::P256(key) => key.to_public_key_pem(LineEnding::LF),
            Public::P384(key) => key.to_public_key_pem(LineEnding::LF),
            Public::P521(key) => key.to_public_key_pem(LineEnding::LF),
        };
        // Only a length beyond DER's could fail.
        pem.unwrap_or_default()
    }

    /// SHA-256 of the PEM as hex: the `hint` in a seal.
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::digest(self.pem()))
    }

    /// `P-256`.
    pub fn curve(&self) -> &'static str {
        match &self.0 {
            Public::P256(_) => "P-256",
            Public::P384(_) => "P-384",
            Public::P521(_) => "P-521",
        }
    }

    /// Whether the signature, as DER, is this key's over these bytes.
    pub(super) fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Public::P256(key) => p256::ecdsa::DerSignature::try_from(signature)
                .is_ok_and(|signature| key.verify(bytes, &signature).is_ok()),
            Public::P384(key) => p384::ecdsa::DerSignature::try_from(signature)
                .is_ok_and(|signature| key.verify(bytes, &signature).is_ok()),
            Public::P521(key) => p521::ecdsa::DerSignature::try_from(signature)
                .is_ok_and(|signature| key.verify(bytes, &signature).is_ok()),
        }
    }
}

/// The curves, to be tried one after the other.
#[derive(Clone, Copy)]
enum Kind {
    P256,
    P384,
    P521,
}

impl Kind {
    fn pem(self, text: &str) -> Option<Private> {
        Some(match self {
            Self::P256 => Private::P256(p256::ecdsa::SigningKey::from_pkcs8_pem(text).ok()?),
            Self::P384 => Private::P384(p384::ecdsa::SigningKey::from_pkcs8_pem(text).ok()?),
            Self::P521 => Private::P521(p521::ecdsa::SigningKey::from_pkcs8_pem(text).ok()?),
        })
    }

    fn der(self, bytes: &[u8]) -> Option<Private> {
        Some(match self {
            Self::P256 => Private::P256(p256::ecdsa::SigningKey::from_pkcs8_der(bytes).ok()?),
            Self::P384 => Private::P384(p384::ecdsa::SigningKey::from_pkcs8_der(bytes).ok()?),
            Self::P521 => Private::P521(p521::ecdsa::SigningKey::from_pkcs8_der(bytes).ok()?),
        })
    }
}

fn wrong_kind() -> KeyError {
    KeyError::Unusable(
        "Model Signing takes elliptic-curve keys on P-256, P-384 or P-521, and this is another kind (RSA, Ed25519) or damaged; make one with: openssl ecparam -name prime256v1 -genkey -noout -out key.pem".into(),
    )
}

fn read(path: &Path) -> Result<String, KeyError> {
    let unreadable = |error| KeyError::Read { path: path.to_path_buf(), error };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_KEY_BYTES).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        KeyError::Unusable(format!("this is no key in PEM, which is text ({error}); DER is not read here: openssl pkey -inform DER -in KEY -out NEW"))
    })
}

/// The PEM blocks of a text with their labels, one line a line.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut out = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) {
            open = Some((label, String::new()));
        }
        let Some((label, block)) = &mut open else { continue };
        block.push_str(line);
        block.push('\n');
        if line.strip_prefix("-----END ").and_then(|rest| rest.strip_suffix("-----")) == Some(label) {
            out.extend(open.take());
        }
    }
    out
}
