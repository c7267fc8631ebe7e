//! Z: stress.

use crate::Rule;

/// The rules of the group.
pub static RULES: &[Rule] = &[];

/// Lists the rules with the capabilities that they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __stress {
    ($($to:tt)*) => {
        $crate::__group! { { $($to)* } stress }
    };
}
