//! The Packwright application.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    packwright_app_lib::run();
}
