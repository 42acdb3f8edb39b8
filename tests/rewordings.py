"""Ways to write a program otherwise that does the same, as transformers for `reworded`."""

import operator
import re
import sys

import libcst as cst
import libcst.matchers as m

from sessionlint.source.children import CHILDREN
from sessionlint.source.walk import descend

_LOOKS_LIKE_CODE = "# session = Session() (it isn't: \"quoted'"
_IDLE = m.SimpleStatementLine(body=[m.Pass() | m.Expr(m.SimpleString())])
_LEAVES = m.SimpleStatementLine(body=[m.ZeroOrMore(), m.Return() | m.Raise()])

_TELLING = re.compile("(?i)db|sess|conn|engine|maker|pool|factory|cur|local|transaction|tx")


def _bound(statements) -> set[str]:
    """The names that plain assignments give a value."""
    targets = (one.target for below in statements for one in _all(below, cst.AssignTarget))
    return {target.value for target in targets if isinstance(target, cst.Name)}


def _all(node, *kinds):
    """The nodes of some kinds in a node, itself among them."""
    return [one for one in descend(node) if isinstance(one, kinds)]


def _body(node: cst.FunctionDef) -> list[cst.BaseStatement]:
    assert isinstance(node.body, cst.IndentedBlock)
    return list(node.body.body)


def _is_told(node: cst.FunctionDef) -> bool:
    """Whether a function has a docstring."""
    return m.matches(_body(node)[0], m.SimpleStatementLine(body=[m.Expr(m.SimpleString())]))


def _with_body(node: cst.FunctionDef, statements: list[cst.BaseStatement]) -> cst.FunctionDef:
    return node.with_changes(body=node.body.with_changes(body=statements))


def _block(*statements: cst.BaseStatement) -> cst.IndentedBlock:
    return cst.IndentedBlock(statements)


def _pass() -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Pass()])


class Documented(cst.CSTTransformer):
    """A docstring in each function that has none."""

    def leave_FunctionDef(self, _, updated_node):
        if not isinstance(updated_node.body, cst.IndentedBlock) or _is_told(updated_node):
            return updated_node
        docstring = cst.parse_statement('"""Do what its name says: `session.close()`."""')
        return _with_body(updated_node, [docstring, *_body(updated_node)])


class PassFirst(cst.CSTTransformer):
    """A `pass` at the beginning of each function."""

    def leave_FunctionDef(self, _, updated_node):
        if not isinstance(updated_node.body, cst.IndentedBlock):
            return updated_node
        statements, at = _body(updated_node), int(_is_told(updated_node))
        return _with_body(updated_node, [*statements[:at], _pass(), *statements[at:]])


class BranchesSwapped(cst.CSTTransformer):
    """`if not (c): B else: A`."""

    def leave_If(self, _, updated_node):
        orelse = updated_node.orelse
        if not isinstance(orelse, cst.Else) or _all(updated_node.test, cst.NamedExpr):
            return updated_node
        test = updated_node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        return updated_node.with_changes(
            test=cst.UnaryOperation(cst.Not(), test),
            body=orelse.body,
            orelse=orelse.with_changes(body=updated_node.body),
        )


class ElseBehindReturn(cst.CSTTransformer):
    """What follows an `if` that returns stands in its `else`."""

    def leave_FunctionDef(self, _, updated_node):
        if not isinstance(updated_node.body, cst.IndentedBlock):
            return updated_node
        statements = _body(updated_node)
        for index, one in enumerate(statements[:-1]):
            if m.matches(
                one, m.If(body=m.IndentedBlock(body=[m.ZeroOrMore(), _LEAVES]), orelse=None)
            ):
                rest = cst.Else(_block(*statements[index + 1 :]))
                return _with_body(
                    updated_node, [*statements[:index], one.with_changes(orelse=rest)]
                )
        return updated_node


class IdleElse(cst.CSTTransformer):
    """Loops, and `try` with a handler, have an `else` that does nothing."""

    def _with_else(self, node):
        return node.with_changes(orelse=cst.Else(_block(_pass()))) if node.orelse is None else node

    def leave_For(self, _, updated_node):
        return self._with_else(updated_node)

    def leave_While(self, _, updated_node):
        return self._with_else(updated_node)

    def leave_Try(self, _, updated_node):
        return self._with_else(updated_node) if updated_node.handlers else updated_node


class OverLines(cst.CSTTransformer):
    """What is assigned stands in brackets, each method on a line of its own."""

    def leave_Assign(self, _, updated_node):
        value = updated_node.value
        if not isinstance(value, cst.Call) or value.lpar:
            return updated_node
        line = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
        if isinstance(value.func, cst.Attribute):
            dot = cst.Dot(whitespace_before=line)
            value = value.with_changes(func=value.func.with_changes(dot=dot))
        return updated_node.with_changes(
            value=value.with_changes(lpar=[cst.LeftParen(line)], rpar=[cst.RightParen(line)])
        )


