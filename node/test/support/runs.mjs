// How many random values a property is tried with; in CI the same ones each time, so that a commit is held against nothing new.

const count = Number(process.env.BATPAK_RUNS ?? 300);

export const runs = (times = 1) => ({ numRuns: count * times, ...(process.env.CI === "true" ? { seed: 1 } : {}) });
