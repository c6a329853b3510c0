/* What the rooms above do with files, made of the table's single calls: whole reads, whole writes, atomic replacement.
 * All answer bp_status and fill the error. */
#ifndef BPI_SYS_FILE_H
#define BPI_SYS_FILE_H

#include "base/bytes.h"
#include "sys/system.h"

/* Reads exactly `length` bytes; BP_SYSTEM with os_error 0 when the file ends before. */
bp_status bpi_file_read_all(const bp_system *system, int file, uint64_t offset, void *bytes, size_t length,
                            bp_error *error);
/* Writes all, going on after short writes.  On failure some of it may be there. */
bp_status bpi_file_write_all(const bp_system *system, int file, uint64_t offset, const void *bytes, size_t length,
                             bp_error *error);
/* directory + "/" + name, terminated, in the buffer (which is reset first). */
bp_status bpi_path_join(bpi_buffer *path, const char *directory, const char *name, bp_error *error);
/* The file's whole content into `content` (reset first), refused above `limit` bytes (os_error EFBIG).  *found is 0 when
 * there is none. */
bp_status bpi_file_load(const bp_system *system, const char *path, size_t limit, bpi_buffer *content, int *found,
                        bp_error *error);
/* Replaces directory/name as one step that survives a crash: temporary file (".tmp" and six random characters), write,
 * flush, rename, flush of the directory.  The temporary file is removed on failure.  Only the owner may read the new
 * file.  A symbolic link at the name is refused (os_error ELOOP). */
bp_status bpi_file_replace(const bp_system *system, const char *directory, const char *name, const void *bytes,
                           size_t length, bp_error *error);
/* mkdir -p, each new level flushed in its parent. */
bp_status bpi_directory_create_all(const bp_system *system, const char *path, bp_error *error);

#endif
