#include "codec/pack.h"
#include "crypto/crypto.h"
#include "journal/frame.h"
#include "journal/worked_example.h"
#include "support/random.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t *const example_frame = worked_example + EXAMPLE_FIRST_FRAME;
static bpi_memory memory;
static bpi_buffer out;

static void set_up(void) {
  memory = bpi_memory_default();
  bpi_buffer_init(&out, &memory);
}
static void tear_down(void) { bpi_buffer_free(&out); }

TestSuite(frame, .init = set_up, .fini = tear_down);

static bpi_header example_header(void) {
  bpi_header header = {.timestamp_us = 1700000000123456, .wall_ms = 1700000000123, .kind = 0x2005};
  for (uint8_t i = 0; i < 16; i++) header.event_id[i] = header.correlation_id[i] = i;
  header.entity = bpi_bytes_of("e:1", 3);
  header.scope = bpi_bytes_of("s", 1);
  return header;
}

static const uint8_t example_payload[] = {0x81, 0xa1, 0x6e, 0x01};

/* Decodes from a copy on the heap that ends where the frame ends. */
static bp_status decode(bpi_bytes bytes, bpi_frame *frame, uint8_t **copy) {
  *copy = builder_exact_copy(bytes);
  return bpi_frame_decode(bpi_bytes_of(*copy, bytes.length), frame);
}

/* --- writing */

Test(frame, is_written_as_in_the_worked_example) {
  bpi_header header = example_header();
  bpi_record record = builder_put_frame(&out, &header, bpi_bytes_of(example_payload, sizeof example_payload));
  cr_assert_eq(out.length, EXAMPLE_FRAME_LENGTH);
  cr_assert_arr_eq(out.data, example_frame, EXAMPLE_FRAME_LENGTH);
  cr_assert_eq(record.frame_length, EXAMPLE_FRAME_LENGTH);
  cr_assert_eq(bpi_load_be32(out.data + 4), 0xc3bf2277);
}

static void from_hex(const char *hex, uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned value;
    cr_assert_eq(sscanf(hex + 2 * i, "%2x", &value), 1);
    bytes[i] = (uint8_t)value;
  }
}

/* Fourth event of an entity, with a cause and an extension: 534 bytes that the reference wrote. */
Test(frame, with_cause_link_and_extension_is_written_as_the_reference_does) {
  static const uint8_t extensions[] = "\x81\xaa" "acme.trace" "\x92\x01\xcc\xff";
  uint8_t payload[21];
  bpi_header header = {.timestamp_us = 1714701368094417, .wall_ms = 1714701368094, .clock = 3, .kind = 0x1005};
  from_hex("018f3c2a7b1e7a5c8d10223344556677", header.event_id, 16);
  from_hex("018f3c2a7b1e7a5c8d10223344556677", header.correlation_id, 16);
  from_hex("018f3c2a7b007001a1b2c3d4e5f60718", header.causation_id, 16);
  from_hex("bbe6a9f5a0146a1f4d0381e9b0ed1ac2f1a979ce9d5ad84e46ff0b58f36b5f46", header.prev_hash, 32);
  from_hex("82a6616d6f756e74cd04b0a46d656d6fa470616964", payload, sizeof payload);
  header.entity = bpi_bytes_of("account:7", 9);
  header.scope = bpi_bytes_of("ledger", 6);
  header.extensions = bpi_bytes_of(extensions, sizeof extensions - 1);
  builder_put_frame(&out, &header, bpi_bytes_of(payload, sizeof payload));
  cr_assert_eq(out.length, 534);
  cr_assert_eq(bpi_load_be32(out.data), 526);
  cr_assert_eq(bpi_load_be32(out.data + 4), 0x4341515A);
  cr_assert_arr_eq(out.data + 534 - 16, extensions, 16);

  bpi_frame frame;
  cr_assert_eq(bpi_frame_decode(bpi_bytes_of(out.data, out.length), &frame), BP_OK);
  cr_assert_arr_eq(frame.header.causation_id, header.causation_id, 16);
  cr_assert_arr_eq(frame.header.prev_hash, header.prev_hash, 32);
  cr_assert(bpi_bytes_equal(frame.header.extensions, header.extensions));
  cr_assert_eq(frame.header.clock, 3);
}

