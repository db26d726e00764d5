from __future__ import annotations

import gzip
import hashlib
import re

from portal.frame.assets import FILES, asset
from portal.frame.template_pages import FRAME
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
        if path.suffix == ".gz" or path.is_symlink():
            continue
        content = path.read_bytes()
        stem, _, told = path.stem.rpartition("-")
        assert told == hashlib.sha256(content).hexdigest()[:12], path.name
        stems.append(f"{stem}{path.suffix}")
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == content
    assert len(stems) == len(set(stems)), "more than one version of a file: make styles"


def test_the_gateway_s_own_pages_find_the_style_sheet_and_the_mark_by_names_that_stay() -> None:
    links = {path.name: path for path in FILES.iterdir() if path.is_symlink()}
    assert set(links) == {"portal.css", "portal.css.gz", "mark.svg", "mark.svg.gz"}
    assert links["portal.css"].resolve().name == asset("portal.css").rpartition("/")[2]
    assert all(path.resolve().is_file() for path in links.values())


def test_the_first_page_is_light_enough_for_a_phone() -> None:
    wire = sum(path.stat().st_size for path in FILES.glob("*.gz") if not path.is_symlink())
    assert wire <= 60_000 - 10_000  # 10 kB are left for the page itself
