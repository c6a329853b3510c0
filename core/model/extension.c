/* Receipt extensions: names with a rule, values without (encoding.md 3.10).  On disk and under the signature a map of
 * text to octets, names ascending bytewise. */
#include "base/status.h"
#include "codec/pack.h"
#include "model/event.h"

#include <stdlib.h>

static bp_status check_name(const uint8_t *name, size_t length) {
  if (length == 0) return BP_EXTENSION_EMPTY;
  size_t dots = 0, dot = 0;
  for (size_t i = 0; i < length; i++) {
    if (name[i] >= 0x80) return BP_EXTENSION_NON_ASCII;
    if (name[i] == '.') {
      dots++;
      dot = i;
    }
  }
  if (length > BPI_EXTENSION_NAME_MAX) return BP_EXTENSION_TOO_LONG;
  if (dots != 1 || dot == 0 || dot == length - 1) return BP_EXTENSION_NAMESPACE;
  return bpi_bytes_equal(bpi_bytes_of(name, dot), bpi_bytes_of("batpak", 6)) ? BP_EXTENSION_RESERVED : BP_OK;
}

static const char *meaning(bp_status status) {
  switch (status) {
    case BP_EXTENSION_EMPTY: return "is empty";
    case BP_EXTENSION_NON_ASCII: return "is not ASCII";
    case BP_EXTENSION_TOO_LONG: return "is longer than 256 bytes";
    case BP_EXTENSION_NAMESPACE: return "is not of the form prefix.field";
    default: return "has the prefix batpak";
  }
}

bp_status bpi_extensions_check(const bp_extension *items, size_t count, bp_error *error) {
  if (items == NULL && count > 0) return bpi_fail(error, BP_ARGUMENT, "the extensions are NULL and not none");
  if (count > UINT32_MAX) return bpi_fail(error, BP_ARGUMENT, "more extensions than the format can count");
  for (size_t i = 0; i < count; i++) {
    const bp_extension *item = &items[i];
    if ((item->name == NULL && item->name_length > 0) || (item->value == NULL && item->value_length > 0)) {
      return bpi_fail(error, BP_ARGUMENT, "name or value of extension %zu is NULL and not empty", i);
    }
    if (item->value_length > UINT32_MAX) {
      return bpi_fail(error, BP_ARGUMENT, "the value of extension %zu is longer than the format can say", i);
    }
    bp_status status = check_name(item->name, item->name_length);
    if (status != BP_OK) return bpi_fail(error, status, "the name of extension %zu %s", i, meaning(status));
  }
  return BP_OK;
}

static bpi_bytes name_of(const bp_extension *item) { return bpi_bytes_of(item->name, item->name_length); }

/* Of equal names the later place is the greater. */
static int compare_items(const void *left, const void *right) {
  const bp_extension *a = *(const bp_extension *const *)left, *b = *(const bp_extension *const *)right;
  int order = bpi_bytes_compare(name_of(a), name_of(b));
  return order != 0 ? order : (a > b) - (a < b);
}

static void pack_sorted(bpi_buffer *out, const bp_extension **sorted, size_t count) {
  size_t distinct = 0;
  for (size_t i = 0; i < count; i++) {
    int is_last = i + 1 == count || !bpi_bytes_equal(name_of(sorted[i]), name_of(sorted[i + 1]));
    if (is_last) sorted[distinct++] = sorted[i];
  }
  bpi_pack_map(out, (uint32_t)distinct);
  for (size_t i = 0; i < distinct; i++) {
    bpi_pack_str(out, sorted[i]->name, sorted[i]->name_length);
    bpi_pack_octets(out, sorted[i]->value, sorted[i]->value_length);
  }
}

void bpi_extensions_pack(bpi_buffer *out, const bp_extension *items, size_t count) {
  enum { FEW = 32 };
  if (count == 0) return;
  const bp_extension *few[FEW];
  const bp_extension **sorted = few;
  size_t size = bpi_size(count, sizeof *sorted, 0);
  if (count > FEW) sorted = size == 0 ? NULL : (const bp_extension **)bpi_resize(&out->memory, NULL, 0, size);
  if (sorted == NULL) {
    out->failed = 1;
    return;
  }
  for (size_t i = 0; i < count; i++) sorted[i] = &items[i];
  qsort(sorted, count, sizeof *sorted, compare_items);
  pack_sorted(out, sorted, count);
  if (sorted != few) bpi_release(&out->memory, sorted, size);
}

bp_status bp_extensions_encode(const bp_extension *items, size_t count, uint8_t *buffer, size_t capacity,
                               size_t *needed, bp_error *error) {
  if (needed == NULL || (buffer == NULL && capacity > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a buffer and a place for the needed length are required");
  }
  bp_status status = bpi_extensions_check(items, count, error);
  if (status != BP_OK) return status;
  bpi_memory memory = bpi_memory_default();
  bpi_buffer out;
  bpi_buffer_init(&out, &memory);
  if (count == 0) bpi_pack_map(&out, 0);
  bpi_extensions_pack(&out, items, count);
  status = bpi_pack_hand_over(&out, buffer, capacity, needed, error);
  bpi_buffer_free(&out);
  return status;
}
