import { FaultPoints } from "./fault.js";
import { raw, translate } from "./native.js";
import { configOf, openOptions, pathOf, type OpenOptions } from "./options.js";
import { putClock } from "./scratch.js";
import { Store } from "./store.js";
import { callWithProgress, waitWithProgress, type Waiting } from "./waiting.js";

/**
 * Opens the store in the directory `path`, and makes it where there is none.
 *
 * ```ts
 * using store = open("game");
 * ```
 *
 * @throws {@link BatpakError} `BP_LOCKED`, `BP_NO_STORE`, `BP_NOT_A_STORE`, `BP_NEWER_VERSION`, `BP_CONFIGURATION` and others.
 * @since 0.1
 */
export function open(path: string | URL, options: OpenOptions = {}): Store {
  const { name, own, config, faults } = prepared(path, options);
  try {
    return new Store(callWithProgress(raw.bp_store_open.bind(undefined, name, config), own.progress), name, own, faults);
  } catch (error) {
    throw translate(error, name);
  } finally {
    config.signingSeeds?.fill(0);
  }
}

/**
 * As {@link open}, on another thread. Given up, what was opened meanwhile is let go of.
 *
 * @since 0.1
 */
export async function openAsync(path: string | URL, options: OpenOptions & Waiting = {}): Promise<Store> {
  const { name, own, config, faults } = prepared(path, options);
  try {
    const start = raw.bp_store_open_async.bind(undefined, name, config);
    const opened = waitWithProgress(start, own.progress, own.signal, raw.bp_store_release);
    config.signingSeeds?.fill(0); // the addon has a copy of its own
    return new Store(await opened, name, own, faults);
  } catch (error) {
    throw translate(error, name);
  }
}

function prepared(path: string | URL, options: OpenOptions & Waiting) {
  const name = pathOf(path);
  const own = openOptions(options);
  const config = configOf(own);
  const faults = own.fault === undefined ? undefined : new FaultPoints(own.fault);
  if (faults !== undefined) config.fault = faults.ask;
  if (own.clock !== undefined) putClock(own.clock[0]!);
  return { name, own, config, faults };
}
