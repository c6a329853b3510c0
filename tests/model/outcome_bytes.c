/* Outcomes as bytes (encoding.md 3.12).  The bytes here were answered by the reference. */
#include "support/memory_fault.h"
#include "support/outcomes.h"

#include "codec/pack.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static bp_outcomes *memory;

static void set_up(void) { cr_assert_eq(bp_outcomes_new(&memory, NULL), BP_OK); }
static void tear_down(void) { bp_outcomes_free(memory); }

TestSuite(outcome_bytes, .init = set_up, .fini = tear_down);

static bp_status decode_hex(const char *hex, bp_outcome *outcome, bp_error *error) {
  uint8_t bytes[4096];
  size_t length = from_hex(hex, bytes, sizeof bytes);
  uint8_t *exact = exact_copy(bytes, length);
  cr_assert_eq(bp_outcome_init(outcome, sizeof *outcome), BP_OK);
  bp_status status = bp_outcome_decode(exact, length, memory, outcome, error);
  free(exact); /* nothing points into it */
  return status;
}

static void expect_recoded(const char *hex, const char *canonical) {
  bp_outcome outcome;
  cr_assert_eq(decode_hex(hex, &outcome, NULL), BP_OK, "%s", hex);
  bpi_bytes again = outcome_bytes(&outcome, memory);
  cr_assert_str_eq(to_hex(again.data, again.length), canonical);
}

static void expect_same(const char *hex) { expect_recoded(hex, hex); }

static void expect_refused(const char *hex, bp_status status) {
  bp_outcome outcome;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(decode_hex(hex, &outcome, &error), status, "%s: %s", hex, error.text);
  cr_assert_eq(error.code, status);
}

Test(outcome_bytes, every_variant) {
  expect_same("82a474797065a24f6ba46461746101");
  expect_same("82a474797065a3457272a46461746183a46b696e64a84e6f74466f756e64a76d657373616765a16dac636f6d70656e736174696f6ec0");
  expect_same("82a474797065a3457272a46461746183a46b696e6481a6437573746f6dcd1234a76d657373616765a0ac636f6d70656e736174696f6ec0");
  expect_same("82a474797065a55265747279a46461746184a861667465725f6d730aa7617474656d707401ac6d61785f617474656d70747301a672656173"
              "6f6ea0");
  expect_same("82a474797065a943616e63656c6c6564a46461746181a6726561736f6ea3776879");
  expect_same("82a474797065a54261746368a4646174619182a474797065a54261746368a46461746190");
  expect_same("82a474797065a750656e64696e67a46461746182a9636f6e646974696f6e81a3416e799181a754696d656f757481ac726573756d655f6174"
              "5f6d7301ac726573756d655f746f6b656ec41000000000000000000000000000000000");
}

Test(outcome_bytes, lists_of_ids_are_integers_and_single_ids_are_bin) {
  uint8_t ids[16], target[16];
  memset(ids, 0x80, 16);
  memset(target, 0x80, 16);
  bp_compensation rollback = {.type = BP_COMPENSATION_ROLLBACK, .ids = ids, .id_count = 1};
  bp_compensation notify = {.type = BP_COMPENSATION_NOTIFY, .text = (const uint8_t *)"t", .text_length = 1};
  memcpy(notify.target_id, target, 16);
  bp_outcome error = outcome_error(BP_ERROR_KIND_TIMEOUT, "");
  error.compensation = &rollback;
  bpi_bytes bytes = outcome_bytes(&error, memory);
  cr_assert_not_null(strstr(to_hex(bytes.data, bytes.length), "91dc0010cc80cc80"));
  error.compensation = &notify;
  bytes = outcome_bytes(&error, memory);
  cr_assert_not_null(strstr(to_hex(bytes.data, bytes.length), "c4108080808080808080"));
}

Test(outcome_bytes, other_forms_that_the_reference_reads) {
  static const char ok[] = "82a474797065a24f6ba46461746101";
  expect_recoded("9200c0", "82a474797065a24f6ba464617461c0");
  expect_recoded("92a24f6b01", ok);
  expect_recoded("82a46461746101a474797065a24f6b", ok);
  expect_recoded("8200000101", ok);
  expect_recoded("82c40474797065c4024f6bc40464617461 01", ok);
  expect_recoded("82a474797065a24f6ba46461746101ffff", ok); /* what stands behind is ignored */
  expect_recoded("83a3666f6f9101a474797065a24f6ba46461746101", ok);
  /* The kind by its number, the error as an array, the compensation left out or an array. */
  static const char err[] = "82a474797065a3457272a46461746183a46b696e64a8496e7465726e616ca76d657373616765a16dac636f6d70656e736174"
                            "696f6ec0";
  expect_recoded("920193a8496e7465726e616ca16dc0", err);
  expect_recoded("82a474797065a3457272a46461746182a46b696e6409a76d657373616765a16d", err);
  expect_recoded("92019381a8496e7465726e616cc0a16dc0", err);
  static const char rollback[] = "82a474797065a3457272a46461746183a46b696e64a8496e7465726e616ca76d657373616765a16dac636f6d70656e7361"
                                 "74696f6e81a8526f6c6c6261636b81a96576656e745f69647391dc001000000000000000000000000000000000";
  expect_recoded("92019309a16d81a8526f6c6c6261636b9191c41000000000000000000000000000000000", rollback);
  expect_recoded("92019309a16d81009191c41100000000000000000000000000000000ff", rollback);
}

