import { AppError } from './errors'

/** Lengths in characters (code points), as people count them. */
export interface PasswordLimits {
  lengthMin: number
  lengthMax: number
}

const guessedFirst = new Set(['gristmill', 'password', '12345678', '123456789', '1234567890'])

/**
 * Passwords are taken exactly as given: no trimming, no normalising, any character.
 * @throws {AppError} `invalid`, with the name of the field that holds the password.
 */
export function requirePassword(
  password: string,
  { lengthMin, lengthMax }: PasswordLimits,
  { accountName, field }: { accountName: string; field: string },
): string {
  const refuse = (why: string): never => {
    throw new AppError('invalid', `${field} ${why}`, { field })
  }
  // Lone surrogates have no UTF-8: two different passwords would become the same bytes.
  if (!password.isWellFormed()) refuse('is not valid Unicode')
  const length = Array.from(password).length
  if (length < lengthMin || length > lengthMax)
    refuse(`must have ${lengthMin} to ${lengthMax} characters`)
  const folded = password.toLowerCase()
  if (folded === accountName || guessedFirst.has(folded))
    refuse('is among the first that anyone would try')
  return password
}
