/* import: lines become groups, groups become events, and what was flushed is acknowledged.
 *
 *   A receipt is shown only after the flush of its group, and after its line in the receipts file was flushed.
 *   A bad line ends the import behind the lines before it, which are recorded all the same. */
#include "commands.h"
#include "file.h"
#include "group.h"
#include "input.h"
#include "line.h"
#include "output.h"
#include "progress.h"
#include "receipts.h"
#include "session.h"
#include "signals.h"

typedef struct importing {
  const options *asked;
  bp_store *store;
  input in;
  receipt_file kept;
  line_reader reader;
  group *lines;
  text receipts;        /* of the group: JSON lines, shown after the flush */
  text why;             /* what is wrong with a line */
  uint64_t recorded;
  uint64_t replayed;
  uint64_t different;   /* replayed, and the line says something else now */
  uint64_t bad;
  uint64_t first_bad;   /* its line number */
} importing;

/* Counts a bad line; without --skip-bad it ends the import. */
static int note_bad(importing *now, uint64_t line_number, const text *why) {
  if (now->bad++ == 0) now->first_bad = line_number;
  return now->asked->skip_bad ? EXIT_FINE : input_bad_line(&now->in, line_number, why);
}

static void count_receipt(importing *now, const bp_receipt *receipt) {
  now->recorded += !receipt->replayed;
  now->replayed += receipt->replayed;
  now->different += receipt->replayed && !receipt->same;
}

/* Writes down receipts that hold once the flush has come. */
static int keep_receipts(importing *now, size_t from, size_t count) {
  bool wanted = now->asked->json || now->kept.path != NULL;
  for (size_t i = from; i < from + count; i++) {
    bp_error error = error_empty();
    bp_receipt *receipt = &now->lines->receipts[i];
    count_receipt(now, receipt);
    receipt->durable = 1;
    bp_status status = wanted ? receipt_write(now->store, receipt, true, &now->receipts, &error) : BP_OK;
    if (status != BP_OK) return failed(now->asked->arguments[0], &error);
  }
  return EXIT_FINE;
}

/* What a refused draft means: a bad line, or the end. */
static int refused(importing *now, size_t at, const bp_error *error) {
  if (status_exit(error->code) != EXIT_USAGE) return failed(now->asked->arguments[0], error);
  text why = {0};
  error_describe(&why, error);
  int code = note_bad(now, now->lines->line_numbers[at], &why);
  if (code != EXIT_FINE) message_more(bp_status_advice(error->code));
  text_free(&why);
  return code;
}

/* Appends the group, past bad lines if they may be skipped. */
static int append_group(importing *now) {
  group *lines = now->lines;
  int code = EXIT_FINE;
  for (size_t at = 0; at < lines->count && code == EXIT_FINE;) {
    size_t accepted = 0;
    bp_error error = error_empty();
    bp_status status = bp_store_append_many(now->store, lines->drafts + at, lines->count - at, lines->receipts + at,
                                            &accepted, &error);
    code = keep_receipts(now, at, accepted);
    at += accepted;
    if (status != BP_OK && code == EXIT_FINE) code = refused(now, at++, &error);
  }
  return code;
}

static int acknowledge(importing *now) {
  bp_error error = error_empty();
  bp_status status = bp_store_sync(now->store, &error);
  if (status != BP_OK) return failed(now->asked->arguments[0], &error);
  int code = receipt_file_append(&now->kept, &now->receipts);
  if (code == EXIT_FINE && now->asked->json) {
    output_text(&now->receipts);
    output_flush();
  }
  return code;
}

/* Records the group, flushes it, shows its receipts.  What came before a failure is flushed and shown too. */
static int commit(importing *now) {
  if (now->lines->count == 0) return EXIT_FINE;
  int code = append_group(now);
  int shown = acknowledge(now);
  now->receipts.length = 0;
  group_clear(now->lines);
  progress_show("import", now->in.bytes_total > 0 ? now->in.bytes_read : 0, now->in.bytes_total,
                now->recorded + now->replayed);
  return code != EXIT_FINE ? code : shown;
}

/* The lines before a bad one come first, and may hold another. */
static int bad_line(importing *now) {
  int code = commit(now);
  return code == EXIT_FINE ? note_bad(now, now->in.line_number, &now->why) : code;
}

static int take_line(importing *now, const char *line, size_t length) {
  bp_draft draft;
  if (line_is_blank(line, length)) return EXIT_FINE;
  if (!line_read(&now->reader, line, length, &draft, &now->why)) return bad_line(now);
  group_add(now->lines, &draft, now->in.line_number);
  return group_is_due(now->lines) ? commit(now) : EXIT_FINE;
}

static int take_long_line(importing *now) {
  now->why.length = 0;
  text_format(&now->why, "longer than %d bytes", INPUT_LINE_MAX);
  return bad_line(now);
}

static int take_lines(importing *now) {
  int code = EXIT_FINE;
  while (code == EXIT_FINE && !output_lost()) {
    const char *line;
    size_t length;
    switch (input_next(&now->in, &line, &length)) {
      case INPUT_LINE: code = take_line(now, line, length); break;
      case INPUT_TOO_LONG: code = take_long_line(now); break;
      case INPUT_WAITING:
        code = commit(now);
        if (code == EXIT_FINE) input_wait(&now->in);
        break;
      case INPUT_END:
      case INPUT_SIGNAL: return commit(now);
      case INPUT_FAILED:
        code = file_failed(now->in.name);
        commit(now);
        break;
    }
  }
  return code;
}

static void tell_summary(const importing *now) {
  text said = {0};
  text_counted(&said, now->recorded, "event");
  text_string(&said, " recorded");
  if (now->replayed > 0) {
    text_string(&said, ", ");
    text_count(&said, now->replayed);
    text_string(&said, " already there");
  }
  if (now->different > 0) {
    text_string(&said, ", ");
    text_count(&said, now->different);
    text_string(&said, " of these with other content");
  }
  message("%s: %.*s", now->asked->arguments[0], (int)said.length, said.data);
  if (now->bad > 0 && now->asked->skip_bad) {
    said.length = 0;
    text_counted(&said, now->bad, "bad line");
    message("%s: %.*s skipped, the first is line %llu", now->in.name, (int)said.length, said.data,
            (unsigned long long)now->first_bad);
  }
  text_free(&said);
}

static int import_store(const options *asked, bp_store *store, void *user) {
  importing *now = user;
  now->asked = asked;
  now->store = store;
  now->reader = line_reader_begin();
  now->lines = group_new();
  int code = take_lines(now);
  tell_summary(now);
  group_free(now->lines);
  line_reader_end(&now->reader);
  text_free(&now->receipts);
  text_free(&now->why);
  return code;
}

int command_import(const options *asked) {
  importing now = {0};
  int code = input_open(&now.in, asked->arguments[1]);
  if (code != EXIT_FINE) return code;
  code = receipt_file_open(&now.kept, asked->receipts_out);
  if (code == EXIT_FINE) code = session_write(asked, BP_WRITTEN, import_store, &now);
  receipt_file_close(&now.kept);
  input_close(&now.in);
  return code;
}
