"""Edits of a syntax tree, and the imports that come and go with them."""

from textwrap import dedent

import libcst as cst
import pytest

from sessionlint.errors import UnfitEdit
from sessionlint.model import (
    AddImport,
    Edit,
    Fix,
    RemoveImportIfUnused,
    Replace,
    Safety,
    Splice,
)
from sessionlint.source.splice import Map, apart, applied

CLOSING = AddImport("contextlib", "closing")
CACHE = RemoveImportIfUnused("lru_cache")


def edited(text: str, *edits: Edit) -> str:
    return applied(Map(cst.parse_module(dedent(text))), edits).code


def parsed(text: str) -> cst.Module:
    return cst.parse_module(dedent(text))


def line(text: str) -> cst.BaseStatement:
    return cst.parse_statement(text)


def block_of(module: cst.Module) -> cst.IndentedBlock:
    """The body of the module's first statement."""
    body = module.body[0].body
    assert isinstance(body, cst.IndentedBlock)
    return body


FUNCTION = """\
def f():
    # first
    one()
    two()  # second

    three()
    # the end
"""


def test_several_splices_count_in_the_old_block():
    module = parsed(FUNCTION)
    body = block_of(module)
    edits = [
        Splice(body, 2, 3, (line("drei()"), line("vier()"))),
        Splice(body, 0, 0, (line("null()"),)),
        Splice(body, 1, 2, ()),
    ]
    assert applied(Map(module), edits).code == dedent("""\
        def f():
            null()
            # first
            one()
            drei()
            vier()
            # the end
        """)


def test_a_moved_statement_keeps_its_lines_and_gets_its_own_edits():
    module = parsed(FUNCTION)
    body = block_of(module)
    one = body.body[0]
    assert isinstance(one, cst.SimpleStatementLine)
    around = cst.With([cst.WithItem(cst.Name("it"))], cst.IndentedBlock(body.body[:2]))
    edits = [Splice(body, 0, 2, (around,)), Replace(one.body[0], cst.Pass())]
    assert applied(Map(module), edits).code == dedent("""\
        def f():
            with it:
                # first
                pass
                two()  # second

            three()
            # the end
        """)


def test_a_replacement_may_hold_what_it_replaces():
    module = parsed("x = y\n")
    value = module.body[0].body[0].value
    edits = [Replace(value, cst.Call(cst.Name("f"), [cst.Arg(value)]))]
    assert applied(Map(module), edits).code == "x = f(y)\n"


def test_a_node_may_go():
    module = parsed("@a\n@b\ndef f(): pass\n")
    edits = [Replace(module.body[0].decorators[0], cst.RemovalSentinel.REMOVE)]
    assert applied(Map(module), edits).code == "@b\ndef f(): pass\n"


def test_a_block_without_statements_passes():
    module = parsed("def f():\n    a()\n")
    assert applied(Map(module), [Splice(block_of(module), 0, 1, ())]).code == "def f():\n    pass\n"


def test_statements_of_the_module_can_be_replaced():
    module = parsed("# top\na()\nb()\n")
    assert applied(Map(module), [Splice(module, 1, 2, (line("c()"),))]).code == "# top\na()\nc()\n"


def test_an_edit_of_another_tree_does_not_fit():
    stranger = cst.Name("x")
    with pytest.raises(UnfitEdit, match="not in the file"):
        edited("x = 1\n", Replace(stranger, cst.Name("y")))


def test_an_edit_inside_what_goes_does_not_fit():
    module = parsed("def f():\n    a()\n")
    body = block_of(module)
    with pytest.raises(UnfitEdit, match="another edit takes away"):
        applied(Map(module), [Splice(body, 0, 1, ()), Replace(body.body[0].body[0], cst.Pass())])


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (1, 1), (2, 4)])
def test_splices_that_cross_or_reach_too_far_do_not_fit(start, stop):
    module = parsed(FUNCTION)
    body = block_of(module)
    with pytest.raises(UnfitEdit, match="one place"):
        applied(Map(module), [Splice(body, 0, 2, ()), Splice(body, start, stop, ())])


def test_two_replacements_of_one_node_do_not_fit():
    module = parsed("x = 1\n")
    value = module.body[0].body[0].value
    with pytest.raises(UnfitEdit, match="one place"):
        applied(Map(module), [Replace(value, cst.Name("a")), Replace(value, cst.Name("b"))])


