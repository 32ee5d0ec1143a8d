import type { Inspection } from '../database/inspection'
import type { Findings } from './finding'

const hourMs = 60 * 60 * 1000

/** What the records alone can tell. */
export function checkRecords(records: Inspection, findings: Findings, repair: boolean): void {
  findings.list(
    {
      level: 'fail',
      check: 'database',
      fine: 'the database file is whole',
      wrong: 'faults in the database:',
      advice: 'Stop the service and restore the database from a backup.',
    },
    records.damage(),
  )
  checkBooks(records, findings, repair)
  findings.list(
    {
      level: 'fail',
      check: 'versions',
      fine: 'every earlier version belongs to a file and precedes it',
      wrong: 'earlier versions are out of place:',
      advice: 'Restore the database from a backup, or let them go with the file.',
    },
    records.strayVersions().map((row) => `version ${row.version} of ${row.fileId}: ${row.why}`),
  )
  const overdue = records.overdueUploads({ beforeMs: Date.now() - hourMs })
  findings.list(
    {
      level: 'warn',
      check: 'uploads',
      fine: 'no upload has outlived its end',
      wrong: 'uploads ended more than an hour ago and still hold space:',
      advice: 'A running service ends them by itself; see its log for steps that failed.',
    },
    overdue.map(({ id, path, expiresAtMs }) => {
      return `${id} to ${path}, since ${new Date(expiresAtMs).toISOString()}`
    }),
  )
}

function checkBooks(records: Inspection, findings: Findings, repair: boolean): void {
  const accounts = records.accountBooks()
  const blobs = records.blobBooks()
  if (repair && accounts.length + blobs.length > 0) {
    const recounted = records.recount()
    const what = `the books of ${recounted.accounts} accounts and ${recounted.blobs} blobs`
    findings.add('repaired', 'books', `recounted ${what}`)
    return
  }
  const advice = 'Stop the service and run this again with --repair: it counts them anew.'
  findings.list(
    {
      level: 'fail',
      check: 'account books',
      fine: 'what accounts use is the sum of what they have',
      wrong: 'accounts are counted wrongly (used, versions, trash, reserved):',
      advice,
    },
    accounts.map(({ name, kept, real }) => `${name}: ${kept.join(', ')} is ${real.join(', ')}`),
  )
  findings.list(
    {
      level: 'fail',
      check: 'blob books',
      fine: 'every blob is counted as often as it is used',
      wrong: 'blobs are counted wrongly:',
      advice,
    },
    blobs.map(({ sha256, refs, uses }) => `${sha256}: counted ${refs}, used ${uses}`),
  )
}
