//! Whom a character is for, and whose it is.

use commands::{Command, MemberRef, Personality as PersonalityCommand, PersonalityName, With};

use super::own;
use crate::db::{audit, personalities};
use crate::desk::{Session, Stop};
use crate::domain::{Answer, Deed, MemberId, Personality, Refusal, Visibility};

/// Members that one character may be for by name.
const MEMBERS_MAX: usize = 100;

pub(super) async fn share(
    session: &Session<'_>,
    with: With,
    name: &PersonalityName,
    member: Option<&MemberRef>,
) -> Result<Answer, Stop> {
    let personality = own(session, name)?;
    let member = match (with, member) {
        (With::Guest | With::Owner | With::Without, Some(member)) => Some(session.member(member).await?),
        (With::Guest | With::Owner | With::Without, None) => return Err(Refusal::new("refusal-share-whom").into()),
        (With::Everyone | With::Nobody, Some(_)) => return Err(Refusal::new("refusal-share-nobody").into()),
        (With::Everyone | With::Nobody, None) => None,
    };
    let names = session.turns.directory.names();
    let is_taken = |other: &Personality| other.id != personality.id;
    if with == With::Everyone && names.public().find(&personality.file.name).is_some_and(|other| is_taken(other)) {
        return Err(Refusal::new("refusal-personality-exists").arg("name", personality.file.name).into());
    }
    let is_one_more = matches!(with, With::Guest | With::Owner);
    if is_one_more && personality.co_owners.len() + personality.guests.len() >= MEMBERS_MAX {
        return Err(Refusal::new("refusal-share-too-many").arg("max", MEMBERS_MAX.to_string()).into());
    }
    if member.is_some() && member == personality.owner {
        return Err(Refusal::new("refusal-share-owner").arg("name", personality.file.name).into());
    }
    let (reply, shown) = (reply(with), personality.file.name.clone());
    write(session, personality, with, member).await?;
    Ok(Answer::private(session.say(reply, &[("name", shown.into())])))
}

fn reply(with: With) -> &'static str {
    match with {
        With::Everyone => "reply-personality-shared",
        With::Nobody => "reply-personality-unshared",
        With::Guest => "reply-personality-guest",
        With::Owner => "reply-personality-co-owner",
        With::Without => "reply-personality-without",
    }
}

async fn write(
    session: &Session<'_>,
    mut personality: Personality,
    with: With,
    member: Option<MemberId>,
) -> Result<(), Stop> {
    let now = session.turns.clock.now();
    // Who is left when this is done decides how it is shown; a character for everyone stays so until told otherwise.
    let mut guests = personality.guests.clone();
    guests.retain(|guest| Some(guest) != member.as_ref());
    let dropped: Vec<MemberId> = if with == With::Nobody { std::mem::take(&mut guests) } else { Vec::new() };
    if with == With::Guest {
        guests.extend(member.clone());
    }
    let limited = if guests.is_empty() { Visibility::Private } else { Visibility::Shared };
    personality.visibility = match (with, personality.visibility) {
        (With::Everyone, _) => Visibility::Public,
        (With::Nobody, _) => limited,
        (_, Visibility::Public) => Visibility::Public,
        _ => limited,
    };
    let id = personality.id.clone();
    let done = session.done(Deed::CharacterShared).about(id.as_str()).to(member.clone()).saying(match with {
        With::Everyone => "everyone",
        With::Nobody => "nobody",
        With::Guest => "guest",
        With::Owner => "owner",
        With::Without => "without",
    });
    session
        .turns
        .db
        .write(move |tx| {
            Box::pin(async move {
                personalities::change(tx, &personality, now).await?;
                for guest in &dropped {
                    personalities::remove_member(tx, &id, guest).await?;
                }
                match (with, &member) {
                    (With::Guest | With::Owner, Some(member)) => {
                        personalities::add_member(tx, &id, member, with == With::Owner, now).await?;
                    }
                    (With::Without, Some(member)) => personalities::remove_member(tx, &id, member).await?,
                    _ => {}
                }
                audit::record(tx, &done).await
            })
        })
        .await?;
    session.turns.directory.reload_names().await?;
    session.turns.directory.forget_places();
    Ok(())
}

/// Gives a character to another member: only its owner can, and confirms it.
pub(super) async fn transfer(session: &Session<'_>, name: &PersonalityName, to: &MemberRef) -> Result<Answer, Stop> {
    let personality = own(session, name)?;
    let is_owner = personality.owner.as_ref() == Some(&session.person.member.id);
    if !is_owner && !session.is_operator() {
        return Err(Refusal::new("refusal-personality-not-yours").arg("name", personality.file.name).into());
    }
    let heir = session.member(to).await?;
    let shown = personality.file.name.clone();
    let line = Command::Personality(PersonalityCommand::Transfer { name: name.clone(), to: to.clone() }).line();
    let args = [("name", shown.clone().into()), ("who", to.as_str().into())];
    if let Some(asks) = session.confirm(&shown, line, session.say("reply-personality-transfer-ask", &args))? {
        return Ok(asks);
    }
    let now = session.turns.clock.now();
    let given = Personality { owner: Some(heir.clone()), ..personality };
    let done = session.done(Deed::CharacterTransferred).about(given.id.as_str()).to(Some(heir.clone()));
    session
        .turns
        .db
        .write(move |tx| {
            Box::pin(async move {
                personalities::change(tx, &given, now).await?;
                personalities::remove_member(tx, &given.id, &heir).await?;
                audit::record(tx, &done).await
            })
        })
        .await?;
    session.turns.directory.reload_names().await?;
    session.turns.directory.forget_places();
    Ok(Answer::private(session.say("reply-personality-transferred", &args)))
}
