import { lstatSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { Paths } from '../config/paths'
import type { Config } from '../config/schema'
import type { Findings } from './finding'

/** Who can read the data, and how much room there is for more. */
export function checkDirectory(config: Config, paths: Paths, findings: Findings): void {
  checkRights(paths, findings)
  checkSpace(config, paths, findings)
}

function checkRights(paths: Paths, findings: Findings): void {
  const { data, database, blobs, drafts, firstAccountToken } = paths
  const ownerId = lstatSync(data).uid
  const open = [data, database, blobs, drafts, firstAccountToken].flatMap((path) => {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found === undefined) return []
    if (found.uid !== ownerId) return [`${path} belongs to user ${found.uid}, not ${ownerId}`]
    return (found.mode & 0o077) === 0 ? [] : [`${path} has mode ${modeOf(found.mode)}`]
  })
  findings.list(
    {
      level: 'fail',
      check: 'permissions',
      fine: 'the data is for its owner alone',
      wrong: 'places are open to others, or not their owner’s:',
      advice: 'chmod go= on them, chown to the user that runs the service.',
    },
    open,
  )
}

function modeOf(mode: number): string {
  return (mode & 0o777).toString(8)
}

function checkSpace({ files, database }: Config, paths: Paths, findings: Findings): void {
  const free = Math.min(...[paths.blobs, paths.database].map(freeBytesOf))
  const message = `${free} bytes are free, the floor is ${files.freeBytesMin}`
  if (free < files.freeBytesMin)
    findings.add(
      'fail',
      'space',
      message,
      'Uploads are refused: empty trashes, delete files past the trash, or lower files.freeBytesMin.',
    )
  else findings.add(free < 2 * files.freeBytesMin ? 'warn' : 'ok', 'space', message)
  if (database.reserveBytes === 0) return
  const reserve = lstatSync(join(paths.database, 'reserve'), { throwIfNoEntry: false })
  if (reserve?.size === database.reserveBytes)
    findings.add('ok', 'reserve', 'the reserve for a full disk is there')
  else
    findings.add(
      'warn',
      'reserve',
      'the reserve for a full disk is not there',
      'The service takes it again when there is room for it twice.',
    )
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}