Test(frame, a_batch_marker_is_read_as_the_reference_wrote_it) {
  static const uint8_t start[] = {0x00, 0x00, 0x01, 0x41, 0xba, 0xd7, 0xde, 0x76};
  bpi_frame frame;
  builder_put_marker(&out, BPI_KIND_BATCH_BEGIN, 9, 2, 1700000000123456);
  cr_assert_eq(out.length, 329);
  cr_assert_arr_eq(out.data, start, sizeof start);
  cr_assert_eq(bpi_frame_check(bpi_bytes_of(out.data, out.length), 0), 329);
  cr_assert_eq(bpi_frame_decode(bpi_bytes_of(out.data, out.length), &frame), BP_OK);
  cr_assert_eq(frame.header.kind, BPI_KIND_BATCH_BEGIN);
  cr_assert_eq(frame.header.payload_size, 2);
  cr_assert_eq(frame.header.event_id[15], 9);
  cr_assert_not(frame.header.has_chain);
  cr_assert(bpi_bytes_equal(frame.header.entity, bpi_bytes_of("_batch", 6)));
}

/* Whatever the values, a frame stays within the room that was announced, and is read back as it was. */
Test(frame, of_extreme_values_fits_its_bounds_and_returns) {
  static const size_t sizes[] = {0, 1, 15, 16, 31, 32, 33, 255, 256, 65535, 65536, 70000};
  static const int64_t times[] = {INT64_MIN, -1, 0, 127, 128, INT64_MAX};
  uint8_t *payload = malloc(70000), *back = malloc(70000);
  char name[BPI_COMPONENT_MAX];
  memset(name, 'n', sizeof name);
  memset(payload, 0xff, 70000);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
      bpi_header header = example_header();
      bpi_frame frame;
      memset(header.event_id, 0xff, 16);
      memset(header.causation_id, 0xff, 16);
      memset(header.prev_hash, 0xff, 32);
      memset(header.event_hash, 0xff, 32);
      header.timestamp_us = times[t];
      header.wall_ms = UINT64_MAX;
      header.clock = header.lane = header.depth = header.payload_size = UINT32_MAX;
      header.counter = header.kind = UINT16_MAX;
      header.flags = UINT8_MAX;
      header.entity = header.scope = bpi_bytes_of(name, sizeof name);
      size_t bound = bpi_frame_size_max(sizes[i], sizeof name, sizeof name, 0);
      uint8_t *file = malloc(bound);
      size_t length = bpi_frame_write(&header, bpi_bytes_of(payload, sizes[i]), file);
      cr_assert_leq(length, bound);
      cr_assert_eq(bpi_frame_check(bpi_bytes_of(file, length), 0), length);
      cr_assert_eq(bpi_frame_decode(bpi_bytes_of(file, length), &frame), BP_OK);
      cr_assert_eq(frame.header.timestamp_us, times[t]);
      cr_assert_eq(frame.header.wall_ms, UINT64_MAX);
      cr_assert_eq(frame.header.clock, UINT32_MAX);
      cr_assert_eq(frame.header.lane, UINT32_MAX);
      cr_assert_eq(frame.header.depth, UINT32_MAX);
      cr_assert_eq(frame.header.kind, UINT16_MAX);
      cr_assert_eq(frame.header.flags, UINT8_MAX);
      cr_assert_eq(frame.payload_length, sizes[i]);
      uint8_t form;
      bpi_bytes read = bpi_frame_payload(&frame, back, &form);
      cr_assert(bpi_bytes_equal(read, bpi_bytes_of(payload, sizes[i])));
      cr_assert_eq(form, 0);
      free(file);
    }
  }
  free(payload);
  free(back);
}

Test(frame, above_the_largest_body_is_refused_before_it_is_made) {
  cr_assert_eq(bpi_frame_size_max(BPI_FRAME_BODY_MAX, 1, 1, 0), 0);
  cr_assert_eq(bpi_frame_size_max(SIZE_MAX, 1, 1, 0), 0);
  cr_assert_eq(bpi_frame_size_max(1, 1, 1, SIZE_MAX), 0);
  cr_assert_eq(bpi_frame_size_max(BPI_FRAME_BODY_MAX / 2, 1, 1, 0), 0);
  cr_assert_neq(bpi_frame_size_max(67108864, 1024, 1024, 0), 0, "the largest payload allowed must fit");
}

/* --- reading: length and checksum */

