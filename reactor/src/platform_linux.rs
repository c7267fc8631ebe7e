//! Which way to wait is taken on Linux: the direct one, unless the portable one is asked for.

use std::io;

use crate::Options;
use crate::driver::Parts;
use crate::engine;
use crate::selector::{Epoll, Portable};

pub(crate) fn open(options: &Options) -> io::Result<Parts> {
    if options.portable {
        engine::open::<Portable>(options)
    } else {
        engine::open::<Epoll>(options)
    }
}
