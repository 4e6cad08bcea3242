"""Build hook: compile the engine, and say for which platform the wheel is.

``SKRNN_ENGINE_BUILD=none`` compiles nothing, and ``SKRNN_ENGINE_BUILD=required`` makes
an error of what is otherwise a warning. ``SKRNN_ENGINE_TARGET`` names another platform.
"""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
spec = spec_from_file_location("skrnn_compile", ROOT / "skrnn/engine/_compile.py")
engine = module_from_spec(spec)  # by its path: the package itself would import torch
sys.modules[spec.name] = engine  # where its data classes look for their types
spec.loader.exec_module(engine)


def read_target():
    """Target that the user names, None for this machine."""
    target = os.environ.get("SKRNN_ENGINE_TARGET")
    if target and target not in engine.TARGETS:
        known = ", ".join(engine.TARGETS)
        raise ValueError(f"SKRNN_ENGINE_TARGET={target} is not one of {known}")
    return target


class EngineHook(BuildHookInterface):
    """Compile in place for an editable installation, else into the wheel."""

    @property
    def how(self):
        return os.environ.get("SKRNN_ENGINE_BUILD", "")

    def dependencies(self):
        target = read_target()
        if self.how == "none" or not (target or engine.this_machine()):
            return []
        is_needed = target or engine.find_system_compiler() is None
        return [engine.ZIG] if is_needed else []

    def initialize(self, version, build_data):
        if self.how == "none":
            return
        try:
            if version == "editable":
                engine.build_for_this_cpu()
            else:
                self.add_libraries(build_data)
        except engine.CompileError as error:
            if self.how == "required" or read_target():
                raise
            reason = str(error).splitlines()[0]
            self.app.display_warning(engine.NOT_COMPILED.format(reason))

    def add_libraries(self, build_data):
        """Build all libraries of the platform, and put them into the wheel."""
        target = read_target()
        compiler = engine.zig(target) if target else engine.find_compiler()
        target = compiler.target
        by = "zig" if compiler.is_zig else "system"
        folder = engine.BUILD / f"{target}-{by}"
        paths = engine.build(folder, target, engine.instruction_sets(target), compiler)
        wrong = [fault for path in paths for fault in engine.faults(path, target)]
        if wrong:
            raise engine.CompileError("; ".join(wrong))
        for path in paths:
            to = f"skrnn/engine/libraries/{path.name}"
            build_data["force_include"][str(path)] = to
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{engine.platform_tag(paths, target)}"
