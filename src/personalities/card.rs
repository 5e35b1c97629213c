//! Character cards of other programs, as JSON: V1 (flat), V2 and V3 (`spec` and `data`).

use anyhow::{Context as _, ensure};

use crate::domain::{PersonalityFile, slug_of};

/// Longest line for lists, in characters.
const ABOUT_MAX: usize = 100;

/// What a card says of a character; the rest is other programs' own.
#[derive(serde::Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Card {
    name: String,
    description: String,
    personality: String,
    scenario: String,
    first_mes: String,
    mes_example: String,
    system_prompt: String,
    creator_notes: String,
}

/// Reads a card.
///
/// # Errors
/// When it is no card, or names nobody.
pub(super) fn read(text: &str) -> anyhow::Result<PersonalityFile> {
    let whole: serde_json::Value = serde_json::from_str(text).context("this is no JSON")?;
    let data = whole.get("data").filter(|data| data.is_object()).unwrap_or(&whole);
    let card: Card = serde_json::from_value(data.clone()).context("this is no character card")?;
    let name = card.name.trim().to_owned();
    ensure!(!name.is_empty(), "the card has no name");
    // Cards write `{{char}}` and `{{user}}` where names belong.
    let filled = |text: &str| {
        let text = text.replace("{{char}}", &name).replace("{{Char}}", &name).replace("<BOT>", &name);
        text.replace("{{user}}", "the person you talk with")
            .replace("{{User}}", "the person you talk with")
            .trim()
            .to_owned()
    };
    let parts = [
        ("", filled(&card.system_prompt.replace("{{original}}", ""))),
        ("", filled(&card.description)),
        ("# How you are\n", filled(&card.personality)),
        ("# Where this is\n", filled(&card.scenario)),
    ];
    let prompt: Vec<String> =
        parts.iter().filter(|(_, text)| !text.is_empty()).map(|(head, text)| format!("{head}{text}")).collect();
    let about = filled(card.creator_notes.lines().next().unwrap_or_default());
    Ok(PersonalityFile {
        slug: slug_of(&name),
        about: about.chars().take(ABOUT_MAX).collect(),
        greeting: filled(&card.first_mes),
        examples: examples(&card.mes_example, &name),
        prompt: prompt.join("\n\n"),
        name,
        ..PersonalityFile::default()
    })
}

/// Pairs of a member's line and the answer: `{{user}}: …` followed by `{{char}}: …`.
fn examples(text: &str, name: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut asked: Option<String> = None;
    for line in text.lines().map(str::trim) {
        let said_by =
            |who: &[&str]| who.iter().find_map(|who| line.strip_prefix(who)?.strip_prefix(':')).map(str::trim);
        if let Some(line) = said_by(&["{{user}}", "{{User}}", "<USER>", "You"]) {
            asked = Some(line.to_owned());
        } else if let Some(line) = said_by(&["{{char}}", "{{Char}}", "<BOT>", name])
            && let Some(asked) = asked.take()
        {
            pairs.push((asked.replace("{{char}}", name), line.replace("{{char}}", name)));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_of_each_kind_is_read() {
        let flat =
            r#"{"name":"Iris","description":"{{char}} keeps a lighthouse.","first_mes":"Mind the step, {{user}}."}"#;
        let nested = r#"{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Iris","description":"{{char}} keeps a lighthouse.",
            "personality":"patient","first_mes":"Mind the step.","creator_notes":"a keeper\nmore","extensions":{"x":1},
            "mes_example":"<START>\n{{user}}: Is it cold?\n{{char}}: Only for {{char}}.","character_book":{"entries":[]}}}"#;
        let first = read(flat).unwrap();
        assert_eq!((first.name.as_str(), first.prompt.as_str()), ("Iris", "Iris keeps a lighthouse."));
        assert_eq!(first.greeting, "Mind the step, the person you talk with.");
        let second = read(nested).unwrap();
        assert_eq!(second.prompt, "Iris keeps a lighthouse.\n\n# How you are\npatient");
        assert_eq!(second.examples, [("Is it cold?".to_owned(), "Only for Iris.".to_owned())]);
        assert_eq!(second.about, "a keeper");
    }

    #[test]
    fn what_is_no_card_is_refused() {
        for none in ["{}", "{\"name\":\"\"}", "{\"name\":5}", "[1,2]", "{\"data\":{\"name\":null}}", "{"] {
            assert!(read(none).is_err(), "{none}");
        }
    }
}
