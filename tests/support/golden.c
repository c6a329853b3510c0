#include "support/golden.h"

#include "codec/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "golden: %s: %s\n", what, detail);
  abort();
}

static int by_name(const void *a, const void *b) {
  const golden_name *left = a, *right = b;
  return strcmp(left->text, right->text);
}

/* The directories in `path`; those of makers are named after a version, or "reference". */
static size_t list(const char *path, const char *maker, golden_name *names, size_t count, size_t capacity) {
  char full[512];
  struct stat about;
  DIR *directory = opendir(path);
  if (directory == NULL) fail("no such directory", path);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.' || entry->d_name[0] == '_') continue;
    fixture_join(full, sizeof full, path, entry->d_name);
    if (stat(full, &about) != 0 || !S_ISDIR(about.st_mode)) continue;
    if (maker == NULL) {
      count = list(full, entry->d_name, names, count, capacity);
      continue;
    }
    if (count == capacity) fail("more stores than expected", full);
    fixture_join(names[count].text, sizeof names[count].text, maker, entry->d_name);
    count++;
  }
  closedir(directory);
  return count;
}

size_t golden_names(golden_name *names, size_t capacity) {
  size_t count = list(GOLDEN_DIRECTORY, NULL, names, 0, capacity);
  qsort(names, count, sizeof *names, by_name);
  return count;
}

