//! The whole program, recorded and printed, and the recorder on a run that is known in advance.

use std::time::Duration;

use anyloop::task::yield_now;
use anyloop::{Fifo, RunEnd, Runtime, Scheduler};

use crate::args::Options;
use crate::policies::{Lifo, Policy, Random};
use crate::record::{Because, Poll, Recorder, Recording, Who};
use crate::report::{self, Style, Sums};
use crate::{CLIENTS, Outcome, TICKS, coroutine, record};

const EXPECTED: Outcome = Outcome {
    connections: CLIENTS as usize,
    ticks: TICKS,
    primes: 9592,
};

fn name(recording: &Recording, poll: &Poll) -> String {
    recording.coroutines[poll.who].name.clone()
}

fn names(recording: &Recording) -> Vec<String> {
    let polls = recording.polls.iter();
    polls.map(|poll| name(recording, poll)).collect()
}

/// Runs the program, and holds the recording against what is true on every policy.
fn checked_run(policy: Policy) -> Recording {
    let (outcome, recording) = record(policy).unwrap();
    assert_eq!(outcome, EXPECTED);

    let mut all: Vec<_> = recording.coroutines.iter().map(|c| &*c.name).collect();
    all.sort_unstable();
    let clients = ["client-1", "client-2", "client-3"];
    let connections = ["conn-1", "conn-2", "conn-3"];
    let others = ["cruncher", "server", "ticker"];
    assert_eq!(all, [clients, connections, others].concat());

    let (each, total) = report::sums(&recording);
    for (who, (coroutine, sums)) in recording.coroutines.iter().zip(&each).enumerate() {
        assert_eq!(coroutine.pushed, coroutine.popped, "{}", coroutine.name);
        assert_eq!(coroutine.popped, sums.polls, "{}", coroutine.name);
        assert_eq!(sums.polls, causes(sums), "{}", coroutine.name);
        assert_eq!(sums.spawns, 1, "{}", coroutine.name);
        check_story(&recording, who);
    }
    let add = |part: fn(&Sums) -> u64| each.iter().map(part).sum::<u64>();
    assert_eq!(total.polls, recording.polls.len() as u64);
    assert_eq!(total.polls, add(|sums| sums.polls));
    assert_eq!(total.polls, causes(&total));
    assert_eq!(total.rescues, 0);
    assert_eq!(total.running, each.iter().map(|sums| sums.running).sum());
    assert_eq!(total.waiting, each.iter().map(|sums| sums.waiting).sum());

    for pair in recording.polls.windows(2) {
        assert!(
            pair[0].end_at() <= pair[1].picked_at,
            "two polls at once: {pair:?}"
        );
    }
    let end = recording.polls.last().unwrap().end_at();
    assert!(total.running + recording.idle <= end);
    assert!(recording.turns > 0);
    recording
}

fn causes(sums: &Sums) -> u64 {
    sums.spawns + sums.sockets + sums.timers + sums.wakes + sums.yields + sums.rescues
}

/// Each coroutine is spawned first and ends last, and in between each poll waits for the next.
fn check_story(recording: &Recording, who: usize) {
    let story: Vec<_> = recording.polls.iter().filter(|p| p.who == who).collect();
    let (last, before) = story.split_last().unwrap();
    assert_eq!(last.end, RunEnd::Finished);
    assert_eq!(last.then, None);
    assert!(matches!(story[0].because, Because::Spawned(_)));
    for (poll, next) in before.iter().zip(&story[1..]) {
        assert_eq!(poll.then, Some(next.because));
        let yielded = next.because == Because::Yielded;
        assert_eq!(poll.end == RunEnd::Yielded, yielded, "{poll:?}");
        assert!(
            poll.end_at() <= next.ready_at,
            "ready while it ran: {next:?}"
        );
    }
}

#[test]
fn fifo_picks_in_the_order_in_which_they_became_ready() {
    let recording = checked_run(Policy::Fifo);
    let spawned = [
        "server", "client-1", "client-2", "client-3", "ticker", "cruncher",
    ];
    assert_eq!(names(&recording)[..6], spawned);
    // Those that yielded have a line of their own, behind the others.
    for yielded in [false, true] {
        let polls = recording.polls.iter();
        let line = polls.filter(|poll| (poll.because == Because::Yielded) == yielded);
        assert!(line.is_sorted_by_key(|poll| poll.ready_at));
    }

    let recording = checked_run(Policy::Strict);
    assert!(recording.polls.is_sorted_by_key(|poll| poll.ready_at));
}

