"""Telling who saw somebody's data here, so that the person concerned can read it (data-rights keeps the record)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from applications.domain.application import Application
from applications.domain.people import Party
from applications.events import DataAccessed
from applications.handlers.dependencies import Deps
from privacy import access_log
from privacy.access_log import By, Holder, How, What
from web.auth import Principal

_UNNAMED = By(subject=access_log.SECOND_PARTY, role=access_log.SECOND_PARTY, departments=[])


@dataclass(frozen=True, slots=True)
class AccessSubject:
    """Which item it was for, None for all of them, and which application; None before there is one."""

    item: str | None
    application_id: str | None


def seen(
    application: Application, people: Iterable[Party], by: Principal, deps: Deps, how: How = "viewed"
) -> list[DataAccessed]:
    """Tell that somebody saw an application, or worked on it: of each of these people but the one who does."""
    types = [each for asked in application.asked for each in asked.document_types]
    return accessed(about(application), people, by, deps, how=how, what="application", types=types)


def seen_as_second_party(
    application: Application, people: Iterable[Party], by: Principal, deps: Deps
) -> list[DataAccessed]:
    """Tell that the second party, or that one's guardian, saw an application.

    Until they confirm, the others learn that the person they named looked, and not who that is (decision 15).
    """
    told = seen(application, people, by, deps)
    if application.second_party_id is not None:
        return told
    own = application.second_party_index
    return [event if event.holder.index == own else event.model_copy(update={"by": _UNNAMED}) for event in told]


def about(application: Application) -> AccessSubject:
    return AccessSubject(application.item, application.id)


def accessed(  # noqa: PLR0913 - what for, whose, who, how, what
    about: AccessSubject,
    people: Iterable[Party],
    by: Principal,
    deps: Deps,
    *,
    how: How,
    what: What,
    types: Sequence[str],
    purpose: str | None = None,
) -> list[DataAccessed]:
    """Return the events that say so, one for each person; none for a look at the own."""
    return DataAccessed.of(
        [Holder(resident_id=person.resident_id, index=person.index) for person in people],
        By.of(by),
        deps.clock(),
        how=how,
        what=what,
        documents=types,
        application_id=about.application_id,
        item=about.item,
        purpose=purpose,
    )
