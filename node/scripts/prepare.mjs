// Makes a checkout installable: the addon for this machine in prebuilds/, the compiled TypeScript in dist/.
//
// npm runs it for `npm install ./node` (which links the folder), for `npm install` in it, and for `npm pack`. Whoever
// installs the packed tarball runs none of it: everything is in there.
//
// bindings/node/build_package runs it too, with BATPAK_STAGE for another place than this folder, BATPAK_SANITIZE, and
// BATPAK_FAULT_POINTS=ON for a test build.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const node = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(node);
const sanitize = process.env.BATPAK_SANITIZE ?? "";
const faults = process.env.BATPAK_FAULT_POINTS === "ON";
const stage = process.env.BATPAK_STAGE ?? node;

class Missing extends Error {}

/** Without what npm hands its scripts: `--global` and the like are meant for the outer npm, not for ours. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(config_(global|prefix|location|workspace)|command$)/i.test(name)));
}

function run(program, args, cwd) {
  try {
    execFileSync(program, args, { cwd, stdio: ["ignore", "inherit", "inherit"], env: environment() });
  } catch (error) {
    if (error.code === "ENOENT") throw new Missing(`${program} is not installed; script/bootstrap installs what building needs`);
    throw new Missing(`\`${program} ${args.join(" ")}\` failed; what is missing stands above. script/bootstrap installs what building needs`);
  }
}

/** Whether the tools of building lie in a folder, in the versions that package.json wants. */
function holds(modules) {
  const wanted = JSON.parse(readFileSync(join(node, "package.json"), "utf8")).devDependencies;
  return Object.entries(wanted).every(([name, version]) => {
    const manifest = join(modules, name, "package.json");
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === version;
  });
}

/** Where the tools of building are. npm puts them beside a folder that it links inside of a project, into a folder that is a
 * project itself, and nowhere where it links from elsewhere: then they are fetched here. */
function tools() {
  const own = join(node, "node_modules");
  const found = [own, join(root, "node_modules")].find(holds);
  if (found === undefined) run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], node);
  return found ?? own;
}

/** The addon, by CMake in a build folder of its own; an up-to-date one costs a second. */
function addon(modules) {
  const build = join(root, sanitize !== "" ? "build-node-sanitize" : faults ? "build-node-faults" : "build-node");
  const jobs = String(typeof availableParallelism === "function" ? availableParallelism() : cpus().length);
  run("cmake", ["-G", "Ninja", "-S", root, "-B", build, "-DBATPAK_NODE=ON", "-DBATPAK_TESTS=OFF", `-DBATPAK_SANITIZE=${sanitize}`,
    `-DBATPAK_FAULT_POINTS=${faults ? "ON" : "OFF"}`,
    `-DBATPAK_NODE_MODULES=${modules}`, "-DCMAKE_BUILD_TYPE=Release"], root);
  run("cmake", ["--build", build, "--target", "batpak_node", "--parallel", jobs], root);
  const folder = join(stage, "prebuilds", `${process.platform}-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  // By renaming: a process that has the old one mapped keeps it.
  copyFileSync(join(build, "node", "batpak.node"), join(folder, "batpak.node.new"));
  if (sanitize === "") run("strip", ["--strip-unneeded", join(folder, "batpak.node.new")], root);
  renameSync(join(folder, "batpak.node.new"), join(folder, "batpak.node"));
}

function prepare() {
  if (!existsSync(join(root, "ffi.h"))) throw new Missing("the sources of the library are not beside this folder; install the packed tarball instead");
  const modules = tools();
  addon(modules);
  run(process.execPath, [join(modules, "typescript", "bin", "tsc"), "-p", node, "--outDir", join(stage, "dist")], node);
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT", "THIRD_PARTY.md"]) copyFileSync(join(root, name), join(stage, name));
}

try {
  prepare();
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.error(`batpak: ${error.message}`);
  process.exitCode = 1;
}
