/* Encoded extension maps in: what a receipt or a frame carries is read with the tolerance of encoding.md 1.4, and names
 * are not checked again (3.10). */
#include "base/status.h"
#include "codec/unpack.h"
#include "model/event.h"

/* A walk over the entries; length 0 is the empty map. */
typedef struct map_walk {
  bpi_unpack in;
  uint32_t left;
  bpi_bytes name;
  bpi_bytes elements;
  size_t length;   /* of the value, decoded */
  int is_bin;
} map_walk;

static bp_status walk_begin(map_walk *walk, bpi_bytes map) {
  memset(walk, 0, sizeof *walk);
  if (map.length == 0) return BP_OK;
  walk->in.at = map.data;
  walk->in.end = map.data + map.length;
  return bpi_unpack_map(&walk->in, &walk->left);
}

static bp_status walk_next(map_walk *walk) {
  bp_status status = bpi_unpack_str(&walk->in, &walk->name);
  if (status == BP_OK) status = bpi_unpack_octets(&walk->in, &walk->elements, &walk->length, &walk->is_bin);
  walk->left--;
  return status;
}

static uint64_t next_octet(bpi_unpack *in, int is_bin) {
  uint64_t octet = 0;
  if (is_bin) return *in->at++;
  (void)bpi_unpack_u64(in, UINT8_MAX, &octet);
  return octet;
}

static int values_equal(const map_walk *a, const map_walk *b) {
  if (a->length != b->length) return 0;
  if (a->is_bin == b->is_bin && bpi_bytes_equal(a->elements, b->elements)) return 1;
  bpi_unpack x = {a->elements.data, a->elements.data + a->elements.length};
  bpi_unpack y = {b->elements.data, b->elements.data + b->elements.length};
  for (size_t i = 0; i < a->length; i++) {
    if (next_octet(&x, a->is_bin) != next_octet(&y, b->is_bin)) return 0;
  }
  return 1;
}

/* Number of entries, or -1 for what is no map of extensions; *ascending: each name above the one before. */
static int64_t survey(bpi_bytes map, int *ascending) {
  map_walk walk;
  if (walk_begin(&walk, map) != BP_OK) return -1;
  uint32_t entries = walk.left;
  bpi_bytes last = {NULL, 0};
  *ascending = 1;
  for (uint32_t i = 0; i < entries; i++) {
    if (walk_next(&walk) != BP_OK) return -1;
    if (i > 0 && bpi_bytes_compare(last, walk.name) >= 0) *ascending = 0;
    last = walk.name;
  }
  return entries;
}

/* The last entry of this name, as the reference's map keeps it. */
static int find_last(bpi_bytes map, bpi_bytes name, map_walk *found) {
  map_walk walk;
  int is_there = 0;
  (void)walk_begin(&walk, map);
  while (walk.left > 0) {
    (void)walk_next(&walk);
    if (!bpi_bytes_equal(walk.name, name)) continue;
    *found = walk;
    is_there = 1;
  }
  return is_there;
}

/* Everything that `a` says, `b` says too. */
static int all_within(bpi_bytes a, bpi_bytes b) {
  map_walk walk;
  (void)walk_begin(&walk, a);
  while (walk.left > 0) {
    (void)walk_next(&walk);
    map_walk mine, other;
    if (!find_last(a, walk.name, &mine) || !find_last(b, walk.name, &other) || !values_equal(&mine, &other)) return 0;
  }
  return 1;
}

int bpi_extensions_equal(bpi_bytes a, bpi_bytes b) {
  /* Everything that any version wrote is ascending.  Maps in another order are compared name by name, and one that would
   * take long that way is nobody's. */
  enum { UNORDERED_MAX = 256, UNORDERED_BYTES_MAX = 1 << 20 };
  if (bpi_bytes_equal(a, b)) return 1;
  int a_ascending, b_ascending;
  int64_t a_count = survey(a, &a_ascending), b_count = survey(b, &b_ascending);
  if (a_count < 0 || b_count < 0) return 0;
  if (!a_ascending || !b_ascending) {
    int small = a_count <= UNORDERED_MAX && b_count <= UNORDERED_MAX && a.length <= UNORDERED_BYTES_MAX &&
                b.length <= UNORDERED_BYTES_MAX;
    return small && all_within(a, b) && all_within(b, a);
  }
  if (a_count != b_count) return 0;
  map_walk x, y;
  (void)walk_begin(&x, a);
  (void)walk_begin(&y, b);
  while (x.left > 0) {
    (void)walk_next(&x);
    (void)walk_next(&y);
    if (!bpi_bytes_equal(x.name, y.name) || !values_equal(&x, &y)) return 0;
  }
  return 1;
}

static bp_status damaged(const map_walk *walk, const uint8_t *map, bp_status status, bp_error *error) {
  size_t offset = walk->in.at == NULL ? 0 : (size_t)(walk->in.at - map);
  return bpi_fail_at(error, status, 0, offset, "not a map of names to bytes");
}

/* What the map needs, and that it is one. */
static bp_status measure(const uint8_t *map, size_t map_length, size_t *count, size_t *bytes, bp_error *error) {
  map_walk walk;
  bp_status status = walk_begin(&walk, bpi_bytes_of(map, map_length));
  *count = walk.left;
  *bytes = 0;
  while (status == BP_OK && walk.left > 0) {
    status = walk_next(&walk);
    if (status == BP_OK) *bytes += walk.length;
  }
  if (status == BP_OK && walk.in.at != walk.in.end) status = BP_MESSAGEPACK;
  return status == BP_OK ? BP_OK : damaged(&walk, map, status, error);
}

bp_status bp_extensions_decode(const uint8_t *map, size_t map_length, bp_extension *items, size_t items_capacity,
                               size_t *count, uint8_t *values, size_t values_capacity, size_t *values_length,
                               bp_error *error) {
  if ((map == NULL && map_length > 0) || (items == NULL && items_capacity > 0) ||
      (values == NULL && values_capacity > 0) || count == NULL || values_length == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "a pointer that is required is NULL");
  }
  size_t entries, bytes;
  bp_status status = measure(map, map_length, &entries, &bytes, error);
  if (status != BP_OK) return status;
  *count = entries;
  *values_length = bytes;
  if (entries > items_capacity) {
    return bpi_fail_values(error, BP_TOO_SMALL, entries, items_capacity, "the map has more entries than there is room for");
  }
  if (bytes > values_capacity) {
    return bpi_fail_values(error, BP_TOO_SMALL, bytes, values_capacity, "the values are longer than their room");
  }
  map_walk walk;
  (void)walk_begin(&walk, bpi_bytes_of(map, map_length));
  while (walk.left > 0) {
    (void)walk_next(&walk);
    bp_extension item = {walk.name.data, walk.name.length, values, walk.length};
    if (walk.length > 0) bpi_octets_decode(walk.elements, walk.is_bin, values, walk.length);
    *items++ = item;
    if (walk.length > 0) values += walk.length;
  }
  return BP_OK;
}
