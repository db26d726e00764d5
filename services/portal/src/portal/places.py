"""The places of the portal, the one that holds everything else last."""

from __future__ import annotations

from portal.resident import place as resident

PLACES = (resident.PLACE,)
