"""The structs as this package sees them are the structs as a C compiler lays them out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from batpak._batpak import ffi

ROOT = Path(__file__).resolve().parents[2]


def test_structs_are_where_the_compiler_puts_them(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source, program, headers = tmp_path / "layouts.c", tmp_path / "layouts", tmp_path / "include/batpak"
    headers.mkdir(parents=True)
    shutil.copy(ROOT / "ffi.h", headers)
    subprocess.run([sys.executable, "-B", ROOT / "bindings/layouts.py", source], check=True)
    subprocess.run([compiler, "-std=c11", "-I", headers.parent, source, "-o", program], check=True)
    layouts = json.loads(subprocess.run([program], check=True, capture_output=True).stdout)
    assert {"bp_draft", "bp_error", "bp_event", "bp_receipt", "bp_token"} <= set(layouts)
    for name, layout in layouts.items():
        struct = ffi.typeof(name)
        fields = {field: {"offset": found.offset, "size": ffi.sizeof(found.type)} for field, found in struct.fields}
        assert {"size": ffi.sizeof(struct), "fields": fields} == layout, name
