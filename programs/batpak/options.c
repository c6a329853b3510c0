#include "options.h"

#include "output.h"

#include <batpak/ffi.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_BASE = 256 };  /* getopt answers this plus the option's id */

static const char *take_number(uint64_t *number, const char *value) {
  return decimal_read(value, strlen(value), number) ? NULL : "is not a number";
}

static const char *take_after(options *asked, const char *value) {
  asked->has_after = true;
  return take_number(&asked->after, value);
}

static const char *take_limit(options *asked, const char *value) { return take_number(&asked->limit, value); }

static const char *take_entity(options *asked, const char *value) {
  asked->entity = value;
  return asked->under == NULL ? NULL : "and --under exclude each other";
}

static const char *take_under(options *asked, const char *value) {
  asked->under = value;
  return asked->entity == NULL ? NULL : "and --entity exclude each other";
}

static const char *take_scope(options *asked, const char *value) {
  asked->scope = value;
  return NULL;
}

static const char *take_kind(options *asked, const char *value) {
  asked->has_kind = true;
  bp_status status = bp_kind_parse(value, strlen(value), &asked->kind, NULL);
  return status == BP_OK ? NULL : "is no kind: F:001, 61441 or 0xF001";
}

static const char *take_system(options *asked, const char *value) {
  (void)value;
  asked->system = true;
  return NULL;
}

static const char *take_skip_bad(options *asked, const char *value) {
  (void)value;
  asked->skip_bad = true;
  return NULL;
}

static const char *take_sign(options *asked, const char *value) {
  asked->sign = value;
  return NULL;
}

static const char *take_receipts_out(options *asked, const char *value) {
  asked->receipts_out = value;
  return NULL;
}

static const char *take_key(options *asked, const char *value) {
  uint8_t key[KEY_BYTES];
  if (!hex_read(value, strlen(value), key, sizeof key)) return "is no public key of 64 hexadecimal digits";
  text_bytes(&asked->keys, key, sizeof key);
  return NULL;
}

static const char *take_receipts(options *asked, const char *value) {
  asked->receipts = value;
  return NULL;
}

static const char *take_payload(options *asked, const char *value) {
  asked->payload = value;
  return NULL;
}

static const char *take_bytes(options *asked, const char *value) {
  (void)value;
  asked->bytes = true;
  return NULL;
}

static const char *take_require(options *asked, const char *value) {
  asked->require_attested = true;
  return strcmp(value, "attested") == 0 ? NULL : "can only be attested";
}

static const char *take_json(options *asked, const char *value) {
  (void)value;
  asked->json = true;
  return NULL;
}

static const char *take_help(options *asked, const char *value) {
  (void)value;
  asked->help = true;
  return NULL;
}

const option_row option_rows[OPTION_COUNT] = {
    [OPTION_AFTER] = {"--after", "SEQ", "only events behind this sequence", take_after},
    [OPTION_LIMIT] = {"--limit", "N", "at most so many events", take_limit},
    [OPTION_ENTITY] = {"--entity", "E", "only this entity", take_entity},
    [OPTION_UNDER] = {"--under", "E", "only this entity and those below it, E:...", take_under},
    [OPTION_SCOPE] = {"--scope", "S", "only this scope", take_scope},
    [OPTION_KIND] = {"--kind", "KIND", "only this kind: F:001, 61441 or 0xF001", take_kind},
    [OPTION_SYSTEM] = {"--system", NULL, "the store's own events too", take_system},
    [OPTION_SKIP_BAD] = {"--skip-bad", NULL, "count bad lines and go on", take_skip_bad},
    [OPTION_SIGN] = {"--sign", "FILE", "sign with the seed in this file (see keygen)", take_sign},
    [OPTION_RECEIPTS_OUT] = {"--receipts-out", "FILE", "append the receipts to this file, synced first",
                             take_receipts_out},
    [OPTION_KEY] = {"--key", "PUBLIC", "a public key to trust; may be given again", take_key},
    [OPTION_RECEIPTS] = {"--receipts", "FILE", "receipts kept aside, to be held against the store", take_receipts},
    [OPTION_PAYLOAD] = {"--payload", "JSON", "the event's payload, to be held against the claim", take_payload},
    [OPTION_BYTES] = {"--bytes", NULL, "the bytes of one claim, not its JSON", take_bytes},
    [OPTION_REQUIRE] = {"--require", "attested", "0 only if every event has a receipt that holds", take_require},
    [OPTION_JSON] = {"--json", NULL, "one JSON object a line", take_json},
    [OPTION_HELP] = {"--help", NULL, "what the command does and takes", take_help},
};

const exit_row exit_rows[EXIT_ROWS] = {
    {"0", "fine; also a reader of standard output that went away"},
    {"1", "damage, contradiction, not found, not a store or a newer version"},
    {"2", "usage, bad line or bad coordinate"},
    {"3", "the system refused"},
    {"4", "locked"},
    {"130, 143", "ended by a signal, in good order"},
};