def together(module: cst.Module, *groups: list[Edit]) -> list[int]:
    return apart(Map(module), [Fix("t", Safety.SAFE, tuple(group)) for group in groups])


def test_fixes_side_by_side_go_together():
    module = parsed(FUNCTION)
    body = block_of(module)
    first = [Splice(body, 0, 1, ()), CLOSING]
    second = [Replace(body.body[1], line("pass")), CLOSING]
    third = [Splice(body, 2, 2, (line("a()"),))]
    assert together(module, first, second, third) == [0, 1, 2]


def test_fixes_inside_around_or_across_others_wait():
    module = parsed(FUNCTION)
    body = block_of(module)
    name = body.body[1].body[0].value.func
    assert together(
        module,
        [Splice(body, 1, 3, ())],
        [Splice(body, 0, 2, ())],
        [Replace(name, cst.Name("x"))],
        [Replace(body, body)],
        [Splice(body, 0, 1, ())],
    ) == [0, 4]


def test_two_insertions_at_one_place_do_not_go_together():
    module = parsed(FUNCTION)
    body = block_of(module)
    first, second = [Splice(body, 3, 3, (line(name),)) for name in ("a()", "b()")]
    assert together(module, [first], [second], [Splice(body, 0, 0, (line("c()"),))]) == [0, 2]


def test_what_no_edit_is_about_is_not_built_anew():
    module = parsed("def f():\n    a()\n\n\ndef g():\n    b()\n")
    changed = applied(Map(module), [Splice(block_of(module), 0, 1, (line("c()"),))])
    assert changed.body[1] is module.body[1]


ADDED = {
    "beside its like": (
        "import os\nimport zlib\nfrom dataclasses import field\n\nfrom app import x\n",
        (
            "import os\nimport zlib\nfrom contextlib import closing\nfrom dataclasses import field\n\n"
            "from app import x\n"
        ),
    ),
    "after plain imports": (
        "import contextlib\n\nfrom app import x\n",
        "import contextlib\nfrom contextlib import closing\n\nfrom app import x\n",
    ),
    "after the future": (
        '"""d"""\nfrom __future__ import annotations\nx = 1\n',
        '"""d"""\nfrom __future__ import annotations\n\nfrom contextlib import closing\n\nx = 1\n',
    ),
    "a group of its own": (
        "# licence\n\nimport sqlalchemy\n\n\ndef f(): pass\n",
        "# licence\n\nfrom contextlib import closing\n\nimport sqlalchemy\n\n\ndef f(): pass\n",
    ),
    "after the docstring": (
        '"""d"""\ndef f(): pass\n',
        '"""d"""\n\nfrom contextlib import closing\n\n\ndef f(): pass\n',
    ),
    "below what a file begins with": (
        "#!/bin/x\n# coding: utf-8\n\n# about f\ndef f(): pass\n",
        "#!/bin/x\n# coding: utf-8\n\nfrom contextlib import closing\n\n\n# about f\ndef f(): pass\n",
    ),
    "a comment stays with its import": (
        "import abc\n\n# why\nfrom dataclasses import field\n",
        "import abc\nfrom contextlib import closing\n\n# why\nfrom dataclasses import field\n",
    ),
    "below the values that come first": (
        "# the page\nID = 1\n\nimport os\nimport json\n",
        "# the page\nID = 1\n\nimport os\nimport json\nfrom contextlib import closing\n",
    ),
    "a group of its own below values": (
        "# the page\nID = 1\nimport sqlalchemy\n",
        "# the page\nID = 1\n\nfrom contextlib import closing\n\nimport sqlalchemy\n",
    ),
    "values alone": ("ID = 1\n", "from contextlib import closing\n\nID = 1\n"),
    "an existing line": (
        "from contextlib import aclosing, suppress\n",
        "from contextlib import aclosing, closing, suppress\n",
    ),
    "names in no order": (
        "from contextlib import suppress, aclosing\n",
        "from contextlib import suppress, aclosing, closing\n",
    ),
    "one name a line": (
        "from contextlib import (\n    suppress,\n)\n",
        "from contextlib import (\n    closing,\n    suppress,\n)\n",
    ),
    "the last of several lines": (
        "from contextlib import (\n    aclosing\n)\n",
        "from contextlib import (\n    aclosing,\n    closing\n)\n",
    ),
    "under the bracket": (
        "from contextlib import (aclosing,\n                        suppress)\n",
        (
            "from contextlib import (aclosing,\n                        closing,\n"
            "                        suppress)\n"
        ),
    ),
    "a continued line": (
        "from contextlib import aclosing, \\\n    suppress\n",
        "from contextlib import aclosing, \\\n    closing, suppress\n",
    ),
    "comments between names": (
        "from contextlib import (  # why\n    suppress,\n)\n",
        "from contextlib import (  # why\n    suppress,\n)\nfrom contextlib import closing\n",
    ),
    "there under another name": (
        "from contextlib import closing as shut\n",
        "from contextlib import closing as shut, closing\n",
    ),
    "for type checkers only": (
        "import os\n\nif TYPE_CHECKING:\n    from contextlib import closing\n",
        (
            "import os\nfrom contextlib import closing\n\n"
            "if TYPE_CHECKING:\n    from contextlib import closing\n"
        ),
    ),
    "in a function only": (
        "import os\ndef f():\n    from contextlib import closing\n",
        "import os\nfrom contextlib import closing\ndef f():\n    from contextlib import closing\n",
    ),
    "an empty file": ("", "from contextlib import closing"),
    "there": ("from contextlib import closing\n", "from contextlib import closing\n"),
}


