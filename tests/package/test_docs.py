"""The code of the README and of the docs runs, and prints what it says."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from skrnn.engine import library, why_not

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_runs(page, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where pages that save something leave it
    names: dict = {}
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.S | re.M)
    if "# ['compiled']" in "".join(blocks) and library("float32") is None:
        pytest.skip(f"the page shows the engine: {why_not()}")
    for code in blocks:
        exec(compile(code, str(page), "exec"), names)
        promised = re.findall(r"^# (.+)$", code, re.M)
        printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
        assert not promised or [line.strip() for line in promised] == printed
    plt.close("all")  # what the page has drawn, before other tests count


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_the_architecture_names_files_that_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", text))
    assert len(named) > 20
    roots = (ROOT, ROOT / "skrnn")
    missing = [n for n in named if not any((root / n).exists() for root in roots)]
    assert missing == []
    rooms = {path.parent.name for path in (ROOT / "skrnn").glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^\| `(\w+)` \|", text, re.M))
