"""From a template to a page: each place's templates under its name, every value escaped, a missing one an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined, nodes
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer

from portal.frame import formats
from portal.frame.assets import asset
from runtime.texts import LANGUAGES, Language, Texts

FRAME = Path(__file__).parent


def environments(folders: Iterable[tuple[str, Path]], texts: Texts) -> Mapping[Language, Environment]:
    known = tuple(folders)
    return {language: _environment(known, partial(texts.say, language)) for language in LANGUAGES}


def _environment(folders: Iterable[tuple[str, Path]], say: Callable[[str], str]) -> Environment:
    """Make the environment of the templates: `desk/queue.html` is `templates/queue.html` in the folder of the desk."""
    made = _Environment(
        loader=PrefixLoader({name: FileSystemLoader(folder / "templates") for name, folder in folders}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.context_class = _Context
    made.constant = {"t": say, "asset": asset}
    made.filters |= {
        "machine": formats.machine,
        "number": formats.number,
        "size": formats.size,
        "path_of": path_of,
        "sentence": formats.sentence,
    }
    made.globals |= {"asset": asset, "query": query}
    return made


class _Context(Context):
    """Calls at once: of what our templates call, only macros are to be told how what they make is escaped."""

    def call(
        self,
        called: Callable[..., object],
        *args: object,
        _loop_vars: object = None,
        _block_vars: object = None,
        **named: object,
    ) -> object:
        return called(self.eval_ctx, *args, **named) if type(called) is Macro else called(*args, **named)


class _Environment(Environment):
    """Compiles a call of a `constant` function with a literal as what it returns: a page names about twenty texts."""

    constant: Mapping[str, Callable[[str], str]]

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,  # noqa: FBT001, FBT002 - Jinja's own hook
    ) -> str:
        return super()._generate(_Constants(self.constant).visit(source), name, filename, defer_init)


class _Constants(NodeTransformer):
    def __init__(self, functions: Mapping[str, Callable[[str], str]]) -> None:
        self._functions = functions

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 - named after the node
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name=str(name)), args=[said], kwargs=[], dyn_args=None, dyn_kwargs=None):
                function = self._functions.get(name)
                return node if function is None else self._called(function, said) or node
        return node

    def _called(self, function: Callable[[str], str], said: nodes.Expr) -> nodes.Expr | None:
        match said:
            case nodes.Const(value=str(literal)):
                return nodes.Const(function(literal), lineno=said.lineno, environment=said.environment)
            case nodes.CondExpr(test=test, expr1=one, expr2=nodes.Expr() as other):
                either = self._called(function, one), self._called(function, other)
                if None not in either:
                    return nodes.CondExpr(test, *either, lineno=said.lineno, environment=said.environment)
        return None


def query(**values: object) -> str:
    """Return the part of an address that follows the question mark, without what is empty."""
    told = {name: value for name, value in values.items() if value not in (None, "", ())}
    return f"?{urlencode(told, doseq=True)}" if told else ""


def path_of(text: object) -> str:
    """Write a text as one part of an address."""
    return quote(str(text), safe="")
