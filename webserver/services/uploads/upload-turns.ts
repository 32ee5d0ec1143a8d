import { AppError } from '../../domain/errors'

/** Bounds how many uploads are in hand at once. */
export class UploadTurns {
  private inHand = 0

  constructor(private readonly inHandMax: number) {}

  /** @throws {AppError} `unavailable` when no more may be taken in hand now. */
  require(): void {
    if (this.inHand < this.inHandMax) return
    throw new AppError('unavailable', 'Too many uploads are in hand', { retryAfterS: 1 })
  }

  /** Counts something among the uploads in hand while it lasts. */
  async count<T>(work: () => Promise<T>): Promise<T> {
    this.inHand++
    try {
      return await work()
    } finally {
      this.inHand--
    }
  }
}
