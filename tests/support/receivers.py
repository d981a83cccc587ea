"""Where alerts go in tests: a real HTTP server and a real SMTP server with STARTTLS, on loopback."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Mailbox", "Post", "Webhook", "mailbox", "webhook"]


@dataclass(frozen=True)
class Post:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Webhook:
    """What came, and what is answered: each status once, then 200."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str = ""
    wait: Callable[[], object] = lambda: None


@contextmanager
def webhook() -> Iterator[Webhook]:
    found = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            found.posts.append(Post(self.path, dict(self.headers.items()), body))
            found.wait()
            self.send_response(found.answers.pop(0) if found.answers else 200)
            if found.location:
                self.send_header("Location", found.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}/services/T000/B000/very-secret-path"
        yield found
        server.shutdown()


@dataclass
class Mailbox:
    """What came, by whom it was sent and whether it was encrypted."""

    port: int = 0
    mails: list[Message] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    password: str | None = None
    refuses_login: bool = False


@contextmanager
def mailbox(context: ssl.SSLContext | None) -> Iterator[Mailbox]:
    """A server that offers STARTTLS where it has a certificate."""
    found = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _Conversation(self, found, context).hold()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.port = server.server_address[1]
        yield found
        server.shutdown()


class _Conversation:
    def __init__(self, handler: socketserver.StreamRequestHandler, box: Mailbox, context: ssl.SSLContext | None):
        self.handler, self.box, self.context = handler, box, context
        self.encrypted = False
        self.lines: Any = handler.rfile
        self.socket: Any = handler.connection

    def say(self, text: str) -> None:
        self.socket.sendall(f"{text}\r\n".encode())

    def hold(self) -> None:
        self.say("220 here")
        while line := self.lines.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            answer = getattr(self, f"on_{verb.lower()}", None)
            if answer is None:
                self.say("502 what?")
            elif answer(rest) is False:
                return

    def on_ehlo(self, _name: str) -> None:
        offers = ["localhost"]
        if self.context and not self.encrypted:
            offers.append("STARTTLS")
        if self.encrypted or not self.context:
            offers.append("AUTH PLAIN")
        for offer in offers[:-1]:
            self.say(f"250-{offer}")
        self.say(f"250 {offers[-1]}")

    def on_starttls(self, _rest: str) -> None:
        assert self.context
        self.say("220 go on")
        self.socket = self.context.wrap_socket(self.socket, server_side=True)
        self.lines = self.socket.makefile("rb")
        self.encrypted = True

    def on_auth(self, rest: str) -> None:
        _, _, given = rest.partition(" ")
        _, user, password = base64.b64decode(given).decode().split("\0")
        self.box.logins.append((user, password))
        self.say("535 no" if self.box.refuses_login else "235 yes")

    def on_mail(self, _rest: str) -> None:
        self.say("250 yes")

    def on_rcpt(self, rest: str) -> None:
        self.box.recipients.append(rest.partition("<")[2].partition(">")[0])
        self.say("250 yes")

    def on_data(self, _rest: str) -> None:
        self.say("354 go on")
        text = b""
        while (line := self.lines.readline()) != b".\r\n":
            text += line
        self.box.mails.append(message_from_bytes(text))
        self.box.encrypted.append(self.encrypted)
        self.say("250 taken")

    def on_rset(self, _rest: str) -> None:
        self.say("250 yes")

    def on_quit(self, _rest: str) -> bool:
        self.say("221 bye")
        return False
