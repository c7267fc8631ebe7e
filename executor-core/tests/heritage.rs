//! What a task inherits from the one that spawns it.

mod common;

use std::time::{Duration, Instant};

use common::runtime;
use executor_core::spawn_with;
use executor_core::task::TaskOptions;

#[test]
fn a_deadline_is_the_same_instant_on_a_runtime_with_another_epoch() {
    let earlier = runtime();
    // A clock may tell the same instant twice.
    while Instant::now() <= earlier.handle().epoch() {}
    let later = runtime();
    let epoch = later.handle().epoch();
    assert!(epoch > earlier.handle().epoch());
    let deadline = epoch + Duration::from_secs(60);
    let spawned = earlier.block_on(async {
        let options = TaskOptions::new().deadline(deadline);
        let handle = later.handle();
        let spawner = spawn_with(
            options,
            async move { handle.spawn(async {}).task().unwrap() },
        );
        spawner.await.unwrap()
    });
    assert_eq!(spawned.deadline_after(epoch), Some(deadline));
}
