#include "commands.h"
#include "output.h"
#include "record.h"

#include <batpak/ffi.h>
#include <string.h>

int command_version(const options *asked) {
  record out = record_begin(asked->json);
  record_string(&out, "version", bp_version(), strlen(bp_version()));
  record_number(&out, "abi_version", bp_abi_version());
  record_number(&out, "format_version", bp_format_version());
  record_print(&out);
  return EXIT_FINE;
}
