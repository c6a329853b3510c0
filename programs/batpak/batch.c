/* batch: all lines become events, or none does.  Everything is read and judged before the store is opened. */
#include "commands.h"
#include "file.h"
#include "input.h"
#include "line.h"
#include "output.h"
#include "receipts.h"
#include "session.h"
#include "signals.h"

#include <stdlib.h>

enum { LINES_MAX = 4096 };

typedef struct gathering {
  input in;
  receipt_file kept;
  line_reader reader;
  bp_batch *batch;
  uint64_t line_numbers[LINES_MAX];
} gathering;

static size_t count_of(const gathering *now) {
  size_t count;
  (void)bp_batch_drafts(now->batch, &count);
  return count;
}

static int take_line(gathering *now, const char *line, size_t length) {
  text why = {0};
  bp_draft draft;
  bp_error error = error_empty();
  int code = EXIT_FINE;
  if (line_is_blank(line, length)) return EXIT_FINE;
  size_t count = count_of(now);
  if (count == LINES_MAX) {
    text_format(&why, "a batch has at most %d lines", LINES_MAX);
    code = input_bad_line(&now->in, now->in.line_number, &why);
  } else if (!line_read(&now->reader, line, length, &draft, &why)) {
    code = input_bad_line(&now->in, now->in.line_number, &why);
  } else if (bp_batch_add(now->batch, &draft, &error) != BP_OK) {
    code = failed(now->in.name, &error);
  } else {
    now->line_numbers[count] = now->in.line_number;
  }
  text_free(&why);
  return code;
}

static int take_lines(gathering *now) {
  for (;;) {
    const char *line;
    size_t length;
    int code = EXIT_FINE;
    switch (input_next(&now->in, &line, &length)) {
      case INPUT_LINE: code = take_line(now, line, length); break;
      case INPUT_TOO_LONG: code = input_long_line(&now->in); break;
      case INPUT_WAITING: input_wait(&now->in); break;
      case INPUT_SIGNAL: return signals_exit(EXIT_FINE);
      case INPUT_END: return EXIT_FINE;
      case INPUT_FAILED: return file_failed(now->in.name);
    }
    if (code != EXIT_FINE) return code;
  }
}

/* Which line was refused, where one was. */
static int refused(const gathering *now, const char *store, const bp_error *error) {
  if (status_exit(error->code) != EXIT_USAGE || error->offset >= count_of(now)) return failed(store, error);
  text why = {0};
  error_describe(&why, error);
  int code = input_bad_line(&now->in, now->line_numbers[error->offset], &why);
  message_more(bp_status_advice(error->code));
  text_free(&why);
  return code;
}

static int show(const options *asked, bp_store *store, gathering *now, const bp_receipt *receipts, size_t count) {
  text lines = {0};
  bp_error error = error_empty();
  bp_status status = BP_OK;
  size_t replayed = 0;
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    status = receipt_write(store, &receipts[i], true, &lines, &error);
    replayed += receipts[i].replayed;
  }
  int code = status == BP_OK ? receipt_file_append(&now->kept, &lines) : failed(asked->arguments[0], &error);
  if (code == EXIT_FINE && asked->json) output_text(&lines);
  text_free(&lines);
  text said = {0};
  text_counted(&said, count, "event");
  message("%s: %.*s %s", asked->arguments[0], (int)said.length, said.data, replayed > 0 ? "already there" : "recorded");
  text_free(&said);
  return code;
}

static int batch_store(const options *asked, bp_store *store, void *user) {
  gathering *now = user;
  size_t count;
  const bp_draft *drafts = bp_batch_drafts(now->batch, &count);
  bp_error error = error_empty();
  bp_receipt *receipts = memory_get(count * sizeof *receipts);
  for (size_t i = 0; i < count; i++) bp_receipt_init(&receipts[i], sizeof receipts[i]);
  bp_status status = bp_store_append_batch(store, drafts, count, receipts, &error);
  int code = status == BP_OK ? show(asked, store, now, receipts, count) : refused(now, asked->arguments[0], &error);
  free(receipts);
  return code;
}

int command_batch(const options *asked) {
  static gathering now;
  bp_error error = error_empty();
  int code = input_open(&now.in, asked->arguments[1]);
  if (code != EXIT_FINE) return code;
  now.reader = line_reader_begin();
  if (bp_batch_new(&now.batch, &error) != BP_OK) code = failed(now.in.name, &error);
  if (code == EXIT_FINE) code = take_lines(&now);
  if (code == EXIT_FINE) code = receipt_file_open(&now.kept, asked->receipts_out);
  if (code == EXIT_FINE) code = session_write(asked, BP_DURABLE, batch_store, &now);
  receipt_file_close(&now.kept);
  bp_batch_free(now.batch);
  line_reader_end(&now.reader);
  input_close(&now.in);
  return code;
}
