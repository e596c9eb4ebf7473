//! `SHA256SUMS`, as `sha256sum -c` of GNU coreutils reads it.

use crate::receipt::WrittenFile;

/// One line a file, sorted by the bytes of the name.
pub(crate) fn sums(files: &[WrittenFile]) -> Vec<u8> {
    let mut files: Vec<&WrittenFile> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut out = String::new();
    for file in files {
        let escaped = escaped(&file.path);
        // A backslash at the start of the line says that the name is escaped.
        let mark = if escaped == file.path { "" } else { "\\" };
        out.push_str(&format!("{mark}{}  {escaped}\n", file.sha256));
    }
    out.into_bytes()
}

fn escaped(path: &str) -> String {
    path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}

/// The names and hashes of the lines; `None` when a line is none of `sha256sum`.
pub(crate) fn parse(text: &str) -> Option<Vec<(String, String)>> {
    let line = |line: &str| {
        let (is_escaped, line) = line.strip_prefix('\\').map_or((false, line), |line| (true, line));
        let (sha256, name) = line.split_at_checked(64)?;
        // `*` before the name says that the file was read as bytes, which here it always is.
        let name = name.strip_prefix("  ").or_else(|| name.strip_prefix(" *"))?;
        let name = name.strip_prefix("./").unwrap_or(name);
        let name = if is_escaped { unescaped(name)? } else { name.to_owned() };
        let is_hex = sha256.bytes().all(|b| b.is_ascii_hexdigit());
        (is_hex && !name.is_empty()).then(|| (name, sha256.to_ascii_lowercase()))
    };
    text.lines().filter(|text| !text.is_empty()).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_the_names() {
        let names = ["b", "a/z", "a b", "new\nline", "back\\slash", "\u{e9}"];
        let files: Vec<_> = names.iter().map(|name| WrittenFile::of(name, name.as_bytes())).collect();
        let text = String::from_utf8(sums(&files)).unwrap();
        assert!(text.contains("  back\\\\slash\n") && text.contains("  new\\nline\n"), "{text}");
        let mut expected: Vec<_> =
            files.iter().map(|file| (file.path.clone(), file.sha256.clone())).collect();
        expected.sort();
        assert_eq!(parse(&text), Some(expected));
    }

    #[test]
    fn what_is_no_line_of_sha256sum_is_refused() {
        let hash = "0".repeat(64);
        for text in
            ["x", &hash, &format!("{hash}  "), &format!("{hash} name"), &format!("\\{hash}  a\\x"), "\u{e9}"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("{hash} *./a\n\n")), Some(vec![("a".into(), hash)]));
    }
}
