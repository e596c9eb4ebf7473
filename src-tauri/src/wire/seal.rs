//! Keys and seals as the window shows them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A key that the person picked. The key itself never comes to the page.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// Names it in requests.
    pub path: String,
    /// Its file name.
    pub name: String,
    /// The fingerprint of its public half; empty while it is locked.
    pub fingerprint: String,
    /// `P-256`; empty while it is locked.
    pub curve: String,
    /// Whether a passphrase is needed to open it.
    pub is_locked: bool,
}

/// A key to seal with.
#[derive(Clone, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeyRequest {
    /// As the dialog gave it.
    pub path: String,
    /// What opens it; empty when it is not protected. Kept nowhere.
    pub passphrase: String,
}

/// The passphrase stays out of every message.
impl std::fmt::Debug for KeyRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRequest").field("path", &self.path).finish_non_exhaustive()
    }
}
