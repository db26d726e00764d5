"""The places of the portal, the one that holds everything else last."""

from portal.hall import place as hall
from portal.resident import place as resident
from portal.window import place as window

PLACES = (hall.PLACE, window.PLACE, resident.PLACE)
