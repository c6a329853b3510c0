/* Checksums made right again over altered bytes, so that fuzzing gets past them. */
#ifndef SUPPORT_RESEAL_H
#define SUPPORT_RESEAL_H

#include <stddef.h>
#include <stdint.h>

/* Every frame from the end of the prologue on, as far as the declared lengths lead. */
void reseal_segment(uint8_t *file, size_t length);
/* The frame that the whole input is. */
void reseal_frame(uint8_t *frame, size_t length);
/* A file of hidden ranges. */
void reseal_hidden(uint8_t *file, size_t length);

#endif
