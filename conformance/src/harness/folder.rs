//! Folders for temporary files.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::{env, fs, process};

/// A folder of the process's own for temporary files, which goes when it is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// # Panics
    ///
    /// If it cannot be made.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            // Relaxed: the number is all that matters.
            let number = NEXT.fetch_add(1, Relaxed);
            let name = format!("executor-conformance-{}-{number}", process::id());
            let path = env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // What an earlier process of this number has left is not ours to read.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left-overs in the folder for temporary files harm nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
