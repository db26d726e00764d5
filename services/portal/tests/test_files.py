from __future__ import annotations

import gzip
import hashlib
import re

from portal.frame.assets import FILES, asset
from portal.frame.rendering import FRAME
from portal.places import PLACES

NAMED = re.compile(r"""asset\(['"]([^'"]+)['"]\)""")
FOLDERS = [FRAME, *(each.folder for each in PLACES)]


def test_every_file_that_a_page_asks_for_is_there() -> None:
    pages = [path.read_text(encoding="utf-8") for each in FOLDERS for path in (each / "templates").glob("*.html")]
    for name in {name for page in pages for name in NAMED.findall(page)}:
        assert asset(name).startswith("/assets/")


def test_every_file_is_called_by_its_content_and_lies_there_once_and_compressed() -> None:
    stems: list[str] = []
    for path in sorted(FILES.iterdir()):
        if path.suffix == ".gz":
            continue
        content = path.read_bytes()
        stem, _, told = path.stem.rpartition("-")
        assert told == hashlib.sha256(content).hexdigest()[:12], path.name
        stems.append(f"{stem}{path.suffix}")
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == content
    assert len(stems) == len(set(stems)), "more than one version of a file: make styles"


def test_the_first_page_is_light_enough_for_a_phone() -> None:
    wire = sum(path.stat().st_size for path in FILES.glob("*.gz"))
    assert wire <= 60_000 - 10_000  # 10 kB are left for the page itself
