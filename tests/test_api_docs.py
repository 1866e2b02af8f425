"""The reference is what the docstrings say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

TOOL = Path(__file__).parent.parent / "tools" / "make_api_docs.py"
SPEC = importlib.util.spec_from_file_location("make_api_docs", TOOL)
assert SPEC is not None and SPEC.loader is not None
make_api_docs = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = make_api_docs
SPEC.loader.exec_module(make_api_docs)


def test_pages_are_made_anew_when_docstrings_change() -> None:
    assert not make_api_docs.stale(), "run make docs"


def test_every_name_is_on_one_page() -> None:
    pages = make_api_docs.pages()
    for entry in make_api_docs.entries():
        found = [
            name
            for name, text in pages.items()
            if f"| `{entry.path}` |" in text or f"### {entry.path}\n" in text
        ]
        assert found == [f"{make_api_docs.family(entry.house)}.md"], entry.path


def test_docstrings_become_pages() -> None:
    text = list(
        make_api_docs.body(
            """What it is.

            x    a number
            y    another, which is told of in a line that does not end here but
                 goes on

            Shapes:  as x
            Errors:  TypeError where that
                     is so
            Example:
                >>> 1 + 1
                2
            """
        )
    )
    assert text[0] == "What it is." and "- `x`: a number" in text and "  goes on" in text
    assert "- **Shapes**: as x" in text and "- **Errors**: TypeError where that is so" in text
    assert text[-5:] == ["```python", ">>> 1 + 1", "2", "", "```"]