class ReturnLast(cst.CSTTransformer):
    """A `return` at the end of each function that comes to it and does something."""

    def leave_FunctionDef(self, _, updated_node):
        if not isinstance(updated_node.body, cst.IndentedBlock):
            return updated_node
        statements = _body(updated_node)
        is_idle = all(m.matches(one, _IDLE) for one in statements)
        if is_idle or m.matches(statements[-1], _LEAVES) or _all(updated_node, cst.Yield):
            return updated_node
        return _with_body(updated_node, [*statements, cst.SimpleStatementLine([cst.Return()])])


class Remarks(cst.CSTTransformer):
    """A comment that looks like code above each line."""

    def leave_SimpleStatementLine(self, _, updated_node):
        remark = cst.EmptyLine(comment=cst.Comment(_LOOKS_LIKE_CODE))
        return updated_node.with_changes(leading_lines=[*updated_node.leading_lines, remark])


class OneWithEach(cst.CSTTransformer):
    """A `with` of several items is one in another."""

    def leave_With(self, _, updated_node):
        first, *others = (
            item.with_changes(comma=cst.MaybeSentinel.DEFAULT) for item in updated_node.items
        )
        body = updated_node.body
        for item in reversed(others):
            body = _block(cst.With([item], body, asynchronous=updated_node.asynchronous))
        return updated_node.with_changes(
            items=[first], body=body, lpar=cst.MaybeSentinel.DEFAULT, rpar=cst.MaybeSentinel.DEFAULT
        )


class Numbered(cst.CSTTransformer):
    """Variables of functions have a digit in their names, but for those that tell what they hold."""

    def __init__(self):
        super().__init__()
        self._names = [set()]

    def visit_Module(self, node):
        self._top = _bound(node.body) | {
            arg.keyword.value for arg in _all(node, cst.Arg) if arg.keyword is not None
        }

    def visit_FunctionDef(self, node):
        given = {param.name.value for param in _all(node, cst.Param)}
        own = _bound(node.body.body) - given - self._top
        self._names.append(self._names[-1] | {name for name in own if not _TELLING.search(name)})

    def leave_FunctionDef(self, _, updated_node):
        self._names.pop()
        return updated_node

    def visit_Attribute_attr(self, _):
        self._names.append(set())

    def leave_Attribute_attr(self, _):
        self._names.pop()

    def leave_Name(self, _, updated_node):
        is_own = updated_node.value in self._names[-1]
        return updated_node.with_changes(value=f"{updated_node.value}1") if is_own else updated_node


class StarredHandlers(cst.CSTTransformer):
    """`except*` in place of `except`, where that is Python."""

    def leave_Try(self, _, updated_node):
        handlers = updated_node.handlers
        leaving = cst.Return, cst.Break, cst.Continue
        if not handlers or any(one.type is None or _all(one, *leaving) for one in handlers):
            return updated_node
        starred = [
            cst.ExceptStarHandler(one.body, one.type, one.name, one.leading_lines)
            for one in handlers
        ]
        return cst.TryStar(
            updated_node.body,
            starred,
            updated_node.orelse,
            updated_node.finalbody,
            updated_node.leading_lines,
        )


REWORDINGS = (
    *((StarredHandlers,) if sys.version_info >= (3, 11) else ()),
    Numbered,
    Documented,
    # Before what would make it a statement that nothing comes to.
    ReturnLast,
    PassFirst,
    BranchesSwapped,
    ElseBehindReturn,
    IdleElse,
    OverLines,
    Remarks,
    OneWithEach,
)


def reworded(node: cst.CSTNode, rewording: cst.CSTTransformer) -> cst.CSTNode:
    """What `node.visit(rewording)` gives where that leaves white space alone.

    It asks the transformer as `visit` does, but of syntax only, and rebuilds what has changed.
    """
    changes = {}
    if rewording.on_visit(node):
        for field in CHILDREN.get(type(node).__name__, ()):
            rewording.on_visit_attribute(node, field)
            old = getattr(node, field, None)
            new = _below(old, rewording)
            rewording.on_leave_attribute(node, field)
            if new is not old:
                changes[field] = new
    return rewording.on_leave(node, node.with_changes(**changes) if changes else node)


def _below(old, rewording):
    """What stands in a field of a node: nothing, a node, or several."""
    if isinstance(old, list | tuple):
        new = [reworded(one, rewording) for one in old]
        return new if any(map(operator.is_not, old, new)) else old
    return reworded(old, rewording) if isinstance(old, cst.CSTNode) else old
