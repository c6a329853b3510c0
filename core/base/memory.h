/* The allocator seam.  Nothing in the library calls malloc but the default behind this table. */
#ifndef BPI_BASE_MEMORY_H
#define BPI_BASE_MEMORY_H

#include <batpak/ffi.h>

typedef struct bpi_memory {
  bp_reallocate reallocate;
  void *user;
} bpi_memory;

/* The C library's allocator. */
bpi_memory bpi_memory_default(void);

/* NULL when there is none, or for size 0.  bpi_allocate zeroes. */
void *bpi_allocate(const bpi_memory *memory, size_t size);
void *bpi_resize(const bpi_memory *memory, void *block, size_t old_size, size_t new_size);
void bpi_release(const bpi_memory *memory, void *block, size_t size);

/* a*b + c, or 0 on overflow of size_t (so that the allocation is refused). */
size_t bpi_size(size_t a, size_t b, size_t c);

/* Makes room for at least `needed` elements of `width` bytes in *array (capacity *capacity), growing by half again at
 * least; 0 on success, -1 without memory, the array unchanged. */
int bpi_grow(const bpi_memory *memory, void **array, size_t *capacity, size_t needed, size_t width);

#endif
