"""Ways to break a source file in one place: comparisons, arithmetic, figures, rows of tables, statements."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

# fmt: off
COMPARE: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}
SIGNS: Final[dict[type[ast.AST], str]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Add: "+", ast.Sub: "-",
    ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.BitOr: "|", ast.BitAnd: "&",
}
SWAPPED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
# fmt: on
TEXT_FIELDS: Final = frozenset({"title", "says", "remedy", "why", "reason"})


@dataclass(frozen=True)
class Mutant:
    """One change. `function` is the outermost function or method, "" for the module itself."""

    file: str
    function: str
    line: int
    what: str
    make: Callable[[], ast.Module]
    """The whole file, changed."""
    statement: int
    """Which statement of the module is changed."""
    text: str
    """The first line of the changed statement, as it was."""

    @property
    def key(self) -> str:
        """Without the line's number, which moves."""
        return f"{self.file}:{self.function or 'table'}: {self.text}: {self.what}"


Edit = tuple[str, Callable[[ast.AST], ast.AST | None]]


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Every change of this file."""
    tree = ast.parse(source)
    lines = source.splitlines()
    seen: dict[str, int] = {}
    for at, statement in enumerate(tree.body):
        for function, path, node, edits in _places(statement):
            for what, edit in edits:
                line = getattr(node, "lineno", statement.lineno)
                text = lines[line - 1].strip()
                key = f"{function}{text}{what}"
                seen[key] = seen.get(key, 0) + 1
                label = what if seen[key] == 1 else f"{what} (no. {seen[key]})"
                make = partial(_apply, tree, at, path, edit)
                yield Mutant(file, function, line, label, make, at, text)


Path = tuple[tuple[str, int | None], ...]


def _apply(tree: ast.Module, at: int, path: Path, edit: Callable[[ast.AST], ast.AST | None]) -> ast.Module:  # fmt: skip
    changed = ast.Module(body=list(tree.body), type_ignores=[])
    top = copy.deepcopy(tree.body[at])
    changed.body[at] = top
    parent: ast.AST = changed
    hold: tuple[ast.AST, str, int | None] = (changed, "body", at)
    node: ast.AST = top
    for name, index in path:
        parent = node
        value = getattr(parent, name)
        node = value if index is None else value[index]
        hold = (parent, name, index)
    new = edit(node)
    parent, name, index = hold
    if index is None:
        setattr(parent, name, new)
    elif new is None:
        del getattr(parent, name)[index]
    else:
        getattr(parent, name)[index] = new
    return ast.fix_missing_locations(changed)


def _places(statement: ast.stmt) -> Iterator[tuple[str, Path, ast.AST, list[Edit]]]:
    """All nodes of a statement of the module that can be changed, with the ways to do so."""
    if isinstance(statement, ast.Import | ast.ImportFrom) or _is_text(statement):
        return
    if _is_for_tools(statement):
        return
    yield from _walk(statement, (), "", None)


def _walk(
    node: ast.AST, path: Path, function: str, parent: ast.AST | None
) -> Iterator[tuple[str, Path, ast.AST, list[Edit]]]:
    if isinstance(node, ast.JoinedStr | ast.Assert) or _is_text(node):
        return
    edits = list(_edits(node, parent, bool(function)))
    if edits:
        yield function, path, node, edits
    inner = _inner(node, function)
    for name, index, one in _children(node):
        yield from _walk(one, (*path, (name, index)), inner, node)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """What is inside, but for types, parameters and decorators."""
    for name, value in ast.iter_fields(node):
        parameters = name == "args" and not isinstance(node, ast.Call)
        if parameters or name in (
            "annotation",
            "returns",
            "decorator_list",
            "type_params",
            "bases",
        ):
            continue
        if isinstance(value, ast.AST):
            yield name, None, value
        elif isinstance(value, list):
            for index, one in enumerate(value):
                if isinstance(one, ast.AST):
                    yield name, index, one


def _inner(node: ast.AST, function: str) -> str:
    """The name of the outermost function for what is inside `node`; classes are named on the way."""
    if isinstance(node, ast.FunctionDef) and not function.endswith(")"):
        return f"{function}{node.name}()"
    if isinstance(node, ast.ClassDef) and not function:
        return f"{node.name}."
    return function


def in_function(function: str) -> bool:
    """Else it belongs to the body of the module or of a class."""
    return function.endswith(")")


def _is_for_tools(statement: ast.stmt) -> bool:
    """What no running code looks at: `__all__`, and names of types."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    name = statement.targets[0].id
    return name == "__all__" or (isinstance(statement.value, ast.Subscript) and not name.isupper())