Test(outcome_bytes, what_is_no_outcome) {
  static const char *const wrong[] = {
      "",                                               /* nothing */
      "c0",                                             /* nil */
      "80",                                             /* no type */
      "81a474797065a24f6b",                             /* no data */
      "91a24f6b",                                       /* the same as an array */
      "93a24f6b0102",                                   /* one too many */
      "82a474797065a24f6ca46461746101",                 /* another name */
      "820006",                                         /* cut short */
      "92060a",                                         /* no such variant */
      "83a474797065a24f6ba46461746101a46461746101",     /* data twice */
      "920291000000a0",                                 /* the fields of a variant as an array */
      "920284a861667465725f6d73ffa7617474656d7074",     /* a negative number */
      "92019281a6437573746f6dce00010000a16d",           /* a kind above 16 bits */
      "920193a6437573746f6da16dc0",                     /* a custom kind without its number */
      "920192a8496e7465726e616ca16d",                   /* an error of two fields as an array */
      "92019309a16d82a8526f6c6c6261636b9190a0c0",       /* two variants at once */
      "92019309a16d81a8526f6c6c6261636b9191c40f000000000000000000000000000000", /* an id of 15 bytes */
      "920382a9636f6e646974696f6ec0ac726573756d655f746f6b656ec41000000000000000000000000000000000",
      "9205dd7fffffff",                                 /* more elements than bytes */
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) expect_refused(wrong[i], BP_MESSAGEPACK);
  expect_refused("920193 09 a1ff c0", BP_UTF8);
  expect_refused("9200a1ff", BP_UTF8);
  bp_outcome outcome;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(decode_hex("92059200c1", &outcome, &error), BP_MESSAGEPACK);
  cr_assert_eq(error.offset, 4, "%llu", (unsigned long long)error.offset);
}

/* Data before its type is stepped over and read again: not as often as an enemy likes. */
Test(outcome_bytes, late_types_are_bounded) {
  enum { LEVELS = 17 };
  bpi_memory plain = bpi_memory_default();
  for (int levels = LEVELS - 1; levels <= LEVELS; levels++) {
    bpi_buffer out;
    bp_outcome outcome;
    bpi_buffer_init(&out, &plain);
    for (int i = 0; i < levels; i++) {
      bpi_pack_map(&out, 2);
      bpi_pack_u64(&out, 1);
      bpi_pack_array(&out, 1);
    }
    bpi_buffer_append(&out, "\x92\x00\xc0", 3);
    for (int i = 0; i < levels; i++) bpi_buffer_append(&out, "\x00\x05", 2);
    cr_assert_eq(bp_outcome_init(&outcome, sizeof outcome), BP_OK);
    cr_assert_eq(bp_outcome_decode(out.data, out.length, memory, &outcome, NULL), levels < LEVELS ? BP_OK : BP_DEPTH);
    bpi_buffer_free(&out);
  }
}

/* The depth at which the reference gives up: 1,023 containers, two for each batch. */
Test(outcome_bytes, depth_as_in_the_reference) {
  static uint8_t bytes[4096];
  for (size_t levels = 510; levels <= 512; levels++) {
    bp_outcome outcome;
    size_t length = 0;
    for (size_t i = 0; i < levels; i++, length += 3) memcpy(bytes + length, "\x92\x05\x91", 3);
    memcpy(bytes + length, "\x92\x00\xc0", 3);
    cr_assert_eq(bp_outcome_init(&outcome, sizeof outcome), BP_OK);
    cr_assert_eq(bp_outcome_decode(bytes, length + 3, memory, &outcome, NULL), levels < 512 ? BP_OK : BP_DEPTH);
    memcpy(bytes + length, "\x92\x00\x90", 3);
    cr_assert_eq(bp_outcome_decode(bytes, length + 3, memory, &outcome, NULL), levels < 511 ? BP_OK : BP_DEPTH);
    memcpy(bytes + length, "\x92\x05\x90", 3);
    cr_assert_eq(bp_outcome_decode(bytes, length + 3, memory, &outcome, NULL), levels < 511 ? BP_OK : BP_DEPTH);
  }
}

