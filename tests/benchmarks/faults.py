"""Break fits off in every way, and count what is lost.

    python tests/benchmarks/faults.py

A fit with everything that it carries along (early stopping, dropout, a random split,
shuffled batches of unequal lengths) is killed by SIGKILL at random moments, again and
again, until it ends; and it runs into a full disk. Each time the fit that has been
resumed must end with the same bits as the one that was left in peace. Then there are
5,000 fits in one process, for what they leave behind, and odd inputs to every method.
"""

import argparse
import gc
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np
import psutil
from sklearn.base import clone

from skrnn import GRURegressor, LSTMRegressor, MLPRegressor, RNNRegressor

RNG = np.random.default_rng(0)
N_ROWS = 80
LENGTHS = RNG.integers(3, 12, N_ROWS)
RAGGED = [RNG.standard_normal((length, 2)) for length in LENGTHS]
EVEN = RNG.standard_normal((N_ROWS, 8, 2))
Y = EVEN[:, :, 0].mean(axis=1)
COMMON = {"max_iter": 16, "batch_size": 16, "random_state": 0, "checkpoint_every": 1}
STOPPED = {"early_stopping": True, "n_iter_no_change": 16, "tol": 0.0}
FITS = {
    "LSTM, early stopping, dropout": (
        LSTMRegressor(6, dropout=0.3, **STOPPED, **COMMON),
        EVEN,
    ),
    "GRU, unequal lengths, onecycle": (
        GRURegressor(6, learning_rate="onecycle", **COMMON),
        RAGGED,
    ),
    "MLP, early stopping, dropout": (
        MLPRegressor(hidden_layer_sizes=8, dropout=0.3, **STOPPED, **COMMON),
        EVEN.reshape(N_ROWS, -1),
    ),
}

QUICK = {"hidden_layer_sizes": 3, "max_iter": 1, "learning_rate": "cosine"}
SMALL_FITS = [
    (LSTMRegressor(**QUICK), EVEN),
    (GRURegressor(**QUICK), RAGGED),
    (RNNRegressor(**QUICK, early_stopping=True), EVEN),
    (MLPRegressor(hidden_layer_sizes=3, max_iter=1), EVEN.reshape(N_ROWS, -1)),
]


def learnt(model, X):
    """All that a fit leaves behind, as bytes."""
    state = model.net_.module_.state_dict()
    figures = (model.loss_curve_, model.validation_scores_, model.n_iter_)
    weights = b"".join(value.numpy().tobytes() for value in state.values())
    return weights + repr(figures).encode() + model.predict(X).tobytes()


