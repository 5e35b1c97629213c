//! Speaking in rooms, and what is known of them.

use std::io::Cursor;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use matrix_sdk::config::RequestConfig;
use matrix_sdk::media::{MediaFormat, MediaRequestParameters};
use matrix_sdk::ruma::api::client::receipt::create_receipt::v3::ReceiptType;
use matrix_sdk::ruma::api::client::redact::redact_event;
use matrix_sdk::ruma::api::client::relations::get_relating_events_with_rel_type;
use matrix_sdk::ruma::api::client::typing::create_typing_event::{self, v3::Typing, v3::TypingInfo};
use matrix_sdk::ruma::api::error::{ErrorKind, RetryAfter};
use matrix_sdk::ruma::events::StateEventType;
use matrix_sdk::ruma::events::receipt::ReceiptThread;
use matrix_sdk::ruma::events::relation::RelationType;
use matrix_sdk::ruma::events::room::MediaSource;
use matrix_sdk::ruma::events::room::history_visibility::HistoryVisibility;
use matrix_sdk::ruma::events::room::power_levels::UserPowerLevel;
use matrix_sdk::ruma::{
    EventId, OwnedMxcUri, OwnedServerName, OwnedTransactionId, RoomId, RoomOrAliasId, ServerName, UserId,
};
use matrix_sdk::{EncryptionState, Room, RoomMemberships, RoomState};
use serde_json::{Value, json};

use crate::{Account, Allowance, Error, boxed, failed};

/// Wait after a refusal that names none.
const A_WHILE: Duration = Duration::from_secs(5);
/// How often taking something away waits for the homeserver to allow it, and how long at a time.
const REDACT_WAITS: u32 = 4;
const REDACT_WAIT_MAX: Duration = Duration::from_secs(30);
/// Edits of one message that are looked for.
const EDITS_MAX: u32 = 100;

/// A message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub id: String,
}

/// A file as a message names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// `url`, or `file` with the keys where the room is encrypted.
    pub source: Value,
    /// Bytes.
    pub size: usize,
}

/// The power from which somebody looks after a room.
const MODERATOR: i64 = 50;

/// Why something was not sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("rate limited for {0:?}")]
    Limited(Duration),
    /// Not in the room, without the power, or nothing that any room takes.
    #[error("not allowed to speak there")]
    Forbidden,
    /// It may have arrived; the same transaction arrives once.
    #[error("not known whether it arrived")]
    Unsure,
}

/// What is known of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomInfo {
    pub is_encrypted: bool,
    /// Anybody may join it, or read it without.
    pub is_public: bool,
    pub is_space: bool,
    /// Who is there or invited, the account included; it and its family are one.
    pub members: u64,
}

impl Account {
    fn room(&self, room: &str) -> Option<Room> {
        self.client.get_room(&RoomId::parse(room).ok()?)
    }

    /// Sends an event; the same `transaction` arrives once. Encrypted where the room is, and never in the clear where that
    /// is not known.
    ///
    /// # Errors
    /// See [`SendError`].
    #[boxed]
    pub async fn send(&self, room: &str, kind: &str, content: Value, transaction: &str) -> Result<Sent, SendError> {
        let room = self.room(room).filter(|room| room.state() == RoomState::Joined).ok_or(SendError::Forbidden)?;
        if matches!(room.encryption_state(), EncryptionState::Unknown) {
            room.latest_encryption_state().await.map_err(|_| SendError::Unsure)?;
        }
        let sending = room
            .send_raw(kind, content)
            .with_transaction_id(&OwnedTransactionId::from(transaction))
            .with_request_config(RequestConfig::new().disable_retry());
        let sent = self.counted(sending.await.map_err(|error| send_error(&error)))?;
        Ok(Sent { id: sent.response.event_id.to_string() })
    }

