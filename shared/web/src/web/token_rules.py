"""What a token of each role may be: how long, and whether its issuer is asked if it counts (`data/tokens.yaml`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from runtime.data_files import load

DEFAULT = Path(__file__).parent / "data" / "tokens.yaml"


class TokenRule(BaseModel):
    """The rule for one role."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    hours: float = Field(gt=0, le=24 * 31)
    checked: bool


class TokenRules(BaseModel):
    """The rules of all roles; one that is left out is a fault of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.replace("_", "-"))
    resident: TokenRule
    clerk: TokenRule
    terminal: TokenRule
    reviewer: TokenRule
    grid_officer: TokenRule
    official: TokenRule
    operator: TokenRule
    department: TokenRule

    def of(self, role: str) -> TokenRule:
        """Return the rule of a role, by its name in a token."""
        rule: TokenRule = getattr(self, role.replace("-", "_"))
        return rule


def read(path: Path) -> TokenRules:
    """Read the rules. Raises DataFileError when the file can't be used."""
    return load(path, TokenRules)
