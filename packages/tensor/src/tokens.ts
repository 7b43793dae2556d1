// A batch of texts, packed and never padded: token ids one after another, and where each text begins. On the host and on the device.

import type { Engine } from "./engine.ts";
import type { Tensor } from "./tensor.ts";

/** Host side, as a tokenizer makes it. */
export interface PackedTokens {
  /** [T] */
  readonly ids: Int32Array;
  /** [T]; absent: all 0. */
  readonly typeIds?: Int32Array;
  /** [B+1]: text i is tokens cuSeqlens[i] … cuSeqlens[i+1]-1. */
  readonly cuSeqlens: Int32Array;
  /** Tokens of the longest text. */
  readonly maxLength: number;
  /** [B]: leading tokens that pooling may leave out. */
  readonly promptLengths?: Int32Array;
}

/** The same on a device, with what kernels index by; owned by the scope that `uploadTokens` ran in. */
export interface DeviceTokens {
  readonly host: PackedTokens;
  /** i32 [T] */
  readonly ids: Tensor;
  /** i32 [T] */
  readonly typeIds: Tensor;
  /** i32 [T]: 0, 1, … within each text. */
  readonly positions: Tensor;
  /** i32 [B+1] */
  readonly cuSeqlens: Tensor;
  /** B */
  readonly texts: number;
  /** T */
  readonly tokens: number;
}

/** Copies a packed batch to the engine's device. */
export function uploadTokens(engine: Engine, host: PackedTokens): DeviceTokens {
  const tokens = host.ids.length;
  const positions = new Int32Array(tokens);
  const texts = host.cuSeqlens.length - 1;
  for (let i = 0; i < texts; i++) {
    for (let t = host.cuSeqlens[i], position = 0; t < host.cuSeqlens[i + 1]; t++) positions[t] = position++;
  }
  return {
    host,
    ids: engine.from(host.ids),
    typeIds: engine.from(host.typeIds ?? new Int32Array(tokens)),
    positions: engine.from(positions),
    cuSeqlens: engine.from(host.cuSeqlens),
    texts,
    tokens,
  };
}

/** Joins packed batches into one, texts in order. */
export function concatTokens(batches: readonly PackedTokens[]): PackedTokens {
  const cuSeqlens = [0];
  for (const { cuSeqlens: own } of batches) {
    const start = cuSeqlens[cuSeqlens.length - 1];
    for (let i = 1; i < own.length; i++) cuSeqlens.push(start + own[i]);
  }
  return {
    ids: concatInts(batches.map((batch) => batch.ids)),
    ...(batches.some((batch) => batch.typeIds) && {
      typeIds: concatInts(batches.map((batch) => batch.typeIds ?? new Int32Array(batch.ids.length))),
    }),
    cuSeqlens: Int32Array.from(cuSeqlens),
    maxLength: Math.max(0, ...batches.map((batch) => batch.maxLength)),
    ...(batches.some((batch) => batch.promptLengths) && {
      promptLengths: concatInts(batches.map((batch) => batch.promptLengths ?? new Int32Array(batch.cuSeqlens.length - 1))),
    }),
  };
}

function concatInts(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
