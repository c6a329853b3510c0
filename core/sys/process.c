/* Both answers come from one page of memory that the kernel hands to a forked child as zeros (MADV_WIPEONFORK), and zeros
 * mean: nothing known yet, nothing drawn yet, nobody busy.  So there is no process id to compare and no handler of forks to
 * register, and a fork in the middle of a draw leaves the child in order.  Where the kernel cannot wipe, every call asks
 * the system. */
#include "sys/process.h"

#include "sys/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1024, LARGE_BYTES = 128 };

typedef struct process_page {
  _Atomic uint64_t process_id;
  _Atomic uint32_t busy;     /* 1: somebody takes from the block */
  size_t left;               /* bytes at the end of the block that nobody has had */
  uint8_t block[BLOCK_BYTES];
} process_page;

static _Atomic(process_page *) the_page;
static process_page unavailable;

static process_page *map_page(void) {
  void *page = mmap(NULL, sizeof(process_page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return &unavailable;
  if (madvise(page, sizeof(process_page), MADV_WIPEONFORK) != 0) {
    munmap(page, sizeof(process_page));
    return &unavailable;
  }
  return (process_page *)page;
}

/* NULL where there is no such page. */
static process_page *page_of_process(void) {
  process_page *page = atomic_load_explicit(&the_page, memory_order_acquire);
  if (page == NULL) {
    process_page *fresh = map_page();
    if (atomic_compare_exchange_strong(&the_page, &page, fresh)) {
      page = fresh;
    } else if (fresh != &unavailable) {
      munmap(fresh, sizeof(process_page));
    }
  }
  return page == &unavailable ? NULL : page;
}

uint64_t bpi_process_id(void) {
  process_page *page = page_of_process();
  uint64_t id = page == NULL ? 0 : atomic_load_explicit(&page->process_id, memory_order_relaxed);
  if (id == 0) {
    id = (uint64_t)getpid();
    if (page != NULL) atomic_store_explicit(&page->process_id, id, memory_order_relaxed);
  }
  return id;
}

/* The thread may not end in here: it may be the one that is busy with the page. */
static int draw(uint8_t *bytes, size_t length) {
  int failed = 0, before = bpi_cancel_hold();
  while (length > 0 && failed == 0) {
    ssize_t drawn = getrandom(bytes, length, 0);
    if (drawn < 0) {
      failed = errno == EINTR ? 0 : errno;
      continue;
    }
    bytes += drawn;
    length -= (size_t)drawn;
  }
  bpi_cancel_release(before);
  return failed;
}

static int take(process_page *page, uint8_t *bytes, size_t length) {
  if (page->left < length) {
    int failed = draw(page->block, BLOCK_BYTES);
    if (failed != 0) return failed;
    page->left = BLOCK_BYTES;
  }
  uint8_t *next = page->block + BLOCK_BYTES - page->left;
  memcpy(bytes, next, length);
  memset(next, 0, length); /* a secret must not be found here later */
  page->left -= length;
  return 0;
}

int bpi_process_random(void *bytes, size_t length) {
  process_page *page = length < LARGE_BYTES ? page_of_process() : NULL;
  /* Rather than wait for another thread's draw, make one of our own. */
  if (page == NULL || atomic_exchange_explicit(&page->busy, 1, memory_order_acquire) != 0) {
    return draw((uint8_t *)bytes, length);
  }
  int failed = take(page, (uint8_t *)bytes, length);
  atomic_store_explicit(&page->busy, 0, memory_order_release);
  return failed;
}
