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
  const operation_row *const tables[] = {value_operations, store_operations, read_operations};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    const operation_row *row = find(tables[i], name);
    if (row != NULL) return row;
  }
  return NULL;
}

static void run(driver_session *session, const json_t *step) {
  bp_error error = {.struct_size = sizeof error};
  json_t *value = NULL;
  const char *name = json_string_value(json_object_get(step, "op"));
  const operation_row *row = name == NULL ? NULL : find_operation(name);
  bp_status status = DRIVER_UNSUPPORTED;
  if (row != NULL) {
    status = row->needs_store && session->store == NULL ? DRIVER_NO_STORE : row->run(session, step, &value, &error);
  }
  answer(step, status, value, &error);
}

int main(void) {
  driver_session session = {.clock_us = 1700000000000000};
  if (bp_page_new(&session.page, NULL) != BP_OK) return EXIT_FAILURE;
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  int outcome = EXIT_SUCCESS;
  while ((length = getline(&line, &capacity, stdin)) > 0) {
    json_error_t fault;
    json_t *step = json_loadb(line, (size_t)length, JSON_ALLOW_NUL, &fault);
    if (step == NULL) {
      fprintf(stderr, "driver-c: %s\n", fault.text);
      outcome = EXIT_FAILURE;
      break;
    }
    if (json_object_get(step, "suite") == NULL) run(&session, step);
    json_decref(step);
  }
  free(line);
  bp_store_release(session.store);
  bp_page_free(session.page);
  return outcome;
}
