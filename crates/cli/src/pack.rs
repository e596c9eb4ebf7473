//! `packwright pack`.

use std::path::Path;
use std::time::UNIX_EPOCH;

use packwright_engine::copy::copy;
use packwright_engine::metadata::MetadataField;
use packwright_engine::open::OpenErrorCode;
use packwright_engine::seal::{KeyError, SealKey};
use packwright_engine::{
    Cancel, Draft, Edit, EditError, ExportError, ImportScope, Journal, PackageKind, PlanError, Receipt,
    Recipe, Stage, Target, Timestamp, argument_value, export_sealed, import_environment, open,
};
use serde_json::Value;

use crate::args::PackArgs;
use crate::table::{Table, shown, size};
use crate::terminal::Terminal;
use crate::{Exit, document, inspect, places, stop};

/// What stopped a command: the exit code, a stable word for `--json`, and the message.
struct Stop {
    exit: Exit,
    code: &'static str,
    message: String,
    offset: Option<u64>,
    /// What the places say that were asked, for `--json`.
    checks: Option<Vec<Value>>,
}

pub(crate) fn run(args: &PackArgs, journal: &Journal, terminal: &mut Terminal) -> Exit {
    match pack(args, journal, terminal) {
        Ok((receipt, checks)) => {
            for warning in &receipt.warnings {
                terminal.message(shown(warning));
            }
            if args.json {
                terminal.json(&with_checks(serde_json::json!(receipt), checks));
            } else {
                show(&receipt, terminal);
            }
            Exit::Done
        }
        Err(stop) => {
            if args.json {
                let failure = document::failure(&args.path, stop.code, &stop.message, stop.offset);
                terminal.json(&with_checks(failure, stop.checks));
            }
            terminal.message(shown(&stop.message));
            stop.exit
        }
    }
}

fn with_checks(mut document: Value, checks: Option<Vec<Value>>) -> Value {
    if let (Some(checks), Some(map)) = (checks, document.as_object_mut()) {
        map.insert("checks".into(), checks.into());
    }
    document
}

/// The receipt, and what the places say that were asked.
fn pack(
    args: &PackArgs,
    journal: &Journal,
    terminal: &mut Terminal,
) -> Result<(Receipt, Option<Vec<Value>>), Stop> {
    let edits = edits(args)?;
    // A key that cannot be used is told before anything is read or written.
    let key = args.seal.as_deref().map(|path| key(path, args.passphrase_file.as_deref())).transpose()?;
    let mut draft = opened(&args.path, terminal)?;
    for (origin, edit) in edits {
        draft.apply(edit).map_err(|error| match error {
            EditError::Code(_) | EditError::Sample(_) => Stop {
                exit: Exit::InputFailed,
                code: "unreadable",
                message: format!("{origin}: {error}"),
                offset: None,
                checks: None,
            },
            error => Stop::usage("invalid-edit", format!("{origin}: {error}")),
        })?;
    }
    import(args, &mut draft, terminal)?;
    if args.deny.is_some_and(|deny| inspect::is_denied(deny, draft.inspection().safety.verdict())) {
        let message = format!("{}: {}; nothing was written", args.path.display(), inspect::denial(&draft));
        return Err(Stop { exit: Exit::CheckFailed, code: "denied", message, offset: None, checks: None });
    }
    let checks = check(args, &draft, terminal)?;
    if let Some(path) = &args.save_recipe {
        save_recipe(path, &draft)?;
    }
    if let Some(word) = draft.confirm_word() {
        terminal.message(format!("loading this model is dangerous: {}", draft.inspection().safety.summary));
        let edit = Edit::ConfirmDanger { typed: word.to_owned() };
        draft.apply(edit).map_err(|error| Stop::usage("invalid-edit", error.to_string()))?;
    }
    let receipt = write(args, (&draft, key.as_ref()), journal, terminal)?;
    Ok((receipt, checks))
}

/// Asks the places of `--check`, and stops where one would refuse the package.
fn check(args: &PackArgs, draft: &Draft, terminal: &mut Terminal) -> Result<Option<Vec<Value>>, Stop> {
    if args.checks.is_empty() {
        return Ok(None);
    }
    let reports = places::reports(&args.checks, draft);
    if !args.json {
        places::tell(&reports, terminal);
    }
    let checks = places::document(&reports);
    let refusing = places::refusing(&reports);
    if refusing.is_empty() {
        return Ok(Some(checks));
    }
    let message =
        format!("{}: {} would refuse it; nothing was written", args.path.display(), refusing.join(", "));
    Err(Stop { exit: Exit::CheckFailed, code: "check-failed", message, offset: None, checks: Some(checks) })
}

