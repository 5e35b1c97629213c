//! Splitting (stand-in).
/// Parts of a text.
pub fn split(text: &str, _limit: usize) -> Vec<String> {
    vec![text.to_owned()]
}
