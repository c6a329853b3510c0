/* Frames in every form that the reference's reader takes, and those that nobody takes. */
#include "codec/pack.h"
#include "crypto/crypto.h"
#include "journal/frame.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdlib.h>

typedef enum { BY_NAME, BY_POSITION, BY_INDEX, BY_BIN_NAME, REVERSED, WITH_UNKNOWN } shape;

/* What is put into a body, and how. */
typedef struct {
  shape shape;
  int wide;            /* integers as u64, whatever their value */
  int ids_as_arrays;
  int hashes_as_bin;
  int no_content_hash;
  int no_causation;
  int no_extensions;
  int no_chain;        /* nil instead of it */
  int strings_as_bin;
  unsigned left_out;   /* bit per header field */
  size_t id_length;
  size_t hash_length;
  uint64_t flags;
  bpi_bytes entity;
  bpi_bytes payload;   /* encoded */
  bpi_bytes extensions; /* encoded */
  uint8_t hash[32];
} body;

static bpi_memory memory;
static bpi_buffer out, frame_bytes;
static uint8_t *copy;

static void set_up(void) {
  memory = bpi_memory_default();
  bpi_buffer_init(&out, &memory);
  bpi_buffer_init(&frame_bytes, &memory);
  copy = NULL;
}
static void tear_down(void) {
  bpi_buffer_free(&out);
  bpi_buffer_free(&frame_bytes);
  free(copy);
}

TestSuite(frame_forms, .init = set_up, .fini = tear_down);

static body usual(void) {
  body b = {.id_length = 16, .hash_length = 32, .flags = 5};
  b.entity = bpi_bytes_of("e:1", 3);
  b.payload = bpi_bytes_of("\x93\x01\x02\xcc\xff", 5);
  b.extensions = bpi_bytes_of("\x81\xa3" "a.b" "\x91\x07", 7);
  bpi_blake3("\x01\x02\xff", 3, b.hash);
  return b;
}

static void put_u(const body *b, uint64_t value) {
  if (!b->wide) {
    bpi_pack_u64(&out, value);
    return;
  }
  uint8_t bytes[9] = {0xcf};
  bpi_store_be64(bytes + 1, value);
  bpi_buffer_append(&out, bytes, sizeof bytes);
}

static void put_text(const body *b, const void *text, size_t length) {
  if (b->strings_as_bin) {
    bpi_pack_bin(&out, text, length);
  } else {
    bpi_pack_str(&out, text, length);
  }
}

static void put_id(const body *b, uint8_t last) {
  uint8_t id[32] = {0};
  id[b->id_length - 1] = last;
  if (b->ids_as_arrays) {
    bpi_pack_octets(&out, id, b->id_length);
  } else {
    bpi_pack_bin(&out, id, b->id_length);
  }
}

static void put_hash(const body *b, const uint8_t *hash) {
  uint8_t room[64] = {0};
  memcpy(room, hash, 32);
  if (b->hashes_as_bin) {
    bpi_pack_bin(&out, room, b->hash_length);
  } else {
    bpi_pack_octets(&out, room, b->hash_length);
  }
}

static void put_key(const body *b, const char *name, unsigned index) {
  switch (b->shape) {
    case BY_POSITION: return;
    case BY_INDEX: bpi_pack_u64(&out, index); return;
    case BY_BIN_NAME: bpi_pack_bin(&out, name, strlen(name)); return;
    default: bpi_pack_text(&out, name);
  }
}

typedef void (*put_field)(const body *b, unsigned field);

static void put_struct(const body *b, const char *const *names, unsigned count, unsigned left_out, put_field put) {
  unsigned present = 0;
  for (unsigned i = 0; i < count; i++) present += !(left_out >> i & 1);
  if (b->shape == BY_POSITION) {
    bpi_pack_array(&out, present);
  } else {
    bpi_pack_map(&out, present + (b->shape == WITH_UNKNOWN));
  }
  for (unsigned k = 0; k < count; k++) {
    unsigned i = b->shape == REVERSED ? count - 1 - k : k;
    if (left_out >> i & 1) continue;
    put_key(b, names[i], i);
    put(b, i);
    if (b->shape == WITH_UNKNOWN && k == count / 2) {
      bpi_pack_text(&out, "unheard_of");
      bpi_pack_map(&out, 1);
      bpi_pack_nil(&out);
      bpi_pack_f64(&out, 1.5);
    }
  }
}

static void put_position(const body *b, unsigned field) {
  static const uint64_t values[] = {1700000000123, 4, 2, 7, 9};
  put_u(b, values[field]);
}

