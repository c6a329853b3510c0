#include "payload.h"

#include "session.h"

#include <string.h>

enum { GUESSED_MORE_BYTES = 64 };

typedef bp_status (*conversion)(const uint8_t *from, size_t length, uint8_t *buffer, size_t capacity, size_t *needed,
                                bp_error *error);

static bp_status convert(conversion turn, const void *from, size_t length, text *out, bp_error *error) {
  size_t needed = 0;
  out->length = 0;
  text_reserve(out, length + GUESSED_MORE_BYTES);
  bp_status status = turn(from, length, (uint8_t *)out->data, out->capacity, &needed, error);
  if (status == BP_TOO_SMALL) {
    text_reserve(out, needed);
    status = turn(from, length, (uint8_t *)out->data, out->capacity, &needed, error);
  }
  if (status == BP_OK) out->length = needed;
  return status;
}

void payload_json(const bp_event *event, text *out) {
  if (convert(bp_payload_to_json, event->payload, event->payload_length, out, NULL) != BP_OK) text_string(out, "null");
}

bp_status payload_read(const char *json, size_t length, text *out, bp_error *error) {
  return convert(bp_payload_from_json, json, length, out, error);
}

static bp_status read_string(const member *found, text *out, bp_error *error) {
  bp_token string;
  size_t count;
  bp_status status = payload_read(found->json, found->json_length, out, error);
  if (status == BP_OK) status = bp_payload_decode((const uint8_t *)out->data, out->length, &string, 1, &count, error);
  if (status != BP_OK) return status;
  memmove(out->data, out->data + string.offset, (size_t)string.number);
  out->length = (size_t)string.number;
  return BP_OK;
}

bool member_text(const member *found, text *out, text *why) {
  bp_error error = error_empty();
  if (!json_object_is_type(found->value, json_type_string)) return member_is_no(found, "string", why);
  if (read_string(found, out, &error) == BP_OK) return true;
  text_format(why, "%s: ", found->name);
  error_describe(why, &error);
  return false;
}
