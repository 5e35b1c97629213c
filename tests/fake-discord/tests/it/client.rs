//! A REST client and a gateway client that do exactly what a test says.

use std::time::Duration;

use fake_discord::{FakeDiscord, Kind};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Every intent that needs no permission, and MESSAGE_CONTENT.
pub const USUAL: u64 = 1 | 1 << 5 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 15;

/// An answer over HTTP; status 0: the connection broke.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> u64 {
        self.body["code"].as_u64().unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }
}

/// Sends bytes and reads until the server closes.
pub async fn exchange(fake: &FakeDiscord, request: Vec<u8>) -> Answer {
    let mut stream = TcpStream::connect(fake.address()).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Answer { status: 0, head: String::new(), body: Value::Null };
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = &bytes[end + 4..];
    let body = serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)));
    Answer { status, head, body }
}

fn head(fake: &FakeDiscord, method: &str, path: &str, length: usize, content_type: &str) -> String {
    format!(
        "{method} /api/v10{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bot {}\r\n\
         user-agent: DiscordBot (https://example.org, 1)\r\ncontent-length: {length}\r\n{content_type}\r\n",
        fake.token()
    )
}

/// A request as a good bot sends it; `Null`: no body.
pub async fn call(fake: &FakeDiscord, method: &str, path: &str, body: Value) -> Answer {
    let (text, content_type) = match &body {
        Value::Null => (String::new(), ""),
        body => (body.to_string(), "content-type: application/json\r\n"),
    };
    exchange(fake, (head(fake, method, path, text.len(), content_type) + &text).into_bytes()).await
}

/// A multipart request with text files.
pub async fn upload(fake: &FakeDiscord, method: &str, path: &str, body: Value, files: &[(&str, &[u8])]) -> Answer {
    let mut bytes = format!(
        "--b\r\ncontent-disposition: form-data; name=\"payload_json\"\r\ncontent-type: application/json\r\n\r\n{body}\r\n"
    )
    .into_bytes();
    for (number, (name, file)) in files.iter().enumerate() {
        let head =
            format!("--b\r\ncontent-disposition: form-data; name=\"files[{number}]\"; filename=\"{name}\"\r\n\r\n");
        bytes.extend(head.bytes().chain(file.iter().copied()).chain(*b"\r\n"));
    }
    bytes.extend(b"--b--\r\n");
    let head = head(fake, method, path, bytes.len(), "content-type: multipart/form-data; boundary=b\r\n");
    exchange(fake, [head.into_bytes(), bytes].concat()).await
}

/// A message with text and the allowed mentions that a careful bot sends.
pub fn text(content: &str) -> Value {
    json!({"content": content, "allowed_mentions": {"parse": []}})
}

/// A gateway client.
pub struct Gateway(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Gateway {
    /// Connects to a path of the gateway and takes hello.
    pub async fn connect(fake: &FakeDiscord, path: &str) -> Self {
        let url = format!("{}{path}?v=10&encoding=json", fake.gateway_url());
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut gateway = Self(socket);
        assert_eq!(gateway.next().await["op"], 10);
        gateway
    }

    /// Connects and identifies; returns READY too.
    pub async fn identified(fake: &FakeDiscord, intents: u64) -> (Self, Value) {
        let mut gateway = Self::connect(fake, "/").await;
        gateway.identify(fake, intents, json!([0, 1])).await;
        let ready = gateway.next().await;
        assert_eq!(ready["t"], "READY", "{ready}");
        (gateway, ready["d"].clone())
    }

    pub async fn identify(&mut self, fake: &FakeDiscord, intents: u64, shard: Value) {
        let properties = json!({"os": "linux", "browser": "test", "device": "test"});
        let data = json!({"token": fake.token(), "intents": intents, "properties": properties, "shard": shard});
        self.send(json!({"op": 2, "d": data})).await;
    }

    pub async fn send(&mut self, payload: Value) {
        self.0.send(Message::text(payload.to_string())).await.unwrap();
    }

    /// The next payload; `{"close": code}` for the end, code 0 without a close frame.
    pub async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(Duration::from_secs(5), self.0.next()).await.expect("a payload within 5 s");
        match next {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            Some(Ok(Message::Close(frame))) => json!({"close": frame.map_or(0, |frame| u16::from(frame.code))}),
            _ => json!({"close": 0}),
        }
    }

    /// The next dispatch of this name, other ones passed over.
    pub async fn event(&mut self, name: &str) -> Value {
        loop {
            let payload = self.next().await;
            assert!(payload["close"].is_null(), "closed with {payload} while waiting for {name}");
            if payload["t"] == name {
                return payload["d"].clone();
            }
        }
    }

    /// Names of all dispatches that come within a moment.
    pub async fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Ok(Some(Ok(Message::Text(text)))) =
            tokio::time::timeout(Duration::from_millis(300), self.0.next()).await
        {
            let payload: Value = serde_json::from_str(&text).unwrap();
            names.push(payload["t"].as_str().unwrap_or("-").to_owned());
        }
        names
    }

    pub async fn close(mut self, code: u16) {
        let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() };
        let _ = self.0.close(Some(frame)).await;
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

/// A guild with one channel and one member.
pub struct Scene {
    pub fake: FakeDiscord,
    pub guild: u64,
    pub channel: u64,
    pub ada: u64,
}

impl Scene {
    pub async fn new() -> Self {
        let fake = FakeDiscord::start().await;
        let guild = fake.guild("Lounge");
        let channel = fake.channel(guild, "general", Kind::Text);
        let ada = fake.user("Ada");
        fake.join(guild, ada);
        Self { fake, guild, channel, ada }
    }

    /// The path of the channel's messages.
    pub fn messages(&self) -> String {
        format!("/channels/{}/messages", self.channel)
    }

    pub async fn post(&self, body: Value) -> Answer {
        call(&self.fake, "POST", &self.messages(), body).await
    }

    /// A webhook of the bot: the path it is executed by.
    pub async fn webhook(&self, channel: u64) -> String {
        let made = call(&self.fake, "POST", &format!("/channels/{channel}/webhooks"), json!({"name": "Abbey"})).await;
        assert_eq!(made.status, 200, "{made:?}");
        format!("/webhooks/{}/{}", made.body["id"].as_str().unwrap(), made.body["token"].as_str().unwrap())
    }

    /// Asserts a refusal: status, code, and a line of a violation with this text.
    pub fn refused(&self, answer: &Answer, status: u16, code: u64, line: &str) {
        assert_eq!((answer.status, answer.code()), (status, code), "{line}: {answer:?}");
        let violations = self.fake.take_violations();
        assert!(violations.iter().any(|known| known.contains(line)), "{line:?} is not in {violations:?}");
    }

    pub fn clean(&self) {
        assert_eq!(self.fake.violations(), Vec::<String>::new());
    }
}
