"""Do two commits give the same results, bit for bit?

Fits some five hundred small networks, with all parts, solvers and ways of training and
in all forms of X and y, and hashes their predictions, loss curves, scores and
intervals. Run it before and after a change that should change no result:

    python tests/benchmarks/same_results.py --write before.json
    python tests/benchmarks/same_results.py --compare before.json

``--only TEXT`` runs the cases with TEXT in their names. The exit status is 1 if
anything differs. A hash holds on one machine and with one set of versions only: other
CPUs and other versions of torch round differently. So write the file yourself, from
the commit before, and do not keep it.

The cases are in ``same_cases/``. They use public names only, so that the same script
runs on both commits.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
os.environ.setdefault("MPLBACKEND", "Agg")

import argparse
import hashlib
import json
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from same_cases import forecasts, networks, samples, training, uses

import skrnn


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--compare", type=Path, metavar="FILE")
    parser.add_argument("--only", default="", metavar="TEXT")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"skrnn of {Path(skrnn.__file__).parent}")
    start = time.process_time()
    found = hashes(options.only)
    n_cases = len({name.split(": ")[0] for name in found})
    seconds = time.process_time() - start
    print(f"{n_cases} cases, {len(found)} results, {seconds:.0f} CPU seconds")
    failed = [name for name in found if name.endswith(": error")]
    for name in failed:
        print(f"{name}: {found[name]}")
    if options.write:
        options.write.write_text(json.dumps(found, indent=0, sort_keys=True))
    if options.compare:
        before = json.loads(options.compare.read_text())
        wanted = {n: h for n, h in before.items() if options.only in n.split(": ")[0]}
        return report(wanted, found)
    return int(bool(failed))


def hashes(only: str = "") -> dict[str, str]:
    """A hash of each result of each case, by name."""
    found: dict[str, str] = {}
    for cases in (g.cases() for g in (networks, samples, training, uses, forecasts)):
        for name, run in cases:
            if only not in name:
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # short fits do not converge
                    results = run()
            except Exception as error:  # a case that breaks is a difference like others
                found[f"{name}: error"] = f"{type(error).__name__}: {error}"
                continue
            for key, value in results.items():
                assert f"{name}: {key}" not in found, f"two cases are called {name}"
                found[f"{name}: {key}"] = digest(value)
    return found


def report(before: dict[str, str], found: dict[str, str]) -> int:
    """Print what differs; 1 if anything does."""
    names = sorted(before.keys() | found.keys())
    differing = [name for name in names if before.get(name) != found.get(name)]
    for name in differing:
        kind = "differs" if name in before and name in found else "is in one run only"
        print(f"{name} {kind}")
    print(f"{len(differing)} of {len(names)} results differ")
    return int(bool(differing))


def digest(value: Any) -> str:
    """A hash of all bits of a value, its types and shapes included."""
    sha = hashlib.sha256()
    for part in bits(value):
        sha.update(part)
        sha.update(b"|")
    return sha.hexdigest()[:16]


def bits(value: Any) -> Iterator[bytes]:
    """The parts of a value as bytes."""
    if isinstance(value, Mapping):
        for key in value:
            yield repr(key).encode()
            yield from bits(value[key])
    elif isinstance(value, skrnn.Windows):
        yield from bits([value.rows, value.starts, value.lengths])
    elif isinstance(value, (list, tuple)):
        yield f"{type(value).__name__} {len(value)}".encode()
        for one in value:
            yield from bits(one)
    elif isinstance(value, (pd.DataFrame, pd.Series)):
        yield repr([list(axis) for axis in value.axes]).encode()
        yield from bits(value.to_numpy())
    elif isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        yield f"{array.dtype} {array.shape}".encode()
        yield (
            repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
        )
    else:
        plain = (str, int, float, bool, type(None))
        assert isinstance(value, plain), f"cannot hash a {type(value).__name__}"
        yield repr(value).encode()


if __name__ == "__main__":
    sys.exit(main())
