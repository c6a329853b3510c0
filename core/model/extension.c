/* Receipt extensions: names with a rule, values without (encoding.md 3.10).  On disk and under the signature a map of
 * text to octets, names ascending bytewise. */
#include "base/status.h"
#include "codec/pack.h"
#include "model/event.h"

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
static int comes_before(const bp_extension *items, uint32_t a, uint32_t b) {
  int order = bpi_bytes_compare(name_of(&items[a]), name_of(&items[b]));
  return order != 0 ? order < 0 : a < b;
}

static void sift_down(const bp_extension *items, uint32_t *order, size_t root, size_t count) {
  for (;;) {
    size_t child = 2 * root + 1;
    if (child >= count) return;
    if (child + 1 < count && comes_before(items, order[child], order[child + 1])) child++;
    if (!comes_before(items, order[root], order[child])) return;
    uint32_t swap = order[root];
    order[root] = order[child];
    order[child] = swap;
    root = child;
  }
}

/* Heap sort: it asks for no memory, and the caller cannot choose names that make it slow. */
static void sort(const bp_extension *items, uint32_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
  for (size_t root = count / 2; root > 0; root--) sift_down(items, order, root - 1, count);
  for (size_t end = count; end > 1; end--) {
    uint32_t swap = order[0];
    order[0] = order[end - 1];
    order[end - 1] = swap;
    sift_down(items, order, 0, end - 1);
  }
}

static int is_last_of_name(const bp_extension *items, const uint32_t *order, size_t place, size_t count) {
  return place + 1 == count || !bpi_bytes_equal(name_of(&items[order[place]]), name_of(&items[order[place + 1]]));
}

static void pack_sorted(bpi_buffer *out, const bp_extension *items, const uint32_t *order, size_t count) {
  uint32_t distinct = 0;
  for (size_t i = 0; i < count; i++) distinct += (uint32_t)is_last_of_name(items, order, i, count);
  bpi_pack_map(out, distinct);
  for (size_t i = 0; i < count; i++) {
    if (!is_last_of_name(items, order, i, count)) continue;
    const bp_extension *item = &items[order[i]];
    bpi_pack_str(out, item->name, item->name_length);
    bpi_pack_octets(out, item->value, item->value_length);
  }
}

void bpi_extensions_pack(bpi_buffer *out, const bp_extension *items, size_t count) {
  enum { FEW = 32 };
  if (count == 0) return;
  uint32_t few[FEW];
  uint32_t *order = few;
  size_t size = bpi_size(count, sizeof *order, 0);
  if (count > FEW) order = size == 0 ? NULL : (uint32_t *)bpi_allocate(&out->memory, size);
  if (order == NULL) {
    out->failed = 1;
    return;
  }
  sort(items, order, count);
  pack_sorted(out, items, order, count);
  if (order != few) bpi_release(&out->memory, order, size);
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
  if (out.failed) {
    status = bpi_fail(error, BP_NO_MEMORY, "no memory for the map of extensions");
  } else {
    *needed = out.length;
    if (out.length > capacity) {
      status = bpi_fail_values(error, BP_TOO_SMALL, out.length, capacity, "the buffer is smaller than the map");
    } else {
      memcpy(buffer, out.data, out.length);
    }
  }
  bpi_buffer_free(&out);
  return status;
}
