#include "support/fiber.h"

#include "support/check.h"

#include <pthread.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ADDRESS_SANITIZER
#endif
#endif

#ifdef FIBER_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_THREAD_SANITIZER /* the build says so: this file itself is not instrumented */
#include <sanitizer/tsan_interface.h>

void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#endif

enum { STACK_BYTES = 1 << 20, GUARD_BYTES = 1 << 16 };

void fiber_adopt(fiber *self) {
  pthread_attr_t attributes;
  CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0, "pthread_getattr_np");
  CHECK(pthread_attr_getstack(&attributes, &self->stack, &self->stack_size) == 0, "pthread_attr_getstack");
  pthread_attr_destroy(&attributes);
#ifdef FIBER_THREAD_SANITIZER
  self->shadow = __tsan_get_current_fiber();
#endif
}

void fiber_make(fiber *made, void (*run)(void)) {
  char *room = (char *)mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(room != MAP_FAILED && mprotect(room + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) == 0, "no stack");
  made->stack = room + GUARD_BYTES;
  made->stack_size = STACK_BYTES;
  CHECK(getcontext(&made->context) == 0, "getcontext");
  made->context.uc_stack.ss_sp = made->stack;
  made->context.uc_stack.ss_size = made->stack_size;
  made->context.uc_link = NULL;
  makecontext(&made->context, run, 0);
#ifdef FIBER_THREAD_SANITIZER
  made->shadow = __tsan_create_fiber(0);
#endif
}

void fiber_switch(fiber *from, fiber *to) {
#ifdef FIBER_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_size);
#endif
#ifdef FIBER_THREAD_SANITIZER
  __tsan_switch_to_fiber(to->shadow, __tsan_switch_to_fiber_no_sync);
#endif
  CHECK(swapcontext(&from->context, &to->context) == 0, "swapcontext");
#ifdef FIBER_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

void fiber_entered(void) {
#ifdef FIBER_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
}

void fiber_release(void *address) {
#ifdef FIBER_THREAD_SANITIZER
  __tsan_release(address);
#else
  (void)address;
#endif
}

void fiber_acquire(void *address) {
#ifdef FIBER_THREAD_SANITIZER
  __tsan_acquire(address);
#else
  (void)address;
#endif
}

void fiber_unwatch(void) {
#ifdef FIBER_THREAD_SANITIZER
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
}

void fiber_watch(void) {
#ifdef FIBER_THREAD_SANITIZER
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}
