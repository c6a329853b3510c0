/* What each command does, from its options to its exit code. */
#ifndef BATPAK_PROGRAM_COMMANDS_H
#define BATPAK_PROGRAM_COMMANDS_H

#include "options.h"

int command_import(const options *asked);
int command_batch(const options *asked);
int command_append(const options *asked);
int command_log(const options *asked);
int command_get(const options *asked);
int command_walk(const options *asked);
int command_verify(const options *asked);
int command_claim(const options *asked);
int command_fold(const options *asked);
int command_stat(const options *asked);
int command_keygen(const options *asked);
int command_man(const options *asked);
int command_completion(const options *asked);
int command_version(const options *asked);

#endif
