/* What holds of the combinators, whatever the outcomes: the laws, and the table of store-write.md 9.5. */
#include "support/outcomes.h"

#include "codec/pack.h"
#include "codec/unpack.h"

#include <criterion/criterion.h>

enum { ROUNDS = 3000 };

static bp_outcomes *memory;

static void set_up(void) { cr_assert_eq(bp_outcomes_new(&memory, NULL), BP_OK); }
static void tear_down(void) { bp_outcomes_free(memory); }

TestSuite(outcome_laws, .init = set_up, .fini = tear_down);

static bp_outcome blank(void) {
  bp_outcome outcome;
  cr_assert_eq(bp_outcome_init(&outcome, sizeof outcome), BP_OK);
  return outcome;
}

static bp_outcome then(const bp_outcome *outcome, bp_outcome_step step, void *user) {
  bp_outcome result = blank();
  cr_assert_eq(bp_outcome_and_then(outcome, step, user, memory, &result, NULL), BP_OK);
  return result;
}

static bp_outcome otherwise(const bp_outcome *outcome, bp_outcome_step step, void *user) {
  bp_outcome result = blank();
  cr_assert_eq(bp_outcome_or_else(outcome, step, user, memory, &result, NULL), BP_OK);
  return result;
}

static bp_outcome zip(const bp_outcome *a, const bp_outcome *b) {
  bp_outcome result = blank();
  cr_assert_eq(bp_outcome_zip(a, b, memory, &result, NULL), BP_OK);
  return result;
}

static void expect_equal(const bp_outcome *a, const bp_outcome *b) {
  bpi_bytes x = outcome_bytes(a, memory), y = outcome_bytes(b, memory);
  cr_assert(bpi_bytes_equal(x, y), "%s\n%s", to_hex(x.data, x.length), to_hex(y.data, y.length));
}

/* A function from values to outcomes of every variant, batches of batches too; *user chooses which function. */
static bp_status arrow(void *user, const bp_outcome *given, bp_outcomes *room, bp_outcome *next) {
  chance from = {*(const uint64_t *)user};
  for (size_t i = 0; i < given->value_length; i++) from.state = from.state * 31 + given->value[i];
  *next = outcome_by_chance(&from, room);
  return BP_OK;
}

static bp_status same(void *user, const bp_outcome *given, bp_outcomes *room, bp_outcome *next) {
  (void)room;
  if (user != NULL) ++*(size_t *)user;
  *next = *given;
  return BP_OK;
}

typedef struct both {
  uint64_t f, g;
} both;

static bp_status f_then_g(void *user, const bp_outcome *given, bp_outcomes *room, bp_outcome *next) {
  both *arrows = user;
  bp_outcome middle = blank();
  bp_status status = arrow(&arrows->f, given, room, &middle);
  return status == BP_OK ? bp_outcome_and_then(&middle, arrow, &arrows->g, room, next, NULL) : status;
}

/* 13.3 monad_laws: left identity. */
/* P-095 */
Test(outcome_laws, an_ok_then_f_is_f) {
  chance from = chance_begin("an_ok_then_f_is_f");
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t f = chance_next(&from);
    bp_outcome ok = outcome_of_number(memory, chance_number(&from)), direct = blank();
    cr_assert_eq(arrow(&f, &ok, memory, &direct), BP_OK);
    bp_outcome through = then(&ok, arrow, &f);
    expect_equal(&through, &direct);
    bp_outcomes_clear(memory);
  }
}

/* 13.3 monad_laws: right identity, and map of the identity. */
/* P-095 */
Test(outcome_laws, then_nothing_changes_nothing) {
  chance from = chance_begin("then_nothing_changes_nothing");
  for (int i = 0; i < ROUNDS; i++) {
    bp_outcome any = outcome_by_chance(&from, memory);
    bp_outcome after = then(&any, same, NULL), recovered = otherwise(&any, same, NULL);
    expect_equal(&after, &any);
    expect_equal(&recovered, &any);
    bp_outcomes_clear(memory);
  }
}

