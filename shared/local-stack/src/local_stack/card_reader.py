"""`make card-reader`: the development agent of a card reader, on this machine and for the portal's pages alone.

Who sits there puts a synthetic card of the district on it and takes it off. It answers over HTTP on 127.0.0.1, in
JSON, for pages of the portal's address (CORS) and nobody else:

GET /card             the card that lies there, 404 when none does; HEAD tells whether one does
GET /visit?key=...    the same, of a terminal's reader: with the terminal's token, and a delegation to the key of that
                      thumbprint, so that the portal can prove the terminal's key while this card is here (decision 35)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from local_stack.devices import Device
from local_stack.failure import StackError
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports, require_free
from local_stack.tokens import check_communities, sign

CARDS = Path("synthetic") / "cards.json"
"""Below `var`: the cards that people bring, see `synthetic.loader`."""
TERMINAL, COMMUNITIES = "terminal-1", ("440309002002",)
_THUMBPRINT = 43
"""Characters of a SHA-256 thumbprint (RFC 7638)."""

Card = Mapping[str, object]


class ReaderTerminal:
    """A terminal with its key: what it vouches for while a card lies there."""

    def __init__(self, keys: Path, subject: str = TERMINAL, communities: Sequence[str] = COMMUNITIES) -> None:
        self._keys, self._subject, self._communities = keys, subject, communities
        self._device = Device(keys, subject)

    def vouch(self, key: str) -> dict[str, object]:
        """Return a token, and the delegation to a key for as long as a visit lasts."""
        token = sign(self._keys, "terminal", subject=self._subject, communities=self._communities, hours=1)
        return {"token": token, "delegation": self._device.delegation(token, key)}


class CardReader(ThreadingHTTPServer):
    """The agent; `card` is what lies on it."""

    daemon_threads = True

    def __init__(self, port: int, origin: str, terminal: ReaderTerminal | None = None) -> None:
        super().__init__((HOST, port), _Handler)
        self.origin, self.terminal = origin, terminal
        self.card: Card | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: CardReader

    def do_HEAD(self) -> None:
        """Tell whether a card lies there, without what it says."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer the portal's page."""
        if (
            self.headers.get("Host") != urlsplit(self.server.address).netloc
        ):  # a name that leads here is somebody's trick
            self._say(HTTPStatus.MISDIRECTED_REQUEST, {"code": "wrong-host"})
        elif self.headers.get("Origin") != self.server.origin:
            self._say(HTTPStatus.FORBIDDEN, {"code": "wrong-origin"})
        else:
            self._say(*self._answer())

    def _answer(self) -> tuple[HTTPStatus, Card]:
        asked = urlsplit(self.path)
        key = parse_qs(asked.query).get("key", [""])[0]
        card, terminal = self.server.card, self.server.terminal
        if asked.path not in {"/card", "/visit"} or (asked.path == "/visit" and terminal is None):
            return HTTPStatus.NOT_FOUND, {"code": "nothing-here"}
        if card is None:
            return HTTPStatus.NOT_FOUND, {"code": "no-card"}
        if asked.path == "/card" or terminal is None:
            return HTTPStatus.OK, card
        if len(key) != _THUMBPRINT:
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"code": "no-key"}
        return HTTPStatus.OK, {"card": card, **terminal.vouch(key)}

    def _say(self, status: HTTPStatus, answer: Card) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Vary", "Origin")
        if status not in {HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST}:
            self.send_header("Access-Control-Allow-Origin", self.server.origin)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's word
        """Log nothing: what is asked here is about people."""


@contextmanager
def reading(port: int, origin: str, terminal: ReaderTerminal | None = None) -> Iterator[CardReader]:
    """Have an agent answer meanwhile."""
    with CardReader(port, origin, terminal) as reader:
        Thread(target=reader.serve_forever, daemon=True).start()
        try:
            yield reader
        finally:
            reader.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer until Ctrl-C or the end of the input; each line that is typed names the card that lies there."""
    parser = argparse.ArgumentParser(prog="card-reader", description="A card reader's agent with synthetic cards.")
    parser.add_argument("--terminal", default=TERMINAL, help="the terminal whose key vouches at /terminal/")
    parser.add_argument("--communities", default=",".join(COMMUNITIES), help="where that terminal stands")
    wanted = parser.parse_args(arguments)
    layout, ports = Layout.from_environment(), Ports.from_environment()
    communities = [code for code in wanted.communities.split(",") if code]
    try:
        cards = known_cards(layout)
        check_communities(communities)
        require_free(ports.reader, "the card reader")
    except StackError as error:
        print(f"card-reader: {error}", file=sys.stderr)
        return 2
    with reading(ports.reader, ports.gateway_url, ReaderTerminal(layout.keys, wanted.terminal, communities)) as reader:
        print(f"The reader answers at {reader.address} for pages of {ports.gateway_url}. The cards:")
        for number, (card, story) in enumerate(cards, 1):
            print(f"  {number:3}  {card['name']}  {story}")
        print("Type a card's number to put it on, Enter to take it off, Ctrl-C to end.", flush=True)
        try:
            for line in sys.stdin:
                reader.card = chosen(cards, line.strip())
                print(f"on the reader: {reader.card['name'] if reader.card else 'nothing'}", flush=True)
        except KeyboardInterrupt:
            pass
    return 0


def known_cards(layout: Layout) -> list[tuple[Card, str]]:
    """Return the district's cards, each with a sentence about who brings it. Raises StackError while there are none."""
    path = layout.var / CARDS
    if not path.exists():
        raise StackError(
            "no cards yet: `make run` loads the district first (after `make reset`, if it is an older one)"
        )
    return [(each["card"], each["story"]["zh-CN"]) for each in json.loads(path.read_text(encoding="utf-8"))]


def chosen(cards: Sequence[tuple[Card, str]], typed: str) -> Card | None:
    """Return the card of a number that was typed; None for none."""
    return cards[int(typed) - 1][0] if typed.isdecimal() and 1 <= int(typed) <= len(cards) else None


if __name__ == "__main__":
    sys.exit(main())
