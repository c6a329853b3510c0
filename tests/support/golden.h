/* The golden stores: what must be found in each, as its maker wrote it down. */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

#include "support/store_fixture.h"

#include <json-c/json.h>

#define GOLDEN_DIRECTORY "conformance/golden"

/* One of its files, line by line: JSON objects. */
typedef struct golden_lines {
  json_object **items;
  size_t count;
} golden_lines;

enum { GOLDEN_NAME_MAX = 64 };

typedef struct golden_name {
  char text[GOLDEN_NAME_MAX];
} golden_name;

/* All stores as "maker/name", sorted; at most `capacity`. */
size_t golden_names(golden_name *names, size_t capacity);
golden_lines golden_read(const char *name, const char *file);
void golden_free(golden_lines *lines);
/* about.json; json_object_put frees it. */
json_object *golden_about(const char *name);

/* Copies the store to a directory below `parent`, fills in its path. */
void golden_copy(const char *name, const char *parent, char *path, size_t capacity);

/* The first field in which the event differs from its line, "" when there is none.  Fields that the line does not have do
 * not count; `skipped` names one more that does not, or is NULL. */
const char *golden_difference(json_object *line, const bp_event *event);
int golden_has(json_object *line, const char *name);
uint64_t golden_number(json_object *line, const char *name);
const char *golden_text(json_object *line, const char *name);
/* The bytes of a hexadecimal member; aborts where they are not `length`. */
void golden_bytes(json_object *line, const char *name, uint8_t *bytes, size_t length);
/* A receipt as its line has it; `extensions` is room for its map. */
bp_receipt golden_receipt(json_object *line, uint8_t *extensions, size_t capacity);

#endif
