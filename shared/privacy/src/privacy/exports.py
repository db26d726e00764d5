"""A service's answer when a resident asks for everything that is held about them.

The request carries a public key made for it alone. Each service seals its answer to that key (JWE, ECDH-ES+A256KW and
A256GCM), so the bus, the trail and every dead letter hold nothing but ciphertext; data-rights has the other half, for
as long as the export is kept. It also carries what the resident signed: nothing is gathered for a request that the
resident, or a guardian who names the child, has not sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar

import orjson
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey
from pydantic import Field

from bus.consumer import Subscription
from bus.envelope import MAX_BYTES
from bus.event import Change, Event, Outcome, Received, View
from privacy.holders import Holder
from privacy.own_requests import OwnRequests
from web.signed_requests import Signed

HEADER = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
LARGEST_PART = 400_000
"""Bytes of JSON in one part, before it is sealed: an event is at most 1 MiB."""

Content = Mapping[str, Sequence[Mapping[str, Any]]]
"""What a service holds of somebody: under each section's name its records, as JSON has them."""

Gather = Callable[[Holder, Any], Awaitable[Content]]
"""Returns what a service holds of somebody; the second argument is what its handlers are given."""

ExportedT = TypeVar("ExportedT", bound="DataExported")


class _Registry(JWERegistry):
    """The two algorithms of the header, and a part as large as an event may be."""

    max_ciphertext_length = MAX_BYTES


_REGISTRY = _Registry(algorithms=[HEADER["alg"], HEADER["enc"]])


class ExportRequested(View):
    """data-rights.export-requested: everything about `holder`, sealed to `key` (a public JWK)."""

    export_id: str
    holder: Holder
    key: dict[str, str]
    signed_request: Signed | None = None


class DataExported(Event):
    """A part of what this service holds of a resident, sealed to the key of the request."""

    export_id: Annotated[str, Field(description="The export that it answers")]
    part: Annotated[int, Field(description="Which part, from 1")]
    parts: Annotated[int, Field(description="How many this service sends; 1 and empty when it holds nothing")]
    sealed: Annotated[str, Field(description="The part, a JWE in compact form; inside: JSON, sections with records")]


def answer(kind: type[ExportedT], asked: ExportRequested, content: Content) -> Outcome[None]:
    """Return the outcome that answers a request with all of this content, in as many events as it takes."""
    key = ECKey.import_key(dict(asked.key))
    parts = list(_parts(content)) or [{}]
    events = [
        kind(export_id=asked.export_id, part=number, parts=len(parts), sealed=_sealed(part, key))
        for number, part in enumerate(parts, start=1)
    ]
    return Outcome(events=events, case=asked.export_id)


def subscription(kind: type[ExportedT], gather: Gather) -> Subscription[Any]:
    """Have a service answer, once, the resident whose data it is, or who acts for them; nobody else's is gathered."""

    async def export(event: Received[ExportRequested], deps: Any) -> Outcome[None]:  # noqa: ANN401 - each service's own
        used = await require_own(event, deps.own_requests)
        return replace(answer(kind, event.data, await gather(event.data.holder, deps)), changes=used)

    return Subscription("data-rights.export-requested.v1", ExportRequested, export, once=True)


async def require_own(event: Received[ExportRequested], requests: OwnRequests) -> list[Change]:
    """See that the person whose data it is, or who acts for them and names them, asked for it, for no other event.

    Raises BrokenMessageError, NotYet.
    """
    return await requests.require(
        event, "data-rights.export-requested", "/v1/exports", lambda said: said.get("resident_id")
    )


def new_key() -> tuple[dict[str, str], dict[str, str]]:
    """Make a key for one export: the public JWK for the request, the private one to keep."""
    key = ECKey.generate_key("P-256")
    return _texts(key.as_dict(private=False)), _texts(key.as_dict(private=True))


def opened(sealed: str, key: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return what a part holds. Raises joserfc's errors for another key or a changed part."""
    plain = jwe.decrypt_compact(sealed, ECKey.import_key(dict(key)), registry=_REGISTRY).plaintext
    content: dict[str, list[dict[str, Any]]] = orjson.loads(plain or b"{}")
    return content


def _sealed(part: Content, key: ECKey) -> str:
    return jwe.encrypt_compact(dict(HEADER), orjson.dumps(part), key, registry=_REGISTRY)


def _parts(content: Content) -> Iterator[dict[str, list[Mapping[str, Any]]]]:
    part: dict[str, list[Mapping[str, Any]]] = {}
    size = 0
    for section, records in content.items():
        for record in records:
            weight = len(orjson.dumps(record))
            if part and size + weight > LARGEST_PART:
                yield part
                part, size = {}, 0
            part.setdefault(section, []).append(record)
            size += weight
    if part:
        yield part


def _texts(jwk: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in jwk.items()}
