"""Edited events as the bus has to read them."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from bus.envelope import BrokenMessageError, decode_event
from bus.event import EditedBy
from operations.domain.edit import Edit
from operations.handlers.dependencies import Deps
from runtime.errors import Refusal


def is_sound(body: bytes) -> bool:
    """Tell whether the envelope of a message can be read."""
    try:
        decode_event(body)
    except BrokenMessageError:
        return False
    return True


def sealed(event: object) -> bytes:
    """Write an edited event as it is sent. Raises Refusal for an integer of more than 64 bits or a broken envelope."""
    try:
        body = orjson.dumps(event)
    except TypeError as error:
        raise Refusal("edit-number-too-large", field="data") from error
    try:
        decode_event(body)
    except BrokenMessageError as error:
        raise Refusal("edit-breaks-envelope", field=error.path or "body", rule=error.rule) from error
    return body


def signed(event: Mapping[str, object], edit: Edit, deps: Deps) -> bytes:
    """Sign an edited event as an edit, by both operators. The same edit always gives the same bytes."""
    assert edit.approved is not None  # noqa: S101 - what is sent was approved
    return deps.signer.sign_edit(event, EditedBy(edit.by, edit.approved.by), edit.approved.at)
