//! The native menu. It knows the keys; what its items do, the window decides.

use tauri::menu::{
    AboutMetadata, Menu, MenuBuilder, MenuEvent, MenuItem, MenuItemBuilder, Submenu, SubmenuBuilder,
};
use tauri::{AppHandle, Emitter as _, Runtime};

use crate::wire::MenuCommand;

/// The one item that is ours alone.
const QUIT: &str = "quit";

/// Builds the menu bar.
pub(crate) fn build<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<Menu<R>> {
    let item = |command: MenuCommand, text: &str, keys: &str| -> tauri::Result<MenuItem<R>> {
        MenuItemBuilder::with_id(command.id(), text).accelerator(keys).build(app)
    };
    let file = SubmenuBuilder::new(app, "&File")
        .item(&item(MenuCommand::Open, "&Open…", "CmdOrCtrl+O")?)
        .item(&item(MenuCommand::OpenFolder, "Open a &folder…", "CmdOrCtrl+Shift+O")?)
        .separator()
        .item(&item(MenuCommand::Export, "&Export…", "CmdOrCtrl+E")?)
        .item(&item(MenuCommand::Close, "&Close draft", "CmdOrCtrl+W")?)
        .separator()
        .item(&MenuItemBuilder::with_id(QUIT, "&Quit").accelerator("CmdOrCtrl+Q").build(app)?)
        .build()?;
    let view = SubmenuBuilder::new(app, "&View")
        .item(&item(MenuCommand::SectionOverview, "&Overview", "CmdOrCtrl+1")?)
        .item(&item(MenuCommand::SectionStructure, "S&tructure", "CmdOrCtrl+2")?)
        .item(&item(MenuCommand::SectionSignature, "&Signature", "CmdOrCtrl+3")?)
        .item(&item(MenuCommand::SectionEnvironment, "&Environment", "CmdOrCtrl+4")?)
        .item(&item(MenuCommand::SectionMetadata, "&Metadata", "CmdOrCtrl+5")?)
        .item(&item(MenuCommand::SectionSafety, "S&afety", "CmdOrCtrl+6")?)
        .item(&item(MenuCommand::SectionChecks, "&Checks", "CmdOrCtrl+7")?)
        .item(&item(MenuCommand::SectionFiles, "&Files", "CmdOrCtrl+8")?)
        .separator()
        .item(&item(MenuCommand::Palette, "&All commands…", "CmdOrCtrl+K")?)
        .build()?;
    let help =
        SubmenuBuilder::new(app, "&Help").about_with_text("&About Packwright", Some(about(app))).build()?;
    MenuBuilder::new(app).item(&file).item(&edit(app, item)?).item(&view).item(&help).build()
}

fn edit<R: Runtime>(
    app: &AppHandle<R>,
    item: impl Fn(MenuCommand, &str, &str) -> tauri::Result<MenuItem<R>>,
) -> tauri::Result<Submenu<R>> {
    let menu = SubmenuBuilder::new(app, "&Edit")
        .item(&item(MenuCommand::Undo, "&Undo", "CmdOrCtrl+Z")?)
        .item(&item(MenuCommand::Redo, "&Redo", "CmdOrCtrl+Shift+Z")?)
        .separator()
        .item(&item(MenuCommand::Find, "&Find in the structure", "CmdOrCtrl+F")?);
    // On macOS the keys of the clipboard work only where a menu has them; elsewhere the web view has its own.
    #[cfg(target_os = "macos")]
    let menu = menu.separator().cut().copy().paste().select_all();
    menu.build()
}

fn about<R: Runtime>(app: &AppHandle<R>) -> AboutMetadata<'static> {
    AboutMetadata {
        name: Some("Packwright".into()),
        version: Some(app.package_info().version.to_string()),
        comments: Some("Puts trained models into MLflow packages.".into()),
        license: Some("Apache-2.0".into()),
        icon: app.default_window_icon().cloned().map(tauri::image::Image::to_owned),
        ..AboutMetadata::default()
    }
}

/// Tells the window which item was chosen.
#[expect(clippy::needless_pass_by_value, reason = "the signature that Tauri calls")]
pub(crate) fn chosen<R: Runtime>(app: &AppHandle<R>, event: MenuEvent) {
    let id = event.id().as_ref();
    if id == QUIT {
        app.exit(0);
    } else if let Some(command) = MenuCommand::from_id(id) {
        // Fails only while the window goes away, and then nobody is there to act on it.
        app.emit("menu", command).unwrap_or_default();
    }
}
