"""The narrow views of the events that operations acts on; all others it only records."""

from __future__ import annotations

from bus.event import View


class CasesErased(View):
    """applications.data-erased: the data of these cases is gone."""

    erasure_id: str
    cases: list[str]
