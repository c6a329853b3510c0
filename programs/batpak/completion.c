/* What a shell needs to complete the command: a script for each, filled from the tables of the command line. */
#include "commands.h"
#include "output.h"

#include <string.h>

static bool takes(const command *about, int id) { return (about->options & 1u << id) != 0; }

static filling option_filling(const option_row *row) { return argument_filling(row->argument, strlen(row->argument)); }

/* For one between apostrophes: `marked` are the characters that take a backslash there. */
static void quoted(text *out, const char *string, const char *marked, const char *apostrophe) {
  for (; *string != '\0'; string++) {
    if (*string == '\'') {
      text_string(out, apostrophe);
    } else {
      text_format(out, "%s%c", strchr(marked, *string) != NULL ? "\\" : "", *string);
    }
  }
}

/* "bash|zsh" as "bash zsh". */
static void words(text *out, const char *name, size_t length) {
  for (size_t i = 0; i < length; i++) text_format(out, "%c", name[i] == '|' ? ' ' : name[i]);
}

static void command_names(text *out) {
  for (size_t i = 0; i < command_count; i++) text_format(out, "%s%s", i > 0 ? " " : "", commands[i].name);
}

/* The options that take a value, whichever command they belong to. */
static void valued_options(text *out) {
  for (int id = 0; id < OPTION_COUNT; id++) {
    if (option_rows[id].argument != NULL) text_format(out, " %s", option_rows[id].name);
  }
}

/* bash.  Names of files are left to readline, which knows how to quote them: it is told by compopt, and offers them
 * where the function offers nothing. */

static const char bash_begin[] =
    "# Completion of batpak for bash, printed by: batpak completion bash\n"
    "_batpak() {\n"
    "    local word=$2 i glued='' option='' options='' place=0 wanted=''\n"
    "    local -a arguments=()\n"
    "    COMPREPLY=()\n";

static const char bash_place[] =
    "    # --option=value and a:b come in pieces: what stands behind one of these marks belongs to what stands before.\n"
    "    [[ $word == [:=]* ]] && word=''\n"
    "    for ((i = 2; i <= COMP_CWORD; i++)); do\n"
    "        if [[ ${COMP_WORDS[i]} == [:=]* ]]; then\n"
    "            glued=yes\n"
    "        elif ((i == COMP_CWORD)); then\n"
    "            break\n"
    "        elif [[ $option ]]; then\n"
    "            option='' glued=''\n"
    "        elif [[ $glued ]]; then\n"
    "            glued=''\n"
    "        elif [[ ${COMP_WORDS[i]} != -* ]]; then\n"
    "            place=$((place + 1))\n"
    "        elif [[ $valued == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
    "            option=${COMP_WORDS[i]}\n"
    "        fi\n"
    "    done\n"
    "    [[ $glued && -z $option ]] && place=$((place - 1))\n";

static const char bash_end[] =
    "    case $wanted in\n"
    "        directory) compopt -o dirnames ;;\n"
    "        file) compopt -o default ;;\n"
    "        '' | anything) ;;\n"
    "        *) mapfile -t COMPREPLY < <(compgen -W \"$wanted\" -- \"$word\") ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _batpak batpak\n";

static void bash_wanted(text *out, const char *name, size_t length) {
  switch (argument_filling(name, length)) {
    case FILLED_BY_DIRECTORY: text_string(out, "directory"); break;
    case FILLED_BY_FILE: text_string(out, "file"); break;
    case FILLED_FREELY: text_string(out, "anything"); break;
    case FILLED_BY_WORDS:
      text_string(out, "'");
      words(out, name, length);
      text_string(out, "'");
  }
}

static void bash_command(text *out, const command *about) {
  argument_word word;
  const char *before = "";
  text_format(out, "        %s)\n            options='", about->name);
  for (int id = 0; id < OPTION_COUNT; id++) {
    if (!takes(about, id)) continue;
    text_format(out, "%s%s", before, option_rows[id].name);
    before = " ";
  }
  text_string(out, "'\n            arguments=(");
  before = "";
  for (const char *rest = about->arguments; argument_next(&rest, &word); before = " ") {
    text_string(out, before);
    bash_wanted(out, word.name, word.length);
  }
  text_string(out, ")\n            ;;\n");
}