Test(outcome_bytes, there_and_back) {
  chance from = chance_begin("there_and_back");
  for (int i = 0; i < 3000; i++) {
    bp_outcome any = outcome_by_chance(&from, memory), back;
    bpi_bytes bytes = outcome_bytes(&any, memory);
    uint8_t *exact = exact_copy(bytes.data, bytes.length);
    cr_assert_eq(bp_outcome_init(&back, sizeof back), BP_OK);
    cr_assert_eq(bp_outcome_decode(exact, bytes.length, memory, &back, NULL), BP_OK);
    free(exact);
    cr_assert(bpi_bytes_equal(outcome_bytes(&back, memory), bytes));
    bp_outcomes_clear(memory);
  }
}

/* Whatever is read can be written, and reads as the same. */
Test(outcome_bytes, damaged_bytes_are_refused_or_sound) {
  chance from = chance_begin("damaged_bytes_are_refused_or_sound");
  for (int i = 0; i < 5000; i++) {
    bp_outcome any = outcome_by_chance(&from, memory), back;
    bpi_bytes bytes = outcome_bytes(&any, memory);
    uint8_t *damaged = exact_copy(bytes.data, bytes.length);
    damaged[chance_below(&from, bytes.length)] = (uint8_t)chance_next(&from);
    size_t length = chance_below(&from, 4) == 0 ? chance_below(&from, bytes.length) : bytes.length;
    cr_assert_eq(bp_outcome_init(&back, sizeof back), BP_OK);
    bp_status status = bp_outcome_decode(damaged, length, memory, &back, NULL);
    free(damaged);
    if (status == BP_OK) {
      bp_outcome again;
      bpi_bytes second = outcome_bytes(&back, memory);
      cr_assert_eq(bp_outcome_init(&again, sizeof again), BP_OK);
      cr_assert_eq(bp_outcome_decode(second.data, second.length, memory, &again, NULL), BP_OK);
      cr_assert(outcome_equal(&again, &back, memory));
    }
    bp_outcomes_clear(memory);
  }
}

/* --- what a caller may get wrong */

static bp_status encode(const bp_outcome *outcome) {
  uint8_t buffer[512];
  size_t needed = 0;
  return bp_outcome_encode(outcome, buffer, sizeof buffer, &needed, NULL);
}

