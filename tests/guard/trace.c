/* The payload of a denial's event, byte for byte as the reference writes it (encoding.md 3.13). */
#include "guard/fixture.h"
#include "support/memory_fault.h"
#include "support/values.h"

#include <criterion/criterion.h>

static bp_gates *gates;
static told plain;
static bpi_buffer out;

static void set_up(void) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer_init(&out, &memory);
  cr_assert_eq(bp_gates_new(&gates, NULL), BP_OK);
}
static void tear_down(void) {
  bpi_buffer_free(&out);
  bp_gates_free(gates);
}

TestSuite(trace, .init = set_up, .fini = tear_down);

static void push(const char *name) {
  bp_gate gate = told_gate(name, &plain);
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
}

static bp_denial denial_by(const char *gate) {
  bp_denial denial;
  cr_assert_eq(bp_denial_init(&denial, sizeof denial), BP_OK);
  denial.gate = (const uint8_t *)gate;
  denial.gate_length = strlen(gate);
  return denial;
}

static const char *payload(const bp_denial *denial, const bpi_refused *refused) {
  out.length = 0;
  cr_assert_eq(bpi_denial_payload(gates, denial, refused, &out, NULL), BP_OK);
  return to_hex(out.data, out.length);
}

static int holds(const bp_denial *denial, const char *hex) {
  static const bpi_refused refused = {0x2005, NULL, {NULL, 0}};
  return strstr(payload(denial, &refused), hex) != NULL;
}

/* encoding.md 7, the second example. */
Test(trace, the_worked_example) {
  static const char expected[] =
      "84ab6576616c756174696f6e739383a7676174655f6964a36f6e65a776657264696374a65065726d6974ad65766964656e63655f68617368c083a7"
      "676174655f6964a374776fa77665726469637481a444656e7983a4636f6465a24331a76d657373616765a66e6f20776179a7636f6e746578749192"
      "a16ba176ad65766964656e63655f68617368c083a7676174655f6964a57468726565a776657264696374a7536b6970706564ad65766964656e6365"
      "5f68617368c0ab706970656c696e655f6964a470697065ad70726f706f7365645f6b696e64cd2005b570726f706f7365645f636f6e74656e745f68"
      "617368dc0020ccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabccabcc"
      "abccabccabccabccabccab";
  uint8_t hash[32];
  bp_pair pair = {TEXT("k"), TEXT("v")};
  bp_denial denial = denial_by("two");
  memset(hash, 0xab, sizeof hash);
  denial.code = (const uint8_t *)"C1", denial.code_length = 2;
  denial.message = (const uint8_t *)"no way", denial.message_length = 6;
  denial.context = &pair, denial.context_count = 1;
  bpi_refused refused = {0x2005, hash, bpi_bytes_of("pipe", 4)};
  push("one");
  push("two");
  push("three");
  cr_assert_str_eq(payload(&denial, &refused), expected);
}

static const char permit[] = "a776657264696374a65065726d6974", skipped[] = "a776657264696374a7536b6970706564",
                  deny[] = "a77665726469637481a444656e79";

/* The verdicts in their order, as P, D and S. */
static const char *verdicts(const bp_denial *denial) {
  static char letters[16];
  static const bpi_refused refused = {0x2005, NULL, {NULL, 0}};
  const char *hex = payload(denial, &refused);
  size_t count = 0;
  for (const char *at = hex; *at != '\0' && count < sizeof letters - 1; at++) {
    if (strncmp(at, permit, sizeof permit - 1) == 0) letters[count++] = 'P';
    if (strncmp(at, skipped, sizeof skipped - 1) == 0) letters[count++] = 'S';
    if (strncmp(at, deny, sizeof deny - 1) == 0) letters[count++] = 'D';
  }
  letters[count] = '\0';
  return letters;
}

/* P-089 */
Test(trace, verdicts_follow_the_order) {
  push("a");
  push("b");
  push("c");
  bp_denial a = denial_by("a"), c = denial_by("c"), other = denial_by("other");
  cr_assert_str_eq(verdicts(&a), "DSS");
  cr_assert_str_eq(verdicts(&c), "PPD");
  cr_assert_str_eq(verdicts(&other), "PPPD", "a denial made by hand stands behind all");
}

Test(trace, of_no_gates) {
  bp_denial denial = denial_by("by hand");
  cr_assert_str_eq(verdicts(&denial), "D");
}