static void write_bash(text *out) {
  text_string(out, bash_begin);
  text_string(out, "    local commands='");
  command_names(out);
  text_string(out, "'\n    local valued='");
  valued_options(out);
  text_string(out, " '\n    case $COMP_CWORD:${COMP_WORDS[1]} in\n"
                   "        1:*) options='--help --version' arguments=(\"$commands help\") ;;\n"
                   "        *:help) options='' arguments=(\"$commands\") ;;\n"
                   "    esac\n"
                   "    ((COMP_CWORD == 1)) || case ${COMP_WORDS[1]} in\n");
  for (size_t i = 0; i < command_count; i++) bash_command(out, &commands[i]);
  text_string(out, "    esac\n");
  text_string(out, bash_place);
  text_string(out, "    case $option in\n        '') wanted=${arguments[place]-} ;;\n");
  for (int id = 0; id < OPTION_COUNT; id++) {
    const option_row *row = &option_rows[id];
    if (row->argument == NULL) continue;
    text_format(out, "        %s) wanted=", row->name);
    bash_wanted(out, row->argument, strlen(row->argument));
    text_string(out, " ;;\n");
  }
  text_string(out, "    esac\n    [[ -z $option && $word == -* ]] && wanted=$options\n");
  text_string(out, bash_end);
}

/* zsh */

static void zsh_action(text *out, const char *name, size_t length) {
  text_format(out, ":%.*s:", (int)length, name);
  switch (argument_filling(name, length)) {
    /* Where no directory fits, `_files` would offer files. */
    case FILLED_BY_DIRECTORY: text_string(out, "_path_files -/"); break;
    case FILLED_BY_FILE: text_string(out, "_files"); break;
    case FILLED_FREELY: text_string(out, " "); break;
    case FILLED_BY_WORDS:
      text_string(out, "(");
      words(out, name, length);
      text_string(out, ")");
  }
}

static void zsh_command(text *out, const command *about) {
  argument_word word;
  int place = 1;
  text_format(out, "                (%s)\n                    _arguments -S", about->name);
  for (int id = 0; id < OPTION_COUNT; id++) {
    const option_row *row = &option_rows[id];
    if (!takes(about, id)) continue;
    text_format(out, " \\\n                        '%s%s%s[", id == OPTION_KEY ? "*" : "", row->name,
                row->argument != NULL ? "=" : "");
    quoted(out, row->meaning, "]\\", "'\\''");
    text_string(out, "]");
    if (row->argument != NULL) zsh_action(out, row->argument, strlen(row->argument));
    text_string(out, "'");
  }
  for (const char *rest = about->arguments; argument_next(&rest, &word); place++) {
    text_format(out, " \\\n                        '%d%s", place, word.optional ? ":" : "");
    zsh_action(out, word.name, word.length);
    text_string(out, "'");
  }
  text_string(out, "\n                    ;;\n");
}

static void zsh_commands(text *out) {
  text_string(out, "            local -a commands=(\n");
  for (size_t i = 0; i < command_count; i++) {
    text_format(out, "                '%s:", commands[i].name);
    quoted(out, commands[i].summary, "\\", "'\\''");
    text_string(out, "'\n");
  }
  text_string(out, "                'help:Print what the program, or a command, does'\n            )\n");
}

static void write_zsh(text *out) {
  text_string(out, "#compdef batpak\n"
                   "# Completion of batpak for zsh, printed by: batpak completion zsh\n"
                   "_batpak() {\n"
                   "    local curcontext=$curcontext context state state_descr line\n"
                   "    typeset -A opt_args\n"
                   "    _arguments -C '(- *)--help[what the program does]' '(- *)--version[print the versions]' \\\n"
                   "        '1:command:->command' '*::argument:->argument' && return\n"
                   "    case $state in\n"
                   "        (command)\n");
  zsh_commands(out);
  text_string(out, "            _describe -t commands command commands\n"
                   "            ;;\n"
                   "        (argument)\n"
                   "            case $words[1] in\n");
  for (size_t i = 0; i < command_count; i++) zsh_command(out, &commands[i]);
  text_string(out, "                (help)\n                    _arguments '1:command:(");
  command_names(out);
  text_string(out, ")'\n                    ;;\n"
                   "            esac\n"
                   "            ;;\n"
                   "    esac\n"
                   "}\n"
                   "# As a file in $fpath this is the function's first call; sourced, it only makes it known.\n"
                   "if [ \"$funcstack[1]\" = _batpak ]; then\n"
                   "    _batpak \"$@\"\n"
                   "else\n"
                   "    compdef _batpak batpak\n"
                   "fi\n");
}