def _is_text(node: ast.AST) -> bool:
    """Words for people: documentation, messages, reasons."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return any(isinstance(one, ast.Name) and one.id == "msg" for one in node.targets)
    return isinstance(node, ast.keyword) and node.arg in TEXT_FIELDS


def _edits(node: ast.AST, parent: ast.AST | None, inside: bool) -> Iterator[Edit]:
    for make in (_compared, _joined, _calculated, _figure, _called, _dropped, _returned, _tabled):
        yield from make(node, parent, inside)


def _compared(node: ast.AST, _parent: ast.AST | None, _inside: bool) -> Iterator[Edit]:
    if not isinstance(node, ast.Compare):
        return
    for at, sign in enumerate(node.ops):
        for other in COMPARE.get(type(sign), ()):

            def edit(one: ast.AST, at: int = at, other: type[ast.cmpop] = other) -> ast.AST:
                assert isinstance(one, ast.Compare)
                one.ops[at] = other()
                return one

            yield f"{SIGNS[type(sign)]} → {SIGNS[other]}", edit


def _joined(node: ast.AST, parent: ast.AST | None, _inside: bool) -> Iterator[Edit]:
    if isinstance(node, ast.BoolOp):
        was, other = ("and", ast.Or) if isinstance(node.op, ast.And) else ("or", ast.And)
        values = node.values
        swapped = "or" if was == "and" else "and"
        yield f"{was} → {swapped}", lambda _: ast.BoolOp(other(), copy.deepcopy(values))
        for at, value in enumerate(node.values):

            def without(one: ast.AST, at: int = at) -> ast.AST:
                assert isinstance(one, ast.BoolOp)
                left = [*one.values[:at], *one.values[at + 1 :]]
                return left[0] if len(left) == 1 else ast.BoolOp(one.op, left)

            yield f"without {ast.unparse(value)[:60]}", without
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        sign = "not" if isinstance(node.op, ast.Not) else "-"
        yield f"without {sign}", lambda one: one.operand  # type: ignore[attr-defined]
    tested = isinstance(parent, ast.If | ast.IfExp | ast.While) and node is parent.test
    if tested and not isinstance(node, ast.Compare | ast.UnaryOp):
        yield "negated", lambda one: ast.UnaryOp(ast.Not(), one)  # type: ignore[arg-type]


def _calculated(node: ast.AST, _parent: ast.AST | None, _inside: bool) -> Iterator[Edit]:
    if not isinstance(node, ast.BinOp | ast.AugAssign):
        return
    other = ARITHMETIC.get(type(node.op))
    if other is None:
        return

    def edit(one: ast.AST) -> ast.AST:
        assert isinstance(one, ast.BinOp | ast.AugAssign)
        assert other is not None
        one.op = other()
        return one

    yield f"{SIGNS[type(node.op)]} → {SIGNS[other]}", edit


def _figure(node: ast.AST, _parent: ast.AST | None, _inside: bool) -> Iterator[Edit]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    others: tuple[bool | int | float, ...] = ()
    if isinstance(value, bool):
        others = (not value,)
    elif isinstance(value, int):
        others = (value + 1, value - 1)
    elif isinstance(value, float):
        others = (1.5 * value, 0.5 * value) if value else (1.0,)
    for other in others:

        def edit(_: ast.AST, other: float = other) -> ast.AST:
            return ast.Constant(other)

        yield f"{value!r} → {other!r}", edit


def _called(node: ast.AST, _parent: ast.AST | None, inside: bool) -> Iterator[Edit]:
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Name) and node.func.id in SWAPPED:
        other = SWAPPED[node.func.id]

        def edit(one: ast.AST) -> ast.AST:
            assert isinstance(one, ast.Call)
            one.func = ast.Name(other, ast.Load())
            return one

        yield f"{node.func.id} → {other}", edit
    for at, keyword in enumerate(node.keywords):
        if keyword.arg is None or keyword.arg in TEXT_FIELDS or keyword.arg == "key":
            continue

        def without(one: ast.AST, at: int = at) -> ast.AST:
            assert isinstance(one, ast.Call)
            del one.keywords[at]
            return one

        yield f"without {keyword.arg}=", without


def _dropped(node: ast.AST, _parent: ast.AST | None, inside: bool) -> Iterator[Edit]:
    if not inside:
        return
    call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    put = isinstance(node, ast.Assign) and isinstance(
        node.targets[0], ast.Attribute | ast.Subscript
    )
    if call or put or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Delete):
        yield "statement dropped", lambda _: ast.Pass()


def _returned(node: ast.AST, _parent: ast.AST | None, _inside: bool) -> Iterator[Edit]:
    if not isinstance(node, ast.Return) or node.value is None:
        return
    if not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield "returns None", lambda _: ast.Return(ast.Constant(None))


def _tabled(node: ast.AST, parent: ast.AST | None, inside: bool) -> Iterator[Edit]:
    """Rows, keys and members of what is written down in the module's body."""
    if inside or (isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple)):
        return  # what is unpacked into names cannot lose a member
    if isinstance(node, ast.Tuple | ast.List | ast.Set) and len(node.elts) > 1:
        for at, one in enumerate(node.elts):
            yield f"without {ast.unparse(one)[:50]}", lambda n, at=at: _without(n, at)  # type: ignore[misc]
        yield from _columns(node)
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        for at, key in enumerate(node.keys):
            if key is not None:
                yield f"without {ast.unparse(key)[:50]}", lambda n, at=at: _without_key(n, at)  # type: ignore[misc]


def _without(node: ast.AST, at: int) -> ast.AST:
    assert isinstance(node, ast.Tuple | ast.List | ast.Set)
    del node.elts[at]
    return node


def _without_key(node: ast.AST, at: int) -> ast.AST:
    assert isinstance(node, ast.Dict)
    del node.keys[at], node.values[at]
    return node


def _columns(table: ast.Tuple | ast.List | ast.Set) -> Iterator[Edit]:
    """A cell of a row gets what stands in the next row."""
    rows = [one for one in table.elts if isinstance(one, ast.Call)]
    if len(rows) < 2 or len(rows) != len(table.elts):
        return
    for at, row in enumerate(rows):
        below = rows[(at + 1) % len(rows)]
        for column, (cell, other) in enumerate(zip(row.args, below.args, strict=False)):
            same = ast.dump(cell) == ast.dump(other)
            if same or isinstance(cell, ast.Constant):
                continue

            def edit(one: ast.AST, at: int = at, column: int = column, other: ast.expr = other) -> ast.AST:  # fmt: skip
                changed = one.elts[at]  # type: ignore[attr-defined]
                changed.args[column] = copy.deepcopy(other)
                return one

            name = ast.unparse(row.args[0])[:30]
            yield f"row {name}: {ast.unparse(cell)[:40]} → {ast.unparse(other)[:40]}", edit