/* V-70: of gates with one name the reference takes the first, whoever denied. */
Test(trace, gates_of_one_name_are_told_apart_by_position) {
  push("same");
  push("same");
  push("same");
  bp_denial denial = denial_by("same");
  cr_assert_str_eq(verdicts(&denial), "DSS", "by hand: the first");
  denial.position = 2;
  cr_assert_str_eq(verdicts(&denial), "PDS");
  denial.position = 4;
  bpi_refused refused = {1, NULL, {NULL, 0}};
  cr_assert_eq(bpi_denial_payload(gates, &denial, &refused, &out, NULL), BP_ARGUMENT);
  denial = denial_by("another");
  denial.position = 1;
  cr_assert_eq(bpi_denial_payload(gates, &denial, &refused, &out, NULL), BP_ARGUMENT, "of another set");
}

/* A name that is empty or not ASCII is no gate id. */
Test(trace, names_that_are_no_ids_are_written_in_hexadecimal) {
  bp_denial empty = denial_by(""), umlaut = denial_by("\xc3\xb6");
  cr_assert(holds(&empty, "a7676174655f6964a8696e76616c69643a"));
  cr_assert(holds(&umlaut, "a7676174655f6964ac696e76616c69643a63336236"));
  /* Long enough for a longer header. */
  char name[64] = "\xc3\xb6";
  memset(name + 2, 'a', 38);
  bp_denial lengthy = denial_by(name);
  cr_assert(holds(&lengthy, "a7676174655f6964d958696e76616c69643a633362363631"));
}

Test(trace, what_is_not_there_is_nil) {
  bp_denial denial = denial_by("g");
  bpi_refused none = {0, NULL, {NULL, 0}}, empty = {0, NULL, {(const uint8_t *)"", 0}};
  cr_assert_not_null(strstr(payload(&denial, &none), "ab706970656c696e655f6964c0ad70726f706f7365645f6b696e6400"));
  cr_assert_not_null(strstr(payload(&denial, &none), "b570726f706f7365645f636f6e74656e745f68617368c0"));
  cr_assert_not_null(strstr(payload(&denial, &empty), "ab706970656c696e655f6964a0"), "an empty name is a name");
}

Test(trace, denials_that_are_refused) {
  bpi_refused refused = {1, NULL, {NULL, 0}}, pipeline = {1, NULL, {(const uint8_t *)"\xff", 1}};
  bp_denial denial = denial_by("g");
  bp_pair pair = {NULL, 1, NULL, 0};
#define REFUSED(change, status)                                                                   \
  do {                                                                                            \
    bp_denial wrong = denial;                                                                     \
    change;                                                                                       \
    cr_assert_eq(bpi_denial_payload(gates, &wrong, &refused, &out, NULL), (status), "%s", #change); \
  } while (0)
  REFUSED(wrong.struct_size = 1, BP_STRUCT_SIZE);
  REFUSED(wrong.gate = (const uint8_t *)"\xff", BP_UTF8);
  REFUSED((wrong.code = (const uint8_t *)"\xff", wrong.code_length = 1), BP_UTF8);
  REFUSED((wrong.message = (const uint8_t *)"\xff", wrong.message_length = 1), BP_UTF8);
  REFUSED(wrong.message_length = 1, BP_ARGUMENT);
  REFUSED(wrong.context_count = 1, BP_ARGUMENT);
  REFUSED((wrong.context = &pair, wrong.context_count = 1), BP_ARGUMENT);
  pair = (bp_pair){NULL, 0, (const uint8_t *)"\xff", 1};
  REFUSED((wrong.context = &pair, wrong.context_count = 1), BP_UTF8);
  cr_assert_eq(bpi_denial_payload(gates, &denial, &pipeline, &out, NULL), BP_UTF8);
  cr_assert_eq(bpi_denial_payload(gates, NULL, &refused, &out, NULL), BP_ARGUMENT);
  cr_assert_eq(bpi_denial_payload(NULL, &denial, &refused, &out, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_denial_init(NULL, sizeof denial), BP_ARGUMENT);
}

Test(trace, without_memory) {
  static memory_fault fault;
  static char name[300];
  bp_denial denial = denial_by("\xc3\xb6");
  bpi_refused refused = {1, NULL, {NULL, 0}};
  memset(name, 'n', sizeof name - 1);
  push(name);
  for (uint64_t n = 1;; n++) {
    bpi_memory table = memory_fault_table(&fault);
    bpi_buffer scarce;
    bpi_buffer_init(&scarce, &table);
    memory_fault_arm(&fault, n, 1);
    bp_status status = bpi_denial_payload(gates, &denial, &refused, &scarce, NULL);
    memory_fault_disarm(&fault);
    bpi_buffer_free(&scarce);
    cr_assert_eq(fault.live_blocks, 0);
    if (status == BP_OK) break;
    cr_assert_eq(status, BP_NO_MEMORY);
  }
}