@pytest.mark.parametrize(("before", "after"), ADDED.values(), ids=ADDED)
def test_an_import_is_added(before, after):
    assert edited(before, CLOSING) == after
    assert edited(after, CLOSING) == after


def test_a_line_of_imports_does_not_grow_too_wide():
    full = f"from contextlib import a{'b' * 60}\n"
    assert edited(full, CLOSING) == f"{full}from contextlib import closing\n"


def test_several_imports_find_their_places():
    edits = [CLOSING, AddImport("sqlalchemy.orm", "Session"), AddImport("contextlib", "suppress")]
    assert edited("import os\n\nimport zope\n\nfrom . import a\n", *edits) == (
        "import os\nfrom contextlib import closing, suppress\n\n"
        "import zope\nfrom sqlalchemy.orm import Session\n\nfrom . import a\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "def closing(): pass\n",
        "def f(closing): pass\n",
        "for closing in x: pass\n",
        "with x as (closing, y): pass\n",
        "from app import closing\n",
        "import closing.x\n",
        "try: pass\nexcept E as closing: pass\n",
        "try: pass\nexcept* E as closing: pass\n",
        "match x:\n    case {**closing}: pass\n",
        "type closing = int\n",
        "def f[closing](x): pass\n",
        "class A[*closing]: pass\n",
        "try:\n    from contextlib import closing\nexcept ImportError:\n    closing = None\n",
    ],
)
def test_a_name_that_means_something_else_cannot_be_imported(text):
    with pytest.raises(UnfitEdit, match="`closing` means something else in this file"):
        edited(text, CLOSING)


def test_a_name_that_is_there_only_sometimes_cannot_be_imported():
    with pytest.raises(UnfitEdit, match="under a condition"):
        edited("if x:\n    from contextlib import closing\n", CLOSING)


