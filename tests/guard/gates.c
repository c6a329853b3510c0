/* Sets of gates: their order, their answers, and what becomes of answers that are none. */
#include "guard/fixture.h"
#include "support/memory_fault.h"

#include <criterion/criterion.h>

static bp_gates *gates;
static told one, two, three;
static bp_draft draft;
static bp_permit *permit;
static bp_denials *denials;
static bp_error error;

static void set_up(void) {
  static const told blank;
  one = two = three = blank;
  permit = NULL;
  denials = NULL;
  error = (bp_error){.struct_size = sizeof error};
  cr_assert_eq(bp_draft_init(&draft, sizeof draft), BP_OK);
  cr_assert_eq(bp_gates_new(&gates, NULL), BP_OK);
}
static void tear_down(void) {
  bp_permit_free(permit);
  bp_denials_free(denials);
  bp_gates_free(gates);
}

TestSuite(gates, .init = set_up, .fini = tear_down);

static void push(const char *name, told *user) {
  bp_gate gate = told_gate(name, user);
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
}

static void push_three(void) {
  push("one", &one);
  push("two", &two);
  push("three", &three);
}

static void deny(told *gate, const char *code, const char *message) {
  gate->answer = BP_DENIED;
  gate->code = code;
  gate->message = message;
}

static bp_status evaluate(void) {
  return bp_gates_evaluate(gates, NULL, 0, &draft, &permit, &denials, &error);
}

static void expect_denial(size_t index, const char *gate, uint32_t position, const char *code, const char *message) {
  size_t count;
  const bp_denial *items = bp_denials_items(denials, &count);
  cr_assert_lt(index, count);
  const bp_denial *denial = &items[index];
  cr_assert(text_is(denial->gate, denial->gate_length, gate));
  cr_assert_eq(denial->position, position);
  cr_assert(text_is(denial->code, denial->code_length, code), "%.*s", (int)denial->code_length, (const char *)denial->code);
  cr_assert(text_is(denial->message, denial->message_length, message), "%.*s", (int)denial->message_length,
            (const char *)denial->message);
}

/* 13.3 gate_pipeline: an empty set passes. */
/* P-086 */
Test(gates, of_none_everything_passes) {
  size_t count = 9;
  cr_assert_eq(evaluate(), BP_OK);
  cr_assert_not_null(permit);
  cr_assert_null(denials);
  (void)bp_permit_gates(permit, &count);
  cr_assert_eq(count, 0);
  cr_assert_eq(bp_gates_evaluate_all(gates, NULL, 0, &denials, &error), BP_OK);
  cr_assert_null(denials);
}

/* 13.3 gate_pipeline: order kept, context used, the permit holds all names. */
/* P-087 */
Test(gates, all_are_asked_in_order_and_named_in_the_permit) {
  static const uint8_t context[] = {1, 2, 3};
  size_t count;
  push_three();
  cr_assert_eq(bp_gates_evaluate(gates, context, sizeof context, &draft, &permit, NULL, NULL), BP_OK);
  cr_assert_eq(one.calls, 1);
  cr_assert_eq(three.calls, 1);
  cr_assert_eq(two.context, context, "passed through, not copied");
  cr_assert_eq(two.context_length, sizeof context);
  const bp_text *names = bp_permit_gates(permit, &count);
  cr_assert_eq(count, 3);
  cr_assert(text_is(names[0].data, names[0].length, "one"));
  cr_assert(text_is(names[2].data, names[2].length, "three"));
}

/* 13.3 gate_pipeline: fail-fast stops at the first. */
/* P-088 */
Test(gates, the_first_denial_ends_it) {
  push_three();
  deny(&two, "C1", "no way");
  two.key = "k", two.value = "v", two.pairs = 2;
  deny(&three, "C2", "never asked");
  cr_assert_eq(evaluate(), BP_DENIED);
  cr_assert_null(permit);
  size_t count;
  const bp_denial *items = bp_denials_items(denials, &count);
  cr_assert_eq(count, 1);
  expect_denial(0, "two", 2, "C1", "no way");
  cr_assert_eq(items[0].context_count, 2);
  cr_assert(text_is(items[0].context[1].key, items[0].context[1].key_length, "k"));
  cr_assert(text_is(items[0].context[1].value, items[0].context[1].value_length, "v"));
  cr_assert_eq(three.calls, 0);
  cr_assert_eq(error.code, BP_DENIED);
  cr_assert_str_eq(error.text, "[two] no way");
}

