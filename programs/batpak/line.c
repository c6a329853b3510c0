#include "line.h"

#include "payload.h"
#include "session.h"

#include <string.h>

enum { ENTITY, SCOPE, KIND, PAYLOAD, KEY, CORRELATION, CAUSATION, CAUSE_ITEM, COUNT };

static const char *const names[COUNT] = {"entity", "scope", "kind", "payload", "key", "correlation", "causation",
                                    "cause_item"};

/* Where members of one line go. */
typedef struct taking {
  line_reader *reader;
  bp_draft *draft;
} taking;

static bool take_payload(const member *found, text *payload, text *why) {
  bp_error error = error_empty();
  if (payload_read(found->json, found->json_length, payload, &error) == BP_OK) return true;
  text_string(why, "payload: ");
  error_describe(why, &error);
  return false;
}

static bool take_id(const member *found, uint32_t given, bp_draft *draft, uint8_t id[16], text *why) {
  draft->given |= given;
  return member_hex(found, id, 16, why);
}

static bool take_cause_item(const member *found, bp_draft *draft, text *why) {
  uint64_t number;
  if (!member_number(found, &number, why)) return false;
  draft->given |= BP_GIVEN_CAUSE_ITEM;
  draft->cause_item = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number; /* no earlier item either way */
  return true;
}

static bool take(void *user, unsigned index, const member *found, text *why) {
  taking *now = user;
  bp_draft *draft = now->draft;
  switch (index) {
    case ENTITY: return member_text(found, &now->reader->entity, why);
    case SCOPE: return member_text(found, &now->reader->scope, why);
    case KIND: return member_kind(found, &draft->kind, why);
    case PAYLOAD: return take_payload(found, &now->reader->payload, why);
    case KEY: return take_id(found, BP_GIVEN_KEY, draft, draft->key, why);
    case CORRELATION: return take_id(found, BP_GIVEN_CORRELATION, draft, draft->correlation_id, why);
    case CAUSE_ITEM: return take_cause_item(found, draft, why);
    default: return take_id(found, BP_GIVEN_CAUSATION, draft, draft->causation_id, why);
  }
}

bool line_is_blank(const char *line, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
  }
  return true;
}

line_reader line_reader_begin(void) { return (line_reader){.members = members_new()}; }

void line_reader_end(line_reader *reader) {
  members_free(reader->members);
  text_free(&reader->payload);
  text_free(&reader->entity);
  text_free(&reader->scope);
}

bool line_read(line_reader *reader, const char *line, size_t length, bp_draft *draft, text *why) {
  static const member_list members = {names, COUNT, 1u << ENTITY | 1u << SCOPE | 1u << KIND | 1u << PAYLOAD, false, take};
  taking now = {reader, draft};
  bp_draft_init(draft, sizeof *draft);
  if (!members_read(reader->members, &members, line, length, &now, why)) return false;
  draft->entity = (const uint8_t *)reader->entity.data;
  draft->entity_length = reader->entity.length;
  draft->scope = (const uint8_t *)reader->scope.data;
  draft->scope_length = reader->scope.length;
  draft->payload = (const uint8_t *)reader->payload.data;
  draft->payload_length = reader->payload.length;
  return true;
}