/// A draft of a model or, of a package, a copy of it.
fn opened(path: &Path, terminal: &mut Terminal) -> Result<Draft, Stop> {
    let error = match open::open(path) {
        Ok(draft) => return Ok(draft),
        Err(error) => error,
    };
    if error.code() != OpenErrorCode::Package {
        return Err(Stop {
            exit: Exit::InputFailed,
            code: error.code().word(),
            message: inspect::located(path, &error.message()),
            offset: error.offset(),
            checks: None,
        });
    }
    let copied = copy(path).map_err(|error| Stop {
        exit: Exit::InputFailed,
        code: error.code().word(),
        message: inspect::located(path, &error.to_string()),
        offset: None,
        checks: None,
    })?;
    terminal.message(shown(&format!(
        "{} is a package: what it says is taken over into a new one",
        path.display()
    )));
    for note in &copied.notes {
        terminal.message(shown(note));
    }
    Ok(copied.draft)
}

/// Takes requirement lines from another environment file, and tells what of it was left out.
fn import(args: &PackArgs, draft: &mut Draft, terminal: &mut Terminal) -> Result<(), Stop> {
    let (path, scope, option) = match (&args.requirements, &args.versions_from) {
        (Some(path), _) => (path, ImportScope::All, "--requirements"),
        (None, Some(path)) => (path, ImportScope::Versions, "--versions-from"),
        (None, None) => return Ok(()),
    };
    let found = import_environment(path).map_err(|error| Stop {
        exit: Exit::InputFailed,
        code: "unreadable",
        message: format!("{option}: {error}"),
        offset: None,
        checks: None,
    })?;
    for left_out in &found.left_out {
        terminal.message(shown(&format!("left out: {left_out}")));
    }
    let edit = draft.import_requirements(&found, scope);
    draft.apply(edit).map_err(|error| Stop::usage("invalid-edit", format!("{option}: {error}")))
}

fn write(
    args: &PackArgs,
    (draft, key): (&Draft, Option<&SealKey>),
    journal: &Journal,
    terminal: &mut Terminal,
) -> Result<Receipt, Stop> {
    let is_zip = args.zip || args.output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    let kind = if is_zip { PackageKind::Zip } else { PackageKind::Folder };
    let target = Target { path: args.output.clone(), kind, overwrite: args.force };
    let mut shown_percent = None;
    let mut progress = |progress: packwright_engine::Progress| {
        let percent = progress.done_bytes.saturating_mul(100).checked_div(progress.total_bytes);
        if progress.stage != Stage::Writing || percent != shown_percent {
            shown_percent = percent;
            let percent = percent.unwrap_or(100);
            terminal.progress(format_args!("{} {percent} % {}", progress.stage.word(), progress.file));
        }
    };
    let now = now(&args.path);
    let cancel = Cancel::new();
    // Without a handler a signal leaves litter, and that is swept later.
    stop::on_signals(&cancel).unwrap_or_default();
    let receipt = export_sealed(draft, &target, key, now, &mut progress, &cancel, journal);
    terminal.end_progress();
    receipt.map_err(|error| {
        let (exit, code) = match &error {
            ExportError::Plan(PlanError::NotServable(_)) => (Exit::InputFailed, "not-servable"),
            ExportError::Plan(_) | ExportError::Read { .. } | ExportError::NotRewritable(_) => {
                (Exit::InputFailed, "unreadable")
            }
            ExportError::NotConfirmed(_) => (Exit::CheckFailed, "not-confirmed"),
            ExportError::SourceChanged(_) => (Exit::InputFailed, "changed"),
            ExportError::TargetExists(_) => (Exit::OutputFailed, "target-exists"),
            ExportError::Cancelled => (Exit::OutputFailed, "cancelled"),
            ExportError::Target { .. }
            | ExportError::NoSpace { .. }
            | ExportError::Write { .. }
            | ExportError::Check(_) => (Exit::OutputFailed, "write-failed"),
        };
        let hint = match code {
            "target-exists" => " (--force replaces a package)",
            "not-servable" if draft.needs_architecture() => " (--code, --architecture, --argument)",
            "not-servable" if draft.needs_network() => " (--code)",
            _ => "",
        };
        Stop { exit, code, message: format!("{error}{hint}"), offset: None, checks: None }
    })
}

/// The private key that seals, opened with the passphrase where it has one.
fn key(path: &Path, passphrase_file: Option<&Path>) -> Result<SealKey, Stop> {
    let stop = |message: String| Stop::usage("key", message);
    let passphrase = match passphrase_file {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                stop(format!("the passphrase in {} could not be read: {error}", file.display()))
            })?;
            text.lines().next().map(str::to_owned)
        }
        None => std::env::var("PACKWRIGHT_PASSPHRASE").ok(),
    };
    SealKey::open(path, passphrase.as_deref()).map_err(|error| match error {
        KeyError::Locked => {
            stop(format!("{error} (--passphrase-file, or PACKWRIGHT_PASSPHRASE in the environment)"))
        }
        error => stop(format!("{}: {error}", path.display())),
    })
}

