//! Fields that are lists, one entry a line.

/// Somebody who made the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// A person or an organisation.
    pub name: String,
    /// Where to write to.
    pub email: Option<String>,
}

/// How good the model is, by one measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// `accuracy`.
    pub name: String,
    /// The number as it was written.
    pub value: String,
    /// What it was measured on.
    pub dataset: Option<String>,
}

/// Where more is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is there; the address itself where nothing was said.
    pub label: String,
    /// An address that begins with `https://`, `http://` or `mailto:`.
    pub url: String,
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// `Ada Lovelace <ada@example.org>`, one a line.
pub(super) fn authors(text: &str) -> Result<Vec<Author>, String> {
    lines(text).map(author).collect()
}

fn author(line: &str) -> Result<Author, String> {
    let refuse = || {
        format!(
            "\"{line}\" is no author; write a name, or a name and an address: Ada Lovelace <ada@example.org>"
        )
    };
    let Some((name, rest)) = line.split_once('<') else {
        return if line.contains('>') {
            Err(refuse())
        } else {
            Ok(Author { name: line.to_owned(), email: None })
        };
    };
    let (name, email) = (name.trim(), rest.strip_suffix('>').ok_or_else(refuse)?.trim());
    let parts = email.split_once('@');
    let is_address =
        parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'));
    if name.is_empty() || !is_address || !email.is_ascii() || email.contains(char::is_whitespace) {
        return Err(refuse());
    }
    Ok(Author { name: name.to_owned(), email: Some(email.to_owned()) })
}

/// `accuracy = 0.97 on the test set`, one a line.
pub(super) fn metrics(text: &str) -> Result<Vec<Metric>, String> {
    lines(text).map(metric).collect()
}

fn metric(line: &str) -> Result<Metric, String> {
    let refuse =
        || format!("\"{line}\" is no metric; write a name, = and a number: accuracy = 0.97 on the test set");
    let (name, rest) = line.split_once('=').ok_or_else(refuse)?;
    let (name, rest) = (name.trim(), rest.trim());
    let (value, dataset) = match rest.split_once(char::is_whitespace) {
        Some((value, rest)) => {
            let rest = rest.trim().strip_prefix("on ").ok_or_else(refuse)?.trim();
            (value, Some(rest.to_owned()))
        }
        None => (rest, None),
    };
    let number = value.strip_suffix('%').unwrap_or(value);
    let is_number = number.parse::<f64>().is_ok_and(f64::is_finite);
    if name.is_empty() || !is_number || dataset.as_ref().is_some_and(String::is_empty) {
        return Err(refuse());
    }
    Ok(Metric { name: name.to_owned(), value: value.to_owned(), dataset })
}

/// `Paper: https://example.org/paper`, or the address alone, one a line.
pub(super) fn links(text: &str) -> Result<Vec<Link>, String> {
    lines(text).map(link).collect()
}

fn link(line: &str) -> Result<Link, String> {
    let refuse = || {
        format!(
            "\"{line}\" is no link; write its address, or a word before it: Paper: https://example.org/paper"
        )
    };
    let at = ["https://", "http://", "mailto:"].iter().filter_map(|scheme| line.find(scheme)).min();
    let (label, url) = line.split_at_checked(at.ok_or_else(refuse)?).ok_or_else(refuse)?;
    let label = label.trim().trim_end_matches(':').trim();
    let is_odd = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '<' | '>' | '"' | '\\' | '`' | '{' | '}' | '|' | '^')
    };
    let (_, rest) = url.split_once(':').ok_or_else(refuse)?;
    if rest.trim_start_matches('/').is_empty() || url.contains(is_odd) {
        return Err(refuse());
    }
    let label = if label.is_empty() { url } else { label };
    Ok(Link { label: label.to_owned(), url: url.to_owned() })
}
