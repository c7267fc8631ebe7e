//! I10: how a connection comes about, or does not.

use std::io::{self, Write as _};

use super::stream::{pair, read_byte};
use crate::Case;
use crate::adapter::Tcp;
use crate::devices::Stage;
use crate::rules::system::Refusing;

/// I10: `connect` itself fails where nobody listens.
pub fn i10_must_a_failed_connect_says_so<E: Tcp>(case: &Case) {
    let refusing = Refusing::new().expect("a port is free");
    let mut executor = E::new();
    let handle = executor.handle();
    let stage = Stage::new(case);
    executor.block_on(stage.watch(async {
        for attempt in 0..20 {
            stage.at(format_args!(
                "attempt {attempt} to connect where nobody listens"
            ));
            match E::connect(&handle, refusing.address).await {
                Ok(_) => panic!("`connect` gave a stream, and nobody listens"),
                Err(error) => assert_eq!(
                    error.kind(),
                    io::ErrorKind::ConnectionRefused,
                    "`connect` failed, but by another error: {error}"
                ),
            }
        }
        stage.at("connecting where somebody listens, after failures");
        let (mut stream, mut peer) = pair::<E>(&handle).await;
        peer.write_all(b"x").expect("there is room");
        assert_eq!(read_byte(&mut stream).await.expect("no error"), Some(b'x'));
    }));
}
