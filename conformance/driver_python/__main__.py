"""The Python driver: instructions on standard input, answers on standard output, one JSON line each (spec.md).

It knows the library by the package `batpak` as it is installed. Errors of the library are answers; only a fault of the
driver itself ends the process with a failure.
"""

import json
import sys

import batpak
import claims
import guarding
import judging
import library
import outcomes
import reading
import tickets
import values
import writing
from session import Session
from wire import BadInstruction, receipt_out

OPERATIONS = {**library.OPERATIONS, **values.OPERATIONS, **writing.OPERATIONS, **claims.OPERATIONS,
              **outcomes.OPERATIONS, **guarding.OPERATIONS, **tickets.OPERATIONS, **tickets.SUBMISSIONS}
# Those that ask for an open store.
OF_A_STORE = {**writing.OF_A_STORE, **reading.OPERATIONS, **judging.OPERATIONS, **claims.OF_A_STORE,
              **guarding.OF_A_STORE, **tickets.OF_A_STORE, **tickets.SUBMISSIONS_OF_A_STORE}
SUBMISSIONS = {**tickets.SUBMISSIONS, **tickets.SUBMISSIONS_OF_A_STORE}


def run(session, step):
    name = step["op"]
    operation = OPERATIONS.get(name) or OF_A_STORE.get(name)
    if name not in SUBMISSIONS:
        session.settle()
    if operation is None:
        return {"status": "unsupported"}
    if name in OF_A_STORE and session.store is None:
        return {"status": "no_store"}
    try:
        return {"status": "ok", "value": operation(session, step)}
    except BadInstruction as word:
        return {"status": str(word)}
    except batpak.Error as error:
        return refusal(error)


def refusal(error):
    answer = {"status": error.code.name}
    if error.code == batpak.Status.BP_EXPECTED_CLOCK:
        answer["detail"] = {"expected": error.expected, "actual": error.actual}
    if error.receipt is not None:
        answer["value"] = receipt_out(error.receipt)
    return {**answer, "text": error.text}


def main():
    session = Session()
    for line in sys.stdin.buffer:
        step = json.loads(line)
        if "suite" not in step:
            answer = {"id": step["id"], **run(session, step)}
            sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            sys.stdout.buffer.flush()
    session.leave()


if __name__ == "__main__":
    main()
