import type { Perf } from '../../perf/timing'
import { openDiskBlobStore } from '../blobs/disk/disk-blob-store'
import type { Paths } from '../config/paths'
import type { Config } from '../config/schema'
import { prepareDatabase } from '../database/open-database'
import type { Logger } from '../platform/logger'
import { SecretFile } from '../platform/secret-file'
import { sweepAfterCrash } from '../services/crash-sweep'

export interface PrepareOptions {
  config: Config
  paths: Paths
  perf: Perf
  log: Logger
}

export interface PrepareDataOptions extends PrepareOptions {
  /** The last stop was not a clean one: uploads may have left something behind. */
  afterCrash: boolean
}

/**
 * Makes, migrates and tidies the data while no other process has it open.
 * @returns the token of the first account, null when there is one already.
 */
export async function prepareData(options: PrepareDataOptions): Promise<string | null> {
  const { config, paths, perf, log, afterCrash } = options
  const blobs = await openDiskBlobStore(paths)
  const startedAt = perf.now()
  const records = await prepareDatabase({ config, paths })
  try {
    perf.call('start.database', startedAt)
    await new SecretFile(paths.signingKey).ensure()
    if (afterCrash) {
      const sweptAt = perf.now()
      log.info(await sweepAfterCrash({ records, blobs }), 'swept after an unclean stop')
      perf.call('start.sweep', sweptAt)
    }
    return await firstAccountToken(paths, records.accountCount)
  } finally {
    await records.close()
  }
}

async function firstAccountToken(paths: Paths, accountCount: number): Promise<string | null> {
  const file = new SecretFile(paths.firstAccountToken)
  if (accountCount === 0) return file.ensure()
  await file.remove()
  return null
}
