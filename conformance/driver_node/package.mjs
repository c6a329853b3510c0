// The package under test, from where it is installed.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.env.BATPAK_NODE_PACKAGE;
if (folder === undefined) throw new Error("BATPAK_NODE_PACKAGE is not set");
const file = createRequire(join(folder, "driver.js")).resolve("batpak");
const batpak = await import(pathToFileURL(file).href);

export const { BatpakError } = batpak;
export default batpak;
