// The bytes of a file in order, a piece at a time, gzip undone on the way. Gzip is known by its first two bytes, which no text starts with,
// so that a file's name may say what it likes.

import { AttuneError, type Files, type OpenFile } from "@attune/core";

/** The pieces of a file, as large as `chunkBytes` or as the decompressor makes them. E_NO_FILE, E_FILE; E_GZIP for damaged gzip. */
export async function* readBytes(files: Files, path: string, chunkBytes: number): AsyncGenerator<Uint8Array> {
  await using file = await files.open(path, "read");
  const [first, second] = await file.read(0, 2);
  if (first === 0x1f && second === 0x8b) yield* inflate(file, chunkBytes);
  else yield* pieces(file, chunkBytes);
}

async function* pieces(file: OpenFile, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ;) {
    const piece = await file.read(offset, chunkBytes);
    if (piece.length === 0) return;
    yield piece;
    offset += piece.length;
  }
}

async function* inflate(file: OpenFile, chunkBytes: number): AsyncGenerator<Uint8Array> {
  let unreadable: unknown; // an error of the file, not of what is in it
  const compressed = pieces(file, chunkBytes);
  const source = new ReadableStream<BufferSource>({
    async pull(controller) {
      try {
        const { done, value } = await compressed.next();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      } catch (error) {
        unreadable = error;
        controller.error(error);
      }
    },
  });
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw unreadable ?? damaged(file.path, cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // already failed, or already at its end
  }
}

/** Runtimes say what is wrong in different places, or nowhere. */
function damaged(place: string, cause: unknown): AttuneError {
  const { message, cause: inner } = cause as Error;
  const reason = message || (inner instanceof Error ? inner.message : "");
  const problem = `is not one whole gzip file${reason && `: ${reason}`}`;
  const hint = "copy or download the file again; gzip files appended to each other must be packed as one (gzip -dc FILE | gzip)";
  return new AttuneError({ code: "E_GZIP", place, problem, hint, cause });
}
