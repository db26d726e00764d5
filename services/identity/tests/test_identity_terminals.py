"""Terminals: bound to their key and their place, and stopped when there are two of one."""

from __future__ import annotations

import shutil

import httpx
import pytest

from identity.domain.resident import RegistrationPlace
from identity.domain.terminal import WINDOW, Terminal, counted, judge
from identity.handlers import registration
from local_stack import tokens
from local_stack.devices import Device
from runtime.errors import Refusal
from services.identity.tests.people import COMMUNITY, MAN, OTHER_COMMUNITY, TERMINAL, Hall, reading
from services.identity.tests.service import Service

ASKED = {"number": MAN, "purpose": "自助终端登记"}
WHERE = "http://i/v1/lookups"


def terminal(*counters: int) -> Terminal:
    made = Terminal(id="terminal-1", key="k")
    for counter in counters:
        made = counted(made, counter, f"proof-{counter}")
    return made


def test_counters_may_overtake_each_other_a_little() -> None:
    assert judge(terminal(1, 2, 4), 3, "another") == "good"
    assert judge(terminal(1, 2), 2, "proof-2") == "repeated"
    assert judge(terminal(1, 2), 2, "another") == "contradiction"


def test_whoever_is_left_far_behind_is_a_copy() -> None:
    far = terminal(*range(1000, 1000 + WINDOW))
    assert judge(far, 999, "another") == "contradiction"
    assert len(counted(far, 2000, "p").used) == WINDOW


async def test_a_terminal_registers_people_of_its_own_community_only(hall: Hall) -> None:
    await hall.register(reading(), by=TERMINAL)
    elsewhere = RegistrationPlace(channel="terminal", community=OTHER_COMMUNITY)
    with pytest.raises(Refusal, match="terminal-elsewhere") as refused:
        await registration.register(reading(), elsewhere, TERMINAL, hall.deps)
    assert not any(code in str(refused.value.params.values()) for code in TERMINAL.communities)


class AtTerminal:
    """A terminal that calls the service with proofs of its own choosing."""

    def __init__(self, service: Service, subject: str = "terminal-1") -> None:
        self._service = service
        self.token = tokens.sign(service.keys, "terminal", subject=subject, communities=[COMMUNITY])
        self.device = Device(service.keys, subject)

    async def ask(
        self, proof: str | None = None, *, counter: int | None = None, scheme: str = "DPoP"
    ) -> httpx.Response:
        headers = {"Authorization": f"{scheme} {self.token}", "Accept-Language": "en"}
        headers["DPoP"] = proof or self.device.proof("POST", WHERE, self.token, counter=counter)
        return await self._service.http.post("/v1/lookups", json=ASKED, headers=headers)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_token_without_its_key_is_worth_nothing(service: Service) -> None:
    await service.register()
    at = AtTerminal(service)
    assert (await at.ask()).status_code == 200
    bare = await service.http.post("/v1/lookups", json=ASKED, headers={"Authorization": f"DPoP {at.token}"})
    assert told(bare) == (401, "proof-missing")
    assert told(await at.ask(scheme="Bearer")) == (401, "proof-missing")
    other = Device(service.keys, "terminal-2").proof("POST", WHERE, at.token)
    assert told(await at.ask(other)) == (401, "proof-bad")
    assert bare.headers["WWW-Authenticate"].startswith("DPoP")


async def test_a_proof_that_is_sent_again_is_refused_and_stops_nobody(service: Service) -> None:
    await service.register()
    at = AtTerminal(service)
    proof = at.device.proof("POST", WHERE, at.token)
    assert [told(await at.ask(proof)) for _ in range(2)][1] == (401, "proof-used")
    assert (await at.ask()).status_code == 200


async def test_a_cloned_terminal_is_noticed_and_stopped_until_it_has_a_new_key(service: Service) -> None:
    await service.register()
    at = AtTerminal(service)
    assert (await at.ask(counter=7)).status_code == 200
    clone = AtTerminal(service)  # with a copy of the key
    assert told(await clone.ask(counter=7)) == (403, "terminal-stopped")
    assert told(await at.ask(counter=8)) == (403, "terminal-stopped")

    stopped = (await service.call("GET", "/v1/terminals", role="operator")).json()["items"]
    assert [each["terminal_id"] for each in stopped] == ["terminal-1"]
    back = await service.call(
        "POST", "/v1/terminals/terminal-1/reinstatement", {"reason": "换发新密钥"}, role="operator"
    )
    assert (back.status_code, back.json()["stopped_since"]) == (200, None)
    assert told(await at.ask(counter=9)) == (403, "terminal-key-withdrawn")

    shutil.rmtree(service.keys / "devices")
    renewed = AtTerminal(service)
    assert (await renewed.ask()).status_code == 200
    assert told(await clone.ask(counter=10)) == (403, "terminal-key-withdrawn")


async def test_a_key_that_a_terminal_delegated_to_is_the_terminal_and_a_clones_delegation_stops_it(
    service: Service,
) -> None:
    await service.register()
    at, portal = AtTerminal(service), Device(service.keys, "another-program")

    def proof(by: AtTerminal, counter: int) -> str:
        dlg = by.device.delegation(by.token, portal.thumbprint, counter=counter)
        return portal.proof("POST", WHERE, by.token, dlg=dlg)

    first = proof(at, 7)
    assert [(await at.ask(first)).status_code for _ in range(2)] == [200, 200]
    assert (await at.ask(proof(at, 8))).status_code == 200
    clone = AtTerminal(service)
    assert told(await clone.ask(proof(clone, 8))) == (403, "terminal-stopped")
    assert told(await at.ask(first)) == (403, "terminal-stopped")


async def test_a_token_that_is_bound_to_nothing_is_no_terminals(service: Service) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "BOUND", frozenset())
        unbound = tokens.sign(service.keys, "terminal", subject="terminal-1")
    answer = await service.http.post("/v1/lookups", json=ASKED, headers={"Authorization": f"Bearer {unbound}"})
    assert told(answer) == (401, "unbound-token")
