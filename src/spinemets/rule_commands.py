"""`spinemets sins` and `spinemets signs`: a JSON document in, a JSON answer out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spinemets.errors import SpinemetsError
from spinemets.rules.signs import answer_signs
from spinemets.rules.sins_case import answer_sins

ANSWERS: dict[str, Callable[[Any], Any]] = {"sins": answer_sins, "signs": answer_signs}


def run_rule(name: str, source: str) -> str:
    """The answer of a rule to the document in a file, or on standard input for ``-``, as JSON text.

    Raises
    ------
    SpinemetsError
        If the file cannot be read, is not JSON, or is none that the rule takes.
    """
    return json.dumps(ANSWERS[name](_document(source)), indent=1, ensure_ascii=False)


def _document(source: str) -> Any:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SpinemetsError(f"cannot read {source}: {reason}") from None
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise SpinemetsError(f"{source} is not JSON: {error}") from None


def _refuse_constant(name: str) -> Any:
    raise SpinemetsError(f"{name} is no number that JSON has")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise SpinemetsError(f"the key '{name}' stands twice in one object")
    return dict(pairs)