bool argument_next(const char **rest, argument_word *word) {
  const char *at = *rest + strspn(*rest, " ");
  size_t length = strcspn(at, " ");
  if (length == 0) return false;
  *rest = at + length;
  word->optional = at[0] == '[';
  word->name = at + word->optional;
  word->length = length - 2 * (size_t)word->optional;
  return true;
}

filling argument_filling(const char *name, size_t length) {
  if (length == 5 && strncmp("STORE", name, length) == 0) return FILLED_BY_DIRECTORY;
  if (length >= 4 && (strncmp("FILE", name, 4) == 0 || strncmp("FILE", name + length - 4, 4) == 0)) return FILLED_BY_FILE;
  return name[0] >= 'a' && name[0] <= 'z' ? FILLED_BY_WORDS : FILLED_FREELY;
}

/* The options that the command takes, as getopt wants them. */
static void getopt_rows(const command *about, struct option rows[OPTION_COUNT + 1]) {
  size_t count = 0;
  for (int id = 0; id < OPTION_COUNT; id++) {
    if ((about->options & 1u << id) == 0) continue;
    int argument = option_rows[id].argument != NULL ? required_argument : no_argument;
    rows[count++] = (struct option){option_rows[id].name + 2, argument, NULL, OPTION_BASE + id};
  }
  rows[count] = (struct option){0};
}

/* How many arguments the command wants at least, and at most. */
static void arguments_wanted(const command *about, int *least, int *most) {
  argument_word word;
  *least = *most = 0;
  for (const char *rest = about->arguments; argument_next(&rest, &word);) {
    *least += !word.optional;
    ++*most;
  }
}

static bool arguments_read(const command *asked_for, int count, char **words, options *asked) {
  int least, most;
  arguments_wanted(asked_for, &least, &most);
  if (count < least || count > most) {
    usage_wrong(asked_for->name, "%s arguments; it takes %s", count < least ? "too few" : "too many",
                most > 0 ? asked_for->arguments : "none");
    return false;
  }
  for (int i = 0; i < count; i++) asked->arguments[i] = words[i];
  return true;
}

static bool option_read(const command *asked_for, int found, const char *word, options *asked) {
  if (found == '?' || found == ':') {
    usage_wrong(asked_for->name, "%s %s", word, found == '?' ? "is no option of it" : "wants a value");
    return false;
  }
  const option_row *row = &option_rows[found == 'h' ? OPTION_HELP : found - OPTION_BASE];
  const char *wrong = row->take(asked, optarg);
  if (wrong != NULL) usage_wrong(asked_for->name, "%s %s %s", row->name, row->argument ? optarg : "", wrong);
  return wrong == NULL;
}

bool options_read(const command *asked_for, int count, char **words, options *asked) {
  struct option rows[OPTION_COUNT + 1];
  int found;
  *asked = (options){.limit = UINT64_MAX};
  getopt_rows(asked_for, rows);
  opterr = 0;
  while ((found = getopt_long(count, words, ":h", rows, NULL)) != -1) {
    if (!option_read(asked_for, found, words[optind - 1], asked)) return false;
    if (asked->help) return true;
  }
  return arguments_read(asked_for, count - optind, words + optind, asked);
}

void options_free(options *asked) { text_free(&asked->keys); }

static void help_line(text *out, const char *name, const char *argument, const char *meaning) {
  size_t from = out->length;
  text_format(out, "  %s%s%s", name, argument ? " " : "", argument ? argument : "");
  int width = (int)(out->length - from);
  text_format(out, "%*s%s\n", width < 24 ? 24 - width : 1, "", meaning);
}

static void help_of_command(text *out, const command *about) {
  text_format(out, "usage: batpak %s %s%s[OPTION]...\n\n%s.%s%s\n\n", about->name, about->arguments,
              about->arguments[0] ? " " : "", about->summary, about->text[0] ? "\n\n" : "", about->text);
  for (int id = 0; id < OPTION_COUNT; id++) {
    if (about->options & 1u << id) {
      help_line(out, option_rows[id].name, option_rows[id].argument, option_rows[id].meaning);
    }
  }
}

static void help_of_all(text *out) {
  text_string(out, "usage: batpak COMMAND ...\n\n"
                   "An embedded, append-only event journal: one directory, one writer.\n\n");
  for (size_t i = 0; i < command_count; i++) help_line(out, commands[i].name, NULL, commands[i].summary);
  text_string(out, "\nbatpak COMMAND --help says more.\n\nexit codes:\n");
  for (size_t i = 0; i < EXIT_ROWS; i++) help_line(out, exit_rows[i].codes, NULL, exit_rows[i].meaning);
}

void help_write(text *out, const command *about) {
  if (about != NULL) {
    help_of_command(out, about);
  } else {
    help_of_all(out);
  }
}

int usage_wrong(const char *command_name, const char *format, ...) {
  char what[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  message("%s: %s", command_name, what);
  message("see batpak %s --help", command_name);
  return EXIT_USAGE;
}
