/* A store from open to close, and what its failures mean to whoever called the command. */
#ifndef BATPAK_PROGRAM_SESSION_H
#define BATPAK_PROGRAM_SESSION_H

#include "options.h"

#include <batpak/ffi.h>

/* What a command does with an open store; its exit code. */
typedef int (*session_work)(const options *asked, bp_store *store, void *user);

/* Opens the store named by the first argument, tells what was found amiss, works, closes.  The exit code, signals
 * considered. */
int session_read(const options *asked, session_work work, void *user);
/* The same without telling what the open found: the work does. */
int session_verify(const options *asked, session_work work, void *user);
/* The same for writing: makes the store where there is none, signs if asked to.  What is only written is flushed when
 * the command says so. */
int session_write(const options *asked, uint32_t durability, session_work work, void *user);

int status_exit(bp_status status);
/* What went wrong, and where. */
void error_describe(text *out, const bp_error *error);
/* Says it, and what to do next; the exit code.  `subject` is what failed: the store's path as the caller gave it, or
 * what was to be written. */
int failed(const char *subject, const bp_error *error);

/* A fresh error to hand to a call. */
bp_error error_empty(void);

#endif