Test(outcome_bytes, structs_that_are_no_outcomes) {
  bp_outcome outcome = outcome_error(BP_ERROR_KIND_CUSTOM, "x"), items[2];
  bp_wait_condition condition = {.type = 9};
  bp_compensation action = {.type = 9};
  size_t needed;
  cr_assert_eq(encode(NULL), BP_ARGUMENT);
  cr_assert_eq(bp_outcome_encode(&outcome, NULL, 0, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_outcome_encode(&outcome, NULL, 1, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(encode(&outcome), BP_OK);
#define WITH(change, status)                              \
  do {                                                    \
    bp_outcome wrong = outcome;                           \
    change;                                               \
    cr_assert_eq(encode(&wrong), (status), "%s", #change); \
  } while (0)
  WITH(wrong.struct_size = 4, BP_STRUCT_SIZE);
  WITH(wrong.type = 0, BP_ARGUMENT);
  WITH(wrong.type = 7, BP_ARGUMENT);
  WITH(wrong.error_kind = 0, BP_ARGUMENT);
  WITH(wrong.error_kind = 13, BP_ARGUMENT);
  WITH(wrong.error_custom = 65536, BP_ARGUMENT);
  WITH((wrong.message = NULL, wrong.message_length = sizeof wrong.text + 1), BP_ARGUMENT);
  WITH(wrong.message = (const uint8_t *)"\xff", BP_UTF8);
  WITH(wrong.compensation = &action, BP_ARGUMENT);
  outcome = outcome_of_number(memory, 5);
  WITH(wrong.error_kind = 1, BP_ARGUMENT);
  WITH(wrong.value = NULL, BP_ARGUMENT);
  WITH(wrong.value_length = 0, BP_MESSAGEPACK);
  WITH((wrong.value = (const uint8_t *)"\x01\x02", wrong.value_length = 2), BP_MESSAGEPACK);
  WITH((wrong.value = (const uint8_t *)"\xa1\xff", wrong.value_length = 2), BP_UTF8);
  WITH(wrong.type = BP_OUTCOME_PENDING, BP_ARGUMENT);
  WITH((wrong.type = BP_OUTCOME_PENDING, wrong.condition = &condition), BP_ARGUMENT);
  outcome = outcome_batch(items, 2);
  items[0] = items[1] = outcome_cancelled("");
  WITH(wrong.items = NULL, BP_ARGUMENT);
  cr_assert_eq(encode(&outcome), BP_OK);
  items[1].struct_size += 8;
  cr_assert_eq(encode(&outcome), BP_STRUCT_SIZE);
}

Test(outcome_bytes, parts_that_are_none) {
  bp_outcome outcome = outcome_error(BP_ERROR_KIND_TIMEOUT, "");
  bp_compensation actions[] = {
      {.type = BP_COMPENSATION_ROLLBACK, .id_count = 1},
      {.type = BP_COMPENSATION_NOTIFY, .text_length = 1},
      {.type = BP_COMPENSATION_CUSTOM, .data_length = 1},
      {.type = BP_COMPENSATION_RELEASE, .reserved = 1},
  };
  for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
    outcome.compensation = &actions[i];
    cr_assert_eq(encode(&outcome), BP_ARGUMENT, "%zu", i);
  }
  bp_wait_condition conditions[] = {{.type = BP_WAIT_FOR_ALL, .item_count = 1},
                                    {.type = BP_WAIT_FOR_CUSTOM, .tag = 65536},
                                    {.type = BP_WAIT_FOR_CUSTOM, .data_length = 1}};
  bp_outcome pending = {.struct_size = sizeof pending, .type = BP_OUTCOME_PENDING};
  for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
    pending.condition = &conditions[i];
    cr_assert_eq(encode(&pending), BP_ARGUMENT, "%zu", i);
  }
}

/* A larger struct of a later version, in an array too. */
Test(outcome_bytes, structs_of_a_later_version) {
  struct later {
    bp_outcome outcome;
    uint64_t more;
  } items[2] = {{outcome_cancelled("a"), 0}, {outcome_of_number(memory, 2), 0}};
  for (size_t i = 0; i < 2; i++) items[i].outcome.struct_size = sizeof items[0];
  bp_outcome batch = outcome_batch(&items[0].outcome, 2);
  bpi_bytes bytes = outcome_bytes(&batch, memory);
  bp_outcome plain[] = {outcome_cancelled("a"), outcome_of_number(memory, 2)}, same = outcome_batch(plain, 2);
  cr_assert(bpi_bytes_equal(bytes, outcome_bytes(&same, memory)));
  items[1].more = 1;
  cr_assert_eq(encode(&batch), BP_STRUCT_SIZE);
}

Test(outcome_bytes, a_small_buffer_is_untouched) {
  uint8_t buffer[8] = "unharmed";
  size_t needed = 0;
  bp_outcome outcome = outcome_cancelled("a reason");
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_outcome_encode(&outcome, buffer, sizeof buffer, &needed, &error), BP_TOO_SMALL);
  cr_assert_eq(needed, outcome_bytes(&outcome, memory).length);
  cr_assert_arr_eq(buffer, "unharmed", 8);
}

/* --- memory */

/* Every allocation of decoding and combining fails once. */
Test(outcome_bytes, without_memory) {
  static memory_fault fault;
  chance from = chance_begin("without_memory");
  for (int round = 0; round < 30; round++) {
    bp_outcome any = outcome_by_chance(&from, memory), other = outcome_by_chance(&from, memory);
    bpi_bytes bytes = outcome_bytes(&any, memory);
    for (uint64_t n = 1;; n++) {
      bpi_memory table = memory_fault_table(&fault);
      bp_outcomes *scarce = NULL;
      bp_outcome made, back;
      cr_assert_eq(bp_outcome_init(&made, sizeof made), BP_OK);
      cr_assert_eq(bp_outcome_init(&back, sizeof back), BP_OK);
      memory_fault_arm(&fault, n, 1);
      bp_status status = bpi_outcomes_new(&table, &scarce, NULL);
      if (status == BP_OK) status = bp_outcome_decode(bytes.data, bytes.length, scarce, &back, NULL);
      if (status == BP_OK) status = bp_outcome_zip(&back, &other, scarce, &made, NULL);
      if (status == BP_OK) status = bp_outcome_join_all(&back, 1, scarce, &made, NULL);
      memory_fault_disarm(&fault);
      /* What failed once works the next time, with the same memory. */
      if (scarce != NULL) cr_assert_eq(bp_outcome_decode(bytes.data, bytes.length, scarce, &back, NULL), BP_OK);
      if (scarce != NULL) cr_assert_eq(bp_outcome_join_all(&back, 1, scarce, &made, NULL), BP_OK);
      bp_outcomes_free(scarce);
      cr_assert_eq(fault.live_blocks, 0);
      cr_assert_eq(fault.wrong_sizes, 0);
      if (status == BP_OK) break;
      cr_assert_eq(status, BP_NO_MEMORY);
    }
    bp_outcomes_clear(memory);
  }
}
