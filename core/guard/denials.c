/* Denials: what a gate writes while it is asked, and the list that the caller gets. */
#include "base/status.h"
#include "guard/guard_internal.h"

#include <stdio.h>

bp_status bp_denial_init(bp_denial *denial, size_t size) {
  static const bp_denial defaults;
  return bpi_init_struct(denial, size, &defaults, sizeof defaults);
}

/* --- the writer */

void bpi_denial_writer_init(bp_denial_writer *writer, const bpi_memory *memory) {
  bpi_buffer_init(&writer->texts, memory);
  bpi_buffer_init(&writer->pairs, memory);
  bpi_buffer_init(&writer->pair_bytes, memory);
  writer->code_length = 0;
}

void bpi_denial_writer_free(bp_denial_writer *writer) {
  bpi_buffer_free(&writer->texts);
  bpi_buffer_free(&writer->pairs);
  bpi_buffer_free(&writer->pair_bytes);
}

static int is_failed(const bp_denial_writer *writer) {
  return writer->texts.failed || writer->pairs.failed || writer->pair_bytes.failed;
}

bp_status bp_denial_writer_set(bp_denial_writer *writer, const uint8_t *code, size_t code_length, const uint8_t *message,
                               size_t message_length) {
  if (writer == NULL) return BP_ARGUMENT;
  bp_status status = bpi_text_check(code, code_length, "the code", NULL);
  if (status == BP_OK) status = bpi_text_check(message, message_length, "the message", NULL);
  if (status != BP_OK) return status;
  writer->texts.length = 0;
  bpi_buffer_append(&writer->texts, code, code_length);
  bpi_buffer_append(&writer->texts, message, message_length);
  writer->code_length = code_length;
  return is_failed(writer) ? BP_NO_MEMORY : BP_OK;
}

bp_status bp_denial_writer_add(bp_denial_writer *writer, const uint8_t *key, size_t key_length, const uint8_t *value,
                               size_t value_length) {
  if (writer == NULL) return BP_ARGUMENT;
  bp_status status = bpi_text_check(key, key_length, "the key", NULL);
  if (status == BP_OK) status = bpi_text_check(value, value_length, "the value", NULL);
  if (status != BP_OK) return status;
  size_t lengths[] = {key_length, value_length};
  bpi_buffer_append(&writer->pair_bytes, key, key_length);
  bpi_buffer_append(&writer->pair_bytes, value, value_length);
  bpi_buffer_append(&writer->pairs, lengths, sizeof lengths);
  return is_failed(writer) ? BP_NO_MEMORY : BP_OK;
}

/* --- the list */

static bp_denials *new_list(const bpi_memory *memory) {
  bp_denials *made = (bp_denials *)bpi_allocate(memory, sizeof *made);
  if (made == NULL) return NULL;
  made->magic = BPI_DENIALS_MAGIC;
  made->memory = *memory;
  bpi_arena_init(&made->texts, memory);
  return made;
}

static const uint8_t *keep(bp_denials *denials, const uint8_t *data, size_t length) {
  uint8_t *copy = (uint8_t *)bpi_arena_take(&denials->texts, length);
  if (copy != NULL && length > 0) memcpy(copy, data, length);
  return copy;
}

static bp_status keep_pairs(bp_denials *denials, const bp_denial_writer *writer, bp_denial *denial) {
  size_t count = writer->pairs.length / (2 * sizeof(size_t));
  const uint8_t *bytes = keep(denials, writer->pair_bytes.data, writer->pair_bytes.length);
  /* Each pair took more of the writer's memory than it takes here. */
  bp_pair *pairs = (bp_pair *)bpi_arena_take(&denials->texts, bpi_size(count, sizeof *pairs, 0));
  if (bytes == NULL || pairs == NULL) return BP_NO_MEMORY;
  for (size_t i = 0; i < count; i++) {
    size_t lengths[2];
    memcpy(lengths, writer->pairs.data + i * sizeof lengths, sizeof lengths);
    pairs[i] = (bp_pair){bytes, lengths[0], bytes + lengths[0], lengths[1]};
    bytes += lengths[0] + lengths[1];
  }
  denial->context = pairs;
  denial->context_count = count;
  return BP_OK;
}

/* A gate that answered neither yes nor no. */
static bp_status describe_defect(bp_denials *denials, bp_status answer, bp_denial *denial) {
  static const char code[] = "GATE_DEFECT";
  char text[96];
  denial->code = (const uint8_t *)code;
  denial->code_length = sizeof code - 1;
  if (denial->message_length > 0) return BP_OK;
  int length = snprintf(text, sizeof text, "the gate answered %d (%s)", (int)answer, bp_status_name(answer));
  denial->message = keep(denials, (const uint8_t *)text, (size_t)length);
  denial->message_length = (size_t)length;
  return denial->message == NULL ? BP_NO_MEMORY : BP_OK;
}

static bp_status fill(bp_denials *denials, bp_text gate, const bp_denial_writer *writer, bp_status answer,
                      bp_denial *denial) {
  if (is_failed(writer)) return BP_NO_MEMORY;
  const uint8_t *texts = keep(denials, writer->texts.data, writer->texts.length);
  denial->gate = keep(denials, gate.data, gate.length);
  denial->gate_length = gate.length;
  if (texts == NULL || denial->gate == NULL) return BP_NO_MEMORY;
  denial->code = texts;
  denial->code_length = writer->code_length;
  denial->message = texts + writer->code_length;
  denial->message_length = writer->texts.length - writer->code_length;
  bp_status status = keep_pairs(denials, writer, denial);
  return status == BP_OK && answer != BP_DENIED ? describe_defect(denials, answer, denial) : status;
}

bp_status bpi_denials_add(bp_denials **denials, const bpi_memory *memory, bp_text gate, size_t position,
                          const bp_denial_writer *writer, bp_status answer) {
  if (*denials == NULL) *denials = new_list(memory);
  bp_denials *list = *denials;
  if (list == NULL) return BP_NO_MEMORY;
  void *items = list->items;
  int failed = bpi_grow(memory, &items, &list->capacity, list->count + 1, sizeof *list->items) != 0;
  list->items = (bp_denial *)items;
  if (failed) return BP_NO_MEMORY;
  bp_denial denial = {.struct_size = sizeof denial, .position = (uint32_t)position};
  bp_status status = fill(list, gate, writer, answer, &denial);
  if (status == BP_OK) list->items[list->count++] = denial;
  return status;
}

const bp_denial *bp_denials_items(const bp_denials *denials, size_t *count) {
  int is_there = denials != NULL && denials->magic == BPI_DENIALS_MAGIC;
  if (count != NULL) *count = is_there ? denials->count : 0;
  return is_there ? denials->items : NULL;
}

void bp_denials_free(bp_denials *denials) {
  if (denials == NULL || denials->magic != BPI_DENIALS_MAGIC) return;
  bpi_memory memory = denials->memory;
  denials->magic = 0;
  bpi_release(&memory, denials->items, denials->capacity * sizeof *denials->items);
  bpi_arena_free(&denials->texts);
  bpi_release(&memory, denials, sizeof *denials);
}
