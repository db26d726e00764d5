"""Waiting by polling with a deadline."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable

from local_stack.ports import HOST

INTERVAL = 0.05
ATTEMPT = 2.0
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
AMQP_METHOD_FRAME = b"\x01"


def poll(check: Callable[[], bool], *, seconds: float) -> bool:
    """Repeat `check` until it is true or the time is up; say which."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True


def answers_amqp(port: int) -> bool:
    """Say whether a broker answers the AMQP 0-9-1 greeting on a port."""
    try:
        with socket.create_connection((HOST, port), ATTEMPT) as connection:
            connection.sendall(AMQP_HEADER)
            return connection.recv(1) == AMQP_METHOD_FRAME
    except OSError:
        return False


def accepts(port: int) -> bool:
    """Say whether anybody accepts connections on a port."""
    try:
        with socket.create_connection((HOST, port), ATTEMPT):
            return True
    except OSError:
        return False


def answers_http(port: int, path: str, trusted: ssl.SSLContext | None = None) -> bool:
    """Say whether GET on a path is answered with 200; over TLS when it is said who is trusted."""
    connection = (
        http.client.HTTPSConnection(HOST, port, timeout=ATTEMPT, context=trusted)
        if trusted
        else http.client.HTTPConnection(HOST, port, timeout=ATTEMPT)
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
