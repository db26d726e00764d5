"""From a template to a page: the texts of one language, every value escaped, a missing one an error."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from operations.domain.faults import said
from operations.domain.tones import tone
from operations.web import assets, charts, formats, session
from operations.web.bodies import fault_id
from runtime.texts import Language, Texts, choose

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Speaker:
    """The pages' texts in one language."""

    texts: Texts
    language: Language

    def __call__(self, key: str, **params: object) -> str:
        """Return the text of a key below `web.`."""
        return self.texts.say(self.language, f"web.{key}", **params)

    def named(self, kind: str, code: str) -> str:
        """Return the name of a code (`states`, `reasons`, `actions`, …); one that has none is shown as it is.

        Events, reasons, services and actions are called what the trail calls them.
        """
        keys = (f"web.{kind}.{code}", f"trail.{kind}.{code}")
        return next((self.texts.say(self.language, key) for key in keys if code and self.texts.has(key)), code)

    def codes(self, kind: str) -> frozenset[str]:
        """Return the codes of a kind that have a name."""
        starts = (f"web.{kind}.", f"trail.{kind}.")
        return frozenset(key.rpartition(".")[2] for key in self.texts.keys(self.language) if key.startswith(starts))


def show(request: Request, template: str, **values: object) -> Response:
    """Render a page. A `status` among the values is the answer's (200)."""
    t, status = speaker(request), values.get("status")
    text = _environment().get_template(template).render({**_frame(request, t), **values})
    answer = HTMLResponse(text, status if isinstance(status, int) else 200, {"Content-Language": t.language})
    session.remember_visit(request, answer)
    return answer


def speaker(request: Request) -> Speaker:
    """Return the texts in the language of whoever asks."""
    return Speaker(request.app.state.texts, choose(request.headers.get("accept-language")))


def _frame(request: Request, t: Speaker) -> Mapping[str, object]:
    """Return what every page may use."""
    return {
        "t": t,
        "named": t.named,
        "language": t.language,
        "operator": getattr(request.state, "principal", None),
        "by_proxy": session.by_proxy(request),
        "form_token": session.form_token(request),
        "once": secrets.token_urlsafe(12),
        "path": request.url.path,
        "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "span": lambda seconds: formats.span(seconds, t.language),
        "here": "",
        "problem": None,
        "filled": {},
        "chosen": (),
        "done": "",
        "told": t.codes("done"),
        "explained": t.codes("explained"),
        "advised": t.codes("advice"),
    }


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": formats.moment,
        "field": formats.field,
        "utc": formats.utc,
        "count": formats.count,
        "size": formats.size,
        "trend": charts.trend,
        "sentence": lambda text: text[:1].upper() + text[1:],  # a name that begins small, where it stands alone
        "service_name": lambda code, t: t.named("lanes", code),
    }
    made.globals |= {
        "asset": assets.address,
        "query": query,
        "path_of": path_of,
        "tone": tone,
        "said": said,
        "fault_id": fault_id,
    }
    return made


def query(**values: object) -> str:
    """Return the part of an address that follows the question mark, without what is empty."""
    told = {name: value for name, value in values.items() if value not in (None, "", ())}
    return f"?{urlencode(told, doseq=True)}" if told else ""


def path_of(text: str) -> str:
    """Write what somebody else named (a case) as a part of an address."""
    return quote(text, safe="")
