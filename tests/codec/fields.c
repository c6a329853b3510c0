/* Structs as the reference reads them (encoding.md 1.4): maps in any order, arrays by position, strangers stepped over. */
#include "codec/fields.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ALPHA, BETA, GAMMA, COUNT };

static const char *const names[] = {"alpha", "beta", "gamma"};

/* Reads three small integers, of which alpha and beta are required. */
static bp_status read(const char *hex, uint64_t values[COUNT]) {
  uint8_t bytes[256];
  size_t length = from_hex(hex, bytes, sizeof bytes);
  uint8_t *exact = exact_copy(bytes, length);
  bpi_unpack in = {exact, exact + length};
  bpi_fields fields;
  unsigned field;
  for (unsigned i = 0; i < COUNT; i++) values[i] = 99;
  bpi_fields_begin(&fields, &in, names, COUNT);
  while (bpi_fields_next(&fields, &field)) {
    cr_assert_lt(field, COUNT);
    fields.status = bpi_unpack_u64(&in, UINT8_MAX, &values[field]);
  }
  bp_status status = bpi_fields_end(&fields, 1u << ALPHA | 1u << BETA);
  if (status == BP_OK) cr_assert_eq(in.at, in.end);
  free(exact);
  return status;
}

#define A "a5616c706861"
#define B "a462657461"
#define C "a567616d6d61"
#define X "a178"

Test(fields, maps_and_arrays) {
  static const struct {
    const char *hex;
    bp_status status;
    uint64_t alpha, beta, gamma;
  } rows[] = {
      {"83" A "01" B "02" C "03", BP_OK, 1, 2, 3},
      {"83" C "03" A "01" B "02", BP_OK, 1, 2, 3},
      {"82" B "02" A "01", BP_OK, 1, 2, 99},
      {"84" X "92a16102" A "01" B "02" X "80", BP_OK, 1, 2, 99},
      {"82 c405616c706861 01 c40462657461 02", BP_OK, 1, 2, 99},
      {"82 00 01 01 02", BP_OK, 1, 2, 99},
      {"83 00 01 07 c0 cd0001 02", BP_OK, 1, 2, 99},
      {"83" A "01" B "02" "cfffffffffffffffff 07", BP_OK, 1, 2, 99},
      {"83" A "01" B "02" "d37265636569707465 07", BP_MESSAGEPACK, 0, 0, 0},
      {"82 d000 01 01 02", BP_MESSAGEPACK, 0, 0, 0},
      {"93 01 02 03", BP_OK, 1, 2, 3},
      {"92 01 02", BP_OK, 1, 2, 99},
      {"91 01", BP_MESSAGEPACK, 0, 0, 0},
      {"94 01 02 03 04", BP_MESSAGEPACK, 0, 0, 0},
      {"81" A "01", BP_MESSAGEPACK, 0, 0, 0},
      {"83" A "01" B "02" A "01", BP_MESSAGEPACK, 0, 0, 0},
      {"83" A "01" B "02" "00 01", BP_MESSAGEPACK, 0, 0, 0},
      {"82" A "01" B "c0", BP_MESSAGEPACK, 0, 0, 0},
      {"82" A "01" "c0 02", BP_MESSAGEPACK, 0, 0, 0},
      {"82" A "01" "ff 02", BP_MESSAGEPACK, 0, 0, 0},
      {"83" A "01" B "02" X "c1", BP_MESSAGEPACK, 0, 0, 0},
      {"80", BP_MESSAGEPACK, 0, 0, 0},
      {"90", BP_MESSAGEPACK, 0, 0, 0},
      {"c0", BP_MESSAGEPACK, 0, 0, 0},
      {"a0", BP_MESSAGEPACK, 0, 0, 0},
      {"", BP_MESSAGEPACK, 0, 0, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint64_t values[COUNT];
    cr_assert_eq(read(rows[i].hex, values), rows[i].status, "%s", rows[i].hex);
    if (rows[i].status != BP_OK) continue;
    cr_assert_eq(values[ALPHA], rows[i].alpha);
    cr_assert_eq(values[BETA], rows[i].beta);
    cr_assert_eq(values[GAMMA], rows[i].gamma);
  }
}

Test(fields, cut_anywhere_is_refused) {
  uint8_t bytes[64];
  size_t length = from_hex("83" A "01" X "92a16102" B "02", bytes, sizeof bytes);
  for (size_t cut = 0; cut <= length; cut++) {
    char hex[160];
    strcpy(hex, to_hex(bytes, cut));
    uint64_t values[COUNT];
    cr_assert_eq(read(hex, values), cut == length ? BP_OK : BP_MESSAGEPACK, "%zu", cut);
  }
}
