"""How libraries are compiled, and what a file must be to be shipped."""

import ctypes
import shutil
import subprocess
import sys

import pytest

from skrnn.engine import _compile as compile_
from skrnn.engine._compile import CompileError, NoCompiler

LINUX = "linux-x86_64"
SMALL_ENGINE = """
#ifdef _WIN32
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif
EXPORT int skrnn_width(void) { return 16; }
"""


@pytest.fixture
def compiler():
    try:
        return compile_.find_compiler()
    except NoCompiler as error:
        pytest.skip(str(error))


@pytest.fixture
def no_system_compiler(monkeypatch):
    monkeypatch.setattr(compile_, "find_system_compiler", lambda: None)


def write(path, content):
    path.write_bytes(content)
    return path


def exports() -> bytes:
    """What a library would hold that exports all functions of the engine."""
    names = compile_.exported_names()
    assert {"skrnn_interface", "skrnn_cpu_level"} <= set(names)
    return "".join(f"{name}\0" for name in names).encode()


@pytest.mark.slow
def test_what_is_up_to_date_is_not_built_again(compiler, monkeypatch, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    engine = source / "engine.cpp"
    engine.write_text(SMALL_ENGINE)
    monkeypatch.setattr(compile_, "SOURCE", source)
    folder, target = tmp_path / "libraries", compiler.target
    oldest = compile_.instruction_sets(target)[:1]

    paths = compile_.build(folder, target, oldest, compiler)
    assert sorted(folder.iterdir()) == sorted(paths)
    assert [list(compile_.faults(path, target)) for path in paths] == [[], []]
    assert [ctypes.CDLL(str(path)).skrnn_width() for path in paths] == [16, 16]
    times = [path.stat().st_mtime_ns for path in paths]
    compile_.build(folder, target, oldest, compiler)
    assert [path.stat().st_mtime_ns for path in paths] == times

    engine.write_text(SMALL_ENGINE.replace("16", "17"))
    paths = compile_.build(folder, target, oldest, compiler)
    shutil.copytree(folder, tmp_path / "copy")  # the first ones are loaded already
    copies = [str(tmp_path / "copy" / path.name) for path in paths]
    assert [ctypes.CDLL(copy).skrnn_width() for copy in copies] == [17, 17]

    engine.write_text("int64_t unfinished(")
    with pytest.raises(CompileError, match="unfinished"):
        compile_.build(folder, target, oldest, compiler)
    assert sorted(folder.iterdir()) == sorted(paths)


def test_a_broken_compiler_is_passed_over(monkeypatch):
    monkeypatch.setenv("CXX", "false --not-a-compiler")
    monkeypatch.setenv("PATH", "/nowhere")
    compile_.find_system_compiler.cache_clear()
    try:
        assert compile_.find_system_compiler() is None
    finally:
        compile_.find_system_compiler.cache_clear()


@pytest.mark.usefixtures("no_system_compiler")
@pytest.mark.parametrize("is_there", [True, False])
def test_zig_is_the_second_choice(is_there, monkeypatch):
    monkeypatch.setattr(compile_, "find_spec", lambda name: is_there or None)
    monkeypatch.setattr(compile_, "this_machine", lambda: LINUX)
    if is_there:
        assert compile_.find_compiler().is_zig
    else:
        with pytest.raises(NoCompiler, match="ziglang"):
            compile_.find_compiler()


@pytest.mark.usefixtures("no_system_compiler")
def test_without_a_compiler_one_line_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(compile_, "find_spec", lambda name: None)
    monkeypatch.setattr(compile_.subprocess, "run", lambda command, **_: None)
    monkeypatch.setattr("sys.argv", ["_compile.py", "--output", str(tmp_path / "new")])
    assert compile_.main() == "nothing was built"
    monkeypatch.setattr("sys.argv", ["_compile.py", "--fetch", "--output", "new"])
    capsys.readouterr()
    assert compile_.main() is None
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "runs on torch alone" in line


@pytest.mark.parametrize(
    ("system", "machine", "target"),
    [
        ("linux", "x86_64", "linux-x86_64"),
        ("linux", "aarch64", "linux-arm64"),
        ("darwin", "arm64", "macos-arm64"),
        ("win32", "AMD64", "windows-x86_64"),
        ("win32", "ARM64", None),
        ("linux", "ppc64le", None),
        ("freebsd14", "amd64", None),
    ],
)
def test_this_machine(system, machine, target, monkeypatch):
    monkeypatch.setattr(compile_.sys, "platform", system)
    monkeypatch.setattr(compile_.platform, "machine", lambda: machine)
    assert compile_.this_machine() == target


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (exports(), None),
        (exports().replace(b"_level", b""), "does not export skrnn_cpu_level"),
        (exports() + b"libstdc++.so.6", "needs libstdc++"),
    ],
)
def test_faults_of_a_file(content, fault, tmp_path):
    elf = b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little")
    path = write(tmp_path / "x.so", elf + content)
    found = list(compile_.faults(path, LINUX))
    assert len(found) == (fault is not None)
    assert all(fault in each for each in found)
    assert "not a library for" in next(compile_.faults(path, "linux-arm64"))
    assert "not a library for" in next(compile_.faults(path, "windows-x86_64"))


def test_the_tag_is_the_newest_glibc_that_is_needed(tmp_path):
    old = write(tmp_path / "old.so", b"GLIBC_2.2.5\0GLIBC_2.4")
    new = write(tmp_path / "new.so", b"GLIBC_2.4\0GLIBC_2.29")
    none = write(tmp_path / "none.so", b"")
    assert compile_.platform_tag([none], LINUX) == "manylinux_2_17_x86_64"
    assert compile_.platform_tag([old], LINUX) == "manylinux_2_17_x86_64"
    assert compile_.platform_tag([old, new], LINUX) == "manylinux_2_29_x86_64"
    assert compile_.platform_tag([new], "macos-arm64") == "macosx_11_0_arm64"


def test_the_fast_flags_keep_nan():
    """An epoch must see that a loss has diverged."""
    flags = [*compile_.LANGUAGE, *compile_.LIBRARY, *compile_.FAST]
    assert not {"-ffast-math", "-Ofast", "-ffinite-math-only"} & set(flags)


@pytest.mark.slow
def test_the_file_needs_no_package():
    """The build hook loads it where nothing is installed; -S hides site-packages."""
    command = [sys.executable, "-I", "-S", compile_.__file__, "--help"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert "--sanitize" in run.stdout, run.stderr
