//! `packwright inspect`.

use std::path::Path;

use packwright_engine::inspect::safety::{Severity, Verdict};
use packwright_engine::inspect::{Sourced, SourcedSchema};
use packwright_engine::{Draft, open};
use serde_json::Value;

use crate::args::{Deny, Format, InspectArgs};
use crate::sarif::Report;
use crate::table::{Table, shown, size};
use crate::terminal::Terminal;
use crate::{Exit, document};

/// Lists longer than this are cut for people; `--json` has them whole.
const LISTED: usize = 30;

/// A fact's value is cut at this length for people.
const LONGEST_FACT: usize = 72;

pub(crate) fn run(args: &InspectArgs, terminal: &mut Terminal) -> Exit {
    let mut exit = Exit::Done;
    let format = args.format();
    let mut documents = Vec::new();
    let mut report = Report::default();
    for (i, path) in args.paths.iter().enumerate() {
        match open::open(path) {
            Ok(draft) => {
                match format {
                    Format::Json => documents.push(document::inspection(path, &draft)),
                    Format::Sarif => report.add(path, &draft),
                    Format::Text => {
                        if 0 < i {
                            terminal.line("");
                        }
                        describe(path, &draft, terminal);
                    }
                }
                if args.deny.is_some_and(|deny| is_denied(deny, draft.inspection().safety.verdict())) {
                    terminal.message(format!("{}: {}", path.display(), denial(&draft)));
                    exit = exit.max(Exit::CheckFailed);
                }
            }
            Err(error) => {
                match format {
                    Format::Json => documents.push(document::open_error(path, &error)),
                    Format::Sarif => report.add_error(path, &error),
                    Format::Text => {}
                }
                terminal.message(shown(&located(path, &error.message())));
                exit = exit.max(Exit::InputFailed);
            }
        }
    }
    if format == Format::Sarif {
        terminal.json(&report.document());
    }
    if format == Format::Json {
        let one = documents.len() == 1;
        let document = if one { documents.remove(0) } else { Value::Array(documents) };
        terminal.json(&document);
    }
    exit
}

/// The message with the path before it, unless it begins with that anyway.
pub(crate) fn located(path: &Path, message: &str) -> String {
    let path = path.display().to_string();
    if message.starts_with(&path) { message.to_owned() } else { format!("{path}: {message}") }
}

/// Whether the verdict is as bad as what is denied, or worse.
pub(crate) fn is_denied(deny: Deny, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Safe => false,
        Verdict::Review | Verdict::Unscanned => deny == Deny::Review,
        Verdict::Dangerous => true,
    }
}

pub(crate) fn denial(draft: &Draft) -> String {
    let safety = &draft.inspection().safety;
    format!("the verdict is {}: {}", safety.verdict().word(), shown(&safety.summary))
}

fn describe(path: &Path, draft: &Draft, terminal: &mut Terminal) {
    let inspection = draft.inspection();
    terminal.line(shown(&path.to_string_lossy()));
    let mut table = Table::default();
    let format = match inspection.compression {
        Some(compression) => format!("{}, {compression}", inspection.format),
        None => inspection.format.to_owned(),
    };
    table.row(["format", &format, &size(inspection.artifact.size_bytes)]);
    let unknown = Sourced::new("unknown".to_owned(), "");
    let framework = inspection.framework.as_ref().unwrap_or(&unknown);
    table.row(["framework", &framework.value, &framework.source]);
    let version = inspection.framework_version.as_ref().unwrap_or(&unknown);
    table.row(["version", &version.value, &version.source]);
    let class = inspection.model_class.as_ref().unwrap_or(&unknown);
    table.row(["class", &class.value, &class.source]);
    table.row(["flavor", inspection.flavor().unwrap_or("none"), ""]);
    table.row(["safety", inspection.safety.verdict().word(), &inspection.safety.summary]);
    print(&table, terminal);

    let signature = draft.signature();
    for (title, schema) in [("Inputs", &signature.inputs), ("Outputs", &signature.outputs)] {
        section(title, terminal);
        match schema {
            None => terminal.line("  unknown"),
            Some(schema) => print(&rows(schema), terminal),
        }
    }

    section("Needs", terminal);
    let mut table = Table::default();
    let python = draft.python();
    table.row([&format!("python {}", python.value), &python.source]);
    for line in draft.requirements() {
        table.row([&line.requirement, &line.source]);
    }
    print(&table, terminal);

    if !inspection.facts.is_empty() {
        section("Facts", terminal);
        let mut table = Table::default();
        for fact in &inspection.facts {
            table.row([fact.name, &cut(&fact.value.to_string()), &fact.source]);
        }
        print(&table, terminal);
    }

    let findings: Vec<_> =
        inspection.safety.findings.iter().filter(|finding| finding.severity != Severity::Info).collect();
    if !findings.is_empty() {
        section("Safety", terminal);
        let mut table = Table::default();
        for finding in findings {
            table.row([finding.severity.word(), &finding.what, &finding.place, &finding.why]);
        }
        print(&table, terminal);
    }

    let warnings = document::warnings(draft);
    if !warnings.is_empty() {
        section("Worth knowing", terminal);
        for warning in &warnings {
            terminal.line(format_args!("  {}", shown(warning)));
        }
    }
}

fn section(title: &str, terminal: &mut Terminal) {
    terminal.line("");
    terminal.line(title);
}

fn print(table: &Table, terminal: &mut Terminal) {
    let lines = table.lines();
    for line in lines.iter().take(LISTED) {
        terminal.line(line);
    }
    if let Some(more) = lines.len().checked_sub(LISTED).filter(|more| 0 < *more) {
        terminal.line(format_args!("  and {more} more; --json has them all"));
    }
}

fn rows(schema: &SourcedSchema) -> Table {
    let mut table = Table::default();
    match schema {
        SourcedSchema::Columns(columns) => {
            for column in columns {
                let json = column.value.to_json();
                let name = column.value.name.as_ref().map(ToString::to_string).unwrap_or_default();
                let ty = json.get("type").and_then(Value::as_str).unwrap_or_default();
                let optional = if column.value.required { "" } else { "optional" };
                table.row([&name, ty, optional, &column.source]);
            }
        }
        SourcedSchema::Tensors(tensors) => {
            for tensor in tensors {
                let name = tensor.value.name.as_deref().unwrap_or("tensor");
                let dims: Vec<String> = tensor.value.shape.iter().map(ToString::to_string).collect();
                table.row([name, &tensor.value.dtype, &format!("[{}]", dims.join(", ")), &tensor.source]);
            }
        }
    }
    table
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST_FACT {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST_FACT - 1).collect();
    format!("{head}\u{2026}")
}
