"""What the gateway answers a resident: one of everything, with texts that would show if a page did not escape them."""

from __future__ import annotations

from typing import Any

EVIL = "<script>alert(1)</script>“&’{{7*7}}"
AT, DAY = "2026-11-30T01:02:03.000Z", "2026-11-30"
APP = "/v1/applications/app_1"

NAMED = {"code": "id-card", "name": f"身份证{EVIL}"}
PROMISE = {"text": "7天内办结"}
REQUIREMENTS = [
    {"key": "housing", "any_of": [NAMED, {"code": "b", "name": "B"}], "holder": "applicant", "holder_name": "本人"},
    {"key": "photo", "any_of": [NAMED], "holder": "applicant", "holder_name": "本人"},
]
ITEM: dict[str, Any] = {
    "code": "residence-permit",
    "name": f"居住证{EVIL}",
    "description": EVIL,
    "for_whom": EVIL,
    "department": NAMED,
    "subject": "child",
    "promise": PROMISE,
    "grants": NAMED,
    "rules": [{"text": EVIL}],
    "form": [
        {"key": key, "type": kind, "label": EVIL, "required": key != "note", "choices": choices, "max_length": 200}
        for key, kind, choices in [
            ("address", "address", []),
            ("since", "date", []),
            ("rooms", "integer", []),
            ("shared", "boolean", []),
            ("parents", "names", []),
            ("kind", "choice", [{"value": "a", "label": EVIL}, {"value": "b", "label": "B"}]),
            ("note", "text", []),
        ]
    ],
    "requirements": REQUIREMENTS,
    "second_party": {"name": "房东", "statement": EVIL},
    "reviewed_by_people": True,
    "retired": False,
}
NOW = {
    "doing": "correcting",
    "text": EVIL,
    "requirement": "housing",
    "field": {"code": "address", "name": EVIL},
    "claimed": EVIL,
    "held": EVIL,
    "due_on": DAY,
}
PERSON = {"resident_id": "res_ann", "name": EVIL}
REASON = {"text": EVIL, "action": EVIL, "claimed": EVIL, "held": EVIL, "correctable": None}
CORRECTABLE = {
    "document_type": {"code": "vaccination-record", "name": EVIL},
    "field": {"code": "complete", "name": EVIL},
    "resident_id": "res_child",
}
SLOT = {"begins": "2026-12-01T14:00:00+08:00", "ends": "2026-12-01T16:00:00+08:00"}
OFFERED = {"state": "offered", "text": EVIL, "slot": None, "offered": [{**SLOT, "text": EVIL}]}
VISIT = {"task_id": "task_1", "version": 3, "application_id": "app_1", "due_text": EVIL, "visit": OFFERED}
APPLICATION: dict[str, Any] = {
    "application_id": "app_1",
    "version": 3,
    "reference": "LH-1",
    "item": {"code": "residence-permit", "name": EVIL},
    "state": "draft",
    "state_name": EVIL,
    "subject": PERSON,
    "applicant": PERSON,
    "created_at": AT,
    "submitted_at": AT,
    "due_text": EVIL,
    "decided_at": None,
    "now": [NOW],
    "second_party": {"role": "房东", "name": None, "confirmed_at": None, "declined": False},
    "form": {"address": EVIL, "parents": [EVIL]},
    "prefilled": [{"field": "since", "label": EVIL, "value": DAY, "document": NAMED, "source_name": EVIL}],
    "evidence": [{"requirement": "housing", "evidence_id": "crd_1", "choice": "decline"}],
    "documents": [
        {
            "requirement": "housing",
            "any_of": [NAMED],
            "holder": "applicant",
            "holder_name": "本人",
            "standing": "proven",
            "standing_name": EVIL,
            "proof": {"document_type": NAMED, "source_name": EVIL},
            "failures": [{"text": EVIL, "action": EVIL, "claimed": EVIL, "held": None}],
        }
    ],
    "scans": [
        {
            "scan_id": "scan_1",
            "requirement": "housing",
            "document_type": NAMED,
            "media_type": "image/png",
            "size": 2_000_000,
            "uploaded_at": AT,
        }
    ],
    "reasons": [REASON, {**REASON, "correctable": CORRECTABLE}],
    "granted": None,
    "satisfaction": None,
}
AGREED = {"reference": "LH-1", "item": "residence-permit", "statement": {"zh-CN": EVIL}, "form": {"address": EVIL}}
AGREEMENT = {"terms": AGREED, "signatures": [{**PERSON, "guardian": EVIL, "at": AT}], "evidence": "e"}
UPLOAD = {"upload_id": "upl_1", "requirement": "housing", "name": EVIL, "size": 30_000_000, "received": 12_000_000}
GRANTED = {
    "document_type": NAMED,
    "labelled": [{"field": NAMED, "value": EVIL}],
    "valid_from": DAY,
    "valid_until": None,
    "credential": {"credential_id": "crd_1", "identifier": "1.2", "status_name": "有效"},
}
TIMELINE = {
    "state": "in-progress",
    "state_name": EVIL,
    "due_text": EVIL,
    "now": [NOW],
    "happenings": [{"at": AT, "text": EVIL}],
}
HELD = {
    "evidence_id": "crd_1",
    "document_type": NAMED,
    "keeper": NAMED,
    "age_text": EVIL,
    "valid_until": DAY,
    "standing": "valid",
    "standing_name": EVIL,
    "fields": [{"label": EVIL, "text": EVIL}],
}
PHOTO = {"requirement": "photo", "holder": "applicant", "any_of": [NAMED], "proven": False, "held": []}
EVIDENCE = {"requirements": [{**PHOTO, "requirement": "housing", "proven": True, "held": [HELD]}, PHOTO]}
CREDENTIAL = {
    "credential_id": "crd_1",
    "document_type": "residence-permit",
    "document_type_name": EVIL,
    "identifier": "1.2.156",
    "status_code": "01",
    "status_name": EVIL,
    "reason": EVIL,
    "origin_name": EVIL,
    "fields": {"name": EVIL, "parents": [EVIL], "complete": True, "months": 3, "since": DAY},
    "field_names": {"name": EVIL, "parents": EVIL, "complete": "C", "months": "M", "since": "S"},
    "valid_from": DAY,
    "valid_until": DAY,
}
ACCESS = {
    "access_id": "acc_1",
    "at": AT,
    "by": "health-017",
    "sentence": EVIL,
    "documents": [{"document_type": NAMED}],
    "application_id": None,
    "item": None,
    "purpose": EVIL,
    "dispute": "dis_1",
}
CORRECTION = {
    "correction_id": "cor_1",
    "state": NAMED,
    "document_type": NAMED,
    "field": NAMED,
    "says": EVIL,
    "should_say": EVIL,
    "reason": EVIL,
    "department": NAMED,
    "asked_at": AT,
    "answer": {"text": EVIL, "at": AT, "department": NAMED, "effect": NAMED},
    "window": {"text": EVIL},
}
SERVICE_ANSWER = {
    "service": NAMED,
    "answered": True,
    "erased": [{"kind": NAMED, "count": 2}],
    "kept": [{"kind": NAMED, "count": None, "until": None, "while": EVIL, "why": EVIL}],
}
ERASURE = {
    "erasure_id": "era_1",
    "resident_id": "res_1",
    "state": NAMED,
    "requested_at": AT,
    "ends_at": AT,
    "preview": "pre_1",
    "question": EVIL,
    "previews": [SERVICE_ANSWER],
    "services": [SERVICE_ANSWER],
}
REGISTRATION = {
    "number": "4403**********0013",
    "name": EVIL,
    "sex": "female",
    "birth_date": "1990-01-01",
    "nationality_group": "汉",
    "address": EVIL,
    "issuing_authority": EVIL,
    "valid_from": DAY,
    "valid_until": None,
    "community": "440309002002",
}
RECEIPT = {
    "number": "LH-1",
    "code": "ABCD-EFGH",
    "inquiry_text": EVIL,
    "item": NAMED,
    "department": NAMED,
    "applicant": EVIL,
    "subject": EVIL,
    "second_party": {"role": "房东", "name": None, "confirmed_on": DAY},
    "submitted_at": AT,
    "state_name": EVIL,
    "promise": PROMISE,
    "due_text": None,
    "answers": [{"label": EVIL, "value": EVIL}],
    "documents": [
        {"any_of": [NAMED], "holder_name": "本人", "standing_name": EVIL, "proof": None, "proven_on": DAY, "scans": 2}
    ],
    "issued_at": AT,
}
CONFIRMATION = {
    "application_id": "app_2",
    "version": 1,
    "item": NAMED,
    "applicant_name": EVIL,
    "form": [{"label": EVIL, "value": EVIL}, {"label": "L", "value": [EVIL]}, {"label": "N", "value": 3}],
    "statement": EVIL,
    "terms_sha256": "9f" * 32,
    "due_on": DAY,
}


