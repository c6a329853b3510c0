#include "session.h"

#include "output.h"
#include "progress.h"
#include "signals.h"

#include <string.h>

enum { REPORTED_FINDINGS_MAX = 10 };

bp_error error_empty(void) {
  bp_error error;
  memset(&error, 0, sizeof error);
  error.struct_size = sizeof error;
  return error;
}

/* The groups of bp_status, and the few that mean something else to a command. */
int status_exit(bp_status status) {
  switch (status) {
    case BP_OK: return EXIT_FINE;
    case BP_ARGUMENT:
    case BP_CONFIGURATION: return EXIT_USAGE;
    case BP_NOT_FOUND: return EXIT_JUDGED;
    case BP_LOCKED: return EXIT_LOCKED;
    case BP_CLOCK_INVALID:
    case BP_POISONED: return EXIT_TROUBLE;
    default: break;
  }
  if (status < 100) return EXIT_TROUBLE;
  if (status < 200) return EXIT_USAGE;
  return status < 400 ? EXIT_JUDGED : EXIT_TROUBLE;
}

void error_describe(text *out, const bp_error *error) {
  bool in_store = error->code >= 200 && error->code < 400 && (error->segment_id != 0 || error->offset != 0);
  text_string(out, error->text);
  if (in_store) {
    text_format(out, ", in segment %llu at offset %llu", (unsigned long long)error->segment_id,
                (unsigned long long)error->offset);
  } else if (error->code == BP_JSON) {
    text_format(out, ", at byte %llu", (unsigned long long)error->offset + 1);
  }
}

int failed(const char *subject, const bp_error *error) {
  if (error->code == BP_STOPPED) return EXIT_TROUBLE;  /* a signal: nobody needs to be told */
  text said = {0};
  error_describe(&said, error);
  message("%s: %.*s", subject, (int)said.length, said.data);
  message_more(bp_status_advice(error->code));
  text_free(&said);
  return status_exit(error->code);
}

static int32_t show_progress(void *user, uint32_t stage, uint64_t done, uint64_t total) {
  (void)user;
  progress_show(stage == BP_STAGE_OPEN ? "open" : "verify", done, total, 0);
  return signals_stop();
}

static void report_open(const char *path, const bp_store *store) {
  bp_report *report;
  if (bp_store_open_report(store, &report, NULL) != BP_OK) return;
  size_t count;
  const bp_finding *findings = bp_report_findings(report, &count);
  for (size_t i = 0; i < count && i < REPORTED_FINDINGS_MAX; i++) {
    message("%s: %s: %s, in segment %llu at offset %llu", path, bp_severity_name(findings[i].severity),
            findings[i].text, (unsigned long long)findings[i].segment_id, (unsigned long long)findings[i].offset);
  }
  if (count > REPORTED_FINDINGS_MAX) {
    message("%s: and %zu findings more; see batpak verify", path, count - REPORTED_FINDINGS_MAX);
  }
  bp_report_free(report);
}

static bp_config configured(const options *asked, uint32_t mode) {
  bp_config config;
  bp_config_init(&config, sizeof config);
  config.mode = mode;
  config.progress = show_progress;
  config.verify_keys = (const uint8_t *)asked->keys.data;
  config.verify_key_count = asked->keys.length / KEY_BYTES;
  return config;
}

/* The store, or NULL after a message with its exit code in *code. */
static bp_store *session_open(const char *path, const bp_config *config, int *code) {
  bp_store *store;
  bp_error error = error_empty();
  signals_begin();
  bp_status status = bp_store_open(path, config, &store, &error);
  if (status != BP_OK) *code = failed(path, &error);
  return store;
}

static int session_run(const options *asked, bp_store *store, session_work work, void *user) {
  bp_error error = error_empty();
  int code = work(asked, store, user);
  bp_status status = bp_store_close(store, &error);
  if (status == BP_OK) return code;
  int closed = failed(asked->arguments[0], &error);
  return code == EXIT_FINE ? closed : code;
}

static int session_look(const options *asked, bool reported, session_work work, void *user) {
  int code = EXIT_FINE;
  bp_config config = configured(asked, BP_MODE_READ_ONLY);
  bp_store *store = session_open(asked->arguments[0], &config, &code);
  if (store != NULL) {
    if (reported) report_open(asked->arguments[0], store);
    code = session_run(asked, store, work, user);
  }
  return signals_exit(code);
}

int session_read(const options *asked, session_work work, void *user) { return session_look(asked, true, work, user); }

int session_verify(const options *asked, session_work work, void *user) {
  return session_look(asked, false, work, user);
}

/* A store whose only event is that of its opening was not there before. */
static void say_new(const char *path, const bp_store *store) {
  bp_stat stat = {.struct_size = sizeof stat};
  if (bp_store_stat(store, &stat, NULL) == BP_OK && stat.last_sequence == 0) message("%s: new store", path);
}

int session_write(const options *asked, uint32_t durability, session_work work, void *user) {
  int code = EXIT_FINE;
  uint8_t seed[KEY_BYTES];
  bp_config config = configured(asked, BP_MODE_CREATE);
  config.durability = durability;
  config.sync_every_events = 0;
  config.batch_max_events = 4096;
  config.batch_max_bytes = 16777216;
  if (asked->sign != NULL) {
    bp_error error = error_empty();
    if (bp_key_file_read(asked->sign, seed, &error) != BP_OK) code = failed(asked->sign, &error);
    config.signing_seeds = seed;
    config.signing_seed_count = 1;
  }
  bp_store *store = code == EXIT_FINE ? session_open(asked->arguments[0], &config, &code) : NULL;
  explicit_bzero(seed, sizeof seed);
  if (store != NULL) {
    say_new(asked->arguments[0], store);
    report_open(asked->arguments[0], store);
    code = session_run(asked, store, work, user);
  }
  return signals_exit(code);
}