Test(frame, is_checked_within_its_file) {
  bpi_bytes file = bpi_bytes_of(worked_example, EXAMPLE_FRAMES_END);
  cr_assert_eq(bpi_frame_check(file, EXAMPLE_FIRST_FRAME), EXAMPLE_FRAME_LENGTH);
  cr_assert_eq(bpi_frame_length(file, EXAMPLE_FIRST_FRAME), EXAMPLE_FRAME_LENGTH);
  static const size_t outside[] = {EXAMPLE_FRAMES_END - 7, EXAMPLE_FRAMES_END, EXAMPLE_FRAMES_END + 1, SIZE_MAX,
                                   SIZE_MAX - 8};
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
    cr_assert_eq(bpi_frame_length(file, outside[i]), 0);
    cr_assert_eq(bpi_frame_check(file, outside[i]), 0);
  }
  for (size_t length = 0; length < EXAMPLE_FRAME_LENGTH; length++) {
    uint8_t *copy = builder_exact_copy(bpi_bytes_of(example_frame, length));
    cr_assert_eq(bpi_frame_check(bpi_bytes_of(copy, length), 0), 0, "cut to %zu", length);
    free(copy);
  }
}

Test(frame, of_an_impossible_length_is_none) {
  static const uint32_t lengths[] = {0, 444, BPI_FRAME_BODY_MAX + 1, UINT32_MAX, UINT32_MAX - 7};
  uint8_t *copy = builder_exact_copy(bpi_bytes_of(example_frame, EXAMPLE_FRAME_LENGTH));
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    bpi_store_be32(copy, lengths[i]);
    cr_assert_eq(bpi_frame_length(bpi_bytes_of(copy, EXAMPLE_FRAME_LENGTH), 0), 0, "%u", lengths[i]);
    cr_assert_eq(bpi_frame_check(bpi_bytes_of(copy, EXAMPLE_FRAME_LENGTH), 0), 0);
  }
  free(copy);
}

Test(frame, the_largest_body_is_256_mib) {
  size_t size = BPI_FRAME_HEADER_BYTES + (size_t)BPI_FRAME_BODY_MAX + 1;
  uint8_t *file = calloc(1, size); /* never touched but for its front */
  cr_assert_not_null(file);
  bpi_store_be32(file, BPI_FRAME_BODY_MAX);
  cr_assert_eq(bpi_frame_length(bpi_bytes_of(file, size), 0), size - 1);
  cr_assert_eq(bpi_frame_length(bpi_bytes_of(file, size - 2), 0), 0);
  bpi_store_be32(file, BPI_FRAME_BODY_MAX + 1);
  cr_assert_eq(bpi_frame_length(bpi_bytes_of(file, size), 0), 0);
  free(file);
}

Test(frame, every_flipped_bit_breaks_the_checksum) {
  for (size_t at = 0; at < EXAMPLE_FRAME_LENGTH; at++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      uint8_t *copy = builder_exact_copy(bpi_bytes_of(example_frame, EXAMPLE_FRAME_LENGTH));
      copy[at] = (uint8_t)(copy[at] ^ (1u << bit));
      cr_assert_eq(bpi_frame_check(bpi_bytes_of(copy, EXAMPLE_FRAME_LENGTH), 0), 0, "byte %zu bit %u", at, bit);
      free(copy);
    }
  }
}

/* 13.3 chaos_testing: random bytes are no frame, whatever they are. */
/* P-023 */
Test(frame, random_bytes_are_none) {
  enum { BYTES = 4096, ROUNDS = 400 };
  test_random random = {7};
  uint8_t *bytes = (uint8_t *)malloc(BYTES);
  cr_assert_not_null(bytes);
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < BYTES; i++) bytes[i] = (uint8_t)test_random_next(&random);
    /* Lengths that fit the file, so that the checksum has to say no. */
    for (size_t at = 0; at + 4 <= BYTES; at += 64) bpi_store_be32(bytes + at, test_random_below(&random, BYTES));
    for (size_t at = 0; at < BYTES; at++) cr_assert_eq(bpi_frame_check(bpi_bytes_of(bytes, BYTES), at), 0);
  }
  free(bytes);
}

/* --- reading: the body */

