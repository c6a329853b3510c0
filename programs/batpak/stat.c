#include "commands.h"
#include "output.h"
#include "record.h"
#include "session.h"

static int stat_store(const options *asked, bp_store *store, void *user) {
  (void)user;
  bp_error error = error_empty();
  bp_stat stat = {.struct_size = sizeof stat};
  bp_status status = bp_store_stat(store, &stat, &error);
  if (status != BP_OK) return failed(asked->arguments[0], &error);
  record out = record_begin(asked->json);
  record_number(&out, "events", stat.events);
  record_number(&out, "entities", stat.entities);
  record_number(&out, "scopes", stat.scopes);
  record_number(&out, "segments", stat.segments);
  record_number(&out, "bytes", stat.bytes);
  record_optional(&out, "first_sequence", stat.first_sequence);
  record_optional(&out, "last_sequence", stat.last_sequence);
  record_bool(&out, "clean_close", stat.clean_close != 0);
  record_print(&out);
  return EXIT_FINE;
}

int command_stat(const options *asked) { return session_read(asked, stat_store, NULL); }
