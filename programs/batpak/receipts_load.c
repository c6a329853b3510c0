#include "extensions.h"
#include "file.h"
#include "input.h"
#include "members.h"
#include "output.h"
#include "receipts.h"

#include <stdlib.h>
#include <string.h>

enum { EVENT_ID, SEQUENCE, CONTENT_HASH, KEY_ID, SIGNATURE, EXTENSIONS, DURABLE, REPLAYED, SAME, COUNT };

static const char *const names[COUNT] = {
    [EVENT_ID] = "event_id",     [SEQUENCE] = "sequence",     [CONTENT_HASH] = "content_hash",
    [KEY_ID] = "key_id",         [SIGNATURE] = "signature",   [EXTENSIONS] = "extensions",
    [DURABLE] = "durable",       [REPLAYED] = "replayed",     [SAME] = "same",
};

static bool take_hex_or_null(const member *found, uint8_t *out, size_t capacity, text *why) {
  return found->value == NULL || member_hex(found, out, capacity, why);
}

static bool take_flag(const member *found, bool nullable, uint8_t *flag, text *why) {
  if (nullable && found->value == NULL) return true;
  if (!json_object_is_type(found->value, json_type_boolean)) return member_is_no(found, "truth value", why);
  *flag = (uint8_t)json_object_get_boolean(found->value);
  return true;
}

/* The canonical map of them, in memory of its own. */
static bool take_extensions(const member *found, bp_receipt *receipt, text *why) {
  text map = {0};
  bool good = extensions_take(found, &map, why);
  if (good && map.length > 0) {
    receipt->extensions = memory_get(map.length);
    receipt->extensions_capacity = receipt->extensions_length = map.length;
    memcpy(receipt->extensions, map.data, map.length);
  }
  text_free(&map);
  return good;
}

typedef struct taking {
  bp_receipt receipt;
  bool says_same;
} taking;

static bool take(void *user, unsigned index, const member *found, text *why) {
  taking *now = user;
  bp_receipt *receipt = &now->receipt;
  switch (index) {
    case EVENT_ID: return member_hex(found, receipt->event_id, sizeof receipt->event_id, why);
    case SEQUENCE: return member_number(found, &receipt->sequence, why);
    case CONTENT_HASH: return member_hex(found, receipt->content_hash, sizeof receipt->content_hash, why);
    case KEY_ID: return take_hex_or_null(found, receipt->key_id, sizeof receipt->key_id, why);
    case SIGNATURE:
      receipt->has_signature = found->value != NULL;
      return take_hex_or_null(found, receipt->signature, sizeof receipt->signature, why);
    case EXTENSIONS: return take_extensions(found, receipt, why);
    case DURABLE: return take_flag(found, false, &receipt->durable, why);
    case REPLAYED: return take_flag(found, false, &receipt->replayed, why);
    default: now->says_same = found->value != NULL; return take_flag(found, true, &receipt->same, why);
  }
}

static bool load_line(member_reader *reader, const char *line, size_t length, receipt_list *list, text *why) {
  static const member_list members = {names, COUNT, (1u << COUNT) - 1, false, take};
  taking now = {0};
  bp_receipt_init(&now.receipt, sizeof now.receipt);
  bool good = members_read(reader, &members, line, length, &now, why);
  if (good && now.says_same != (now.receipt.replayed != 0)) {
    text_string(why, "same: stands with replayed alone, and always with it");
    good = false;
  }
  text_bytes(&list->receipts, &now.receipt, sizeof now.receipt);
  return good;
}

static int load_lines(input *in, member_reader *reader, receipt_list *list, text *why) {
  const char *line;
  size_t length;
  for (;;) {
    switch (input_next(in, &line, &length)) {
      case INPUT_LINE:
        if (!load_line(reader, line, length, list, why)) return input_bad_line(in, in->line_number, why);
        break;
      case INPUT_TOO_LONG: text_string(why, "too long"); return input_bad_line(in, in->line_number, why);
      case INPUT_WAITING: input_wait(in); break;
      case INPUT_FAILED: return file_failed(in->name);
      case INPUT_SIGNAL:
      case INPUT_END: return EXIT_FINE;
    }
  }
}

int receipts_load(const char *path, receipt_list *list) {
  input in;
  text why = {0};
  int code = input_open(&in, path);
  if (code != EXIT_FINE) return code;
  member_reader *reader = members_new();
  code = load_lines(&in, reader, list, &why);
  members_free(reader);
  text_free(&why);
  input_close(&in);
  return code;
}

const bp_receipt *receipts_of(const receipt_list *list, size_t *count) {
  *count = list->receipts.length / sizeof(bp_receipt);
  return (const bp_receipt *)(const void *)list->receipts.data;
}

void receipts_free(receipt_list *list) {
  size_t count;
  const bp_receipt *receipts = receipts_of(list, &count);
  for (size_t i = 0; i < count; i++) free(receipts[i].extensions);
  text_free(&list->receipts);
}
