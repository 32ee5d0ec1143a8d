import type { Timing } from './timing'

/** One-way password hashes as PHC strings, so that algorithms can coexist and be replaced at login. */
export interface PasswordHasher {
  /**
   * @param timing gets the stages `queue`, the wait for a turn, and `password`.
   * @throws {AppError} `unavailable` with `retryAfterS` when too many hashes wait already.
   */
  hash(password: string, timing?: Timing): Promise<string>
  /** False also for strings of an unknown form. Understands every algorithm, whichever is configured. */
  verify(password: string, phc: string, timing?: Timing): Promise<boolean>
  /** Whether the string was made by another algorithm or weaker parameters than configured. */
  needsRehash(phc: string): boolean
}