Test(gates, a_denial_nobody_wants_is_a_denial) {
  push("one", &one);
  deny(&one, "", "no");
  cr_assert_eq(bp_gates_evaluate(gates, NULL, 0, &draft, &permit, NULL, NULL), BP_DENIED);
  cr_assert_null(permit);
}

/* 13.3 gate_pipeline: evaluate_all collects all. */
/* P-088 */
Test(gates, all_denials_can_be_had_at_once) {
  push_three();
  deny(&one, "A", "first");
  deny(&three, "B", "second");
  cr_assert_eq(bp_gates_evaluate_all(gates, NULL, 0, &denials, &error), BP_DENIED);
  size_t count;
  (void)bp_denials_items(denials, &count);
  cr_assert_eq(count, 2);
  expect_denial(0, "one", 1, "A", "first");
  expect_denial(1, "three", 3, "B", "second");
  cr_assert_eq(two.calls, 1);
  cr_assert_str_eq(error.text, "[one] first");
}

/* V-71: a defect is a denial, in both ways of asking; in the reference it ends the one that stops at the first. */
/* P-090 */
Test(gates, an_answer_that_is_none_is_a_defect) {
  push_three();
  two.answer = 7;
  cr_assert_eq(evaluate(), BP_DENIED);
  cr_assert_null(permit);
  expect_denial(0, "two", 2, "GATE_DEFECT", "the gate answered 7 (BP_CLOSED)");
  bp_denials_free(denials);
  two.answer = -1;
  deny(&three, "C", "no");
  cr_assert_eq(bp_gates_evaluate_all(gates, NULL, 0, &denials, NULL), BP_DENIED);
  expect_denial(0, "two", 2, "GATE_DEFECT", "the gate answered -1 (BP_UNKNOWN)");
  expect_denial(1, "three", 3, "C", "no");
}

Test(gates, a_defect_keeps_the_message_that_was_written) {
  push("one", &one);
  deny(&one, "MINE", "ZeroDivisionError");
  one.answer = BP_STOPPED;
  cr_assert_eq(evaluate(), BP_DENIED);
  expect_denial(0, "one", 1, "GATE_DEFECT", "ZeroDivisionError");
}

Test(gates, what_was_written_before_a_permit_is_dropped) {
  push("one", &one);
  one.code = "C", one.message = "for nothing", one.key = "k", one.value = "v", one.pairs = 1;
  cr_assert_eq(evaluate(), BP_OK);
  cr_assert_null(denials);
}

static bp_status write_twice(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)user, (void)context, (void)context_length;
  cr_assert_eq(bp_denial_writer_set(writer, TEXT("A"), TEXT("first")), BP_OK);
  cr_assert_eq(bp_denial_writer_set(writer, TEXT("B"), TEXT("\xff")), BP_UTF8, "nothing was written");
  cr_assert_eq(bp_denial_writer_set(writer, TEXT("\xff"), TEXT("x")), BP_UTF8);
  cr_assert_eq(bp_denial_writer_set(writer, NULL, 1, NULL, 0), BP_ARGUMENT);
  cr_assert_eq(bp_denial_writer_set(NULL, NULL, 0, NULL, 0), BP_ARGUMENT);
  cr_assert_eq(bp_denial_writer_add(writer, TEXT("k"), TEXT("\xff")), BP_UTF8);
  cr_assert_eq(bp_denial_writer_add(writer, TEXT("\xff"), TEXT("v")), BP_UTF8);
  cr_assert_eq(bp_denial_writer_add(NULL, TEXT("k"), TEXT("v")), BP_ARGUMENT);
  cr_assert_eq(bp_denial_writer_add(writer, NULL, 0, NULL, 0), BP_OK, "an empty pair is one");
  cr_assert_eq(bp_denial_writer_set(writer, TEXT("C"), TEXT("last")), BP_OK);
  return BP_DENIED;
}

