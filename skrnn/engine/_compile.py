"""Compile the engine: one shared library for each instruction set and dtype.

The build hook loads this file by its path, without the package: it needs nothing but
the standard library. As a script it builds the libraries of this machine in place, and
with ``--all`` those of every platform::

    python skrnn/engine/_compile.py [--fetch | --sanitize | --all] [--output FOLDER]
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import invalidate_caches
from importlib.util import find_spec
from itertools import product
from pathlib import Path

SOURCE = Path(__file__).with_name("source")
LIBRARIES = Path(__file__).with_name("libraries")
BUILD = Path(__file__).parents[2] / "build" / "engine"  # what is not for this folder
ZIG = "ziglang==0.17.0"  # a C++ compiler for every platform, in a wheel
NOT_COMPILED = (
    "skrnn has no compiled engine and runs on torch alone, more slowly ({}); "
    f"pip install {ZIG}, or install gcc or clang, then install skrnn again"
)
C_TYPES = {"float32": "float", "float64": "double"}

LANGUAGE = ["-x", "c++", "-std=c++17", "-fno-exceptions", "-fno-rtti"]
LANGUAGE += ["-Wall", "-Wextra", "-Wno-psabi"]
LIBRARY = ["-shared", "-fvisibility=hidden"]
# sums may be reordered, but NaN and infinity stay what they are: no -ffast-math
FAST = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"]
FAST += ["-ffp-contract=fast"]
SANITIZED = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"]


@dataclass(frozen=True)
class InstructionSet:
    """What a library may ask of the CPU."""

    name: str
    architecture: str
    level: int  # what skrnn_cpu_level says of the oldest CPU that has it
    vector_bytes: int


INSTRUCTION_SETS = (  # the first of each architecture runs on all of its CPUs
    InstructionSet("x86_64_v2", "x86_64", 2, 16),
    InstructionSet("x86_64_v3", "x86_64", 3, 32),
    InstructionSet("x86_64_v4", "x86_64", 4, 64),
    InstructionSet("arm64", "arm64", 0, 16),
)


@dataclass(frozen=True)
class Target:
    """A platform that libraries are built for."""

    system: str
    architecture: str
    triple: str  # zig's name of it
    tag: str  # pip's name of it

    @property
    def suffix(self) -> str:
        return {"linux": ".so", "macos": ".dylib", "windows": ".dll"}[self.system]


TARGETS = {
    "linux-x86_64": Target(
        "linux", "x86_64", "x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64"
    ),
    "linux-arm64": Target(
        "linux", "arm64", "aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64"
    ),
    "macos-arm64": Target("macos", "arm64", "aarch64-macos.11.0", "macosx_11_0_arm64"),
    "macos-x86_64": Target(
        "macos", "x86_64", "x86_64-macos.11.0", "macosx_11_0_x86_64"
    ),
    "windows-x86_64": Target("windows", "x86_64", "x86_64-windows-gnu", "win_amd64"),
}


class CompileError(Exception):
    """A compiler did not accept the source."""


class NoCompiler(CompileError):
    """There is nothing to compile with."""


def this_machine() -> str | None:
    """Name of this machine's target, None if there is none."""
    systems = {"linux": "linux", "darwin": "macos", "win32": "windows"}
    machines = {"x86_64": "x86_64", "amd64": "x86_64"}
    machines |= {"arm64": "arm64", "aarch64": "arm64"}
    machine = machines.get(platform.machine().lower())
    name = f"{systems.get(sys.platform)}-{machine}"
    return name if name in TARGETS and sys.maxsize > 2**32 else None


def instruction_sets(target: str) -> list[InstructionSet]:
    """All of the target's architecture, the oldest first."""
    architecture = TARGETS[target].architecture
    return [s for s in INSTRUCTION_SETS if s.architecture == architecture]


def file_name(instruction_set: str, dtype: str, target: str) -> str:
    return f"engine_{instruction_set}_{dtype}{TARGETS[target].suffix}"


