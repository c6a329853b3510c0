/* SIGINT and SIGTERM ask a command to come to an end in good order; a second one ends it at once. */
#ifndef BATPAK_PROGRAM_SIGNALS_H
#define BATPAK_PROGRAM_SIGNALS_H

#include <stdbool.h>

void signals_begin(void);
bool signals_stop(void);
/* 130 or 143 once a signal came, else `code`. */
int signals_exit(int code);
/* Whether the descriptor can be read without waiting; with `patient` waits until it can or a signal comes. */
bool signals_readable(int descriptor, bool patient);

#endif
