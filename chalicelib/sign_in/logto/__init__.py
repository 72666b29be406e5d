"""Everything that knows Logto and its SDK.

The SDK imports aiohttp, for calls that are ours here (see `http`). It gets a module that loads
aiohttp when it is first used, which is never: that takes longer than to load the SDK.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _LoadedOnUse(ModuleType):
    # Not importlib's LazyLoader: an `import` of a module that it has made already loads it.
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # asked by the import system and by `inspect`
        return getattr(importlib.import_module(self.__name__), name)


if "aiohttp" not in sys.modules:
    sys.modules["aiohttp"] = _LoadedOnUse("aiohttp")
    try:
        importlib.import_module("logto")
    finally:
        del sys.modules["aiohttp"]  # others get aiohttp itself
