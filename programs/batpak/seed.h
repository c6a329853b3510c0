/* The file of a signing seed: 64 hexadecimal digits and a newline, readable by its owner alone. */
#ifndef BATPAK_PROGRAM_SEED_H
#define BATPAK_PROGRAM_SEED_H

#include <stdint.h>

enum { SEED_BYTES = 32 };

/* Both answer an exit code and say what is wrong. */
int seed_load(const char *path, uint8_t seed[SEED_BYTES]);
/* Makes the file; one that exists is never overwritten. */
int seed_save(const char *path, const uint8_t seed[SEED_BYTES]);

#endif
