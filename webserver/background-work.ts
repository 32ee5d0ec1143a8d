import type { RoleContext } from './config/process-setup'
import type { BlobStore } from './domain/blob-store'
import type { Database } from './domain/database'
import { storeCheckColumn } from './metrics/block-kinds'
import { CompactionService } from './services/compaction-service'
import { MaintenanceService } from './services/maintenance-service'
import { maintenanceSteps } from './services/maintenance-steps'
import { StoreCheck, type StoreCheckReport } from './services/store-check'

export interface BackgroundUse {
  database: Database
  blobs: BlobStore
  now: () => number
}

/** What one worker does for all of them without being asked. */
export interface BackgroundWork {
  start(): void
  /** Resolves when the work in hand has ended. */
  stop(): Promise<void>
}

export function createBackgroundWork(context: RoleContext, use: BackgroundUse): BackgroundWork {
  const works = [
    createMaintenance(context, use),
    createCompaction(context, use),
    createStoreCheck(context, use),
  ]
  return {
    start: () => works.forEach((work) => work.start()),
    async stop() {
      await Promise.all(works.map((work) => work.stop()))
    },
  }
}

function createMaintenance({ setup, log }: RoleContext, use: BackgroundUse): MaintenanceService {
  const { files, links, sessions } = setup.config
  const settings = {
    ...files,
    sessionIdleTimeoutMs: sessions.idleTimeoutMs,
    expiredLinkKeptMs: links.expiredKeptMs,
  }
  return new MaintenanceService({
    steps: maintenanceSteps({ ...use, settings }),
    intervalMs: files.sweepIntervalMs,
    onBackgroundError: (err, step) => log.warn({ err, step }, 'a step of the maintenance failed'),
  })
}

/** Apart from the rest of the maintenance, which must not wait while a large content is written anew. */
function createCompaction({ setup, log }: RoleContext, use: BackgroundUse): BackgroundWork {
  const settings = setup.config.files
  const compaction = new CompactionService({ ...use, settings })
  const batch = async () => {
    await compaction.pass()
    return 0
  }
  const passes = new MaintenanceService({
    steps: [{ name: 'compact contents', batch }],
    intervalMs: settings.sweepIntervalMs,
    onBackgroundError: (err) => log.warn({ err }, 'a content could not be made one'),
  })
  return {
    start: () => passes.start(),
    async stop() {
      compaction.stop()
      await passes.stop()
    },
  }
}

function createStoreCheck({ setup, log, counts }: RoleContext, use: BackgroundUse): StoreCheck {
  const counted = counts.block('store_check', [])
  const onChecked = (report: StoreCheckReport) => {
    for (const name of ['adopted', 'foreign', 'damaged'] as const)
      counted[storeCheckColumn[name]] = report[name]
    log.info(report, 'compared the contents on disk with the records')
  }
  return new StoreCheck({
    ...use,
    settings: setup.config.files,
    onChecked,
    onDamaged: ({ use: content, ...rest }) => {
      const { owner, path, place, version } = content
      const what = { owner, path, place, version, ...rest }
      log.error(what, 'a content is missing or damaged: restore it from a backup')
    },
    onBackgroundError: (err) => log.warn({ err }, 'the comparison of disk and records stopped'),
  })
}
