//! The program: hands the command line and the environment to [`greenroom::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(unix, feature = "local-model"))]
    greenroom::model::threads::settle();
    greenroom::ops::memory::share();
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let vars = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    #[cfg(feature = "testing")]
    let vars = {
        greenroom::testing::plan_crash();
        vars.filter(|(name, _)| !name.starts_with("GREENROOM_TEST_"))
    };
    greenroom::cli::run(std::env::args_os(), vars)
}
