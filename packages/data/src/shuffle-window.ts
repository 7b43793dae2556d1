// An approximate shuffle of rows that stream by, for data that does not fit into memory.

import { AttuneError, createRandom } from "@attune/core";

/**
 * The items in another order, drawn from a window of `size` that moves over them: each one leaves at random, no earlier than the window
 * reaches it. The same items, size, seed and epoch give the same order. A window of 1 changes nothing; one as large as the data is a full
 * shuffle. E_OPTION for a size that is no whole number above 0.
 */
export async function* shuffleWindow<T>(items: AsyncIterable<T> | Iterable<T>, size: number, seed: number, epoch = 0): AsyncGenerator<T> {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new AttuneError({ code: "E_OPTION", place: "shuffle window", expected: "a whole number above 0", got: String(size) });
  }
  const random = createRandom(seed, `window/epoch-${epoch}`);
  const window: T[] = [];
  for await (const item of items) {
    if (window.length < size) {
      window.push(item);
      continue;
    }
    const drawn = random.below(size);
    yield window[drawn];
    window[drawn] = item;
  }
  yield* random.shuffle(window);
}
