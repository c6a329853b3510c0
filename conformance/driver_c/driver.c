/* The C driver: instructions on standard input, answers on standard output, one JSON line each (spec.md).
 *
 * It knows the library by <batpak/ffi.h> alone.  Errors of the library are answers; only a fault of the driver itself
 * ends the process with a failure.  Paths in instructions are relative to the working directory. */
#include "operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const operation_row *find(const operation_row *rows, const char *name) {
  for (; rows->name != NULL; rows++) {
    if (strcmp(rows->name, name) == 0) return rows;
  }
  return NULL;
}

static const operation_row *find_operation(const char *name) {
  const operation_row *const tables[] = {library_operations, token_operations, value_operations,
                                         store_operations,   read_operations,  judge_operations,
                                         frontier_operations, claim_operations,
                                         outcome_operations, guard_operations, ticket_operations};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    const operation_row *row = find(tables[i], name);
    if (row != NULL) return row;
  }
  return NULL;
}

static void run(driver_session *session, const json *step) {
  bp_error error = {.struct_size = sizeof error};
  json *value = NULL;
  const char *name = argument_text(step, "op");
  const operation_row *row = name == NULL ? NULL : find(submit_operations, name);
  if (row == NULL && name != NULL) {
    session_settle(session);
    row = find_operation(name);
  }
  bp_status status = DRIVER_UNSUPPORTED;
  if (row != NULL) {
    status = row->needs_store && session->store == NULL ? DRIVER_NO_STORE : row->run(session, step, &value, &error);
  }
  answer(step, status, value, &error);
}

/* Programs nest their arguments deeper than the parser allows by default. */
enum { DEEPEST_INSTRUCTION = 256 };

static json *parse(const char *line, size_t length) {
  json_tokener *tokener = json_tokener_new_ex(DEEPEST_INSTRUCTION);
  json *step = tokener == NULL ? NULL : json_tokener_parse_ex(tokener, line, (int)length);
  json_tokener_free(tokener);
  return step;
}

int main(void) {
  driver_session session = {.clock_us = DRIVER_CLOCK_START};
  if (bp_page_new(&session.page, NULL) != BP_OK) return EXIT_FAILURE;
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  int outcome = EXIT_SUCCESS;
  while ((length = getline(&line, &capacity, stdin)) > 0) {
    json *step = parse(line, (size_t)length);
    if (!json_object_is_type(step, json_type_object)) {
      fputs("driver-c: a line is no instruction\n", stderr);
      outcome = EXIT_FAILURE;
      break;
    }
    if (!is_given(step, "suite")) run(&session, step);
    json_object_put(step);
  }
  free(line);
  session_forget(&session);
  bp_page_free(session.page);
  return outcome;
}
