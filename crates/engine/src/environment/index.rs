//! Lines of a requirements.txt that tell pip where to look beside PyPI, or in its place.
//!
//! pip takes them anywhere in the file, and so do uv and MLflow, which copies them to conda.yaml's pip list as they are.

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexKind {
    /// `--index-url`: in place of PyPI.
    Instead,
    /// `--extra-index-url`: beside it.
    Beside,
    /// `--find-links`: files on a page, beside it.
    Links,
}

/// A line such as `--extra-index-url https://pypi.example.org/simple`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) kind: IndexKind,
    pub(crate) url: String,
}

impl Index {
    /// Takes a line apart; `None` when it is no such option.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        const OPTIONS: [(&str, IndexKind); 6] = [
            ("--index-url", IndexKind::Instead),
            ("--pypi-url", IndexKind::Instead),
            ("-i", IndexKind::Instead),
            ("--extra-index-url", IndexKind::Beside),
            ("--find-links", IndexKind::Links),
            ("-f", IndexKind::Links),
        ];
        OPTIONS.into_iter().find_map(|(option, kind)| {
            let rest = line.trim().strip_prefix(option)?;
            let url = rest.strip_prefix('=').or_else(|| rest.strip_prefix([' ', '\t']))?.trim();
            let url = url.trim_matches(['"', '\'']);
            (!url.is_empty()).then(|| Self { kind, url: url.to_owned() })
        })
    }

    /// The line, with the option in full.
    pub(crate) fn line(&self) -> String {
        let option = match self.kind {
            IndexKind::Instead => "--index-url",
            IndexKind::Beside => "--extra-index-url",
            IndexKind::Links => "--find-links",
        };
        format!("{option} {}", self.url)
    }

    /// Whether other machines can look there too.
    pub(crate) fn is_web(&self) -> bool {
        ["https://", "http://"].iter().any(|scheme| self.url.starts_with(scheme))
    }

    /// Why the line cannot stand in a package, in a sentence.
    pub(crate) fn problem(&self) -> Option<String> {
        if !self.is_web() {
            return Some(format!(
                "\"{}\" is no address that other machines can reach; write one that begins with https://",
                self.url
            ));
        }
        if self.url.contains(char::is_whitespace) || host(&self.url).is_empty() {
            return Some(format!("\"{}\" is no address", without_login(&self.url).0));
        }
        login_problem(&self.url)
    }
}

/// Why a URL cannot stand in a package: it holds what only its owner may know.
pub(crate) fn login_problem(url: &str) -> Option<String> {
    let (bare, had_login) = without_login(url);
    had_login.then(|| {
        format!(
            "The address holds a user or a password, and everybody who gets the package would read it. Write {bare}, and let pip take the \
             login from .netrc or keyring, or write it as ${{NAME}}, which pip and uv take from the environment."
        )
    })
}

/// The URL without the user and the password, and whether there were any. Names of environment variables, which pip
/// fills in, are no secret, and neither is the user of `ssh://git@…`.
pub(crate) fn without_login(url: &str) -> (String, bool) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), false) };
    let host_end = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(host_end).unwrap_or((rest, ""));
    let Some((login, host)) = authority.rsplit_once('@') else { return (url.to_owned(), false) };
    let secret = match login.split_once(':') {
        Some((token, "")) => token,
        Some((_, password)) => password,
        None if scheme.ends_with("ssh") => "",
        None => login,
    };
    if secret.is_empty() || is_variable(secret) {
        return (url.to_owned(), false);
    }
    (format!("{scheme}://{host}{path}"), true)
}

/// `${TOKEN}`, as pip reads it.
fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The host of a URL.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    // A token before the host is nobody else's business.
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

/// Whether a URL is PyPI's own, where pip looks anyway.
pub(crate) fn is_pypi(url: &str) -> bool {
    matches!(host(url), "pypi.org" | "pypi.python.org" | "files.pythonhosted.org")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_an_option_is_the_same_line() {
        for (line, wanted) in [
            ("-i https://x.org/simple", Some("--index-url https://x.org/simple")),
            ("--index-url=https://x.org", Some("--index-url https://x.org")),
            ("--extra-index-url \"https://x.org\"", Some("--extra-index-url https://x.org")),
            ("-f https://x.org/whl", Some("--find-links https://x.org/whl")),
            ("--pre", None),
            ("-infinity x", None),
            ("--index-url", None),
            ("numpy", None),
        ] {
            assert_eq!(Index::parse(line).map(|index| index.line()).as_deref(), wanted, "{line}");
        }
    }

    #[test]
    fn logins_are_taken_out_and_variables_stay() {
        for (url, bare) in [
            ("https://me:secret@x.org/simple", "https://x.org/simple"),
            ("https://token@x.org/simple", "https://x.org/simple"),
            ("https://token:@x.org", "https://x.org"),
            ("https://me:s@cret@x.org/a?b", "https://x.org/a?b"),
            ("git+https://t0ken@x.org/a.git", "git+https://x.org/a.git"),
            ("ssh://git:pw@x.org/a", "ssh://x.org/a"),
        ] {
            assert_eq!(without_login(url), (bare.to_owned(), true), "{url}");
        }
        for url in [
            "https://x.org/simple",
            "https://${USER}:${TOKEN}@x.org",
            "https://me:${TOKEN}@x.org",
            "https://${TOKEN}@x.org",
            "git+ssh://git@x.org/a.git",
            "https://x.org/@scope/a",
        ] {
            assert_eq!(without_login(url), (url.to_owned(), false), "{url}");
        }
        assert!(without_login("https://${token}@x.org").1, "pip reads upper case alone");
    }

    #[test]
    fn only_addresses_without_a_login_can_stand_in_a_package() {
        let problem = |line: &str| Index::parse(line).unwrap().problem();
        assert_eq!(problem("--find-links https://x.org/whl"), None);
        assert!(
            problem("--find-links ./wheels").unwrap().contains("no address that other machines can reach")
        );
        assert!(problem("-i https://").unwrap().contains("is no address"));
        let said = problem("-i https://me:secret@x.org/simple").unwrap();
        assert!(said.contains("Write https://x.org/simple,") && !said.contains("secret"), "{said}");
    }
}
