"""Puts a changed function or table in the place of the real one, in a process that has imported everything."""

import ast
import sys
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from tools.mutants.changes import Mutant


def put(root: Path, mutant: Mutant) -> bool:
    """False when it cannot be done here."""
    name = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    module = sys.modules.get(name)
    if module is None:
        return False
    if mutant.function.endswith(")"):
        return _put_function(root, mutant, module)
    return _put_table(mutant, module)


def _put_function(root: Path, mutant: Mutant, module: ModuleType) -> bool:
    names = mutant.function.removesuffix("()").split(".")
    code = compile(mutant.make(), str(root / mutant.file), "exec")
    holder: object = module
    for name in names[:-1]:
        holder = vars(holder)[name]
    found = vars(holder).get(names[-1])
    if isinstance(found, property):
        found = found.fget
    found = getattr(found, "__wrapped__", found)
    new = _code_of(code, ".".join(names))
    if not isinstance(found, FunctionType) or new is None:
        return False
    if len(new.co_freevars) != len(found.__code__.co_freevars):
        return False
    found.__code__ = new
    return True


def _code_of(code: CodeType, name: str) -> CodeType | None:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            if one.co_qualname == name:
                return one
            inner = _code_of(one, name) if name.startswith(f"{one.co_qualname}.") else None
            if inner is not None:
                return inner
    return None


def _put_table(mutant: Mutant, module: ModuleType) -> bool:
    """The changed assignment, and all that is made of it, in every module that has it."""
    statement = mutant.make().body[mutant.statement]
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    if not isinstance(target, ast.Name):
        return False
    _assign(statement, module, set())
    return True


def _assign(statement: ast.Assign | ast.AnnAssign, module: ModuleType, done: set[int]) -> None:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    if not isinstance(target, ast.Name):
        return
    before = vars(module).get(target.id)
    source = ast.Module(body=[statement], type_ignores=[])
    exec(compile(source, module.__name__, "exec"), vars(module))
    done.add(id(statement))
    after = vars(module)[target.id]
    for other in list(sys.modules.values()):
        if not other.__name__.startswith(("appliance.", "tests.")):
            continue
        if other is not module and vars(other).get(target.id) is before and before is not None:
            setattr(other, target.id, after)
        elif other is not module:
            continue
        _derive(target.id, other, done)


def _derive(name: str, module: ModuleType, done: set[int]) -> None:
    """What the module's body makes of this name."""
    path = getattr(module, "__file__", None)
    if path is None:
        return
    for number, (statement, uses) in enumerate(assignments(path)):
        key = hash((path, number))
        if name in uses and key not in done:
            done.add(key)
            _assign(statement, module, done)


@cache
def assignments(path: str) -> list[tuple[ast.Assign | ast.AnnAssign, frozenset[str]]]:
    """What the body of a module assigns, and the names it makes that of; read once, before the forks."""
    body = ast.parse(Path(path).read_text(encoding="utf-8")).body
    return [
        (one, frozenset(name.id for name in ast.walk(one.value) if isinstance(name, ast.Name)))
        for one in body
        if isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None
    ]


def read_all() -> None:
    """Reads every module that may be changed or may use what is."""
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path is not None and module.__name__.startswith(("appliance.", "tests.")):
            assignments(path)
