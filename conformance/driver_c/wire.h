/* The wire of the C driver: instructions in, answers out, and the forms that values take on it (spec.md). */
#ifndef DRIVER_WIRE_H
#define DRIVER_WIRE_H

#include <batpak/ffi.h>
#include <json-c/json.h>
#include <stdbool.h>

/* What the driver itself has to say about an instruction; below every bp_status. */
enum {
  DRIVER_BAD_INSTRUCTION = -1,
  DRIVER_UNSUPPORTED = -2,
  DRIVER_NO_STORE = -3,
  DRIVER_NO_FENCE = -4
};

/* A JSON value; NULL is null. */
typedef struct json_object json;

/* Owned bytes; free `data`. */
typedef struct bytes {
  uint8_t *data;
  size_t length;
} bytes;

/* Never NULL: a driver without memory ends here. */
void *must_allocate(size_t size);

bool bytes_from_hex(const char *text, bytes *out);
json *hex_json(const uint8_t *data, size_t length);

json *text_json(const char *text);
json *integer_json(uint64_t number);
/* Takes over `value`. */
void set(json *object, const char *name, json *value);

/* Arguments of an instruction.  Absent or null ones leave `out` as it was; false means that it is malformed.
 * Integers come as JSON numbers or, where they may pass 2^53, as decimal strings. */
bool argument_u64(const json *step, const char *name, uint64_t *out);
bool argument_u32(const json *step, const char *name, uint32_t *out);
bool argument_i64(const json *step, const char *name, int64_t *out);
bool argument_id(const json *step, const char *name, uint8_t out[16], bool *given);
bool argument_fixed(const json *step, const char *name, uint8_t *out, size_t length);
/* `name` as text, or `name`_hex as bytes, repeated `name`_repeat times.  Absent: no bytes. */
bool argument_name(const json *step, const char *name, bytes *out);
bool argument_hex(const json *step, const char *name, bytes *out);
/* Keys of 32 bytes, back to back; `*block` is the caller's to free. */
bool keys_from(const json *step, const char *name, uint8_t **block, size_t *count);
bool argument_flag(const json *step, const char *name, bool otherwise);
bool is_given(const json *step, const char *name);
/* NULL where it is absent or no text. */
const char *argument_text(const json *step, const char *name);

/* A map of extension names to hexadecimal values, as an array for a draft. */
typedef struct extension_list {
  bp_extension *items;
  size_t count;
} extension_list;

bool extensions_from_json(json *object, extension_list *out);
void extensions_free(extension_list *list);
json *extensions_json(const bp_extension *items, size_t count);
bp_status extensions_from_map(const uint8_t *map, size_t length, json **value, bp_error *error);
/* The same for the canonical map that a receipt carries. */
json *extension_map_json(const uint8_t *map, size_t length);
bp_status extension_map_from_json(json *object, bytes *map, bp_error *error);

/* "ok", the constant's name, or the driver's own word. */
const char *status_text(bp_status status);

/* One answer line, flushed: an instruction may be the last thing that this process does.  Takes over `value`. */
void answer(const json *step, bp_status status, json *value, const bp_error *error);

#endif
