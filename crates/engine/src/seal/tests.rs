use super::check::Checked;
use super::*;

/// Keys that exist for tests alone, one of each kind that openssl writes.
const SEC1: &str = include_str!("../../tests/keys/p256_sec1.pem");
const PKCS8: &str = include_str!("../../tests/keys/p384_pkcs8.pem");
const LOCKED: &str = include_str!("../../tests/keys/p521_encrypted.pem");
const RSA: &str = include_str!("../../tests/keys/rsa_public.pem");

fn files() -> Vec<WrittenFile> {
    [("sub/b.txt", "b"), ("a.txt", "a"), ("Z.txt", "z"), ("\u{fc} space.txt", "")]
        .map(|(name, text)| WrittenFile::of(name, text.as_bytes()))
        .into()
}

fn checked(seal: &[u8], key: Option<&PublicKey>, files: &[WrittenFile]) -> Result<Checked, String> {
    let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let mut hash = |name: &str| {
        let file = files.iter().find(|file| file.path == name);
        file.map(|file| file.sha256.clone()).ok_or_else(|| "no such file".to_owned())
    };
    check(seal, key, &names, &mut hash)
}

#[test]
fn every_kind_of_key_seals_and_its_public_half_checks() {
    for (pem, passphrase, curve) in
        [(SEC1, None, "P-256"), (PKCS8, None, "P-384"), (LOCKED, Some("correct horse"), "P-521")]
    {
        let key = SealKey::from_pem(pem, passphrase).unwrap();
        assert_eq!(key.public().curve(), curve);
        let public = PublicKey::from_pem(&key.public().pem()).unwrap();
        assert_eq!(public, key.public());
        let seal = sealed(&key, "m", &files());
        assert_eq!(seal, sealed(&key, "m", &files()), "the same key gives the same seal");
        let checked = checked(&seal, Some(&public), &files()).unwrap();
        assert_eq!((checked.is_signed, checked.problems), (Some(true), Vec::new()), "{curve}");
        assert_eq!(checked.fingerprint, public.fingerprint());
        assert!(!format!("{key:?}").contains("secret"));
    }
}

#[test]
fn another_key_and_any_changed_file_are_found() {
    let key = SealKey::from_pem(SEC1, None).unwrap();
    let other = SealKey::from_pem(PKCS8, None).unwrap().public();
    let seal = sealed(&key, "m", &files());
    assert_eq!(checked(&seal, Some(&other), &files()).unwrap().is_signed, Some(false));
    let unsigned = checked(&seal, None, &files()).unwrap();
    assert_eq!((unsigned.is_signed, unsigned.problems), (None, Vec::new()));
    let key = key.public();
    let problems = |files: &[WrittenFile]| {
        let checked = checked(&seal, Some(&key), files).unwrap();
        checked.problems.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let mut changed = files();
    changed[1] = WrittenFile::of("a.txt", b"A");
    assert_eq!(problems(&changed), ["a.txt"]);
    assert_eq!(problems(&files()[1..]), ["sub/b.txt"]);
    let mut added = files();
    added.push(WrittenFile::of("extra.txt", b""));
    added.push(WrittenFile::of(".DS_Store", b""));
    added.push(WrittenFile::of(".git/config", b""));
    added.push(WrittenFile::of(".gitmodules", b""));
    assert_eq!(problems(&added), ["extra.txt", ".gitmodules"]);
}

#[test]
fn every_bit_of_the_statement_and_of_the_signature_counts() {
    let key = SealKey::from_pem(SEC1, None).unwrap();
    let seal: serde_json::Value = serde_json::from_slice(&sealed(&key, "m", &files())).unwrap();
    for pointer in ["/dsseEnvelope/payload", "/dsseEnvelope/signatures/0/sig"] {
        let bytes = BASE64.decode(seal.pointer(pointer).unwrap().as_str().unwrap()).unwrap();
        for at in (0..bytes.len()).step_by(7) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            let mut broken = seal.clone();
            *broken.pointer_mut(pointer).unwrap() = BASE64.encode(bytes).into();
            let outcome = checked(broken.to_string().as_bytes(), Some(&key.public()), &files());
            assert!(outcome.is_err() || outcome.unwrap().is_signed == Some(false), "{pointer} {at}");
        }
    }
}

#[test]
fn what_is_no_seal_is_refused_with_a_sentence() {
    for text in
        ["", "{}", "[]", "{\"mediaType\": \"application/vnd.dev.sigstore.bundle.v0.3+json\"}", "\u{e9}"]
    {
        assert!(checked(text.as_bytes(), None, &files()).is_err(), "{text}");
    }
}

#[test]
fn a_seal_that_names_files_outside_or_twice_is_refused() {
    let key = SealKey::from_pem(SEC1, None).unwrap();
    for name in ["../a.txt", "/etc/passwd", "a\\b", "a//b", "."] {
        let seal = sealed(&key, "m", &[WrittenFile::of(name, b"")]);
        assert!(checked(&seal, None, &[]).unwrap_err().contains("outside"), "{name}");
    }
    let twice = [WrittenFile::of("a", b""), WrittenFile::of("a", b"")];
    assert!(checked(&sealed(&key, "m", &twice), None, &twice).unwrap_err().contains("twice"));
}

#[test]
fn a_key_that_cannot_be_used_says_why_and_what_to_do() {
    let message = |pem: &str, passphrase| SealKey::from_pem(pem, passphrase).unwrap_err().to_string();
    assert!(matches!(SealKey::from_pem(LOCKED, None), Err(KeyError::Locked)));
    assert!(matches!(SealKey::from_pem(LOCKED, Some("")), Err(KeyError::Locked)));
    assert!(matches!(SealKey::from_pem(LOCKED, Some("wrong")), Err(KeyError::Passphrase)));
    assert!(message("hello", None).contains("no key"));
    assert!(message(RSA, None).contains("public half"));
    assert!(message(&RSA.replace("PUBLIC", "PRIVATE"), None).contains("P-256"));
    assert!(
        message("-----BEGIN OPENSSH PRIVATE KEY-----\nAA==\n-----END OPENSSH PRIVATE KEY-----", None)
            .contains("openssl")
    );
    let old =
        SEC1.replace("BEGIN EC PRIVATE KEY-----\n", "BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n");
    assert!(message(&old, None).contains("pkcs8 -topk8"));
    let message = |pem| PublicKey::from_pem(pem).unwrap_err().to_string();
    assert!(message(SEC1).contains("private") && message(PKCS8).contains("private"));
    assert!(message(RSA).contains("P-256"));
}
