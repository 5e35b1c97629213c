"""One human's Matrix client: requests on standard input, answers and whatever is seen on standard output.

Every line is a JSON object.
    {"id": 1, "do": "send", "room": "!…", "kind": "m.room.message", "content": {…}}
    {"id": 1, "ok": {"event_id": "$…"}}   or   {"id": 1, "error": {"errcode": "…", "error": "…", "status": 429, …}}
    {"event": {"what": "event", "room": "!…", "event": {…}, "encrypted": true, "readable": true, …}}

What is seen is written before the place in the timeline is kept, so that a client that was killed sees nothing
too little when it starts again; it may see some of it twice.
"""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import nio
from nio.crypto import decrypt_attachment

# How long the server keeps a /sync without news.
POLL_MS = 30_000
# Between two tries to reach a server that is away.
PAUSE_SECS = 0.1
# How long a room may take to be known after the server said that it was made or joined.
PATIENCE_SECS = 20
FILTER = {"room": {"timeline": {"limit": 100}}, "presence": {"not_types": ["*"]}}


class Refused(Exception):
    def __init__(self, errcode, error, status=0, retry_after_ms=None):
        super().__init__(f"{errcode}: {error}")
        self.told = {"errcode": errcode, "error": error, "status": status, "retry_after_ms": retry_after_ms}


def granted(response, wanted):
    """The response, if it is one of those that were hoped for."""
    if isinstance(response, wanted):
        return response
    transport = getattr(response, "transport_response", None)
    raise Refused(
        getattr(response, "status_code", None) or "UNKNOWN",
        getattr(response, "message", None) or str(response),
        getattr(transport, "status", 0),
        getattr(response, "retry_after_ms", None),
    )


