"""Texts that nobody thought of, for so many minutes: `make fuzz MINUTES=10 TARGET=credential`.

A text that breaks a parser ends it with atheris' report, and is kept under `build/fuzz/<target>/`; what was learnt of
the parser stays there, too, so that the next run begins where this one ended. `address-pairs` are no texts for a parser
but made addresses, compared: `make fuzz MINUTES=10 TARGET=address-pairs SEED=1`.
"""

from __future__ import annotations

import argparse
import sys
from itertools import count
from pathlib import Path
from time import monotonic

import atheris

with atheris.instrument_imports(include=["credential_store", "matcher", "runtime", "standards"]):
    from tests.fuzz.addresses import check
    from tests.fuzz.targets import TARGETS, Target

_LONGEST = 4096
"""Bytes of a text; larger ones are refused by their length alone, which other tests try."""

_PAIRS = "address-pairs"


def main() -> None:
    """Feed a parser until the time is up, or it breaks."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted([*TARGETS, _PAIRS]))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    if wanted.target == _PAIRS:
        _compare_pairs(wanted.seed, wanted.minutes)
        return
    target, known = TARGETS[wanted.target], Path("build/fuzz") / wanted.target
    known.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (known / f"seed-{number}").write_text(seed, encoding="utf-8")
    limits = [f"-max_total_time={int(wanted.minutes * 60)}", f"-max_len={_LONGEST}", f"-seed={wanted.seed}"]
    arguments = [sys.argv[0], *limits, f"-artifact_prefix={known}/broken-", "-print_final_stats=1", str(known)]
    print(f"fuzz: {wanted.target} for {wanted.minutes} minutes, seed {wanted.seed}", flush=True)
    atheris.Setup(arguments, _taking(target))
    atheris.Fuzz()


def _compare_pairs(seed: int, minutes: float) -> None:
    """Compare made addresses until the time is up; one that is compared wrongly ends it with its seed."""
    end, compared = monotonic() + minutes * 60, 0
    for each in count(seed):
        if monotonic() > end:
            break
        check(each)
        compared += 1
    print(f"fuzz: {compared} writings of one place and {compared} pairs of two, from seed {seed}: all right")


def _taking(target: Target) -> object:
    def take(content: bytes) -> None:
        target.take(content.decode(errors="replace"))

    return take


if __name__ == "__main__":
    main()
