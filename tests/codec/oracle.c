/* Our writer and our reader against msgpack-c, on random values of up to 32 levels, which is all its reader has. */
#include "codec/pack.h"
#include "codec/unpack.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <msgpack.h>
#include <stdlib.h>

enum { LEVELS = 32, VALUES = 20000 };

typedef struct pair {
  bpi_buffer ours;
  msgpack_sbuffer theirs;
  msgpack_packer packer;
  chance from;
} pair;

static uint8_t content[70000];

static size_t any_length(pair *both) {
  static const size_t edges[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
  uint64_t pick = chance_below(&both->from, 40);
  return pick < 10 ? edges[pick] : (size_t)chance_below(&both->from, 40);
}

static void pack_str(pair *both) {
  size_t length = any_length(both);
  bpi_pack_str(&both->ours, content, length);
  msgpack_pack_str(&both->packer, length);
  msgpack_pack_str_body(&both->packer, content, length);
}

static void pack_octets(pair *both) {
  size_t length = any_length(both);
  size_t start = (size_t)chance_below(&both->from, sizeof content - length);
  bpi_pack_octets(&both->ours, content + start, length);
  msgpack_pack_array(&both->packer, length);
  for (size_t i = 0; i < length; i++) msgpack_pack_uint8(&both->packer, content[start + i]);
}

static void pack_scalar(pair *both) {
  uint64_t number = chance_number(&both->from);
  double real;
  switch (chance_below(&both->from, 8)) {
    case 0:
      bpi_pack_nil(&both->ours);
      msgpack_pack_nil(&both->packer);
      return;
    case 1:
      bpi_pack_bool(&both->ours, (int)(number & 1));
      if (number & 1) msgpack_pack_true(&both->packer); else msgpack_pack_false(&both->packer);
      return;
    case 2:
      bpi_pack_u64(&both->ours, number);
      msgpack_pack_uint64(&both->packer, number);
      return;
    case 3:
      bpi_pack_i64(&both->ours, (int64_t)(~number));
      msgpack_pack_int64(&both->packer, (int64_t)(~number));
      return;
    case 4:
      memcpy(&real, &number, sizeof real);
      bpi_pack_f64(&both->ours, real);
      msgpack_pack_double(&both->packer, real);
      return;
    case 5:
      number %= 300;
      bpi_pack_bin(&both->ours, content, (size_t)number);
      msgpack_pack_bin(&both->packer, (size_t)number);
      msgpack_pack_bin_body(&both->packer, content, (size_t)number);
      return;
    case 6: pack_octets(both); return;
    default: pack_str(both); return;
  }
}

static void pack_value(pair *both, unsigned level) {
  uint64_t kind = level < LEVELS ? chance_below(&both->from, 4) : 3;
  if (kind > 1) {
    pack_scalar(both);
    return;
  }
  uint32_t count = (uint32_t)chance_below(&both->from, level == 0 ? 20 : 3);
  if (kind == 0) {
    bpi_pack_array(&both->ours, count);
    msgpack_pack_array(&both->packer, count);
  } else {
    bpi_pack_map(&both->ours, count);
    msgpack_pack_map(&both->packer, count);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (kind == 1) pack_str(both);
    pack_value(both, level + 1);
  }
}

/* Walks the tokens beside msgpack-c's tree. */
static void compare(bpi_unpack *in, const msgpack_object *theirs) {
  bpi_token token;
  cr_assert_eq(bpi_unpack_next(in, &token), BP_OK);
  switch (theirs->type) {
    case MSGPACK_OBJECT_NIL: cr_assert_eq(token.type, BPI_TOKEN_NIL); break;
    case MSGPACK_OBJECT_BOOLEAN:
      cr_assert_eq(token.type, BPI_TOKEN_BOOL);
      cr_assert_eq(token.u, theirs->via.boolean);
      break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
      cr_assert_eq(token.type, BPI_TOKEN_UINT);
      cr_assert_eq(token.u, theirs->via.u64);
      break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
      cr_assert_eq(token.type, BPI_TOKEN_INT);
      cr_assert_eq(token.i, theirs->via.i64);
      break;
    case MSGPACK_OBJECT_FLOAT64:
      cr_assert_eq(token.type, BPI_TOKEN_FLOAT);
      cr_assert_eq(memcmp(&token.f, &theirs->via.f64, sizeof token.f), 0);
      break;
    case MSGPACK_OBJECT_STR:
      cr_assert_eq(token.type, BPI_TOKEN_STR);
      cr_assert(bpi_bytes_equal(token.bytes, bpi_bytes_of(theirs->via.str.ptr, theirs->via.str.size)));
      break;
    case MSGPACK_OBJECT_BIN:
      cr_assert_eq(token.type, BPI_TOKEN_BIN);
      cr_assert(bpi_bytes_equal(token.bytes, bpi_bytes_of(theirs->via.bin.ptr, theirs->via.bin.size)));
      break;
    case MSGPACK_OBJECT_ARRAY:
      cr_assert_eq(token.type, BPI_TOKEN_ARRAY);
      cr_assert_eq(token.u, theirs->via.array.size);
      for (uint32_t i = 0; i < theirs->via.array.size; i++) compare(in, &theirs->via.array.ptr[i]);
      break;
    case MSGPACK_OBJECT_MAP:
      cr_assert_eq(token.type, BPI_TOKEN_MAP);
      cr_assert_eq(token.u, theirs->via.map.size);
      for (uint32_t i = 0; i < theirs->via.map.size; i++) {
        compare(in, &theirs->via.map.ptr[i].key);
        compare(in, &theirs->via.map.ptr[i].val);
      }
      break;
    default: cr_assert_fail("a type that was not packed");
  }
}

Test(oracle, msgpack_c_writes_and_reads_the_same, .timeout = 300) {
  bpi_memory memory = bpi_memory_default();
  pair both = {.from = chance_begin("oracle")};
  bpi_buffer_init(&both.ours, &memory);
  msgpack_sbuffer_init(&both.theirs);
  msgpack_packer_init(&both.packer, &both.theirs, msgpack_sbuffer_write);
  for (size_t i = 0; i < sizeof content; i++) content[i] = (uint8_t)(chance_next(&both.from) & (i < 35000 ? 0x7f : 0xff));
  for (int round = 0; round < VALUES; round++) {
    both.ours.length = 0;
    msgpack_sbuffer_clear(&both.theirs);
    pack_value(&both, 0);
    cr_assert_not(both.ours.failed);
    cr_assert_eq(both.ours.length, both.theirs.size, "round %d", round);
    cr_assert_eq(memcmp(both.ours.data, both.theirs.data, both.theirs.size), 0, "round %d", round);

    uint8_t *exact = exact_copy(both.ours.data, both.ours.length);
    bpi_unpack whole = {exact, exact + both.ours.length}, tokens = whole, checked = whole;
    cr_assert_eq(bpi_unpack_skip(&whole), BP_OK);
    cr_assert_eq(whole.at, whole.end);
    bp_status status = bpi_unpack_check(&checked);
    cr_assert(status == BP_OK || status == BP_UTF8);
    msgpack_unpacked tree;
    msgpack_unpacked_init(&tree);
    cr_assert_eq(msgpack_unpack_next(&tree, both.theirs.data, both.theirs.size, NULL), MSGPACK_UNPACK_SUCCESS);
    compare(&tokens, &tree.data);
    cr_assert_eq(tokens.at, tokens.end);
    msgpack_unpacked_destroy(&tree);
    free(exact);
  }
  msgpack_sbuffer_destroy(&both.theirs);
  bpi_buffer_free(&both.ours);
}
