#include "base/arena.h"

#include <string.h>

enum { ALIGNMENT = 8, SMALLEST_BLOCK = 4096 };

struct bpi_arena_block {
  bpi_arena_block *next;
  size_t size; /* of `bytes` */
  uint64_t bytes[];
};

static size_t block_bytes(const bpi_arena_block *block) { return sizeof *block + block->size; }

static void release_block(bpi_arena *arena, bpi_arena_block *block) {
  arena->total -= block->size;
  bpi_release(&arena->memory, block, block_bytes(block));
}

void bpi_arena_init(bpi_arena *arena, const bpi_memory *memory) {
  memset(arena, 0, sizeof *arena);
  arena->memory = *memory;
}

/* Larger than everything held so far: the number of blocks grows with the logarithm of the bytes, and after a few rounds
 * the block that a reset keeps is enough for a whole one. */
static int add_block(bpi_arena *arena, size_t least) {
  size_t size = arena->total + arena->total / 2; /* memory that is there: this does not overflow */
  if (size < SMALLEST_BLOCK) size = SMALLEST_BLOCK;
  if (size < least) size = least;
  size_t bytes = bpi_size(size, 1, sizeof(bpi_arena_block));
  bpi_arena_block *block = bytes == 0 ? NULL : (bpi_arena_block *)bpi_resize(&arena->memory, NULL, 0, bytes);
  if (block == NULL) return -1;
  block->next = arena->first;
  block->size = size;
  arena->first = block;
  arena->used = 0;
  arena->total += size;
  return 0;
}

void *bpi_arena_take(bpi_arena *arena, size_t size) {
  size_t rounded;
  if (size == 0) size = 1;
  if (__builtin_add_overflow(size, ALIGNMENT - 1, &rounded)) return NULL;
  rounded -= rounded % ALIGNMENT;
  if ((arena->first == NULL || arena->first->size - arena->used < rounded) && add_block(arena, rounded) != 0) {
    return NULL;
  }
  void *taken = arena->first->bytes + arena->used / sizeof arena->first->bytes[0];
  arena->used += rounded;
  return taken;
}

void bpi_arena_reset(bpi_arena *arena) {
  bpi_arena_block *kept = NULL;
  for (bpi_arena_block *block = arena->first, *next; block != NULL; block = next) {
    next = block->next;
    bpi_arena_block *dropped = block;
    if (kept == NULL || block->size > kept->size) {
      dropped = kept;
      kept = block;
    }
    if (dropped != NULL) release_block(arena, dropped);
  }
  if (kept != NULL) kept->next = NULL;
  arena->first = kept;
  arena->used = 0;
}

void bpi_arena_free(bpi_arena *arena) {
  bpi_arena_reset(arena);
  if (arena->first != NULL) release_block(arena, arena->first);
  arena->first = NULL;
}
