import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory, syncDirectory } from '../blobs/disk/directories'
import type { Paths } from '../config/paths'
import { copyDurably, type ContentStore } from './content-store'
import { Failure } from './failure'
import type { OtherFile } from './manifest'

/** Keys, checks and models: each is needed, so that the first that is damaged ends the restore. */
export async function restoreOtherFiles({
  files,
  from,
  paths,
}: {
  files: readonly OtherFile[]
  from: ContentStore
  paths: Paths
}): Promise<void> {
  for (const { path, sha256 } of files) {
    const to = join(paths.data, path)
    await makeDirectory(dirname(to))
    await rm(to, { force: true })
    const copied = await copyDurably(from.pathOf(sha256), to)
    if (copied.sha256 !== sha256)
      throw new Failure(
        `${path} is damaged in the backup. Restore another snapshot, or run npm run backup with --verify where the data still are.`,
      )
    await syncDirectory(dirname(to))
  }
}
