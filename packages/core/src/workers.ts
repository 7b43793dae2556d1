// Background threads, so that tokenising overlaps with training. A worker module answers requests; errors come back as errors.

/** A running worker: one request at a time is in flight per call, answers come in order. */
export interface Worker<Request, Response> extends AsyncDisposable {
  call(request: Request, transfer?: readonly ArrayBufferLike[]): Promise<Response>;
}

export interface Workers {
  /**
   * Starts `module`, the URL of an ES module that exports `handle(request): Promise<{ response, transfer? }>`, on its own thread. The thread does not
   * keep the process alive while idle.
   */
  start<Request, Response>(module: URL): Promise<Worker<Request, Response>>;
  /** False where threads are not to be had: callers then do the work themselves. */
  readonly available: boolean;
}
