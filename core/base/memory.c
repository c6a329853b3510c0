#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void *reallocate_default(void *user, void *block, size_t old_size, size_t new_size) {
  (void)user;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, new_size);
}

bpi_memory bpi_memory_default(void) {
  bpi_memory memory = {reallocate_default, NULL};
  return memory;
}

void *bpi_allocate(const bpi_memory *memory, size_t size) {
  void *block = bpi_resize(memory, NULL, 0, size);
  return block == NULL ? NULL : memset(block, 0, size);
}

void *bpi_resize(const bpi_memory *memory, void *block, size_t old_size, size_t new_size) {
  /* Freeing nothing is not worth a call, and a hook that counts calls would count it. */
  if (block == NULL && new_size == 0) return NULL;
  return memory->reallocate(memory->user, block, old_size, new_size);
}

void bpi_release(const bpi_memory *memory, void *block, size_t size) { (void)bpi_resize(memory, block, size, 0); }

size_t bpi_size(size_t a, size_t b, size_t c) {
  size_t size;
  if (__builtin_mul_overflow(a, b, &size) || __builtin_add_overflow(size, c, &size)) return 0;
  return size;
}

int bpi_grow(const bpi_memory *memory, void **array, size_t *capacity, size_t needed, size_t width) {
  enum { FEWEST = 8 };
  if (needed <= *capacity) return 0;
  size_t wanted;
  if (__builtin_add_overflow(*capacity, *capacity / 2, &wanted) || bpi_size(wanted, width, 0) == 0) wanted = 0;
  if (wanted < FEWEST) wanted = FEWEST;
  if (wanted < needed) wanted = needed;
  size_t size = bpi_size(wanted, width, 0);
  if (size == 0) return -1;
  void *grown = bpi_resize(memory, *array, *capacity * width, size);
  if (grown == NULL) return -1;
  *array = grown;
  *capacity = wanted;
  return 0;
}
