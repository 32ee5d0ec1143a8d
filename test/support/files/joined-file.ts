import { randomBytes } from 'node:crypto'
import { pathsOf } from '../../../webserver/config/paths'
import { configSchema } from '../../../webserver/config/schema'
import { openDatabase } from '../../../webserver/database/open-database'
import type { Extent } from '../../../webserver/domain/content'
import type { FileKey, StoredFile } from '../../../webserver/domain/file'
import { contentOfExtents } from '../../../webserver/services/content-of-extents'
import { admin } from '../database/fixtures'

/** Records a file of several extents in a running service, whose blobs other files brought. */
export async function commitJoined(
  dataDirectory: string,
  { key, contentType, extents }: { key: FileKey; contentType: string; extents: readonly Extent[] },
): Promise<StoredFile> {
  const config = configSchema.parse({ data: { directory: dataDirectory } })
  const database = await openDatabase({ config, paths: pathsOf(config) })
  try {
    const { file } = await database.files.commit(admin, {
      ...contentOfExtents(extents),
      id: randomBytes(16).toString('base64url'),
      key,
      contentType,
      metadata: null,
      condition: {},
      nowMs: Date.now(),
      linked: [],
      versionsKept: 0,
      upload: null,
    })
    return file
  } finally {
    await database.close()
  }
}
