#include "record.h"

#include "output.h"

#include <batpak/ffi.h>
#include <string.h>

enum { NAME_COLUMNS = 16 };

record record_begin(bool json) { return (record){.json = json, .empty = true}; }

static void begin_member(record *out, const char *name) {
  if (out->json) {
    text_string(&out->out, out->empty ? "{\"" : ",\"");
    text_string(&out->out, name);
    text_string(&out->out, "\":");
  } else {
    output_ink(&out->out, INK_DIM);
    text_format(&out->out, "%-*s", NAME_COLUMNS, name);
    output_ink(&out->out, INK_PLAIN);
  }
  out->empty = false;
}

static void end_member(record *out) {
  if (!out->json) text_bytes(&out->out, "\n", 1);
}

static void literal(record *out, const char *name, const char *json, const char *shown) {
  begin_member(out, name);
  text_string(&out->out, out->json ? json : shown);
  end_member(out);
}

void record_number(record *out, const char *name, uint64_t value) {
  begin_member(out, name);
  text_number(&out->out, value);
  end_member(out);
}

void record_signed(record *out, const char *name, int64_t value) {
  begin_member(out, name);
  if (value < 0) text_bytes(&out->out, "-", 1);
  text_number(&out->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
  end_member(out);
}

void record_optional(record *out, const char *name, uint64_t value) {
  if (value == UINT64_MAX) {
    record_null(out, name);
  } else {
    record_number(out, name, value);
  }
}

void record_kind(record *out, const char *name, uint16_t kind) {
  char shown[6];
  bp_kind_format(kind, shown);
  if (out->json) {
    record_number(out, name, kind);
  } else {
    record_string(out, name, shown, strlen(shown));
  }
}

void record_bool(record *out, const char *name, bool value) {
  literal(out, name, value ? "true" : "false", value ? "yes" : "no");
}

void record_null(record *out, const char *name) { literal(out, name, "null", "-"); }

void record_string(record *out, const char *name, const void *bytes, size_t length) {
  begin_member(out, name);
  if (out->json) {
    text_json_string(&out->out, bytes, length);
  } else {
    text_printable(&out->out, bytes, length);
  }
  end_member(out);
}

void record_hex(record *out, const char *name, const uint8_t *bytes, size_t length) {
  begin_member(out, name);
  if (out->json) text_bytes(&out->out, "\"", 1);
  text_hex(&out->out, bytes, length);
  if (out->json) text_bytes(&out->out, "\"", 1);
  end_member(out);
}

void record_hex_or_null(record *out, const char *name, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] != 0) {
      record_hex(out, name, bytes, length);
      return;
    }
  }
  record_null(out, name);
}

void record_json(record *out, const char *name, const text *value) {
  begin_member(out, name);
  if (out->json) {
    text_bytes(&out->out, value->data, value->length);
  } else {
    text_printable(&out->out, value->data, value->length);
  }
  end_member(out);
}

void record_end(record *out, text *to) {
  if (out->json) text_string(&out->out, out->empty ? "{}\n" : "}\n");
  text_bytes(to, out->out.data, out->out.length);
  text_free(&out->out);
}

void record_print(record *out) {
  text whole = {0};
  record_end(out, &whole);
  output_text(&whole);
  text_free(&whole);
}
