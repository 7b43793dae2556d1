// The batches of a training grouped into optimiser steps, from any place on.

import type { BatchCursor, BatchPlan, PlannedBatch } from "@attune/data";

export interface Update {
  readonly epoch: number;
  readonly batches: readonly PlannedBatch[];
  /** Where to go on after this update. */
  readonly next: BatchCursor;
}

/** Up to `accumulation` batches each; an update never spans two epochs. Rejects with the signal's reason where it is heard while batches are made. */
export async function* updatesFrom(
  plan: BatchPlan,
  cursor: BatchCursor,
  { accumulation, signal }: { accumulation: number; signal: AbortSignal },
): AsyncGenerator<Update> {
  let batches: PlannedBatch[] = [];
  for await (const batch of plan.from(cursor, signal)) {
    batches.push(batch);
    const endOfEpoch = batch.next.epoch !== batch.cursor.epoch;
    if (batches.length < accumulation && !endOfEpoch) continue;
    yield { epoch: batch.cursor.epoch, batches, next: batch.next };
    batches = [];
  }
}
