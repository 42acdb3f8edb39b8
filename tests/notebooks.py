"""Notebooks as Jupyter writes them."""

import json


def notebook(*cells: str, **metadata: object) -> str:
    """A notebook with these cells; one that begins with `#md` is Markdown."""
    return json.dumps(
        {
            "cells": [cell_of(text) for text in cells],
            "metadata": metadata or {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        indent=1,
    )


def cell_of(text: str) -> dict[str, object]:
    """One cell, its source as a list of lines."""
    told: dict[str, object] = {"metadata": {}, "source": text.splitlines(keepends=True)}
    if text.startswith("#md"):
        return told | {"cell_type": "markdown"}
    return told | {"cell_type": "code", "execution_count": None, "outputs": []}
