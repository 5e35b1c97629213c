//! How many threads candle computes with, which it only takes from the environment, and only before it first computes.
//!
//! Its threads wait for each other many times a token by spinning. With as many as there are processors, anything else
//! that runs takes one of them away and all others spin: on a busy machine of two processors the in-process model said
//! 2 to 6 tokens a second with two threads, and 30 to 55 with one.

use std::num::NonZero;
use std::os::unix::process::CommandExt as _;

/// The variable that candle reads.
const VARIABLE: &str = "CANDLE_NUM_THREADS";

/// Most threads that help a model this small.
const MOST: usize = 4;

/// Starts the program anew, as the same process, with a sensible number of threads for candle.
///
/// Comes back when that is not needed, because the number is set or another model answers, or not possible. Call it
/// first of all: nothing that has been opened survives it.
pub fn settle() {
    // These are asked here and not in `config`, because they decide before there is a configuration.
    if std::env::var_os(VARIABLE).is_some() || std::env::var_os("LLM_BASE_URL").is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut args = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = args.next() {
        again.arg0(name);
    }
    // Only returns when it fails, and then the program goes on as it is.
    let _ = again.args(args).env(VARIABLE, threads(processors).to_string()).exec();
}

/// Half of the processors, so that a spinning thread never takes the place of the one it waits for.
fn threads(processors: usize) -> usize {
    (processors / 2).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_processors_compute() {
        assert_eq!([1, 2, 3, 4, 8, 64].map(threads), [1, 1, 1, 2, 4, 4]);
    }
}
