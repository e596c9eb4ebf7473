//! The folder that saved drafts lie in: one small file each, replaced whole or not at all.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::SavedDraft;
use crate::journal::APP;

const SAVED: &str = "json";
const PARTIAL: &str = "partial";
const DAMAGED: &str = "damaged";
/// Which draft was shown last.
const SHOWN: &str = "shown";

/// A longer file is no saved draft.
const LONGEST_BYTES: u64 = 4 << 20;
/// Nobody works on more drafts at once.
const MOST_DRAFTS: usize = 200;
const LONGEST_KEY: usize = 64;

/// Numbers the keys and partial files of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where open drafts are saved.
#[derive(Debug, Clone)]
pub struct DraftStore(Option<PathBuf>);

/// What lies in a store.
#[derive(Debug, Default)]
pub struct SavedList {
    /// Keys and drafts, the one opened first at the front.
    pub drafts: Vec<(String, SavedDraft)>,
    /// The key of the draft that was shown last.
    pub shown: Option<String>,
    /// What was left aside, in sentences.
    pub problems: Vec<String>,
}

impl DraftStore {
    /// In the data folder of whoever runs the program; nowhere when there is none.
    pub fn of_this_user() -> Self {
        Self(dirs::data_dir().map(|folder| folder.join(APP).join("drafts")))
    }

    /// In a folder, which is made when the first draft is saved.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self(Some(folder))
    }

    /// Saves nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// A key that no other draft has. Keys sort in the order in which their drafts were opened.
    pub fn new_key(opened_at_millis: u64) -> String {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{opened_at_millis:012x}-{number:08x}-{:08x}", std::process::id())
    }

    /// Saves a draft in place of what was saved under its key: whole, or what was there stays.
    ///
    /// # Errors
    ///
    /// What the system says; `InvalidData` when a path is no text, `FileTooLarge` when nobody would read it again.
    pub fn save(&self, key: &str, draft: &SavedDraft) -> io::Result<()> {
        let text = serde_json::to_vec(draft)?;
        if u64::try_from(text.len()).is_ok_and(|length| length > LONGEST_BYTES) {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "its changes take more than 4 MiB"));
        }
        match self.file(key) {
            Some(path) => replace(&path, &text),
            None => Ok(()),
        }
    }

    /// Forgets a draft. Nothing happens when it was never saved.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        match self.file(key).map(std::fs::remove_file) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Notes which draft is shown.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn note_shown(&self, key: &str) -> io::Result<()> {
        match &self.0 {
            Some(folder) => replace(&folder.join(SHOWN), key.as_bytes()),
            None => Ok(()),
        }
    }

    /// One saved draft.
    ///
    /// # Errors
    ///
    /// What the system says, `InvalidData` when it is damaged.
    pub fn load(&self, key: &str) -> io::Result<SavedDraft> {
        let path = self.file(key).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        read(&path)
    }

    /// Everything that is saved. What a dead program left half written is removed; what is damaged is put aside under
    /// another name, and told.
    pub fn list(&self) -> SavedList {
        let mut list = SavedList::default();
        let Some(folder) = &self.0 else { return list };
        let Ok(entries) = std::fs::read_dir(folder) else { return list };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        for partial in paths.iter().filter(|path| has_ending(path, PARTIAL)) {
            std::fs::remove_file(partial).unwrap_or_default();
        }
        paths.retain(|path| has_ending(path, SAVED));
        paths.sort();
        let n_left = paths.len().saturating_sub(MOST_DRAFTS);
        if n_left > 0 {
            list.problems.push(format!(
                "{n_left} saved drafts were left in {}: only the newest {MOST_DRAFTS} are opened again.",
                folder.display()
            ));
        }
        for path in paths.into_iter().skip(n_left) {
            let key = path.file_stem().and_then(|stem| stem.to_str()).filter(|key| is_key(key));
            let Some(key) = key.map(str::to_owned) else { continue };
            match read(&path) {
                Ok(draft) => list.drafts.push((key, draft)),
                Err(error) => list.problems.push(put_aside(&path, &error)),
            }
        }
        let shown = read_text(&folder.join(SHOWN)).ok();
        list.shown = shown.filter(|shown| list.drafts.iter().any(|(key, _)| key == shown));
        list
    }

    /// The file of a key; `None` when nothing is saved, or the text is no key and might lead elsewhere.
    fn file(&self, key: &str) -> Option<PathBuf> {
        let folder = self.0.as_ref().filter(|_| is_key(key))?;
        Some(folder.join(key).with_extension(SAVED))
    }
}

fn is_key(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    !text.is_empty() && text.len() <= LONGEST_KEY && text.bytes().all(is_plain)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

/// Writes a file beside its place, makes it last, and moves it there.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = write_beside(path, bytes)?;
    std::fs::rename(&partial, path).inspect_err(|_| std::fs::remove_file(&partial).unwrap_or_default())
}

/// The first half of [`replace`]: what is there after it when the program dies then.
pub(super) fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Other names than another process takes, and another thread of this one.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let partial = path.with_extension(format!("{}-{number}.{PARTIAL}", std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().inspect_err(|_| std::fs::remove_file(&partial).unwrap_or_default())?;
    Ok(partial)
}

fn read(path: &Path) -> io::Result<SavedDraft> {
    let draft: SavedDraft = serde_json::from_str(&read_text(path)?)?;
    if draft.artifact.path.is_absolute() {
        Ok(draft)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "the path of its model is not absolute"))
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    // A pipe would be waited for without an end.
    let metadata = path.symlink_metadata()?;
    if !metadata.is_file() || metadata.len() > LONGEST_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no small file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LONGEST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Gives a damaged file a name under which it is not read again. A file that cannot be read now may be later.
fn put_aside(path: &Path, error: &io::Error) -> String {
    let is_damaged = matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof);
    let aside = path.with_extension(DAMAGED);
    if is_damaged && std::fs::rename(path, &aside).is_ok() {
        format!("A saved draft is damaged and was put aside as {}: {error}.", aside.display())
    } else {
        format!("The saved draft {} could not be read: {error}.", path.display())
    }
}
