import { openDiskBlobStore } from '../blobs/disk/disk-blob-store'
import { lockStopped } from '../cluster/data-lock'
import { OwnerRecord } from '../cluster/owner-record'
import { isAlive } from '../cluster/process-identity'
import { configWith } from '../config/load'
import { pathsOf, type Paths } from '../config/paths'
import type { Config } from '../config/schema'
import { openInspection } from '../database/open-inspection'
import { checkDirectory } from './check-directory'
import { checkFront } from './check-front'
import { checkRecords } from './check-records'
import { checkStore } from './check-store'
import type { Findings } from './finding'
import type { DoctorOptions } from './options'
import type { Progress } from './progress'

/** It could not look, or not do what it was told. */
export class NotPossible extends Error {}

/** Everything that the options ask for, one check after the other. */
export async function examine(
  options: DoctorOptions,
  findings: Findings,
  progress: Progress,
): Promise<void> {
  const config = configWith(options.settings)
  const paths = pathsOf(config)
  const owner = new OwnerRecord(paths.owner).read()
  const runs = owner !== null && isAlive(owner.primary) !== false
  if (options.repair && runs)
    throw new NotPossible(`The service runs (process ${owner.primary.pid}): stop it to repair.`)
  const release = options.repair ? await lockStopped(paths) : null
  try {
    await examineData({ config, paths, options, findings, progress })
  } finally {
    await release?.()
  }
  if (!runs) {
    findings.add('ok', 'service', 'it does not run: the nginx in front was not looked at')
    return
  }
  const { host, port } = config.http
  const url = (options.url ?? `http://${host}:${port}`).replace(/\/$/, '')
  await checkFront({ config, paths, url, tokenFile: options.tokenFile, findings })
}

interface DataExamination {
  config: Config
  paths: Paths
  options: DoctorOptions
  findings: Findings
  progress: Progress
}

async function examineData(use: DataExamination): Promise<void> {
  const { config, paths, options, findings, progress } = use
  const { repair } = options
  checkDirectory(config, paths, findings)
  const records = openInspection({ config, paths }, { mayWrite: repair })
  const blobs = await openDiskBlobStore(paths)
  try {
    checkRecords(records, findings, repair)
    const sample = options.digests ? null : options.sample
    const ageMs = config.files.sweepAgeMs
    await checkStore({ records, blobs, findings, progress, ageMs, sample, repair })
  } finally {
    records.close()
    await blobs.close()
  }
}
