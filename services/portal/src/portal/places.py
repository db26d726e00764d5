"""The places of the portal, the one that holds everything else last."""

from portal.hall import place as hall
from portal.resident import place as resident

PLACES = (hall.PLACE, resident.PLACE)
