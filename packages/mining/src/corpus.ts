// Documents by row number. Rows are what vectors and candidates refer to; a corpus gives their texts, in one pass or some at a time.

/** N documents. An empty one is legal, and never a negative. */
export interface Corpus {
  /** N */
  readonly size: number;
  /** All texts in row order, in pieces. */
  stream(): AsyncIterable<readonly string[]>;
  /** The texts of some rows, in their order. */
  texts(rows: readonly number[]): Promise<string[]>;
}

/** Documents that are in memory. */
export function memoryCorpus(documents: readonly string[]): Corpus {
  return {
    size: documents.length,
    async *stream() {
      for (let start = 0; start < documents.length; start += PIECE) yield documents.slice(start, start + PIECE);
    },
    texts: async (rows) => rows.map((row) => documents[row]),
  };
}

/** A corpus and more documents after it. */
export function appendDocuments(corpus: Corpus, more: readonly string[]): Corpus {
  if (more.length === 0) return corpus;
  const tail = memoryCorpus(more);
  return {
    size: corpus.size + more.length,
    async *stream() {
      yield* corpus.stream();
      yield* tail.stream();
    },
    async texts(rows) {
      const inside = await corpus.texts(rows.filter((row) => row < corpus.size));
      let next = 0;
      return rows.map((row) => (row < corpus.size ? inside[next++] : more[row - corpus.size]));
    },
  };
}

/** Documents of one piece. */
export const PIECE = 1024;
