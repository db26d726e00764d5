"""Credentials as far as this service must know: whose they are, and who vouches for them."""

from __future__ import annotations

from data_rights.domain.record import RightsModel


class KnownCredential(RightsModel):
    """A credential (`id`) with the identifier of its newest version. `origin` is who vouches for it.

    `holder` is a blind index; `sequence` counts up with every change, only the newest counts.
    """

    id: str
    version: int = 0
    holder: str
    document_type: str
    identifier: str
    origin: str
    sequence: int
