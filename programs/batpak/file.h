/* Files beside the store: key, receipts, input.  Everything answers an exit code and says what is wrong. */
#ifndef BATPAK_PROGRAM_FILE_H
#define BATPAK_PROGRAM_FILE_H

#include "text.h"

/* Says what errno means for this file; EXIT_TROUBLE. */
int file_failed(const char *path);
/* Writes all of it and flushes it to the disk. */
int file_write_synced(const char *path, int file, const text *bytes);
/* Flushes the directory of a file that was just made. */
int file_sync_directory(const char *path);
/* What is left to read, refused above `limit` bytes. */
int file_read_all(const char *path, int file, size_t limit, text *content);

#endif