/* 13.3 monad_laws: associativity. */
/* P-095 */
Test(outcome_laws, steps_associate) {
  chance from = chance_begin("steps_associate");
  for (int i = 0; i < ROUNDS; i++) {
    both arrows = {chance_next(&from), chance_next(&from)};
    bp_outcome any = outcome_by_chance(&from, memory);
    bp_outcome first = then(&any, arrow, &arrows.f);
    bp_outcome left = then(&first, arrow, &arrows.g);
    bp_outcome right = then(&any, f_then_g, &arrows);
    expect_equal(&left, &right);
    bp_outcomes_clear(memory);
  }
}

/* --- the table of 9.5 */

static size_t count_leaves(const bp_outcome *outcome, uint32_t type) {
  if (outcome->type != BP_OUTCOME_BATCH) return outcome->type == type;
  size_t count = 0;
  for (size_t i = 0; i < outcome->item_count; i++) count += count_leaves(&outcome->items[i], type);
  return count;
}

Test(outcome_laws, steps_see_their_variant_alone_in_every_batch) {
  chance from = chance_begin("steps_see_their_variant_alone_in_every_batch");
  for (int i = 0; i < ROUNDS; i++) {
    bp_outcome any = outcome_by_chance(&from, memory);
    size_t oks = 0, errors = 0;
    (void)then(&any, same, &oks);
    (void)otherwise(&any, same, &errors);
    cr_assert_eq(oks, count_leaves(&any, BP_OUTCOME_OK));
    cr_assert_eq(errors, count_leaves(&any, BP_OUTCOME_ERR));
    bp_outcomes_clear(memory);
  }
}

/* flatten: the value of an Ok is itself an outcome. */
static bp_status unwrap(void *user, const bp_outcome *given, bp_outcomes *room, bp_outcome *next) {
  (void)user;
  return bp_outcome_decode(given->value, given->value_length, room, next, NULL);
}

Test(outcome_laws, flatten_is_a_step_that_decodes) {
  chance from = chance_begin("flatten_is_a_step_that_decodes");
  for (int i = 0; i < ROUNDS / 10; i++) {
    bp_outcome inner = outcome_by_chance(&from, memory), outer = blank();
    bpi_bytes bytes = outcome_bytes(&inner, memory);
    outer.value = bytes.data;
    outer.value_length = bytes.length;
    bp_outcome flat = then(&outer, unwrap, NULL);
    expect_equal(&flat, &inner);
    bp_outcomes_clear(memory);
  }
}

static bp_status stop(void *user, const bp_outcome *given, bp_outcomes *room, bp_outcome *next) {
  (void)user, (void)given, (void)room, (void)next;
  return BP_STOPPED;
}

static bp_status answer_rubbish(void *user, const bp_outcome *given, bp_outcomes *room, bp_outcome *next) {
  (void)user, (void)given, (void)room;
  next->type = 77;
  return BP_OK;
}