REMOVED = {
    "alone": ("from functools import lru_cache\nimport os\n", "import os\n"),
    "the first of a group": (
        "import os\n\nfrom functools import lru_cache\nimport x\n",
        "import os\n\nimport x\n",
    ),
    "with comments above": (
        "# c\n\n# d\nfrom functools import lru_cache\n\n\nf()\n",
        "# c\n\n# d\n\n\nf()\n",
    ),
    "the last statement": ("f()\n# c\nfrom functools import lru_cache\n", "f()\n# c\n"),
    "the first line": ("from functools import lru_cache\n\n\ndef f(): pass\n", "def f(): pass\n"),
    "the first of several": (
        "from functools import lru_cache, partial\n",
        "from functools import partial\n",
    ),
    "the last of several lines": (
        "from functools import (\n    cache,\n    lru_cache,\n)\n",
        "from functools import (\n    cache,\n)\n",
    ),
    "only an attribute or keyword": (
        "from functools import lru_cache\nx.lru_cache(lru_cache=1)\n",
        "x.lru_cache(lru_cache=1)\n",
    ),
    "only in words": (
        'from functools import lru_cache\n\n\ndef f():\n    """Has no lru_cache any more."""\n',
        'def f():\n    """Has no lru_cache any more."""\n',
    ),
    "under another name": ("from functools import cache as lru_cache\nf()\n", "f()\n"),
    "for type checkers only": (
        (
            "import os\nfrom typing import TYPE_CHECKING, Any\n\n"
            "if TYPE_CHECKING:\n    from functools import lru_cache\n\nf()\n"
        ),
        "import os\nfrom typing import Any\n\nf()\n",
    ),
    "for type checkers, who are asked by an attribute": (
        "import os\nimport typing as t\nif t.TYPE_CHECKING:\n    from functools import lru_cache\n",
        "import os\n",
    ),
    "among others for type checkers": (
        (
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
            "    from functools import lru_cache\n\n    from app import Job, Row\n\nf()\n"
        ),
        (
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
            "    from app import Job, Row\n\nf()\n"
        ),
    ),
    "the last for type checkers": (
        "if TYPE_CHECKING:\n    from app import Job\n    from functools import cache, lru_cache\n",
        "if TYPE_CHECKING:\n    from app import Job\n    from functools import cache\n",
    ),
    "in a function": (
        "def f():\n    from functools import lru_cache\n\n    # c\n    return 1\n",
        "def f():\n    # c\n    return 1\n",
    ),
    "in a method, behind its docstring": (
        (
            'class A:\n    def f(self):\n        """A."""\n        from functools import lru_cache\n'
            "        return 1\n"
        ),
        'class A:\n    def f(self):\n        """A."""\n        return 1\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), REMOVED.values(), ids=REMOVED)
def test_an_import_that_nothing_mentions_goes(before, after):
    assert edited(before, CACHE) == after


@pytest.mark.parametrize(
    "text",
    [
        "from functools import lru_cache\nx = lru_cache\n",
        "from functools import lru_cache\n__all__ = ['lru_cache']\n",
        "from functools import lru_cache\nx: 'lru_cache[int]'\n",
        "from functools import lru_cache\nx = f  # type: lru_cache\n",
        "from functools import lru_cache\nx = f'lru_cache({y})'\n",
        "from functools import lru_cache  # keep\n",
        "from functools import (\n    cache,\n    # keep\n    lru_cache,\n)\n",
        "from functools import lru_cache as lru_cache\n",
        "import lru_cache.part\n",
        "import os; import lru_cache\n",
        "try:\n    import lru_cache\nexcept ImportError:\n    pass\n",
        "from functools import lru_cache\nfrom cachetools import lru_cache\n",
        "import os\n",
        "if TYPE_CHECKING:\n    from functools import lru_cache\n\nx: 'lru_cache[int]'\n",
        "if TYPE_CHECKING:\n    from functools import lru_cache\nelse:\n    lru_cache = None\n",
        "if TYPE_CHECKING:\n    from functools import lru_cache\nelse:\n    f()\n",
        "if TYPE_CHECKING:\n    from functools import lru_cache\n    # more to come\n",
        "if TYPE_CHECKING:\n    # for who asks\n    from functools import lru_cache\n    import os\n",
        "if TYPE_CHECKING: from functools import lru_cache\n",
        "if x:\n    from functools import lru_cache\n",
        "def f():\n    from functools import lru_cache\n",
        "def f():\n    if x:\n        from functools import lru_cache\n    return 1\n",
        "def f():\n    from functools import lru_cache\n    return lru_cache\n",
        "class A:\n    from functools import lru_cache\n    x = 1\n",
    ],
)
def test_an_import_that_may_be_needed_stays(text):
    assert edited(text, CACHE) == text


def test_an_import_goes_only_after_all_other_edits():
    module = parsed("from functools import lru_cache\n\n\n@lru_cache\ndef f(): pass\n")
    edits = [CACHE, Replace(module.body[1].decorators[0], cst.RemovalSentinel.REMOVE)]
    assert applied(Map(module), edits).code == "def f(): pass\n"
