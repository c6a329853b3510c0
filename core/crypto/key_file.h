/* A seed in a file of its own. */
#ifndef BPI_CRYPTO_KEY_FILE_H
#define BPI_CRYPTO_KEY_FILE_H

#include "crypto/crypto.h"
#include "sys/system.h"

/* As bp_key_file_read and bp_key_file_write, on any system. */
bp_status bpi_key_file_read(const bp_system *system, const char *path, uint8_t seed[BPI_SEED_BYTES], bp_error *error);
bp_status bpi_key_file_write(const bp_system *system, const char *path, const uint8_t seed[BPI_SEED_BYTES],
                             bp_error *error);

#endif
