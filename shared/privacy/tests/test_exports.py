from __future__ import annotations

from typing import Any, ClassVar

import pytest
from joserfc.errors import JoseError

from bus.envelope import MAX_BYTES
from privacy import exports
from privacy.exports import DataExported, ExportRequested
from privacy.holders import Holder


class Told(DataExported):
    type: ClassVar[str] = "test.data-exported.v1"


def asked(public: dict[str, str]) -> ExportRequested:
    return ExportRequested(export_id="exp_1", holder=Holder(resident_id="res_1", index="9f" * 32), key=public)


def answered(content: exports.Content, public: dict[str, str]) -> list[Told]:
    outcome = exports.answer(Told, asked(public), content)
    assert outcome.case == "exp_1"
    return [event for event in outcome.events if isinstance(event, Told)]


def together(events: list[Told], private: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        for section, records in exports.opened(event.sealed, private).items():
            found.setdefault(section, []).extend(records)
    return found


def test_what_a_service_holds_comes_back_whole_and_is_read_by_the_key_alone() -> None:
    public, private = exports.new_key()
    content = {"registration": [{"name": "李育成"}], "guardianships": [{"id": "gua_1"}, {"id": "gua_2"}]}
    (told,) = answered(content, public)

    assert (told.part, told.parts) == (1, 1)
    assert "李育成" not in told.sealed
    assert together([told], private) == content
    with pytest.raises(JoseError):
        exports.opened(told.sealed, exports.new_key()[1])


def test_much_is_sent_in_parts_that_fit_into_an_event() -> None:
    public, private = exports.new_key()
    content = {"tasks": [{"id": f"task_{n}", "text": "文" * 1000} for n in range(900)]}
    told = answered(content, public)

    assert [each.part for each in told] == list(range(1, len(told) + 1))
    assert len(told) > 1
    assert all(each.parts == len(told) and len(each.sealed) < MAX_BYTES for each in told)
    assert together(told, private) == content


def test_a_service_that_holds_nothing_says_so() -> None:
    public, private = exports.new_key()
    (told,) = answered({"tasks": []}, public)

    assert together([told], private) == {}
