"""`make rotate-keys`: new keys for everything that is kept, while the system runs.

A new master key is put in front of the old one, every service's database is brought under it, and then the old one is
removed. Killed in between, it goes on when it is started again: as long as there are two keys, it was not finished.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from local_stack.beside import where
from local_stack.failure import StackError
from local_stack.keys import STORE_KEY, new_store_key
from local_stack.layout import Layout
from local_stack.ports import SERVICES
from local_stack.secret_files import replace
from local_stack.services import environment


def main() -> int:
    """Rotate and tell; hand back 0, or the exit code of the first service that could not."""
    layout = Layout.from_environment()
    path = layout.keys / STORE_KEY
    uses_file = not os.environ.get("YIZHENG_KMS")
    try:
        if uses_file:
            keys = [line for line in path.read_bytes().splitlines() if line.strip()]
            if len(keys) == 1:
                replace(path, new_store_key() + keys[0] + b"\n")
            print(f"{path}: {'a new master key is in front' if len(keys) == 1 else 'going on with what was begun'}")
        code = rotate_all(SERVICES, layout)
    except (OSError, StackError) as error:
        print(f"rotate-keys: {error}", file=sys.stderr)
        return 1
    if code:
        print("rotate-keys: not finished; start it again to go on", file=sys.stderr)
        return code
    if uses_file:
        replace(path, path.read_bytes().splitlines()[0] + b"\n")
        print(f"{path}: only the new master key is left; nothing that is kept needs an older one")
    return 0


def rotate_all(names: Sequence[str], layout: Layout, command: str = "rotate_keys") -> int:
    """Rotate for several services side by side; return the first exit code that is not 0."""
    ports, addresses = where(layout)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", f"runtime.{command}", name],
            env=environment(name, layout, ports, addresses),
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    readers = [threading.Thread(target=_pass_on, args=(process,)) for process in running]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return next((code for code in [process.wait() for process in running] if code), 0)


def _pass_on(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    for line in process.stdout:
        print(line, end="", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
