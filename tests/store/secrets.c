/* No seed stays behind: not in a block that the library gives back, not in one that it still has, not on its stack. */
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Any half of a seed counts as the seed. */
enum { HALF = 16, KEYS = 3 };

static uint8_t seeds[KEYS][32];
static char path[TEMPORARY_PATH_MAX];

static void set_up(void) {
  temporary_create(path);
  for (size_t i = 0; i < KEYS; i++) {
    for (size_t k = 0; k < 32; k++) seeds[i][k] = (uint8_t)(0x91 + 37 * i + 11 * k * (k + 3));
  }
}
static void tear_down(void) { temporary_remove(path); }

TestSuite(secrets, .init = set_up, .fini = tear_down);

/* The stack of a thread that is gone is full of marks of the sanitizer; reading it is what this is for. */
__attribute__((no_sanitize("address"))) static int equal(const uint8_t *a, const uint8_t *b, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (a[i] != b[i]) return 0;
  }
  return 1;
}

__attribute__((no_sanitize("address"))) static size_t seeds_in(const uint8_t *block, size_t size) {
  size_t found = 0;
  for (size_t at = 0; at + HALF <= size; at++) {
    for (size_t i = 0; i < KEYS; i++) found += equal(block + at, seeds[i], HALF) || equal(block + at, seeds[i] + HALF, HALF);
  }
  return found;
}

/* An allocator that looks into what comes back, and keeps it. */
enum { BLOCKS_MOST = 65536 };

typedef struct block {
  uint8_t *bytes;
  size_t size;
} block;

static block blocks[BLOCKS_MOST]; /* given out */
static size_t block_count, seen_in_freed;

static void *looking(void *user, void *old, size_t old_size, size_t new_size) {
  (void)user;
  uint8_t *fresh = NULL;
  if (new_size > 0) {
    fresh = calloc(1, new_size);
    cr_assert(fresh != NULL && block_count < BLOCKS_MOST);
    if (old != NULL) memcpy(fresh, old, old_size < new_size ? old_size : new_size);
    blocks[block_count++] = (block){fresh, new_size};
  }
  if (old != NULL) {
    seen_in_freed += seeds_in(old, old_size);
    for (size_t i = 0; i < block_count; i++) {
      if (blocks[i].bytes == old) blocks[i] = blocks[--block_count];
    }
    free(old);
  }
  return fresh;
}

static size_t seen_live(void) {
  size_t found = 0;
  for (size_t i = 0; i < block_count; i++) found += seeds_in(blocks[i].bytes, blocks[i].size);
  return found;
}

static bp_status open_signing(bp_store **store) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = seeds[0];
  config.signing_seed_count = KEYS;
  config.reallocate = looking;
  return bp_store_open(path, &config, store, NULL);
}

Test(secrets, nothing_that_is_given_back_holds_a_seed) {
  bp_store *store;
  MUST(open_signing(&store));
  for (int i = 0; i < 50; i++) fixture_append_text(store, "e:1", "x");
  cr_assert_eq(seen_live(), 2 * KEYS, "both halves of each, once: where they are needed");
  bp_receipt receipt = fixture_append_text(store, "e:1", "y");
  uint8_t bytes[1024];
  size_t length;
  MUST(bp_claim_export(store, &receipt, bytes, sizeof bytes, &length, NULL));
  cr_assert_eq(seeds_in(bytes, length), 0);
  cr_assert_eq(seeds_in((const uint8_t *)&receipt, sizeof receipt), 0);
  fixture_close(store);
  cr_assert_eq(seen_in_freed, 0);
  cr_assert_eq(seen_live(), 0);
  cr_assert_eq(block_count, 0);
}

Test(secrets, nor_after_an_open_that_fails) {
  bp_store *store, *second;
  uint8_t bad[(KEYS + 1) * 32] = {0};
  memcpy(bad, seeds, sizeof seeds);
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = bad;
  config.signing_seed_count = KEYS + 1;
  config.reallocate = looking;
  MUST(open_signing(&store));
  cr_assert_eq(open_signing(&second), BP_LOCKED);
  cr_assert_eq(bp_store_open(path, &config, &second, NULL), BP_SEED_ZERO, "the first ones were taken over by then");
  fixture_close(store);
  cr_assert_eq(seen_in_freed, 0);
  cr_assert_eq(block_count, 0);
}

/* Everything that touches a seed, on a stack that can be looked at afterwards. */
static void *use_seeds(void *user) {
  uint8_t public_key[32], key_id[32];
  bp_store *store;
  char key_file[TEMPORARY_PATH_MAX + 8];
  static uint8_t read_back[32];
  (void)user;
  MUST(open_signing(&store));
  for (int i = 0; i < 3; i++) fixture_append_text(store, "e:1", "x");
  fixture_close(store);
  MUST(bp_key_derive(seeds[0], public_key, key_id, NULL));
  fixture_join(key_file, sizeof key_file, path, "key");
  MUST(bp_key_file_write(key_file, seeds[1], NULL));
  MUST(bp_key_file_read(key_file, read_back, NULL));
  cr_assert_arr_eq(read_back, seeds[1], 32);
  return NULL;
}

Test(secrets, nothing_of_them_is_left_on_the_stack) {
  enum { STACK = 1 << 20 };
  pthread_t thread;
  pthread_attr_t attributes;
  uint8_t *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cr_assert_neq(stack, MAP_FAILED);
  cr_assert_eq(pthread_attr_init(&attributes), 0);
  cr_assert_eq(pthread_attr_setstack(&attributes, stack, STACK), 0);
  cr_assert_eq(pthread_create(&thread, &attributes, use_seeds, NULL), 0);
  cr_assert_eq(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
  cr_assert_eq(seeds_in(stack, STACK), 0);
}
