import { native } from "./native.js";
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
 * The id of a public key: BLAKE3 of its 32 bytes.
 *
 * @since 0.1
 */
export function keyId(publicKey: Uint8Array): Uint8Array {
  return native.keyId(bytesOf("publicKey", publicKey, 32));
}
