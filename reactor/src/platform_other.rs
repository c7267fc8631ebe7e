//! Which way to wait is taken where there is only the portable one.

use std::io;

use crate::Options;
use crate::driver::Parts;
use crate::engine;
use crate::selector::Portable;

pub(crate) fn open(options: &Options) -> io::Result<Parts> {
    engine::open::<Portable>(options)
}
