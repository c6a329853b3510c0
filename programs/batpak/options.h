/* The words of the command line: which commands there are, what each takes, what a call asked for.  The tables here are
 * the only place that says so; help, and whatever else describes the command, is made from them. */
#ifndef BATPAK_PROGRAM_OPTIONS_H
#define BATPAK_PROGRAM_OPTIONS_H

#include "text.h"

enum { ARGUMENTS_MAX = 5, KEY_BYTES = 32, ID_BYTES = 16 };

typedef enum option_id {
  OPTION_AFTER,
  OPTION_LIMIT,
  OPTION_ENTITY,
  OPTION_UNDER,
  OPTION_SCOPE,
  OPTION_KIND,
  OPTION_SYSTEM,
  OPTION_SKIP_BAD,
  OPTION_SIGN,
  OPTION_RECEIPTS_OUT,
  OPTION_KEY,
  OPTION_RECEIPTS,
  OPTION_PAYLOAD,
  OPTION_BYTES,
  OPTION_REQUIRE,
  OPTION_JSON,
  OPTION_HELP,
  OPTION_COUNT
} option_id;

/* What the caller asked for.  Strings are the caller's. */
typedef struct options {
  const char *arguments[ARGUMENTS_MAX];  /* in the command's order; NULL where left out */
  const char *entity;
  const char *under;
  const char *scope;
  const char *sign;
  const char *receipts_out;
  const char *receipts;
  const char *payload;
  uint64_t after;
  uint64_t limit;                        /* UINT64_MAX: all */
  text keys;                             /* public keys, KEY_BYTES each */
  uint16_t kind;
  bool has_after;
  bool has_kind;
  bool system;
  bool skip_bad;
  bool require_attested;
  bool bytes;
  bool json;
  bool help;
} options;

typedef struct option_row {
  const char *name;      /* "--limit" */
  const char *argument;  /* "N", NULL for a switch */
  const char *meaning;
  /* NULL, or what is wrong with the value (NULL for a switch). */
  const char *(*take)(options *asked, const char *value);
} option_row;

typedef struct command {
  const char *name;
  const char *arguments;  /* "STORE [FILE|-]"; what stands in brackets may be left out */
  const char *summary;
  const char *text;       /* the rest of its help */
  uint32_t options;       /* 1 << option_id */
  int (*run)(const options *asked);
} command;

/* A word of a command's `arguments`: FILE, also where it stands as [FILE|-]. */
typedef struct argument_word {
  const char *name;
  size_t length;
  bool optional;
} argument_word;

/* What a shell can offer in the place of an argument, of a command or of an option. */
typedef enum filling {
  FILLED_FREELY,
  FILLED_BY_DIRECTORY,
  FILLED_BY_FILE,
  FILLED_BY_WORDS  /* those that the name consists of, as in bash|zsh */
} filling;

typedef struct exit_row {
  const char *codes;
  const char *meaning;
} exit_row;

enum { EXIT_ROWS = 6 };

extern const exit_row exit_rows[EXIT_ROWS];
extern const option_row option_rows[OPTION_COUNT];
extern const command commands[];
extern const size_t command_count;

/* The first word at `*rest`, which then stands behind it; false at the end. */
bool argument_next(const char **rest, argument_word *word);
filling argument_filling(const char *name, size_t length);

/* Fills `asked` from the words behind the command's name.  False after a message when they make no sense. */
bool options_read(const command *asked_for, int count, char **words, options *asked);
void options_free(options *asked);

/* Help for the whole program (NULL) or for one command. */
void help_write(text *out, const command *about);

/* A message that ends in where to read on; EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int usage_wrong(const char *command_name, const char *format, ...);

#endif
