/* Runs the tests against the installed package, never the source tree: packs it, installs the tarball into a folder of its
 * own, copies the tests beside it and runs them there.
 *
 *   node node/test/run.mjs [OPTION]... [FILE]...
 *
 *   --tarball FILE   take this package instead of packing one
 *   --sanitize       an addon with address and undefined behaviour sanitizers
 *   --faults         an addon with fault points
 *   --leaks          the slow measurement of memory and descriptors instead of the tests
 *   FILE             run these of node/test only: values.test.mjs
 */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const tests = path.dirname(fileURLToPath(import.meta.url));
const source = path.dirname(tests);
const root = path.dirname(source);
const { values: options, positionals: files } = parseArgs({
  options: { tarball: { type: "string" }, sanitize: { type: "boolean" }, faults: { type: "boolean" }, leaks: { type: "boolean" } },
  allowPositionals: true,
});
const sanitized = options.sanitize === true;
const folder = path.join(root, "out", sanitized ? "node-test-sanitize" : options.faults ? "node-test-faults" : "node-test");

function pack() {
  const build = path.join(root, "bindings", "node", "build_package");
  return execFileSync(build, sanitized ? ["--sanitize"] : options.faults ? ["--faults"] : [], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

function install() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tarball = options.tarball === undefined ? pack() : path.resolve(options.tarball);
  writeFileSync(path.join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  execFileSync("npm", ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--offline", tarball],
    { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  for (const tool of ["fast-check", "pure-rand", "typescript", "@typescript"]) {
    const there = path.join(source, "node_modules", tool);
    if (existsSync(there)) symlinkSync(there, path.join(folder, "node_modules", tool));
  }
  cpSync(tests, folder, { recursive: true });
}

function built(...names) {
  return names.map((name) => path.join(root, name)).find((name) => existsSync(name));
}

/* How a compiler lays out the structs of ffi.h, as JSON beside the tests. */
function layouts() {
  const include = path.join(folder, "include");
  cpSync(path.join(root, "ffi.h"), path.join(include, "batpak", "ffi.h"));
  const source_ = path.join(folder, "layouts.c");
  const program = path.join(folder, "layouts");
  execFileSync("python3", [path.join(root, "bindings", "layouts.py"), source_]);
  execFileSync("cc", ["-std=c11", "-I", include, "-o", program, source_]);
  writeFileSync(path.join(folder, "layouts.json"), execFileSync(program));
}

function environment() {
  const more = {};
  const command = process.env.BATPAK_COMMAND ?? built("build-dev/bin/batpak", "build/bin/batpak", "build-asan/bin/batpak");
  if (command !== undefined) more.BATPAK_COMMAND = command;
  if (sanitized) {
    more.LD_PRELOAD = execFileSync("gcc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
    /* Node itself frees nothing at its end, so leaks are measured apart. */
    more.ASAN_OPTIONS = "detect_leaks=0:abort_on_error=1:alloc_dealloc_mismatch=1";
    more.UBSAN_OPTIONS = "halt_on_error=1:print_stacktrace=1";
    more.BATPAK_SANITIZED = "1";
  }
  return { ...process.env, ...more };
}

function run(args) {
  const { status, signal } = spawnSync(process.execPath, ["--expose-gc", ...args], { cwd: folder, env: environment(), stdio: "inherit" });
  if (signal !== null) console.error(`ended by ${signal}`);
  return status ?? 1;
}

install();
layouts();
const chosen = files.length > 0 ? files : readdirSync(folder).filter((name) => name.endsWith(".test.mjs")).sort();
process.exitCode = run(options.leaks === true ? ["--max-semi-space-size=1", "leaks.slow.mjs"] : ["--test", "--test-reporter=spec", ...chosen]);
