#include "claims.h"

#include "extensions.h"
#include "file.h"
#include "input.h"
#include "output.h"
#include "payload.h"
#include "record.h"
#include "session.h"

#include <string.h>

enum {
  FORMAT,
  VERSION,
  EVENT_ID,
  SEQUENCE,
  ENTITY,
  SCOPE,
  KIND,
  PREV_HASH,
  CONTENT_HASH,
  EXTENSIONS,
  KEY_ID,
  SIGNATURE,
  COUNT
};

static const char *const names[COUNT] = {
    [FORMAT] = "format",       [VERSION] = "version",         [EVENT_ID] = "event_id",
    [SEQUENCE] = "sequence",   [ENTITY] = "entity",           [SCOPE] = "scope",
    [KIND] = "kind",           [PREV_HASH] = "prev_hash",     [CONTENT_HASH] = "content_hash",
    [EXTENSIONS] = "extensions", [KEY_ID] = "key_id",         [SIGNATURE] = "signature",
};

static const char format_name[] = "batpak.claim";

/* ------------------------------------------------------------------------------------------------------------ writing */

static void write_members(const bp_claim *claim, const text *extensions, record *out) {
  record_string(out, "format", format_name, sizeof format_name - 1);
  record_number(out, "version", claim->version);
  record_hex(out, "event_id", claim->event_id, sizeof claim->event_id);
  record_number(out, "sequence", claim->sequence);
  record_string(out, "entity", claim->entity, claim->entity_length);
  record_string(out, "scope", claim->scope, claim->scope_length);
  record_kind(out, "kind", claim->kind);
  record_hex(out, "prev_hash", claim->prev_hash, sizeof claim->prev_hash);
  record_hex(out, "content_hash", claim->content_hash, sizeof claim->content_hash);
  record_json(out, "extensions", extensions);
  record_hex_or_null(out, "key_id", claim->key_id, sizeof claim->key_id);
  if (claim->has_signature) {
    record_hex(out, "signature", claim->signature, sizeof claim->signature);
  } else {
    record_null(out, "signature");
  }
}

bp_status claim_write(const uint8_t *bytes, size_t length, bool json, text *out, bp_error *error) {
  bp_claim claim = {.struct_size = sizeof claim};
  text extensions = {0};
  bp_status status = bp_claim_read(bytes, length, &claim, NULL, error);
  if (status == BP_OK) status = extensions_of_map(claim.extensions, claim.extensions_length, &extensions, error);
  if (status == BP_OK) {
    record members = record_begin(json);
    write_members(&claim, &extensions, &members);
    record_end(&members, out);
  }
  text_free(&extensions);
  return status;
}

/* ------------------------------------------------------------------------------------------------------------ reading */

/* Where the members of a line go. */
typedef struct line_claim {
  bp_claim claim;
  text entity;
  text scope;
  text extensions;
} line_claim;

static bool take_format(const member *found, text *why) {
  const char *word;
  size_t length;
  if (!member_string(found, &word, &length, why)) return false;
  bool same = length == sizeof format_name - 1 && memcmp(word, format_name, length) == 0;
  return same || member_is_no(found, format_name, why);
}

static bool take_version(const member *found, uint32_t *version, text *why) {
  uint64_t number;
  if (!member_number(found, &number, why)) return false;
  *version = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
  return true;
}

static bool take_signature(const member *found, bp_claim *claim, text *why) {
  claim->has_signature = found->value != NULL;
  return found->value == NULL || member_hex(found, claim->signature, sizeof claim->signature, why);
}

static bool take(void *user, unsigned index, const member *found, text *why) {
  line_claim *line = user;
  bp_claim *claim = &line->claim;
  switch (index) {
    case FORMAT: return take_format(found, why);
    case VERSION: return take_version(found, &claim->version, why);
    case EVENT_ID: return member_hex(found, claim->event_id, sizeof claim->event_id, why);
    case SEQUENCE: return member_number(found, &claim->sequence, why);
    case ENTITY: return member_text(found, &line->entity, why);
    case SCOPE: return member_text(found, &line->scope, why);
    case KIND: return member_kind(found, &claim->kind, why);
    case PREV_HASH: return member_hex(found, claim->prev_hash, sizeof claim->prev_hash, why);
    case CONTENT_HASH: return member_hex(found, claim->content_hash, sizeof claim->content_hash, why);
    case EXTENSIONS: return extensions_take(found, &line->extensions, why);
    case KEY_ID: return found->value == NULL || member_hex(found, claim->key_id, sizeof claim->key_id, why);
    default: return take_signature(found, claim, why);
  }
}

static bp_status line_bytes(line_claim *line, text *bytes, bp_error *error) {
  bp_claim *claim = &line->claim;
  size_t needed = 0;
  claim->entity = (const uint8_t *)line->entity.data;
  claim->entity_length = line->entity.length;
  claim->scope = (const uint8_t *)line->scope.data;
  claim->scope_length = line->scope.length;
  claim->extensions = (const uint8_t *)line->extensions.data;
  claim->extensions_length = line->extensions.length;
  bytes->length = 0;
  bp_status status = bp_claim_write(claim, NULL, 0, &needed, error);
  if (status != BP_TOO_SMALL) return status;
  status = bp_claim_write(claim, (uint8_t *)text_reserve(bytes, needed), needed, &needed, error);
  if (status == BP_OK) bytes->length = needed;
  return status;
}

/* A claim of a later version may have members that this one does not know. */
static bool line_read(member_reader *reader, const char *at, size_t length, text *bytes, text *why) {
  static const member_list members = {names, COUNT, (1u << COUNT) - 1, true, take};
  line_claim line = {.claim = {.struct_size = sizeof(bp_claim)}};
  bp_error error = error_empty();
  bool good = members_read(reader, &members, at, length, &line, why);
  if (good && line_bytes(&line, bytes, &error) != BP_OK) {
    error_describe(why, &error);
    good = false;
  }
  text_free(&line.entity);
  text_free(&line.scope);
  text_free(&line.extensions);
  return good;
}

static int each_line(const input *in, const text *content, claim_work work, void *user) {
  member_reader *reader = members_new();
  text bytes = {0}, why = {0};
  uint64_t number = 0;
  int code = EXIT_FINE;
  for (size_t at = 0, end; at < content->length && code != EXIT_USAGE; at = end + 1) {
    const char *newline = memchr(content->data + at, '\n', content->length - at);
    end = newline == NULL ? content->length : (size_t)(newline - content->data);
    number++;
    int worked = line_read(reader, content->data + at, end - at, &bytes, &why)
                     ? work(user, (const uint8_t *)bytes.data, bytes.length)
                     : input_bad_line(in, number, &why);
    if (worked > code) code = worked;
  }
  text_free(&bytes);
  text_free(&why);
  members_free(reader);
  return code;
}

int claims_each(const char *path, claim_work work, void *user) {
  input in;
  text content = {0};
  int code = input_open(&in, path);
  if (code != EXIT_FINE) return code;
  code = file_read_all(in.name, in.file, INPUT_LINE_MAX, &content);
  if (code == EXIT_FINE) {
    /* No claim in bytes begins with a brace. */
    code = content.length > 0 && content.data[0] == '{' ? each_line(&in, &content, work, user)
                                                        : work(user, (const uint8_t *)content.data, content.length);
  }
  text_free(&content);
  input_close(&in);
  return code;
}
