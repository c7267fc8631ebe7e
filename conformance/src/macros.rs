//! `suite!`, and the machinery that picks the rules which an adapter's capabilities allow.

/// Makes one `#[test]` for each rule of the suite.
///
/// Give the adapter's type and the capabilities whose [adapter traits](crate::adapter) it
/// implements, in any order. A rule that needs another one is ignored, with its name.
///
/// ```text
/// executor_conformance::suite!(MyRuntime);
/// executor_conformance::suite!(MyRuntime: spawn, remote, abort, timers);
/// executor_conformance::suite!(MyRuntime: spawn; expect = "expectations/my_runtime.txt");
/// ```
///
/// `expect` names a file, relative to the one that has this line, which tells what is known to
/// fail and why; see [`harness::Expectations`](crate::harness::Expectations). Put two suites in
/// one file into two modules.
#[macro_export]
macro_rules! suite {
    ($executor:ty $(: $($have:ident),* $(,)?)? $(; expect = $file:literal)?) => {
        const __EXPECTED: &str = concat!($(include_str!($file))?);
        $crate::__capabilities!($($($have)*)?);
        $crate::__groups! { @tests [$executor] [$($($have)*)?] }
    };
}

/// All rules of the suite for an adapter, as a list to run from a program of one's own.
///
/// The arguments are those of [`suite!`]; the value is a `Vec` of
/// [`harness::Entry`](crate::harness::Entry).
#[macro_export]
macro_rules! entries {
    ($executor:ty $(: $($have:ident),* $(,)?)?) => {{
        $crate::__capabilities!($($($have)*)?);
        let mut entries = ::std::vec::Vec::<$crate::harness::Entry>::new();
        $crate::__groups! { @entries entries [$executor] [$($($have)*)?] }
        entries
    }};
}

/// Makes the [`CountingAllocator`](crate::CountingAllocator) the global one of a test binary.
#[macro_export]
macro_rules! allocator {
    () => {
        #[global_allocator]
        static __CONFORMANCE_ALLOCATOR: $crate::CountingAllocator = $crate::CountingAllocator;
    };
}

/// Hands every rule of a group to [`__rule!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __group {
    ({ @tests [$executor:ty] $have:tt } $group:ident
        $($name:ident [$($need:ident)*];)*) => {
        $($crate::__rule! { [$($need)*] $have $have
            { @test [$executor] $group $name } })*
    };
    ({ @entries $list:ident [$executor:ty] $have:tt } $group:ident
        $($name:ident [$($need:ident)*];)*) => {
        $list.append(&mut ::std::vec![$($crate::__rule! { [$($need)*] $have $have
            { @entry [$executor] $group $name } }),*]);
    };
    ({ @policy_tests } policies $($name:ident $needs:tt;)*) => {
        $($crate::__policy_rule! { @test $name $needs })*
    };
    ({ @policy_entries $list:ident } policies $($name:ident $needs:tt;)*) => {
        $list.append(&mut ::std::vec![$($crate::__policy_rule! { @entry $name $needs }),*]);
    };
    // The names and the needs alone: for `Rule::needs`, and for the test that compares them with
    // the catalogue.
    ({ @needs $list:ident } $group:ident $($name:ident [$($need:ident)*];)*) => {
        $list.append(&mut ::std::vec![
            $((stringify!($name), &[$(stringify!($need)),*] as &'static [&'static str])),*
        ]);
    };
}

/// Takes the needs of a rule off, one by one, as they are found among the capabilities.
#[doc(hidden)]
#[macro_export]
macro_rules! __rule {
    ([] $left:tt $have:tt { @test [$executor:ty] $group:ident $name:ident }) => {
        #[test]
        fn $name() {
            $crate::harness::test(
                concat!(module_path!(), "::", stringify!($name)),
                $crate::harness::Entry::new(
                    stringify!($name),
                    <$executor as $crate::Executor>::NAME,
                    $crate::rules::$group::$name::<$executor>,
                ),
                __EXPECTED,
            );
        }
    };
    ([] $left:tt $have:tt { @entry [$executor:ty] $group:ident $name:ident }) => {
        $crate::harness::Entry::new(
            stringify!($name),
            <$executor as $crate::Executor>::NAME,
            $crate::rules::$group::$name::<$executor>,
        )
    };
    ([$need:ident $($more:ident)*] [] $have:tt { @test [$executor:ty] $group:ident $name:ident }) => {
        $crate::__ignored! { $need $name }
    };
    ([$need:ident $($more:ident)*] [] $have:tt { @entry [$executor:ty] $group:ident $name:ident }) => {
        $crate::harness::Entry::missing(
            stringify!($name),
            <$executor as $crate::Executor>::NAME,
            stringify!($need),
        )
    };
    ([$need:ident $($more:ident)*] [$first:ident $($left:ident)*] $have:tt $what:tt) => {
        $crate::__same! { $need $first
            { $crate::__rule! { [$($more)*] $have $have $what } }
            { $crate::__rule! { [$need $($more)*] [$($left)*] $have $what } }
        }
    };
}

