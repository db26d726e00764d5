"""What a resident does to have erased what may go: see what that is, and confirm it."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic.caller import Caller, CallerAnswer
from tests.journeys import portal
from tests.journeys.waiting import heard_of, until


class Kind(CallerAnswer):
    kind: portal.Named
    count: int | None = None


class Told(CallerAnswer):
    service: portal.Named
    answered: bool
    erased: tuple[Kind, ...] = ()
    kept: tuple[Kind, ...] = ()


class Erasure(CallerAnswer):
    erasure_id: str
    resident_id: str
    state: portal.Named
    preview: str | None
    previews: tuple[Told, ...]
    services: tuple[Told, ...]

    def erased(self, service: str) -> dict[str, int | None]:
        return {each.kind.code: each.count for told in _of(self.services, service) for each in told.erased}

    def kept(self, service: str) -> dict[str, int | None]:
        return {each.kind.code: each.count for told in _of(self.services, service) for each in told.kept}

    def would_erase(self, service: str) -> dict[str, int | None]:
        return {each.kind.code: each.count for told in _of(self.previews, service) for each in told.erased}

    def would_keep(self, service: str) -> dict[str, int | None]:
        return {each.kind.code: each.count for told in _of(self.previews, service) for each in told.kept}


def _of(services: Sequence[Told], service: str) -> Sequence[Told]:
    return [told for told in services if told.service.code == service]


async def erase(resident: Caller, **body: str) -> Erasure:
    """Ask what would go, confirm it, and wait until every service has answered."""
    return await confirm(resident, await preview(resident, **body))


async def confirm(resident: Caller, shown: Erasure) -> Erasure:
    where = f"/v1/erasures/{shown.erasure_id}"
    await resident.post(f"{where}/confirmation", Erasure, {"preview": shown.preview, "resident_id": shown.resident_id})
    return await until(
        lambda: resident.get(where, Erasure), lambda it: it.state.code == "done", what="every service has answered"
    )


async def preview(resident: Caller, **body: str) -> Erasure:
    """Ask what would go once the registration has arrived, and wait until every service has said it."""
    asked = await heard_of(lambda: resident.post("/v1/erasures", Erasure, dict(body)))
    return await until(
        lambda: resident.get(f"/v1/erasures/{asked.erasure_id}", Erasure),
        lambda it: it.state.code == "awaiting-confirmation",
        what="every service has said what would go",
    )
