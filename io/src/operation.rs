//! The named futures of the operations, from one pattern.

/// Defines a named future that waits for one direction of a source and tries an operation.
///
/// The fields are what the operation needs. `at_once` is a result that is known without any
/// waiting, as for an empty buffer; `attempt` tries the operation on the descriptor and gives a
/// [`Step`](crate::wait::Step). Both see the fields by mutable reference.
macro_rules! operation {
    (
        $(#[$doc:meta])*
        pub struct $name:ident<$lt:lifetime $(, $other:lifetime)*> { $($field:ident: $type:ty),* $(,)? }
        $interest:ident -> $output:ty;
        $(at_once: $at_once:expr;)?
        attempt($fd:pat_param): $attempt:expr;
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "futures do nothing unless awaited or polled"]
        pub struct $name<$lt $(, $other)*> {
            wait: $crate::wait::Wait<$lt>,
            $($field: $type,)*
        }

        impl<$lt $(, $other)*> $name<$lt $(, $other)*> {
            pub(crate) fn new(
                registration: &$lt $crate::registration::Registration,
                $($field: $type,)*
            ) -> Self {
                let interest = ::executor_core::driver::Interest::$interest;
                Self {
                    wait: $crate::wait::Wait::new(registration, interest),
                    $($field,)*
                }
            }
        }

        impl<$lt $(, $other)*> ::std::future::Future for $name<$lt $(, $other)*> {
            type Output = ::std::io::Result<$output>;

            #[inline]
            fn poll(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<Self::Output> {
                let Self { wait, $($field),* } = self.get_mut();
                $(
                    if let Some(output) = $at_once {
                        return ::std::task::Poll::Ready(Ok(output));
                    }
                )?
                wait.poll(cx, |$fd| $attempt)
            }
        }
    };
}

pub(crate) use operation;
