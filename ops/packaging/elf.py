"""Compiled modules without what only debuggers read: symbols and sections.

The loader finds its way by segments. What lies behind the last of them goes, and the table of
sections with it, as `sstrip` does; binutils' `strip` would have to know the target's processor.
Source: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
"""

from __future__ import annotations

import struct

_ELF_64_LITTLE = b"\x7fELF\x02\x01"
_SEGMENTS_AT, _SEGMENT_COUNT_AT = 32, 54
_SECTIONS_AT, _SECTION_COUNT_AT = 40, 58


def stripped(module: bytes) -> bytes:
    """Return a compiled module as it is loaded; another file as it is."""
    if not module.startswith(_ELF_64_LITTLE):
        return module
    (start,) = struct.unpack_from("<Q", module, _SEGMENTS_AT)
    size, count = struct.unpack_from("<HH", module, _SEGMENT_COUNT_AT)
    end = start + size * count
    for each in range(count):
        # Type, flags, offset in the file, two addresses, size in the file.
        _, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", module, start + each * size)
        end = max(end, offset + length)
    left = bytearray(module[:end])
    struct.pack_into("<Q", left, _SECTIONS_AT, 0)
    struct.pack_into("<HHH", left, _SECTION_COUNT_AT, 0, 0, 0)  # size of one, count, their names'
    return bytes(left)
