/* Between the process under test and the server of its file system. */
#ifndef SUPPORT_FAILING_INTERNAL_H
#define SUPPORT_FAILING_INTERNAL_H

#include "support/failing.h"

#include <stdatomic.h>

/* In memory that both share.  The fault is written while `calls` is 0. */
typedef struct failing_control {
  _Atomic uint32_t calls;
  failing_fault fault;
  _Atomic uint64_t seen;
  _Atomic uint64_t failed;
} failing_control;

/* Serves until the file system is unmounted. */
void failing_serve(int device, failing_control *control);

#endif