static void put_header_field(const body *b, unsigned field) {
  static const char *const position[] = {"wall_ms", "counter", "depth", "lane", "sequence"};
  switch (field) {
    case 0: put_id(b, 1); break;
    case 1: put_id(b, 2); break;
    case 2: put_id(b, 3); break;
    case 3: bpi_pack_i64(&out, -7); break;
    case 4: put_struct(b, position, 5, 0, put_position); break;
    case 5: put_u(b, 3); break;
    case 6: put_u(b, 0x2005); break;
    case 7: put_u(b, b->flags); break;
    case 8: put_hash(b, b->hash); break;
  }
}

static void put_chain_field(const body *b, unsigned field) {
  static const uint8_t previous[32] = {0xaa, 0xbb};
  put_hash(b, field == 0 ? previous : b->hash);
}

static void put_event_field(const body *b, unsigned field) {
  static const char *const header[] = {"event_id",     "correlation_id", "causation_id", "timestamp_us", "position",
                                       "payload_size", "event_kind",     "flags",        "content_hash"};
  static const char *const chain[] = {"prev_hash", "event_hash"};
  if (field == 0) {
    unsigned left_out = b->left_out | (b->no_causation ? 1u << 2 : 0) | (b->no_content_hash ? 1u << 8 : 0);
    put_struct(b, header, 9, left_out, put_header_field);
  } else if (field == 1) {
    bpi_buffer_append(&out, b->payload.data, b->payload.length);
  } else if (b->no_chain) {
    bpi_pack_nil(&out);
  } else {
    put_struct(b, chain, 2, 0, put_chain_field);
  }
}

static void put_body_field(const body *b, unsigned field) {
  static const char *const event[] = {"header", "payload", "hash_chain"};
  switch (field) {
    case 0: put_struct(b, event, 3, 0, put_event_field); break;
    case 1: put_text(b, b->entity.data, b->entity.length); break;
    case 2: put_text(b, "s", 1); break;
    case 3: bpi_buffer_append(&out, b->extensions.data, b->extensions.length); break;
  }
}

static bp_status decode(const body *b, bpi_frame *frame) {
  static const char *const names[] = {"event", "entity", "scope", "receipt_extensions"};
  out.length = frame_bytes.length = 0;
  put_struct(b, names, 4, b->no_extensions ? 8 : 0, put_body_field);
  size_t length = builder_put_body(&frame_bytes, bpi_bytes_of(out.data, out.length));
  free(copy);
  copy = builder_exact_copy(bpi_bytes_of(frame_bytes.data, length));
  cr_assert_eq(bpi_frame_check(bpi_bytes_of(copy, length), 0), length);
  return bpi_frame_decode(bpi_bytes_of(copy, length), frame);
}

static void assert_usual(const bpi_frame *frame) {
  const bpi_header *header = &frame->header;
  uint8_t payload[3], form;
  cr_assert_eq(header->event_id[15], 1);
  cr_assert_eq(header->correlation_id[15], 2);
  cr_assert_eq(header->causation_id[15], 3);
  cr_assert_eq(header->timestamp_us, -7);
  cr_assert_eq(header->wall_ms, 1700000000123);
  cr_assert_eq(header->counter, 4);
  cr_assert_eq(header->depth, 2);
  cr_assert_eq(header->lane, 7);
  cr_assert_eq(header->clock, 9);
  cr_assert_eq(header->payload_size, 3);
  cr_assert_eq(header->kind, 0x2005);
  cr_assert_eq(header->flags, 5);
  cr_assert_eq(header->prev_hash[0], 0xaa);
  cr_assert_not(header->content_hash_differs);
  cr_assert(bpi_bytes_equal(header->entity, bpi_bytes_of("e:1", 3)));
  cr_assert(bpi_bytes_equal(header->scope, bpi_bytes_of("s", 1)));
  cr_assert_eq(header->extensions.length, 7);
  bpi_bytes read = bpi_frame_payload(frame, payload, &form);
  cr_assert(bpi_bytes_equal(read, bpi_bytes_of("\x01\x02\xff", 3)));
  cr_assert_eq(form, 0);
}

Test(frame_forms, every_shape_of_the_structs_is_read) {
  static const shape shapes[] = {BY_NAME, BY_POSITION, BY_INDEX, BY_BIN_NAME, REVERSED, WITH_UNKNOWN};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    for (int bits = 0; bits < 16; bits++) {
      body b = usual();
      bpi_frame frame;
      b.shape = shapes[i];
      b.wide = bits & 1;
      b.ids_as_arrays = bits >> 1 & 1;
      b.hashes_as_bin = bits >> 2 & 1;
      b.strings_as_bin = bits >> 3 & 1;
      cr_assert_eq(decode(&b, &frame), BP_OK, "shape %zu bits %d", i, bits);
      assert_usual(&frame);
    }
  }
}

