/* Errors as values: fill a caller's bp_error and answer its code in one expression. */
#ifndef BPI_BASE_STATUS_H
#define BPI_BASE_STATUS_H

#include <batpak/ffi.h>

/* Fills *error (NULL allowed; only as much as its struct_size admits) and returns `code`.  `format` as printf; what does
 * not fit into the text is cut at a character boundary. */
bp_status bpi_fail(bp_error *error, bp_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for a place in a segment or an input. */
bp_status bpi_fail_at(bp_error *error, bp_status code, uint64_t segment_id, uint64_t offset, const char *text);

/* The same for a value that is not the wanted one. */
bp_status bpi_fail_values(bp_error *error, bp_status code, uint64_t expected, uint64_t actual, const char *text);

/* The same for a failed system call: BP_DISK_FULL, BP_PERMISSION, BP_NO_MEMORY, BP_UNSUPPORTED or BP_SYSTEM by
 * `errno_value`; `doing` names the work ("writing the segment"). */
bp_status bpi_fail_system(bp_error *error, int errno_value, const char *doing);

/* Hands a full error to the caller's, as much of it as its struct_size admits, and returns its code. */
bp_status bpi_error_copy(bp_error *to, const bp_error *from);

/* Checks a caller's struct: `size` is its struct_size, `known` this library's size, `least` the smallest ever published.
 * A larger struct is fine when everything behind `known` is zero. */
bp_status bpi_check_struct(const void *object, uint32_t size, size_t known, size_t least, bp_error *error);

/* What the init functions of ffi.h do: zeroes `size` bytes, copies the `known` ones of the defaults, notes the size.
 * BP_ARGUMENT, BP_STRUCT_SIZE. */
bp_status bpi_init_struct(void *object, size_t size, const void *defaults, size_t known);

#endif
