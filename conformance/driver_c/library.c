/* Instructions about the library itself, its ids and keys, and about files beside a store. */
#include "operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bp_status run_version(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)step, (void)error;
  *value = json_object_new_object();
  set(*value, "version", text_json(bp_version()));
  set(*value, "abi_version", integer_json(bp_abi_version()));
  set(*value, "format_version", integer_json(bp_format_version()));
  return BP_OK;
}

static bp_status run_status(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)error;
  int64_t number = 0;
  if (!argument_i64(step, "number", &number)) return DRIVER_BAD_INSTRUCTION;
  *value = json_object_new_object();
  set(*value, "name", text_json(bp_status_name((bp_status)number)));
  set(*value, "advice", text_json(bp_status_advice((bp_status)number)));
  return BP_OK;
}

static bp_status run_outcome(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)error;
  int64_t number = 0;
  if (!argument_i64(step, "number", &number)) return DRIVER_BAD_INSTRUCTION;
  *value = text_json(bp_receipt_outcome_name((int32_t)number));
  return BP_OK;
}

/* Two ids in a row: the second above the first, both of version 7. */
static bp_status run_id_new(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)step;
  uint8_t first[16];
  uint8_t second[16];
  bp_status status = bp_id_new(first, error);
  if (status == BP_OK) status = bp_id_new(second, error);
  if (status != BP_OK) return status;
  bool rising = memcmp(first, second, sizeof first) < 0;
  *value = json_object_new_boolean(rising && first[6] >> 4 == 7 && second[6] >> 4 == 7 && first[8] >> 6 == 2);
  return BP_OK;
}

/* What was drawn is what its seed derives. */
static bp_status run_key_generate(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)step;
  uint8_t seed[32];
  uint8_t drawn[2][32];
  uint8_t derived[2][32];
  bp_status status = bp_key_generate(seed, drawn[0], drawn[1], error);
  if (status == BP_OK) status = bp_key_derive(seed, derived[0], derived[1], error);
  if (status == BP_OK) *value = json_object_new_boolean(memcmp(drawn, derived, sizeof drawn) == 0);
  return status;
}

static bp_status run_key_id(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)error;
  uint8_t public_key[32];
  uint8_t key_id[32];
  if (!argument_fixed(step, "public_key", public_key, sizeof public_key)) return DRIVER_BAD_INSTRUCTION;
  bp_key_id(public_key, key_id);
  *value = hex_json(key_id, sizeof key_id);
  return BP_OK;
}

static bp_status run_kind_parse(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes text;
  uint16_t kind = 0;
  if (!argument_name(step, "text", &text)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_kind_parse((const char *)text.data, text.length, &kind, error);
  free(text.data);
  if (status == BP_OK) *value = integer_json(kind);
  return status;
}

static bp_status run_kind_format(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)error;
  uint32_t kind = 0;
  char text[6];
  if (!argument_u32(step, "kind", &kind) || kind > UINT16_MAX) return DRIVER_BAD_INSTRUCTION;
  bp_kind_format((uint16_t)kind, text);
  *value = text_json(text);
  return BP_OK;
}

static bp_status run_decode_extensions(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes map;
  if (!argument_hex(step, "map", &map)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = extensions_from_map(map.data, map.length, value, error);
  free(map.data);
  return status;
}

/* The session as it was in the beginning, in another directory. */
static bp_status run_reset(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)value, (void)error;
  const char *directory = argument_text(step, "directory");
  session_forget(session);
  return directory == NULL || chdir(directory) == 0 ? BP_OK : DRIVER_BAD_INSTRUCTION;
}

/* Writes `bytes` over a file from `at` on; without `at` they are the whole file, which may be new.  `mode` is for chmod. */
static bp_status run_write_file(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)value, (void)error;
  const char *path = argument_text(step, "path");
  bytes content;
  uint64_t at = 0;
  uint32_t mode = 0;
  if (path == NULL || !argument_u64(step, "at", &at) || !argument_u32(step, "mode", &mode) || !argument_hex(step, "bytes", &content)) {
    return DRIVER_BAD_INSTRUCTION;
  }
  FILE *file = fopen(path, is_given(step, "at") ? "r+b" : "wb");
  bool written = file != NULL && fseek(file, (long)at, SEEK_SET) == 0 &&
                 fwrite(content.data, 1, content.length, file) == content.length;
  if (file != NULL) written = fclose(file) == 0 && written;
  if (written && mode != 0) written = chmod(path, (mode_t)mode) == 0;
  free(content.data);
  return written ? BP_OK : DRIVER_BAD_INSTRUCTION;
}

const operation_row library_operations[] = {
    {"version", run_version, false},
    {"status", run_status, false},
    {"outcome", run_outcome, false},
    {"id_new", run_id_new, false},
    {"key_generate", run_key_generate, false},
    {"key_id", run_key_id, false},
    {"kind_parse", run_kind_parse, false},
    {"kind_format", run_kind_format, false},
    {"decode_extensions", run_decode_extensions, false},
    {"reset", run_reset, false},
    {"write_file", run_write_file, false},
    {NULL, NULL, false},
};