Test(frame_forms, what_has_a_default_may_be_missing) {
  body b = usual();
  bpi_frame frame;
  b.no_causation = b.no_content_hash = b.no_extensions = 1;
  cr_assert_eq(decode(&b, &frame), BP_OK);
  static const uint8_t none[16];
  cr_assert_arr_eq(frame.header.causation_id, none, 16);
  cr_assert_eq(frame.header.extensions.length, 0);
  cr_assert_not(frame.header.content_hash_differs);
}

Test(frame_forms, what_has_no_default_may_not) {
  for (unsigned field = 0; field < 8; field++) {
    if (field == 2) continue;
    body b = usual();
    bpi_frame frame;
    b.left_out = 1u << field;
    cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME, "field %u", field);
  }
}

Test(frame_forms, two_hashes_that_differ_are_noticed) {
  body b = usual();
  bpi_frame frame;
  cr_assert_eq(decode(&b, &frame), BP_OK);
  size_t at = 0;
  for (size_t i = 0; i + 13 < frame_bytes.length; i++) {
    if (memcmp(frame_bytes.data + i, "content_hash", 12) == 0) at = i + 12 + 3;
  }
  cr_assert_neq(at, 0);
  frame_bytes.data[at] = (uint8_t)(frame_bytes.data[at] ^ 1);
  cr_assert_eq(bpi_frame_decode(bpi_bytes_of(frame_bytes.data, frame_bytes.length), &frame), BP_OK);
  cr_assert(frame.header.content_hash_differs);
}

/* --- payloads */

static bpi_bytes payload_of(const body *b, uint8_t *room, uint8_t *form) {
  static bpi_frame frame;
  cr_assert_eq(decode(b, &frame), BP_OK);
  return bpi_frame_payload(&frame, room, form);
}

Test(frame_forms, a_payload_may_be_octets_or_bin) {
  static const struct {
    const char *encoded;
    size_t length;
  } forms[] = {{"\x93\x01\x02\xcc\xff", 5},
               {"\xc4\x03\x01\x02\xff", 5},
               {"\xc5\x00\x03\x01\x02\xff", 6},
               {"\xc6\x00\x00\x00\x03\x01\x02\xff", 8},
               {"\xdc\x00\x03\xcd\x00\x01\xd0\x02\xce\x00\x00\x00\xff", 13},
               {"\xdd\x00\x00\x00\x03\xcf\x00\x00\x00\x00\x00\x00\x00\x01\x02\xd1\x00\xff", 18}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    body b = usual();
    uint8_t room[8], form;
    b.payload = bpi_bytes_of(forms[i].encoded, forms[i].length);
    bpi_bytes read = payload_of(&b, room, &form);
    cr_assert(bpi_bytes_equal(read, bpi_bytes_of("\x01\x02\xff", 3)), "form %zu", i);
    cr_assert_eq(form, 0);
  }
}

Test(frame_forms, a_payload_in_value_form_is_its_own_encoding) {
  static const struct {
    const char *encoded;
    size_t length;
  } values[] = {{"\x81\xa1n\x01", 4}, {"\xc0", 1},         {"\xa5hello", 6},
                {"\xcb\x3f\xf8\0\0\0\0\0\0", 9}, {"\x92\x01\xa1x", 4}, {"\x91\xcd\x01\x00", 4}};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    body b = usual();
    uint8_t room[8], form;
    b.payload = bpi_bytes_of(values[i].encoded, values[i].length);
    bpi_bytes read = payload_of(&b, room, &form);
    cr_assert(bpi_bytes_equal(read, b.payload), "value %zu", i);
    cr_assert_eq(form, 1);
  }
}

/* An array of small integers may be bytes or, left by the reference's retention, a value: the hash decides. */
Test(frame_forms, the_hash_decides_between_bytes_and_value) {
  body b = usual();
  uint8_t room[8], form;
  b.payload = bpi_bytes_of("\x92\x01\x02", 3); /* two elements, the header says three bytes */
  bpi_blake3("\x92\x01\x02", 3, b.hash);
  bpi_bytes read = payload_of(&b, room, &form);
  cr_assert(bpi_bytes_equal(read, b.payload));
  cr_assert_eq(form, 1);
  bpi_blake3("\x01\x02", 2, b.hash);
  read = payload_of(&b, room, &form);
  cr_assert(bpi_bytes_equal(read, bpi_bytes_of("\x01\x02", 2)));
  cr_assert_eq(form, 0);
  memset(b.hash, 0x55, sizeof b.hash);
  read = payload_of(&b, room, &form);
  cr_assert(bpi_bytes_equal(read, bpi_bytes_of("\x01\x02", 2)));
  cr_assert_eq(form, 0, "neither fits: bytes, as most frames are");
}

