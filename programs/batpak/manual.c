/* The manual page, in the macros of mdoc, from the tables of the command line. */
#include "commands.h"
#include "output.h"

#include <batpak/ffi.h>
#include <string.h>

/* When its words last changed: a manual page carries a date, and one of the build would make no two builds alike. */
static const char manual_date[] = "November 21, 2026";

typedef struct example {
  const char *what;
  const char *line;
} example;

/* They work one after the other in an empty directory; a test runs them. */
static const example examples[] = {
    {"Draw a seed that signs receipts, and remember its public key.",
     "key=$(batpak keygen seed | awk '$1 == \"public_key\" { print $2 }')"},
    {"Record JSON lines, and keep their receipts aside.",
     "echo '{\"entity\":\"player:1\",\"scope\":\"game\",\"kind\":\"F:001\",\"payload\":{\"x\":1}}' |\n"
     "    batpak import store --sign seed --receipts-out receipts"},
    {"Record one event.", "batpak append store player:1 game F:001 '{\"x\":2}' --sign seed --receipts-out receipts"},
    {"Show the events of all players behind the first, as JSON lines.",
     "batpak log store --under player --after 1 --json"},
    {"Hold the store against the receipts.", "batpak verify store --receipts receipts --key \"$key\""},
};

/* Running text or a literal: nothing in it is taken for a macro, and `-` and apostrophes come out as they were typed. */
static void manual_text(text *out, const char *string) {
  bool begins = true;
  for (; *string != '\0'; string++) {
    if (begins && (*string == '.' || *string == '\'')) text_string(out, "\\&");
    begins = *string == '\n';
    switch (*string) {
      case '\\': text_string(out, "\\e"); break;
      case '-': text_string(out, "\\-"); break;
      case '\'': text_string(out, "\\(aq"); break;
      case '`': text_string(out, "\\(ga"); break;
      case '~': text_string(out, "\\(ti"); break;
      case '^': text_string(out, "\\(ha"); break;
      default: text_bytes(out, string, 1);
    }
  }
}

/* A paragraph of --help: each sentence on its own line, as roff wants them to get its spaces right. */
static void manual_sentences(text *out, const char *string) {
  const char *end;
  for (; (end = strstr(string, ".  ")) != NULL; string = end + 3) {
    text sentence = {0};
    text_bytes(&sentence, string, (size_t)(end + 1 - string));
    text_bytes(&sentence, "", 1);
    manual_text(out, sentence.data);
    text_string(out, "\n");
    text_free(&sentence);
  }
  manual_text(out, string);
  text_string(out, "\n");
}

/* ` Ar STORE Op Ar FILE`; no word of it is taken for a macro. */
static void manual_arguments(text *out, const command *about) {
  argument_word word;
  for (const char *rest = about->arguments; argument_next(&rest, &word);) {
    text_format(out, " %sAr \\&%.*s%s", word.optional ? "Oo " : "", (int)word.length, word.name,
                word.optional ? " Oc" : "");
  }
}

static void manual_option(text *out, const option_row *row) {
  text_string(out, " Fl \\&");
  manual_text(out, row->name + 1);
  if (row->argument != NULL) text_format(out, " Ar \\&%s", row->argument);
}

static void manual_synopsis(text *out, const command *about) {
  text_format(out, ".Nm\n.Cm %s", about->name);
  manual_arguments(out, about);
  text_string(out, "\n");
  for (int id = 0; id < OPTION_COUNT; id++) {
    if ((about->options & 1u << id) == 0) continue;
    text_string(out, ".Op");
    manual_option(out, &option_rows[id]);
    text_string(out, "\n");
  }
}

static void manual_command(text *out, const command *about) {
  text_format(out, ".It Cm %s", about->name);
  manual_arguments(out, about);
  text_string(out, "\n");
  manual_sentences(out, about->summary);
  out->data[out->length - 1] = '.';
  text_string(out, "\n");
  if (about->text[0] != '\0') manual_sentences(out, about->text);
  text_string(out, ".Bl -tag -width Ds -compact\n");
  for (int id = 0; id < OPTION_COUNT; id++) {
    if ((about->options & 1u << id) == 0) continue;
    text_string(out, ".It");
    manual_option(out, &option_rows[id]);
    text_string(out, "\n");
    manual_text(out, option_rows[id].meaning);
    text_string(out, "\n");
  }
  text_string(out, ".El\n");
}

static void manual_commands(text *out) {
  text_string(out, ".Sh DESCRIPTION\n.Nm\n"
                   "keeps typed events in a directory that is called a store: they are added, and never changed.\n"
                   "Every event that is accepted is answered by a receipt, which can be held against the store later.\n"
                   "One process writes at a time; no server is needed.\n"
                   ".Pp\nThe commands are:\n.Bl -tag -width Ds\n");
  for (size_t i = 0; i < command_count; i++) manual_command(out, &commands[i]);
  text_string(out, ".It Cm help Op Ar COMMAND\n"
                   "Print what the program, or the command, does; the same as\n.Fl \\&\\-help .\n"
                   ".El\n.Pp\nThe result goes to standard output, whatever is said about it to standard error.\n"
                   ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev NO_COLOR\n"
                   "When set and not empty, the output has no colours.\n.El\n");
}

static void manual_ends(text *out) {
  text_string(out, ".Sh EXIT STATUS\n.Bl -tag -width \"130, 143\"\n");
  for (size_t i = 0; i < EXIT_ROWS; i++) {
    text_format(out, ".It %s\n", exit_rows[i].codes);
    manual_text(out, exit_rows[i].meaning);
    text_string(out, "\n");
  }
  text_string(out, ".El\n.Sh EXAMPLES\n");
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
    if (i > 0) text_string(out, ".Pp\n");
    manual_text(out, examples[i].what);
    text_string(out, "\n.Bd -literal -offset indent\n");
    manual_text(out, examples[i].line);
    text_string(out, "\n.Ed\n");
  }
  text_string(out, ".Sh SEE ALSO\n"
                   "The comments of\n.In batpak/ffi.h\nare the reference of the library.\n"
                   "Of the documents in its sources,\n.Pa docs/getting\\-started.md\n"
                   "leads from nothing to a store that is verified,\n.Pa docs/names.md\n"
                   "lists the members of the JSON lines, and\n.Pa docs/verdicts.md\n"
                   "says what\n.Cm verify\nfinds, and what to do then.\n");
}

int command_man(const options *asked) {
  (void)asked;
  text out = {0};
  text_format(&out, ".\\\" Printed by: batpak man\n.Dd %s\n.Dt BATPAK 1\n.Os batpak %s\n", manual_date, bp_version());
  text_string(&out, ".Sh NAME\n.Nm batpak\n.Nd embedded, append\\-only event journal\n.Sh SYNOPSIS\n");
  for (size_t i = 0; i < command_count; i++) manual_synopsis(&out, &commands[i]);
  text_string(&out, ".Nm\n.Cm help\n.Op Ar COMMAND\n");
  manual_commands(&out);
  manual_ends(&out);
  output_text(&out);
  text_free(&out);
  return EXIT_FINE;
}
