//! Mistakes in the text of a Python file that stop Python from reading it, found without Python.
//!
//! Not a parser: strings, brackets, indentation and the colons of blocks are followed, expressions are not. What is
//! found is a mistake for certain; where nothing is found there may still be one.

/// A mistake, and the line that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxProblem {
    /// From 1.
    pub line: usize,
    /// What is wrong: `( is never closed`.
    pub what: String,
}

/// Words that begin a block and nothing else.
const BLOCKS: [&str; 12] =
    ["if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class", "async"];

/// Characters that stand nowhere in Python but in texts and comments.
const STRAY: &str = "$?`“”‘’\0";

/// The first mistake in a text.
pub(crate) fn problem(text: &str) -> Option<SyntaxProblem> {
    let mut scan = Scan { chars: text.chars().collect(), line: 1, ..Scan::default() };
    match scan.run() {
        Ok(()) => None,
        // What an f-string holds is read differently by different versions of Python.
        Err(_) if scan.is_unsure => None,
        Err(problem) => Some(problem),
    }
}

#[derive(Default)]
struct Scan {
    chars: Vec<char>,
    at: usize,
    line: usize,
    /// Open brackets and their lines.
    brackets: Vec<(char, usize)>,
    /// How far the blocks around are indented, with tabs as eight columns and as one.
    indents: Vec<(usize, usize)>,
    statement: Statement,
    /// The line whose colon asks for a block.
    opened: Option<usize>,
    is_unsure: bool,
}

/// One logical line, as far as it was read.
#[derive(Default)]
struct Statement {
    line: usize,
    first_word: String,
    is_first_word_over: bool,
    has_colon: bool,
    /// The last character that is neither space nor comment.
    last: Option<char>,
}

