"""Every flag that the source can raise, found by reading it.

Flags are strings in what is assigned to, passed as, appended to or kept under ``flags``, and in what functions whose
name ends in ``flags`` return. Names are followed to the constants, or to the assignments of the function, that they
stand for. Conditions are not followed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOLE = "{}"
"""Stands in a flag for what is put in at run time."""


def raised_flags(sources: Path) -> frozenset[str]:
    """Flags of every module of a package."""
    return frozenset(flag for path in sorted(sources.rglob("*.py")) for flag in _Module(path, sources).flags())


@dataclass(frozen=True)
class _Module:
    path: Path
    package: Path

    def flags(self) -> Iterator[str]:
        tree = _tree(self.path)
        for scope in [tree, *(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))]:
            for value in _values(scope):
                yield from self._strings(value, scope, frozenset())

    def _strings(self, node: ast.AST, scope: ast.AST, seen: frozenset[str]) -> Iterator[str]:
        """Strings of an expression of a function, or of the module."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
        elif isinstance(node, ast.Name) and node.id not in seen:
            for value in [*_assigned(scope, node.id), *self._constant(node.id)]:
                yield from self._strings(value, scope, seen | {node.id})
        elif isinstance(node, ast.IfExp):
            yield from self._strings(node.body, scope, seen)
            yield from self._strings(node.orelse, scope, seen)
        elif isinstance(node, ast.comprehension):
            yield from self._strings(node.iter, scope, seen)
        elif isinstance(node, ast.Dict):
            for key in node.keys:
                yield from self._strings(key, scope, seen) if key else ()
        elif isinstance(node, ast.Call):
            for part in (*node.args, node.func):
                yield from self._strings(part, scope, seen)
        elif not isinstance(node, ast.Subscript | ast.Compare):
            for part in ast.iter_child_nodes(node):
                yield from self._strings(part, scope, seen)

    def _constant(self, name: str) -> list[ast.expr]:
        """What a constant of this module, or one that it imports from the package, is set to."""
        if not name.isupper():
            return []
        found = _assigned(_tree(self.path), name)
        for node in _tree(self.path).body:
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{self.package.name}."):
                of = {entry.asname or entry.name: entry.name for entry in node.names}
                path = self.package.parent.joinpath(*node.module.split(".")).with_suffix(".py")
                found += _assigned(_tree(path), of[name]) if name in of and path.is_file() else []
        return [one for one in found if isinstance(one, ast.Constant)]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a function, or of the module, that are not those of a function within it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef):
            yield node
            yield from _own(node)


def _pairs(target: ast.AST, value: ast.expr) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Targets of an assignment with what each gets, as far as that stands there."""
    if not isinstance(target, ast.Tuple):
        yield target, value
    elif isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
        for one, own in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, own)
    elif isinstance(value, ast.IfExp):
        yield from (*_pairs(target, value.body), *_pairs(target, value.orelse))


def _assignments(scope: ast.AST) -> Iterator[tuple[ast.AST, ast.expr]]:
    for node in _own(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, ast.AugAssign | ast.AnnAssign) and node.value is not None:
            yield node.target, node.value


def _assigned(scope: ast.AST, name: str) -> list[ast.expr]:
    return [value for target, value in _assignments(scope) if isinstance(target, ast.Name) and target.id == name]


def _is_flags(target: ast.AST) -> bool:
    if isinstance(target, ast.Subscript):
        return isinstance(target.slice, ast.Constant) and target.slice.value == "flags"
    return getattr(target, "id", getattr(target, "attr", None)) == "flags"


def _values(scope: ast.AST) -> Iterator[ast.expr]:
    """Expressions that hold flags."""
    yield from (value for target, value in _assignments(scope) if _is_flags(target))
    for node in _own(scope):
        if isinstance(node, ast.Call):
            yield from (one.value for one in node.keywords if one.arg == "flags")
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend") and node.args:
                yield from node.args if _is_flags(node.func.value) else ()
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "flags")
        elif isinstance(node, ast.Return) and node.value and getattr(scope, "name", "").endswith("flags"):
            yield node.value
