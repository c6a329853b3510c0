/* The raw module: cffi's `ffi` and `lib`, and the hot calls. */
#include "python.h"

PyMODINIT_FUNC PyInit__batpak(void);

PyMODINIT_FUNC PyInit__batpak(void) { return batpak_cffi_init(); }
