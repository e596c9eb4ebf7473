//! Lines of a requirements.txt (pip's format, with PEP 508 requirements).

/// What one logical line of a requirements file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A distribution from an index or a URL.
    Requirement(Requirement),
    /// `-r other.txt`, `-c constraints.txt`: another file, relative to this one.
    Include {
        /// The other file.
        path: String,
        /// Whether it only bounds versions (`-c`).
        is_constraint: bool,
    },
    /// An option for pip, such as `--extra-index-url`, or an editable install.
    Option(String),
    /// A path of the machine that wrote it.
    Path(String),
}

/// A PEP 508 requirement, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirement {
    /// The line without comment and surrounding space.
    pub text: String,
    /// The name of the distribution as written.
    pub name: String,
    /// The names between `[` and `]`.
    pub extras: Vec<String>,
    /// The version specifiers without spaces, `==1.9.1` or `>=2,<3`; empty when any version will do.
    pub specifiers: String,
    /// What follows `@`.
    pub url: Option<String>,
    /// The environment marker after `;`.
    pub marker: Option<String>,
}

impl Requirement {
    /// Takes a line apart; `None` when it does not begin with a name or something else follows it.
    pub fn parse(line: &str) -> Option<Self> {
        let text = line.trim();
        let name_len = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
        let (name, rest) = text.split_at_checked(name_len.unwrap_or(text.len()))?;
        let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !(is_edge(name.chars().next()) && is_edge(name.chars().next_back())) {
            return None;
        }
        let (extras, rest) = match rest.trim_start().strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let (body, marker) =
            match rest.split_once(if rest.trim_start().starts_with('@') { " ;" } else { ";" }) {
                Some((body, marker)) => (body, Some(marker.trim().to_owned())),
                None => (rest, None),
            };
        let body = body.trim();
        let url = body.strip_prefix('@').map(|url| url.trim().to_owned());
        // pip's own options on a line (`--hash=…`) end the specifiers.
        let versions = body.split(" --").next().unwrap_or(body);
        let versions = versions.strip_prefix('(').and_then(|v| v.strip_suffix(')')).unwrap_or(versions);
        // `==1 2` is two versions; blanks stand only around operators and commas.
        let has_gap = |clause: &str| {
            clause.trim().trim_start_matches(['=', '<', '>', '!', '~']).trim().contains(char::is_whitespace)
        };
        if url.is_none() && versions.split(',').any(has_gap) {
            return None;
        }
        let specifiers: String = versions.chars().filter(|c| !c.is_whitespace()).collect();
        let is_versions = specifiers.is_empty() || specifiers.starts_with(['=', '<', '>', '!', '~']);
        if url.is_none() && !is_versions {
            return None;
        }
        Some(Self {
            text: text.to_owned(),
            name: name.to_owned(),
            extras: extras.split(',').map(str::trim).filter(|e| !e.is_empty()).map(str::to_owned).collect(),
            specifiers: if url.is_some() { String::new() } else { specifiers },
            url,
            marker,
        })
    }

    /// The name as package indexes compare it: lower case, runs of `-`, `_` and `.` as one `-` (PEP 503).
    pub fn normalized_name(&self) -> String {
        let mut out = String::with_capacity(self.name.len());
        for c in self.name.chars() {
            match c {
                '-' | '_' | '.' if out.ends_with('-') => {}
                '-' | '_' | '.' => out.push('-'),
                c => out.push(c.to_ascii_lowercase()),
            }
        }
        out
    }

    /// The version after `==`, when the line allows exactly one.
    pub fn pin(&self) -> Option<&str> {
        let version = self.specifiers.strip_prefix("===").or_else(|| self.specifiers.strip_prefix("=="))?;
        (!version.contains([',', '*'])).then_some(version)
    }
}