def page(*items: object) -> dict[str, object]:
    return {"items": list(items), "next": "more"}


def answers() -> dict[str, Any]:
    """Return an answer for every call of the resident's pages."""
    application_states = [{**APPLICATION, "state": state} for state in ("returned", "in-progress", "approved")]
    eligibility = {
        "eligible": True,
        "text": EVIL,
        "rules": [{"met": True, "text": EVIL}],
        "documents": [
            {**need, "need": word, "held": {"source_name": EVIL} if word == "held" else None, "text": EVIL}
            for need, word in zip(REQUIREMENTS, ("held", "needed"), strict=True)
        ],
        "bring": [],
    }
    judged = {"item": NAMED, "verdict": "may", "brings_nothing": True, "text": EVIL, "promise": EVIL}
    dispute = {
        "dispute_id": "dis_1",
        "access_id": "acc_1",
        "state": NAMED,
        "reason": EVIL,
        "raised_at": AT,
        "explanation": {"text": EVIL, "department": NAMED, "at": AT},
    }
    export = {"export_id": "exp_1", "state": {"code": "ready", "name": "R"}, "ends_at": AT}
    return {
        "GET /v1/items": page(ITEM),
        "GET /v1/items/residence-permit": ITEM,
        "GET /v1/items/residence-permit/eligibility": eligibility,
        "GET /v1/eligibility": {"items": [judged]},
        "GET /v1/applications": page(*application_states),
        f"GET {APP}": APPLICATION,
        f"GET {APP}/uploads": {"items": [UPLOAD]},
        f"GET {APP}/timeline": TIMELINE,
        f"GET {APP}/receipt": RECEIPT,
        f"GET {APP}/agreement": AGREEMENT,
        "GET /v1/evidence": EVIDENCE,
        "GET /v1/confirmations": page(CONFIRMATION),
        "GET /v1/visits": {"visits": [VISIT]},
        "GET /v1/credentials": page(CREDENTIAL),
        "GET /v1/credentials/crd_1": CREDENTIAL,
        "POST /v1/credentials/crd_1/presentations": {"presentation": "eyJ~", "shown": ["name"]},
        "GET /v1/residents/res_ann/wards": page({"child_id": "res_child", "name": EVIL}),
        "GET /v1/residents/res_ben/wards": page(),
        "GET /v1/residents/res_ann": REGISTRATION,
        "GET /v1/residents/res_child": REGISTRATION,
        "GET /v1/accesses": page(ACCESS, {**ACCESS, "access_id": "acc_2", "dispute": None}),
        "GET /v1/accesses/acc_1": ACCESS,
        "GET /v1/disputes": page(dispute),
        "GET /v1/corrections": page(CORRECTION),
        "GET /v1/erasures": page(ERASURE),
        "GET /v1/erasures/era_1": ERASURE,
        "GET /v1/exports/exp_1": export,
    }
