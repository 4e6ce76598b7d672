"""Keeps out of a process what the training libraries import and a job here never uses: half the time of a cold start.

What is put off comes by itself as soon as somebody really needs it, so nothing is lost but time. What is left out
altogether are optional libraries that Transformers and Accelerate look for and that no job here hands anything to.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

# Imported by Transformers and Accelerate wherever they are installed; `datasets` alone brings pandas and takes 0.5 s.
_NEVER_USED = ("datasets", "pandas", "scipy", "sklearn", "tensorflow", "torchaudio", "torchvision")
# Questions of Transformers and Accelerate whose answer "no" leaves out what only several processes or flex attention
# need: sharded tensors, distributed checkpoints, sympy.
_ANSWERED_NO = ("is_torch_distributed_available", "is_torch_flex_attn_available", "is_datasets_available")


@contextmanager
def uncollected() -> Iterator[None]:
    """While this holds no cyclic garbage is looked for, and what was made meanwhile is never searched for any.

    Imports make a million objects that stay for good; searching them again and again took a sixth of the start, and
    every collection that a library asks for later a fifth of a second.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_lean() -> None:
    """Import the training libraries without what is not needed; call it before torch and Transformers are imported.

    One of several processes that train together (``torch.distributed.run``) gets everything: it needs most of it.

    Raises:
        ImportError: one of them is missing.
    """
    if _is_one_of_several() or "transformers" in sys.modules:
        return
    for name in _NEVER_USED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's own word for "not to be had"
    _stand_in_for_compiler_and_sharding()
    for name in ("transformers.utils", "transformers.utils.import_utils", "accelerate.utils.other"):
        module = importlib.import_module(name)
        for question in _ANSWERED_NO:
            if hasattr(module, question):
                setattr(module, question, _no)
    _import_without_compiling("bitsandbytes")


def _is_one_of_several() -> bool:
    return "RANK" in os.environ or "LOCAL_RANK" in os.environ


def _no() -> bool:
    return False


def _stand_in_for_compiler_and_sharding() -> None:
    """Eager code of one process asks these only for marks on functions and whether something is one of theirs."""
    import torch

    marks = ("allow_in_graph", "assume_constant_result", "disallow_in_graph", "forbid_in_graph")
    StandIn(
        torch,
        "_dynamo",
        {
            "disable": _disable,
            "graph_break": lambda *_, **__: None,  # there is no graph
            "eval_frame": SimpleNamespace(OptimizedModule=_Nothing),
            **dict.fromkeys(marks, _unchanged),
        },
        light={"config"},
        leave_for={"torch._inductor"},
    ).take_place()
    StandIn(torch.distributed, "tensor", {"DTensor": _Nothing}).take_place()


class _Nothing:
    """No object is one."""


class StandIn(ModuleType):
    """Takes the place of a module that is slow to import, until somebody asks it for what it does not know.

    Args:
        parent: the package that holds the module.
        name: the module's name there; its submodules are found behind the stand-in as before.
        known: what it answers itself.
        light: submodules that it imports when asked for them.
        leave_for: modules that expect the real one: when they are imported, the stand-in has left.
    """

    def __init__(
        self,
        parent: ModuleType,
        name: str,
        known: Mapping[str, object],
        *,
        light: Collection[str] = (),
        leave_for: Collection[str] = (),
    ) -> None:
        super().__init__(f"{parent.__name__}.{name}")
        self.__path__ = [os.path.join(folder, name) for folder in parent.__path__]
        self._parent = parent
        self._attribute = name
        self._known = dict(known)
        self._light = light
        self._alarm = _Alarm(leave_for, self.leave)

    def take_place(self) -> None:
        """Stand in, unless the module has been imported."""
        if self.__name__ not in sys.modules:
            sys.modules[self.__name__] = self
            setattr(self._parent, self._attribute, self)
            sys.meta_path.insert(0, self._alarm)

    def leave(self) -> None:
        """Make room: whoever imports the module from now on gets it."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
            delattr(self._parent, self._attribute)
            sys.meta_path.remove(self._alarm)

    def __getattr__(self, name: str) -> Any:
        if name in self._known and sys.modules.get(self.__name__) is self:
            return self._known[name]
        if name in self._light:
            return importlib.import_module(f"{self.__name__}.{name}")
        if name.startswith("__"):
            raise AttributeError(name)
        self.leave()
        return getattr(importlib.import_module(self.__name__), name)


class _Alarm(MetaPathFinder):
    """Finds no module, but calls back before one of ``names`` is imported."""

    def __init__(self, names: Collection[str], ring: Callable[[], None]) -> None:
        self._names = names
        self._ring = ring

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """What Python asks each finder for before an import."""
        if fullname in self._names:
            self._ring()


def _import_without_compiling(name: str) -> None:
    """Import a library that calls ``torch.compile`` as it is imported; its functions are compiled when called."""
    import torch

    compile_now = torch.compile
    torch.compile = functools.partial(_compile_when_called, compile_now)
    try:
        importlib.import_module(name)
    finally:
        torch.compile = compile_now


def _compile_when_called(
    compile_now: Callable[..., Any], function: Callable[..., Any] | None = None, **options: Any
) -> Callable[..., Any]:
    if function is None:
        return functools.partial(_compile_when_called, compile_now, **options)
    compiled: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        if not compiled:
            compiled.append(compile_now(function, **options))
        return compiled[0](*args, **named)

    return call


def _disable(function: Any = None, recursive: bool = True, **_: Any) -> Any:
    return _unchanged if function is None else function


def _unchanged(function: Any) -> Any:
    return function
