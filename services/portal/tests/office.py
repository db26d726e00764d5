"""What the gateway answers an official: figures with and without few, and a switch in each of its states."""

from __future__ import annotations

from typing import Any

from services.portal.tests.district import EVIL

KIND = "birth-certificate"
PAGE = f"/office/reviews/{KIND}"
SWITCHES = "/v1/review-switches"
NAMED = {"code": KIND, "name": f"出生医学证明{EVIL}"}
AT = "2026-11-29T18:30:00.000Z"
FIGURES: dict[str, Any] = {
    "decided": 40,
    "automatic": 20,
    "with_people": 20,
    "automatic_share": 0.5,
    "share_text": "50%",
    "satisfaction": {"rated": None, "satisfied_share": None, "share_text": "件数过少，不予显示"},
    "promise": {"promised": 40, "in_time_share": None, "share_text": "除少于5件外的全部"},
}
FEW: dict[str, Any] = {**FIGURES, "decided": None, "automatic": None, "with_people": None, "automatic_share": None}
STATISTICS: dict[str, Any] = {
    "first": "2026-11-01",
    "last": "2026-11-30",
    "total": {**FIGURES, "item": None},
    "items": [{**FIGURES, "item": NAMED}, {**FEW, "item": {"code": "b", "name": "B"}}],
    "departments": [{**FIGURES, "department": NAMED}, {**FEW, "department": None}],
    "months": [
        {**FIGURES, "first": "2026-10-01", "last": "2026-10-31"},
        {**FEW, "first": "2026-11-01", "last": "2026-11-30"},
    ],
    "sources": [
        {"source_name": EVIL, "proofs": 30, "not_handed_in": 25},
        {"source_name": "B", "proofs": None, "not_handed_in": None},
    ],
    "documents": 30,
    "documents_not_handed_in": 25,
    "document_types": [{"document_type": NAMED, "department": NAMED, "can_switch_off": True, "text": EVIL}],
}
QUEUES = {"queues": [{"kind": NAMED, "department": NAMED, "waiting": 10, "overdue": None}]}
REHEARSAL = {
    "since": AT,
    "decided": 41,
    "reviews_saved": 7,
    "refused": 3,
    "refused_anyway": 2,
    "cases": {"items": [{"number": "2026****", "text": EVIL}], "next": "later"},
}


def proposal(by: str, review: str = "automatic") -> dict[str, Any]:
    return {"review": review, "by": by, "at": AT, "until": "2026-12-13T18:30:00.000Z", "reason": EVIL}


def step(what: str, *by: str, review: str = "automatic") -> dict[str, Any]:
    return {"at": AT, "what": what, "review": review, "by": by, "reason": EVIL if by else None, "text": "更正过多"}


def switch(**about: object) -> dict[str, Any]:
    return {
        "document_type": NAMED,
        "version": 4,
        "review": "people",
        "since": None,
        "proposal": None,
        "heard": {"disputes": 1, "overturned": 0},
        "back": {"days": 30, "disputes": 5, "overturned": 2},
        "history": [],
        **about,
    }


OFF = switch(review="automatic", since=AT, history=[step("switched", "official-jiang", "official-qiu")])
WENT_BACK = switch(since=AT, history=[step("switched", review="people")])


STATES = {
    "waits-for-me": switch(proposal=proposal("official-qiu"), history=[step("proposed", "official-qiu")]),
    "waits-for-another": switch(proposal=proposal("official-jiang")),
    "went-back": WENT_BACK,
    "off": OFF,
    "people": switch(),
}
PAGES = [f"/office/reviews/{state}" for state in STATES]


def switches(*found: dict[str, Any]) -> dict[str, Any]:
    """Return the answers for all switches and for each of them."""
    each = {f"GET {SWITCHES}/{it['document_type']['code']}": it for it in found}
    return {f"GET {SWITCHES}": {"items": list(found)}, **each}


def answers() -> dict[str, Any]:
    """Return an answer for every call of the office's pages; of each state one document type."""
    found = [{**each, "document_type": {**NAMED, "code": state}} for state, each in STATES.items()]
    return {
        "GET /v1/statistics": STATISTICS,
        "GET /v1/tasks/statistics": QUEUES,
        **switches(*found),
        **{f"GET {SWITCHES}/{state}/rehearsal": REHEARSAL for state in STATES},
    }
