import type { Soundness } from '../database/soundness'
import { Failure } from './failure'

const shownMax = 3

/** @throws {Failure} when the file of the database is damaged, or its books do not balance. */
export function requireSound(records: Soundness): void {
  const wrong = [
    ...records.damage(),
    ...records
      .accountBooks()
      .map(
        ({ name, kept, real }) =>
          `account ${name} has ${real.join(', ')}, not ${kept.join(', ')} bytes`,
      ),
    ...records
      .blobBooks()
      .map((blob) => `blob ${blob.sha256} is used ${blob.uses}, not ${blob.refs} times`),
  ]
  if (wrong.length === 0) return
  const more = wrong.length > shownMax ? `; and ${wrong.length - shownMax} more` : ''
  throw new Failure(
    `The copy of the database is not sound: ${wrong.slice(0, shownMax).join('; ')}${more}. Earlier snapshots are as they were; run npm run doctor on the data.`,
  )
}
