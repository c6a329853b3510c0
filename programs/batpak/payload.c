#include "payload.h"

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
