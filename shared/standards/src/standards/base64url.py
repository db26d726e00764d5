"""base64url without padding (RFC 4648, section 5, as RFC 7515 uses it); each content has exactly one spelling."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode


def encode(content: bytes) -> str:
    """Spell a content."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the content. Raises ValueError for other characters, padding, and bits that are set beyond the end."""
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        content = None
    if content is None or encode(content) != text:
        message = "not the spelling of any content in base64url"
        raise ValueError(message)
    return content
