//! Stand-in.
use crate::domain::PersonalityFile;
/// Stand-in.
pub fn load_builtin() -> anyhow::Result<Vec<PersonalityFile>> {
    Ok(["Abbey", "Aviva", "Abi"]
        .map(|name| PersonalityFile {
            name: name.into(),
            slug: name.to_lowercase(),
            prompt: format!("You are {name}."),
            brief: format!("You are {name}, warm."),
            ..Default::default()
        })
        .to_vec())
}
/// Stand-in.
pub fn load_dir(_: &std::path::Path) -> anyhow::Result<Vec<PersonalityFile>> {
    Ok(Vec::new())
}