@dataclass(frozen=True)
class Compiler:
    """A command, and the platform for which it compiles."""

    command: tuple[str, ...]
    target: str
    is_zig: bool = False

    def compile(
        self,
        source: str | Path,
        output: Path,
        instruction_set: InstructionSet,
        dtype: str = "float32",
        sanitize: bool = False,
    ) -> None:
        """Compile a file, or the text of one, into a shared library."""
        text = source if isinstance(source, str) else None
        command = [*self.command, *LANGUAGE, *LIBRARY]
        command += SANITIZED if sanitize else FAST
        command += self._machine(instruction_set)
        command += [f"-DREAL={C_TYPES[dtype]}"]
        command += [f"-DVECTOR_BYTES={instruction_set.vector_bytes}"]
        command += ["-" if text else str(source), "-o", str(output)]
        command += self._linker(sanitize)
        try:
            run = subprocess.run(command, input=text, capture_output=True, text=True)
        except OSError as error:
            raise CompileError(f"{self.command[0]}: {error}") from error
        if run.returncode:
            raise CompileError(f"{shlex.join(command)}\n{run.stderr}")
        if run.stderr:
            print(run.stderr, file=sys.stderr)

    def _machine(self, instruction_set: InstructionSet) -> Iterator[str]:
        target = TARGETS[self.target]
        if self.is_zig:
            yield from ("-target", target.triple)
        elif target.system == "macos":
            yield "-mmacosx-version-min=11.0"
        if target.system != "windows":
            yield "-fPIC"
        if target.architecture == "x86_64":
            name = instruction_set.name
            yield f"-march={name if self.is_zig else name.replace('_', '-')}"
        if instruction_set.vector_bytes == 64:
            yield "-mprefer-vector-width=512"

    def _linker(self, sanitize: bool) -> Iterator[str]:
        system = TARGETS[self.target].system
        if system == "linux" and not self.is_zig:
            yield "-Wl,--as-needed"  # without libstdc++, which $CXX would add
        if system == "linux" and not sanitize:
            yield "-Wl,-z,defs"  # what libstdc++ would have to supply is an error
        if system != "windows":
            yield from ("-pthread", "-lm")
        if not sanitize and (self.is_zig or system == "linux"):
            yield "-s"


def zig(target: str) -> Compiler | None:
    """The compiler of the package ziglang, if it is installed."""
    if find_spec("ziglang") is None:
        return None
    command = (sys.executable, "-m", "ziglang", "cc")  # C driver: no libstdc++
    return Compiler(command, target, is_zig=True)


@cache
def find_system_compiler() -> Compiler | None:
    """The first of $CXX, cc, gcc and clang that compiles two lines."""
    target = this_machine()
    if target is None:
        return None
    newest = instruction_sets(target)[-1]
    text = '#include <stdint.h>\nextern "C" int64_t one(void) { return 1; }\n'
    for command in _system_commands():
        compiler = Compiler(tuple(command), target)
        with tempfile.TemporaryDirectory() as folder:
            try:
                compiler.compile(text, Path(folder, "two_lines"), newest)
            except CompileError:
                continue
        return compiler
    return None


def _system_commands() -> Iterator[list[str]]:
    if os.environ.get("CXX"):
        yield shlex.split(os.environ["CXX"])
    names = ["cc", "gcc", "clang"]
    if sys.platform == "win32":
        names = ["clang"]  # gcc does not align the stack for wide vectors there
    if sys.platform == "darwin":  # cc would open a window that offers Apple's tools
        tools = subprocess.run(["xcode-select", "-p"], capture_output=True)
        names = names if tools.returncode == 0 else []
    yield from ([name] for name in names if shutil.which(name))


def find_compiler() -> Compiler:
    """A compiler for this machine: the system's, else zig."""
    target = this_machine()
    if target is None:
        raise NoCompiler(f"the engine is not written for {platform.platform()}")
    compiler = find_system_compiler() or zig(target)
    if compiler is None:
        raise NoCompiler("found none of $CXX, cc, gcc, clang and ziglang")
    return compiler


def build_for_this_cpu(folder: Path | None = None) -> list[Path]:
    """Build the libraries that this CPU can run, in place unless a folder is given."""
    folder = folder or LIBRARIES
    target = this_machine() or find_compiler().target
    oldest, *newer = instruction_sets(target)
    paths = build(folder, target, [oldest])
    level = ctypes.CDLL(str(paths[0])).skrnn_cpu_level()
    return paths + build(folder, target, [s for s in newer if s.level <= level])


def build(
    folder: Path,
    target: str,
    sets: Sequence[InstructionSet],
    compiler: Compiler | None = None,
    sanitize: bool = False,
) -> list[Path]:
    """Build the libraries that are missing or older than the source, side by side."""
    newest = max(path.stat().st_mtime_ns for path in _sources())
    paths, missing = [], []
    for instruction_set, dtype in product(sets, C_TYPES):
        path = folder / file_name(instruction_set.name, dtype, target)
        paths.append(path)
        if not path.exists() or path.stat().st_mtime_ns <= newest:
            missing.append((path, instruction_set, dtype, sanitize))
    if missing:
        found = compiler or find_compiler()
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda one: _build_one(found, *one), missing))
    return paths