Test(frame, of_the_worked_example_is_read) {
  bpi_frame frame;
  uint8_t *copy, payload[4], form;
  bpi_header wanted = example_header();
  cr_assert_eq(decode(bpi_bytes_of(example_frame, EXAMPLE_FRAME_LENGTH), &frame, &copy), BP_OK);
  const bpi_header *header = &frame.header;
  cr_assert_arr_eq(header->event_id, wanted.event_id, 16);
  cr_assert_arr_eq(header->correlation_id, wanted.correlation_id, 16);
  cr_assert_arr_eq(header->causation_id, wanted.causation_id, 16);
  cr_assert_arr_eq(header->prev_hash, wanted.prev_hash, 32);
  cr_assert_eq(header->timestamp_us, wanted.timestamp_us);
  cr_assert_eq(header->wall_ms, wanted.wall_ms);
  cr_assert_eq(header->kind, 0x2005);
  cr_assert_eq(header->payload_size, 4);
  cr_assert(header->has_chain);
  cr_assert_not(header->content_hash_differs);
  cr_assert(bpi_bytes_equal(header->entity, wanted.entity));
  cr_assert(bpi_bytes_equal(header->scope, wanted.scope));
  cr_assert_eq(header->extensions.length, 0);
  cr_assert_eq(frame.shape, BPI_PAYLOAD_OCTETS);
  cr_assert_eq(frame.payload_length, 4);
  bpi_bytes read = bpi_frame_payload(&frame, payload, &form);
  cr_assert(bpi_bytes_equal(read, bpi_bytes_of(example_payload, 4)));
  free(copy);
}

static int lies_within(bpi_bytes view, const uint8_t *start, size_t length) {
  return view.length == 0 || (view.data >= start && view.data + view.length <= start + length);
}

static void decode_hostile(bpi_bytes bytes) {
  bpi_frame frame;
  uint8_t *copy;
  if (decode(bytes, &frame, &copy) == BP_OK) {
    cr_assert(lies_within(frame.header.entity, copy, bytes.length));
    cr_assert(lies_within(frame.header.scope, copy, bytes.length));
    cr_assert(lies_within(frame.header.extensions, copy, bytes.length));
    cr_assert(lies_within(frame.payload_raw, copy, bytes.length));
    cr_assert(lies_within(frame.payload_elements, copy, bytes.length));
    cr_assert_leq(frame.payload_length, bytes.length);
    uint8_t *room = malloc(frame.payload_length + 1), form;
    (void)bpi_frame_payload(&frame, room, &form);
    free(room);
  }
  free(copy);
}

/* Checksums do not keep anybody from writing hostile bodies, so the decoder gets them here without one. */
Test(frame, no_changed_byte_reads_past_the_end) {
  static const uint8_t values[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc5, 0xc6,
                                   0xc7, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd3, 0xd9, 0xda, 0xdb, 0xdc,
                                   0xdd, 0xde, 0xdf, 0xe0, 0xff};
  builder_put_marker(&out, BPI_KIND_BATCH_BEGIN, 9, 2, 1700000000123456);
  for (size_t at = BPI_FRAME_HEADER_BYTES; at < EXAMPLE_FRAME_LENGTH; at++) {
    for (size_t i = 0; i < sizeof values; i++) {
      uint8_t changed[EXAMPLE_FRAME_LENGTH];
      memcpy(changed, example_frame, sizeof changed);
      changed[at] = values[i];
      decode_hostile(bpi_bytes_of(changed, sizeof changed));
      if (at >= out.length) continue;
      uint8_t kept = out.data[at];
      out.data[at] = values[i];
      decode_hostile(bpi_bytes_of(out.data, out.length));
      out.data[at] = kept;
    }
  }
}

Test(frame, no_cut_body_is_read) {
  for (size_t length = 0; length < EXAMPLE_FRAME_LENGTH; length++) {
    bpi_frame frame;
    uint8_t *copy;
    cr_assert_eq(decode(bpi_bytes_of(example_frame, length), &frame, &copy), BP_DAMAGED_FRAME, "%zu", length);
    free(copy);
  }
}

Test(frame, bytes_behind_the_body_are_ignored) {
  bpi_frame frame;
  uint8_t *copy;
  bpi_buffer_append(&out, example_frame, EXAMPLE_FRAME_LENGTH);
  bpi_buffer_append(&out, "\xc1\xff\x00rest", 7);
  cr_assert_eq(decode(bpi_bytes_of(out.data, out.length), &frame, &copy), BP_OK);
  cr_assert_eq(frame.header.kind, 0x2005);
  free(copy);
}