/* --- refusals */

Test(frame_forms, a_data_frame_without_chain_is_refused) {
  body b = usual();
  bpi_frame frame;
  b.no_chain = 1;
  cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME);
}

Test(frame_forms, ids_and_hashes_of_another_size_are_refused) {
  static const size_t id_lengths[] = {1, 15, 17, 32}, hash_lengths[] = {31, 33, 1};
  for (size_t i = 0; i < sizeof id_lengths / sizeof *id_lengths; i++) {
    body b = usual();
    bpi_frame frame;
    b.id_length = id_lengths[i];
    cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME, "id of %zu", b.id_length);
  }
  for (size_t i = 0; i < sizeof hash_lengths / sizeof *hash_lengths; i++) {
    body b = usual();
    bpi_frame frame;
    b.hash_length = hash_lengths[i];
    cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME, "hash of %zu", b.hash_length);
  }
}

Test(frame_forms, coordinates_outside_the_rules_are_refused) {
  static const struct {
    const char *text;
    size_t length;
  } entities[] = {{"", 0}, {"a/b", 3}, {"a..b", 4}, {"a|b", 3}, {"a=b", 3}, {"a\0b", 3}, {"a\tb", 3}, {"a\x7f", 2},
                  {"\xff", 1}, {"\xed\xa0\x80", 3}};
  for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
    body b = usual();
    bpi_frame frame;
    b.entity = bpi_bytes_of(entities[i].text, entities[i].length);
    cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME, "entity %zu", i);
  }
  char longest[BPI_COMPONENT_MAX + 1];
  memset(longest, 'x', sizeof longest);
  body b = usual();
  bpi_frame frame;
  b.entity = bpi_bytes_of(longest, BPI_COMPONENT_MAX);
  cr_assert_eq(decode(&b, &frame), BP_OK);
  b.entity = bpi_bytes_of(longest, BPI_COMPONENT_MAX + 1);
  cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME);
}

Test(frame_forms, numbers_that_do_not_fit_are_refused) {
  body b = usual();
  bpi_frame frame;
  b.flags = 255;
  cr_assert_eq(decode(&b, &frame), BP_OK);
  b.flags = 256;
  cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME);
}

Test(frame_forms, extensions_must_be_a_map) {
  static const char *const forms[] = {"\xc0", "\x90", "\x01", "\xa1x"};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    body b = usual();
    bpi_frame frame;
    b.extensions = bpi_bytes_of(forms[i], strlen(forms[i]));
    cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME, "form %zu", i);
  }
}

static bp_status decode_nested(size_t depth) {
  body b = usual();
  bpi_frame frame;
  uint8_t *nested = malloc(depth + 1);
  memset(nested, 0x91, depth);
  nested[depth] = 0xc0;
  b.payload = bpi_bytes_of(nested, depth + 1);
  bp_status status = decode(&b, &frame);
  free(nested);
  return status;
}

Test(frame_forms, a_depth_bomb_is_refused) {
  cr_assert_eq(decode_nested(100), BP_OK);
  cr_assert_eq(decode_nested(2000), BP_DAMAGED_FRAME);
  cr_assert_eq(decode_nested(10 * 1000 * 1000), BP_DAMAGED_FRAME);
}

Test(frame_forms, counts_that_cannot_be_there_are_refused) {
  static const struct {
    const char *encoded;
    size_t length;
  } forms[] = {{"\xdd\xff\xff\xff\xff", 5}, {"\xdf\xff\xff\xff\xff", 5}, {"\xc6\xff\xff\xff\xff", 5},
               {"\xdb\xff\xff\xff\xff", 5}, {"\xc9\xff\xff\xff\xff\x01", 6}, {"\xc1", 1}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    body b = usual();
    bpi_frame frame;
    b.payload = bpi_bytes_of(forms[i].encoded, forms[i].length);
    cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME, "payload %zu", i);
    b = usual();
    b.extensions = bpi_bytes_of(forms[i].encoded, forms[i].length);
    cr_assert_eq(decode(&b, &frame), BP_DAMAGED_FRAME, "extensions %zu", i);
  }
}
