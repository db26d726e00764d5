"""MongoDB's client-side field encryption for values whose data key is wrapped by a master key of this machine.

The layout is the driver's own, so that either side reads what the other one wrote: a value is one byte for the kind
(2: random; the deterministic kind, 1, is not for documents), the data key's id (16 bytes), the BSON type (one byte),
and then what AEAD_AES_256_CBC_HMAC_SHA_512 makes of the BSON value, with all before it authenticated.
https://github.com/mongodb/specifications/blob/master/source/bson-binary-encrypted/binary-encrypted.md
"""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Mapping
from typing import Any

from bson import decode, encode
from bson.binary import Binary
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

ENCRYPTED = 6
"""BSON's binary subtype of an encrypted value."""

_BLOCK = 16
_TAG = 32
_PART = 32
_HEAD = 18
_RANDOM = 2
_DOCUMENT = 3
"""BSON's type of an embedded document."""
_SMALLEST = 2 * _BLOCK
"""Bytes of an initialisation vector and one block."""


class DamagedError(Exception):
    """A value that was not encrypted by this key, or not with what is authenticated beside it."""


class DataKey:
    """One opened data key: encrypts and decrypts documents."""

    def __init__(self, id: bytes, material: bytes, codecs: CodecOptions[dict[str, Any]]) -> None:
        """`material` are the 96 bytes of the key: for the tag, for the cipher, for deterministic values."""
        self._head = bytes([_RANDOM]) + id + bytes([_DOCUMENT])
        self._material = material
        self._codecs = codecs

    def encrypt(self, content: Mapping[str, Any]) -> Binary:
        """Encrypt a document, with a random initialisation vector."""
        plain = encode(content, codec_options=self._codecs)
        return Binary(self._head + _encrypted(self._material, plain, self._head), ENCRYPTED)

    def decrypt(self, value: bytes) -> dict[str, Any]:
        """Decrypt a document. Raises DamagedError."""
        head = value[:_HEAD]
        if len(head) < _HEAD or head[0] != _RANDOM or head[-1] != _DOCUMENT:
            raise DamagedError("not an encrypted document")
        try:
            return decode(decrypted(self._material, value[_HEAD:], head), codec_options=self._codecs)
        except BSONError as error:
            raise DamagedError("no document") from error


def _encrypted(key: bytes, plain: bytes, beside: bytes) -> bytes:
    vector, fill = os.urandom(_BLOCK), _BLOCK - len(plain) % _BLOCK
    cipher = Cipher(AES(key[_PART : 2 * _PART]), CBC(vector)).encryptor()
    content = vector + cipher.update(plain + bytes([fill]) * fill) + cipher.finalize()
    return content + _tag(key, content, beside)


def decrypted(key: bytes, content: bytes, beside: bytes = b"") -> bytes:
    """Decrypt by AEAD_AES_256_CBC_HMAC_SHA_512 (`beside` is authenticated with it). Raises DamagedError."""
    content, tag = content[:-_TAG], content[-_TAG:]
    is_whole = len(content) >= _SMALLEST and len(content) % _BLOCK == 0
    if not is_whole or not hmac.compare_digest(tag, _tag(key, content, beside)):
        raise DamagedError("HMAC validation failure")
    cipher = Cipher(AES(key[_PART : 2 * _PART]), CBC(content[:_BLOCK])).decryptor()
    plain = cipher.update(content[_BLOCK:]) + cipher.finalize()
    return plain[: -plain[-1]]


def _tag(key: bytes, content: bytes, beside: bytes) -> bytes:
    """Return the first half of the HMAC-SHA-512 over what is beside, the content, and the length beside in bits."""
    return hmac.digest(key[:_PART], beside + content + struct.pack(">Q", 8 * len(beside)), "sha512")[:_TAG]
