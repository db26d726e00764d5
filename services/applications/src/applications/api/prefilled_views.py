"""What answers a form where the applicant gives no answer of their own."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel

from applications.api.labels import LabelledCode, Labels
from applications.domain.form import Prefilled
from applications.domain.record import Value


class PrefilledView(BaseModel):
    """The answer that is taken to a question; another one can be given in its place.

    `document` and `source` say which document it stands in; both null: it is the address on the identity card.
    """

    field: str
    label: str
    value: Value
    document: LabelledCode | None
    source: str | None
    source_name: str | None
    text: str

    @classmethod
    def of(cls, prefilled: Prefilled, wording: Labels) -> Self:
        holding, label = prefilled.document, prefilled.field.label.say(wording.language)
        document = wording.document(holding.document_type) if holding else None
        source_name = wording.source(holding.source) if holding else None
        return cls(
            field=prefilled.field.key,
            label=label,
            value=prefilled.value,
            document=document,
            source=holding.source if holding else None,
            source_name=source_name,
            text=wording.say(
                "prefilled.document" if document else "prefilled.card",
                label=label,
                value=prefilled.value,
                document=document.name if document else "",
                source=source_name or "",
            ),
        )