/// Writes the draft's choices, whole or not at all. A recipe that lies there is replaced; anything else stays.
fn save_recipe(path: &Path, draft: &Draft) -> Result<(), Stop> {
    draft.recipe().save(path).map_err(|error| Stop {
        exit: Exit::OutputFailed,
        code: "write-failed",
        message: format!("the recipe {} could not be written: {error}", path.display()),
        offset: None,
        checks: None,
    })
}

/// The receipt's time. The artifact's own, so that two runs print the same.
fn now(path: &Path) -> Timestamp {
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    Timestamp::from_system(modified.unwrap_or(UNIX_EPOCH))
}

/// The recipe's edits, then those of the options, each with its origin for messages.
fn edits(args: &PackArgs) -> Result<Vec<(String, Edit)>, Stop> {
    let mut edits = Vec::new();
    if let Some(path) = &args.recipe {
        let shown = path.display();
        let recipe = Recipe::load(path).map_err(|error| Stop::usage("recipe", error.to_string()))?;
        let numbered = recipe.edits.into_iter().enumerate();
        edits.extend(numbered.map(|(i, edit)| (format!("{shown}: edit {}", i + 1), edit)));
    }
    if let Some(path) = &args.model {
        edits.push(("--model".into(), Edit::SelectModel { path: path.clone() }));
    }
    if let Some(name) = &args.name {
        if name.trim().is_empty() {
            return Err(Stop::usage(
                "invalid-edit",
                "--name: a name needs at least one letter or digit".into(),
            ));
        }
        edits.push(("--name".into(), Edit::SetName { name: name.clone() }));
    }
    if let Some(description) = &args.description {
        edits.push(("--description".into(), Edit::SetDescription { description: description.clone() }));
    }
    for text in &args.metadata {
        let origin = format!("--metadata {text}");
        let field = text
            .split_once('=')
            .and_then(|(name, value)| Some((MetadataField::from_name(name.trim())?, value)));
        let Some((field, value)) = field else {
            let names = MetadataField::ALL.map(|field| field.key().replace('_', "-")).join(", ");
            return Err(Stop::usage(
                "invalid-edit",
                format!("{origin}: write it as FIELD=TEXT, with a field of {names}"),
            ));
        };
        edits.push((origin, Edit::SetMetadata { field, value: value.to_owned() }));
    }
    if let Some(path) = &args.sample {
        edits.push((format!("--sample {}", path.display()), Edit::SetSample { path: path.clone() }));
    }
    for path in &args.code {
        edits.push((format!("--code {}", path.display()), Edit::AddCode { path: path.clone() }));
    }
    if let Some(class) = &args.architecture {
        let argument = |text: &String| match text.split_once('=') {
            Some((name, value)) => Ok((name.trim().to_owned(), argument_value(value))),
            None => Err(Stop::usage("invalid-edit", format!("--argument {text}: write it as NAME=VALUE"))),
        };
        let arguments = args.arguments.iter().map(argument).collect::<Result<_, _>>()?;
        let edit = Edit::SetArchitecture { class: class.clone(), arguments };
        edits.push((format!("--architecture {class}"), edit));
    }
    for name in &args.trust {
        let edit = Edit::SetTrust { name: name.clone(), is_trusted: true };
        edits.push((format!("--trust {name}"), edit));
    }
    for tag in &args.tags {
        let Some((key, value)) = tag.split_once('=') else {
            return Err(Stop::usage("invalid-edit", format!("--tag {tag}: write it as KEY=VALUE")));
        };
        let edit = Edit::SetTag { key: key.to_owned(), value: value.to_owned() };
        edits.push((format!("--tag {tag}"), edit));
    }
    Ok(edits)
}

fn show(receipt: &Receipt, terminal: &mut Terminal) {
    terminal.line(format_args!("{}  {}", receipt.path.display(), size(receipt.size_bytes)));
    if let Some(sha256) = &receipt.sha256 {
        terminal.line(format_args!("  sha256 {sha256}"));
    }
    if let Some(key) = &receipt.sealed_by {
        terminal.line(format_args!("  sealed with the key {key}"));
    }
    let mut table = Table::default();
    for file in &receipt.files {
        let short = file.sha256.get(..12).unwrap_or_default();
        table.row([&file.path, &size(file.size_bytes), short]);
    }
    for line in table.lines() {
        terminal.line(line);
    }
    for snippet in &receipt.snippets {
        terminal.line("");
        terminal.line(&snippet.title);
        for line in snippet.text.lines() {
            terminal.line(format_args!("  {line}").to_string().trim_end());
        }
    }
}

impl Stop {
    fn usage(code: &'static str, message: String) -> Self {
        Self { exit: Exit::Usage, code, message, offset: None, checks: None }
    }
}
