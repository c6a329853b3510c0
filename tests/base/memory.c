#include "base/arena.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "support/memory_fault.h"

#include <criterion/criterion.h>

static memory_fault fault;
static bpi_memory memory;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  memory = memory_fault_table(&fault);
}

static void nothing_is_left(void) {
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.live_bytes, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(memory, .init = set_up, .fini = nothing_is_left);
TestSuite(buffer, .init = set_up, .fini = nothing_is_left);
TestSuite(arena, .init = set_up, .fini = nothing_is_left);

/* ---------------------------------------------------------------------------------------------------------- memory -- */

Test(memory, fresh_memory_is_zeroed) {
  uint8_t *block = bpi_allocate(&memory, 100);
  for (size_t i = 0; i < 100; i++) cr_assert_eq(block[i], 0);
  bpi_release(&memory, block, 100);
}

Test(memory, nothing_costs_nothing) {
  cr_assert_null(bpi_allocate(&memory, 0));
  cr_assert_null(bpi_resize(&memory, NULL, 0, 0));
  bpi_release(&memory, NULL, 0);
  cr_assert_eq(fault.allocations, 0);
}

Test(memory, resizing_keeps_the_bytes) {
  uint8_t *block = bpi_allocate(&memory, 4);
  memcpy(block, "abcd", 4);
  block = bpi_resize(&memory, block, 4, 1000);
  cr_assert_arr_eq(block, "abcd", 4);
  block = bpi_resize(&memory, block, 1000, 2);
  cr_assert_arr_eq(block, "ab", 2);
  cr_assert_null(bpi_resize(&memory, block, 2, 0));
}

Test(memory, a_failed_resize_leaves_the_block) {
  uint8_t *block = bpi_allocate(&memory, 4);
  memcpy(block, "abcd", 4);
  memory_fault_arm(&fault, 1, 0);
  cr_assert_null(bpi_resize(&memory, block, 4, 1000));
  cr_assert_arr_eq(block, "abcd", 4);
  cr_assert_eq(fault.failures, 1);
  bpi_release(&memory, block, 4);
}

Test(memory, the_default_is_the_c_library) {
  bpi_memory plain = bpi_memory_default();
  uint8_t *block = bpi_allocate(&plain, 8);
  cr_assert_eq(block[7], 0);
  block = bpi_resize(&plain, block, 8, 16);
  cr_assert_eq(block[7], 0);
  cr_assert_null(bpi_resize(&plain, block, 16, 0));
}

Test(memory, sizes_are_checked) {
  cr_assert_eq(bpi_size(3, 4, 5), 17);
  cr_assert_eq(bpi_size(0, 4, 5), 5);
  cr_assert_eq(bpi_size(0, 0, 0), 0);
  cr_assert_eq(bpi_size(SIZE_MAX, 1, 0), SIZE_MAX);
  cr_assert_eq(bpi_size(SIZE_MAX, 1, 1), 0);
  cr_assert_eq(bpi_size(SIZE_MAX / 2 + 1, 2, 0), 0);
  cr_assert_eq(bpi_size(SIZE_MAX / 2, 2, 1), SIZE_MAX);
  cr_assert_eq(bpi_size(SIZE_MAX / 2, 2, 2), 0);
}

Test(memory, growing_is_by_half_at_least) {
  void *array = NULL;
  size_t capacity = 0;
  cr_assert_eq(bpi_grow(&memory, &array, &capacity, 1, 4), 0);
  size_t calls = 1;
  for (size_t needed = 1; needed < 100000; needed++) {
    size_t before = capacity;
    cr_assert_eq(bpi_grow(&memory, &array, &capacity, needed, 4), 0);
    cr_assert_geq(capacity, needed);
    if (capacity != before) {
      cr_assert_geq(capacity, before + before / 2);
      calls++;
    }
  }
  cr_assert_eq(fault.allocations, calls);
  cr_assert_lt(calls, 40);
  cr_assert_eq(bpi_grow(&memory, &array, &capacity, 1000000, 4), 0);
  cr_assert_geq(capacity, 1000000);
  bpi_release(&memory, array, capacity * 4);
}

Test(memory, growing_without_memory_changes_nothing) {
  void *array = NULL;
  size_t capacity = 0;
  cr_assert_eq(bpi_grow(&memory, &array, &capacity, 10, 8), 0);
  memset(array, 7, 80);
  void *before = array;
  size_t capacity_before = capacity;
  memory_fault_arm(&fault, 1, 1);
  cr_assert_eq(bpi_grow(&memory, &array, &capacity, capacity, 8), 0);
  cr_assert_eq(bpi_grow(&memory, &array, &capacity, capacity + 1, 8), -1);
  cr_assert_eq(array, before);
  cr_assert_eq(capacity, capacity_before);
  memory_fault_disarm(&fault);
  cr_assert_eq(bpi_grow(&memory, &array, &capacity, SIZE_MAX / 8 + 1, 8), -1, "more bytes than there are addresses");
  cr_assert_eq(bpi_grow(&memory, &array, &capacity, SIZE_MAX, 8), -1);
  cr_assert_eq(array, before);
  bpi_release(&memory, array, capacity * 8);
}

/* ---------------------------------------------------------------------------------------------------------- buffer -- */

Test(buffer, appends_and_keeps_its_memory) {
  bpi_buffer buffer;
  bpi_buffer_init(&buffer, &memory);
  for (int i = 0; i < 1000; i++) bpi_buffer_append(&buffer, "0123456789", 10);
  cr_assert_eq(buffer.length, 10000);
  cr_assert_arr_eq(buffer.data + 9990, "0123456789", 10);
  cr_assert_not(buffer.failed);
  uint64_t allocations = fault.allocations;
  buffer.length = 0;
  bpi_buffer_append(&buffer, "x", 1);
  cr_assert_eq(fault.allocations, allocations);
  bpi_buffer_free(&buffer);
  cr_assert_null(buffer.data);
  bpi_buffer_append(&buffer, "again", 5);
  cr_assert_eq(buffer.length, 5);
  bpi_buffer_free(&buffer);
  bpi_buffer_free(&buffer);
}

Test(buffer, room_for_nothing_is_room) {
  bpi_buffer buffer;
  bpi_buffer_init(&buffer, &memory);
  bpi_buffer_append(&buffer, NULL, 0);
  cr_assert_eq(fault.allocations, 0);
  cr_assert_not_null(bpi_buffer_reserve(&buffer, 0));
  cr_assert_not(buffer.failed);
  bpi_buffer_free(&buffer);
}

Test(buffer, reserve_does_not_advance) {
  bpi_buffer buffer;
  bpi_buffer_init(&buffer, &memory);
  bpi_buffer_append(&buffer, "ab", 2);
  uint8_t *room = bpi_buffer_reserve(&buffer, 100);
  cr_assert_eq(room, buffer.data + 2);
  cr_assert_eq(buffer.length, 2);
  cr_assert_geq(buffer.capacity, 102);
  bpi_buffer_free(&buffer);
}

Test(buffer, failure_is_sticky) {
  bpi_buffer buffer;
  bpi_buffer_init(&buffer, &memory);
  bpi_buffer_append(&buffer, "abc", 3);
  memory_fault_arm(&fault, 1, 0);
  cr_assert_null(bpi_buffer_reserve(&buffer, 1000));
  cr_assert(buffer.failed);
  bpi_buffer_append(&buffer, "d", 1);
  cr_assert_eq(buffer.length, 3, "not even what would have fitted");
  cr_assert_null(bpi_buffer_reserve(&buffer, 0));
  bpi_buffer_free(&buffer);
  cr_assert_not(buffer.failed);
}

Test(buffer, lengths_that_overflow_are_refused) {
  bpi_buffer buffer;
  bpi_buffer_init(&buffer, &memory);
  bpi_buffer_append(&buffer, "abc", 3);
  uint64_t allocations = fault.allocations;
  cr_assert_null(bpi_buffer_reserve(&buffer, SIZE_MAX));
  cr_assert_null(bpi_buffer_reserve(&buffer, SIZE_MAX - 2));
  cr_assert(buffer.failed);
  cr_assert_eq(fault.allocations, allocations);
  bpi_buffer_free(&buffer);
}

/* ----------------------------------------------------------------------------------------------------------- bytes -- */

Test(bytes, integers_in_both_orders) {
  static const uint8_t bytes[] = {0x81, 0x02, 0x83, 0x04, 0x85, 0x06, 0x87, 0x08};
  uint8_t out[8];
  cr_assert_eq(bpi_load_be16(bytes), 0x8102);
  cr_assert_eq(bpi_load_le16(bytes), 0x0281);
  cr_assert_eq(bpi_load_be32(bytes), 0x81028304);
  cr_assert_eq(bpi_load_le32(bytes), 0x04830281);
  cr_assert_eq(bpi_load_be64(bytes), 0x8102830485068708);
  cr_assert_eq(bpi_load_le64(bytes), 0x0887068504830281);
  bpi_store_be16(out, 0x8102);
  cr_assert_arr_eq(out, bytes, 2);
  bpi_store_le16(out, 0x0281);
  cr_assert_arr_eq(out, bytes, 2);
  bpi_store_be32(out, 0x81028304);
  cr_assert_arr_eq(out, bytes, 4);
  bpi_store_le32(out, 0x04830281);
  cr_assert_arr_eq(out, bytes, 4);
  bpi_store_be64(out, 0x8102830485068708);
  cr_assert_arr_eq(out, bytes, 8);
  bpi_store_le64(out, 0x0887068504830281);
  cr_assert_arr_eq(out, bytes, 8);
}

Test(bytes, equality) {
  cr_assert(bpi_bytes_equal(bpi_bytes_of("ab", 2), bpi_bytes_of("abc", 2)));
  cr_assert_not(bpi_bytes_equal(bpi_bytes_of("ab", 2), bpi_bytes_of("abc", 3)));
  cr_assert_not(bpi_bytes_equal(bpi_bytes_of("ab", 2), bpi_bytes_of("ac", 2)));
  cr_assert(bpi_bytes_equal(bpi_bytes_of(NULL, 0), bpi_bytes_of("x", 0)));
}

Test(bytes, the_hash_sees_every_byte_the_length_and_the_seed) {
  uint8_t bytes[40] = {0};
  for (size_t length = 0; length < sizeof bytes; length++) {
    uint64_t hash = bpi_hash(bytes, length, 1);
    cr_assert_eq(hash, bpi_hash(bytes, length, 1));
    cr_assert_neq(hash, bpi_hash(bytes, length, 2));
    cr_assert_neq(hash, bpi_hash(bytes, length + 1, 1));
    for (size_t i = 0; i < length; i++) {
      bytes[i] = 1;
      cr_assert_neq(hash, bpi_hash(bytes, length, 1));
      bytes[i] = 0;
    }
  }
}

/* ----------------------------------------------------------------------------------------------------------- arena -- */

Test(arena, blocks_are_aligned_apart_and_stay) {
  enum { COUNT = 500 };
  uint8_t *taken[COUNT];
  bpi_arena arena;
  bpi_arena_init(&arena, &memory);
  for (size_t i = 0; i < COUNT; i++) {
    taken[i] = bpi_arena_take(&arena, i);
    cr_assert_eq((uintptr_t)taken[i] % 8, 0);
    memset(taken[i], (int)(i & 0xFF), i);
  }
  for (size_t i = 0; i < COUNT; i++) {
    for (size_t k = 0; k < i; k++) cr_assert_eq(taken[i][k], i & 0xFF);
  }
  bpi_arena_free(&arena);
}

Test(arena, empty_takes_differ) {
  bpi_arena arena;
  bpi_arena_init(&arena, &memory);
  void *a = bpi_arena_take(&arena, 0), *b = bpi_arena_take(&arena, 0);
  cr_assert_not_null(a);
  cr_assert_neq(a, b);
  bpi_arena_free(&arena);
}

Test(arena, reset_keeps_the_largest_block_and_settles) {
  bpi_arena arena;
  bpi_arena_init(&arena, &memory);
  uint64_t allocations = 0;
  for (int round = 0; round < 10; round++) {
    allocations = fault.allocations;
    for (int i = 0; i < 1000; i++) cr_assert_not_null(bpi_arena_take(&arena, 100));
    bpi_arena_reset(&arena);
    cr_assert_eq(fault.live_blocks, 1);
    cr_assert_geq(fault.live_bytes, arena.total);
  }
  cr_assert_eq(fault.allocations, allocations, "the last rounds take nothing from the allocator");
  bpi_arena_free(&arena);
  cr_assert_eq(arena.total, 0);
  cr_assert_not_null(bpi_arena_take(&arena, 1));
  bpi_arena_free(&arena);
  bpi_arena_free(&arena);
}

Test(arena, a_large_take_gets_a_block_of_its_own) {
  bpi_arena arena;
  bpi_arena_init(&arena, &memory);
  cr_assert_not_null(bpi_arena_take(&arena, 10));
  uint8_t *large = bpi_arena_take(&arena, 1000003);
  memset(large, 1, 1000003);
  cr_assert_geq(arena.total, 1000003);
  bpi_arena_free(&arena);
}

Test(arena, without_memory_it_answers_null_and_lives) {
  bpi_arena arena;
  bpi_arena_init(&arena, &memory);
  memory_fault_arm(&fault, 1, 0);
  cr_assert_null(bpi_arena_take(&arena, 10));
  cr_assert_not_null(bpi_arena_take(&arena, 10));
  memory_fault_arm(&fault, 1, 0);
  cr_assert_null(bpi_arena_take(&arena, 100000));
  cr_assert_not_null(bpi_arena_take(&arena, 10), "the block in use is still there");
  uint64_t allocations = fault.allocations;
  cr_assert_null(bpi_arena_take(&arena, SIZE_MAX));
  cr_assert_null(bpi_arena_take(&arena, SIZE_MAX - 7));
  cr_assert_eq(fault.allocations, allocations);
  bpi_arena_free(&arena);
}
