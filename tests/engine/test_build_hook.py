"""What the build hook asks for, builds and warns of; hatchling itself is a stand-in."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
LINUX = "linux-x86_64"


@pytest.fixture
def script(monkeypatch):
    """The script as hatchling loads it, on a Linux machine with a compiler."""
    name = "hatchling.builders.hooks.plugin.interface"
    interface = SimpleNamespace(BuildHookInterface=object)
    monkeypatch.setitem(sys.modules, name, interface)
    monkeypatch.setitem(sys.modules, "skrnn_compile", None)  # forgotten after the test
    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delenv("SKRNN_ENGINE_BUILD", raising=False)
    monkeypatch.delenv("SKRNN_ENGINE_TARGET", raising=False)
    engine = module.engine
    compiler = engine.Compiler(("cc",), LINUX)
    monkeypatch.setattr(engine, "this_machine", lambda: LINUX)
    monkeypatch.setattr(engine, "find_system_compiler", lambda: compiler)
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    return module


@pytest.fixture
def hook(script):
    hook = script.EngineHook()
    hook.warnings = []
    hook.app = SimpleNamespace(display_warning=hook.warnings.append)
    return hook


def remove_compilers(script, monkeypatch):
    monkeypatch.setattr(script.engine, "find_system_compiler", lambda: None)


def test_zig_is_asked_for_only_if_it_is_needed(script, hook, monkeypatch):
    zig = [script.engine.ZIG]
    assert hook.dependencies() == []
    remove_compilers(script, monkeypatch)
    assert hook.dependencies() == zig
    monkeypatch.setattr(script.engine, "this_machine", lambda: None)
    assert hook.dependencies() == []


def test_another_platform_needs_zig(script, hook, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE_TARGET", "macos-arm64")
    assert hook.dependencies() == [script.engine.ZIG]
    monkeypatch.setenv("SKRNN_ENGINE_TARGET", "amiga")
    with pytest.raises(ValueError, match="amiga is not one of linux-x86_64, "):
        hook.dependencies()


def test_nothing_is_compiled_if_the_user_says_so(script, hook, monkeypatch):
    monkeypatch.setenv("SKRNN_ENGINE_BUILD", "none")
    remove_compilers(script, monkeypatch)
    assert hook.dependencies() == []
    data = {"force_include": {}}
    hook.initialize("standard", data)
    assert data == {"force_include": {}}
    assert hook.warnings == []


@pytest.mark.parametrize("version", ["editable", "standard"])
def test_a_warning_without_a_compiler(version, script, hook, monkeypatch, tmp_path):
    remove_compilers(script, monkeypatch)
    monkeypatch.setattr(script.engine, "LIBRARIES", tmp_path)
    monkeypatch.setattr(script.engine, "BUILD", tmp_path)
    data = {"force_include": {}}
    hook.initialize(version, data)
    (line,) = hook.warnings
    assert "runs on torch alone" in line
    assert "\n" not in line
    assert data == {"force_include": {}}
    monkeypatch.setenv("SKRNN_ENGINE_BUILD", "required")
    with pytest.raises(script.engine.NoCompiler):
        hook.initialize(version, data)


def test_an_editable_installation_builds_in_place(script, hook, monkeypatch):
    calls = []
    monkeypatch.setattr(script.engine, "build_for_this_cpu", lambda: calls.append(1))
    data = {"force_include": {}}
    hook.initialize("editable", data)
    assert calls == [1]
    assert data == {"force_include": {}}


def test_a_wheel_has_all_libraries_of_its_platform(script, hook, monkeypatch, tmp_path):
    engine = script.engine

    def compile_(self, source, output, instruction_set, dtype, sanitize):
        names = "".join(f"{name}\0" for name in engine.exported_names()).encode()
        header = b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little")
        output.write_bytes(header + names + b"GLIBC_2.29\0")

    monkeypatch.setattr(engine, "BUILD", tmp_path)
    monkeypatch.setattr(engine.Compiler, "compile", compile_)
    data = {"force_include": {}}
    hook.initialize("standard", data)
    assert data["tag"] == "py3-none-manylinux_2_29_x86_64"
    assert data["pure_python"] is False
    names = {Path(path).stem for path in data["force_include"].values()}
    variants = product((2, 3, 4), (32, 64))
    assert names == {f"engine_x86_64_v{n}_float{bits}" for n, bits in variants}
    assert all(Path(path).exists() for path in data["force_include"])
