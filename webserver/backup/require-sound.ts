import type { PreparedDatabase } from '../database/prepared-database'
import { Failure } from './failure'

const shownMax = 3

/** @throws {Failure} when the file of the database is damaged, or its books do not balance. */
export function requireSound(records: PreparedDatabase): void {
  const wrong = [
    ...records.damage(),
    ...records.imbalances().map(({ what, kept, real }) => `${what} is ${kept}, not ${real}`),
  ]
  if (wrong.length === 0) return
  const more = wrong.length > shownMax ? `; and ${wrong.length - shownMax} more` : ''
  throw new Failure(
    `The copy of the database is not sound: ${wrong.slice(0, shownMax).join('; ')}${more}. Earlier snapshots are as they were; run npm run doctor on the data.`,
  )
}
