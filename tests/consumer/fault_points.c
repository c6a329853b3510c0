/* fault_points PATH: 0 when the library refuses a function for its fault points. */
#include <batpak/ffi.h>

#include <string.h>

static int32_t go_on(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items) {
  (void)user, (void)point, (void)batch, (void)item, (void)items;
  return 0;
}

int main(int count, char **arguments) {
  bp_config config;
  bp_error error = {.struct_size = sizeof error};
  bp_store *store = NULL;
  if (count != 2 || bp_config_init(&config, sizeof config) != BP_OK) return 2;
  config.fault = go_on;
  bp_status status = bp_store_open(arguments[1], &config, &store, &error);
  return status == BP_UNSUPPORTED && store == NULL && strstr(error.text, "BATPAK_FAULT_POINTS") != NULL ? 0 : 1;
}
