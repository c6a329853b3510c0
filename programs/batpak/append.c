#include "commands.h"
#include "file.h"
#include "output.h"
#include "payload.h"
#include "receipts.h"
#include "session.h"

#include <string.h>
#include <unistd.h>

enum { ENTITY = 1, SCOPE, KIND, JSON, JSON_MAX_BYTES = 64 * 1024 * 1024 };

typedef struct appending {
  bp_draft draft;
  text payload;
  receipt_file kept;
} appending;

static int read_payload(const char *json, text *payload) {
  text given = {0};
  bp_error error = error_empty();
  int code = EXIT_FINE;
  if (json == NULL) {
    text_string(&given, "null");
  } else if (strcmp(json, "-") == 0) {
    code = file_read_all("standard input", STDIN_FILENO, JSON_MAX_BYTES, &given);
  } else {
    text_string(&given, json);
  }
  if (code == EXIT_FINE) {
    bp_status status = payload_read(given.data, given.length, payload, &error);
    if (status != BP_OK) code = failed("payload", &error);
  }
  text_free(&given);
  return code;
}

/* What is wrong with the words is said before a store is made for them. */
static int read_draft(const options *asked, appending *now) {
  const char *entity = asked->arguments[ENTITY], *scope = asked->arguments[SCOPE], *kind = asked->arguments[KIND];
  bp_draft *draft = &now->draft;
  bp_error error = error_empty();
  bp_draft_init(draft, sizeof *draft);
  draft->entity = (const uint8_t *)entity;
  draft->entity_length = strlen(entity);
  draft->scope = (const uint8_t *)scope;
  draft->scope_length = strlen(scope);
  bp_status status = bp_coordinate_check(draft->entity, draft->entity_length, draft->scope, draft->scope_length,
                                         &error);
  if (status != BP_OK) return failed("coordinate", &error);
  status = bp_kind_parse(kind, strlen(kind), &draft->kind, &error);
  if (status == BP_OK) status = bp_kind_make(draft->kind >> 12, draft->kind & 0xFFF, &draft->kind, &error);
  if (status != BP_OK) return failed("kind", &error);
  int code = read_payload(asked->arguments[JSON], &now->payload);
  draft->payload = (const uint8_t *)now->payload.data;
  draft->payload_length = now->payload.length;
  return code;
}

static int append_store(const options *asked, bp_store *store, void *user) {
  appending *now = user;
  text shown = {0}, line = {0};
  bp_error error = error_empty();
  bp_receipt receipt;
  bp_receipt_init(&receipt, sizeof receipt);
  bp_status status = bp_store_append(store, &now->draft, &receipt, &error);
  if (status == BP_OK) status = receipt_write(store, &receipt, true, &line, &error);
  if (status == BP_OK) status = receipt_write(store, &receipt, asked->json, &shown, &error);
  int code = status == BP_OK ? receipt_file_append(&now->kept, &line) : failed(asked->arguments[0], &error);
  if (code == EXIT_FINE) output_text(&shown);
  text_free(&line);
  text_free(&shown);
  return code;
}

int command_append(const options *asked) {
  appending now = {0};
  int code = read_draft(asked, &now);
  if (code == EXIT_FINE) code = receipt_file_open(&now.kept, asked->receipts_out);
  if (code == EXIT_FINE) code = session_write(asked, BP_DURABLE, append_store, &now);
  receipt_file_close(&now.kept);
  text_free(&now.payload);
  return code;
}