/* fish */

static const char fish_begin[] =
    "# Completion of batpak for fish, printed by: batpak completion fish\n"
    "function __batpak_command --argument-names command\n"
    "    set -l words (commandline -opc)\n"
    "    test (count $words) -gt 1; and test $words[2] = $command\n"
    "end\n"
    "# Is the word at the cursor the command's argument at this place?  Values of options are none.\n"
    "function __batpak_argument --argument-names command place\n"
    "    __batpak_command $command; or return 1\n"
    "    set -l words (commandline -opc)\n"
    "    set -e words[1..2]\n"
    "    set -l at 1\n"
    "    set -l valued 0\n"
    "    for word in $words\n"
    "        if test $valued = 1\n"
    "            set valued 0\n"
    "        else if contains -- $word";

static const char fish_end[] =
    "\n            set valued 1\n"
    "        else if not string match -q -- '-*' $word\n"
    "            set at (math $at + 1)\n"
    "        end\n"
    "    end\n"
    "    test $at = $place; and test $valued = 0\n"
    "end\n"
    "complete -c batpak -f\n"
    "complete -c batpak -n 'test (count (commandline -opc)) = 1' -l help -d 'what the program does'\n"
    "complete -c batpak -n 'test (count (commandline -opc)) = 1' -l version -d 'print the versions'\n"
    "complete -c batpak -n 'test (count (commandline -opc)) = 1' -a help -d 'Print what the program, or a command, does'\n";

static void fish_wanted(text *out, const char *name, size_t length) {
  switch (argument_filling(name, length)) {
    case FILLED_BY_DIRECTORY: text_string(out, " -a '(__fish_complete_directories)'"); break;
    case FILLED_BY_FILE: text_string(out, " -F"); break;
    case FILLED_FREELY: break;
    case FILLED_BY_WORDS:
      text_string(out, " -a '");
      words(out, name, length);
      text_string(out, "'");
  }
}

static void fish_command(text *out, const command *about) {
  argument_word word;
  int place = 1;
  text_format(out, "complete -c batpak -n 'test (count (commandline -opc)) = 1' -a %s -d '", about->name);
  quoted(out, about->summary, "\\", "\\'");
  text_string(out, "'\n");
  for (int id = 0; id < OPTION_COUNT; id++) {
    const option_row *row = &option_rows[id];
    if (!takes(about, id)) continue;
    text_format(out, "complete -c batpak -n '__batpak_command %s' -l %s", about->name, row->name + 2);
    if (row->argument != NULL) {
      text_string(out, option_filling(row) == FILLED_BY_FILE ? " -r" : " -x");
      fish_wanted(out, row->argument, strlen(row->argument));
    }
    text_string(out, " -d '");
    quoted(out, row->meaning, "\\", "\\'");
    text_string(out, "'\n");
  }
  for (const char *rest = about->arguments; argument_next(&rest, &word); place++) {
    text_format(out, "complete -c batpak -n '__batpak_argument %s %d'", about->name, place);
    fish_wanted(out, word.name, word.length);
    text_string(out, "\n");
  }
}

static void write_fish(text *out) {
  text_string(out, fish_begin);
  valued_options(out);
  text_string(out, fish_end);
  for (size_t i = 0; i < command_count; i++) fish_command(out, &commands[i]);
  text_string(out, "complete -c batpak -n '__batpak_argument help 1' -a '");
  command_names(out);
  text_string(out, "'\n");
}

int command_completion(const options *asked) {
  static const struct {
    const char *shell;
    void (*write)(text *out);
  } scripts[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
  for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
    if (strcmp(asked->arguments[0], scripts[i].shell) != 0) continue;
    text out = {0};
    scripts[i].write(&out);
    output_text(&out);
    text_free(&out);
    return EXIT_FINE;
  }
  return usage_wrong("completion", "%s is no shell of these", asked->arguments[0]);
}
