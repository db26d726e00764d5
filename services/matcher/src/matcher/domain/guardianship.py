"""Who may act for a child, as identity tells it. Every fact counts up; older news changes nothing."""

from __future__ import annotations

from matcher.domain.evidence import Piece


class Care(Piece):
    """One guardianship: the newest that is known of it."""

    guardianship_id: str
    active: bool
    sequence: int


class Guardianship(Piece):
    """Everything that is known between one guardian and one child; `id` joins the two resident ids."""

    id: str
    version: int = 0
    cares: tuple[Care, ...] = ()

    @staticmethod
    def between(guardian_id: str, child_id: str) -> str:
        """Return the id for a guardian and a child."""
        return f"{guardian_id}:{child_id}"

    @property
    def active(self) -> bool:
        """Whether the one may act for the other."""
        return any(care.active for care in self.cares)

    def heard(self, care: Care) -> Guardianship:
        """Take over news of one guardianship, unless it is older than what is known."""
        known = next((each for each in self.cares if each.guardianship_id == care.guardianship_id), None)
        if known is not None and care.sequence <= known.sequence:
            return self
        return self.model_copy(update={"cares": (*(each for each in self.cares if each is not known), care)})