Test(outcome_laws, a_step_can_end_the_walk_and_must_answer_an_outcome) {
  bp_outcome ok = outcome_of_number(memory, 1), result = outcome_error(BP_ERROR_KIND_CONFLICT, "kept");
  bp_outcome batch = outcome_batch(&ok, 1);
  cr_assert_eq(bp_outcome_and_then(&batch, stop, NULL, memory, &result, NULL), BP_STOPPED);
  cr_assert_eq(bp_outcome_and_then(&batch, answer_rubbish, NULL, memory, &result, NULL), BP_ARGUMENT);
  cr_assert_eq(result.error_kind, BP_ERROR_KIND_CONFLICT, "untouched on failure");
  cr_assert_eq(bp_outcome_and_then(&batch, NULL, NULL, memory, &result, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_outcome_and_then(&batch, same, NULL, NULL, &result, NULL), BP_ARGUMENT);
}

/* --- zip */

static int rank(const bp_outcome *outcome) {
  static const int ranks[] = {0, 0, 5, 3, 2, 4, 1};
  return ranks[outcome->type];
}

/* 13.3 outcome_combinators: Err > Cancelled > Retry > Pending > Batch > Ok, the first argument wins ties. */
/* P-096 */
Test(outcome_laws, zip_takes_the_gravest_and_of_equals_the_first) {
  chance from = chance_begin("zip_takes_the_gravest_and_of_equals_the_first");
  for (int i = 0; i < ROUNDS; i++) {
    bp_outcome a = outcome_by_chance(&from, memory), b = outcome_by_chance(&from, memory), made = zip(&a, &b);
    const bp_outcome *first = rank(&a) >= rank(&b) ? &a : &b;
    if (rank(first) > 1) {
      expect_equal(&made, first);
    } else if (rank(first) == 0) {
      bpi_unpack in = {made.value, made.value + made.value_length};
      uint32_t count = 0;
      cr_assert_eq(bpi_unpack_array(&in, &count), BP_OK);
      cr_assert_eq(count, 2);
      cr_assert(bpi_bytes_equal(bpi_bytes_of(in.at, a.value_length), bpi_bytes_of(a.value, a.value_length)));
      in.at += a.value_length;
      cr_assert(bpi_bytes_equal(bpi_bytes_of(in.at, b.value_length), bpi_bytes_of(b.value, b.value_length)));
      cr_assert(in.at + b.value_length == in.end);
    }
    bp_outcomes_clear(memory);
  }
}

Test(outcome_laws, zip_pairs_batches_and_distributes_an_ok) {
  bp_outcome two[] = {outcome_of_number(memory, 1), outcome_cancelled("c")};
  bp_outcome others[] = {outcome_of_number(memory, 3), outcome_of_number(memory, 4)};
  bp_outcome a = outcome_batch(two, 2), b = outcome_batch(others, 2), ok = outcome_of_number(memory, 9);
  bp_outcome pairs = zip(&a, &b), right = zip(&a, &ok), left = zip(&ok, &a);
  cr_assert_eq(pairs.item_count, 2);
  cr_assert_str_eq(to_hex(pairs.items[0].value, pairs.items[0].value_length), "920103");
  cr_assert_eq(pairs.items[1].type, BP_OUTCOME_CANCELLED);
  cr_assert_str_eq(to_hex(right.items[0].value, right.items[0].value_length), "920109");
  cr_assert_str_eq(to_hex(left.items[0].value, left.items[0].value_length), "920901");
  bp_outcome one = outcome_batch(others, 1), none = outcome_batch(NULL, 0);
  bp_outcome uneven = zip(&a, &one), empty = zip(&none, &ok);
  cr_assert_eq(uneven.error_kind, BP_ERROR_KIND_INTERNAL);
  cr_assert_eq(empty.type, BP_OUTCOME_BATCH);
  cr_assert_eq(empty.item_count, 0);
}

/* The result may be one of the arguments. */
Test(outcome_laws, results_may_replace_what_was_given) {
  bp_outcome a = outcome_of_number(memory, 1), b = outcome_of_number(memory, 2);
  cr_assert_eq(bp_outcome_zip(&a, &b, memory, &a, NULL), BP_OK);
  cr_assert_str_eq(to_hex(a.value, a.value_length), "920102");
  bp_outcome items[] = {outcome_error(BP_ERROR_KIND_TIMEOUT, "late"), b};
  cr_assert_eq(bp_outcome_join_any(items, 2, memory, &items[0], NULL), BP_OK);
  cr_assert_eq(items[0].type, BP_OUTCOME_OK);
  cr_assert_eq(bp_outcome_into_result(&items[0], &items[0], NULL), BP_OK);
}

/* --- joins, against a flat list of the leaves */

typedef struct leaves {
  bp_outcome items[4096];
  size_t count;
} leaves;

static void flatten(const bp_outcome *outcome, leaves *out) {
  if (outcome->type != BP_OUTCOME_BATCH) {
    out->items[out->count++] = *outcome;
    return;
  }
  for (size_t i = 0; i < outcome->item_count; i++) flatten(&outcome->items[i], out);
}

/* P-096 */
Test(outcome_laws, join_all_gathers_or_answers_the_first_that_is_no_ok) {
  static leaves flat;
  chance from = chance_begin("join_all_gathers_or_answers_the_first_that_is_no_ok");
  for (int i = 0; i < ROUNDS; i++) {
    bp_outcome any = outcome_by_chance(&from, memory), made = blank();
    flat.count = 0;
    flatten(&any, &flat);
    cr_assert_eq(bp_outcome_join_all(&any, 1, memory, &made, NULL), BP_OK);
    size_t first = 0;
    while (first < flat.count && flat.items[first].type == BP_OUTCOME_OK) first++;
    if (first < flat.count) {
      expect_equal(&made, &flat.items[first]);
    } else {
      bpi_unpack in = {made.value, made.value + made.value_length};
      uint32_t count = 0;
      cr_assert_eq(bpi_unpack_array(&in, &count), BP_OK);
      cr_assert_eq(count, flat.count);
      cr_assert_eq(made.type, BP_OUTCOME_OK);
    }
    bp_outcomes_clear(memory);
  }
}

/* P-096 */
Test(outcome_laws, join_any_takes_the_first_ok_and_of_errors_the_last) {
  static leaves flat;
  chance from = chance_begin("join_any_takes_the_first_ok_and_of_errors_the_last");
  for (int i = 0; i < ROUNDS; i++) {
    bp_outcome any = outcome_by_chance(&from, memory), made = blank();
    flat.count = 0;
    flatten(&any, &flat);
    cr_assert_eq(bp_outcome_join_any(&any, 1, memory, &made, NULL), BP_OK);
    size_t first = 0;
    while (first < flat.count && flat.items[first].type == BP_OUTCOME_ERR) first++;
    if (first < flat.count) {
      expect_equal(&made, &flat.items[first]);
    } else {
      cr_assert_eq(made.type, BP_OUTCOME_ERR);
    }
    bp_outcomes_clear(memory);
  }
}

Test(outcome_laws, joins_of_nothing) {
  bp_outcome made = blank(), none = outcome_batch(NULL, 0);
  bp_outcome items[] = {outcome_error(BP_ERROR_KIND_NOT_FOUND, "one"), outcome_error(BP_ERROR_KIND_CONFLICT, "two")};
  cr_assert_eq(bp_outcome_join_all(NULL, 0, memory, &made, NULL), BP_OK);
  cr_assert_eq(made.type, BP_OUTCOME_OK);
  cr_assert_str_eq(to_hex(made.value, made.value_length), "90");
  cr_assert_eq(bp_outcome_join_any(NULL, 0, memory, &made, NULL), BP_OK);
  cr_assert_eq(made.error_kind, BP_ERROR_KIND_INTERNAL);
  cr_assert_eq(bp_outcome_join_any(&none, 1, memory, &made, NULL), BP_OK);
  cr_assert_eq(made.error_kind, BP_ERROR_KIND_INTERNAL);
  cr_assert_eq(bp_outcome_join_any(items, 2, memory, &made, NULL), BP_OK);
  cr_assert_eq(made.error_kind, BP_ERROR_KIND_CONFLICT);
  cr_assert_eq(bp_outcome_join_all(NULL, 1, memory, &made, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_outcome_join_any(NULL, 1, memory, &made, NULL), BP_ARGUMENT);
}

/* Batches of one in one another, past what may be walked. */
Test(outcome_laws, too_deep_is_an_error_everywhere) {
  enum { LEVELS = BPI_DEPTH_MAX / 2 + 1 };
  static bp_outcome nest[LEVELS + 1];
  bp_outcome made = blank(), ok = outcome_of_number(memory, 1);
  size_t needed = 0;
  nest[0] = ok;
  for (size_t i = 1; i <= LEVELS; i++) nest[i] = outcome_batch(&nest[i - 1], 1);
  const bp_outcome *deepest = &nest[LEVELS], *deep = &nest[LEVELS - 1];
  cr_assert_eq(bp_outcome_and_then(deep, same, NULL, memory, &made, NULL), BP_OK);
  cr_assert_eq(bp_outcome_and_then(deepest, same, NULL, memory, &made, NULL), BP_DEPTH);
  cr_assert_eq(bp_outcome_zip(deep, &ok, memory, &made, NULL), BP_OK);
  cr_assert_eq(bp_outcome_zip(deepest, &ok, memory, &made, NULL), BP_DEPTH);
  cr_assert_eq(bp_outcome_join_all(deep, 1, memory, &made, NULL), BP_OK);
  cr_assert_eq(bp_outcome_join_all(deepest, 1, memory, &made, NULL), BP_DEPTH);
  cr_assert_eq(bp_outcome_join_any(deep, 1, memory, &made, NULL), BP_OK);
  cr_assert_eq(bp_outcome_join_any(deepest, 1, memory, &made, NULL), BP_DEPTH);
  cr_assert_eq(bp_outcome_encode(deep, NULL, 0, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(bp_outcome_encode(deepest, NULL, 0, &needed, NULL), BP_DEPTH);
}
