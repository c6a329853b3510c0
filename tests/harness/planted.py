"""Bugs planted in copies of the sources, a program each: harness_schedules must find every one within its usual number of
schedules, and again by the schedule that it prints.  A bug whose place is gone from the source is not found: give it its new
place.

    planted.py list                    names and files, for the build
    planted.py write NAME ROOT OUT     the file with the bug in it
    planted.py                         runs all, as built"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

QUEUE, COMMIT, GATE, FRONTIER, AWAIT, SUBMIT, TICKET, WORKER = (
    f"core/store/{name}.c" for name in ("queue", "commit", "gate", "frontier", "await", "submit", "ticket", "worker"))
SEGMENTS, SCRATCH = "core/journal/segments.c", "core/store/scratch.c"

# name: file, what stands there (the first time), what is put in its place.
BUGS = {
    "nobody_is_woken": (QUEUE, "bpi_condition_wake_all(done);", ""),
    "next_leader_is_not_woken": (QUEUE, "if (end != NULL) bpi_condition_wake_one(&store->head_leads);", ""),
    "next_leader_waits_with_others": (
        QUEUE, "if (store->leader && store->group_last->next == request) return &store->head_leads;", ""),
    "next_group_waits_with_this_one": (QUEUE, "[(is_under_way ? number : number + 1) % 2]", "[number % 2]"),
    "this_group_waits_with_the_next": (QUEUE, "int is_under_way = store->leader && request->group == number;",
                                       "int is_under_way = 0;"),
    "one_of_many_is_woken": (QUEUE, "bpi_condition_wake_all(done);", "bpi_condition_wake_one(done);"),
    "woken_is_taken_for_finished": (QUEUE, "bpi_condition_wait(place_to_wait(store, request), &store->commit_lock);",
                                    "{ bpi_condition_wait(place_to_wait(store, request), &store->commit_lock); break; }"),
    "lead_is_kept": (QUEUE, "store->leader = 0;", ""),
    "two_lead": (QUEUE, "if (!store->leader && store->queue.first == request)", "if (store->queue.first != NULL)"),
    "finished_without_the_lock": (QUEUE, "bpi_store_run_group(store, first, last);",
                                  "bpi_store_run_group(store, first, last);\n  last->finished = 1;"),
    "end_of_queue_is_lost": (QUEUE, "bpi_request *end = last->next;\n",
                             "bpi_request *end = first == last ? NULL : last->next;\n"),
    "more_is_committed_than_taken": (COMMIT, "return request == g->last ? NULL : request->next;", "return request->next;"),
    "published_before_the_flush": (
        COMMIT, "  flush_group(&g);\n",
        "  atomic_store(&store->index.published, store->index.count);\n  flush_group(&g);\n"),
    "first_decides_for_all": (COMMIT, "if (request->durable && request->fence == NULL) g->durable = 1;",
                              "if (request == g->first && request->durable && request->fence == NULL) g->durable = 1;"),
    "written_is_called_durable": (COMMIT, "if (request->items[kept].number >= durable_rows) request->is_durable = 0;", ""),
    "failed_flush_is_forgotten": (COMMIT, "  atomic_store(&g->store->poisoned, 1);\n", ""),
    "failed_write_is_answered_well": (COMMIT, "request->status = bpi_error_copy(request->error, &g->error);\n    }\n  }",
                                      "}\n  }"),
    "close_overlooks_one": (GATE, "  uint32_t users = 0;\n", "  uint32_t users = atomic_load(&store->users) == 1;\n"),
    "release_closes_at_once": (GATE, "  bpi_watermarks_wake(store);\n  bpi_store_leave(store);",
                               "  bpi_watermarks_wake(store);\n  (void)bpi_store_destroy(store, NULL);"),
    "release_leaves_too_early": (GATE, "  bpi_watermarks_wake(store);\n  bpi_store_leave(store);",
                                 "  bpi_store_leave(store);\n  bpi_watermarks_wake(store);"),
    "release_wakes_nobody": (GATE, "  bpi_watermarks_wake(store);\n", ""),
    "poison_wakes_nobody": (FRONTIER, "if (wake || w->poisoned) bpi_condition_wake_all", "if (wake) bpi_condition_wake_all"),
    "flush_wakes_nobody": (FRONTIER, "if (wake || w->poisoned) bpi_condition_wake_all",
                           "if (w->poisoned) bpi_condition_wake_all"),
    "wait_begins_without_a_look": (FRONTIER, "  while (!bpi_point_reached(bpi_watermarks_at(store, watermark), point)) {",
                                   "  int first = bpi_point_reached(bpi_watermarks_at(store, watermark), point);\n  "
                                   "bpi_mutex_unlock(&store->commit_lock);\n  bpi_mutex_lock(&store->commit_lock);\n  "
                                   "for (; !first; first = bpi_point_reached(bpi_watermarks_at(store, watermark), point)) {"),
    "awaited_is_not_answered": (FRONTIER, "  if (store->awaiting_count > 0) bpi_await_advance(store);\n", ""),
    "close_leaves_awaited": (GATE, "  bpi_await_close(store);\n", ""),
    "await_begins_without_a_look": (AWAIT, "  bpi_mutex_lock(&store->commit_lock);\n  if (!bpi_point_reached(bpi_watermarks_at("
                                    "store, ticket->watermark), ticket->point)) {",
                                    "  int first = bpi_point_reached(bpi_watermarks_at(store, ticket->watermark), ticket->point);\n"
                                    "  bpi_mutex_lock(&store->commit_lock);\n  if (!first) {"),
    "dropped_stays_in_line": (AWAIT, "    if (was_in_line) leave_line(store, ticket);\n", ""),
    "awaited_knows_its_store_for_ever": (TICKET, "  ticket->awaits = NULL;\n", ""),
    "last_one_leaves_it_open": (GATE, "if (atomic_fetch_sub(&inside->users, 1) == (BPI_STORE_CLOSING | 1)) destroy_once",
                                "uint32_t users = atomic_load(&inside->users);\n  atomic_fetch_sub(&inside->users, 1);\n  "
                                "if (users == (BPI_STORE_CLOSING | 1)) destroy_once"),
    "submitted_batch_is_not_flushed": (SUBMIT, "made->request.atomic = made->request.durable = 1;",
                                       "made->request.atomic = 1;"),
    "worker_is_not_woken": (QUEUE, "put_at_end(store, request);\n  bpi_worker_wake(store);",
                            "put_at_end(store, request);"),
    "worker_is_not_woken_by_leaders": (QUEUE, "if (store->worker.is_running) bpi_worker_wake(store);", ""),
    "room_is_not_told": (QUEUE, "  bpi_condition_wake_all(&store->worker.room);\n  if (request->status", "  if (request->status"),
    "decision_is_not_told": (TICKET, "bpi_condition_wake_all(&ticket->changed);", ""),
    "decided_before_it_is_filled": (WORKER, "  bpi_ticket_fill(store, ticket);\n  bpi_ticket_decide(ticket);",
                                    "  bpi_ticket_decide(ticket);\n  bpi_ticket_fill(store, ticket);"),
    "both_owners_leave_the_ticket": (TICKET, "if (atomic_fetch_sub(&ticket->owners, 1) > 1) return;",
                                     "uint32_t owners = atomic_load(&ticket->owners);\n  "
                                     "atomic_fetch_sub(&ticket->owners, 1);\n  if (owners > 1) return;"),
    "told_when_it_may_be_taken_back": (TICKET, "  tell(ticket);\n  bpi_mutex_unlock(&ticket->lock);",
                                       "  bpi_mutex_unlock(&ticket->lock);\n  tell(ticket);"),
    "dropped_ticket_tells": (TICKET, "if (ticket->was_notified) (void)bp_ticket_notify(ticket, NULL, NULL, NULL);", ""),
    "decided_ticket_tells_nobody": (TICKET, "if (is_decided(ticket)) tell(ticket);", ""),
    "worker_ends_with_work_left": (WORKER, "if (worker->done.first != NULL) {",
                                   "if (worker->is_stopping) {\n      break;\n    } else if (worker->done.first != NULL) {"),
    "maps_are_made_side_by_side": (SEGMENTS, "    bpi_mutex_lock(&segments->lock);\n    bp_status status = make_map(segments, segment, "
                                   "(size_t)(offset + length), error);\n    bpi_mutex_unlock(&segments->lock);",
                                   "    bp_status status = make_map(segments, segment, (size_t)(offset + length), error);"),
    "one_buffer_for_two": (SCRATCH, "  bpi_mutex_lock(&store->scratch_lock);\n  if (store->scratch_count > 0) buffer = "
                           "store->scratch[--store->scratch_count];\n  bpi_mutex_unlock(&store->scratch_lock);",
                           "  size_t count = store->scratch_count;\n  bpi_mutex_lock(&store->scratch_lock);\n"
                           "  if (count > 0) buffer = store->scratch[store->scratch_count = count - 1];\n"
                           "  bpi_mutex_unlock(&store->scratch_lock);"),
}
GONE = "planted_bug_has_no_place"


def write(name: str, root: Path, out: Path) -> None:
    file, good, bad = BUGS[name]
    text = (root / file).read_text()
    if good in text:
        text = text.replace(good, bad, 1)
    else:
        print(f"{file} has no place for the bug {name} any more: see tests/harness/planted.py", file=sys.stderr)
        text += f"\nextern const char {GONE}[];\nconst char {GONE}[] = \"{name}\";\n"
    out.write_text(text)


def is_gone(program: Path) -> bool:
    return GONE.encode() in subprocess.run(["nm", program], capture_output=True, check=True).stdout


def seek(name: str, program: Path) -> bool:
    begun = time.monotonic()
    try:
        run = subprocess.run([program], capture_output=True, text=True, errors="replace", timeout=120)
    except subprocess.TimeoutExpired:
        print(f"{name}: no answer")
        return False
    seconds = time.monotonic() - begun
    if run.returncode == 0:
        print(f"{name}: NOT FOUND: {run.stdout.strip()}" if not is_gone(program)
              else f"{name}: its place in {BUGS[name][0]} is gone")
        return False
    lines = run.stderr.strip().splitlines() or [f"ended by signal {-run.returncode}"]
    print(f"{name}: {seconds:.2f} s: {lines[0]}")
    return repeats(name, program, run.stderr)


def repeats(name: str, program: Path, printed: str) -> bool:
    """What a failure prints brings it about again.  A program that fell prints nothing."""
    place = re.search(r'schedules --program "(.*)" --fault-at (\d+) --crash (\d)\n  --schedule "(.*)"', printed)
    if place is None:
        return True
    wanted, fault_at, crash, schedule = place.groups()
    run = subprocess.run([program, "--program", wanted, "--fault-at", fault_at, "--crash", crash, "--schedule", schedule],
                         capture_output=True, text=True, errors="replace", timeout=120)
    if run.returncode == 0 or "of another program" in run.stderr:
        print(f"{name}: its schedule does not bring it about again: {run.stdout or run.stderr}")
        return False
    return True


def main() -> None:
    if sys.argv[1:] == ["list"]:
        print(";".join(f"{name}={bug[0]}" for name, bug in BUGS.items()), end="")
    elif sys.argv[1:2] == ["write"]:
        write(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        folder = Path(os.environ.get("BATPAK_BIN", "build-dev/bin"))
        found = [seek(name, folder / f"planted_{name}") for name in BUGS]
        print(f"{sum(found)} of {len(found)} planted bugs found")
        sys.exit(0 if all(found) else 1)


if __name__ == "__main__":
    main()