impl Scan {
    fn run(&mut self) -> Result<(), SyntaxProblem> {
        loop {
            if self.statement.last.is_none() && self.brackets.is_empty() && !self.indentation()? {
                break;
            }
            let Some(c) = self.next() else { break };
            match c {
                '\n' => {
                    if self.brackets.is_empty() {
                        self.end_statement()?;
                    }
                    self.line += 1;
                }
                '#' => self.skip_comment(),
                '\\' => self.continuation()?,
                '"' | '\'' => self.string(c)?,
                '(' | '[' | '{' => {
                    self.note(c);
                    self.brackets.push((c, self.line));
                }
                ')' | ']' | '}' => self.close(c)?,
                c if STRAY.contains(c) => {
                    return Err(self.wrong(match c {
                        '\0' => "a zero byte".to_owned(),
                        '“' | '”' | '‘' | '’' => format!("{c} is not a quotation mark of Python"),
                        c => format!("{c} stands outside of a text"),
                    }));
                }
                c => self.note(c),
            }
        }
        if let Some((bracket, line)) = self.brackets.first() {
            return Err(SyntaxProblem { line: *line, what: format!("{bracket} is never closed") });
        }
        self.end_statement()?;
        match self.opened {
            Some(line) => {
                Err(SyntaxProblem { line, what: "an indented block is missing after this line".into() })
            }
            None => Ok(()),
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn wrong(&self, what: String) -> SyntaxProblem {
        SyntaxProblem { line: self.line, what }
    }

    /// Takes a character into the statement.
    fn note(&mut self, c: char) {
        let is_word = c.is_alphanumeric() || c == '_';
        let statement = &mut self.statement;
        if statement.last.is_none() && !c.is_whitespace() {
            statement.line = self.line;
        }
        if is_word && !statement.is_first_word_over {
            statement.first_word.push(c);
        } else {
            statement.is_first_word_over |= !c.is_whitespace() || !statement.first_word.is_empty();
        }
        if c == ':' && self.brackets.is_empty() && self.peek(0) != Some('=') {
            self.statement.has_colon = true;
        }
        if !c.is_whitespace() {
            self.statement.last = Some(c);
        }
    }

    /// Reads the spaces before a statement, and compares them with the blocks around. False at the end of the text.
    fn indentation(&mut self) -> Result<bool, SyntaxProblem> {
        let (mut wide, mut narrow) = (0_usize, 0_usize);
        loop {
            match self.peek(0) {
                Some(' ') => (wide, narrow) = (wide + 1, narrow + 1),
                Some('\t') => (wide, narrow) = ((wide / 8 + 1) * 8, narrow + 1),
                Some('\u{c}' | '\r') => (wide, narrow) = (0, 0),
                Some('#') => {
                    self.skip_comment();
                    continue;
                }
                Some('\n') => {
                    self.line += 1;
                    (wide, narrow) = (0, 0);
                }
                Some(_) => break,
                None => return Ok(false),
            }
            self.at += 1;
        }
        let (outer, outer_narrow) = self.indents.last().copied().unwrap_or_default();
        let is_mixed = wide.cmp(&outer) != narrow.cmp(&outer_narrow);
        if is_mixed {
            return Err(self.wrong("tabs and spaces are mixed, so that the block is unclear".into()));
        }
        if let Some(line) = self.opened.take() {
            if wide <= outer {
                return Err(self.wrong(format!("an indented block is missing after line {line}")));
            }
            self.indents.push((wide, narrow));
            return Ok(true);
        }
        if outer < wide {
            return Err(self.wrong("the line is indented without a block".into()));
        }
        while self.indents.last().is_some_and(|(column, _)| wide < *column) {
            self.indents.pop();
        }
        if self.indents.last().copied().unwrap_or_default().0 != wide {
            return Err(self.wrong("the line is indented as no block around it".into()));
        }
        Ok(true)
    }

    fn end_statement(&mut self) -> Result<(), SyntaxProblem> {
        let statement = std::mem::take(&mut self.statement);
        if statement.last == Some(':') {
            self.opened = Some(statement.line);
        } else if BLOCKS.contains(&statement.first_word.as_str()) && !statement.has_colon {
            let what = format!("a colon is missing after {}", statement.first_word);
            return Err(SyntaxProblem { line: statement.line, what });
        }
        Ok(())
    }

    fn skip_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    /// A line that goes on in the next.
    fn continuation(&mut self) -> Result<(), SyntaxProblem> {
        if self.peek(0) == Some('\r') {
            self.at += 1;
        }
        if self.next() != Some('\n') {
            return Err(self.wrong("\\ stands before something else than the end of the line".into()));
        }
        self.note('\\');
        self.line += 1;
        Ok(())
    }

    fn close(&mut self, c: char) -> Result<(), SyntaxProblem> {
        let expected = match c {
            ')' => '(',
            ']' => '[',
            _ => '{',
        };
        match self.brackets.pop() {
            Some((open, _)) if open == expected => {
                self.note(c);
                Ok(())
            }
            Some((open, line)) => Err(self.wrong(format!("{c} closes {open} of line {line}"))),
            None => Err(self.wrong(format!("{c} closes nothing"))),
        }
    }

    /// A text, from behind its first quote.
    fn string(&mut self, quote: char) -> Result<(), SyntaxProblem> {
        let begun = self.line;
        let before = self.chars.get(..self.at.saturating_sub(1)).unwrap_or_default();
        let prefix = before.iter().rev().take_while(|c| c.is_alphanumeric() || **c == '_');
        let is_formatted =
            prefix.clone().count() <= 2 && prefix.clone().any(|c| matches!(c, 'f' | 'F' | 't' | 'T'));
        let is_long = self.peek(0) == Some(quote) && self.peek(1) == Some(quote);
        self.note('"');
        self.at += if is_long { 2 } else { 0 };
        let mut fields = 0_usize;
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    let skipped = self.next();
                    self.line += usize::from(skipped == Some('\n'));
                }
                '{' if is_formatted => fields += 1,
                '}' if is_formatted => fields = fields.saturating_sub(1),
                '\n' if !is_long => {
                    return Err(SyntaxProblem {
                        line: begun,
                        what: format!("the text that begins with {quote} has no end"),
                    });
                }
                '\n' => self.line += 1,
                c if c == quote => {
                    self.is_unsure |= 0 < fields;
                    if !is_long {
                        return Ok(());
                    }
                    if self.peek(0) == Some(quote) && self.peek(1) == Some(quote) {
                        self.at += 2;
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        Err(SyntaxProblem { line: begun, what: format!("the text that begins with {quote} has no end") })
    }
}

#[cfg(test)]
mod tests;
