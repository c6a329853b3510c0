#include "commands.h"
#include "output.h"

#include <string.h>

#define WITH(option) (1u << (OPTION_##option))

enum {
  ALWAYS = WITH(JSON) | WITH(HELP),
  WRITES = WITH(SIGN) | WITH(RECEIPTS_OUT) | ALWAYS,
  FILTERS = WITH(AFTER) | WITH(LIMIT) | WITH(ENTITY) | WITH(UNDER) | WITH(SCOPE) | WITH(KIND) | WITH(SYSTEM) | ALWAYS
};

const command commands[] = {
    {"import", "STORE [FILE|-]", "Record JSON lines, making the store where there is none",
     "Each line is an object: entity, scope, kind, payload, and if wanted key, correlation and\n"
     "causation (32 hexadecimal digits each).  A line with a key can be imported again: it is\n"
     "recorded once.  Without FILE the lines come from standard input.\n"
     "A bad line stops the import; what came before it is in the store.",
     WITH(SKIP_BAD) | WRITES, command_import},
    {"batch", "STORE [FILE|-]", "Record JSON lines as one batch: all of them or none",
     "The lines are those of import, at most 4,096.  `cause_item`, counted from 0, makes an earlier\n"
     "line the cause of this one.  Keys stand on all lines or on none; a batch whose keys are all\n"
     "known is there already.  A bad line ends it, and nothing is in the store.",
     WRITES, command_batch},
    {"append", "STORE ENTITY SCOPE KIND [JSON|-]", "Record one event, durable, and print its receipt",
     "KIND is F:001, 61441 or 0xF001.  The payload is JSON, `-` reads it from standard input;\n"
     "without it the payload is null.",
     WRITES, command_append},
    {"log", "STORE", "Print events in commit order", "", FILTERS, command_log},
    {"get", "STORE ID", "Print one event by its id", "", ALWAYS, command_get},
    {"walk", "STORE ID", "Print an event and its ancestors, newest first", "", WITH(LIMIT) | ALWAYS, command_walk},
    {"verify", "STORE", "Read everything and say what agrees: findings, then one verdict",
     "Without receipts kept elsewhere the best verdict is CONSISTENT: the store agrees with\n"
     "itself.  Receipts are the lines that import and append print with --json.",
     WITH(KEY) | WITH(RECEIPTS) | WITH(REQUIRE) | ALWAYS, command_verify},
    {"claim", "export|check|show STORE|FILE [FILE|-]", "Make claims of receipts, or check them with no store",
     "export STORE [FILE|-] reads receipts, as import and append print them with --json, and\n"
     "prints a claim for each that holds: the receipt with all that its signature covers.\n"
     "check FILE says of each claim whether a key given with --key signed it; only a signed\n"
     "one is valid.  show FILE prints what claims say.  FILE holds JSON lines or, after\n"
     "--bytes, one claim; - is standard input.",
     WITH(KEY) | WITH(PAYLOAD) | WITH(BYTES) | ALWAYS, command_claim},
    {"fold", "STORE", "Count events, in all and by kind", "", FILTERS, command_fold},
    {"stat", "STORE", "Print how much the store holds", "", ALWAYS, command_stat},
    {"keygen", "FILE", "Draw a signing seed into a new file, print its public key",
     "Whoever has the file can sign.  It is readable by its owner alone.", ALWAYS, command_keygen},
    {"man", "", "Print the manual page", "batpak man | man -l - shows it.", WITH(HELP), command_man},
    {"completion", "bash|zsh|fish", "Print what a shell needs to complete this command",
     "An installation has put it where each shell looks.  Without one:\n"
     "source <(batpak completion bash), the same with zsh, batpak completion fish | source.",
     WITH(HELP), command_completion},
    {"version", "", "Print the versions of program, interface and format", "", ALWAYS, command_version},
};
const size_t command_count = sizeof commands / sizeof commands[0];

static const command *command_named(const char *name) {
  for (size_t i = 0; i < command_count; i++) {
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  }
  return NULL;
}

static int help(const command *about) {
  text out = {0};
  help_write(&out, about);
  output_text(&out);
  text_free(&out);
  return EXIT_FINE;
}

static int run(const command *named, int count, char **words) {
  options asked;
  int code = EXIT_USAGE;
  if (options_read(named, count, words, &asked)) code = asked.help ? help(named) : named->run(&asked);
  options_free(&asked);
  return code;
}

static int start(int count, char **words) {
  if (count < 2) {
    message("a command is missing");
    message("see batpak --help");
    return EXIT_USAGE;
  }
  const char *word = words[1];
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
    return help(count > 2 ? command_named(words[2]) : NULL);
  }
  const command *named = command_named(strcmp(word, "--version") == 0 ? "version" : word);
  if (named != NULL) return run(named, count - 1, words + 1);
  message("there is no command %s", word);
  message("see batpak --help");
  return EXIT_USAGE;
}

int main(int count, char **words) {
  output_begin();
  return output_end(start(count, words));
}
