"""Which library is chosen, and why none."""

import shutil
import threading
from dataclasses import replace

import pytest

from skrnn.engine import (
    RecurrentDescription,
    _library,
    library,
    variant,
    variants,
    why_not,
)
from skrnn.engine import _compile as compile_

DTYPES = ["float32", "float64"]
FOLDER = _library._folder()
VARIANTS = variants()
needs_library = pytest.mark.skipif(not VARIANTS, reason=why_not() or "no library")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """The choice of a user who has set nothing; the folder of libraries may be set."""
    monkeypatch.delenv("SKRNN_ENGINE", raising=False)
    monkeypatch.setattr(_library, "_choices", {})


@pytest.fixture
def empty_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SKRNN_ENGINE_LIBRARIES", str(tmp_path))
    return tmp_path


@needs_library
def test_the_best_library_is_chosen():
    assert variant() == VARIANTS[0]
    assert why_not() == ""
    widths = [s.vector_bytes for s in compile_.INSTRUCTION_SETS if s.name == variant()]
    for dtype in DTYPES:
        assert library(dtype).skrnn_vector_bytes() == widths[0]
        assert library(dtype) is library(dtype)
    assert library("float32") is not library("float64")
    assert library("float16") is None


@needs_library
@pytest.mark.parametrize("name", VARIANTS)
def test_each_library_of_this_cpu_loads(name, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", name)
    assert variant() == name
    for dtype in DTYPES:
        assert library(dtype).skrnn_interface() == _library.INTERFACE


@needs_library
def test_compiled_is_the_best_library(monkeypatch):
    best = variant()
    monkeypatch.setenv("SKRNN_ENGINE", "compiled")
    assert variant() == best


def test_torch_uses_no_library(monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    assert variant() is None
    assert library("float32") is None
    assert why_not() == "SKRNN_ENGINE=torch"


def test_the_variable_may_change(monkeypatch):
    before = variant()
    monkeypatch.setenv("SKRNN_ENGINE", "torch")
    assert variant() is None
    monkeypatch.delenv("SKRNN_ENGINE")
    assert variant() == before


@pytest.mark.parametrize("name", ["avx2", "torch ", "x86_64_v9"])
def test_an_unknown_value_lists_what_is_there(name, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", name)
    there = ", ".join(variants()) or "none"
    with pytest.raises(RuntimeError, match=f"there is: {there}"):
        library("float32")
    assert f"SKRNN_ENGINE={name}" in why_not()


def test_without_a_library(empty_folder, monkeypatch):
    assert variant() is None
    assert library("float64") is None
    assert variants() == []
    assert "no compiled engine" in why_not()
    monkeypatch.setenv("SKRNN_ENGINE", "compiled")
    with pytest.raises(RuntimeError, match="SKRNN_ENGINE=compiled needs a library"):
        variant()


def test_on_a_machine_that_the_engine_does_not_know(monkeypatch):
    monkeypatch.setattr(compile_.platform, "machine", lambda: "riscv64")
    assert compile_.this_machine() is None
    assert variant() is None
    assert "not written for this machine" in why_not()
    with pytest.raises(compile_.NoCompiler, match="not written for"):
        compile_.find_compiler()


@needs_library
def test_a_stale_library_is_refused(monkeypatch):
    monkeypatch.setattr(_library, "INTERFACE", -1)
    assert variant() is None
    assert "this skrnn needs -1" in why_not()


@needs_library
def test_a_damaged_library_is_refused(empty_folder):
    for path in FOLDER.iterdir():
        (empty_folder / path.name).write_bytes(path.read_bytes()[:100])
    assert variant() is None
    assert "cannot be loaded" in why_not()


@needs_library
def test_an_instruction_set_needs_both_dtypes(empty_folder):
    for path in FOLDER.iterdir():
        if path.stem != f"engine_{VARIANTS[0]}_float64":
            shutil.copy(path, empty_folder)
    assert variants() == VARIANTS[1:]
    assert variant() == (VARIANTS[1] if len(VARIANTS) > 1 else None)


@needs_library
def test_a_library_for_another_cpu_is_refused(monkeypatch):
    """Here every CPU lacks the newest instruction set that this one has."""
    sets = [
        replace(each, level=99) if each.name == VARIANTS[0] else each
        for each in compile_.instruction_sets(compile_.this_machine())
    ]
    monkeypatch.setattr(_library, "instruction_sets", lambda target: sets)
    assert variants() == VARIANTS[1:]
    monkeypatch.setenv("SKRNN_ENGINE", VARIANTS[0])
    with pytest.raises(RuntimeError, match="this CPU cannot run it"):
        variant()


@needs_library
def test_threads_get_the_same_library():
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(library("float32")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(each) for each in found}) == 1


@needs_library
def test_networks_that_torch_runs_faster_are_left_to_it(monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE", VARIANTS[0])
    limits = (256, 256) if VARIANTS[0] == "x86_64_v4" else (128, 128)

    def network(units, filters):
        convolution = {"conv_kernel_sizes": (3,), "conv_strides": (1,), "n_backs": (2,)}
        convolution["conv_dilations"] = (1,)
        return RecurrentDescription(
            "lstm", 1, (units,), 1, conv_filters=(filters,), **convolution
        )

    assert network(*limits).pays()
    assert not network(limits[0] + 1, 1).pays()
    assert not network(1, limits[1] + 1).pays()


def test_multiplications_are_those_of_the_steps_that_strides_leave():
    parts = {"conv_kernel_sizes": (4, 2), "conv_strides": (4, 1), "n_backs": (0, 1)}
    parts["conv_dilations"] = (1, 1)
    network = RecurrentDescription(
        "rnn_tanh", 3, (5,), 1, conv_filters=(6, 7), poolings=("last", "max"), **parts
    )
    a_step = 6 * 3 * 4 + 7 * 6 * 2 + 5 * 7 + 5 * 5 + 2 * 5
    assert network.n_multiplications(9) == 3 * a_step