/// Expands to the first block if both names are the same capability, else to the second.
#[doc(hidden)]
#[macro_export]
macro_rules! __same {
    (spawn spawn { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (remote remote { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (abort abort { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (local local { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (timers timers { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (reset reset { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (intervals intervals { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (tcp tcp { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (udp udp { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (unix unix { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (blocking blocking { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (parallel parallel { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (shared shared { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (nested nested { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (shutdown_timeout shutdown_timeout { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    (wrap wrap { $($yes:tt)* } { $($no:tt)* }) => { $($yes)* };
    ($need:ident $other:ident { $($yes:tt)* } { $($no:tt)* }) => { $($no)* };
}

/// An ignored test, which says what its rule needs.
#[doc(hidden)]
#[macro_export]
macro_rules! __ignored {
    (spawn $name:ident) => {
        #[test]
        #[ignore = "needs the capability `spawn`"]
        fn $name() {}
    };
    (remote $name:ident) => {
        #[test]
        #[ignore = "needs the capability `remote`"]
        fn $name() {}
    };
    (abort $name:ident) => {
        #[test]
        #[ignore = "needs the capability `abort`"]
        fn $name() {}
    };
    (local $name:ident) => {
        #[test]
        #[ignore = "needs the capability `local`"]
        fn $name() {}
    };
    (timers $name:ident) => {
        #[test]
        #[ignore = "needs the capability `timers`"]
        fn $name() {}
    };
    (reset $name:ident) => {
        #[test]
        #[ignore = "needs the capability `reset`"]
        fn $name() {}
    };
    (intervals $name:ident) => {
        #[test]
        #[ignore = "needs the capability `intervals`"]
        fn $name() {}
    };
    (tcp $name:ident) => {
        #[test]
        #[ignore = "needs the capability `tcp`"]
        fn $name() {}
    };
    (udp $name:ident) => {
        #[test]
        #[ignore = "needs the capability `udp`"]
        fn $name() {}
    };
    (unix $name:ident) => {
        #[test]
        #[ignore = "needs the capability `unix`"]
        fn $name() {}
    };
    (blocking $name:ident) => {
        #[test]
        #[ignore = "needs the capability `blocking`"]
        fn $name() {}
    };
    (parallel $name:ident) => {
        #[test]
        #[ignore = "needs the capability `parallel`"]
        fn $name() {}
    };
    (shared $name:ident) => {
        #[test]
        #[ignore = "needs the capability `shared`"]
        fn $name() {}
    };
    (nested $name:ident) => {
        #[test]
        #[ignore = "needs the capability `nested`"]
        fn $name() {}
    };
    (shutdown_timeout $name:ident) => {
        #[test]
        #[ignore = "needs the capability `shutdown_timeout`"]
        fn $name() {}
    };
    (wrap $name:ident) => {
        #[test]
        #[ignore = "needs the capability `wrap`"]
        fn $name() {}
    };
}

/// Refuses names that are no capability.
#[doc(hidden)]
#[macro_export]
macro_rules! __capabilities {
    () => {};
    (spawn $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (remote $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (abort $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (local $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (timers $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (reset $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (intervals $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (tcp $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (udp $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (unix $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (blocking $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (parallel $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (shared $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (nested $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (shutdown_timeout $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    (wrap $($more:ident)*) => { $crate::__capabilities!($($more)*); };
    ($other:ident $($more:ident)*) => {
        compile_error!(concat!(
            "`", stringify!($other), "` is not a capability; see `executor_conformance::adapter`"
        ));
    };
}
