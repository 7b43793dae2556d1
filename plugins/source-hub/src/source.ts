// What a source of models is: it brings the model that an id names onto this machine. How a folder is then read is not its business.

/** How far a download is. Bytes are those of all files that are needed, cached ones included. */
export interface FetchProgress {
  /** The file that is being read, as the model's folder names it. */
  readonly file: string;
  readonly loaded: number;
  readonly total: number;
}

export interface FetchOptions {
  readonly signal?: AbortSignal;
  onProgress?(progress: FetchProgress): void;
}

/** A model on this machine. */
export interface FetchedModel {
  /** A folder with the model's files. */
  readonly folder: string;
  /** The id with the exact revision: it names the same bytes for ever. */
  readonly id: string;
  /** Bytes that were downloaded now. */
  readonly downloaded: number;
}

export interface ModelSource {
  /** Whether a text can be an id of this source, by its form alone. */
  accepts(text: string): boolean;
  /** The model that an id names, downloaded where it is not here yet. */
  fetch(id: string, options?: FetchOptions): Promise<FetchedModel>;
}

declare module "@attune/core" {
  interface PluginKinds {
    source: ModelSource;
  }
}
