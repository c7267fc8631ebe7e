//! Making a history that fails as short as possible.

use std::time::{Duration, Instant};

/// How long to look for something shorter: a failure must be reported in good time.
const LIMIT: Duration = Duration::from_secs(2);

/// The shortest list found that still fails, beginning with `steps`, which does.
///
/// Steps are left out, many at once and then one by one, and replaced by what `simpler` makes of
/// them, until nothing can go.
pub(super) fn shrink<T: Clone>(
    steps: Vec<T>,
    simpler: impl Fn(&T) -> Vec<T>,
    mut fails: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let started = Instant::now();
    let mut fails = |steps: &[T]| started.elapsed() < LIMIT && fails(steps);
    let mut steps = steps;
    loop {
        let before = steps.len();
        steps = leave_out(steps, &mut fails);
        let (simplified, changed) = simplify(steps, &simpler, &mut fails);
        steps = simplified;
        if !changed && steps.len() == before {
            return steps;
        }
    }
}

fn leave_out<T: Clone>(mut steps: Vec<T>, fails: &mut impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut chunk = steps.len();
    while chunk > 0 {
        let mut at = 0;
        while at < steps.len() {
            let end = (at + chunk).min(steps.len());
            let shorter = [&steps[..at], &steps[end..]].concat();
            if fails(&shorter) {
                steps = shorter;
            } else {
                at = end;
            }
        }
        chunk /= 2;
    }
    steps
}

fn simplify<T: Clone>(
    mut steps: Vec<T>,
    simpler: &impl Fn(&T) -> Vec<T>,
    fails: &mut impl FnMut(&[T]) -> bool,
) -> (Vec<T>, bool) {
    let mut changed = false;
    for at in 0..steps.len() {
        for step in simpler(&steps[at]) {
            let mut candidate = steps.clone();
            candidate[at] = step;
            if fails(&candidate) {
                steps = candidate;
                changed = true;
                break;
            }
        }
    }
    (steps, changed)
}

#[cfg(test)]
mod tests {
    use super::shrink;

    fn halves(number: &u32) -> Vec<u32> {
        (*number > 0).then_some(number / 2).into_iter().collect()
    }

    #[test]
    fn what_does_not_matter_goes() {
        let steps: Vec<u32> = (0..100).collect();
        let fails = |steps: &[u32]| steps.contains(&17) && steps.contains(&63);
        assert_eq!(shrink(steps, halves, fails), [17, 63]);
    }

    #[test]
    fn what_remains_becomes_as_simple_as_it_can_be() {
        let fails = |steps: &[u32]| steps.iter().any(|step| *step >= 10);
        assert_eq!(shrink(vec![3, 90, 200], halves, fails), [12]);
    }

    #[test]
    fn a_list_that_fails_when_it_is_empty_becomes_empty() {
        assert_eq!(shrink(vec![1, 2, 3], halves, |_| true), [0; 0]);
    }
}
