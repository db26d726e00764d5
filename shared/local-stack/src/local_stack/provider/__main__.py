"""Starts the development provider: `python -m local_stack.provider`."""

from __future__ import annotations

import uvicorn

from local_stack.certificates import ensure_certificate
from local_stack.keys import ensure_keys
from local_stack.layout import Layout
from local_stack.ports import HOST, Ports
from local_stack.provider.app import create_app


def main() -> None:
    """Serve until SIGTERM."""
    layout, ports = Layout.from_environment(), Ports.from_environment()
    ensure_keys(layout.keys)
    certificate = ensure_certificate(layout.keys, "provider")
    uvicorn.run(
        create_app(layout, ports),
        host=HOST,
        port=ports.provider,
        ssl_certfile=str(certificate.certificate),
        ssl_keyfile=str(certificate.key),
        log_level="warning",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
