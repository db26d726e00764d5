from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from credential_store.config import Settings
from credential_store.domain import lifecycle, own_search, versions
from credential_store.domain.credential import (
    Credential,
    CredentialContent,
    Ended,
    Hold,
    IndexedHolder,
    Origin,
    Statement,
    Value,
)
from credential_store.domain.identifiers import credential_id
from credential_store.domain.lifecycle import CredentialCorrection
from credential_store.domain.metadata import describe
from credential_store.domain.status import Trace, reason_of, settle, status_of
from credential_store.store.district_files import read_types
from runtime.errors import Conflict, Refusal

TYPES = read_types(Settings().authorities)
NUMBERING = TYPES.numbering("residence-permit")
INDEX = "9f" * 32
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
NOTHING_ELSE = CredentialCorrection(fields={}, valid_until=None)


def permit(origin: Origin = "grant", valid_until: date | None = date(2036, 11, 22)) -> Credential:
    fields: dict[str, Value] = {"number": INDEX, "name": "李育成", "address": "民治街道幸福路1号3栋502"}
    content = CredentialContent(fields=fields, origin=origin, valid_from=date(2026, 11, 23), valid_until=valid_until)
    blank = Credential(
        id=credential_id(INDEX, "residence-permit"),
        document_type="residence-permit",
        record="",
        holder=IndexedHolder(resident_id="res_1", index=INDEX),
    )
    heard = versions.merge(blank, content, Statement(at=NOW, sequence=1), NUMBERING)
    return settle(blank, heard, Trace(at=NOW, by="automatic"))


def settled(before: Credential, after: Credential) -> Credential:
    return settle(before, after, Trace(at=LATER, by="psb-3", reason="why"))


def test_a_suspended_credential_says_why_and_comes_back() -> None:
    valid = permit()
    suspended = settled(valid, lifecycle.suspend(valid, "疑似伪造", LATER))
    assert (suspended.status, reason_of(suspended)) == ("02", "疑似伪造")
    back = settled(suspended, lifecycle.reinstate(suspended, "核实无误", LATER + timedelta(hours=1)))
    assert (back.status, back.sequence) == ("01", 3)
    assert [step.what for step in back.history] == ["stored", "suspended", "reinstated"]
    assert back.history[1].by == "psb-3"


def test_what_the_police_suspended_is_not_reinstated_by_a_department() -> None:
    valid = permit()
    held = versions.hold(valid, "identity", Hold(on=True, reason="挂失", said=Statement(at=LATER, sequence=2)))
    with pytest.raises(Conflict, match="suspended-with-the-person"):
        lifecycle.reinstate(settled(valid, held), "核实无误", LATER)


@pytest.mark.parametrize("status", ["03", "04", "06", "07", "99"])
def test_a_credential_is_ended_for_good_under_the_status_that_was_given(status: Ended) -> None:
    valid = permit()
    ended = settled(valid, lifecycle.end(valid, status, "已注销", LATER))
    assert (ended.status, ended.expires_on, reason_of(ended)) == (status, None, "已注销")
    with pytest.raises(Conflict, match="not-in-that-status"):
        lifecycle.suspend(ended, "x", LATER)
    with pytest.raises(Conflict, match="not-in-that-status"):
        lifecycle.reinstate(ended, "x", LATER)
    with pytest.raises(Conflict, match="not-in-that-status"):
        lifecycle.end(ended, "07", "x", LATER)
    with pytest.raises(Conflict, match="not-in-that-status"):
        lifecycle.reissue(ended, NOTHING_ELSE, NUMBERING, LATER)


def test_a_corrected_credential_is_the_next_version_and_ends_the_one_before() -> None:
    valid = permit()
    correction = CredentialCorrection(fields={"name": "李育城"}, valid_until=date(2037, 1, 1))
    again = settled(valid, lifecycle.reissue(valid, correction, NUMBERING, LATER))
    old, new = again.issues
    assert new.predecessor == old.identifier
    assert (new.number, new.content.fields["name"], new.content.valid_until) == (2, "李育城", date(2037, 1, 1))
    assert status_of(again, old, date(2026, 11, 24)) == "07"
    assert (again.status, again.history[-1].what) == ("01", "reissued")


