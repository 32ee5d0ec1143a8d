/** One hash function. Strings of a form that it does not know are another algorithm's, or nobody's. */
export interface PasswordAlgorithm {
  /** @throws {AppError} `invalid` when the function cannot take this password whole. */
  hash(password: string): Promise<string>
  /**
   * Whether a stored string is of this function, with parameters that are affordable to run: a row that came from
   * elsewhere must not be able to take gigabytes or minutes.
   */
  accepts(stored: string): boolean
  /** Only for strings that it accepts. */
  verify(password: string, stored: string): Promise<boolean>
  /** Whether an accepted string costs at least what new ones cost. */
  isStrongEnough(stored: string): boolean
}
