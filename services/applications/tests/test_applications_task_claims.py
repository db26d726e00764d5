"""Who may look at a scan: the applicant, and a reviewer for as long as the review of the document is in hand."""

from __future__ import annotations

from applications import views
from applications.domain.task_claims import since
from applications.handlers import lifecycle, queries, scans, task_claims
from applications.handlers.parties import NamedParty
from runtime.errors import NotAllowed
from services.applications.tests.office import ENROLMENT, NOON, Office, resident_token
from services.applications.tests.test_applications_applying import hand_in
from web.auth import Principal, Role

WANG = Principal("wang", Role.REVIEWER, frozenset({"health"}))


async def in_review(office: Office) -> tuple[str, str]:
    """Submit an application with a scan; return the ids of both."""
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    scan_id = await hand_in(office, id)
    await office.submits(id)
    return id, scan_id


async def claims(office: Office, id: str, *, by: str = "wang", about: str = "birth-certificate", n: int = 2) -> None:
    said = views.TaskClaimed(
        task_id=f"task-{about}", kind="review", application_id=id, requirement=about,
        claimed_by=by, claimed_at=NOON, sequence=n,
    )  # fmt: skip
    await office.hears(task_claims.note_claimed, said)


async def releases(office: Office, id: str, *, n: int = 3) -> None:
    said = views.TaskReleased(
        task_id="task-birth-certificate", kind="review", application_id=id, requirement="birth-certificate", sequence=n
    )
    await office.hears(task_claims.note_released, said)


async def looks(office: Office, id: str, scan_id: str, by: Principal = WANG) -> str:
    """Look at a scan; return what one is told."""
    try:
        await scans.open_scan(id, scan_id, "审核", by, office.deps)
    except NotAllowed as refused:
        return refused.code
    return "shown"


async def test_a_scan_is_shown_while_the_task_is_in_hand_and_no_longer(office: Office) -> None:
    id, scan_id = await in_review(office)
    assert await looks(office, id, scan_id) == "scan-not-in-hand"
    await claims(office, id)
    assert await looks(office, id, scan_id) == "shown"
    assert await looks(office, id, scan_id, Principal("li", Role.REVIEWER, frozenset({"health"}))) == "scan-not-in-hand"
    assert await looks(office, id, "scan_of_nothing") == "scan-not-in-hand"
    assert await looks(office, "app_of_nobody", scan_id) == "scan-not-in-hand"
    await releases(office, id)
    assert await looks(office, id, scan_id) == "scan-not-in-hand"


async def test_a_task_about_another_document_shows_no_scan_of_this_one(office: Office) -> None:
    id, scan_id = await in_review(office)
    await claims(office, id, about="vaccination-record")
    assert await looks(office, id, scan_id) == "scan-not-in-hand"


async def test_a_claim_that_comes_after_its_release_is_no_claim(office: Office) -> None:
    id, scan_id = await in_review(office)
    await releases(office, id, n=3)
    await claims(office, id, n=2)
    assert await looks(office, id, scan_id) == "scan-not-in-hand"
    await claims(office, id, n=4)
    assert await looks(office, id, scan_id) == "shown"


async def test_nobody_looks_at_the_scans_of_what_has_ended(office: Office) -> None:
    id, scan_id = await in_review(office)
    await claims(office, id)
    office.commits(await lifecycle.withdraw(id, None, resident_token("newcomer"), office.deps, if_match=None))
    assert await looks(office, id, scan_id) == "scan-not-in-hand"


async def test_the_applicant_sees_since_when_somebody_is_looking(office: Office) -> None:
    id, _ = await in_review(office)
    await claims(office, id)
    seen = office.commits(await queries.follow(id, resident_token("newcomer"), office.deps))
    assert since(seen.hands, "review", "birth-certificate") == NOON
    assert since(seen.hands, "review", "vaccination-record") is None
    await releases(office, id)
    seen = office.commits(await queries.follow(id, resident_token("newcomer"), office.deps))
    assert since(seen.hands, "review", "birth-certificate") is None


async def test_of_an_application_that_has_ended_or_is_gone_nothing_is_begun(office: Office) -> None:
    id, _ = await in_review(office)
    await claims(office, id)
    office.commits(await lifecycle.withdraw(id, None, resident_token("newcomer"), office.deps, if_match=None))
    await claims(office, id, about="vaccination-record")
    await releases(office, id)
    assert {task: each.held for task, each in office.hands.all.items()} == {"task-birth-certificate": None}

    del office.applications.all[id], office.hands.all["task-birth-certificate"]
    await claims(office, id)
    await releases(office, id)
    assert office.hands.all == {}