def test_an_approval_from_before_a_correction_does_not_undo_it() -> None:
    valid = permit()
    corrected = lifecycle.reissue(
        valid, CredentialCorrection(fields={"name": "李育城"}, valid_until=None), NUMBERING, LATER
    )
    issue = valid.current
    assert issue is not None
    assert versions.merge(corrected, issue.content, Statement(at=NOW, key="zzz"), NUMBERING) == corrected


def test_an_expired_credential_is_renewed_with_a_new_term_only() -> None:
    expired = permit(valid_until=date(2026, 11, 22))
    assert expired.status == "05"
    with pytest.raises(Refusal, match="term-in-the-past"):
        lifecycle.reissue(expired, NOTHING_ELSE, NUMBERING, LATER)
    renewal = CredentialCorrection(fields={}, valid_until=date(2027, 11, 22))
    assert settled(expired, lifecycle.reissue(expired, renewal, NUMBERING, LATER)).status == "01"


@pytest.mark.parametrize("origin", ["identity", "department"])
def test_what_others_publish_is_renewed_where_it_comes_from(origin: Origin) -> None:
    with pytest.raises(Conflict, match="renewed-at-its-source"):
        lifecycle.reissue(permit(origin), NOTHING_ELSE, NUMBERING, LATER)


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"colour": "red"}, "field-unknown", "fields/colour"),
        ({"number": "440309199001010013"}, "field-unknown", "fields/number"),
        ({"name": 7}, "field-of-another-kind", "fields/name"),
    ],
)
def test_a_correction_can_only_correct_what_stands_there(fields: dict[str, Value], code: str, pointer: str) -> None:
    with pytest.raises(Refusal, match=code) as caught:
        lifecycle.reissue(permit(), CredentialCorrection(fields=fields, valid_until=None), NUMBERING, LATER)
    assert caught.value.field == pointer


def test_the_metadata_carry_the_standards_names_and_never_the_identity_number() -> None:
    it = permit()
    issue = it.current
    assert issue is not None
    told = describe(it, issue, TYPES, "zh-CN").model_dump(by_alias=True, mode="json")
    assert told == {
        "CertificateIdentifier": issue.identifier,
        "CertificateName": "居住证",
        "CertificateNumber": None,
        "CertificateTypeName": "居住证",
        "CertificateTypeCode": "11100000000013004C003",
        "CertificateDefineAuthorityName": "公安部",
        "CertificateDefineAuthorityCode": "11100000000013004C",
        "CertificateIssuingAuthorityName": "深圳市公安局龙华分局",
        "CertificateIssuingAuthorityCode": "11440309000070017M",
        "CertificateIssuedDate": "2026-11-23",
        "CertificateEffectiveDate": "2026-11-23",
        "CertificateExpiringDate": "2036-11-22",
        "CertificateHolderName": "李育成",
        "CertificateHolderCode": None,
        "CertificateHolderTypeName": "111",
        "CertificateAreaCode": "440309",
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("居住证", True),
        ("RESIDENCE permit", True),
        ("幸福路1号 3栋", True),
        ("幸福路１号", True),
        ("李育成", True),
        ("permit 502", True),
        ("permit 503", False),
        ("社保", False),
        (INDEX, False),
    ],
)
def test_one_s_own_credential_is_found_by_what_it_is_and_what_it_says(words: str, *, found: bool) -> None:
    assert own_search.says(permit(), words, TYPES) is found


def test_one_s_own_credential_is_found_by_its_identifier() -> None:
    current = permit().current
    assert current is not None
    assert own_search.says(permit(), current.identifier.lower(), TYPES)
