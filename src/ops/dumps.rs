//! No memory of this process in files: a core dump would hold members' keys.

/// Forbids core dumps and reading by other processes of the same user. Where the system has no such thing, nothing happens.
pub fn forbid() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

        let none = Rlimit { current: Some(0), maximum: Some(0) };
        if let Err(error) = setrlimit(Resource::Core, none) {
            tracing::warn!(error = %error, "core dumps cannot be forbidden");
        }
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!(error = %error, "core dumps cannot be forbidden");
        }
    }
}