/* P-089 */
Test(gates, the_last_words_count) {
  bp_gate gate = told_gate("g", &one);
  gate.evaluate = write_twice;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
  cr_assert_eq(evaluate(), BP_DENIED);
  expect_denial(0, "g", 1, "C", "last");
  cr_assert_eq(bp_denials_items(denials, NULL)[0].context_count, 1);
}

/* --- the set */

Test(gates, names_and_descriptions_are_copies) {
  char name[] = "name", description[] = "what it does";
  size_t count;
  bp_gate gate = told_gate(name, &one);
  gate.description = (const uint8_t *)description;
  gate.description_length = strlen(description);
  for (int i = 0; i < 20; i++) cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
  memset(name, 'x', 4);
  memset(description, 'x', 4);
  const bp_text *names = bp_gates_names(gates, &count);
  cr_assert_eq(count, 20);
  cr_assert(text_is(names[19].data, names[19].length, "name"));
  const bp_text *descriptions = bp_gates_descriptions(gates, &count);
  cr_assert(text_is(descriptions[0].data, descriptions[0].length, "what it does"));
  cr_assert_null(bp_gates_names(NULL, &count));
  cr_assert_eq(count, 0);
}

Test(gates, freeing_destroys_each_gate_once) {
  push("one", &one);
  push("one again", &one);
  push("two", &two);
  bp_gates_free(gates);
  cr_assert_eq(one.destroyed, 2);
  cr_assert_eq(two.destroyed, 1);
  cr_assert_eq(bp_gates_new(&gates, NULL), BP_OK);
  bp_gates_free(NULL);
}