#[test]
fn lifo_lets_the_cruncher_go_first_and_the_others_wait() {
    let recording = checked_run(Policy::Lifo);
    let (each, _) = report::sums(&recording);
    let cruncher = &each[recording.polls[0].who];
    let first = &names(&recording)[..cruncher.polls as usize];
    assert!(first.iter().all(|name| name == "cruncher"), "{first:?}");
    // The first six are those that main spawned before the loop picked anybody.
    for sums in each[..6].iter().filter(|&sums| sums != cruncher) {
        assert!(sums.worst_wait >= cruncher.running, "{sums:?}");
    }
}

#[test]
fn clients_wait_for_answers_and_the_ticker_for_its_timer() {
    let recording = checked_run(Policy::Random(1));
    let causes_of = |wanted: &str| -> Vec<Because> {
        let polls = recording.polls.iter();
        let own = polls.filter(|poll| name(&recording, poll) == wanted);
        own.map(|poll| poll.because).collect()
    };
    for client in ["client-1", "client-2", "client-3"] {
        let answers = causes_of(client);
        let answers = answers
            .iter()
            .filter(|b| matches!(b, Because::Socket(_, Some("an answer"))));
        assert!(answers.count() >= 1, "{client}");
        assert!(causes_of(client).contains(&Because::Timer), "{client}");
    }
    assert!(
        causes_of("ticker")[1..]
            .iter()
            .all(|&b| b == Because::Timer)
    );
    let cruncher = causes_of("cruncher");
    assert_eq!(cruncher.len(), 101);
    assert!(cruncher[1..].iter().all(|&b| b == Because::Yielded));
}

#[test]
fn the_print_fits_a_terminal_and_tells_how_to_go_on() {
    for (policy, other) in [(Policy::Fifo, "lifo"), (Policy::Lifo, "random")] {
        let recording = checked_run(policy);
        let print =
            |all, style| report::render(&recording, EXPECTED, Options { policy, all }, style);

        let text = print(false, Style::Plain);
        assert!(!text.contains('\x1b'));
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
        assert!(text.lines().count() <= 102, "{text}");
        assert!(
            text.ends_with(&format!("--example tour -- --policy {other}\n")),
            "{text}"
        );
        for coroutine in &recording.coroutines {
            let row = format!("\n{:<9}  {:>5}  ", coroutine.name, coroutine.popped);
            assert!(text.contains(&row), "{row:?} is not in {text}");
        }

        let all = print(true, Style::Plain);
        for number in 1..=recording.polls.len() {
            assert!(
                all.lines()
                    .any(|line| line.get(11..15) == Some(&format!("{number:>4}")))
            );
        }
        assert!(print(false, Style::Coloured).contains("\x1b["));
    }
}

/// Three coroutines on a loop without I/O: their order depends on the policy alone.
fn play(policy: impl Scheduler) -> Recording {
    let recorder = Recorder::new();
    let runtime = Runtime::without_io(recorder.around(policy));
    runtime.block_on(async {
        let a = coroutine("a", async {
            yield_now().await;
            yield_now().await;
        });
        let b = coroutine("b", async { a.await.unwrap() });
        let c = coroutine("c", yield_now());
        b.await.unwrap();
        c.await.unwrap();
    });
    drop(runtime);
    recorder.into_recording()
}

#[test]
fn what_is_recorded_is_what_happened() {
    let recording = play(Fifo::strict());
    let story: Vec<_> = recording
        .polls
        .iter()
        .map(|poll| {
            (
                name(&recording, poll),
                poll.because,
                poll.then,
                poll.others_ready,
            )
        })
        .collect();
    let (a, b, c) = ("a".to_owned(), "b".to_owned(), "c".to_owned());
    let spawned = Because::Spawned(Who::Main);
    let yielded = Because::Yielded;
    let woken_by_a = Because::Woken(Who::Coroutine(0));
    assert_eq!(
        story,
        [
            (a.clone(), spawned, Some(yielded), 2),
            (b.clone(), spawned, Some(woken_by_a), 2),
            (c.clone(), spawned, Some(yielded), 1),
            (a.clone(), yielded, Some(yielded), 1),
            (c, yielded, None, 1),
            (a, yielded, None, 0),
            (b, woken_by_a, None, 0),
        ]
    );
    assert!(recording.idle < Duration::from_secs(1));
}

#[test]
fn each_policy_has_its_own_order_and_a_seed_repeats_it() {
    let order = |recording: Recording| names(&recording).concat();
    assert_eq!(order(play(Fifo::new())), "abcacab");
    assert_eq!(order(play(Fifo::strict())), "abcacab");
    assert_eq!(order(play(Lifo::default())), "ccbaaab");
    let lots: Vec<_> = (0..20).map(|seed| order(play(Random::new(seed)))).collect();
    let again: Vec<_> = (0..20).map(|seed| order(play(Random::new(seed)))).collect();
    assert_eq!(lots, again);
    assert!(lots.iter().any(|order| *order != lots[0]));
}
