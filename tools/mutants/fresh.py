"""Runs the tests against a mutant with everything imported anew, the walk of the model test last."""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import pytest
from typing_extensions import override

from tools.mutants.changes import Mutant


class _Changed(MetaPathFinder, Loader):
    """Imports one file changed."""

    def __init__(self, root: Path, mutant: Mutant) -> None:
        self._name = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._code = compile(mutant.make(), str(root / mutant.file), "exec")

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None:
            spec.loader = self
        return spec

    @override
    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, vars(module))


def survives_anew(root: Path, mutant: Mutant, tests: list[str], walked: int) -> bool:
    """In a process of its own: no test notices, nor does the walk."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("appliance", "simulator") or name.startswith("tests."):
            del sys.modules[name]
    sys.meta_path.insert(0, _Changed(root, mutant))
    options = ["-x", "-s", "-p", "no:cacheprovider", "-p", "no:terminal", "--timeout=0"]
    options += ["-o", "addopts=--import-mode=importlib", *tests]
    if pytest.main(options) != pytest.ExitCode.OK:
        return False
    return walk_survives(walked)


def walk_survives(walked: int) -> bool:
    """The first part of the walk that CI makes notices nothing."""
    from tests.model.walk import walk

    try:
        walk(walked, 2026)
    except Exception:  # noqa: BLE001 whatever it is, somebody has noticed
        return False
    return True
