#include <batpak/ffi.h>

const char *bp_version(void) { return "0.1.0"; }

uint32_t bp_abi_version(void) { return 1; }

uint32_t bp_format_version(void) { return 1; }
