/* What the files of the raw module share.  They stand on ffi.h and on the stable interface of CPython 3.10. */
#ifndef BATPAK_PYTHON_H
#define BATPAK_PYTHON_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include <batpak/ffi.h>

/* What cffi made: a module with `ffi` and `lib`. */
PyObject *batpak_cffi_init(void);

#endif