def tell(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def see(what, **event):
    tell(event={"what": what, **event})


class Human:
    def __init__(self, folder):
        self.folder = folder
        self.client = None
        self.since = None
        self.changed = asyncio.Condition()
        # Sending and the upkeep of keys take turns, so that nothing is sent with a list of devices known to be old.
        self.gate = asyncio.Lock()
        self.unread = {}
        self.plain = set()
        self.in_rooms = set()
        self.left_rooms = set()

    def make_client(self, base, user):
        # No retries after a 429: a test wants to see it. Two after a connection that broke, as after a restart.
        config = nio.AsyncClientConfig(
            encryption_enabled=True, max_limit_exceeded=0, max_timeouts=2, request_timeout=20
        )
        self.client = nio.AsyncClient(base, user, store_path=str(self.folder), config=config)

    # --- requests -----------------------------------------------------------

    async def login(self, base, user, password):
        self.make_client(base, user)
        granted(await self.client.login(password, device_name="matrix-town"), nio.LoginResponse)
        await self.begin()
        client = self.client
        return {"user_id": client.user_id, "device_id": client.device_id, "access_token": client.access_token}

    async def resume(self, base, user_id, device_id, access_token):
        self.make_client(base, user_id)
        self.client.restore_login(user_id, device_id, access_token)
        since = self.folder / "since"
        self.since = since.read_text() if since.exists() else None
        await self.begin()
        return {}

    async def knows(self, room, encrypted=False, member=None):
        """Waits until the room is known, and that it is encrypted, and who is in it."""

        def settled():
            known = self.client.rooms.get(room)
            if known is None or (encrypted and not known.encrypted):
                return False
            return member is None or (member in known.users and not known.users[member].invited)

        await self.settle(settled, f"{room} was not seen (encrypted: {encrypted}, with {member})")
        return {}

    async def knows_device(self, user, device):
        """Waits until messages to this user are encrypted for the device."""
        await self.settle(lambda: device in self.devices_of(user), f"{user} is not known to have {device}")
        return {}

    async def settle(self, settled, complaint):
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(settled), PATIENCE_SECS)
            except asyncio.TimeoutError:
                raise Refused("TOO_LATE", complaint) from None

    def devices_of(self, user):
        return [device.id for device in self.client.device_store.active_user_devices(user)]

    async def is_encrypted(self, room):
        """Never takes a room for a plain one because its state has not come yet."""
        if room in self.left_rooms:
            raise Refused("NOT_IN_ROOM", f"this client has seen itself leave {room}")
        await self.knows(room)
        if not self.client.rooms[room].encrypted and room not in self.plain:
            state = await self.client.room_get_state_event(room, "m.room.encryption")
            if isinstance(state, nio.RoomGetStateEventResponse):
                await self.knows(room, encrypted=True)
            else:
                self.plain.add(room)
        return self.client.rooms[room].encrypted

    async def send(self, room, kind, content):
        await self.is_encrypted(room)
        async with self.gate:
            await self.keep_keys()
            sent = await self.client.room_send(room, kind, content, ignore_unverified_devices=True)
        return {"event_id": granted(sent, nio.RoomSendResponse).event_id}

    async def upload(self, room, path, name, mime):
        """What a message has to say about a file so that others can open it."""
        encrypt = await self.is_encrypted(room)
        size = os.path.getsize(path)
        uploaded, keys = await self.client.upload(
            lambda *_: path, content_type=mime, filename=name, encrypt=encrypt, filesize=size
        )
        url = granted(uploaded, nio.UploadResponse).content_uri
        where = {"file": {"url": url, **keys}} if encrypt else {"url": url}
        return {**where, "info": {"mimetype": mime, "size": size}}

    async def fetch(self, content, path):
        """Writes the file of a message to `path`, decrypted."""
        file = content.get("file")
        fetched = granted(
            await self.client.download(mxc=file["url"] if file else content["url"]), nio.DownloadResponse
        )
        body = fetched.body
        if file:
            body = decrypt_attachment(body, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
        Path(path).write_bytes(body)
        return {}

    async def devices(self, user):
        """The devices that messages to this user are encrypted for."""
        return self.devices_of(user)

    async def export_keys(self, path, passphrase):
        await self.client.export_keys(path, passphrase)
        return {}

    async def import_keys(self, path, passphrase):
        await self.client.import_keys(path, passphrase)
        self.read_again()
        return {}

    # --- the timeline -------------------------------------------------------

    async def begin(self):
        while not await self.sync(timeout=0, full_state=True):
            await asyncio.sleep(PAUSE_SECS)
        self.syncing = asyncio.create_task(self.keep_syncing())

    async def keep_syncing(self):
        while True:
            if not await self.sync(timeout=POLL_MS):
                await asyncio.sleep(PAUSE_SECS)

    async def sync(self, timeout, full_state=False):
        try:
            response = await self.client.sync(timeout, FILTER, self.since, full_state)
            if not isinstance(response, nio.SyncResponse):
                see("trouble", text=f"/sync: {response}")
                return False
            raw = await response.transport_response.json()
            self.report(raw)
            self.keep_place(response.next_batch)
            async with self.gate:
                await self.keep_keys()
        except Exception as error:  # The server may be away, or back with half an answer: try again.
            see("trouble", text=f"/sync: {type(error).__name__}: {error}")
            return False
        async with self.changed:
            self.changed.notify_all()
        return True

    def keep_place(self, since):
        self.since = since
        written = self.folder / "since.new"
        written.write_text(since)
        written.rename(self.folder / "since")

    async def keep_keys(self):
        client = self.client
        if client.should_upload_keys:
            await client.keys_upload()
        if client.should_query_keys:
            await client.keys_query()
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())
        await client.send_to_device_messages()

    def report(self, raw):
        if raw.get("to_device", {}).get("events"):
            self.read_again()
        rooms = raw.get("rooms", {})
        for room, part in rooms.get("invite", {}).items():
            self.report_invite(room, part["invite_state"]["events"])
        for room, part in rooms.get("join", {}).items():
            if room not in self.in_rooms:
                self.in_rooms.add(room)
                self.left_rooms.discard(room)
                see("joined", room=room)
            self.report_room(room, part)
        for room, part in rooms.get("leave", {}).items():
            self.report_room(room, part)
            self.in_rooms.discard(room)
            self.left_rooms.add(room)
            # What was known of the room is stale when it is joined again.
            self.client.rooms.pop(room, None)
            see("left", room=room)

    def report_invite(self, room, state):
        me = self.client.user_id
        for event in state:
            if event["type"] == "m.room.member" and event.get("state_key") == me:
                direct = event["content"].get("is_direct", False)
                see("invite", room=room, sender=event["sender"], direct=direct, state=state)

    def report_room(self, room, part):
        for event in part.get("state", {}).get("events", []):
            see("state", room=room, event=event)
        for event in part.get("timeline", {}).get("events", []):
            self.report_event(room, event)
        for event in part.get("ephemeral", {}).get("events", []):
            if event["type"] == "m.typing":
                see("typing", room=room, users=event["content"]["user_ids"])
            elif event["type"] == "m.receipt":
                see("receipts", room=room, content=event["content"])

    def report_event(self, room, event):
        if event["type"] != "m.room.encrypted":
            see("event", room=room, event=event, encrypted=False, readable=True)
            return
        try:
            plain = self.read(room, event)
        except Exception as error:
            self.unread[event["event_id"]] = (room, event)
            see("event", room=room, event=event, encrypted=True, readable=False, why=str(error))
        else:
            self.unread.pop(event["event_id"], None)
            shown = {**event, "type": plain["type"], "content": plain["content"]}
            device = event["content"].get("sender_key")
            see("event", room=room, event=shown, encrypted=True, readable=True, device_key=device)

    def read(self, room, event):
        sealed = nio.Event.parse_encrypted_event(json.loads(json.dumps(event)))
        if not isinstance(sealed, nio.MegolmEvent):
            raise ValueError(f"no message that megolm opens: {sealed}")
        return self.client.olm.decrypt_megolm_event(sealed, room).source

    def read_again(self):
        """Keys may come after what they open."""
        for room, event in list(self.unread.values()):
            self.report_event(room, event)


DOINGS = {
    "login",
    "resume",
    "knows",
    "knows_device",
    "send",
    "upload",
    "fetch",
    "devices",
    "export_keys",
    "import_keys",
}


async def answer(human, request):
    number, do = request.pop("id"), request.pop("do")
    try:
        if do not in DOINGS:
            raise Refused("UNKNOWN_REQUEST", do)
        tell(id=number, ok=await getattr(human, do)(**request))
    except Refused as refused:
        tell(id=number, error=refused.told)
    except Exception as error:
        tell(id=number, error={"errcode": type(error).__name__, "error": repr(error), "status": 0})


async def main():
    human = Human(Path(sys.argv[1]))
    lines = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    answering = set()
    # The end of the requests means that whoever asked is gone: a client that is only stopped is killed.
    while line := await lines.readline():
        task = asyncio.create_task(answer(human, json.loads(line)))
        answering.add(task)
        task.add_done_callback(answering.discard)
    shutil.rmtree(human.folder, ignore_errors=True)
    os._exit(0)


asyncio.run(main())
