#include "commands.h"
#include "output.h"
#include "record.h"
#include "session.h"

#include <string.h>

int command_keygen(const options *asked) {
  uint8_t seed[KEY_BYTES], public_key[KEY_BYTES], key_id[KEY_BYTES];
  const char *path = asked->arguments[0];
  bp_error error = error_empty();
  bp_status status = bp_key_generate(seed, public_key, key_id, &error);
  if (status == BP_OK) status = bp_key_file_write(path, seed, &error);
  explicit_bzero(seed, sizeof seed);
  if (status != BP_OK) return failed(path, &error);
  record out = record_begin(asked->json);
  record_hex(&out, "public_key", public_key, sizeof public_key);
  record_hex(&out, "key_id", key_id, sizeof key_id);
  record_print(&out);
  return EXIT_FINE;
}