def _sources() -> list[Path]:
    return [*SOURCE.iterdir(), Path(__file__)]


def _build_one(
    compiler: Compiler,
    path: Path,
    instruction_set: InstructionSet,
    dtype: str,
    sanitize: bool,
) -> None:
    start = time.time_ns()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        output = Path(folder, path.name)
        source = SOURCE / "engine.cpp"
        compiler.compile(source, output, instruction_set, dtype, sanitize)
        os.utime(output, ns=(start, start))  # an edit made meanwhile is newer
        os.replace(output, path)  # another process may read it, or build it too
    print(f"built {path.name}")


def exported_names() -> list[str]:
    """Functions that the source marks with EXPORT, for Python to call."""
    text = "".join(source.read_text() for source in SOURCE.iterdir())
    return re.findall(r"^EXPORT [^(;]*?(\w+)\(", text, re.M)


def faults(path: Path, target: str) -> Iterator[str]:
    """What is wrong with a library, read from its bytes: it may be for another CPU."""
    content = path.read_bytes()
    if _format(content) != (TARGETS[target].system, TARGETS[target].architecture):
        yield f"{path.name} is not a library for {target}"
    for name in exported_names():
        if name.encode() + b"\0" not in content:
            yield f"{path.name} does not export {name}"
    for needed in (b"libstdc++", b"libc++"):
        if needed in content:
            yield f"{path.name} needs {needed.decode()}"


def _format(content: bytes) -> tuple[str, str | None]:
    """Operating system and architecture, from the headers of ELF, Mach-O and PE."""
    if content[:4] == b"\x7fELF":
        machine = int.from_bytes(content[18:20], "little")
        return "linux", {62: "x86_64", 183: "arm64"}.get(machine)
    if content[:4] == b"\xcf\xfa\xed\xfe":
        machine = int.from_bytes(content[4:8], "little")
        return "macos", {0x1000007: "x86_64", 0x100000C: "arm64"}.get(machine)
    start = int.from_bytes(content[60:64], "little")
    if content[:2] == b"MZ" and content[start : start + 4] == b"PE\0\0":
        machine = int.from_bytes(content[start + 4 : start + 6], "little")
        return "windows", {0x8664: "x86_64", 0xAA64: "arm64"}.get(machine)
    return "unknown", None


def platform_tag(paths: Sequence[Path], target: str) -> str:
    """Name, as pip has it, of the oldest platform that can load the libraries."""
    tag = TARGETS[target].tag
    if TARGETS[target].system != "linux":
        return tag
    content = b"".join(path.read_bytes() for path in paths)
    versions = [int(n) for n in re.findall(rb"GLIBC_2\.(\d+)", content)]
    return tag.replace("2_17", f"2_{max([17, *versions])}")


def build_all(folder: Path) -> list[str]:
    """Build and check the libraries of every platform; what is wrong with them."""
    wrong: list[str] = []
    for target in TARGETS:
        compiler = zig(target)
        if compiler is None:
            raise NoCompiler(f"ziglang is not installed: pip install {ZIG}")
        sets = instruction_sets(target)
        for path in build(folder / target, target, sets, compiler):
            wrong += faults(path, target)
    return wrong


def fetch_zig() -> None:
    """Install ziglang into this environment if no compiler is there."""
    if this_machine() and find_system_compiler() is None and not find_spec("ziglang"):
        print(f"no C++ compiler found: installing {ZIG}")
        command = [sys.executable, "-m", "pip", "install", ZIG]
        subprocess.run(command, capture_output=True)  # main says it in one line
        invalidate_caches()


def main() -> str | None:
    """Return what went wrong, for sys.exit."""
    parser = argparse.ArgumentParser(description="Compile the engine of skrnn.")
    parser.add_argument("--all", action="store_true", help="for every platform, by zig")
    parser.add_argument("--sanitize", action="store_true", help="to look for faults")
    parser.add_argument("--fetch", action="store_true", help="install zig if needed")
    parser.add_argument("--output", type=Path, help="folder of the libraries")
    asked = parser.parse_args()
    try:
        if asked.all:
            return "\n".join(build_all(asked.output or BUILD)) or None
        if asked.sanitize:
            compiler = find_compiler()
            sets = instruction_sets(compiler.target)
            folder = asked.output or BUILD / "sanitized"
            build(folder, compiler.target, sets, compiler, sanitize=True)
            return None
        if asked.fetch:
            fetch_zig()
        build_for_this_cpu(asked.output)
    except NoCompiler as error:
        print(NOT_COMPILED.format(error), file=sys.stderr)
        return None if asked.fetch else "nothing was built"
    except CompileError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main())
