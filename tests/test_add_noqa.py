"""`--add-noqa`, in a process of its own."""

import json
import subprocess
import sys

import pytest
from command import sessionlint

HEAD = "from sqlalchemy.orm import Session\n\n\n"


def noted(tmp_path, data: bytes) -> bytes:
    """What a file holds after the comments are added, when a check and flake8 are content."""
    path = tmp_path / "a.py"
    path.write_bytes(data)
    done = sessionlint("--add-noqa", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    checked = sessionlint(cwd=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "All checks passed!\n")
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("db = Session(e)", "db = Session(e)  # noqa: SES102"),
        ("db = Session(e)   ", "db = Session(e)  # noqa: SES102"),
        ("db = Session(e)  # why", "db = Session(e)  # why  # noqa: SES102"),
        ("db = Session(e)  # noqa: E501", "db = Session(e)  # noqa: E501, SES102"),
        ("db = Session(e)  # noqa:E501 why", "db = Session(e)  # noqa:E501, SES102 why"),
        ("db = Session(e)  #noqa: E501", "db = Session(e)  #noqa: E501  # noqa: SES102"),
        ("db = Session(e); c = '# noqa: E1'", "db = Session(e); c = '# noqa: E1'  # noqa: SES102"),
        ("db = Session(\n        e\n    )", "db = Session(  # noqa: SES102\n        e\n    )"),
        ("db = \\\n        Session(e)", "db = \\\n        Session(e)  # noqa: SES102"),
        ("db = Session(\\\n        e)", "db = Session(\\\n        e)  # noqa: SES102"),
        (
            'db = Session(e, info="""\n# noqa: E1\n""", \\\n        bind=e)',
            'db = Session(e, info="""\n# noqa: E1\n""", \\\n        bind=e)  # noqa: SES102',
        ),
        ("if e: db = Session(e)", "if e: db = Session(e)  # noqa: SES102"),
    ],
)
def test_a_comment_stands_where_it_counts(tmp_path, before, after):
    text = f"{HEAD}def f(e):\n    {{}}\n    return db.query(1).all()\n"
    assert noted(tmp_path, text.format(before).encode()).decode() == text.format(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("e\n", "e  # noqa: SES102\n"),
        ("e\r\n", "e  # noqa: SES102\r\n"),
        ("e", "e  # noqa: SES102"),
    ],
)
@pytest.mark.parametrize(
    ("head", "coding"),
    [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"# coding: latin-1\n", "latin-1")],
)
def test_encoding_and_newlines_stay(tmp_path, before, after, head, coding):
    text = "from sqlalchemy.orm import Session\ndef f(e): Session(e).query('é').all(); ".replace(
        "\n", "\r\n" if "\r" in before else "\n"
    )
    expected = head + (text + after.replace("SES102", "SES109")).encode(coding)
    assert noted(tmp_path, head + (text + before).encode(coding)) == expected


def test_says_how_many_lines_got_one(tmp_path):
    (tmp_path / "a.py").write_text(f"{HEAD}def f(e): a = Session(e); b = Session(e); a.get(b)\n")
    (tmp_path / "b.py").write_text(f"{HEAD}def f(e):\n    db = Session(e)\n    db.get(1)\n")
    done = sessionlint("--add-noqa", cwd=tmp_path)
    assert done.stdout == "Added `# noqa` to 2 lines.\n"
    assert (tmp_path / "b.py").read_text().endswith("(e)  # noqa: SES102\n    db.get(1)\n")
    again = sessionlint("--add-noqa", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "Added `# noqa` to 0 lines.\n")


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("x = 1  # noqa: SES103", "x = 1  # noqa: SES103", "0 lines"),
        ("# sessionlint: disable=SES103", "# sessionlint: disable=SES103", "0 lines"),
        (
            "def f(e): a = Session(e); a.get(1)  # noqa: SES103",
            "def f(e): a = Session(e); a.get(1)  # noqa: SES103, SES102",
            "1 line",
        ),
    ],
)
def test_a_comment_that_takes_nothing_back_is_not_taken_back(tmp_path, before, after, count):
    (tmp_path / "a.py").write_text(f"{HEAD}{before}\n")
    done = sessionlint("--add-noqa", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"Added `# noqa` to {count}.\n")
    assert (tmp_path / "a.py").read_text() == f"{HEAD}{after}\n"
    left = sessionlint("--output-format", "json", cwd=tmp_path)
    assert [one["code"] for one in json.loads(left.stdout)] == ["SES901"]


def test_a_file_with_two_names_gets_one_comment(tmp_path):
    (tmp_path / "a.py").write_text(f"{HEAD}def f(e): a = Session(e); a.get(1)\n")
    (tmp_path / "b.py").symlink_to("a.py")
    done = sessionlint("--add-noqa", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("Added `# noqa` to 1 line.\n", "")
    assert (tmp_path / "a.py").read_text().count("SES102") == 1


def test_a_line_gets_all_its_codes_in_one_comment(tmp_path):
    (tmp_path / "a.py").write_text(
        f"{HEAD}def f(e): a = Session(e); a.get(1); return Session(e).get(1)\n"
    )
    sessionlint("--add-noqa", cwd=tmp_path)
    assert (tmp_path / "a.py").read_text().endswith("# noqa: SES102, SES109\n")


def test_flake8_reads_the_comments(tmp_path):
    """flake8's own words for a place are the same: its own finding there is taken back, too."""
    text = f"{HEAD}def f(e):\n    db = \\\n        Session(e,info='''\n''')\n    return db.get(1)\n"
    (tmp_path / "a.py").write_text(text)
    sessionlint("--add-noqa", cwd=tmp_path)
    noted = (tmp_path / "a.py").read_text()
    assert noted != text
    (tmp_path / "a.py").write_text(noted.replace("SES102", "E231"))
    flake8 = [sys.executable, "-m", "flake8", "--isolated", "--select", "E231", "a.py"]
    done = subprocess.run(flake8, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("option", ["--fix", "--diff", "--write-baseline=b.json"])
def test_goes_with_no_other_way_to_change_files(tmp_path, option):
    (tmp_path / "a.py").write_text("x = 1  # noqa: SES103\n")
    done = sessionlint("--add-noqa", option, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(" do not go together\n")
    assert (tmp_path / "a.py").read_text() == "x = 1  # noqa: SES103\n"


def test_standard_input_is_no_file(tmp_path):
    done = sessionlint("--add-noqa", "-", cwd=tmp_path, stdin=b"x = 1\n")
    assert done.returncode == 2
    assert done.stderr == "sessionlint: `--add-noqa` rewrites files, and `-` is none\n"


def test_a_file_that_cannot_be_read_or_written_does_not_stop_the_others(tmp_path):
    (tmp_path / "a.py").write_text(
        "from sqlalchemy.orm import Session\ndef f(:\n  Session(1).x()\n"
    )
    outside = tmp_path.with_name(f"{tmp_path.name}-outside.py")
    leak = f"{HEAD}def f(e): a = Session(e); a.get(1)"
    outside.write_text(f"{leak}\n")
    (tmp_path / "b.py").symlink_to(outside)
    (tmp_path / "c.py").write_text(f"{leak}\n")
    done = sessionlint("--add-noqa", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["a.py:2:7:", "sessionlint:"]
    assert outside.read_text() == f"{leak}\n"
    assert (tmp_path / "c.py").read_text() == f"{leak}  # noqa: SES102\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "b.py", "c.py"]
