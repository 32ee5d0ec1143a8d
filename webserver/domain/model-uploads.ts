/** A file of a model that was sent with its load. */
export interface UploadedFile {
  version: string
  /** A name without a path. */
  name: string
  content: Uint8Array
}

/** Keeps models that were sent instead of placed in the models directory, for as long as the service runs. */
export interface ModelUploads {
  /**
   * @returns a directory of models that has this one.
   * @throws {AppError} `invalid` when a version or a name is none.
   */
  keep(model: string, files: readonly UploadedFile[]): Promise<string>
}
