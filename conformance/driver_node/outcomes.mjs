// Instructions on outcomes: bytes in, bytes out, with the package's combinators between.
import batpak from "./package.mjs";
import { bytesOf, hex } from "./wire.mjs";

const { Cancelled, ErrorKind, Ok, Outcome, OutcomeError } = batpak;

// Floats stay floats: what is read is written again.
const decoded = (digits) => batpak.outcomeDecode(bytesOf(digits), { floats: "exact" });
const encoded = (outcome) => hex(batpak.outcomeEncode(outcome));

// The text that a library makes up where there is nothing to answer is for people, and not compared.
function combined(outcome) {
  return encoded(outcome.mapErr((error) => error.kind === ErrorKind.INTERNAL ? new OutcomeError(error.kind, "", error.compensation) : error));
}

function join(_session, step) {
  const items = (step.items ?? []).map(decoded);
  return combined(step.all === true ? Outcome.joinAll(items) : Outcome.joinAny(items));
}

const steps = {
  double: (outcome) => outcome.map((value) => [value, value]),
  refuse: (outcome) => outcome.andThen(() => new Cancelled("refused")),
  recover: (outcome) => outcome.orElse((error) => new Ok(error.message)),
};

function result(_session, step) {
  try {
    return { ok: hex(batpak.payloadEncode(decoded(step.bytes).intoResult())) };
  } catch (error) {
    if (!(error instanceof OutcomeError)) throw error;
    const { kind } = error;
    return {
      kind: hex(batpak.payloadEncode(kind.code === null ? kind.name : { [kind.name]: kind.code })),
      retryable: kind.isRetryable,
      domain: kind.errorClass === "domain",
      operational: kind.errorClass === "operational",
    };
  }
}

export const operations = {
  outcome_recode: (_session, step) => encoded(decoded(step.bytes)),
  outcome_zip: (_session, step) => combined(decoded(step.a).zip(decoded(step.b))),
  outcome_join: join,
  outcome_steps: (_session, step) => encoded(steps[step.step](decoded(step.bytes))),
  outcome_result: result,
};
