//! Index text (stand-in).
use crate::domain::Memory;
/// One passage.
pub struct Passage {
    /// embedded
    pub dense: String,
    /// words
    pub lexical: String,
}
/// The passages of a memory.
pub fn passages(memory: &Memory, before: Option<&Memory>, _max: usize, _count: &dyn Fn(&str) -> usize) -> Vec<Passage> {
    let text = memory.text();
    vec![Passage { lexical: format!("{} {text}", before.map(|b| b.text()).unwrap_or_default()), dense: text }]
}
