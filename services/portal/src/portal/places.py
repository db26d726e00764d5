"""The places of the portal, the one that holds everything else last."""

from __future__ import annotations

from portal.desk import place as desk
from portal.doors import place as doors
from portal.hall import place as hall
from portal.office import place as office
from portal.resident import place as resident
from portal.terminal import place as terminal
from portal.window import place as window

PLACES = (desk.PLACE, doors.PLACE, hall.PLACE, office.PLACE, terminal.PLACE, window.PLACE, resident.PLACE)
