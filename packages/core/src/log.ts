// Where messages for a person go. Packages never write to the console themselves.

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  /** Something to know that does not stop the work. */
  warn(message: string): void;
}

/** Drops everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {} };
