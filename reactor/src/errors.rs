//! Errors that say what was wrong with a registration, and what to do.

use std::io::{Error, ErrorKind};

use executor_core::driver::RawSource;

/// Adds to the operating system's refusal what it means for a registration.
pub(crate) fn refused(raw: RawSource, error: Error) -> Error {
    let fd = raw.get();
    match error.kind() {
        ErrorKind::PermissionDenied => Error::new(
            ErrorKind::Unsupported,
            format!(
                "fd {fd} cannot be waited for: regular files and directories are always ready; \
                 use spawn_blocking for file I/O"
            ),
        ),
        ErrorKind::AlreadyExists => Error::new(
            ErrorKind::AlreadyExists,
            format!(
                "fd {fd} is already registered with this runtime: share the object that \
                 registered it, or duplicate the descriptor"
            ),
        ),
        ErrorKind::StorageFull => Error::new(
            ErrorKind::StorageFull,
            format!(
                "fd {fd} cannot be registered: this user watches as many descriptors as the \
                 system allows; raise fs.epoll.max_user_watches"
            ),
        ),
        kind => Error::new(kind, format!("fd {fd} cannot be registered: {error}")),
    }
}

pub(crate) fn shut_down(raw: RawSource) -> Error {
    Error::new(
        ErrorKind::NotConnected,
        format!(
            "fd {} cannot be registered: the runtime has shut down; keep the runtime for as long as \
             its resources are used",
            raw.get()
        ),
    )
}

pub(crate) fn not_a_descriptor(raw: RawSource) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("{} is not a descriptor of this system", raw.get()),
    )
}

pub(crate) fn too_many(raw: RawSource) -> Error {
    Error::new(
        ErrorKind::QuotaExceeded,
        format!(
            "fd {} cannot be registered: this reactor's table is full; close some of its sources",
            raw.get()
        ),
    )
}

pub(crate) fn no_such_registration(raw: RawSource) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!(
            "fd {} is not registered under this key: it was deregistered before, or the key \
             belongs to another reactor",
            raw.get()
        ),
    )
}
