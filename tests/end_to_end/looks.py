"""Trying every operation that shows somebody else's data, and finding each look in the record of whose data it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import httpx

from synthetic.caller import Caller, CallerAnswer, Json
from tests.contract.access import table
from tests.end_to_end.town import Town
from tests.journeys import desk
from tests.journeys.waiting import until
from web.auth import Role

PURPOSE = "核实登记信息"
GIVING_BACK = "POST /v1/tasks/{task_id}/release"
"""Shows nothing any more."""


class Coded(CallerAnswer):
    """A code."""

    code: str


class Access(CallerAnswer):
    """An entry of the record."""

    access_id: str
    by: str
    how: Coded
    what: Coded
    purpose: str | None


class _Accesses(CallerAnswer):
    items: tuple[Access, ...] = ()


@dataclass(frozen=True)
class Worker:
    """Somebody who looks, under a name of their own."""

    role: Role
    subject: str
    caller: Caller


@dataclass
class Looks:
    """Who did what, and how often each of them saw something."""

    town: Town
    tried_by: set[tuple[Role, str]] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)
    stated: set[str] = field(default_factory=set)

    def worker(self, role: Role, name: str, *, department: str = "", community: str = "") -> Worker:
        """Put somebody on duty."""
        subject = f"look-{name}"
        caller = self.town.worker(role, subject, department=department, community=community)
        return Worker(role, subject, caller)

    async def tries(self, operation: str, worker: Worker, **parts: Json) -> httpx.Response:
        """Call an operation, which must be answered; `query`, `body` and the path's parameters are the parts."""
        query, body = parts.pop("query", None), parts.pop("body", None)
        method, _, template = operation.partition(" ")
        answer = await worker.caller.send(method, template.format(**parts), query=query, body=body)  # type: ignore[arg-type] # a mapping, or nothing
        self.tried_by.add((worker.role, operation))
        self.seen[worker.subject] += operation != GIVING_BACK
        if PURPOSE in str((query, body)):
            self.stated.add(worker.subject)
        return answer

    async def claims(self, worker: Worker, task: str) -> None:
        """Take a task, which shows what is in it."""
        await desk.claim(worker.caller, task)
        self.seen[worker.subject] += 1

    async def are_in_the_record_of(self, *concerned: Caller) -> None:
        """Wait until every look is in the record of somebody concerned, with the purpose that was stated."""

        async def missing() -> Counter[str]:
            found = [each for person in concerned for each in await record(person)]
            purposes = {each.by for each in found if each.purpose == PURPOSE}
            return self.seen - Counter(each.by for each in found) + Counter(self.stated - purposes)

        await until(missing, lambda it: not it, what="everybody who looked is in the record, with the purpose stated")


async def record(resident: Caller, ward: str = "") -> tuple[Access, ...]:
    """Read who used a resident's data, or a ward's."""
    whose = {"resident_id": ward} if ward else {}
    return (await resident.get("/v1/accesses", _Accesses, {"limit": 100, **whose})).items


def showing(scopes: Collection[str], exempt: Mapping[str, str]) -> set[tuple[Role, str]]:
    """Return each role with each operation that lets it reach data of these scopes, but those that are exempt."""
    return {
        (Role(role), operation)
        for _, operation, line in table().lines()
        for role, scope in line.scopes.items()
        if scope in scopes and operation not in exempt and f"{operation} as {role}" not in exempt
    }
