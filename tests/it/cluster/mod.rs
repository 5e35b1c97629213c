//! Gateways and workers as real processes over one PostgreSQL: every message is answered exactly once and in order,
//! whoever is killed or stopped meanwhile.

mod handing_over;
mod joining;
mod kills;
mod town;