golden_lines golden_read(const char *name, const char *file) {
  char directory[512];
  golden_lines lines = {NULL, 0};
  fixture_join(directory, sizeof directory, GOLDEN_DIRECTORY, name);
  if (!fixture_exists(directory, file)) return lines;
  fixture_file text = fixture_read(directory, file);
  size_t capacity = 1;
  for (size_t i = 0; i < text.length; i++) capacity += text.bytes[i] == '\n';
  lines.items = calloc(capacity, sizeof *lines.items);
  if (lines.items == NULL) abort();
  char *rest = NULL;
  for (char *line = strtok_r((char *)text.bytes, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    json_object *object = json_tokener_parse(line);
    if (object == NULL) fail("not JSON", line);
    lines.items[lines.count++] = object;
  }
  free(text.bytes);
  return lines;
}

void golden_free(golden_lines *lines) {
  for (size_t i = 0; i < lines->count; i++) json_object_put(lines->items[i]);
  free(lines->items);
  *lines = (golden_lines){NULL, 0};
}

json_object *golden_about(const char *name) {
  char directory[512];
  fixture_join(directory, sizeof directory, GOLDEN_DIRECTORY, name);
  fixture_file text = fixture_read(directory, "about.json");
  json_object *about = json_tokener_parse((const char *)text.bytes);
  free(text.bytes);
  if (about == NULL) fail("about.json is no JSON", name);
  return about;
}

void golden_copy(const char *name, const char *parent, char *path, size_t capacity) {
  char from[512], store[512];
  fixture_join(from, sizeof from, GOLDEN_DIRECTORY, name);
  fixture_join(store, sizeof store, from, "store");
  fixture_join(path, capacity, parent, name);
  for (char *at = path + strlen(parent) + 1; *at != 0; at++) *at = *at == '/' ? '-' : *at;
  fixture_copy_directory(store, path);
}

/* --- members */

int golden_has(json_object *line, const char *name) {
  json_object *member;
  return json_object_object_get_ex(line, name, &member) && member != NULL;
}

static json_object *member_of(json_object *line, const char *name) {
  json_object *member;
  if (!json_object_object_get_ex(line, name, &member)) fail("a member is missing", name);
  return member;
}

uint64_t golden_number(json_object *line, const char *name) { return json_object_get_uint64(member_of(line, name)); }

const char *golden_text(json_object *line, const char *name) { return json_object_get_string(member_of(line, name)); }

void golden_bytes(json_object *line, const char *name, uint8_t *bytes, size_t length) {
  fixture_hex(golden_text(line, name), bytes, length);
}

/* --- comparing */

static int same_hex(json_object *line, const char *name, const uint8_t *bytes, size_t length) {
  const char *text = golden_text(line, name);
  if (strlen(text) != 2 * length) return 0;
  char *hex = malloc(2 * length + 1);
  if (hex == NULL) abort();
  bpi_hex_encode(bytes, length, hex);
  int same = memcmp(hex, text, 2 * length) == 0;
  free(hex);
  return same;
}

static int same_causation(json_object *line, const bp_event *event) {
  static const uint8_t none[16];
  if (!golden_has(line, "causation_id")) return memcmp(event->causation_id, none, 16) == 0;
  return same_hex(line, "causation_id", event->causation_id, 16);
}

static int same_extensions(json_object *line, const bp_event *event) {
  json_object *wanted = member_of(line, "extensions");
  if ((size_t)json_object_object_length(wanted) != event->extension_count) return 0;
  for (uint32_t i = 0; i < event->extension_count; i++) {
    const bp_extension *extension = &event->extensions[i];
    char name[512];
    if (extension->name_length >= sizeof name) return 0;
    memcpy(name, extension->name, extension->name_length);
    name[extension->name_length] = 0;
    if (!golden_has(wanted, name) || !same_hex(wanted, name, extension->value, extension->value_length)) return 0;
  }
  return 1;
}

#define DIFFERS_IN(field, same) \
  if (!(same)) return field

/* What the index alone knows. */
static const char *place_difference(json_object *line, const bp_event *event) {
  DIFFERS_IN("sequence", golden_number(line, "sequence") == event->sequence);
  DIFFERS_IN("event_id", same_hex(line, "event_id", event->event_id, 16));
  DIFFERS_IN("kind", golden_number(line, "kind") == event->kind);
  DIFFERS_IN("clock", golden_number(line, "clock") == event->clock);
  DIFFERS_IN("segment_id", golden_number(line, "segment_id") == event->segment_id);
  DIFFERS_IN("offset", golden_number(line, "offset") == event->offset);
  DIFFERS_IN("frame_length", golden_number(line, "frame_length") == event->frame_length);
  DIFFERS_IN("entity", fixture_text_is(event->entity, event->entity_length, golden_text(line, "entity")));
  DIFFERS_IN("scope", fixture_text_is(event->scope, event->scope_length, golden_text(line, "scope")));
  return "";
}

const char *golden_difference(json_object *line, const bp_event *event) {
  const char *place = place_difference(line, event);
  if (place[0] != 0) return place;
  DIFFERS_IN("status", event->status == BP_OK);
  DIFFERS_IN("event_hash", same_hex(line, "event_hash", event->event_hash, 32));
  DIFFERS_IN("prev_hash", same_hex(line, "prev_hash", event->prev_hash, 32));
  DIFFERS_IN("correlation_id", same_hex(line, "correlation_id", event->correlation_id, 16));
  DIFFERS_IN("causation_id", same_causation(line, event));
  DIFFERS_IN("wall_ms", golden_number(line, "wall_ms") == event->wall_ms);
  DIFFERS_IN("lane", golden_number(line, "lane") == event->lane);
  DIFFERS_IN("depth", golden_number(line, "depth") == event->depth);
  if (golden_has(line, "timestamp_us")) {
    DIFFERS_IN("timestamp_us", json_object_get_int64(member_of(line, "timestamp_us")) == event->timestamp_us);
  }
  if (golden_has(line, "flags")) DIFFERS_IN("flags", golden_number(line, "flags") == event->flags);
  if (golden_has(line, "payload_hex")) {
    DIFFERS_IN("payload_hex", same_hex(line, "payload_hex", event->payload, event->payload_length));
  }
  DIFFERS_IN("extensions", same_extensions(line, event));
  return "";
}

/* --- receipts */

static void fill_extensions(json_object *line, uint8_t *room, size_t capacity, bp_receipt *receipt) {
  bp_extension items[64];
  size_t count = 0;
  static uint8_t values[64][1024];
  json_object_object_foreach(member_of(line, "extensions"), name, value) {
    if (count == 64) fail("many extensions", name);
    size_t length = strlen(json_object_get_string(value)) / 2;
    if (length > sizeof values[0]) fail("a long extension", name);
    fixture_hex(json_object_get_string(value), values[count], length);
    items[count] = (bp_extension){(const uint8_t *)name, strlen(name), values[count], length};
    count++;
  }
  if (count == 0) return;
  MUST(bp_extensions_encode(items, count, room, capacity, &receipt->extensions_length, NULL));
  receipt->extensions = room;
  receipt->extensions_capacity = capacity;
}

bp_receipt golden_receipt(json_object *line, uint8_t *extensions, size_t capacity) {
  bp_receipt receipt = fixture_receipt();
  receipt.sequence = golden_number(line, "sequence");
  receipt.segment_id = golden_number(line, "segment_id");
  receipt.offset = golden_number(line, "offset");
  receipt.frame_length = (uint32_t)golden_number(line, "frame_length");
  golden_bytes(line, "event_id", receipt.event_id, 16);
  golden_bytes(line, "content_hash", receipt.content_hash, 32);
  golden_bytes(line, "key_id", receipt.key_id, 32);
  receipt.has_signature = golden_has(line, "signature") != 0;
  if (receipt.has_signature) golden_bytes(line, "signature", receipt.signature, 64);
  fill_extensions(line, extensions, capacity, &receipt);
  return receipt;
}
