//! The table from keys to sources.
//!
//! A key is an index into a slab beside the generation of the registration, in one word that
//! fits the kernel's. An index is used again at once; a generation only after the counter has
//! gone round, so a key that outlived its registration names nothing.

use std::io;
use std::mem;
use std::sync::Arc;

use executor_core::driver::{RawSource, Source};
use slab::Slab;

use crate::errors;
use crate::registration::Enrolled;
use crate::selector::Interests;

/// How many bits of a key are the index; the others are the generation.
///
/// Half of 64 bits. Of 32 bits it takes more, for a million sources: the generation only has to
/// tell registrations apart that share an index between one look at the kernel and the report.
pub(crate) const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;

/// Indices from here on are not given out, so that these words are free for other purposes.
const INDEX_END: usize = INDEX_MASK - 1;

/// A key of no source: a selector's notification. `polling` reserves the same word.
#[cfg(target_os = "linux")]
pub(crate) const KICK_KEY: usize = usize::MAX;

/// A key of no source: a selector's timer.
#[cfg(target_os = "linux")]
pub(crate) const TIMER_KEY: usize = usize::MAX - 1;

/// One registration.
#[derive(Debug)]
pub(crate) struct Entry {
    generation: usize,
    pub(crate) raw: RawSource,
    pub(crate) descriptor: Enrolled,
    pub(crate) source: Arc<Source>,
    /// What a selector that reports once has still to report.
    pub(crate) armed: Interests,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    entries: Slab<Entry>,
    next_generation: usize,
    closed: bool,
}

impl Table {
    /// Adds a registration and names it.
    pub(crate) fn insert(
        &mut self,
        raw: RawSource,
        descriptor: Enrolled,
        source: &Arc<Source>,
    ) -> io::Result<usize> {
        if self.closed {
            return Err(errors::shut_down(raw));
        }
        let slot = self.entries.vacant_entry();
        if slot.key() >= INDEX_END {
            return Err(errors::too_many(raw));
        }
        let generation = self.next_generation & (usize::MAX >> INDEX_BITS);
        self.next_generation = self.next_generation.wrapping_add(1);
        let key = (generation << INDEX_BITS) | slot.key();
        slot.insert(Entry {
            generation,
            raw,
            descriptor,
            source: Arc::clone(source),
            armed: Interests::BOTH,
        });
        Ok(key)
    }

    /// The registration of this key, unless it has ended.
    pub(crate) fn entry(&mut self, key: usize) -> Option<&mut Entry> {
        self.entries
            .get_mut(key & INDEX_MASK)
            .filter(|entry| entry.generation == key >> INDEX_BITS)
    }

    /// Ends a registration.
    ///
    /// The caller drops the entry when the table's lock is released.
    #[must_use]
    pub(crate) fn remove(&mut self, raw: RawSource, key: usize) -> Option<Entry> {
        self.entry(key).filter(|entry| entry.raw == raw)?;
        self.entries.try_remove(key & INDEX_MASK)
    }

    /// What to say about a key that names nothing: after [`close`](Self::close) that is as it
    /// should be.
    pub(crate) fn missing(&self, raw: RawSource) -> io::Result<()> {
        if self.closed {
            Ok(())
        } else {
            Err(errors::no_such_registration(raw))
        }
    }

    /// Ends every registration, and lets no other begin.
    #[must_use]
    pub(crate) fn close(&mut self) -> Vec<Entry> {
        self.closed = true;
        mem::take(&mut self.entries)
            .into_iter()
            .map(|(_, entry)| entry)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::num::NonZeroUsize;

    use executor_core::driver::{Reactor, SourceKey};

    use super::*;
    use crate::hub::Hub;
    use crate::selector::{Portable, Selector};
    use crate::testing::Watched;

    fn hub() -> Arc<Hub<Portable>> {
        let (selector, _) = Portable::open(NonZeroUsize::MIN).unwrap();
        Arc::new(Hub::new(selector))
    }

    #[test]
    fn the_table_stays_as_large_as_the_most_that_were_registered_at_once() {
        let hub = hub();
        let reactor = Arc::clone(&hub) as Arc<dyn Reactor>;
        let mut socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut last_key = None;
        for _ in 0..100_000 {
            let watched = Watched::new(&reactor, socket).unwrap();
            let key = watched.key();
            assert_ne!(
                last_key.replace(key),
                Some(key),
                "a key names one registration"
            );
            socket = watched.deregister().unwrap();
        }
        assert_eq!(hub.table().entries.len(), 0);
        assert!(hub.table().entries.capacity() < 16);
    }

    #[test]
    fn generations_go_round_and_never_touch_the_reserved_keys() {
        let hub = hub();
        let reactor = Arc::clone(&hub) as Arc<dyn Reactor>;
        hub.table().next_generation = usize::MAX >> INDEX_BITS;
        let last = Watched::new(&reactor, UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        assert!(last.key() < usize::MAX - 1);
        let first = Watched::new(&reactor, UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        assert_eq!(first.key() >> INDEX_BITS, 0);
        for watched in [&last, &first] {
            assert!(hub.table().entry(watched.key()).is_some());
        }
    }

    #[test]
    fn a_key_works_for_its_own_descriptor_only() {
        let hub = hub();
        let reactor = Arc::clone(&hub) as Arc<dyn Reactor>;
        let watched = Watched::new(&reactor, UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        let key = SourceKey::new(watched.key() as u64);
        let other = RawSource::new(watched.raw().get() + 1);
        let error = hub.deregister(other, key).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        watched.deregister().unwrap();
    }
}
