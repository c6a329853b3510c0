#include "codec/fields.h"

void bpi_fields_begin(bpi_fields *fields, bpi_unpack *in, const char *const *names, unsigned count) {
  memset(fields, 0, sizeof *fields);
  fields->in = in;
  fields->names = names;
  fields->count = count;
  bpi_token token;
  fields->status = bpi_unpack_next(in, &token);
  if (fields->status != BP_OK) return;
  fields->is_map = token.type == BPI_TOKEN_MAP;
  fields->left = token.u;
  if (!fields->is_map && (token.type != BPI_TOKEN_ARRAY || token.u > count)) fields->status = BP_MESSAGEPACK;
}

/* A number may stand for a field only in an unsigned form: of the signed ones the reference makes an error, also where the
 * number is not negative (seen: key 0xd3 in the map of a frame's body). */
static int is_signed_form(const bpi_unpack *in) { return in->at < in->end && *in->at >= 0xd0 && *in->at <= 0xd3; }

/* The field's number, or `count` for one that is unknown. */
static unsigned read_key(bpi_fields *fields) {
  bpi_token key;
  int is_signed = is_signed_form(fields->in);
  fields->status = bpi_unpack_next(fields->in, &key);
  if (fields->status == BP_OK && is_signed) fields->status = BP_MESSAGEPACK;
  if (fields->status != BP_OK) return 0;
  if (key.type == BPI_TOKEN_UINT) return key.u < fields->count ? (unsigned)key.u : fields->count;
  if (key.type != BPI_TOKEN_STR && key.type != BPI_TOKEN_BIN) {
    fields->status = BP_MESSAGEPACK;
    return 0;
  }
  /* Fields mostly come in order: begin the search at the next one. */
  for (unsigned i = 0; i < fields->count; i++) {
    unsigned field = (fields->position + i) % fields->count;
    if (bpi_bytes_equal(key.bytes, bpi_bytes_of(fields->names[field], strlen(fields->names[field])))) return field;
  }
  return fields->count;
}

int bpi_fields_next(bpi_fields *fields, unsigned *field) {
  while (fields->status == BP_OK && fields->left > 0) {
    fields->left--;
    unsigned found = fields->is_map ? read_key(fields) : fields->position;
    if (fields->status != BP_OK) return 0;
    if (found == fields->count) {
      fields->status = bpi_unpack_skip(fields->in);
      continue;
    }
    if (fields->seen & (1u << found)) {
      fields->status = BP_MESSAGEPACK;
      return 0;
    }
    fields->seen |= 1u << found;
    fields->position = found + 1;
    *field = found;
    return 1;
  }
  return 0;
}

bp_status bpi_fields_end(const bpi_fields *fields, uint32_t required) {
  if (fields->status != BP_OK) return fields->status;
  return (fields->seen & required) == required ? BP_OK : BP_MESSAGEPACK;
}
