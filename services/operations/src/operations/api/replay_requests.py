"""What operators send about replays and edits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from operations.domain.replay import Between, Selection
from operations.domain.search import ChosenFailures, Criteria
from operations.handlers.edits import EditRequest
from runtime.clock import Moment
from runtime.errors import Refusal
from standards.bounds import Name, Whole, Words

Reason = Annotated[Words | None, Field(default=None, description="Kept in the record of actions")]


class OperatorRequest(BaseModel):
    """A request's body; what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TrailAsked(OperatorRequest):
    """Events of the trail for one service, `until` excluded."""

    service: Name
    since: Moment
    until: Moment
    types: Annotated[tuple[Name, ...], Field(max_length=200)] = ()


class ReplayAsked(OperatorRequest):
    """One of `failures`, `group`, `search` and `trail`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"group": "g0a1b2c3d4e5f607", "reason": "INC-4711: the register answers again", "rate": 20},
                {"failures": ["f00112233445566778899aabbccddeef"], "reason": "the schema was corrected"},
                {
                    "trail": {
                        "service": "matcher",
                        "since": "2026-11-23T00:00:00Z",
                        "until": "2026-11-23T06:00:00Z",
                    },
                    "reason": "the evidence of this morning is rebuilt",
                },
            ]
        }
    )
    failures: Annotated[tuple[Name, ...] | None, Field(max_length=2_000)] = None
    group: Name | None = None
    search: Criteria | None = None
    trail: TrailAsked | None = None
    reason: Reason
    rate: Whole | None = Field(default=None, description="Messages a second, at most")
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""

    @property
    def selection(self) -> Selection:
        """What is selected. Raises Refusal unless exactly one way is given."""
        if self.trail is None:
            return ChosenFailures(failures=self.failures, group=self.group, search=self.search)
        if any(way is not None for way in (self.failures, self.group, self.search)):
            raise Refusal("choose-one-way", field="trail")
        return Between(**self.trail.model_dump())


class StepAsked(OperatorRequest):
    """Why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "INC-4711: wait for the register"}]})
    reason: Reason


class EditAsked(OperatorRequest):
    """The event's data put right; or the whole event, where its envelope was broken. `•••` stands for the original."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"data": {"record_id": "r1", "sequence": 2}, "reason": "INC-4711: sequence was a text"}]
        }
    )
    data: Any = None
    body: Any = None
    reason: Reason
    apply_to: Literal["failure", "group"] = Field(
        default="failure", description="`group`: the same is done to every open failure of the group that it fits"
    )

    @property
    def asked(self) -> EditRequest:
        """As the handler takes it."""
        given = self.model_fields_set
        return EditRequest(
            self.data,
            self.body,
            has_data="data" in given,
            has_body="body" in given,
            is_for_group=self.apply_to == "group",
        )