/// The lines of a requirements file: comments dropped, lines that end with a backslash joined.
pub fn lines(text: &str) -> Vec<Line> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace("\\\n", "");
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let text = text.trim();
    let comment = text.match_indices('#').find(|(at, _)| {
        text.get(..*at).is_none_or(|before| before.is_empty() || before.ends_with(char::is_whitespace))
    });
    let text = comment.and_then(|(at, _)| text.get(..at)).unwrap_or(text).trim();
    if text.is_empty() {
        return None;
    }
    let include = ["-r", "-c", "--requirement", "--constraint"].into_iter().find_map(|option| {
        let rest = text.strip_prefix(option)?;
        let path = rest.strip_prefix('=').or_else(|| rest.strip_prefix([' ', '\t']))?.trim().to_owned();
        Some(Line::Include { path, is_constraint: option.contains("-c") })
    });
    Some(match (include, Requirement::parse(text)) {
        (Some(include), _) => include,
        (None, _) if text.starts_with('-') => Line::Option(text.to_owned()),
        (None, Some(requirement)) if !is_local(text, &requirement) => Line::Requirement(requirement),
        _ if text.contains("://") && !text.contains("file:") => Line::Option(text.to_owned()),
        _ => Line::Path(text.to_owned()),
    })
}

fn is_local(text: &str, requirement: &Requirement) -> bool {
    let is_archive = [".whl", ".tar.gz", ".zip"].iter().any(|suffix| text.ends_with(suffix));
    requirement.url.as_ref().map_or(is_archive, |url| url.starts_with("file:") || url.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> (String, String, String, Option<String>) {
        let requirement = Requirement::parse(line).unwrap();
        (
            requirement.normalized_name(),
            requirement.extras.join("+"),
            requirement.specifiers,
            requirement.marker,
        )
    }

    #[test]
    fn requirements_are_taken_apart() {
        let marker = || Some("python_version < '3.9'".to_owned());
        for (line, name, extras, specifiers, marker) in [
            ("mlflow==3.17.2", "mlflow", "", "==3.17.2", None),
            ("Scikit_Learn >= 1.6, <2", "scikit-learn", "", ">=1.6,<2", None),
            ("ruamel.yaml", "ruamel-yaml", "", "", None),
            ("xgboost[dask, gpu]==2.0", "xgboost", "dask+gpu", "==2.0", None),
            ("a (>=1) ; python_version < '3.9'", "a", "", ">=1", marker()),
            ("a==1;python_version < '3.9'", "a", "", "==1", marker()),
            ("a @ https://x.org/a.zip ; python_version < '3.9'", "a", "", "", marker()),
            ("a==1 --hash=sha256:00", "a", "", "==1", None),
        ] {
            assert_eq!(parts(line), (name.into(), extras.into(), specifiers.into(), marker), "{line}");
        }
        for line in ["", "-e .", "./a", "==1", "a b", "a[", "_a", "a==1 2"] {
            assert_eq!(Requirement::parse(line), None, "{line}");
        }
    }

    #[test]
    fn only_a_single_version_is_a_pin() {
        for (line, pin) in [
            ("a==1.0", Some("1.0")),
            ("a===1", Some("1")),
            ("a==1.*", None),
            ("a>=1", None),
            ("a==1,<2", None),
        ] {
            assert_eq!(Requirement::parse(line).unwrap().pin(), pin, "{line}");
        }
    }

    #[test]
    fn files_are_read_line_by_line() {
        let text = "\u{feff}# head\r\nmlflow==3 # tail\n\nnumpy \\\n>=2\n-r other.txt\n--constraint=c.txt\n\
            --extra-index-url https://x.org\n./local\n/srv/a.whl\na-1.0-py3-none-any.whl\ngit+https://x.org/a#egg=b\n\
            b @ file:///srv/b\nc @ git+https://x.org/c";
        let found: Vec<String> = lines(text)
            .into_iter()
            .map(|line| match line {
                Line::Requirement(requirement) => format!("{}{}", requirement.name, requirement.specifiers),
                Line::Include { path, is_constraint } => format!("include {path} {is_constraint}"),
                Line::Option(_) => "option".to_owned(),
                Line::Path(path) => format!("path {path}"),
            })
            .collect();
        let expected = [
            "mlflow==3",
            "numpy>=2",
            "include other.txt false",
            "include c.txt true",
            "option",
            "path ./local",
            "path /srv/a.whl",
            "path a-1.0-py3-none-any.whl",
            "option",
            "path b @ file:///srv/b",
            "c",
        ];
        assert_eq!(found, expected);
    }
}
