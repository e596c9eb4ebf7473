//! The code of `Lambda` layers: base64 of what `marshal.dumps` gives for a code object.
//!
//! The layout of code objects differs between releases of Python, and their constants and names are marshalled
//! alike in all of them, so every short text in the bytes is read and nothing else. What is missed can only make a
//! finding milder, never make it go away.

/// The longest name that is read.
const NAME_BYTES: usize = 100;
/// How many names one function is said to refer to.
const NAMES: usize = 200;

/// Built-in functions that do harm and that nobody takes for the name of an argument.
const BUILTINS: [&str; 7] = ["__import__", "breakpoint", "compile", "eval", "exec", "globals", "open"];

/// Modules of which every function does harm, and that nobody takes for the name of an argument.
const MODULES: [&str; 12] = [
    "builtins",
    "ctypes",
    "importlib",
    "marshal",
    "os",
    "pickle",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
];

/// Every text in the code that may be a name, sorted; `None` when it is no base64.
pub(super) fn names(code: &str) -> Option<Vec<String>> {
    let bytes = decoded(code)?;
    let mut names: Vec<String> = Vec::new();
    for (at, kind) in bytes.iter().enumerate() {
        // The highest bit only says that the object may be referred to again.
        let (len, start) = match kind & 0x7f {
            b'z' | b'Z' => {
                (bytes.get(at.saturating_add(1)).map(|len| usize::from(*len)), at.saturating_add(2))
            }
            b'a' | b'A' | b'u' | b't' | b's' => {
                let len = bytes.get(at.saturating_add(1)..).and_then(|rest| rest.first_chunk::<4>());
                (len.and_then(|len| usize::try_from(u32::from_le_bytes(*len)).ok()), at.saturating_add(5))
            }
            _ => continue,
        };
        let Some(len) = len.filter(|len| (1..=NAME_BYTES).contains(len)) else { continue };
        let Some(text) =
            bytes.get(start..start.saturating_add(len)).and_then(|text| std::str::from_utf8(text).ok())
        else {
            continue;
        };
        let is_name = !text.starts_with(|first: char| first.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if is_name && !names.iter().any(|known| known == text) && names.len() < NAMES {
            names.push(text.to_owned());
        }
    }
    names.sort();
    Some(names)
}

/// What among the names does harm: functions by their own name, and modules of such functions.
pub(super) fn harmful(names: &[String]) -> Vec<String> {
    let is_harmful = |name: &&String| BUILTINS.contains(&name.as_str()) || MODULES.contains(&name.as_str());
    names.iter().filter(is_harmful).cloned().collect()
}

/// Base64, with line feeds between.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut n_bits) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        n_bits = n_bits.wrapping_add(6);
        if 8 <= n_bits {
            n_bits = n_bits.wrapping_sub(8);
            out.push(u8::try_from(bits >> n_bits & 0xff).ok()?);
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{decoded, harmful, names};

    #[test]
    fn base64_is_decoded_with_and_without_padding_and_nothing_else_is() {
        assert_eq!(decoded("aGVs\nbG8=").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decoded("aGVsbG8").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decoded("a?b"), None);
        assert_eq!(decoded(""), None);
    }

    #[test]
    fn names_in_marshalled_code_are_found_and_harm_among_them() {
        let code = "YwEAAAAAAAAAAAAAAAMAAAADAAAA80YAAACXAHQBAAAAAAAAAAAAAGQBpgEAAKsBAAAAAAAAAACgAQAAAAAAAAAAAAAAAAAAAAAAAAAAZAKmAQAAqwEAAAAAAAAAAFMAKQNO2gJvc3okZWNobyBwd25lZCA+IC90bXAvUFdORURf";
        let found = names(code).unwrap();
        assert!(found.contains(&"os".to_owned()), "{found:?}");
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(harmful(&texts(&["__import__", "os", "system"])), ["__import__", "os"]);
        assert_eq!(harmful(&texts(&["input", "x", "tf", "relu"])), [""; 0]);
    }
}