Test(gates, calls_that_are_refused) {
  bp_gate gate = told_gate("g", &one);
  gate.evaluate = NULL;
  cr_assert_eq(bp_gates_push(gates, &gate, &error), BP_ARGUMENT);
  gate.evaluate = told_evaluate;
  gate.reserved = 1;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_ARGUMENT);
  gate.reserved = 0;
  gate.struct_size = 4;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bp_gates_push(gates, NULL, NULL), BP_ARGUMENT);
  gate = told_gate("\xff", &one);
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_UTF8);
  gate = told_gate("g", &one);
  gate.description = (const uint8_t *)"\xff";
  gate.description_length = 1;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_UTF8);
  cr_assert_eq(bp_gates_push(NULL, &gate, NULL), BP_ARGUMENT);
  cr_assert_eq(one.destroyed, 0, "what was not taken stays the caller's");
  cr_assert_eq(bp_gates_new(NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_gates_evaluate(gates, NULL, 1, &draft, &permit, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_gates_evaluate(gates, NULL, 0, &draft, NULL, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_gates_evaluate(NULL, NULL, 0, &draft, &permit, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_gates_evaluate(gates, NULL, 0, NULL, &permit, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_gates_evaluate_all(gates, NULL, 0, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_gates_evaluate_all(NULL, NULL, 0, &denials, NULL), BP_ARGUMENT);
  cr_assert_null(bp_denials_items(NULL, NULL));
  bp_denials_free(NULL);
  cr_assert_eq(bp_gate_init(&gate, sizeof gate - 1), BP_STRUCT_SIZE);
  cr_assert_eq(bp_gate_init(NULL, sizeof gate), BP_ARGUMENT);
}

/* Another thing than a set of gates, and one that is gone: its magic says so. */
Test(gates, forged_handles_are_refused) {
  uint64_t forged[64] = {0};
  bp_permit *none = NULL;
  cr_assert_eq(bp_gates_evaluate((bp_gates *)(void *)forged, NULL, 0, &draft, &none, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(evaluate(), BP_OK);
  cr_assert_eq(bp_gates_evaluate((bp_gates *)(void *)permit, NULL, 0, &draft, &none, NULL, NULL), BP_ARGUMENT);
  cr_assert_null(none);
  bp_gates_free((bp_gates *)(void *)forged);
  bp_denials_free((bp_denials *)(void *)forged);
}

/* --- gates that reach for their own set */

static bp_status push_from_within(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)context, (void)context_length, (void)writer;
  bp_gate gate = told_gate("late", user);
  return bp_gates_push(gates, &gate, NULL) == BP_BUSY ? BP_OK : BP_DENIED;
}

Test(gates, a_gate_cannot_change_its_own_set) {
  bp_gate gate = told_gate("g", &one);
  gate.evaluate = push_from_within;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
  cr_assert_eq(evaluate(), BP_OK);
}

static bp_status free_from_within(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)context, (void)context_length, (void)writer;
  bp_gates_free(gates);
  return ((told *)user)->destroyed == 0 ? BP_OK : BP_DENIED;
}

Test(gates, a_set_that_is_freed_while_it_is_asked_goes_when_that_ends) {
  size_t count;
  bp_gate gate = told_gate("g", &one);
  gate.evaluate = free_from_within;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
  push("after", &two);
  cr_assert_eq(evaluate(), BP_OK);
  cr_assert_eq(two.calls, 1);
  cr_assert_eq(one.destroyed, 1);
  (void)bp_permit_gates(permit, &count);
  cr_assert_eq(count, 2);
  cr_assert_eq(bp_gates_new(&gates, NULL), BP_OK);
}

static bp_status ask_again(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)writer;
  told *gate = user;
  bp_permit *inner = NULL;
  if (gate->calls++ > 3) return BP_OK;
  bp_status status = bp_gates_evaluate(gates, context, context_length, &draft, &inner, NULL, NULL);
  bp_permit_free(inner);
  return status;
}

Test(gates, a_gate_may_ask_its_own_set) {
  bp_gate gate = told_gate("g", &one);
  gate.evaluate = ask_again;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
  cr_assert_eq(evaluate(), BP_OK);
  cr_assert_eq(one.calls, 5);
}

/* --- memory */

/* Every allocation fails once: no permit comes of it, and nothing leaks. */
Test(gates, without_memory) {
  static memory_fault fault;
  for (uint64_t n = 1;; n++) {
    bpi_memory table = memory_fault_table(&fault);
    bp_gates *scarce = NULL;
    bp_permit *made = NULL;
    bp_denials *found = NULL;
    told pass = {.answer = BP_OK}, no = {.answer = BP_DENIED, .code = "C", .message = "m", .key = "k", .value = "v"};
    bp_gate permits = told_gate("pass", &pass), refuses = told_gate("no", &no);
    no.pairs = 3;
    memory_fault_arm(&fault, n, 1);
    bp_status status = bpi_gates_new(&table, &scarce, NULL);
    if (status == BP_OK) status = bp_gates_push(scarce, &permits, NULL);
    if (status == BP_OK) status = bp_gates_evaluate(scarce, NULL, 0, &draft, &made, NULL, NULL);
    cr_assert_eq(status == BP_OK, made != NULL);
    if (status == BP_OK) status = bp_gates_push(scarce, &refuses, NULL);
    size_t pushed = status == BP_OK;
    if (pushed) status = bp_gates_evaluate_all(scarce, NULL, 0, &found, NULL);
    memory_fault_disarm(&fault);
    cr_assert_eq(status == BP_DENIED, found != NULL);
    bp_denials_free(found);
    bp_permit_free(made);
    bp_gates_free(scarce);
    cr_assert_eq(no.destroyed, pushed);
    cr_assert_eq(fault.live_blocks, 0);
    cr_assert_eq(fault.wrong_sizes, 0);
    if (status == BP_DENIED) break;
    cr_assert_eq(status, BP_NO_MEMORY);
  }
}
