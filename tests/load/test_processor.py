from __future__ import annotations

import os
import subprocess
import time

from tests.load.processor import CLIENT, between, spent

BUSY = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
ENOUGH = 0.02
"""Seconds: the kernel counts in hundredths."""


def test_a_process_has_the_time_of_its_children_that_live_and_that_have_ended() -> None:
    before = spent({})
    script = f"exec 3<&0; sh -c '{BUSY}'; sh -c '{BUSY}; echo done; read line <&3' & wait"
    with subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy:  # noqa: S603 - the text above
        assert busy.stdout is not None
        busy.stdout.readline()

        took = between(before, spent({"busy": busy.pid}))
        busy.kill()

    assert took["busy"] >= 2 * ENOUGH


def test_what_was_spent_before_and_what_this_process_has_started_does_not_count() -> None:
    before = spent({"own": os.getpid()})
    busy = time.process_time() + 2 * ENOUGH
    while time.process_time() < busy:
        pass

    took = between(before, spent({"own": os.getpid()}))

    assert took[CLIENT] >= ENOUGH
    assert before[CLIENT] < spent({})[CLIENT]
    assert between(before, before) == dict.fromkeys(before, 0.0)
