//! I17: Unix sockets and their files.

use std::fs;
use std::io;
use std::path::Path;

use super::stream::{read_byte, write_all};
use crate::Case;
use crate::adapter::Unix;
use crate::devices::{Stage, yield_once};
use crate::harness::Folder;

/// I17: a path can be bound once at a time, and its file is removed as declared.
pub fn i17_must_a_unix_path_is_bound_once<E: Unix>(case: &Case) {
    let folder = Folder::new();
    let path = folder.0.join("socket");
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        stage.at("a first listener");
        let mut listener = listen::<E>(&handle, &path).await.expect("a free path");
        stage.at("a second listener at the same path");
        refused(listen::<E>(&handle, &path).await, "beside the first");
        serve::<E>(&handle, &path, &mut listener, &stage).await;
        drop(listener);
        if E::UNLINKS {
            stage.at("a listener that removes its file was dropped, and the file is there");
            while path.exists() {
                yield_once().await;
            }
        } else {
            // An executor may close the socket some turns later.
            for _ in 0..100 {
                yield_once().await;
            }
            assert!(path.exists(), "declared is that the file stays");
            refused(listen::<E>(&handle, &path).await, "at a file that stayed");
            fs::remove_file(&path).expect("the file is ours");
        }
        stage.at("a listener at a path that was used before");
        let again = listen::<E>(&handle, &path).await;
        let mut again = again.expect("the path is free again");
        serve::<E>(&handle, &path, &mut again, &stage).await;
    }));
}

async fn listen<E: Unix>(handle: &E::Handle, path: &Path) -> io::Result<E::Listener> {
    E::listen(handle, path).await
}

fn refused<L>(outcome: io::Result<L>, at: &str) {
    let error = match outcome {
        Ok(_) => panic!("a second listener {at} took the path"),
        Err(error) => error.kind(),
    };
    assert_eq!(error, io::ErrorKind::AddrInUse, "a second listener {at}");
}

/// Lets a client come by `path`, and exchanges a byte with it.
async fn serve<E: Unix>(
    handle: &E::Handle,
    path: &Path,
    listener: &mut E::Listener,
    stage: &Stage<'_>,
) {
    stage.at("a client that connects to the path");
    let mut client = E::connect(handle, path).await.expect("it listens");
    stage.at("the listener accepts that client");
    let mut served = E::accept(listener).await.expect("a client has come");
    write_all(&mut client, b"x").await.expect("connected");
    assert_eq!(read_byte(&mut served).await.expect("connected"), Some(b'x'));
}
