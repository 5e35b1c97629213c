//! What `doctor` finds out about the house on Discord.

use anyhow::Context as _;
use reqwest::Method;

use super::channels::ADMINISTRATOR;
use super::rest::{Rest, RestError, Route};
use super::{Options, commands, gateway, wire};
use crate::texts::Texts;

/// What the house needs in a server, and what it cannot do without it.
const NEEDED: [(u64, &str); 6] = [
    (1 << 10, "see channels"),
    (1 << 11, "send messages"),
    (1 << 38, "send messages in threads"),
    (1 << 16, "read the history, which shows what it missed"),
    (1 << 29, "manage webhooks, through which characters speak under their own names"),
    (1 << 15, "attach files, which very long answers become"),
];
/// What `doctor` finds out about the house on Discord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Who the house is there, and where.
    pub found: String,
    /// What it lacks, a line each.
    pub lacks: Vec<String>,
}

/// Whether a token is accepted, what the application may read and do, and whether the commands are those of `texts`: for
/// `doctor`.
///
/// # Errors
/// What keeps the house away from Discord, in one sentence.
pub async fn examine(options: &Options, texts: &Texts) -> anyhow::Result<Examined> {
    let rest = Rest::new(&options.token, options.api_url.as_deref())?;
    let get = |path: String| Route::new(Method::GET, path.clone(), path);
    let user = rest.call(&get("users/@me".into()), None).await.map_err(|error| match error {
        RestError::Unauthorized => anyhow::anyhow!("DISCORD_TOKEN is not accepted"),
        error => anyhow::Error::new(error).context("Discord does not answer as it should"),
    })?;
    let application = rest.call(&get("applications/@me".into()), None).await.context("asking about the application")?;
    let flags = application["flags"].as_u64().unwrap_or_default();
    let name = user["username"].as_str().unwrap_or_default().to_owned();
    let may_read = flags & (gateway::CONTENT_ALLOWED | gateway::CONTENT_LIMITED) != 0;
    if options.reads_messages && !may_read {
        anyhow::bail!(
            "{name} may not read messages: switch the message content intent on in Discord's developer portal, \
             or set DISCORD_MESSAGE_CONTENT=off"
        );
    }
    let id = application["id"].as_str().unwrap_or_default().to_owned();
    let guilds = rest.call(&get("users/@me/guilds?limit=200".into()), None).await.context("asking about servers")?;
    let guilds = guilds.as_array().map_or(&[][..], Vec::as_slice);
    let mut lacks = Vec::new();
    for (bit, what) in NEEDED {
        let without = guilds.iter().filter(|guild| {
            let may = wire::bits(&guild["permissions"]);
            may & (bit | ADMINISTRATOR) == 0
        });
        match without.count() {
            0 => {}
            count => lacks.push(format!("in {count} of {} servers it may not {what}", guilds.len())),
        }
    }
    let path = commands::path(id.as_str(), options.dev_guild);
    match rest.call(&get(format!("{path}?with_localizations=true")), None).await {
        Ok(there) => {
            let wanted = commands::wanted(texts, options.dev_guild);
            if !commands::are_registered(&there, &wanted, options.dev_guild) {
                lacks.push(
                    "its commands are not registered as this version has them; starting the house does that".into(),
                );
            }
        }
        Err(error) if options.dev_guild.is_some() => {
            lacks.push(format!("no commands can be had in the server that DISCORD_DEV_GUILD names: {error}"));
        }
        Err(error) => return Err(error).context("asking about commands"),
    }
    Ok(Examined { found: format!("{name}, application {id}, in {} servers", guilds.len()), lacks })
}
