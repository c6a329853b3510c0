/* What the real system remembers about this process, inside the room only. */
#ifndef BPI_SYS_PROCESS_H
#define BPI_SYS_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* The id of this process; in a forked child the child's, without a system call in between. */
uint64_t bpi_process_id(void);

/* Random bytes from the system, drawn in blocks: a call for few bytes costs far more than the bytes.  A forked child
 * never gets bytes that its parent gets too.  0, or an errno value. */
int bpi_process_random(void *bytes, size_t length);

#endif