def fit_in_child(*arguments, delay=None):
    """Whether a forked process has fitted; after a delay it is killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            fit_into(*arguments)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    if delay is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("a fit has failed by itself")
    return os.WIFEXITED(status)


def fit_into(folder, name, result, room=None):
    """Fit with a checkpoint, and write down what was learnt.

    ``room`` is for how many files there is some on the disk.
    """
    model, X = FITS[name]
    if room is not None:
        fill_disk_after(room)
    model.set_params(checkpoint=folder).fit(X, Y)
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    Path(result).write_bytes(learnt(model, X))


def fill_disk_after(n_files):
    """After so many files none may grow beyond 1,000 bytes: writing them fails."""
    real, n_written = os.fsync, 0

    def fsync(descriptor):
        nonlocal n_written
        n_written += 1
        if n_written == n_files:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))
        real(descriptor)

    os.fsync = fsync


def kill_one(name, folder, result, duration):
    """Kill a fit at a random moment; how far it had come."""
    delay = RNG.uniform(0, duration)
    while fit_in_child(folder, name, result, delay=delay):
        delay = RNG.uniform(0, delay)  # it had ended before
        shutil.rmtree(folder)
    return n_epochs_in(folder)


def n_epochs_in(folder):
    try:
        text = (Path(folder) / "checkpoint.json").read_text()
    except FileNotFoundError:
        return 0
    return text.count('"train_loss"')


def try_kills(n_kills, home):
    """Each fit is killed, resumed and killed again, up to three times, and ended."""
    n_identical, epochs = 0, []
    for i in range(n_kills):
        name = list(FITS)[i % len(FITS)]
        folder, result = home / f"kill{i}", home / f"result{i}"
        for _ in range(1 + i % 3):
            epochs.append(kill_one(name, folder, result, DURATION[name]))
        fit_in_child(folder, name, result)
        n_identical += result.read_bytes() == EXPECTED[name]
    return {
        "faults": n_kills,
        "identical": n_identical,
        "kill signals": len(epochs),
        "epochs at the kill": sorted(epochs),
    }


def try_full_disks(n_disks, home):
    """Checkpoints fail from some time on, and the fit goes on; another one resumes."""
    n_identical, epochs = 0, []
    for i in range(n_disks):
        name = list(FITS)[i % len(FITS)]
        folder, result = home / f"disk{i}", home / f"full{i}"
        fit_in_child(folder, name, result, int(RNG.integers(8, 60)))
        first = result.read_bytes()
        epochs.append(n_epochs_in(folder))
        fit_in_child(folder, name, result)
        n_identical += first == result.read_bytes() == EXPECTED[name]
    return {"faults": n_disks, "identical": n_identical, "last epochs": sorted(epochs)}


def try_many_fits(n_fits):
    """What fits leave behind in a process: memory, threads, open files."""
    warm = max(60, n_fits // 10)
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(n_fits + warm):
            if i == warm:
                figures.append(footprint())
            model, X = SMALL_FITS[i % len(SMALL_FITS)]
            if i % 100 == 0:
                model = clone(model).set_params(checkpoint=f"{folder}/{i}")
            model.fit(X, Y)
            pickle.loads(pickle.dumps(model)).predict(X)
        figures.append(footprint())
    before, after = figures
    return {"fits": n_fits, "before": before, "after": after}


def footprint():
    gc.collect()
    process = psutil.Process()
    return {
        "memory (MB)": round(process.memory_info().rss / 1e6, 1),
        "threads": process.num_threads(),
        "open files": process.num_fds(),
    }


def fuzz(n_examples):
    """What the fuzz suite says of its inputs; a wrong result is an error."""
    os.environ["SKRNN_FUZZ_EXAMPLES"] = str(n_examples)
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.package.test_fuzz import fuzz

    return fuzz()


EXPECTED, DURATION = {}, {}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--full-disks", type=int, default=14)
    parser.add_argument("--fits", type=int, default=5000)
    parser.add_argument("--fuzz", type=int, default=150, help="examples a test")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in FITS:
            fit_into(None, name, home / "expected")  # here: what is forked is warm
            EXPECTED[name] = (home / "expected").read_bytes()
            begin = time.perf_counter()
            fit_in_child(home / "timed", name, home / "expected")
            DURATION[name] = time.perf_counter() - begin
            shutil.rmtree(home / "timed")
        counts = {
            "kills": try_kills(options.kills, home),
            "full disks": try_full_disks(options.full_disks, home),
        }
    if options.fits:
        counts["fits in one process"] = try_many_fits(options.fits)
    if options.fuzz:
        counts["fuzz"] = fuzz(options.fuzz)
    if options.json:
        print(json.dumps(counts))
    else:
        report(counts)
    kinds = ("kills", "full disks")
    sys.exit(any(counts[k]["identical"] < counts[k]["faults"] for k in kinds))


def report(counts):
    kills, disks = counts["kills"], counts["full disks"]
    print(f"kills: {kills['identical']} of {kills['faults']} bit-identical")
    print(f"  by {kills['kill signals']} kills, in the epochs (0: before the first)")
    print(" ", *kills["epochs at the kill"])
    print(f"full disks: {disks['identical']} of {disks['faults']} bit-identical")
    print("  the last epochs that were written:", *disks["last epochs"])
    print(counts.get("fuzz", ""))
    many = counts.get("fits in one process")
    if many:
        print(f"{many['fits']} fits in one process, before and after:")
        for name, value in many["before"].items():
            print(f"  {name}: {value} {many['after'][name]}")


if __name__ == "__main__":
    main()
