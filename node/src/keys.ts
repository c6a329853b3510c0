import { native, raw, translate } from "./native.js";
import { pathOf } from "./options.js";
import { bytesOf, hexOf, showAs } from "./text.js";

/**
 * An Ed25519 key. Whoever has the seed can sign, so it is not shown: neither printed nor in JSON.
 *
 * @since 0.1
 */
export class Key {
  /** 32 bytes, secret: what `signingSeeds` takes. */
  readonly seed: Uint8Array;
  /** 32 bytes: what others need to check signatures, in `trust` and `verifyKeys`. */
  readonly publicKey: Uint8Array;
  /** BLAKE3 of the public key, 32 bytes: what a receipt names. */
  readonly keyId: Uint8Array;

  /** @internal */
  constructor(seed: Uint8Array, publicKey: Uint8Array, keyId: Uint8Array) {
    this.seed = seed;
    this.publicKey = publicKey;
    this.keyId = keyId;
    Object.defineProperty(this, "seed", { enumerable: false });
  }

  /** Public key and key id in hexadecimal, without the seed. */
  toJSON(): { public_key: string; key_id: string } {
    return { public_key: hexOf(this.publicKey), key_id: hexOf(this.keyId) };
  }

  static {
    showAs(this.prototype, "Key", (key) => key.toJSON());
  }
}

/**
 * Draws a seed and derives its key.
 *
 * @throws {@link BatpakError} `BP_SYSTEM`.
 * @since 0.1
 */
export function keyGenerate(): Key {
  const { seed, publicKey, keyId } = native.keyGenerate();
  return new Key(seed, publicKey, keyId);
}

/**
 * The key of a seed of 32 bytes.
 *
 * @throws {@link BatpakError} `BP_SEED_ZERO`.
 * @since 0.1
 */
export function keyDerive(seed: Uint8Array): Key {
  const own = new Uint8Array(bytesOf("seed", seed, 32));
  const { publicKey, keyId } = native.keyDerive(own);
  return new Key(own, publicKey, keyId);
}

/**
 * The key of a key file: a line of comment, 64 hexadecimal digits.
 *
 * @throws {@link BatpakError} `BP_KEY_FILE` where others than its owner may use it, where it is a symbolic link or no regular
 * file, or holds no key; `BP_SEED_ZERO`; `BP_SYSTEM`.
 * @since 0.2
 */
export function keyFileRead(path: string | URL): Key {
  const name = pathOf(path);
  try {
    const seed = raw.bp_key_file_read(name);
    const { publicKey, keyId } = raw.bp_key_derive(seed);
    return new Key(seed, publicKey, keyId);
  } catch (error) {
    throw translate(error, name);
  }
}

/**
 * Writes a key, or a seed of 32 bytes, into a new file for its owner alone (mode 0600). A file that is there is never
 * overwritten.
 *
 * @throws {@link BatpakError} `BP_SYSTEM`, with `osError` EEXIST where there is such a file; `BP_SEED_ZERO`.
 * @since 0.2
 */
export function keyFileWrite(path: string | URL, key: Key | Uint8Array): void {
  const name = pathOf(path);
  const seed = bytesOf("seed", key instanceof Key ? key.seed : key, 32);
  try {
    raw.bp_key_file_write(name, seed);
  } catch (error) {
    throw translate(error, name);
  }
}

/**
 * The id of a public key: BLAKE3 of its 32 bytes.
 *
 * @since 0.1
 */
export function keyId(publicKey: Uint8Array): Uint8Array {
  return native.keyId(bytesOf("publicKey", publicKey, 32));
}
