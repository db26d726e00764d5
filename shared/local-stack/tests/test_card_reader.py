"""The development card reader: one card, for the portal's pages, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest

from local_stack.card_reader import CardReader, ReaderTerminal, chosen, reading
from local_stack.devices import Device
from local_stack.keys import ensure_keys
from testkit.infrastructure import free_ports
from web.proof import BadProofError, Call, check

PORTAL = "https://127.0.0.1:18000"
CARD = {"number": "440309199001010013", "name": "李育成"}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[CardReader]:
    ensure_keys(tmp_path)
    with reading(free_ports(31500).base, PORTAL, ReaderTerminal(tmp_path)) as it:
        yield it


def ask(reader: CardReader, path: str, *, origin: str = PORTAL, host: str = "") -> httpx.Response:
    headers = {"Origin": origin} | ({"Host": host} if host else {})
    return httpx.get(f"{reader.address}{path}", headers=headers, trust_env=False)


def test_the_card_that_lies_there_is_handed_to_the_portals_page(reader: CardReader) -> None:
    assert ask(reader, "/card").json() == {"code": "no-card"}
    reader.card = CARD
    answer = ask(reader, "/card")
    assert (answer.status_code, answer.json()) == (200, CARD)
    assert answer.headers["access-control-allow-origin"] == PORTAL
    assert answer.headers["cache-control"] == "no-store"
    reader.card = None
    assert ask(reader, "/visit?key=" + "k" * 43).status_code == 404


@pytest.mark.parametrize("other", [{"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}])
def test_nobody_else_reads_it(reader: CardReader, other: dict[str, str]) -> None:
    reader.card = CARD
    answer = ask(reader, "/card", **other)
    assert answer.status_code in {403, 421}
    assert "access-control-allow-origin" not in answer.headers
    assert CARD["number"] not in answer.text


def test_a_terminals_reader_vouches_for_the_portals_key_while_a_card_lies_there(
    reader: CardReader, tmp_path: Path
) -> None:
    reader.card = CARD
    assert ask(reader, "/visit").status_code == 422
    portal, url = Device(tmp_path / "portal", "portal"), f"{PORTAL}/v1/presences"
    given = ask(reader, f"/visit?key={portal.thumbprint}").json()
    token = given["token"]
    bound_to = jwt.decode(token, options={"verify_signature": False})["cnf"]["jkt"]
    proof = portal.proof("POST", url, token, dlg=given["delegation"])
    assert given["card"] == CARD
    assert check(proof, bound_to, Call("POST", url, token)).is_delegated
    with pytest.raises(BadProofError):
        check(portal.proof("POST", url, token), bound_to, Call("POST", url, token))


def test_a_card_is_chosen_by_its_number() -> None:
    cards = [(CARD, ""), ({**CARD, "name": "王芳"}, "")]
    assert [chosen(cards, typed) for typed in ("1", "3", "", "x", "0")] == [CARD, None, None, None, None]
