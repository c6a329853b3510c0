"""batpak: an embedded, append-only event journal."""

from ._batpak import ffi, lib

__version__: str = ffi.string(lib.bp_version()).decode()
