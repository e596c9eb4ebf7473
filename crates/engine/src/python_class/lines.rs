//! A Python text as logical lines, and the pieces of one, with strings and brackets followed.

/// A statement or the head of one, without comments, in one line whatever it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// How far it stands from the margin, in columns.
    pub(super) indent: usize,
    pub(super) text: String,
}

/// Where tabs lead to.
const TAB_COLUMNS: usize = 8;

/// The delimiters of strings, the longer ones first.
const QUOTES: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];

/// A walk through a text that knows what is a string and how deep in brackets it is.
#[derive(Debug, Default)]
struct Scan {
    /// The delimiter that ends the string.
    quote: Option<&'static str>,
    depth: usize,
}

impl Scan {
    /// The next sign, or the delimiter of a string, and whether it is code and not part of a string.
    fn step<'a>(&mut self, rest: &'a str) -> (&'a str, bool) {
        let taken = |bytes: usize| rest.get(..bytes).unwrap_or(rest);
        let mut signs = rest.chars();
        let first = signs.next().unwrap_or_default();
        if let Some(quote) = self.quote {
            if rest.starts_with(quote) {
                self.quote = None;
                return (taken(quote.len()), false);
            }
            if first == '\n' && quote.len() == 1 {
                // It was never closed.
                self.quote = None;
                return (taken(1), true);
            }
            let escaped = if first == '\\' { signs.next().map_or(0, char::len_utf8) } else { 0 };
            return (taken(first.len_utf8() + escaped), false);
        }
        if let Some(quote) = QUOTES.into_iter().find(|quote| rest.starts_with(quote)) {
            self.quote = Some(quote);
            return (taken(quote.len()), false);
        }
        match first {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        (taken(first.len_utf8()), true)
    }
}

/// The logical lines of a text.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut scan = Scan::default();
    let mut line = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        if scan.quote.is_none() && rest.starts_with('#') {
            rest = rest.find('\n').and_then(|at| rest.get(at..)).unwrap_or_default();
            continue;
        }
        let joined = ["\\\n", "\\\r\n"].into_iter().find_map(|join| rest.strip_prefix(join));
        if let Some(after) = joined.filter(|_| scan.quote.is_none()) {
            line.push(' ');
            rest = after;
            continue;
        }
        let (taken, is_code) = scan.step(rest);
        rest = rest.get(taken.len()..).unwrap_or_default();
        if is_code && taken == "\n" && scan.depth == 0 {
            found.extend(Line::of(&std::mem::take(&mut line)));
        } else if is_code && 0 < scan.depth && taken.starts_with(char::is_whitespace) {
            // What stands in brackets may be broken and indented at will.
            if !line.ends_with([' ', '(', '[', '{']) {
                line.push(' ');
            }
        } else {
            line.push_str(taken);
        }
    }
    found.extend(Line::of(&line));
    found
}

impl Line {
    fn of(line: &str) -> Option<Self> {
        let text = line.trim();
        let space = line.chars().take_while(|c| c.is_whitespace());
        let indent =
            space.fold(0, |at, c| if c == '\t' { (at / TAB_COLUMNS + 1) * TAB_COLUMNS } else { at + 1 });
        (!text.is_empty()).then(|| Self { indent, text: text.to_owned() })
    }
}

/// What stands in the first round brackets.
pub(super) fn in_brackets(text: &str) -> Option<&str> {
    let mut scan = Scan::default();
    let mut at = 0;
    let mut start = None;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let depth = scan.depth;
        let (taken, is_code) = scan.step(rest);
        match start {
            None if is_code && taken == "(" && depth == 0 => start = Some(at + 1),
            Some(start) if is_code && taken == ")" && scan.depth == 0 => return text.get(start..at),
            _ => {}
        }
        at += taken.len();
    }
    None
}

/// The trimmed pieces between separators outside of strings and brackets. A `=` separates only where it assigns.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut scan = Scan::default();
    let mut pieces = Vec::new();
    let (mut at, mut start) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (taken, is_code) = scan.step(rest);
        let end = at + taken.len();
        let is_here = is_code && scan.depth == 0 && taken.starts_with(separator);
        if is_here && (separator != '=' || assigns(text, at)) {
            pieces.push(text.get(start..at).unwrap_or_default().trim());
            start = end;
        }
        at = end;
    }
    pieces.push(text.get(start..).unwrap_or_default().trim());
    pieces
}

/// Whether the `=` there is no part of a comparison or of `+=`.
fn assigns(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text.get(at + 1..).and_then(|text| text.chars().next());
    after != Some('=') && !before.is_some_and(|c| "=!<>+-*/%&|^@:".contains(c))
}
