"""Whose data residents ask about: the same in every request that data-rights sends to all services."""

from __future__ import annotations

from bus.event import View


class Holder(View):
    """A person, by the id that identity gave and by the blind index of the identity number."""

    resident_id: str
    index: str
