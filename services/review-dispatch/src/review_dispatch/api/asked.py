"""What callers send."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from review_dispatch.domain.visit import OfferedSlot
from runtime.clock import Day, Moment
from standards.bounds import MOST_FIELDS, SAID, Name, Value

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), SAID]

StandardReason = Annotated[str, StringConstraints(min_length=1, max_length=60)]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class DeskRequest(BaseModel):
    """A request's body; what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ApprovalAsked(DeskRequest):
    """Approve. All but the note is for documents: what was corrected, and the end that was read.

    `is_held`: whether it is the document that is held, so that the approval is its next version. That needs to be said
    only where it can't be told: a person may have several of the type, the values differ, its number is not entered.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"fields": {"certificate_number": "P440123456"}, "note": "已与出生医院电话核实"},
                {"valid_until": "2028-06-30"},
                {"note": "上门核实，本人居住"},
                {"standard_reason": "original-seen"},
            ]
        }
    )
    fields: Annotated[dict[Name, Value], Field(max_length=MOST_FIELDS)] = {}
    valid_until: Day | None = None
    is_held: bool | None = None
    note: Text | None = None
    standard_reason: StandardReason | None = None


class RejectionAsked(DeskRequest):
    """Refuse; the applicant reads the reason: one of the district's (`standard_reasons`), one's own words, or both.

    `fields` are those that it is about, by their names in the document or the form; `scans` for the scans. The
    applicant reads each under its name in the form, with what was answered and what is held.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reason": "出生医学证明的印章无法辨认"},
                {"standard_reason": "no-longer-valid"},
                {"reason": "编号与原件不符", "fields": ["certificate_number"]},
            ]
        }
    )
    reason: Text | None = None
    standard_reason: StandardReason | None = None
    fields: Annotated[list[FieldName], Field(max_length=MOST_FIELDS)] = []


class ReturnAsked(DeskRequest):
    """Ask the applicant to correct a field that was compared, or `scans` for better scans, and say why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"field": "certificate_number", "message": "请填写证明右上角的编号"},
                {"field": "scans", "standard_reason": "scan-unreadable"},
            ]
        }
    )
    field: FieldName
    message: Text | None = None
    standard_reason: StandardReason | None = None


class TakeoverAsked(DeskRequest):
    """Take a task out of a colleague's hand; the colleague reads the reason."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "同事请病假，由我代办"}]})
    reason: Text


class TakeoverOfAllAsked(TakeoverAsked):
    """Take over whatever a colleague has in hand."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"claimed_by": "health-017", "reason": "同事请病假，由我代办"}]}
    )
    claimed_by: Name


class SlotAsked(DeskRequest):
    """A time for a visit, with its offset from UTC."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"begins": "2026-11-24T14:00:00+08:00", "ends": "2026-11-24T16:00:00+08:00"}]}
    )
    begins: Moment
    ends: Moment

    def slot(self) -> OfferedSlot:
        """Return it to the minute, in UTC."""
        begins, ends = (each.astimezone(UTC).replace(second=0, microsecond=0) for each in (self.begins, self.ends))
        return OfferedSlot(begins=begins, ends=ends)


class SlotsAsked(DeskRequest):
    """Offer times from which the applicant may choose."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"slots": [{"begins": "2026-11-24T14:00:00+08:00", "ends": "2026-11-24T16:00:00+08:00"}]}]
        }
    )
    slots: Annotated[list[SlotAsked], Field(min_length=1, max_length=10)]


class RefusalAsked(DeskRequest):
    """Call a visit off; the other side reads why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "当天临时有急事，请另约时间"}]})
    reason: Text


class NoteAsked(DeskRequest):
    """Write a note that everybody who works on the task can read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "已致电出生医院，等待回复"}]})
    text: Text


class ExplanationAsked(DeskRequest):
    """Explain a look that is disputed; the resident reads it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "系统批量核对时误将您列入名单，已更正"}]})
    text: Text


class CorrectionAsked(DeskRequest):
    """Answer a request for correction; the resident reads it. `value` is what is right, unless the resident is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"result": "corrected", "explanation": "经核对原件，姓名确有误"},
                {"result": "corrected", "value": "李思源", "explanation": "以原件为准"},
                {"result": "refused", "explanation": "与原件一致，不予更正"},
            ]
        }
    )
    result: Literal["corrected", "refused"]
    value: Value | None = None
    explanation: Text

    @model_validator(mode="after")
    def _no_value_where_it_stays(self) -> Self:
        if self.result == "refused" and self.value is not None:
            raise PydanticCustomError("value-stays", "Input should have no value where the old one stays")
        return self


class DuplicateAsked(DeskRequest):
    """Tell whether a document is one that is held (`same`) or another. `credential_id`: which one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"result": "same", "credential_id": "crd_5d41402abc4b2a76b971", "note": "同一份合同，地址写法不同"},
                {"result": "another", "note": "两份合同，租期不同"},
            ]
        }
    )
    result: Literal["same", "another"]
    credential_id: Name | None = None
    note: Text | None = None


StatusAsked = Literal["open", "claimed", "awaiting-second", "approved", "rejected", "returned", "answered", "cancelled"]
