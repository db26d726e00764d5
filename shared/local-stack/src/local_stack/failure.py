"""What goes wrong when processes are started on one machine."""

from __future__ import annotations


class StackError(Exception):
    """Something could not be started or stopped; the message says what, and what to do about it."""
