// One connection to PostgreSQL. What the server or the network says becomes a sentence that names the server, never its password.

import { AttuneError } from "@attune/core";
import type { Client } from "pg";

export interface Server extends AsyncDisposable {
  /** The rows of a statement. E_SERVER. */
  rows<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs `work` in a transaction, or in the one that is open; what throws undoes it. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
}

/** Connects. E_SERVER when nobody answers. */
export async function connect(client: Client): Promise<Server> {
  const address = client.host.startsWith("/") ? client.host : `${client.host}:${client.port}`;
  const database = client.database ?? client.user; // PostgreSQL's own default
  const place = `PostgreSQL at ${address}${database === undefined ? "" : `, database ${database}`}`;
  let lost: Error | undefined;
  client.on("error", (error) => (lost = error)); // between statements; the next one says it
  await client.connect().catch((error: Error) => {
    throw serverError(
      place,
      `cannot be reached: ${reasonOf(error)}`,
      "start the server, or give its address: --index.url postgresql://user@host:port/database",
    );
  });
  let open = false;
  const rows = async <Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> => {
    if (lost) throw serverError(place, `is gone: ${reasonOf(lost)}`);
    const result = await client.query<Row>(sql, values as unknown[]).catch((error: Error & { code?: string }) => {
      throw failure(place, error);
    });
    return result.rows;
  };
  return {
    rows,
    async transaction(work) {
      if (open) return work();
      open = true;
      try {
        await rows("BEGIN");
        const result = await work();
        await rows("COMMIT");
        return result;
      } catch (error) {
        await rows("ROLLBACK").catch(() => {}); // a connection that is gone has rolled back
        throw error;
      } finally {
        open = false;
      }
    },
    [Symbol.asyncDispose]: () => client.end().catch(() => {}),
  };
}

const extensionHint = "install pgvector on the server (Debian: postgresql-<version>-pgvector), version 0.7 or later";

function failure(place: string, error: Error & { code?: string }): AttuneError {
  if (/extension "vector" is not available|type "(vector|halfvec)\[?\]?" does not exist|access method "hnsw"/.test(error.message)) {
    return serverError(place, `has no pgvector that can do this: ${reasonOf(error)}`, extensionHint);
  }
  // Class 08 is the connection, 57P the server being shut down; without a code it is the network.
  const gone = error.code === undefined || /^(08|57P|E[A-Z]+$)/.test(error.code);
  return serverError(place, gone ? `is gone: ${reasonOf(error)}` : `refused: ${reasonOf(error)}`);
}

function serverError(place: string, problem: string, hint?: string): AttuneError {
  return new AttuneError({ code: "E_SERVER", place, problem, ...(hint !== undefined && { hint }) });
}

/** A refused connection to several addresses is an AggregateError without a message. */
function reasonOf(error: Error & { code?: string }): string {
  return error.message.split("\n")[0] || error.code || "no reason given";
}