    /// Keeps account of what was sent, or refused.
    fn counted<T>(&self, sent: Result<T, SendError>) -> Result<T, SendError> {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        match &sent {
            Err(SendError::Limited(wait)) => budget.refused(Instant::now(), *wait),
            Err(SendError::Forbidden) => {}
            Ok(_) | Err(SendError::Unsure) => budget.spent(Instant::now()),
        }
        drop(budget);
        sent
    }

    /// Whether a message can be spared now that nobody would miss, where the homeserver allows so much.
    pub fn spares(&self, of: Allowance) -> bool {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner).spares(Instant::now(), of)
    }

    /// Takes a message away.
    ///
    /// # Errors
    /// See [`SendError`].
    #[boxed]
    pub async fn redact(&self, room: &str, id: &str, transaction: &str) -> Result<(), SendError> {
        let room = self.room(room).ok_or(SendError::Forbidden)?;
        let id = EventId::parse(id).map_err(|_| SendError::Forbidden)?;
        let mut waits = 0;
        loop {
            let transaction = OwnedTransactionId::from(transaction);
            let request = redact_event::v3::Request::new(room.room_id().to_owned(), id.clone(), transaction);
            let redacting = self.client.send(request).with_request_config(RequestConfig::new().disable_retry());
            let redacted = redacting.await.map(|_| ()).map_err(|error| send_error(&error.into()));
            match self.counted(redacted) {
                Err(SendError::Limited(wait)) if waits < REDACT_WAITS => {
                    waits += 1;
                    tokio::time::sleep(wait.min(REDACT_WAIT_MAX)).await;
                }
                redacted => return redacted,
            }
        }
    }

    /// Edits of a message by the user `by`; none where they cannot be learnt.
    #[boxed]
    pub async fn edits_of(&self, room: &str, id: &str, by: &str) -> Vec<String> {
        let (Ok(room), Ok(id)) = (RoomId::parse(room), EventId::parse(id)) else { return Vec::new() };
        let mut request = get_relating_events_with_rel_type::v1::Request::new(room, id, RelationType::Replacement);
        request.limit = Some(EDITS_MAX.into());
        let Ok(found) = self.client.send(request).await else { return Vec::new() };
        let is_theirs = |event: &Value| event["sender"] == by;
        let events = found.chunk.iter().filter_map(|event| event.deserialize_as::<Value>().ok());
        events.filter(is_theirs).filter_map(|event| event["event_id"].as_str().map(str::to_owned)).collect()
    }

    /// Stores a file for a message in a room; encrypted where the room is.
    ///
    /// # Errors
    /// See [`SendError`].
    #[boxed]
    pub async fn attach(&self, room: &str, media_type: &str, content: Vec<u8>) -> Result<Attachment, SendError> {
        let room = self.room(room).ok_or(SendError::Forbidden)?;
        let size = content.len();
        let is_encrypted = room.latest_encryption_state().await.map_err(|_| SendError::Unsure)?.is_encrypted();
        let source = if is_encrypted {
            let mut content = Cursor::new(content);
            let file = self.client.upload_encrypted_file(&mut content).await.map_err(|error| send_error(&error))?;
            json!({"file": file})
        } else {
            json!({"url": self.upload(media_type, content).await?})
        };
        Ok(Attachment { source, size })
    }

    /// Stores a file that anybody may see; returns its `mxc://…`.
    ///
    /// # Errors
    /// See [`SendError`].
    #[boxed]
    pub async fn upload(&self, media_type: &str, content: Vec<u8>) -> Result<String, SendError> {
        let media_type = media_type.parse().map_err(|_| SendError::Forbidden)?;
        let uploading = self.client.media().upload(&media_type, content, None);
        let uploaded = uploading.await.map_err(|error| send_error(&error))?;
        Ok(uploaded.content_uri.to_string())
    }

    /// The content of a file that a message names: its `mxc://…`, or its `file` as JSON where it is encrypted.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn download(&self, source: &str) -> Result<Vec<u8>, Error> {
        // Each may be as large as the homeserver lets files be.
        let _turn = self.downloads.acquire().await.map_err(|_| Error::Away("no more downloads".into()))?;
        let source = if source.starts_with('{') {
            let file = serde_json::from_str(source).map_err(|_| Error::Away("no such file".into()))?;
            MediaSource::Encrypted(Box::new(file))
        } else {
            MediaSource::Plain(OwnedMxcUri::from(source))
        };
        let request = MediaRequestParameters { source, format: MediaFormat::File };
        self.client.media().get_media_content(&request, false).await.map_err(|error| failed(&error))
    }

    /// Whether the account may take other people's messages away in a room.
    #[boxed]
    pub async fn may_redact(&self, room: &str) -> bool {
        let Some((room, me)) = self.room(room).zip(self.client.user_id()) else { return false };
        room.power_levels().await.is_ok_and(|power| power.user_can_redact_event_of_other(me))
    }

    /// Whether somebody looks after a room.
    #[boxed]
    pub async fn is_moderator(&self, room: &str, user: &str) -> bool {
        let (Some(room), Ok(user)) = (self.room(room), UserId::parse(user)) else { return false };
        let Ok(power) = room.power_levels().await else { return false };
        match power.for_user(&user) {
            UserPowerLevel::Infinite => true,
            UserPowerLevel::Int(power) => i64::from(power) >= MODERATOR,
            _ => false,
        }
    }

    /// Whether the account may set a kind of state in a room.
    #[boxed]
    pub async fn may_set(&self, room: &str, kind: &str) -> bool {
        let Some((room, me)) = self.room(room).zip(self.client.user_id()) else { return false };
        room.power_levels().await.is_ok_and(|power| power.user_can_send_state(me, StateEventType::from(kind)))
    }

    /// Sets a piece of a room's state.
    ///
    /// # Errors
    /// See [`SendError`].
    #[boxed]
    pub async fn set_state(&self, room: &str, kind: &str, key: &str, content: Value) -> Result<(), SendError> {
        let room = self.room(room).ok_or(SendError::Forbidden)?;
        room.send_state_event_raw(kind, key, content).await.map(|_| ()).map_err(|error| send_error(&error))
    }

    /// Shows for a while that something is being written, or not any more.
    #[boxed]
    pub async fn typing(&self, room: &str, shown_for: Option<Duration>) {
        let (Ok(room), Some(me)) = (RoomId::parse(room), self.client.user_id()) else { return };
        let typing = match shown_for {
            Some(time) => Typing::Yes(TypingInfo::new(time)),
            None => Typing::No,
        };
        let request = create_typing_event::v3::Request::new(me.to_owned(), room, typing);
        let _ = self.client.send(request).with_request_config(RequestConfig::new().disable_retry()).await;
    }

    /// Shows that everything up to a message was read.
    #[boxed]
    pub async fn read_up_to(&self, room: &str, id: &str) {
        if let (Some(room), Ok(id)) = (self.room(room), EventId::parse(id)) {
            let _ = room.send_single_receipt(ReceiptType::Read, ReceiptThread::Unthreaded, id).await;
        }
    }

    /// Goes into a room, of which `server` may know where it is.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn join(&self, room: &str, server: Option<&str>) -> Result<(), Error> {
        let room = RoomOrAliasId::parse(room).map_err(|_| Error::Away("no room id".into()))?;
        let via: Vec<OwnedServerName> = server.and_then(|server| ServerName::parse(server).ok()).into_iter().collect();
        self.client.join_room_by_id_or_alias(&room, &via).await.map(|_| ()).map_err(|error| failed(&error))
    }

    /// Leaves a room, or turns its invitation down.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn leave(&self, room: &str) -> Result<(), Error> {
        let Some(room) = self.room(room) else { return Ok(()) };
        room.leave().await.map_err(|error| failed(&error))
    }

    /// Brings somebody into a room, where the account may.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn invite(&self, room: &str, user: &str) -> Result<(), Error> {
        let user = UserId::parse(user).map_err(|_| Error::Away("no user id".into()))?;
        let room = self.room(room).ok_or(Error::Unauthorized)?;
        room.invite_user_by_id(&user).await.map_err(|error| failed(&error))
    }

    /// Whether the account is in a room.
    pub fn is_in(&self, room: &str) -> bool {
        self.room(room).is_some_and(|room| room.state() == RoomState::Joined)
    }

    /// Rooms that the account is in.
    pub fn rooms(&self) -> Vec<String> {
        self.client.joined_rooms().iter().map(|room| room.room_id().to_string()).collect()
    }

    /// What is known of a room; `None`: it is not known.
    #[boxed]
    pub async fn info(&self, room: &str) -> Option<RoomInfo> {
        let room = self.room(room)?;
        let encryption = room.latest_encryption_state().await.ok()?;
        Some(RoomInfo {
            is_encrypted: encryption.is_encrypted(),
            is_public: is_open(&room),
            is_space: room.is_space(),
            members: self.family.count(&room).await?,
        })
    }

    /// The name that a member shows in a room.
    #[boxed]
    pub async fn name_in(&self, room: &str, user: &str) -> Option<String> {
        let user = UserId::parse(user).ok()?;
        let member = self.room(room)?.get_member_no_sync(&user).await.ok()??;
        member.display_name().map(str::to_owned)
    }

    /// Whether nobody but the account's family and somebody is in a room or invited to it, and nobody else can read it.
    #[boxed]
    pub async fn is_alone_with(&self, room: &str, user: &str) -> bool {
        let Some(room) = self.room(room) else { return false };
        self.is_of_two(&room, user).await
    }

    async fn is_of_two(&self, room: &Room, user: &str) -> bool {
        let Ok(members) = room.members(RoomMemberships::ACTIVE).await else { return false };
        let me = room.own_user_id().as_str();
        let mut strangers =
            members.iter().map(|member| member.user_id()).filter(|one| *one != me && !self.family.has(one.as_str()));
        strangers.next().is_some_and(|one| one == user) && strangers.next().is_none() && !is_open(room)
    }

    /// The room of the account and one other, made where there is none; an encrypted one where it `has_to_be`.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn direct_room(&self, user: &str, has_to_be: bool) -> Result<String, Error> {
        let user = UserId::parse(user).map_err(|_| Error::Away("no user id".into()))?;
        // Two that find none at once must not make two.
        let mut made = self.direct.lock().await;
        let mut plain = None;
        for room in self.client.joined_rooms() {
            // A room that was just made is not known as theirs before the next sync.
            let is_meant = room.direct_targets().iter().any(|target| target.as_str() == user.as_str())
                || made.get(room.room_id()).is_some_and(|with| *with == user);
            if !is_meant || !self.is_of_two(&room, user.as_str()).await {
                continue;
            }
            let encryption = room.latest_encryption_state().await.map_err(|error| failed(&error))?;
            if encryption.is_encrypted() {
                return Ok(room.room_id().to_string());
            }
            plain.get_or_insert_with(|| room.room_id().to_string());
        }
        if let Some(room) = plain.filter(|_| !has_to_be) {
            return Ok(room);
        }
        let room = self.client.create_dm(&user).await.map_err(|error| failed(&error))?;
        made.insert(room.room_id().to_owned(), user);
        Ok(room.room_id().to_string())
    }
}

/// Whether anybody may come into a room, or read it without.
fn is_open(room: &Room) -> bool {
    room.is_public().unwrap_or(false) || room.history_visibility_or_default() == HistoryVisibility::WorldReadable
}

fn send_error(error: &matrix_sdk::Error) -> SendError {
    if matches!(error, matrix_sdk::Error::WrongRoomState(_)) {
        return SendError::Forbidden;
    }
    match error.client_api_error_kind() {
        Some(ErrorKind::LimitExceeded(limit)) => SendError::Limited(match limit.retry_after {
            Some(RetryAfter::Delay(delay)) => delay,
            _ => A_WHILE,
        }),
        Some(ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::TooLarge | ErrorKind::BadJson) => {
            SendError::Forbidden
        }
        Some(_) | None => SendError::Unsure,
    }
}
