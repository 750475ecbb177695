"""A name for the code that makes a cached file, so that a file of other code is not taken for one of this code."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
"""Folder in which the package lies."""
DIGITS = 10


@cache
def source_digest(module: str, sources: Path = SOURCES) -> str:
    """`DIGITS` hexadecimal digits that change with what a module does.

    They are made of the statements of the module and of all modules of its package that these import, directly or
    not. Comments, docstrings and layout do not count. Other libraries do not either, nor does the version of Python
    but for its notation of statements.

    Parameters
    ----------
    module : str
        Full name, such as ``spinemets.datasets.diseased_cases``.
    sources : Path
        Folder in which its package lies.

    Raises
    ------
    ValueError
        If there is no such module.
    """
    if _source(module, sources) is None:
        raise ValueError(f"there is no source of the module {module}")
    package = module.partition(".")[0]
    statements: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = None if name in statements else _source(name, sources)
        if path is not None:
            tree = ast.parse(path.read_bytes())
            statements[name] = ast.dump(_WithoutDocstrings().visit(tree))
            waiting += [other for other in _imported(tree) if other.partition(".")[0] == package]
    return hashlib.sha256(repr(sorted(statements.items())).encode()).hexdigest()[:DIGITS]


def _source(module: str, sources: Path) -> Path | None:
    """File of a module or of the beginning of a package; None for any other name that is imported."""
    path = sources.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imported(tree: ast.AST) -> Iterator[str]:
    """Full names after ``import`` and ``from``, and what is imported from there, which may be modules as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (entry.name for entry in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{entry.name}" for entry in node.names)


class _WithoutDocstrings(ast.NodeTransformer):
    """Takes out statements that are nothing but a string."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_string = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_string else node
